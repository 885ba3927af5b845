//! Ports: who has which, and free ones.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use kcore::errno::{EADDRINUSE, Result};
use kcore::sync::SpinLock;

use crate::address::{Endpoint, Family, IpAddress};

/// The ports that are given out (Linux's `ip_local_port_range`).
pub const FIRST: u16 = 32768;
/// How many there are.
pub const COUNT: u16 = 28232;

/// Somebody's right to a port.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Claim {
    /// Whose: the address of the socket, which is no other's as long as it lives.
    pub owner: usize,
    /// At which address.
    pub address: IpAddress,
    /// An "any address" of IPv6 is not one of IPv4.
    pub v6_only: bool,
    /// On which interface; 0 for all.
    pub interface: u32,
    /// Shared with others who say so as well, unless one listens.
    pub reuse_address: bool,
    /// Shared with others who say so as well.
    pub reuse_port: bool,
    /// Waits for connections there.
    pub listens: bool,
}

impl Claim {
    fn covers(&self, other: &Self) -> bool {
        let dual = self.address == IpAddress::ANY_V6 && !self.v6_only;
        self.address.is_any() && (self.address.family() == other.address.family() || dual)
            || self.address == other.address
    }

    fn excludes(&self, other: &Self) -> bool {
        let apart = self.interface != 0 && other.interface != 0 && self.interface != other.interface;
        let shared = self.reuse_port && other.reuse_port
            || self.reuse_address && other.reuse_address && !self.listens && !other.listens;
        !apart && !shared && (self.covers(other) || other.covers(self))
    }
}

/// The ports of a protocol.
pub struct Ports(SpinLock<BTreeMap<u16, Vec<Claim>>>);

impl Default for Ports {
    fn default() -> Self {
        Self::new()
    }
}

impl Ports {
    /// All are free.
    #[must_use]
    pub const fn new() -> Self {
        Self(SpinLock::new(BTreeMap::new()))
    }

    /// Claims a port, or a free one for 0; gives it.
    ///
    /// # Errors
    /// `EADDRINUSE`.
    pub fn claim(&self, port: u16, claim: Claim) -> Result<u16> {
        let start = if port == 0 { kcore::random::word() } else { 0 };
        let mut all = self.0.lock();
        let free = |all: &BTreeMap<u16, Vec<Claim>>, port: u16| {
            all.get(&port).is_none_or(|claims| !claims.iter().any(|other| other.excludes(&claim)))
        };
        let port = match port {
            // One that nobody has at all, so that nobody shares it without knowing.
            0 => candidates(start).find(|port| !all.contains_key(port)).ok_or(EADDRINUSE)?,
            port if free(&all, port) => port,
            _ => return Err(EADDRINUSE),
        };
        all.entry(port).or_default().push(claim);
        Ok(port)
    }

    /// Says that an owner listens now.
    ///
    /// # Errors
    /// `EADDRINUSE` if somebody does not want to share the port with one who listens.
    pub fn listen(&self, port: u16, claim: Claim) -> Result<()> {
        let mut all = self.0.lock();
        let Some(claims) = all.get_mut(&port) else { return Err(EADDRINUSE) };
        if claims.iter().any(|other| other.owner != claim.owner && other.listens && other.excludes(&claim)) {
            return Err(EADDRINUSE);
        }
        if let Some(own) = claims.iter_mut().find(|own| own.owner == claim.owner) {
            *own = claim;
        }
        Ok(())
    }

    /// Gives a port back.
    pub fn release(&self, port: u16, owner: usize) {
        let mut all = self.0.lock();
        if let Some(claims) = all.get_mut(&port) {
            claims.retain(|claim| claim.owner != owner);
            if claims.is_empty() {
                all.remove(&port);
            }
        }
    }

    /// Whether anybody has claimed a port.
    pub fn is_claimed(&self, port: u16) -> bool {
        self.0.lock().contains_key(&port)
    }
}

/// The ports that may be given out, once each, from a random one on (RFC 6056, section 3.3).
pub fn candidates(start: u64) -> impl Iterator<Item = u16> {
    let start = (start % u64::from(COUNT)) as u16;
    (0..COUNT).map(move |step| FIRST + (start + step) % COUNT)
}

/// How well a bound address fits a packet's destination: none if it does not.
pub fn fit(bound: &Endpoint, v6_only: bool, interface: u32, to: &IpAddress, came_by: u32) -> Option<u32> {
    if interface != 0 && interface != came_by {
        return None;
    }
    let bonus = u32::from(interface != 0);
    if bound.address == *to {
        return Some(4 + bonus);
    }
    let same = bound.address.family() == to.family();
    let dual = bound.address.family() == Family::V6 && !v6_only;
    (bound.address.is_any() && (same || dual)).then_some(u32::from(same) + bonus)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(owner: usize, address: IpAddress) -> Claim {
        Claim {
            owner,
            address,
            v6_only: false,
            interface: 0,
            reuse_address: false,
            reuse_port: false,
            listens: false,
        }
    }

    #[test]
    fn claims_exclude_each_other_as_on_linux() {
        let ports = Ports::new();
        assert_eq!(ports.claim(80, claim(1, IpAddress::ANY_V4)), Ok(80));
        assert_eq!(ports.claim(80, claim(2, IpAddress::LOOPBACK_V4)), Err(EADDRINUSE));
        assert_eq!(ports.claim(80, claim(2, IpAddress::ANY_V6)), Err(EADDRINUSE));
        let only = Claim { v6_only: true, ..claim(2, IpAddress::ANY_V6) };
        assert_eq!(ports.claim(80, only), Ok(80));
        ports.release(80, 1);
        let reuse = Claim { reuse_address: true, ..claim(3, IpAddress::ANY_V4) };
        assert_eq!(ports.claim(80, reuse), Ok(80));
        assert_eq!(ports.claim(80, Claim { owner: 4, ..reuse }), Ok(80));
        assert_eq!(ports.listen(80, Claim { owner: 4, listens: true, ..reuse }), Ok(()));
        assert_eq!(ports.listen(80, Claim { listens: true, ..reuse }), Err(EADDRINUSE));
        let shared = Claim { reuse_port: true, listens: true, ..claim(5, IpAddress::ANY_V4) };
        assert_eq!(ports.claim(81, shared), Ok(81));
        assert_eq!(ports.claim(81, Claim { owner: 6, ..shared }), Ok(81));
        assert_eq!(ports.claim(81, claim(7, IpAddress::ANY_V4)), Err(EADDRINUSE));
    }

    #[test]
    fn free_ports_are_all_given_out_and_not_in_order() {
        let ports = Ports::new();
        let first = ports.claim(0, claim(1, IpAddress::ANY_V4)).unwrap();
        let second = ports.claim(0, claim(2, IpAddress::ANY_V4)).unwrap();
        assert!(first != second && first.abs_diff(second) != 1 || second.abs_diff(first) < COUNT);
        let mut seen: Vec<u16> = candidates(12345).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!((seen.len(), seen[0]), (usize::from(COUNT), FIRST));
    }
}
