//! UDP (RFC 768), over both versions of IP.

use alloc::sync::Arc;

use kcore::errno::{EOPNOTSUPP, Errno, Result};
use kcore::vfs::poll::{Events, Source};

use crate::Receive;
use crate::address::{Endpoint, Family, IpAddress};
use crate::stack::Stack;

/// What can be set of a datagram socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Share an address with others who have this set (`SO_REUSEADDR`).
    pub reuse_address: bool,
    /// Share an address with others who have this set; datagrams are spread (`SO_REUSEPORT`).
    pub reuse_port: bool,
    /// No IPv4 on an IPv6 socket (`IPV6_V6ONLY`).
    pub v6_only: bool,
    /// May send to broadcast addresses (`SO_BROADCAST`).
    pub broadcast: bool,
    /// Bytes that may wait to be received (`SO_RCVBUF`, doubled).
    pub receive_buffer: u32,
    /// Bytes that one datagram may have in all (`SO_SNDBUF`, doubled).
    pub send_buffer: u32,
    /// Time to live, or hop limit (`IP_TTL`, `IPV6_UNICAST_HOPS`).
    pub ttl: u8,
    /// Type of service, or traffic class (`IP_TOS`, `IPV6_TCLASS`).
    pub tos: u8,
    /// Time to live of what goes to groups (`IP_MULTICAST_TTL`, `IPV6_MULTICAST_HOPS`).
    pub multicast_ttl: u8,
    /// What goes to groups comes back to this machine as well (`IP_MULTICAST_LOOP`).
    pub multicast_loop: bool,
    /// The interface for what goes to groups; 0 for the routes' choice (`IP_MULTICAST_IF`).
    pub multicast_interface: u32,
    /// The interface that its packets come and go by; 0 for any (`SO_BINDTODEVICE`).
    pub interface: u32,
    /// Never fragment (`IP_MTU_DISCOVER` with `IP_PMTUDISC_DO`): too long is `EMSGSIZE`.
    pub dont_fragment: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            reuse_address: false,
            reuse_port: false,
            v6_only: false,
            broadcast: false,
            receive_buffer: 212_992,
            send_buffer: 212_992,
            ttl: 64,
            tos: 0,
            multicast_ttl: 1,
            multicast_loop: true,
            multicast_interface: 0,
            interface: 0,
            dont_fragment: false,
        }
    }
}

/// What a sender may say of one datagram (`IP_PKTINFO`, `IP_TTL`, `IP_TOS` and their like).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Control {
    /// The address it comes from.
    pub source: Option<IpAddress>,
    /// The interface it goes by; 0 for the routes' choice.
    pub interface: u32,
    /// Its time to live.
    pub ttl: Option<u8>,
    /// Its type of service.
    pub tos: Option<u8>,
}

/// What is known of a datagram that was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// Bytes that were copied.
    pub copied: usize,
    /// Bytes that the datagram had; more than `copied` if the buffers were too short.
    pub length: usize,
    /// Who it came from.
    pub from: Endpoint,
    /// The address it was sent to.
    pub to: IpAddress,
    /// The interface it came by.
    pub interface: u32,
    /// Its time to live when it arrived.
    pub ttl: u8,
    /// Its type of service.
    pub tos: u8,
    /// When it arrived, in nanoseconds of the monotonic clock.
    pub at: u64,
}

/// A UDP socket.
pub struct Socket {
    family: Family,
    source: Source,
}

impl Socket {
    /// A socket without an address.
    ///
    /// # Errors
    /// `EAFNOSUPPORT` if the stack does not speak that family; `ENOMEM`.
    pub fn new(stack: &'static Stack, family: Family) -> Result<Arc<Self>> {
        let _ = stack;
        Ok(Arc::new(Self { family, source: Source::new() }))
    }

    /// The family it was made for.
    pub fn family(&self) -> Family {
        self.family
    }

    /// Gives it a local address; port 0 takes a free one.
    ///
    /// # Errors
    /// `EINVAL` if it has one, `EADDRINUSE`, `EADDRNOTAVAIL` if the machine has no such address.
    pub fn bind(self: &Arc<Self>, local: Endpoint) -> Result<()> {
        let _ = local;
        Err(EOPNOTSUPP)
    }

    /// Sends to and receives from `remote` alone from now on; `None` ends that.
    ///
    /// # Errors
    /// `ENETUNREACH`; `EACCES` for a broadcast address without [`Settings::broadcast`].
    pub fn connect(self: &Arc<Self>, remote: Option<Endpoint>) -> Result<()> {
        let _ = remote;
        Err(EOPNOTSUPP)
    }

    /// Sends a datagram, to the connected peer if `to` is none; takes a port if it has none.
    ///
    /// # Errors
    /// `EDESTADDRREQ`, `EMSGSIZE`, `ENETUNREACH`, `EHOSTUNREACH`, `EACCES`, `ENOBUFS`, `EPIPE` after
    /// shutdown; once, the error that an earlier datagram met (`ECONNREFUSED`).
    pub fn send_to(
        self: &Arc<Self>,
        parts: &[&[u8]],
        to: Option<Endpoint>,
        control: &Control,
    ) -> Result<usize> {
        let _ = (parts, to, control);
        Err(EOPNOTSUPP)
    }

    /// The next datagram. None: the socket was shut down for reading, and there is none.
    ///
    /// # Errors
    /// `EAGAIN` if there is none; once, the error that an earlier datagram met (`ECONNREFUSED`).
    pub fn receive_from(&self, parts: &mut [&mut [u8]], flags: Receive) -> Result<Option<Received>> {
        let _ = (parts, flags);
        Err(EOPNOTSUPP)
    }

    /// Ends one or both directions.
    ///
    /// # Errors
    /// `ENOTCONN` if it has no peer, though the direction has ended then.
    pub fn shutdown(&self, read: bool, write: bool) -> Result<()> {
        let _ = (read, write);
        Err(EOPNOTSUPP)
    }

    /// Nobody has it open any more.
    pub fn close(&self) {}

    /// An error that an earlier datagram met, once (`SO_ERROR`).
    pub fn take_error(&self) -> Option<Errno> {
        None
    }

    /// What could be done now.
    pub fn ready(&self) -> Events {
        Events::empty()
    }

    /// Tells of changes of [`Socket::ready`].
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Its own end; port 0 if it has none.
    pub fn local(&self) -> Endpoint {
        Endpoint::any(self.family)
    }

    /// The connected peer.
    ///
    /// # Errors
    /// `ENOTCONN`.
    pub fn peer(&self) -> Result<Endpoint> {
        Err(EOPNOTSUPP)
    }

    /// What is set.
    pub fn settings(&self) -> Settings {
        Settings::default()
    }

    /// Changes settings; they act at once.
    pub fn configure(&self, change: &mut dyn FnMut(&mut Settings)) {
        change(&mut Settings::default());
    }

    /// Receives what is sent to a group (`IP_ADD_MEMBERSHIP`, `IPV6_JOIN_GROUP`), on an interface or
    /// on the one that the routes choose (0).
    ///
    /// # Errors
    /// `EINVAL` if it is no group's address, `ENODEV`, `EADDRINUSE` if it has joined already.
    pub fn join(&self, group: IpAddress, interface: u32) -> Result<()> {
        let _ = (group, interface);
        Err(EOPNOTSUPP)
    }

    /// Ends that.
    ///
    /// # Errors
    /// `EADDRNOTAVAIL` if it has not joined.
    pub fn leave(&self, group: IpAddress, interface: u32) -> Result<()> {
        let _ = (group, interface);
        Err(EOPNOTSUPP)
    }

    /// Bytes of the next datagram (`FIONREAD`).
    pub fn next_length(&self) -> usize {
        0
    }
}
