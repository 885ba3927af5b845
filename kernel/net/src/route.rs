//! Which way packets go: the routing table, the choice of the source address, what is known of paths.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, Ordering};

use kcore::device::net::Packet;
use kcore::errno::{EADDRNOTAVAIL, ENETUNREACH, ENODEV, Result};
use kcore::sync::SpinLock;

use crate::address::{IpAddress, Prefix};
use crate::interface::Interface;
use crate::neighbor::Neighbor;
use crate::stack::Stack;

/// Paths whose MTU is kept.
const PATHS: usize = 256;
/// How long it is kept, in nanoseconds (RFC 1191, section 6.3; RFC 8201, section 4).
const PATH_LIFETIME: u64 = 600_000_000_000;

/// A route by a router. Networks that are on a link itself are with the interfaces' addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Route {
    /// Where it leads; length 0 for everywhere.
    pub to: Prefix,
    /// The router; none if `to` is on the link.
    pub gateway: Option<IpAddress>,
    /// By which interface (index).
    pub interface: u32,
    /// Until when, in nanoseconds.
    pub valid_until: u64,
}

/// The routes.
pub(crate) struct Routes {
    list: SpinLock<Vec<Route>>,
    /// MTUs of paths, with the time until when they count.
    paths: SpinLock<BTreeMap<IpAddress, (usize, u64)>>,
    generation: AtomicU32,
}

impl Routes {
    pub const fn new() -> Self {
        Self {
            list: SpinLock::new(Vec::new()),
            paths: SpinLock::new(BTreeMap::new()),
            generation: AtomicU32::new(1),
        }
    }

    /// Says that ways found before may be wrong now.
    pub fn changed(&self) {
        self.generation.fetch_add(1, Ordering::Release);
    }

    /// Adds a route, in place of one to the same network by the same router.
    pub fn add(&self, route: Route) {
        let mut list = self.list.lock();
        list.retain(|other| {
            (other.to, other.gateway, other.interface) != (route.to, route.gateway, route.interface)
        });
        list.push(route);
        drop(list);
        self.changed();
    }

    /// Drops the routes that `which` names.
    pub fn remove(&self, which: impl Fn(&Route) -> bool) {
        self.list.lock().retain(|route| !which(route));
        self.changed();
    }
}

/// A way to somewhere.
#[derive(Clone)]
pub struct Way {
    /// By which interface.
    pub interface: Arc<Interface>,
    /// Our address.
    pub source: IpAddress,
    /// Who gets the packets, on the link.
    pub next_hop: IpAddress,
    /// The longest packet that gets through, as far as is known.
    pub mtu: usize,
    /// The next hop, if it is a single host on a cable.
    pub(crate) neighbor: Option<Arc<Neighbor>>,
    generation: u32,
}

impl Way {
    /// Whether it can still be relied on.
    pub fn is_current(&self, stack: &Stack) -> bool {
        self.generation == stack.routes.generation.load(Ordering::Acquire)
    }

    /// What was sent arrives.
    pub(crate) fn works(&self, now: u64) {
        if let Some(neighbor) = &self.neighbor {
            neighbor.confirm(now);
        }
    }

    /// What was sent does not seem to arrive.
    pub(crate) fn fails(&self) {
        if let Some(neighbor) = &self.neighbor {
            self.interface.doubt(neighbor);
        }
    }

    /// Sends a packet without a link header.
    pub(crate) fn send(&self, kind: u16, packet: Packet, more: bool) {
        match &self.neighbor {
            Some(neighbor) => self.interface.send_to_neighbor(neighbor, kind, packet, more),
            None => self.interface.send(&self.next_hop, kind, packet, more),
        }
    }
}

impl Stack {
    /// The way to an address, from a certain one and by a certain interface (0 for any).
    ///
    /// # Errors
    /// `ENETUNREACH`; `ENODEV` if there is no such interface; `EADDRNOTAVAIL` for a source that is
    /// not this machine's.
    pub fn route(&self, to: &IpAddress, from: Option<&IpAddress>, interface: u32) -> Result<Way> {
        let generation = self.routes.generation.load(Ordering::Acquire);
        let interfaces = self.interfaces.lock().clone();
        let from = from.filter(|from| !from.is_any());
        if from.is_some_and(|from| !interfaces.iter().any(|own| own.has(from))) {
            return Err(EADDRNOTAVAIL);
        }
        let lo = interfaces.first().ok_or(ENETUNREACH)?;
        // What is this machine's never leaves it.
        if to.is_any() || to.is_loopback() || interfaces.iter().any(|own| own.has(to)) {
            let to = if to.is_any() { lo.first_address(to).ok_or(ENETUNREACH)? } else { *to };
            let source = from.copied().unwrap_or(if to.is_loopback() {
                lo.first_address(&to).ok_or(ENETUNREACH)?
            } else {
                to
            });
            return Ok(Way {
                interface: lo.clone(),
                source,
                next_hop: to,
                mtu: lo.mtu(),
                neighbor: None,
                generation,
            });
        }
        let wanted = |index: u32| interface == 0 || index == interface;
        if interface != 0 && !interfaces.iter().any(|own| own.index == interface) {
            return Err(ENODEV);
        }
        let mut best: Option<(u32, &Arc<Interface>, Option<IpAddress>)> = None;
        let mut consider = |length: u32, by: &'_ Arc<Interface>, gateway| {
            // Copied, to be compared with the best so far.
            if best.as_ref().is_none_or(|best| length > best.0) {
                let by = interfaces.iter().find(|own| own.index == by.index);
                best = by.map(|by| (length, by, gateway));
            }
        };
        let single = to.is_multicast() || *to == IpAddress::BROADCAST;
        for own in interfaces.iter().filter(|own| wanted(own.index)) {
            if let Some(length) = own.on_link(to) {
                consider(length, own, None);
            } else if (single || to.is_link_local()) && !own.is_loopback() && (interface != 0 || own.is_up())
            {
                consider(0, own, None);
            }
        }
        let now = self.now();
        for route in self.routes.list.lock().iter() {
            if route.to.contains(to) && wanted(route.interface) && route.valid_until > now && !single {
                let by = interfaces.iter().find(|own| own.index == route.interface);
                if let Some(by) = by.filter(|by| by.is_up()) {
                    consider(u32::from(route.to.length), by, route.gateway);
                }
            }
        }
        let (_, by, gateway) = best.ok_or(ENETUNREACH)?;
        let source = match from {
            Some(from) => *from,
            None => by.source_for(to).ok_or(ENETUNREACH)?,
        };
        let paths = self.routes.paths.lock();
        let known = paths.get(to).filter(|path| path.1 > now).map_or(usize::MAX, |path| path.0);
        drop(paths);
        let (next_hop, mtu) = (gateway.unwrap_or(*to), by.mtu().min(known));
        let alone = !by.is_loopback() && !next_hop.is_multicast() && !by.is_broadcast(&next_hop);
        let neighbor = alone.then(|| by.neighbors.get(&next_hop));
        Ok(Way { interface: by.clone(), source, next_hop, mtu, neighbor, generation })
    }

    /// Notes that packets longer than `mtu` do not get to `to`.
    pub(crate) fn learn_path(&self, to: &IpAddress, mtu: usize) {
        let now = self.now();
        let mut paths = self.routes.paths.lock();
        if paths.len() >= PATHS {
            paths.retain(|_, path| path.1 > now);
        }
        if paths.len() < PATHS || paths.contains_key(to) {
            paths.insert(*to, (mtu, now + PATH_LIFETIME));
        }
        drop(paths);
        self.routes.changed();
    }
}
