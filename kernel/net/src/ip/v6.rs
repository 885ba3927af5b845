//! IPv6 (RFC 8200).

use alloc::sync::Arc;

use kcore::device::net::{Buffer, Packet};

use super::reassembly::Key;
use super::{Outgoing, Part, Version, icmp6};
use crate::address::{Family, IpAddress};
use crate::interface::Interface;
use crate::protocol::Incoming;
use crate::stack::Stack;
use crate::wire::array;
use crate::wire::ethernet::{self, kind};
use crate::wire::ipv6::{self, Fragment, Header, next};

/// IPv6.
pub static IPV6: Version = Version {
    family: Family::V6,
    kind: kind::IPV6,
    loopback: (IpAddress::LOOPBACK_V6, 128),
    parse: |text| {
        let text = core::str::from_utf8(text).ok()?;
        text.parse::<core::net::Ipv6Addr>().ok().map(|address| IpAddress::V6(address.octets()))
    },
    headers: (ipv6::LENGTH, Fragment::LENGTH),
    input,
    header,
    solicit: icmp6::solicit,
    describe,
    refuse: icmp6::refuse,
    started,
    joined: icmp6::joined,
};

/// Extension headers that are looked through in one packet.
const EXTENSIONS: usize = 8;

fn input(
    stack: &'static Stack,
    interface: &Interface,
    link: &ethernet::Header,
    packet: &mut Option<Packet>,
) -> bool {
    if link.kind != kind::IPV6 {
        return false;
    }
    if let Some(packet) = packet.take() {
        receive(stack, interface, packet, link.destination == interface.mac);
    }
    true
}

fn receive(stack: &'static Stack, interface: &Interface, mut packet: Packet, single: bool) {
    let Some(header) = Header::parse(&packet.head, packet.length()) else { return };
    let (source, destination) = (IpAddress::V6(header.source), IpAddress::V6(header.destination));
    let strange = (source.is_loopback() || destination.is_loopback()) && !interface.is_loopback();
    if source.is_multicast() || strange || !icmp6::accepts(interface, &destination) {
        return;
    }
    let bytes: [u8; ipv6::LENGTH] = array(&packet.head, 0).unwrap_or([0; ipv6::LENGTH]);
    packet.truncate(ipv6::LENGTH + header.payload_length);
    if !packet.pull_header(ipv6::LENGTH) {
        return;
    }
    let mut protocol = header.next;
    for _ in 0..EXTENSIONS {
        match protocol {
            next::HOP_BY_HOP | next::ROUTING | next::DESTINATION => {
                let Some([following, length]) = array(&packet.head, 0) else { return };
                // A source route that has not come to its end is not for this host to follow (RFC 5095).
                if protocol == next::ROUTING && packet.head.get(3).is_none_or(|&left| left != 0) {
                    return;
                }
                if protocol != next::ROUTING
                    && !options_are_harmless(&packet.head, usize::from(length) * 8 + 8)
                {
                    return;
                }
                if !packet.pull_header(usize::from(length) * 8 + 8) {
                    return;
                }
                protocol = following;
            }
            next::FRAGMENT => {
                let Some(part) = Fragment::parse(&packet.head) else { return };
                if !packet.pull_header(Fragment::LENGTH) {
                    return;
                }
                protocol = part.next;
                if part.more || part.offset > 0 {
                    let key = Key { source, destination, protocol, id: part.id };
                    match stack.reassembly.add(stack, key, part.offset, part.more, packet) {
                        Some(whole) => packet = whole,
                        None => return,
                    }
                }
            }
            _ => break,
        }
    }
    let incoming = Incoming {
        interface,
        source,
        destination,
        unicast: single && !destination.is_multicast(),
        protocol,
        ttl: header.hop_limit,
        tos: header.class,
        header: &bytes,
    };
    match protocol {
        next::ICMP => {
            crate::protocol::overhear(stack, &incoming, &packet);
            icmp6::input(stack, &incoming, packet);
        }
        next::NONE => {}
        _ if source.is_any() => {}
        _ => super::deliver(stack, &IPV6, &incoming, packet),
    }
}

/// Whether options that this host does not know may be ignored (RFC 8200, section 4.2).
fn options_are_harmless(head: &Buffer, length: usize) -> bool {
    let Some(mut options) = head.get(2..length) else { return false };
    while let Some((&kind, rest)) = options.split_first() {
        if kind == 0 {
            options = rest;
            continue;
        }
        if kind != 1 && kind != 5 && kind >> 6 != 0 {
            return false;
        }
        let Some(&length) = rest.first() else { return false };
        let Some(after) = rest.get(1 + usize::from(length)..) else { return false };
        options = after;
    }
    true
}

fn header(_stack: &Stack, packet: &mut Packet, out: &Outgoing, part: Option<&Part>) -> Option<()> {
    let (IpAddress::V6(source), IpAddress::V6(destination)) = (out.source, out.destination) else {
        return None;
    };
    if let Some(part) = part {
        let header = Fragment { next: out.protocol, offset: part.offset, more: part.more, id: part.id };
        header.write(packet.push_header(Fragment::LENGTH)?);
    }
    let header = Header {
        class: out.tos,
        flow: 0,
        payload_length: packet.length(),
        next: if part.is_some() { next::FRAGMENT } else { out.protocol },
        hop_limit: out.ttl,
        source,
        destination,
    };
    header.write(packet.push_header(ipv6::LENGTH)?);
    Some(())
}

fn describe(packet: &Packet) -> Option<super::Description> {
    let header = Header::parse(&packet.head, packet.length())?;
    let mut start = [0; 8];
    packet.copy_to(ipv6::LENGTH, &mut start);
    Some((header.next, IpAddress::V6(header.source), IpAddress::V6(header.destination), start))
}

fn started(stack: &'static Stack, interface: &Arc<Interface>) {
    icmp6::started(stack, interface);
}
