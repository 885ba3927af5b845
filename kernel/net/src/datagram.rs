//! What datagram sockets of all protocols have in common: what can be set, what is said and known of a
//! packet, and the packets that wait to be received.

use alloc::collections::VecDeque;

use kcore::device::net::Packet;
use kcore::errno::{EAGAIN, EPIPE, Errno, Result};
use kcore::vfs::poll::Events;

use crate::Receive;
use crate::address::{Endpoint, IpAddress};
use crate::packet::{copy, footprint};
use crate::protocol::Incoming;

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

impl Received {
    /// What is known of a packet of `length` bytes that came from `port`, before any of it was copied.
    pub(crate) fn new(incoming: &Incoming<'_>, port: u16, length: usize, at: u64) -> Self {
        let scope = if incoming.source.is_link_local() { incoming.interface.index } else { 0 };
        Self {
            copied: 0,
            length,
            from: Endpoint { address: incoming.source, port, scope },
            to: incoming.destination,
            interface: incoming.interface.index,
            ttl: incoming.ttl,
            tos: incoming.tos,
            at,
        }
    }
}

/// What happened to a socket: packets that wait, an error that one met, directions that ended.
#[derive(Default)]
pub(crate) struct Inbox {
    queue: VecDeque<(Packet, Received)>,
    /// Bytes of memory that the queue keeps in use.
    queued: usize,
    error: Option<Errno>,
    /// No more to be received, or sent.
    shut: (bool, bool),
}

impl Inbox {
    /// Whether another packet may be sent.
    ///
    /// # Errors
    /// Once, the error that an earlier packet met; `EPIPE` after the end.
    pub fn may_send(&mut self) -> Result<()> {
        match self.error.take() {
            Some(error) => Err(error),
            None if self.shut.1 => Err(EPIPE),
            None => Ok(()),
        }
    }

    /// Adds a packet, unless more than `limit` bytes would be in use then.
    pub fn put(&mut self, packet: Packet, about: Received, limit: u32) -> bool {
        let queued = self.queued + footprint(&packet);
        let fits = queued <= limit as usize;
        if fits {
            self.queued = queued;
            self.queue.push_back((packet, about));
        }
        fits
    }

    /// Copies the next packet to where an application wants it. None: the direction has ended, and there
    /// is none. The lock that this is under is one that sleeps, so the buffers may be touched.
    ///
    /// # Errors
    /// `EAGAIN` if there is none; once, the error that an earlier packet met.
    pub fn receive(&mut self, parts: &mut [&mut [u8]], flags: Receive) -> Result<Option<Received>> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        let Some((packet, about)) = self.queue.front() else {
            return if self.shut.0 { Ok(None) } else { Err(EAGAIN) };
        };
        let received = Received { copied: copy(packet, parts), ..*about };
        if !flags.contains(Receive::PEEK) {
            self.queued -= footprint(packet);
            self.queue.pop_front();
            if self.queue.is_empty() {
                self.queue = VecDeque::new();
            }
        }
        Ok(Some(received))
    }

    /// Ends directions.
    pub fn shut(&mut self, read: bool, write: bool) {
        self.shut.0 |= read;
        self.shut.1 |= write;
    }

    /// Whether what comes is still received.
    pub fn receives(&self) -> bool {
        !self.shut.0
    }

    /// A packet met an error.
    pub fn fail(&mut self, error: Errno) {
        self.error = Some(error);
    }

    /// That error, once.
    pub fn take_error(&mut self) -> Option<Errno> {
        self.error.take()
    }

    /// Bytes of the next packet; 0 if there is none.
    pub fn next_length(&self) -> usize {
        self.queue.front().map_or(0, |first| first.0.length())
    }

    /// What could be done now.
    pub fn ready(&self) -> Events {
        let mut events = Events::WRITABLE;
        if !self.queue.is_empty() || self.shut.0 {
            events |= Events::READABLE;
        }
        if self.shut.0 {
            events |= Events::RDHUP;
        }
        if self.shut == (true, true) {
            events |= Events::HUP;
        }
        if self.error.is_some() {
            events |= Events::ERR;
        }
        events
    }
}
