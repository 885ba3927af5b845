//! Segments on their way to whom they are for, and answers to those that are for nobody.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::Ordering;

use kcore::device::net::{Checksum, Packet};

use super::hash::Entry;
use super::input::Arrival;
use super::listen;
use super::socket::Socket;
use crate::address::{Endpoint, IpAddress};
use crate::hash;
use crate::ip::{self, Outgoing};
use crate::ports;
use crate::protocol::{Incoming, Report, Verdict};
use crate::stack::Stack;
use crate::wire::checksum;
use crate::wire::tcp::{self, Flags, Header, OPTIONS_MAX, Options};

/// How long after a flood cookies may still come back, in nanoseconds.
const FLOOD_LIFETIME: u64 = 150_000_000_000;

/// A socket that listens, as the search for it needs it.
#[derive(Clone)]
pub(super) struct Listening {
    pub socket: Arc<Socket>,
    pub local: Endpoint,
    pub v6_only: bool,
    pub interface: u32,
}

/// Takes a packet that starts with its TCP header.
pub(super) fn input(stack: &'static Stack, incoming: &Incoming<'_>, mut packet: Packet) -> Verdict {
    let Some(header) = Header::parse(&packet.head) else { return Verdict::Taken };
    if !incoming.unicast || !checksum::verify(&packet, &incoming.source, &incoming.destination, tcp::PROTOCOL)
    {
        return Verdict::Taken;
    }
    let options = packet.head.get(tcp::LENGTH..header.header_length).map(Options::parse).unwrap_or_default();
    if !packet.pull_header(header.header_length) {
        return Verdict::Taken;
    }
    let length = packet.length() as u32;
    let size = packet.gso.map_or(length, |gso| u32::from(gso.size).min(length));
    let segment = Arrival { header, options, length, size };
    let scope = if incoming.source.is_link_local() { incoming.interface.index } else { 0 };
    let local = Endpoint { address: incoming.destination, port: header.destination, scope };
    let remote = Endpoint { address: incoming.source, port: header.source, scope };
    match stack.tcp.connections.find(stack, &local, &remote) {
        Some(Entry::Socket(socket)) => socket.arrived(&segment, packet),
        Some(Entry::Embryo(embryo)) => embryo.arrived(stack, &segment, packet),
        Some(Entry::Waiting(waiting)) => {
            if waiting.arrived(stack, &segment) {
                unknown(stack, incoming, segment, packet, local, remote);
            }
        }
        None => unknown(stack, incoming, segment, packet, local, remote),
    }
    Verdict::Taken
}

/// A segment that belongs to no connection.
fn unknown(
    stack: &'static Stack,
    incoming: &Incoming<'_>,
    segment: Arrival,
    packet: Packet,
    local: Endpoint,
    remote: Endpoint,
) {
    let flags = segment.header.flags;
    if flags.contains(Flags::RST) || !remote.address.is_unicast() {
        return;
    }
    let listener = find_listener(stack, incoming, &local, &remote);
    if let Some(listener) = listener {
        if flags.contains(Flags::SYN) && !flags.intersects(Flags::ACK | Flags::FIN) {
            return listen::requested(stack, &listener, &segment, local, remote);
        }
        let flooded = stack.tcp.flooded.load(Ordering::Relaxed);
        let recently = flooded != 0 && stack.now().saturating_sub(flooded) < FLOOD_LIFETIME;
        if flags.contains(Flags::ACK)
            && !flags.contains(Flags::SYN)
            && recently
            && listen::recalled(stack, &listener, &segment, packet, local, remote)
        {
            return;
        }
    }
    refuse(stack, &local, &remote, &segment);
}

/// The listener that fits best; of several that share a port, one sender's connections are spread by a
/// hash.
fn find_listener(
    stack: &'static Stack,
    incoming: &Incoming<'_>,
    local: &Endpoint,
    remote: &Endpoint,
) -> Option<Arc<Socket>> {
    let all = stack.tcp.listeners.lock();
    let fits = |one: &Listening| {
        ports::fit(&one.local, one.v6_only, one.interface, &local.address, incoming.interface.index)
    };
    let list = all.get(&local.port)?;
    if let [one] = &list[..] {
        return fits(one).map(|_| one.socket.clone());
    }
    let best = list.iter().filter_map(fits).max()?;
    let best: Vec<&Listening> = list.iter().filter(|one| fits(one) == Some(best)).collect();
    let choice = hash::of_pair(stack.key(), local, remote) as usize % best.len().max(1);
    best.get(choice).map(|one| one.socket.clone())
}

/// Answers a segment that is for nobody (RFC 9293, section 3.10.7.1).
pub(super) fn refuse(stack: &'static Stack, local: &Endpoint, remote: &Endpoint, segment: &Arrival) {
    let header = &segment.header;
    if header.flags.contains(Flags::RST) {
        return;
    }
    let (numbers, flags) = if header.flags.contains(Flags::ACK) {
        ((header.acknowledgement, 0), Flags::RST)
    } else {
        let span = segment.length
            + u32::from(header.flags.contains(Flags::SYN))
            + u32::from(header.flags.contains(Flags::FIN));
        ((0, header.sequence.wrapping_add(span)), Flags::RST | Flags::ACK)
    };
    send_bare(stack, local, remote, numbers, flags, 0, &Options::default());
}

/// Sends a segment without data that belongs to no connection.
pub(super) fn send_bare(
    stack: &'static Stack,
    local: &Endpoint,
    remote: &Endpoint,
    (sequence, acknowledgement): (u32, u32),
    flags: Flags,
    window: u16,
    options: &Options,
) {
    let mut bytes = [0; OPTIONS_MAX];
    let length = options.write(&mut bytes);
    let header_length = tcp::LENGTH + length;
    let Ok(way) = stack.route(&remote.address, Some(&local.address), remote.scope) else { return };
    let Ok(mut packet) = Packet::with_room(header_length + 48) else { return };
    let Some(start) = packet.push_header(header_length) else { return };
    let header = Header {
        source: local.port,
        destination: remote.port,
        sequence,
        acknowledgement,
        header_length,
        flags,
        window,
        urgent: 0,
    };
    let sum = checksum::pseudo(&local.address, &remote.address, tcp::PROTOCOL, header_length).folded();
    header.write(start, sum);
    crate::wire::put(start, tcp::LENGTH, bytes.get(..length).unwrap_or_default());
    packet.checksum = Checksum::Partial { start: 0, offset: tcp::CHECKSUM };
    let out = Outgoing {
        source: local.address,
        destination: remote.address,
        protocol: tcp::PROTOCOL,
        ttl: 64,
        tos: 0,
        dont_fragment: true,
    };
    let _ = ip::output(stack, &way, &out, packet, false);
}

/// Bad news about a segment that was sent.
pub(super) fn report(stack: &'static Stack, report: &Report) {
    let [a, b, c, d, e, f, g, h] = report.start;
    let end = |address: IpAddress, port| Endpoint::new(address, u16::from_be_bytes(port));
    let (local, remote) = (end(report.local, [a, b]), end(report.remote, [c, d]));
    if let Some(Entry::Socket(socket)) = stack.tcp.connections.find(stack, &local, &remote) {
        socket.reported(u32::from_be_bytes([e, f, g, h]), report.news);
    }
}
