//! The Internet Protocol in its versions: the rows of `table_ip`. What both have in common is here;
//! a version that no socket asks for is not alive.

mod fragment;
mod icmp4;
pub(crate) mod icmp6;
pub(crate) mod reassembly;
mod v4;
mod v6;

use alloc::sync::Arc;

use kcore::device::net::Packet;
use kcore::errno::{EAFNOSUPPORT, EMSGSIZE, Result};

use crate::address::{Family, IpAddress};
use crate::interface::Interface;
use crate::protocol::Incoming;
use crate::route::Way;
use crate::stack::Stack;
use crate::wire::checksum;
use crate::wire::ethernet::{self, Mac};

pub use v4::IPV4;
pub(crate) use v4::announce;
pub use v6::IPV6;

/// What is said of a packet that goes out.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing {
    /// From where.
    pub source: IpAddress,
    /// To where.
    pub destination: IpAddress,
    /// What it carries.
    pub protocol: u8,
    /// Time to live.
    pub ttl: u8,
    /// Type of service.
    pub tos: u8,
    /// May not be fragmented.
    pub dont_fragment: bool,
}

/// Which part of a packet is sent.
pub(crate) struct Part {
    pub offset: usize,
    pub more: bool,
    pub id: u32,
}

/// Protocol, source, destination and the payload's first bytes.
pub(crate) type Description = (u8, IpAddress, IpAddress, [u8; 8]);

/// A version of IP.
pub struct Version {
    /// Its family.
    pub family: Family,
    /// Its type on Ethernet.
    pub kind: u16,
    /// The loopback interface's address.
    pub loopback: (IpAddress, u8),
    /// Reads an address as it is written.
    pub(crate) parse: fn(&[u8]) -> Option<IpAddress>,
    /// Bytes of its header, and of that of a fragment.
    pub(crate) headers: (usize, usize),
    /// Takes a packet of one of its types (those that its neighbours' addresses are asked with
    /// among them), whose link header it gets; false for others.
    pub(crate) input: fn(&'static Stack, &Interface, &ethernet::Header, &mut Option<Packet>) -> bool,
    /// Puts its header in front.
    pub(crate) header: fn(&Stack, &mut Packet, &Outgoing, Option<&Part>) -> Option<()>,
    /// Asks for a neighbour's hardware address; the neighbour alone if that is known.
    pub(crate) solicit: fn(&Interface, &IpAddress, Option<Mac>),
    /// What a packet that starts with its header says.
    pub(crate) describe: fn(&Packet) -> Option<Description>,
    /// Tells the sender that nobody takes its packet on that port, or of that protocol.
    pub(crate) refuse: fn(&'static Stack, &Incoming<'_>, &Packet, bool),
    /// An interface is there, or its cable is plugged in again.
    pub(crate) started: fn(&'static Stack, &Arc<Interface>),
    /// A group was joined or left.
    pub(crate) joined: fn(&'static Stack, &Interface, &IpAddress, bool),
}

impl Version {
    /// Says that an interface is there.
    pub fn start(&self, stack: &'static Stack, interface: &Arc<Interface>) {
        (self.started)(stack, interface);
    }
}

crate::table::table!("table_ip", Version, [&IPV4, &IPV6]);

/// The row of a family.
///
/// # Errors
/// `EAFNOSUPPORT`.
pub(crate) fn version(family: Family) -> Result<&'static Version> {
    rows().find(|row| row.family == family).ok_or(EAFNOSUPPORT)
}

/// Takes a packet without its link header.
pub(crate) fn input(stack: &'static Stack, interface: &Interface, link: &ethernet::Header, packet: Packet) {
    let mut packet = Some(packet);
    for row in rows() {
        if (row.input)(stack, interface, link, &mut packet) {
            return;
        }
    }
}

/// Hands a packet's payload to its protocol, and to whoever sees all.
pub(crate) fn deliver(stack: &'static Stack, version: &Version, incoming: &Incoming<'_>, packet: Packet) {
    let heard = crate::protocol::overhear(stack, incoming, &packet);
    if !crate::protocol::rows().any(|row| row.number == incoming.protocol) {
        if !heard {
            (version.refuse)(stack, incoming, &packet, true);
        }
        return;
    }
    // What an error message quotes has to be kept, since the protocol takes the packet.
    let mut quoted = [0; 8];
    let count = packet.copy_to(0, &mut quoted);
    let verdict = crate::protocol::deliver(stack, incoming, packet);
    if verdict == Some(crate::protocol::Verdict::NoPort)
        && incoming.unicast
        && let Ok(mut packet) = Packet::with_room(8)
        && let Some(start) = packet.push_header(8)
    {
        start.copy_from_slice(&quoted);
        packet.truncate(count);
        (version.refuse)(stack, incoming, &packet, false);
    }
}

/// Sends a packet that starts with its transport header.
///
/// # Errors
/// `EMSGSIZE` if it is too long and may not be fragmented; `ENOMEM`; `EAFNOSUPPORT`.
pub(crate) fn output(
    stack: &'static Stack,
    way: &Way,
    out: &Outgoing,
    packet: Packet,
    more: bool,
) -> Result<()> {
    let version = version(out.destination.family())?;
    if packet.gso.is_none() && packet.length() + version.headers.0 > way.mtu {
        if out.dont_fragment {
            return Err(EMSGSIZE);
        }
        return fragment::send(stack, version, way, out, packet);
    }
    let mut packet = packet;
    if (version.header)(stack, &mut packet, out, None).is_some() {
        way.send(version.kind, packet, more);
    }
    Ok(())
}

/// Gives this machine a copy of what it sends to a group.
pub(crate) fn send_back(stack: &'static Stack, interface: u32, out: &Outgoing, packet: &Packet) {
    let Ok(version) = version(out.destination.family()) else { return };
    let Ok(mut packet) = crate::packet::duplicate(packet, &[]) else { return };
    if (version.header)(stack, &mut packet, out, None).is_some() {
        stack.loopback.push(interface, version.kind, packet);
    }
}

/// Asks for a neighbour's hardware address.
pub(crate) fn solicit(interface: &Interface, address: &IpAddress, mac: Option<Mac>) {
    if let Ok(version) = version(address.family()) {
        (version.solicit)(interface, address, mac);
    }
}

/// Protocol, source, destination and payload of a packet of some type.
pub(crate) fn describe(kind: u16, packet: &Packet) -> Option<Description> {
    (rows().find(|row| row.kind == kind)?.describe)(packet)
}

/// Says that a group was joined or left.
pub(crate) fn joined(stack: &'static Stack, interface: &Interface, group: &IpAddress, now: bool) {
    if let Ok(version) = version(group.family()) {
        (version.joined)(stack, interface, group, now);
    }
}

/// Makes a packet of a message whose checksum is at its third byte; for ICMP and its like.
pub(crate) fn message(parts: &[&[u8]], pseudo: checksum::Sum) -> Option<Packet> {
    let length = parts.iter().map(|part| part.len()).sum();
    let mut packet = Packet::with_room(length + 64).ok()?;
    let body = packet.push_header(length)?;
    let mut at = 0;
    for part in parts {
        crate::wire::put(body, at, part);
        at += part.len();
    }
    let mut sum = pseudo;
    sum.add(body);
    let checksum = sum.checksum();
    crate::wire::put(body, 2, &checksum);
    Some(packet)
}

/// The answer to an echo request whose header was dropped: the same bytes again.
pub(crate) fn echo(request: Packet, kind: u8, rest: u32, pseudo: checksum::Sum) -> Option<Packet> {
    use crate::wire::icmp;
    let mut reply = Packet::with_room(icmp::LENGTH + 64).ok()?;
    let Packet { head, fragments, .. } = request;
    reply.fragments.push(head.into());
    reply.fragments.extend(fragments);
    icmp::Header { kind, code: 0, rest }.write(reply.push_header(icmp::LENGTH)?);
    let mut sum = pseudo;
    reply.parts().for_each(|part| sum.add(part));
    crate::wire::put(&mut reply.head, 2, &sum.checksum());
    Some(reply)
}
