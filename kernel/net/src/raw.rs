//! Raw sockets: packets of one protocol as they are, for `ping` and its like.

use alloc::sync::Arc;
use alloc::vec::Vec;

use kcore::device::net::{Checksum, Packet};
use kcore::errno::{
    EADDRINUSE, EADDRNOTAVAIL, EAGAIN, EDESTADDRREQ, EINVAL, EMSGSIZE, ENOMEM, ENOTCONN, Errno, Result,
};
use kcore::sync::{Mutex, SpinLock};
use kcore::vfs::poll::{Events, Source};

use crate::Receive;
use crate::address::{Endpoint, Family, IpAddress};
use crate::datagram::{Control, Inbox, Received, Settings};
use crate::ip::{self, Outgoing};
use crate::packet::{duplicate, payload};
use crate::protocol::{Incoming, News, Protocol, Report, Verdict};
use crate::stack::Stack;
use crate::wire::{array, checksum, icmp, ipv4, put, u16_at};

/// The number of ICMP, and of ICMPv6.
const ICMP: u8 = 1;
const ICMP_V6: u8 = 58;
/// Reserved: packets that are sent with their own header.
const RAW_NUMBER: u8 = 255;

/// The table's row.
pub static RAW: Protocol = Protocol {
    number: RAW_NUMBER,
    input: |_, _, _| Verdict::Taken,
    report,
    overhear: Some(overhear),
    finish: None,
};

/// The sockets of a stack.
pub(crate) struct Raw(SpinLock<Vec<Arc<Socket>>>);

impl Raw {
    pub const fn new() -> Self {
        Self(SpinLock::new(Vec::new()))
    }
}

struct State {
    settings: Settings,
    local: Endpoint,
    peer: Option<Endpoint>,
    inbox: Inbox,
    header_included: bool,
    /// Types of messages that are not received.
    filter: [u32; 8],
    open: bool,
}

/// A raw socket. IPv4's packets are received with their IP header, IPv6's without (RFC 3542).
pub struct Socket {
    stack: &'static Stack,
    family: Family,
    protocol: u8,
    /// Echo requests and replies alone.
    echo: bool,
    source: Source,
    state: Mutex<State>,
}

impl Socket {
    /// A socket for packets of `protocol` (`IPPROTO_ICMP` is 1, `IPPROTO_ICMPV6` 58).
    ///
    /// # Errors
    /// `EAFNOSUPPORT` if the stack does not speak that family; `ENOMEM`.
    pub fn new(stack: &'static Stack, family: Family, protocol: u8) -> Result<Arc<Self>> {
        Self::make(stack, family, protocol, false)
    }

    /// An echo socket (`SOCK_DGRAM` with `IPPROTO_ICMP`): sends echo requests and receives their
    /// replies alone, without an IP header; its port is the requests' identifier.
    ///
    /// # Errors
    /// As for [`Socket::new`].
    pub fn echo(stack: &'static Stack, family: Family) -> Result<Arc<Self>> {
        let protocol = if family == Family::V4 { ICMP } else { ICMP_V6 };
        Self::make(stack, family, protocol, true)
    }

    fn make(stack: &'static Stack, family: Family, protocol: u8, echo: bool) -> Result<Arc<Self>> {
        ip::version(family)?;
        if !crate::packet::has_memory() {
            return Err(ENOMEM);
        }
        let state = State {
            settings: Settings::default(),
            local: Endpoint::any(family),
            peer: None,
            inbox: Inbox::default(),
            header_included: protocol == RAW_NUMBER,
            filter: [0; 8],
            open: true,
        };
        let socket =
            Arc::new(Self { stack, family, protocol, echo, source: Source::new(), state: Mutex::new(state) });
        stack.raw.0.lock().push(socket.clone());
        Ok(socket)
    }

    /// The family it was made for.
    pub fn family(&self) -> Family {
        self.family
    }

    /// Gives it a local address; for an echo socket, with an identifier.
    ///
    /// # Errors
    /// `EADDRNOTAVAIL` if the machine has no such address; `EADDRINUSE` for an identifier.
    pub fn bind(self: &Arc<Self>, local: Endpoint) -> Result<()> {
        if !local.address.is_any() && self.stack.owner_of(&local.address).is_none() {
            return Err(EADDRNOTAVAIL);
        }
        if self.echo && local.port != 0 && self.identifier_is_taken(local.port) {
            return Err(EADDRINUSE);
        }
        let mut state = self.state.lock();
        let port = if local.port == 0 { state.local.port } else { local.port };
        state.local = Endpoint { port, ..local };
        Ok(())
    }

    fn identifier_is_taken(&self, identifier: u16) -> bool {
        let all = self.stack.raw.0.lock().clone();
        all.iter().any(|other| {
            other.echo
                && other.family == self.family
                && !core::ptr::eq(&**other, self)
                && other.state.lock().local.port == identifier
        })
    }

    /// Sends to and receives from `remote` alone from now on; `None` ends that.
    ///
    /// # Errors
    /// `ENETUNREACH`.
    pub fn connect(&self, remote: Option<Endpoint>) -> Result<()> {
        let way = match &remote {
            Some(remote) => Some(self.stack.route(&remote.address, None, remote.scope)?),
            None => None,
        };
        let mut state = self.state.lock();
        if let Some(way) = way.filter(|_| state.local.address.is_any()) {
            state.local.address = way.source;
        }
        state.peer = remote;
        Ok(())
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
        let length: usize = parts.iter().map(|part| part.len()).sum();
        if length > 65535 - 40 {
            return Err(EMSGSIZE);
        }
        let mut packet = payload(parts, length)?;
        let mut state = self.state.lock();
        state.inbox.may_send()?;
        let remote = to.or(state.peer).ok_or(EDESTADDRREQ)?;
        let (settings, included) = (state.settings, state.header_included);
        let mut identifier = state.local.port;
        let own = control.source.unwrap_or(state.local.address);
        drop(state);
        if self.echo && identifier == 0 {
            let free =
                crate::ports::candidates(kcore::random::word()).find(|&one| !self.identifier_is_taken(one));
            identifier = free.ok_or(EAGAIN)?;
            self.state.lock().local.port = identifier;
        }
        let interface =
            [control.interface, remote.scope, settings.interface].into_iter().find(|&index| index != 0);
        let own = (own.family() == remote.address.family()).then_some(own);
        let way = self.stack.route(&remote.address, own.as_ref(), interface.unwrap_or(0))?;
        let group = remote.address.is_multicast();
        let mut out = Outgoing {
            source: way.source,
            destination: remote.address,
            protocol: self.protocol,
            ttl: control.ttl.unwrap_or(if group { settings.multicast_ttl } else { settings.ttl }),
            tos: control.tos.unwrap_or(settings.tos),
            dont_fragment: settings.dont_fragment,
        };
        if self.echo {
            let Some([kind, code]) = array(&packet.head, 0) else { return Err(EINVAL) };
            let request = if self.family == Family::V4 { icmp::v4::ECHO } else { icmp::v6::ECHO };
            if length < icmp::LENGTH || (kind, code) != (request, 0) {
                return Err(EINVAL);
            }
            put(&mut packet.head, 4, &identifier.to_be_bytes());
        }
        if included && self.family == Family::V4 {
            let bytes: [u8; ipv4::LENGTH] = array(&packet.head, 0).ok_or(EINVAL)?;
            let header_length = usize::from(bytes[0] & 15) * 4;
            if header_length != ipv4::LENGTH || !packet.pull_header(header_length) {
                return Err(EINVAL);
            }
            (out.tos, out.ttl, out.protocol) = (bytes[1], bytes[8], bytes[9]);
        } else if self.protocol == ICMP_V6 || self.echo {
            // ICMPv6's checksum is the kernel's to make (RFC 3542, section 3.1).
            let sum = match self.protocol {
                ICMP_V6 => checksum::pseudo(&way.source, &remote.address, ICMP_V6, length),
                _ => checksum::Sum::default(),
            };
            put(&mut packet.head, 2, &[0, 0]);
            let mut sum = sum;
            sum.add(&packet.head);
            put(&mut packet.head, 2, &sum.checksum());
        }
        packet.checksum = Checksum::Complete;
        let sent = ip::output(self.stack, &way, &out, packet, false);
        self.stack.settle();
        sent.map(|()| length)
    }

    /// The next packet; as [`crate::udp::Socket::receive_from`].
    ///
    /// # Errors
    /// `EAGAIN` if there is none; once, the error that an earlier packet met.
    pub fn receive_from(&self, parts: &mut [&mut [u8]], flags: Receive) -> Result<Option<Received>> {
        self.state.lock().inbox.receive(parts, flags)
    }

    /// Ends one or both directions.
    ///
    /// # Errors
    /// `ENOTCONN` if it has no peer, though the direction has ended then.
    pub fn shutdown(&self, read: bool, write: bool) -> Result<()> {
        let mut state = self.state.lock();
        state.inbox.shut(read, write);
        let connected = state.peer.is_some();
        drop(state);
        self.source.notify(Events::READABLE | Events::WRITABLE | Events::RDHUP | Events::HUP);
        if connected { Ok(()) } else { Err(ENOTCONN) }
    }

    /// Nobody has it open any more.
    pub fn close(&self) {
        self.state.lock().open = false;
        let mut all = self.stack.raw.0.lock();
        let at = all.iter().position(|other| core::ptr::eq(&**other, self));
        let gone = at.map(|at| all.swap_remove(at));
        drop(all);
        drop(gone);
    }

    /// An error that an earlier packet met, once (`SO_ERROR`).
    pub fn take_error(&self) -> Option<Errno> {
        self.state.lock().inbox.take_error()
    }

    /// What could be done now.
    pub fn ready(&self) -> Events {
        self.state.lock().inbox.ready()
    }

    /// Tells of changes of [`Socket::ready`].
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Its own end.
    pub fn local(&self) -> Endpoint {
        self.state.lock().local
    }

    /// The connected peer.
    ///
    /// # Errors
    /// `ENOTCONN`.
    pub fn peer(&self) -> Result<Endpoint> {
        self.state.lock().peer.ok_or(ENOTCONN)
    }

    /// What is set.
    pub fn settings(&self) -> Settings {
        self.state.lock().settings
    }

    /// Changes settings; they act at once.
    pub fn configure(&self, change: &mut dyn FnMut(&mut Settings)) {
        change(&mut self.state.lock().settings);
    }

    /// Packets start with their IPv4 header when they are sent (`IP_HDRINCL`).
    pub fn set_header_included(&self, included: bool) {
        self.state.lock().header_included = included;
    }

    /// Types of ICMP messages that are not received, a bit each (`ICMP_FILTER`, `ICMP6_FILTER`).
    pub fn set_filter(&self, blocked: [u32; 8]) {
        self.state.lock().filter = blocked;
    }

    /// Bytes of the next packet (`FIONREAD`).
    pub fn next_length(&self) -> usize {
        self.state.lock().inbox.next_length()
    }

    /// Takes a copy of a packet, if it is for this socket.
    fn hear(&self, incoming: &Incoming<'_>, packet: &Packet) -> bool {
        let same = incoming.protocol == self.protocol && incoming.source.family() == self.family;
        let mut state = self.state.lock();
        let kind = packet.head.first().copied().unwrap_or(0);
        let own = |bound: &IpAddress| bound.is_any() || *bound == incoming.destination;
        if !same || !state.open || !own(&state.local.address) || !state.inbox.receives() {
            return false;
        }
        if state.peer.is_some_and(|peer| peer.address != incoming.source) {
            return false;
        }
        let icmp = matches!(self.protocol, ICMP | ICMP_V6);
        let blocked =
            state.filter.get(usize::from(kind >> 5)).is_some_and(|bits| bits >> (kind & 31) & 1 == 1);
        if icmp && blocked {
            return false;
        }
        let identifier = u16_at(&packet.head, 4);
        let reply = if self.family == Family::V4 { icmp::v4::ECHO_REPLY } else { icmp::v6::ECHO_REPLY };
        if self.echo && (kind != reply || identifier != Some(state.local.port)) {
            return false;
        }
        // The copy is of what came; the header of IPv4 belongs to it.
        let header = if self.family == Family::V4 && !self.echo { incoming.header } else { &[] };
        let Ok(copy) = duplicate(packet, header) else { return true };
        let about = Received::new(incoming, 0, copy.length(), self.stack.now());
        let limit = state.settings.receive_buffer;
        if state.inbox.put(copy, about, limit) {
            drop(state);
            self.source.notify(Events::READABLE);
        }
        true
    }
}

fn overhear(stack: &'static Stack, incoming: &Incoming<'_>, packet: &Packet) -> bool {
    // Most of the time there is nobody.
    let all = stack.raw.0.lock();
    if all.is_empty() {
        return false;
    }
    let all_now = all.clone();
    drop(all);
    let mut heard = false;
    for socket in &all_now {
        heard |= socket.hear(incoming, packet);
    }
    heard
}

fn report(stack: &'static Stack, report: &Report) {
    let News::Unreachable { error, hard: true } = report.news else { return };
    let all = stack.raw.0.lock().clone();
    for socket in all {
        let mut state = socket.state.lock();
        if state.peer.is_some_and(|peer| peer.address == report.remote) {
            state.inbox.fail(error);
            drop(state);
            socket.source.notify(Events::ERR | Events::READABLE);
        }
    }
}
