//! UDP (RFC 768), over both versions of IP.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use kcore::device::net::{Checksum, Packet};
use kcore::errno::{
    EACCES, EADDRINUSE, EADDRNOTAVAIL, EDESTADDRREQ, EINVAL, EMSGSIZE, ENOMEM, ENOTCONN, Errno, Result,
};
use kcore::sync::{Mutex, SpinLock};
use kcore::vfs::poll::{Events, Source};

use crate::address::{Endpoint, Family, IpAddress};
use crate::datagram::{Control, Inbox, Received, Settings};
use crate::interface::Interface;
use crate::ip::{self, Outgoing};
use crate::packet::{duplicate, payload};
use crate::ports::{self, Claim, Ports};
use crate::protocol::{Incoming, News, Protocol, Report, Verdict};
use crate::route::Way;
use crate::stack::Stack;
use crate::wire::{checksum, udp};
use crate::{Receive, hash};

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

struct State {
    settings: Settings,
    local: Endpoint,
    /// The address was asked for, rather than taken by the first send.
    bound: bool,
    peer: Option<Endpoint>,
    inbox: Inbox,
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
            inbox: Inbox::default(),
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
        state.inbox.may_send()?;
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
        let mut state = self.state.lock();
        let (port, groups) = (state.local.port, core::mem::take(&mut state.groups));
        let inbox = core::mem::take(&mut state.inbox);
        state.local.port = 0;
        drop(state);
        drop(inbox);
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
        self.state.lock().inbox.next_length()
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

    fn take(&self, packet: Packet, about: Received) {
        let mut state = self.state.lock();
        let limit = state.settings.receive_buffer;
        let taken = state.local.port != 0 && state.inbox.put(packet, about, limit);
        drop(state);
        if taken {
            self.source.notify(Events::READABLE);
        }
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
    let about = Received::new(incoming, header.source, packet.length(), stack.now());
    if !incoming.unicast && !incoming.interface.is_loopback() || incoming.destination.is_multicast() {
        // All who want it get it.
        for (_, socket) in fits {
            if let Ok(packet) = duplicate(&packet, &[]) {
                socket.take(packet, about);
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
        socket.take(packet, about);
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
            state.inbox.fail(error);
            drop(state);
            socket.source.notify(Events::ERR | Events::READABLE | Events::WRITABLE);
        }
    }
}
