//! Raw sockets: packets of one protocol as they are, for `ping` and its like.

use alloc::sync::Arc;

use kcore::errno::{EOPNOTSUPP, Errno, Result};
use kcore::vfs::poll::{Events, Source};

use crate::Receive;
use crate::address::{Endpoint, Family};
use crate::stack::Stack;
use crate::udp::{Control, Received, Settings};

/// A raw socket. IPv4's packets are received with their IP header, IPv6's without (RFC 3542).
pub struct Socket {
    family: Family,
    source: Source,
}

impl Socket {
    /// A socket for packets of `protocol` (`IPPROTO_ICMP` is 1, `IPPROTO_ICMPV6` 58).
    ///
    /// # Errors
    /// `EAFNOSUPPORT` if the stack does not speak that family; `ENOMEM`.
    pub fn new(stack: &'static Stack, family: Family, protocol: u8) -> Result<Arc<Self>> {
        let _ = (stack, protocol);
        Ok(Arc::new(Self { family, source: Source::new() }))
    }

    /// An echo socket (`SOCK_DGRAM` with `IPPROTO_ICMP`): sends echo requests and receives their
    /// replies alone, without an IP header; its port is the requests' identifier.
    ///
    /// # Errors
    /// As for [`Socket::new`].
    pub fn echo(stack: &'static Stack, family: Family) -> Result<Arc<Self>> {
        Self::new(stack, family, 1)
    }

    /// The family it was made for.
    pub fn family(&self) -> Family {
        self.family
    }

    /// Gives it a local address.
    ///
    /// # Errors
    /// `EADDRNOTAVAIL` if the machine has no such address; `EADDRINUSE` for an identifier.
    pub fn bind(self: &Arc<Self>, local: Endpoint) -> Result<()> {
        let _ = local;
        Err(EOPNOTSUPP)
    }

    /// Sends to and receives from `remote` alone from now on; `None` ends that.
    ///
    /// # Errors
    /// `ENETUNREACH`.
    pub fn connect(&self, remote: Option<Endpoint>) -> Result<()> {
        let _ = remote;
        Err(EOPNOTSUPP)
    }

    /// Sends a packet; with `header_included` (`IP_HDRINCL`) it starts with its IPv4 header.
    ///
    /// # Errors
    /// `EDESTADDRREQ`, `EMSGSIZE`, `ENETUNREACH`, `EHOSTUNREACH`, `ENOBUFS`, `EINVAL`.
    pub fn send_to(
        self: &Arc<Self>,
        parts: &[&[u8]],
        to: Option<Endpoint>,
        control: &Control,
    ) -> Result<usize> {
        let _ = (parts, to, control);
        Err(EOPNOTSUPP)
    }

    /// The next packet; as [`crate::udp::Socket::receive_from`].
    ///
    /// # Errors
    /// `EAGAIN` if there is none; once, the error that an earlier packet met.
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

    /// An error that an earlier packet met, once (`SO_ERROR`).
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

    /// Its own end.
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

    /// Packets start with their IPv4 header when they are sent (`IP_HDRINCL`).
    pub fn set_header_included(&self, included: bool) {
        let _ = included;
    }

    /// Types of ICMP messages that are not received, a bit each (`ICMP_FILTER`, `ICMP6_FILTER`).
    pub fn set_filter(&self, blocked: [u32; 8]) {
        let _ = blocked;
    }

    /// Bytes of the next packet (`FIONREAD`).
    pub fn next_length(&self) -> usize {
        0
    }
}
