//! Hardware addresses of neighbours: what ARP and neighbour discovery have in common (RFC 826;
//! RFC 4861, section 7.3).
//!
//! An address is believed for a while after an answer, and for as long as what is sent to it gets
//! somewhere. Whoever has been told otherwise (a frame that names another address, a time-out) has
//! the neighbour asked again, by a broadcast: ARP has no checksum, so what is known may be wrong,
//! and then a question to that address alone would never be answered.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering};

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

/// Neighbours that are kept without a use for them.
const LIMIT: usize = 1024;
/// Packets that wait for one neighbour's address.
const WAITING: usize = 64;
/// How long an address is good after an answer, in nanoseconds.
const REACHABLE: u64 = 30_000_000_000;
/// How long one is that was only mentioned: what is sent there may show that it is right.
const MENTIONED: u64 = 5_000_000_000;
/// An address that was right so shortly ago is not doubted.
const CERTAIN: u64 = 200_000_000;
/// Time between two questions.
const RETRY: u64 = 1_000_000_000;
/// Questions without an answer.
const TRIES: u8 = 4;
/// Above a hardware address: there is one.
const KNOWN: u64 = 1 << 48;

/// How an address was heard of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Heard {
    /// In answer to our question, by the neighbour itself.
    Answered,
    /// In its question to us, or because it wants all to know.
    Mentioned,
    /// In what was not meant for us: noted only of neighbours that are known.
    Overheard,
}

/// A neighbour.
pub(crate) struct Neighbor {
    address: IpAddress,
    /// Its hardware address, and [`KNOWN`].
    mac: AtomicU64,
    /// Until when that is good, in nanoseconds.
    good_until: AtomicU64,
    asking: SpinLock<Asking>,
}

#[derive(Default)]
struct Asking {
    /// Questions that were asked; 0 for none on the way.
    asked: u8,
    asked_at: u64,
    waiting: Vec<(u16, Packet)>,
}

impl Asking {
    /// Begins to ask, unless that is on its way.
    fn begin(&mut self, now: u64) -> bool {
        let begins = self.asked == 0;
        if begins {
            (self.asked, self.asked_at) = (1, now);
        }
        begins
    }
}

impl Neighbor {
    fn mac(&self) -> Option<Mac> {
        let mac = self.mac.load(Ordering::Relaxed);
        let [_, _, bytes @ ..] = mac.to_be_bytes();
        (mac & KNOWN != 0).then_some(bytes)
    }

    fn set_mac(&self, mac: Option<Mac>) {
        let bits = mac.map_or(0, |[a, b, c, d, e, f]| KNOWN | u64::from_be_bytes([0, 0, a, b, c, d, e, f]));
        self.mac.store(bits, Ordering::Relaxed);
    }

    /// What was sent to it has arrived.
    pub fn confirm(&self, now: u64) {
        self.good_until.store(now + REACHABLE, Ordering::Relaxed);
    }
}

struct Table {
    neighbors: BTreeMap<IpAddress, Arc<Neighbor>>,
    /// How many there are to be before those without a use go.
    limit: usize,
    /// The timer is set.
    timer: bool,
}

/// What is known of the neighbours on a link.
pub(crate) struct Neighbors(SpinLock<Table>);

impl Neighbors {
    pub const fn new() -> Self {
        Self(SpinLock::new(Table { neighbors: BTreeMap::new(), limit: LIMIT, timer: false }))
    }

    /// The hardware address of a neighbour, if it is known.
    pub fn lookup(&self, address: &IpAddress) -> Option<Mac> {
        self.0.lock().neighbors.get(address)?.mac()
    }

    fn known(&self, address: &IpAddress) -> Option<Arc<Neighbor>> {
        self.0.lock().neighbors.get(address).cloned()
    }

    /// The neighbour with an address, whatever is known of it.
    pub fn get(&self, address: &IpAddress) -> Arc<Neighbor> {
        let mut table = self.0.lock();
        if let Some(known) = table.neighbors.get(address) {
            return known.clone();
        }
        if table.neighbors.len() >= table.limit {
            // Ways keep those that are in use; the next look at all of them is as far off as it is long.
            table.neighbors.retain(|_, neighbor| Arc::strong_count(neighbor) > 1);
            table.limit = LIMIT.max(2 * table.neighbors.len());
        }
        let neighbor = Arc::new(Neighbor {
            address: *address,
            mac: AtomicU64::new(0),
            good_until: AtomicU64::new(0),
            asking: SpinLock::new(Asking::default()),
        });
        table.neighbors.insert(*address, neighbor.clone());
        neighbor
    }
}

impl Interface {
    /// Sends a packet to a neighbour, now or when its hardware address is known.
    pub(crate) fn send_to_neighbor(&self, neighbor: &Neighbor, kind: u16, packet: Packet, more: bool) {
        let now = self.stack.now();
        let mac = neighbor.mac();
        if let Some(mac) = mac {
            self.send_to(mac, kind, packet, more);
            if now < neighbor.good_until.load(Ordering::Relaxed) {
                return;
            }
        } else {
            let mut asking = neighbor.asking.lock();
            if asking.waiting.len() < WAITING {
                asking.waiting.push((kind, packet));
            }
            drop(asking);
            // It may have become known meanwhile.
            self.send_waiting(neighbor);
        }
        self.ask(neighbor, mac, now);
    }

    /// Sends what has waited for a neighbour's address, if that is known.
    fn send_waiting(&self, neighbor: &Neighbor) {
        let mut asking = neighbor.asking.lock();
        let Some(mac) = neighbor.mac() else { return };
        let waiting = core::mem::take(&mut asking.waiting);
        drop(asking);
        for (kind, packet) in waiting {
            self.send_to(mac, kind, packet, false);
        }
    }

    /// Asks for a neighbour's address, at `mac` alone if one is given, unless that is on its way.
    fn ask(&self, neighbor: &Neighbor, mac: Option<Mac>, now: u64) {
        if !neighbor.asking.lock().begin(now) {
            return;
        }
        if !core::mem::replace(&mut self.neighbors.0.lock().timer, true) {
            self.stack.set_timer(now + RETRY, self.itself());
        }
        ip::solicit(self, &neighbor.address, mac);
    }

    /// What was sent to a neighbour does not seem to arrive: what is known of it may be wrong.
    pub(crate) fn doubt(&self, neighbor: &Neighbor) {
        let now = self.stack.now();
        if neighbor.mac().is_some() && neighbor.good_until.load(Ordering::Relaxed) < now + REACHABLE - CERTAIN
        {
            self.ask(neighbor, None, now);
        }
    }

    /// A neighbour was heard of.
    pub(crate) fn learn(&self, address: &IpAddress, mac: Mac, heard: Heard) {
        if mac[0] & 1 != 0 || !address.is_unicast() {
            return;
        }
        let now = self.stack.now();
        let neighbor = match heard {
            Heard::Mentioned => self.neighbors.get(address),
            Heard::Answered | Heard::Overheard => match self.neighbors.known(address) {
                Some(known) => known,
                None => return,
            },
        };
        let mut asking = neighbor.asking.lock();
        let before = neighbor.mac();
        if heard == Heard::Answered && asking.asked > 0 {
            neighbor.set_mac(Some(mac));
            neighbor.confirm(now);
            asking.asked = 0;
        } else if before.is_none() {
            neighbor.set_mac(Some(mac));
            neighbor.good_until.store(now + MENTIONED, Ordering::Relaxed);
            asking.asked = 0;
        }
        drop(asking);
        self.send_waiting(&neighbor);
        if before.is_some() && neighbor.mac() != Some(mac) {
            // It may have moved, or this is wrong: whoever has the address says so.
            self.ask(&neighbor, None, now);
        }
    }
}

impl Timed for Interface {
    /// Asks again for neighbours that have not answered, and gives up on those that do not.
    fn expired(self: Arc<Self>, stack: &'static Stack) {
        let now = stack.now();
        let (mut asks, mut lost, mut again) = (Vec::new(), Vec::new(), false);
        let mut table = self.neighbors.0.lock();
        for neighbor in table.neighbors.values() {
            let mut asking = neighbor.asking.lock();
            if asking.asked > 0 && now >= asking.asked_at + RETRY {
                if asking.asked < TRIES {
                    asking.asked += 1;
                    asking.asked_at = now;
                    asks.push(neighbor.address);
                } else {
                    asking.asked = 0;
                    neighbor.set_mac(None);
                    lost.append(&mut asking.waiting);
                }
            }
            again |= asking.asked > 0;
        }
        table.timer = again;
        drop(table);
        if again {
            stack.set_timer(now + RETRY, self.itself());
        }
        for address in asks {
            ip::solicit(&self, &address, None);
        }
        for (kind, packet) in lost {
            if let Some((protocol, local, remote, start)) = ip::describe(kind, &packet) {
                let news = News::Unreachable { error: EHOSTUNREACH, hard: false };
                report(stack, protocol, &Report { local, remote, start, news });
            }
        }
    }
}
