//! UDP (RFC 768), over both versions of IP.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;

use kcore::device::net::{Checksum, Packet};
use kcore::errno::{
    EACCES, EADDRINUSE, EADDRNOTAVAIL, EAGAIN, EDESTADDRREQ, EINVAL, EMSGSIZE, ENOMEM, ENOTCONN, EPIPE,
    Errno, Result,
};
use kcore::sync::{Mutex, SpinLock};
use kcore::vfs::poll::{Events, Source};

use crate::address::{Endpoint, Family, IpAddress};
use crate::interface::Interface;
use crate::ip::{self, Outgoing};
use crate::packet::{copy, duplicate, footprint, payload};
use crate::ports::{self, Claim, Ports};
use crate::protocol::{Incoming, News, Protocol, Report, Verdict};
use crate::route::Way;
use crate::stack::Stack;
use crate::wire::{checksum, udp};
use crate::{Receive, hash};

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

/// The table's row.
pub static UDP: Protocol = Protocol { number: udp::PROTOCOL, input, report, overhear: None, finish: None };

/// The sockets of a stack.
pub(crate) struct Udp {
    ports: Ports,
    /// Sockets by port.
    bound: SpinLock<BTreeMap<u16, Vec<Arc<Socket>>>>,
}

impl Udp {
    pub const fn new() -> Self {
        Self { ports: Ports::new(), bound: SpinLock::new(BTreeMap::new()) }
    }
}

/// A datagram that was received.
struct Datagram {
    packet: Packet,
    about: Received,
}

struct State {
    settings: Settings,
    local: Endpoint,
    /// The address was asked for, rather than taken by the first send.
    bound: bool,
    peer: Option<Endpoint>,
    error: Option<Errno>,
    queue: VecDeque<Datagram>,
    /// Bytes of memory that the queue keeps in use.
    queued: usize,
    /// No more to be received, or sent.
    shut: (bool, bool),
    groups: Vec<(IpAddress, u32)>,
    /// The way to the peer.
    way: Option<Way>,
}

/// A UDP socket.
pub struct Socket {
    stack: &'static Stack,
    family: Family,
    source: Source,
    state: Mutex<State>,
}

impl Socket {
    /// A socket without an address.
    ///
    /// # Errors
    /// `EAFNOSUPPORT` if the stack does not speak that family; `ENOMEM`.
    pub fn new(stack: &'static Stack, family: Family) -> Result<Arc<Self>> {
        ip::version(family)?;
        if !crate::packet::has_memory() {
            return Err(ENOMEM);
        }
        let state = State {
            settings: Settings::default(),
            local: Endpoint::any(family),
            bound: false,
            peer: None,
            error: None,
            queue: VecDeque::new(),
            queued: 0,
            shut: (false, false),
            groups: Vec::new(),
            way: None,
        };
        Ok(Arc::new(Self { stack, family, source: Source::new(), state: Mutex::new(state) }))
    }

    /// The family it was made for.
    pub fn family(&self) -> Family {
        self.family
    }

    fn owner(&self) -> usize {
        core::ptr::from_ref(self).addr()
    }

    /// Gives it a local address; port 0 takes a free one.
    ///
    /// # Errors
    /// `EINVAL` if it has one, `EADDRINUSE`, `EADDRNOTAVAIL` if the machine has no such address.
    pub fn bind(self: &Arc<Self>, local: Endpoint) -> Result<()> {
        let mut state = self.state.lock();
        if state.local.port != 0 {
            return Err(EINVAL);
        }
        let group = local.address.is_multicast() || local.address == IpAddress::BROADCAST;
        if !local.address.is_any() && !group && self.stack.owner_of(&local.address).is_none() {
            return Err(EADDRNOTAVAIL);
        }
        self.take_port(&mut state, local)?;
        state.bound = true;
        Ok(())
    }

    fn take_port(self: &Arc<Self>, state: &mut State, local: Endpoint) -> Result<()> {
        let settings = &state.settings;
        let claim = Claim {
            owner: self.owner(),
            address: local.address,
            v6_only: settings.v6_only,
            interface: settings.interface,
            reuse_address: settings.reuse_address,
            reuse_port: settings.reuse_port,
            listens: false,
        };
        let port = self.stack.udp.ports.claim(local.port, claim)?;
        state.local = Endpoint { port, ..local };
        self.stack.udp.bound.lock().entry(port).or_default().push(self.clone());
        Ok(())
    }

    /// Sends to and receives from `remote` alone from now on; `None` ends that.
    ///
    /// # Errors
    /// `ENETUNREACH`; `EACCES` for a broadcast address without [`Settings::broadcast`].
    pub fn connect(self: &Arc<Self>, remote: Option<Endpoint>) -> Result<()> {
        let mut state = self.state.lock();
        state.way = None;
        let Some(remote) = remote else {
            state.peer = None;
            if !state.bound {
                state.local.address = IpAddress::any(self.family);
            }
            return Ok(());
        };
        let interface = if remote.scope != 0 { remote.scope } else { state.settings.interface };
        let way = self.stack.route(&remote.address, Some(&state.local.address), interface)?;
        if way.interface.is_broadcast(&remote.address) && !state.settings.broadcast {
            return Err(EACCES);
        }
        if state.local.port == 0 {
            let any = state.local;
            self.take_port(&mut state, any)?;
        }
        if state.local.address.is_any() {
            state.local.address = way.source;
        }
        state.peer = Some(remote);
        state.way = Some(way);
        Ok(())
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
        let length: usize = parts.iter().map(|part| part.len()).sum();
        if length > 65535 - udp::LENGTH - 20 {
            return Err(EMSGSIZE);
        }
        let mut packet = payload(parts, length)?;
        let mut state = self.state.lock();
        if let Some(error) = state.error.take() {
            return Err(error);
        }
        if state.shut.1 {
            return Err(EPIPE);
        }
        let remote = to.or(state.peer).ok_or(EDESTADDRREQ)?;
        if remote.port == 0 {
            return Err(EINVAL);
        }
        if state.local.port == 0 {
            let any = state.local;
            self.take_port(&mut state, any)?;
        }
        let settings = state.settings;
        let group = remote.address.is_multicast();
        let plain = *control == Control::default() && state.peer == Some(remote);
        let way = match state.way.take().filter(|way| plain && way.is_current(self.stack)) {
            Some(way) => way,
            None => {
                let chosen = [
                    control.interface,
                    remote.scope,
                    settings.interface,
                    if group { settings.multicast_interface } else { 0 },
                ];
                let interface = chosen.into_iter().find(|&index| index != 0).unwrap_or(0);
                let own = control.source.unwrap_or(state.local.address);
                let own = (own.family() == remote.address.family() && !own.is_multicast()).then_some(own);
                self.stack.route(&remote.address, own.as_ref(), interface)?
            }
        };
        if way.interface.is_broadcast(&remote.address) && !settings.broadcast {
            return Err(EACCES);
        }
        let total = length + udp::LENGTH;
        let destination = if remote.address.is_any() { way.next_hop } else { remote.address };
        let sum = checksum::pseudo(&way.source, &destination, udp::PROTOCOL, total).folded();
        let header = udp::Header {
            source: state.local.port,
            destination: remote.port,
            length: total,
            has_checksum: true,
        };
        header.write(packet.push_header(udp::LENGTH).ok_or(ENOMEM)?, sum);
        packet.checksum = Checksum::Partial { start: 0, offset: udp::CHECKSUM };
        packet.flow = u32::from(state.local.port);
        let out = Outgoing {
            source: way.source,
            destination,
            protocol: udp::PROTOCOL,
            ttl: control.ttl.unwrap_or(if group { settings.multicast_ttl } else { settings.ttl }),
            tos: control.tos.unwrap_or(settings.tos),
            dont_fragment: settings.dont_fragment,
        };
        if group && settings.multicast_loop && !way.interface.is_loopback() {
            ip::send_back(self.stack, way.interface.index, &out, &packet);
        }
        let sent = ip::output(self.stack, &way, &out, packet, false);
        if plain {
            state.way = Some(way);
        }
        drop(state);
        self.stack.settle();
        sent.map(|()| length)
    }

    /// The next datagram. None: the socket was shut down for reading, and there is none.
    ///
    /// # Errors
    /// `EAGAIN` if there is none; once, the error that an earlier datagram met (`ECONNREFUSED`).
    pub fn receive_from(&self, parts: &mut [&mut [u8]], flags: Receive) -> Result<Option<Received>> {
        let mut state = self.state.lock();
        if let Some(error) = state.error.take() {
            return Err(error);
        }
        if flags.contains(Receive::PEEK) {
            let Some(first) = state.queue.front() else {
                return if state.shut.0 { Ok(None) } else { Err(EAGAIN) };
            };
            // The lock is one that sleeps, so the buffers may be touched under it.
            let copied = copy(&first.packet, parts);
            return Ok(Some(Received { copied, ..first.about }));
        }
        let Some(first) = state.queue.pop_front() else {
            return if state.shut.0 { Ok(None) } else { Err(EAGAIN) };
        };
        state.queued -= footprint(&first.packet);
        if state.queue.is_empty() {
            state.queue = VecDeque::new();
        }
        drop(state);
        let copied = copy(&first.packet, parts);
        Ok(Some(Received { copied, ..first.about }))
    }

    /// Ends one or both directions.
    ///
    /// # Errors
    /// `ENOTCONN` if it has no peer, though the direction has ended then.
    pub fn shutdown(&self, read: bool, write: bool) -> Result<()> {
        let mut state = self.state.lock();
        state.shut.0 |= read;
        state.shut.1 |= write;
        let connected = state.peer.is_some();
        drop(state);
        self.source.notify(Events::READABLE | Events::WRITABLE | Events::RDHUP | Events::HUP);
        if connected { Ok(()) } else { Err(ENOTCONN) }
    }

    /// Nobody has it open any more.
    pub fn close(&self) {
        let mut state = self.state.lock();
        let (port, groups) = (state.local.port, core::mem::take(&mut state.groups));
        let queue = core::mem::take(&mut state.queue);
        state.local.port = 0;
        drop(state);
        drop(queue);
        for (group, interface) in groups {
            let _ = Interface::change_group(self.stack, group, interface, false);
        }
        if port != 0 {
            self.stack.udp.ports.release(port, self.owner());
            let mut bound = self.stack.udp.bound.lock();
            let mut gone = None;
            if let Some(list) = bound.get_mut(&port) {
                let at = list.iter().position(|other| core::ptr::eq(&**other, self));
                gone = at.map(|at| list.swap_remove(at));
                if list.is_empty() {
                    bound.remove(&port);
                }
            }
            drop(bound);
            drop(gone);
        }
    }

    /// An error that an earlier datagram met, once (`SO_ERROR`).
    pub fn take_error(&self) -> Option<Errno> {
        self.state.lock().error.take()
    }

    /// What could be done now.
    pub fn ready(&self) -> Events {
        let state = self.state.lock();
        let mut events = Events::WRITABLE;
        if !state.queue.is_empty() || state.shut.0 {
            events |= Events::READABLE;
        }
        if state.shut.0 {
            events |= Events::RDHUP;
        }
        if state.shut == (true, true) {
            events |= Events::HUP;
        }
        if state.error.is_some() {
            events |= Events::ERR;
        }
        events
    }

    /// Tells of changes of [`Socket::ready`].
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Its own end; port 0 if it has none.
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
        let mut state = self.state.lock();
        change(&mut state.settings);
        state.way = None;
    }

    /// Receives what is sent to a group (`IP_ADD_MEMBERSHIP`, `IPV6_JOIN_GROUP`), on an interface or
    /// on the one that the routes choose (0).
    ///
    /// # Errors
    /// `EINVAL` if it is no group's address, `ENODEV`, `EADDRINUSE` if it has joined already.
    pub fn join(&self, group: IpAddress, interface: u32) -> Result<()> {
        let joined =
            |state: &State, index| state.groups.iter().any(|&(other, on)| (other, on) == (group, index));
        if joined(&self.state.lock(), interface) {
            return Err(EADDRINUSE);
        }
        let interface = Interface::change_group(self.stack, group, interface, true)?;
        let mut state = self.state.lock();
        if joined(&state, interface) {
            drop(state);
            Interface::change_group(self.stack, group, interface, false)?;
            return Err(EADDRINUSE);
        }
        state.groups.push((group, interface));
        Ok(())
    }

    /// Ends that.
    ///
    /// # Errors
    /// `EADDRNOTAVAIL` if it has not joined.
    pub fn leave(&self, group: IpAddress, interface: u32) -> Result<()> {
        let mut state = self.state.lock();
        let at = state
            .groups
            .iter()
            .position(|&(other, on)| other == group && (interface == 0 || on == interface))
            .ok_or(EADDRNOTAVAIL)?;
        let (group, interface) = state.groups.swap_remove(at);
        drop(state);
        Interface::change_group(self.stack, group, interface, false).map(|_| ())
    }

    /// Bytes of the next datagram (`FIONREAD`).
    pub fn next_length(&self) -> usize {
        self.state.lock().queue.front().map_or(0, |first| first.packet.length())
    }

    /// How well a datagram fits; none if it is not for this socket.
    fn fit(&self, incoming: &Incoming<'_>, source: u16) -> Option<u32> {
        let state = self.state.lock();
        let (settings, came_by) = (&state.settings, incoming.interface.index);
        let group = incoming.destination.is_multicast();
        let member = |&(group, on): &(IpAddress, u32)| group == incoming.destination && on == came_by;
        if group && !state.groups.iter().any(member) {
            return None;
        }
        if incoming.destination == IpAddress::BROADCAST
            && state.local.address.family() == Family::V6
            && settings.v6_only
        {
            return None;
        }
        // A connected socket whose address was taken from the route hears its own address alone.
        let fit =
            ports::fit(&state.local, settings.v6_only, settings.interface, &incoming.destination, came_by)?;
        match &state.peer {
            None => Some(fit),
            Some(peer) if peer.port == source && peer.address == incoming.source => Some(fit + 8),
            Some(peer) if peer.port == source && peer.address.is_any() => Some(fit + 8),
            Some(_) => None,
        }
    }

    fn take(&self, datagram: Datagram) {
        let mut state = self.state.lock();
        let size = footprint(&datagram.packet);
        if state.queued + size > state.settings.receive_buffer as usize || state.local.port == 0 {
            return;
        }
        state.queued += size;
        state.queue.push_back(datagram);
        drop(state);
        self.source.notify(Events::READABLE);
    }
}

fn input(stack: &'static Stack, incoming: &Incoming<'_>, mut packet: Packet) -> Verdict {
    let Some(header) = udp::Header::parse(&packet.head, packet.length()) else { return Verdict::Taken };
    packet.truncate(header.length);
    // Without a checksum is allowed in IPv4 alone.
    let unchecked = !header.has_checksum && incoming.source.family() == Family::V4;
    if !unchecked && !checksum::verify(&packet, &incoming.source, &incoming.destination, udp::PROTOCOL) {
        return Verdict::Taken;
    }
    if !packet.pull_header(udp::LENGTH) {
        return Verdict::Taken;
    }
    let sockets = stack.udp.bound.lock().get(&header.destination).cloned().unwrap_or_default();
    let fits = sockets.iter().filter_map(|socket| Some((socket.fit(incoming, header.source)?, socket)));
    let length = packet.length();
    let about = Received {
        copied: 0,
        length,
        from: Endpoint {
            address: incoming.source,
            port: header.source,
            scope: if incoming.source.is_link_local() { incoming.interface.index } else { 0 },
        },
        to: incoming.destination,
        interface: incoming.interface.index,
        ttl: incoming.ttl,
        tos: incoming.tos,
        at: stack.now(),
    };
    if !incoming.unicast && !incoming.interface.is_loopback() || incoming.destination.is_multicast() {
        // All who want it get it.
        for (_, socket) in fits {
            if let Ok(packet) = duplicate(&packet, &[]) {
                socket.take(Datagram { packet, about });
            }
        }
        return Verdict::Taken;
    }
    let fits: Vec<(u32, &Arc<Socket>)> = fits.collect();
    let Some(best) = fits.iter().map(|fit| fit.0).max() else { return Verdict::NoPort };
    let best: Vec<&Arc<Socket>> = fits.iter().filter(|fit| fit.0 == best).map(|fit| fit.1).collect();
    // Where several share a port, one sender's datagrams all go to the same one.
    let (local, remote) = (Endpoint::new(incoming.destination, header.destination), about.from);
    let choice = match best.len() {
        1 => 0,
        count => hash::of_pair(stack.key(), &local, &remote) as usize % count,
    };
    if let Some(socket) = best.get(choice) {
        socket.take(Datagram { packet, about });
    }
    Verdict::Taken
}

fn report(stack: &'static Stack, report: &Report) {
    let Some((local, remote)) = crate::wire::icmp::ports(&report.start) else { return };
    let News::Unreachable { error, hard } = report.news else { return };
    let sockets = stack.udp.bound.lock().get(&local).cloned().unwrap_or_default();
    for socket in sockets {
        let mut state = socket.state.lock();
        let peer = state.peer;
        // A socket without a peer would not know which datagram it was.
        if peer.is_some_and(|peer| peer.address == report.remote && peer.port == remote) && hard {
            state.error = Some(error);
            drop(state);
            socket.source.notify(Events::ERR | Events::READABLE | Events::WRITABLE);
        }
    }
}
