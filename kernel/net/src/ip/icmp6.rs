//! ICMPv6 (RFC 4443), and with it neighbour discovery (RFC 4861), addresses that a host makes for
//! itself (RFC 4862), and reports of groups (RFC 2710).

use alloc::sync::{Arc, Weak};

use kcore::device::net::Packet;
use kcore::errno::{EACCES, ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EPROTO};

use super::Outgoing;
use crate::address::{IpAddress, Prefix};
use crate::interface::{Address, Interface};
use crate::neighbor::Heard;
use crate::protocol::{Incoming, News, Report};
use crate::route::Route;
use crate::stack::Stack;
use crate::wheel::Timed;
use crate::wire::checksum;
use crate::wire::ethernet::Mac;
use crate::wire::icmp::{self, Header, v6};
use crate::wire::ipv6::{self, next};
use crate::wire::ndp::{self, Options, kind, option};
use crate::wire::{array, u32_at};

/// Bytes of a message that quotes a packet, at most.
const QUOTE: usize = 1232 - icmp::LENGTH;
/// The least MTU of a link.
const LEAST_MTU: usize = 1280;
/// `ff02::1`, all hosts.
const ALL_HOSTS: IpAddress = group(1);
/// `ff02::2`, all routers.
const ALL_ROUTERS: IpAddress = group(2);
const SECOND: u64 = 1_000_000_000;

const fn group(last: u8) -> IpAddress {
    IpAddress::V6([0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last])
}

/// The group that those are in whose addresses end alike (RFC 4291, section 2.7.1).
fn solicited(address: &[u8; 16]) -> IpAddress {
    let [.., a, b, c] = *address;
    IpAddress::V6([0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, a, b, c])
}

/// An address in a /64 that ends in the hardware address (RFC 4291, appendix A).
fn from_mac(prefix: &[u8], mac: &Mac) -> [u8; 16] {
    let mut address = [0; 16];
    crate::wire::put(&mut address, 0, prefix.get(..8).unwrap_or_default());
    let [a, b, c, d, e, f] = *mac;
    crate::wire::put(&mut address, 8, &[a ^ 2, b, c, 0xff, 0xfe, d, e, f]);
    address
}

/// Whether packets to an address are for this host.
pub(super) fn accepts(interface: &Interface, to: &IpAddress) -> bool {
    let among = |address: &IpAddress| matches!(address, IpAddress::V6(bytes) if solicited(bytes) == *to);
    *to == ALL_HOSTS
        || interface.accepts(to)
        || interface.addresses.lock().iter().any(|own| among(&own.prefix.address))
}

fn send(stack: &'static Stack, interface: &Interface, out: &Outgoing, parts: &[&[u8]]) {
    let length = parts.iter().map(|part| part.len()).sum();
    let pseudo = checksum::pseudo(&out.source, &out.destination, next::ICMP, length);
    let Some(mut packet) = super::message(parts, pseudo) else { return };
    if (super::IPV6.header)(stack, &mut packet, out, None).is_some() {
        interface.send(&out.destination, super::IPV6.kind, packet, false);
    }
}

fn out(source: IpAddress, destination: IpAddress, ttl: u8) -> Outgoing {
    Outgoing { source, destination, protocol: next::ICMP, ttl, tos: 0, dont_fragment: true }
}

pub(super) fn input(stack: &'static Stack, incoming: &Incoming<'_>, mut packet: Packet) {
    if !checksum::verify(&packet, &incoming.source, &incoming.destination, next::ICMP) {
        return;
    }
    let Some(header) = Header::parse(&packet.head) else { return };
    let Some(body) = packet.head.get(icmp::LENGTH..) else { return };
    // Neighbours speak with a hop limit that no router lets through.
    let neighbor = incoming.ttl == 255 && header.code == 0 && !incoming.interface.is_loopback();
    match header.kind {
        v6::ECHO if !incoming.source.is_any() => {
            let ours = if incoming.unicast { Some(&incoming.destination) } else { None };
            let Ok(way) = stack.route(&incoming.source, ours, 0) else { return };
            let pseudo = checksum::pseudo(&way.source, &incoming.source, next::ICMP, packet.length());
            packet.head.advance(icmp::LENGTH);
            if let Some(reply) = super::echo(packet, v6::ECHO_REPLY, header.rest, pseudo) {
                let out = Outgoing { dont_fragment: false, ..out(way.source, incoming.source, 64) };
                let _ = super::output(stack, &way, &out, reply, false);
            }
        }
        kind::NEIGHBOR_SOLICITATION if neighbor => neighbor_solicitation(stack, incoming, body),
        kind::NEIGHBOR_ADVERTISEMENT if neighbor => neighbor_advertisement(stack, incoming, &header, body),
        kind::ROUTER_ADVERTISEMENT if neighbor => router_advertisement(stack, incoming, &header, body),
        v6::UNREACHABLE..=v6::PARAMETER => error(stack, incoming, &header, body),
        _ => {}
    }
}

fn error(stack: &'static Stack, incoming: &Incoming<'_>, header: &Header, quoted: &[u8]) {
    let (Some(protocol), Some(source), Some(destination), Some(start)) =
        (quoted.get(6).copied(), array(quoted, 8), array(quoted, 24), array(quoted, ipv6::LENGTH))
    else {
        return;
    };
    let (local, remote) = (IpAddress::V6(source), IpAddress::V6(destination));
    if stack.owner_of(&local).is_none() || incoming.source.is_any() {
        return;
    }
    let unreachable = |error, hard| News::Unreachable { error, hard };
    let news = match (header.kind, header.code) {
        (v6::TOO_BIG, _) => {
            let mtu = (header.rest as usize).max(LEAST_MTU);
            stack.learn_path(&remote, mtu);
            News::TooBig(mtu)
        }
        (v6::UNREACHABLE, 4) => unreachable(ECONNREFUSED, true),
        (v6::UNREACHABLE, 1 | 5 | 6) => unreachable(EACCES, true),
        (v6::UNREACHABLE, 0) => unreachable(ENETUNREACH, false),
        (v6::PARAMETER, _) => unreachable(EPROTO, true),
        _ => unreachable(EHOSTUNREACH, false),
    };
    crate::protocol::report(stack, protocol, &Report { local, remote, start, news });
}

/// Tells the sender of a packet that there is no such port here, or no such protocol.
pub(super) fn refuse(stack: &'static Stack, incoming: &Incoming<'_>, packet: &Packet, protocol: bool) {
    if !incoming.unicast || !incoming.source.is_unicast() || !stack.may_report() {
        return;
    }
    let Ok(way) = stack.route(&incoming.source, Some(&incoming.destination), 0) else { return };
    let mut head = [0; icmp::LENGTH];
    let refused = Header { kind: v6::UNREACHABLE, code: 4, rest: 0 };
    // An unknown protocol is a parameter problem, at the field that says what is next.
    let header = if protocol { Header { kind: v6::PARAMETER, code: 1, rest: 6 } } else { refused };
    header.write(&mut head);
    let mut start = [0; QUOTE - ipv6::LENGTH];
    let count = packet.copy_to(0, &mut start);
    let parts = [&head, incoming.header, start.get(..count).unwrap_or_default()];
    let length = parts.iter().map(|part| part.len()).sum();
    let pseudo = checksum::pseudo(&way.source, &incoming.source, next::ICMP, length);
    if let Some(packet) = super::message(&parts, pseudo) {
        let _ = super::output(stack, &way, &out(way.source, incoming.source, 64), packet, false);
    }
}

/// Asks for a neighbour's hardware address.
pub(super) fn solicit(interface: &Interface, address: &IpAddress, mac: Option<Mac>) {
    let IpAddress::V6(target) = address else { return };
    let Some(source) = interface.source_for(address) else { return };
    let to = if mac.is_some() { *address } else { solicited(target) };
    let own = [&[option::SOURCE, 1][..], &interface.mac].concat();
    send_solicitation(interface, source, to, target, &own, mac);
}

fn send_solicitation(
    interface: &Interface,
    source: IpAddress,
    to: IpAddress,
    target: &[u8; 16],
    options: &[u8],
    mac: Option<Mac>,
) {
    let head = [kind::NEIGHBOR_SOLICITATION, 0, 0, 0, 0, 0, 0, 0];
    let parts = [&head[..], target, options];
    let out = out(source, to, 255);
    match mac {
        None => send(interface.stack, interface, &out, &parts),
        Some(mac) => {
            let length = parts.iter().map(|part| part.len()).sum();
            let pseudo = checksum::pseudo(&source, &to, next::ICMP, length);
            let Some(mut packet) = super::message(&parts, pseudo) else { return };
            if (super::IPV6.header)(interface.stack, &mut packet, &out, None).is_some() {
                interface.send_to(mac, super::IPV6.kind, packet, false);
            }
        }
    }
}

fn neighbor_solicitation(stack: &'static Stack, incoming: &Incoming<'_>, body: &[u8]) {
    let (Some(target), Some(options)) = (array(body, 0), body.get(16..)) else { return };
    let (interface, address) = (incoming.interface, IpAddress::V6(target));
    if incoming.source.is_any() {
        // Somebody else wants an address; if we were about to take it, we leave it to them.
        let mut own = interface.addresses.lock();
        own.retain(|own| own.prefix.address != address || !own.tentative);
    } else if let Some(mac) = ndp::mac(options, option::SOURCE) {
        let heard = if interface.has(&address) { Heard::Mentioned } else { Heard::Overheard };
        interface.learn(&incoming.source, mac, heard);
    }
    if !interface.has(&address) {
        return;
    }
    // Solicited, and in place of what was known; to all if the question came from nobody.
    let (to, flags) = if incoming.source.is_any() { (ALL_HOSTS, 0x20) } else { (incoming.source, 0x60) };
    let head = [kind::NEIGHBOR_ADVERTISEMENT, 0, 0, 0, flags, 0, 0, 0];
    let own = [&[option::TARGET, 1][..], &interface.mac].concat();
    send(stack, interface, &out(address, to, 255), &[&head, &target, &own]);
}

fn neighbor_advertisement(stack: &'static Stack, incoming: &Incoming<'_>, header: &Header, body: &[u8]) {
    let (Some(target), Some(options)) = (array(body, 0), body.get(16..)) else { return };
    let (interface, address) = (incoming.interface, IpAddress::V6(target));
    let mut own = interface.addresses.lock();
    let before = own.len();
    // Somebody has the address that we wanted.
    own.retain(|own| own.prefix.address != address || !own.tentative);
    let lost = own.len() != before;
    drop(own);
    if lost {
        stack.routes.changed();
        return;
    }
    let known = interface.neighbors.lookup(&address);
    let mac = ndp::mac(options, option::TARGET).or(known);
    // Without the override flag it does not replace what is known.
    if let Some(mac) = mac.filter(|mac| header.rest >> 29 & 1 == 1 || known.is_none_or(|known| known == *mac))
    {
        let solicited = header.rest >> 30 & 1 == 1;
        interface.learn(&address, mac, if solicited { Heard::Answered } else { Heard::Overheard });
    }
}

fn router_advertisement(stack: &'static Stack, incoming: &Incoming<'_>, header: &Header, body: &[u8]) {
    let (interface, router) = (incoming.interface, incoming.source);
    let Some(options) = body.get(8..).filter(|_| router.is_link_local()) else { return };
    let now = stack.now();
    let until = |seconds: u32| match seconds {
        u32::MAX => u64::MAX,
        seconds => now + u64::from(seconds) * SECOND,
    };
    let everywhere = Prefix { address: IpAddress::ANY_V6, length: 0 };
    let lifetime = header.rest & 0xffff;
    if lifetime > 0 {
        let valid_until = until(lifetime);
        stack.routes.add(Route {
            to: everywhere,
            gateway: Some(router),
            interface: interface.index,
            valid_until,
        });
    } else {
        stack.routes.remove(|route| route.gateway == Some(router) && route.to == everywhere);
    }
    for (kind, option) in Options(options) {
        match kind {
            option::SOURCE => {
                if let Some(mac) = array(option, 0) {
                    interface.learn(&router, mac, Heard::Mentioned);
                }
            }
            option::PREFIX => {
                let Some(prefix) = ndp::Prefix::parse(option) else { continue };
                let address = IpAddress::V6(prefix.prefix);
                if address.is_link_local() || prefix.length > 128 || prefix.preferred > prefix.valid {
                    continue;
                }
                if prefix.on_link && prefix.valid > 0 {
                    let to = Prefix { address, length: prefix.length };
                    let valid_until = until(prefix.valid);
                    stack.routes.add(Route { to, gateway: None, interface: interface.index, valid_until });
                }
                if prefix.autonomous && prefix.length == 64 && prefix.valid > 0 {
                    let own = from_mac(&prefix.prefix, &interface.mac);
                    configure(stack, interface, own, until(prefix.valid), until(prefix.preferred));
                }
            }
            option::NAME_SERVERS => {
                let lifetime = u32_at(option, 2).unwrap_or(0);
                let servers = option.get(6..).unwrap_or_default().as_chunks::<16>().0;
                let mut names = stack.names.lock();
                for server in servers.iter().take(4).map(|server| IpAddress::V6(*server)) {
                    names.servers.retain(|known| *known != server);
                    if lifetime > 0 && names.servers.len() < 8 {
                        names.servers.push(server);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Takes an address, after asking whether somebody has it; renews one that is there.
fn configure(stack: &'static Stack, interface: &Interface, address: [u8; 16], valid: u64, preferred: u64) {
    let mut addresses = interface.addresses.lock();
    if let Some(own) = addresses.iter_mut().find(|own| own.prefix.address == IpAddress::V6(address)) {
        (own.valid_until, own.preferred_until) = (valid, preferred);
        return;
    }
    if addresses.len() >= 16 {
        return;
    }
    let prefix = Prefix { address: IpAddress::V6(address), length: 64 };
    addresses.push(Address { prefix, valid_until: valid, preferred_until: preferred, tentative: true });
    drop(addresses);
    send_solicitation(interface, IpAddress::ANY_V6, solicited(&address), &address, &[], None);
    let probe = Arc::new(Probe { interface: interface.itself(), address: prefix.address });
    // The wheel has weak references; this one keeps itself until it has been called.
    let keep: Weak<dyn Timed> = Arc::downgrade(&(probe.clone() as Arc<dyn Timed>));
    interface.keep(probe);
    stack.set_timer(stack.now() + SECOND, keep);
}

/// An address that is ours if nobody objects until the timer expires.
pub(crate) struct Probe {
    interface: Weak<Interface>,
    address: IpAddress,
}

impl Timed for Probe {
    fn expired(self: Arc<Self>, stack: &'static Stack) {
        let Some(interface) = self.interface.upgrade() else { return };
        let mut addresses = interface.addresses.lock();
        if let Some(own) = addresses.iter_mut().find(|own| own.prefix.address == self.address) {
            own.tentative = false;
        }
        drop(addresses);
        interface.forget(&self);
        stack.routes.changed();
        if self.address.is_link_local() {
            let own = [&[option::SOURCE, 1][..], &interface.mac].concat();
            let head = [kind::ROUTER_SOLICITATION, 0, 0, 0, 0, 0, 0, 0];
            send(stack, &interface, &out(self.address, ALL_ROUTERS, 255), &[&head, &own]);
        }
    }
}

/// Takes the address that is good on this link alone; routers tell of others.
pub(super) fn started(stack: &'static Stack, interface: &Interface) {
    if !interface.is_loopback() {
        let prefix = [0xfe, 0x80, 0, 0, 0, 0, 0, 0];
        configure(stack, interface, from_mac(&prefix, &interface.mac), u64::MAX, u64::MAX);
    }
}

/// Reports a group to the routers (RFC 2710).
pub(super) fn joined(stack: &'static Stack, interface: &Interface, group: &IpAddress, now: bool) {
    const REPORT: u8 = 131;
    const DONE: u8 = 132;
    if interface.is_loopback() {
        return;
    }
    let head = [if now { REPORT } else { DONE }, 0, 0, 0, 0, 0, 0, 0];
    let Some(source) = interface.source_for(&ALL_HOSTS) else { return };
    let to = if now { *group } else { ALL_ROUTERS };
    send(stack, interface, &out(source, to, 1), &[&head, group.bytes()]);
}
