//! ICMP (RFC 792, RFC 1122 section 3.2.2, RFC 1191).

use kcore::device::net::{Checksum, Packet};
use kcore::errno::{ECONNREFUSED, EHOSTUNREACH, EMSGSIZE, ENETUNREACH, ENOPROTOOPT, EPROTO};

use super::Outgoing;
use crate::address::IpAddress;
use crate::protocol::{Incoming, News, Report};
use crate::stack::Stack;
use crate::wire::checksum::{self, Sum};
use crate::wire::icmp::{self, Header, v4};
use crate::wire::{array, u16_at};

/// Its number.
pub const PROTOCOL: u8 = 1;
/// Bytes of a packet that an error message quotes, in all.
const QUOTE: usize = 548;
/// The least MTU that is believed (RFC 791 asks for 68; nobody has less than this).
const LEAST_MTU: usize = 552;

pub(super) fn input(stack: &'static Stack, incoming: &Incoming<'_>, mut packet: Packet) {
    let mut sum = Sum::default();
    packet.parts().for_each(|part| sum.add(part));
    if packet.checksum == Checksum::Complete && !sum.is_right() {
        return;
    }
    let Some(header) = Header::parse(&packet.head) else { return };
    match header.kind {
        v4::ECHO if incoming.unicast => {
            packet.head.advance(icmp::LENGTH);
            if let Some(reply) = super::echo(packet, v4::ECHO_REPLY, header.rest, Sum::default()) {
                send(stack, incoming, reply);
            }
        }
        v4::UNREACHABLE | v4::TIME_EXCEEDED | v4::PARAMETER => error(stack, &header, &packet),
        _ => {}
    }
}

/// Sends a message back to where a packet came from.
fn send(stack: &'static Stack, incoming: &Incoming<'_>, packet: Packet) {
    let Ok(way) = stack.route(&incoming.source, Some(&incoming.destination), 0) else { return };
    let out = Outgoing {
        source: incoming.destination,
        destination: incoming.source,
        protocol: PROTOCOL,
        ttl: 64,
        tos: incoming.tos,
        dont_fragment: false,
    };
    let _ = super::output(stack, &way, &out, packet, false);
}

/// An error message: tells the protocol whose packet it quotes.
fn error(stack: &'static Stack, header: &Header, packet: &Packet) {
    let Some(quoted) = packet.head.get(icmp::LENGTH..) else { return };
    // What is quoted may be cut, so its lengths and checksum are not looked at.
    let (Some([first]), Some(protocol)) = (array(quoted, 0), quoted.get(9).copied()) else { return };
    let (Some(source), Some(destination)) = (array(quoted, 12), array(quoted, 16)) else { return };
    let length = usize::from(first & 15) * 4;
    let fragment = u16_at(quoted, 6).unwrap_or(u16::MAX) & 0x1fff;
    let Some(start) = array(quoted, length) else { return };
    if first >> 4 != 4 || length < 20 || fragment != 0 {
        return;
    }
    let (local, remote) = (IpAddress::V4(source), IpAddress::V4(destination));
    let unreachable = |error, hard| News::Unreachable { error, hard };
    let news = match (header.kind, header.code) {
        (v4::UNREACHABLE, 4) => {
            let told = (header.rest & 0xffff) as usize;
            // Routers of old do not say how long it may be.
            let mtu = if told == 0 { 576 } else { told.max(LEAST_MTU) };
            if stack.owner_of(&local).is_none() {
                return;
            }
            stack.learn_path(&remote, mtu);
            News::TooBig(mtu)
        }
        (v4::UNREACHABLE, 2) => unreachable(ENOPROTOOPT, true),
        (v4::UNREACHABLE, 3) => unreachable(ECONNREFUSED, true),
        (v4::UNREACHABLE, 0 | 6 | 9) => unreachable(ENETUNREACH, false),
        (v4::UNREACHABLE, 10 | 13) => unreachable(EHOSTUNREACH, true),
        (v4::UNREACHABLE | v4::TIME_EXCEEDED, _) => unreachable(EHOSTUNREACH, false),
        (v4::PARAMETER, _) => unreachable(EPROTO, true),
        _ => unreachable(EMSGSIZE, false),
    };
    crate::protocol::report(stack, protocol, &Report { local, remote, start, news });
}

/// Tells the sender of a packet that there is no such port here, or no such protocol.
pub(super) fn refuse(stack: &'static Stack, incoming: &Incoming<'_>, packet: &Packet, protocol: bool) {
    if !incoming.unicast || !incoming.source.is_unicast() || !stack.may_report() {
        return;
    }
    let mut head = [0; icmp::LENGTH];
    Header { kind: v4::UNREACHABLE, code: if protocol { 2 } else { 3 }, rest: 0 }.write(&mut head);
    let mut start = [0; QUOTE];
    let count = packet.copy_to(0, &mut start);
    let parts = [&head, incoming.header, start.get(..count).unwrap_or_default()];
    if let Some(packet) = super::message(&parts, checksum::Sum::default()) {
        send(stack, incoming, packet);
    }
}
