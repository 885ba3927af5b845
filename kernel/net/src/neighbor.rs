//! Hardware addresses of neighbours: what ARP and neighbour discovery have in common (RFC 826;
//! RFC 4861, section 7.3).

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use kcore::device::net::Packet;
use kcore::errno::EHOSTUNREACH;
use kcore::sync::SpinLock;

use crate::address::IpAddress;
use crate::interface::Interface;
use crate::ip;
use crate::protocol::{News, Report, report};
use crate::stack::Stack;
use crate::wheel::Timed;
use crate::wire::ethernet::Mac;

/// Neighbours that are known at a time.
const LIMIT: usize = 1024;
/// Packets that wait for one neighbour's address.
const WAITING: usize = 64;
/// How long an address is good without being heard of again, in nanoseconds.
const REACHABLE: u64 = 30_000_000_000;
/// Time between two questions.
const RETRY: u64 = 1_000_000_000;
/// Questions without an answer.
const TRIES: u8 = 3;

struct Neighbor {
    mac: Option<Mac>,
    /// When it was last heard of.
    confirmed: u64,
    /// Questions that were asked since; 0 for none on the way.
    asked: u8,
    asked_at: u64,
    waiting: Vec<(u16, Packet)>,
}

#[derive(Default)]
struct Known {
    neighbors: BTreeMap<IpAddress, Neighbor>,
    timer: bool,
}

/// What is known of the neighbours on a link.
pub(crate) struct Neighbors(SpinLock<Known>);

impl Neighbors {
    pub const fn new() -> Self {
        Self(SpinLock::new(Known { neighbors: BTreeMap::new(), timer: false }))
    }

    /// The hardware address of a neighbour, if it is known.
    pub fn lookup(&self, address: &IpAddress) -> Option<Mac> {
        self.0.lock().neighbors.get(address)?.mac
    }
}

impl Known {
    /// Makes room for one more.
    fn evict(&mut self) {
        if self.neighbors.len() < LIMIT {
            return;
        }
        let oldest =
            self.neighbors.iter().min_by_key(|(_, known)| known.confirmed).map(|(&address, _)| address);
        if let Some(oldest) = oldest {
            self.neighbors.remove(&oldest);
        }
    }
}

impl Interface {
    /// Sends a packet to a neighbour, now or when its hardware address is known.
    pub(crate) fn resolve_and_send(&self, to: &IpAddress, kind: u16, packet: Packet, more: bool) {
        let now = self.stack.now();
        let mut packet = Some(packet);
        let mut ask = None;
        let mut known = self.neighbors.0.lock();
        if !known.neighbors.contains_key(to) {
            known.evict();
        }
        let neighbor = known.neighbors.entry(*to).or_insert_with(|| Neighbor {
            mac: None,
            confirmed: 0,
            asked: 0,
            asked_at: 0,
            waiting: Vec::new(),
        });
        let mac = neighbor.mac;
        if mac.is_none() && neighbor.waiting.len() < WAITING {
            neighbor.waiting.extend(packet.take().map(|packet| (kind, packet)));
        }
        if neighbor.asked == 0 && (mac.is_none() || now.saturating_sub(neighbor.confirmed) > REACHABLE) {
            (neighbor.asked, neighbor.asked_at) = (1, now);
            ask = Some(mac);
        }
        let arm = ask.is_some() && !core::mem::replace(&mut known.timer, true);
        drop(known);
        if let (Some(mac), Some(packet)) = (mac, packet) {
            self.send_to(mac, kind, packet, more);
        }
        if arm {
            self.stack.set_timer(now + RETRY, self.itself());
        }
        if let Some(mac) = ask {
            ip::solicit(self, to, mac);
        }
    }

    /// A neighbour was heard of. Without `create` only what is asked for is noted.
    pub(crate) fn learn(&self, address: &IpAddress, mac: Mac, create: bool) {
        if mac[0] & 1 != 0 || !address.is_unicast() {
            return;
        }
        let now = self.stack.now();
        let mut known = self.neighbors.0.lock();
        if !known.neighbors.contains_key(address) {
            if !create {
                return;
            }
            known.evict();
        }
        let neighbor = known.neighbors.entry(*address).or_insert_with(|| Neighbor {
            mac: None,
            confirmed: 0,
            asked: 0,
            asked_at: 0,
            waiting: Vec::new(),
        });
        (neighbor.mac, neighbor.confirmed, neighbor.asked) = (Some(mac), now, 0);
        let waiting = core::mem::take(&mut neighbor.waiting);
        drop(known);
        for (kind, packet) in waiting {
            self.send_to(mac, kind, packet, false);
        }
    }
}

impl Timed for Interface {
    /// Asks again for neighbours that have not answered, and gives up on those that do not.
    fn expired(self: Arc<Self>, stack: &'static Stack) {
        let now = stack.now();
        let (mut asks, mut lost) = (Vec::new(), Vec::new());
        let mut known = self.neighbors.0.lock();
        known.neighbors.retain(|address, neighbor| {
            if neighbor.asked == 0 || now < neighbor.asked_at + RETRY {
                return true;
            }
            if neighbor.asked < TRIES {
                neighbor.asked += 1;
                neighbor.asked_at = now;
                asks.push((*address, neighbor.mac));
                return true;
            }
            lost.append(&mut neighbor.waiting);
            false
        });
        let again = known.neighbors.values().any(|neighbor| neighbor.asked > 0);
        known.timer = again;
        drop(known);
        if again {
            stack.set_timer(now + RETRY, self.itself());
        }
        for (address, mac) in asks {
            ip::solicit(&self, &address, mac);
        }
        for (kind, packet) in lost {
            if let Some((protocol, local, remote, start)) = ip::describe(kind, &packet) {
                let news = News::Unreachable { error: EHOSTUNREACH, hard: false };
                report(stack, protocol, &Report { local, remote, start, news });
            }
        }
    }
}
