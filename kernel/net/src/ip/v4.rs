//! IPv4 (RFC 791, RFC 1122) and ARP (RFC 826).

use alloc::sync::Arc;

use kcore::device::net::{Checksum, Packet};

use super::reassembly::Key;
use super::{Outgoing, Part, Version, icmp4};
use crate::address::{Family, IpAddress};
use crate::interface::Interface;
use crate::neighbor::Heard;
use crate::protocol::Incoming;
use crate::stack::Stack;
use crate::wire::arp::{self, Message};
use crate::wire::ethernet::{self, Mac, kind};
use crate::wire::ipv4::{self, Header};

/// IPv4.
pub static IPV4: Version = Version {
    family: Family::V4,
    kind: kind::IPV4,
    loopback: (IpAddress::LOOPBACK_V4, 8),
    parse: |text| {
        let text = core::str::from_utf8(text).ok()?;
        text.parse::<core::net::Ipv4Addr>().ok().map(|address| IpAddress::V4(address.octets()))
    },
    headers: (ipv4::LENGTH, 0),
    input,
    header,
    solicit,
    describe,
    refuse: icmp4::refuse,
    started,
    joined,
};

fn input(
    stack: &'static Stack,
    interface: &Interface,
    link: &ethernet::Header,
    packet: &mut Option<Packet>,
) -> bool {
    match link.kind {
        kind::IPV4 => {
            if let Some(packet) = packet.take() {
                receive(stack, interface, packet, link.destination == interface.mac);
            }
            true
        }
        kind::ARP => {
            if let Some(packet) = packet.take() {
                receive_arp(interface, link, &packet);
            }
            true
        }
        _ => false,
    }
}

fn receive(stack: &'static Stack, interface: &Interface, mut packet: Packet, single: bool) {
    let Some(header) = Header::parse(&packet.head, packet.length()) else { return };
    let (source, destination) = (IpAddress::V4(header.source), IpAddress::V4(header.destination));
    // The unspecified address is nobody's but that of a host that asks for its own; see DHCP.
    let ordinary = interface.is_ordinary(&source, &destination);
    let from_host = ordinary || !source.is_multicast() && !interface.is_broadcast(&source);
    let strange = (source.is_loopback() || destination.is_loopback()) && !interface.is_loopback();
    if !from_host || strange || crate::dhcp::overhears(stack, interface, &header, &packet) {
        return;
    }
    if source.is_any() || !ordinary && !interface.accepts(&destination) {
        return;
    }
    let mut bytes = [0; 60];
    crate::wire::put(&mut bytes, 0, packet.head.get(..header.header_length).unwrap_or_default());
    packet.truncate(header.total_length);
    if !packet.pull_header(header.header_length) {
        return;
    }
    if header.more || header.offset > 0 {
        let key = Key { source, destination, protocol: header.protocol, id: u32::from(header.id) };
        match stack.reassembly.add(stack, key, header.offset, header.more, packet) {
            Some(whole) => packet = whole,
            None => return,
        }
    }
    let incoming = Incoming {
        interface,
        source,
        destination,
        unicast: single && (ordinary || !destination.is_multicast() && !interface.is_broadcast(&destination)),
        protocol: header.protocol,
        ttl: header.ttl,
        tos: header.tos,
        header: bytes.get(..header.header_length).unwrap_or_default(),
    };
    if header.protocol == icmp4::PROTOCOL {
        crate::protocol::overhear(stack, &incoming, &packet);
        icmp4::input(stack, &incoming, packet);
    } else {
        super::deliver(stack, &IPV4, &incoming, packet);
    }
}

fn header(stack: &Stack, packet: &mut Packet, out: &Outgoing, part: Option<&Part>) -> Option<()> {
    let (IpAddress::V4(source), IpAddress::V4(destination)) = (out.source, out.destination) else {
        return None;
    };
    let total_length = packet.length() + ipv4::LENGTH;
    let id = match part {
        Some(part) => part.id as u16,
        // A whole packet that is not to be cut needs none (RFC 6864), but cards count on from it.
        None if out.dont_fragment && packet.gso.is_none() => 0,
        None => stack.packet_id() as u16,
    };
    let header = Header {
        header_length: ipv4::LENGTH,
        tos: out.tos,
        total_length,
        id,
        dont_fragment: out.dont_fragment,
        more: part.is_some_and(|part| part.more),
        offset: part.map_or(0, |part| part.offset),
        ttl: out.ttl,
        protocol: out.protocol,
        source,
        destination,
    };
    header.write(packet.push_header(ipv4::LENGTH)?);
    Some(())
}

fn describe(packet: &Packet) -> Option<super::Description> {
    let header = Header::parse(&packet.head, packet.length())?;
    let mut start = [0; 8];
    packet.copy_to(header.header_length, &mut start);
    Some((header.protocol, IpAddress::V4(header.source), IpAddress::V4(header.destination), start))
}

fn send_arp(interface: &Interface, to: Mac, message: &Message) {
    let Ok(mut packet) = Packet::with_room(arp::LENGTH) else { return };
    let Some(body) = packet.push_header(arp::LENGTH) else { return };
    message.write(body);
    packet.checksum = Checksum::Complete;
    interface.send_to(to, kind::ARP, packet, false);
}

fn solicit(interface: &Interface, address: &IpAddress, mac: Option<Mac>) {
    let IpAddress::V4(target) = *address else { return };
    let Some(IpAddress::V4(sender)) = interface.source_for(address) else { return };
    let to = mac.unwrap_or(ethernet::BROADCAST);
    let request =
        Message { operation: arp::REQUEST, sender_mac: interface.mac, sender, target_mac: [0; 6], target };
    send_arp(interface, to, &request);
}

fn receive_arp(interface: &Interface, link: &ethernet::Header, packet: &Packet) {
    let Some(message) = Message::parse(&packet.head) else { return };
    let (sender, target) = (IpAddress::V4(message.sender), IpAddress::V4(message.target));
    if interface.is_loopback() || message.sender_mac == interface.mac {
        return;
    }
    let ours = interface.has(&target);
    if !sender.is_any() && interface.on_link(&sender).is_some() && !interface.has(&sender) {
        // What was damaged on the way names two addresses, most likely.
        let agrees = link.source == message.sender_mac;
        let answers = message.operation == arp::REPLY && message.target_mac == interface.mac;
        let heard = match ours {
            true if answers && agrees => Heard::Answered,
            true => Heard::Mentioned,
            false => Heard::Overheard,
        };
        interface.learn(&sender, message.sender_mac, heard);
    }
    if ours && message.operation == arp::REQUEST {
        let reply = Message {
            operation: arp::REPLY,
            sender_mac: interface.mac,
            sender: message.target,
            target_mac: message.sender_mac,
            target: message.sender,
        };
        send_arp(interface, message.sender_mac, &reply);
    }
}

/// Tells the link of an address that is ours now (RFC 5227, section 2.3).
pub(crate) fn announce(interface: &Interface, address: [u8; 4]) {
    let message = Message {
        operation: arp::REQUEST,
        sender_mac: interface.mac,
        sender: address,
        target_mac: [0; 6],
        target: address,
    };
    send_arp(interface, ethernet::BROADCAST, &message);
}

fn started(_stack: &'static Stack, interface: &Arc<Interface>) {
    let addresses = interface.addresses.lock().clone();
    for own in addresses {
        if let IpAddress::V4(address) = own.prefix.address {
            announce(interface, address);
        }
    }
}

/// Reports a group to the routers, as IGMP version 2 does (RFC 2236).
fn joined(stack: &'static Stack, interface: &Interface, group: &IpAddress, now: bool) {
    const REPORT: u8 = 0x16;
    const LEAVE: u8 = 0x17;
    const IGMP: u8 = 2;
    if interface.is_loopback() {
        return;
    }
    let body = [if now { REPORT } else { LEAVE }, 0, 0, 0];
    let to = if now { *group } else { IpAddress::V4([224, 0, 0, 2]) };
    let Some(mut packet) = super::message(&[&body, group.bytes()], Default::default()) else { return };
    let source = interface.source_for(group).unwrap_or(IpAddress::ANY_V4);
    let out = Outgoing { source, destination: to, protocol: IGMP, ttl: 1, tos: 0xc0, dont_fragment: true };
    if header(stack, &mut packet, &out, None).is_some() {
        interface.send(&to, kind::IPV4, packet, false);
    }
}
