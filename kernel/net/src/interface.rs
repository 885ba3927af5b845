//! Interfaces: a card, or the loopback, with its addresses.

use alloc::collections::VecDeque;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, Ordering};

use kcore::device::net::{Checksum, GsoKind, Nic, Offloads, Packet, Receiver};
use kcore::errno::{EADDRNOTAVAIL, EINVAL, ENODEV, Result};
use kcore::sync::SpinLock;

use crate::address::{IpAddress, Prefix};
use crate::ip;
use crate::neighbor::Neighbors;
use crate::stack::{InterfaceInfo, Stack};
use crate::wheel::Timed;
use crate::wire::checksum;
use crate::wire::ethernet::{self, Mac};

/// Packets that wait for room in a card's queue.
const BACKLOG: usize = 1024;
/// MTU of the loopback interface, Linux's.
const LOOPBACK_MTU: usize = 65536;

/// An address of an interface.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Address {
    pub prefix: Prefix,
    /// Until when, in nanoseconds.
    pub valid_until: u64,
    /// Until when it is a source for new connections.
    pub preferred_until: u64,
    /// Not known to be ours alone yet (RFC 4862, section 5.4).
    pub tentative: bool,
}

/// An interface.
pub struct Interface {
    /// Its index, from 1.
    pub index: u32,
    name: [u8; 16],
    /// Its hardware address.
    pub mac: Mac,
    mtu: usize,
    /// What its card does for us.
    pub offloads: Offloads,
    pub(crate) stack: &'static Stack,
    nic: Option<Arc<dyn Nic>>,
    up: AtomicBool,
    pub(crate) addresses: SpinLock<Vec<Address>>,
    pub(crate) neighbors: Neighbors,
    /// Groups, and how often each was joined.
    groups: SpinLock<Vec<(IpAddress, u32)>>,
    backlog: SpinLock<VecDeque<Packet>>,
    /// Who asks for its address.
    pub(crate) dhcp: SpinLock<Option<Arc<crate::dhcp::Client>>>,
    /// What waits for a timer that is about this interface.
    kept: SpinLock<Vec<Arc<dyn Timed>>>,
    itself: Weak<Interface>,
}

/// Adds the loopback interface, the first.
pub(crate) fn add_loopback(stack: &'static Stack) {
    let all = Offloads { checksum: true, checked: true, tso4: true, tso6: true, gso: LOOPBACK_MTU };
    let lo = add(stack, b"lo", [0; 6], LOOPBACK_MTU, all, None);
    for row in ip::rows() {
        let (address, length) = row.loopback;
        lo.add_address(Prefix { address, length }, u64::MAX);
    }
}

/// Whether all cards have sent what they were given.
pub(crate) fn all_idle(stack: &Stack) -> bool {
    let interfaces: Vec<_> = stack.interfaces.lock().clone();
    interfaces.iter().filter_map(|interface| interface.nic.as_ref()).all(|nic| nic.is_idle())
}

/// Adds a card's interface and starts to receive.
///
/// # Errors
/// What the card gives.
pub fn add_card(stack: &'static Stack, nic: Arc<dyn Nic>) -> Result<Arc<Interface>> {
    let number = stack.interfaces.lock().len().saturating_sub(1);
    let name = [b'e', b't', b'h', b'0' + (number % 10) as u8];
    let interface = add(stack, &name, nic.mac(), nic.mtu(), nic.offloads(), Some(nic.clone()));
    interface.up.store(nic.link(), Ordering::Release);
    nic.start(interface.clone())?;
    Ok(interface)
}

fn add(
    stack: &'static Stack,
    name: &[u8],
    mac: Mac,
    mtu: usize,
    offloads: Offloads,
    nic: Option<Arc<dyn Nic>>,
) -> Arc<Interface> {
    let mut bytes = [0; 16];
    crate::wire::put(&mut bytes, 0, name);
    // Only one thread adds interfaces.
    let index = stack.interfaces.lock().len() as u32 + 1;
    let interface = Arc::new_cyclic(|itself| Interface {
        index,
        name: bytes,
        mac,
        mtu,
        offloads,
        stack,
        nic,
        up: AtomicBool::new(true),
        addresses: SpinLock::new(Vec::new()),
        neighbors: Neighbors::new(),
        groups: SpinLock::new(Vec::new()),
        backlog: SpinLock::new(VecDeque::new()),
        dhcp: SpinLock::new(None),
        kept: SpinLock::new(Vec::new()),
        itself: itself.clone(),
    });
    stack.interfaces.lock().push(interface.clone());
    stack.routes.changed();
    interface
}

impl Interface {
    /// Whether it is the loopback interface.
    pub fn is_loopback(&self) -> bool {
        self.nic.is_none()
    }

    /// Whether packets can go out.
    pub fn is_up(&self) -> bool {
        self.up.load(Ordering::Acquire)
    }

    /// The longest packet, without a link header.
    pub fn mtu(&self) -> usize {
        self.mtu
    }

    pub(crate) fn itself(&self) -> Weak<Self> {
        self.itself.clone()
    }

    /// Keeps what a timer will call.
    pub(crate) fn keep(&self, what: Arc<dyn Timed>) {
        self.kept.lock().push(what);
    }

    /// Drops it again.
    pub(crate) fn forget<T>(&self, what: &Arc<T>) {
        let mut kept = self.kept.lock();
        let at = kept.iter().position(|other| core::ptr::addr_eq(Arc::as_ptr(other), Arc::as_ptr(what)));
        let found = at.map(|at| kept.swap_remove(at));
        drop(kept);
        drop(found);
    }

    /// What is known of it.
    pub(crate) fn info(&self) -> InterfaceInfo {
        let addresses = self.addresses.lock().clone();
        InterfaceInfo {
            index: self.index,
            name: self.name,
            mac: self.mac,
            mtu: self.mtu as u32,
            loopback: self.is_loopback(),
            running: self.is_up(),
            addresses: addresses.iter().filter(|own| !own.tentative).map(|own| own.prefix).collect(),
        }
    }

    /// Whether an address is its own.
    pub fn has(&self, address: &IpAddress) -> bool {
        self.is_loopback() && address.is_loopback()
            || self.addresses.lock().iter().any(|own| own.prefix.address == *address && !own.tentative)
    }

    /// Bits of the network on this link that an address is in.
    pub(crate) fn on_link(&self, address: &IpAddress) -> Option<u32> {
        let addresses = self.addresses.lock();
        let matching = addresses.iter().filter(|own| own.prefix.contains(address));
        matching.map(|own| u32::from(own.prefix.length)).max()
    }

    /// The first address of the same family.
    pub(crate) fn first_address(&self, like: &IpAddress) -> Option<IpAddress> {
        let addresses = self.addresses.lock();
        addresses.iter().map(|own| own.prefix.address).find(|own| own.family() == like.family())
    }

    /// The address that is best for packets to `to` (RFC 6724, section 5, as far as it matters here:
    /// scope, then what is not deprecated, then the longest match).
    pub(crate) fn source_for(&self, to: &IpAddress) -> Option<IpAddress> {
        let now = self.stack.now();
        let addresses = self.addresses.lock();
        let usable = addresses.iter().filter(|own| {
            own.prefix.address.family() == to.family() && !own.tentative && own.valid_until > now
        });
        let local = to.is_link_local() || matches!(to, IpAddress::V6([0xff, scope, ..]) if scope & 15 == 2);
        let rank = |own: &&Address| {
            let address = &own.prefix.address;
            (address.is_link_local() == local, own.preferred_until > now, address.common_bits(to))
        };
        usable.max_by_key(rank).map(|own| own.prefix.address)
    }

    /// Adds an address, or renews it.
    pub(crate) fn add_address(&self, prefix: Prefix, valid_until: u64) {
        let new = Address { prefix, valid_until, preferred_until: valid_until, tentative: false };
        let mut addresses = self.addresses.lock();
        addresses.retain(|own| own.prefix.address != prefix.address);
        addresses.push(new);
        drop(addresses);
        self.stack.routes.changed();
    }

    /// Drops an address.
    pub(crate) fn remove_address(&self, address: &IpAddress) {
        self.addresses.lock().retain(|own| own.prefix.address != *address);
        self.stack.routes.changed();
    }

    /// Whether packets to an address are for this machine, when they come by this interface: its own,
    /// a broadcast, a group that was joined.
    pub(crate) fn accepts(&self, address: &IpAddress) -> bool {
        if self.has(address) {
            return true;
        }
        if address.is_multicast() {
            return *address == IpAddress::V4([224, 0, 0, 1])
                || self.groups.lock().iter().any(|group| group.0 == *address);
        }
        // Another interface's address is ours as well, as on Linux, but not the loopback's.
        self.is_broadcast(address) || !address.is_loopback() && self.stack.owner_of(address).is_some()
    }

    /// Whether a packet of IPv4 is from a host, as far as its source says, and to one of this
    /// interface's addresses, like nearly all of them.
    pub(crate) fn is_ordinary(&self, from: &IpAddress, to: &IpAddress) -> bool {
        let addresses = self.addresses.lock();
        let mut known = false;
        for own in addresses.iter() {
            known |= own.prefix.address == *to && !own.tentative;
            if own.prefix.broadcast() == Some(*from) {
                return false;
            }
        }
        known && *from != IpAddress::BROADCAST && !from.is_multicast()
    }

    /// Whether an address means all hosts on this link.
    pub(crate) fn is_broadcast(&self, address: &IpAddress) -> bool {
        *address == IpAddress::BROADCAST
            || matches!(address, IpAddress::V4(_))
                && self.addresses.lock().iter().any(|own| own.prefix.broadcast() == Some(*address))
    }

    /// Joins a group; true for the first who does.
    pub(crate) fn join(&self, group: IpAddress) -> bool {
        let mut groups = self.groups.lock();
        if let Some(known) = groups.iter_mut().find(|known| known.0 == group) {
            known.1 += 1;
            return false;
        }
        groups.push((group, 1));
        true
    }

    /// Leaves a group; true for the last who does.
    pub(crate) fn leave(&self, group: &IpAddress) -> bool {
        let mut groups = self.groups.lock();
        let Some(at) = groups.iter().position(|known| known.0 == *group) else { return false };
        if let Some(known) = groups.get_mut(at) {
            known.1 -= 1;
            if known.1 > 0 {
                return false;
            }
        }
        groups.swap_remove(at);
        true
    }

    /// Sends a packet without a link header to a host on the link.
    pub(crate) fn send(&self, next_hop: &IpAddress, kind: u16, packet: Packet, more: bool) {
        if self.is_loopback() {
            self.stack.loopback.push(self.index, kind, packet);
            return;
        }
        let mac = if next_hop.is_multicast() {
            ethernet::of_group(next_hop)
        } else if self.is_broadcast(next_hop) {
            ethernet::BROADCAST
        } else {
            return self.send_to_neighbor(&self.neighbors.get(next_hop), kind, packet, more);
        };
        self.send_to(mac, kind, packet, more);
    }

    /// Sends a packet without a link header to a hardware address.
    pub(crate) fn send_to(&self, mac: Mac, kind: u16, mut packet: Packet, more: bool) {
        let Some(header) = packet.push_header(ethernet::LENGTH) else { return };
        ethernet::Header { destination: mac, source: self.mac, kind }.write(header);
        if !self.offloads.checksum {
            checksum::complete(&mut packet);
        }
        let Some(nic) = &self.nic else { return };
        let mut backlog = self.backlog.lock();
        if backlog.is_empty() {
            drop(backlog);
            let Err(packet) = nic.transmit(packet, more) else { return };
            backlog = self.backlog.lock();
            backlog.push_back(packet);
            drop(backlog);
            // The card may have made room before it was in the queue.
            self.writable();
        } else if backlog.len() < BACKLOG {
            backlog.push_back(packet);
        }
    }

    /// The longest TCP payload that may go out as one packet.
    pub(crate) fn longest_send(&self, kind: GsoKind, headers: usize) -> usize {
        let cuts = match kind {
            GsoKind::Tcp4 => self.offloads.tso4,
            GsoKind::Tcp6 => self.offloads.tso6,
        };
        if !cuts || !self.offloads.checksum {
            return 0;
        }
        // IP's length field counts 16 bits.
        self.offloads.gso.min(65535).saturating_sub(headers + ethernet::LENGTH)
    }

    /// Joins or leaves a group on an interface, the one to the group's network if the index is 0.
    pub(crate) fn change_group(
        stack: &'static Stack,
        group: IpAddress,
        index: u32,
        join: bool,
    ) -> Result<u32> {
        if !group.is_multicast() {
            return Err(EINVAL);
        }
        let interface = match index {
            0 => stack.route(&group, None, 0).map_err(|_| ENODEV)?.interface,
            index => stack.interface(index).ok_or(ENODEV)?,
        };
        if join {
            if interface.join(group) {
                ip::joined(stack, &interface, &group, true);
            }
        } else if interface.leave(&group) {
            ip::joined(stack, &interface, &group, false);
        } else if !interface.groups.lock().iter().any(|known| known.0 == group) {
            return Err(EADDRNOTAVAIL);
        }
        Ok(interface.index)
    }
}

impl Receiver for Interface {
    fn receive(&self, mut packet: Packet) {
        let Some(header) = ethernet::Header::parse(&packet.head) else { return };
        // The lowest bit marks groups; what is for other hosts may come by where a link is shared.
        if header.destination != self.mac && header.destination[0] & 1 == 0
            || !packet.pull_header(ethernet::LENGTH)
        {
            return;
        }
        if matches!(packet.checksum, Checksum::Partial { .. }) && packet.gso.is_none() {
            // It has not been on a wire: nothing can have damaged it.
            packet.checksum = Checksum::Valid;
        }
        ip::input(self.stack, self, &header, packet);
    }

    fn done(&self) {
        self.stack.settle();
    }

    fn writable(&self) {
        let Some(nic) = &self.nic else { return };
        loop {
            let mut backlog = self.backlog.lock();
            let Some(packet) = backlog.pop_front() else { return };
            let more = !backlog.is_empty();
            // Under the lock, so that the order stays.
            if let Err(packet) = nic.transmit(packet, more) {
                backlog.push_front(packet);
                return;
            }
        }
    }

    fn link(&self, up: bool) {
        self.up.store(up, Ordering::Release);
        self.stack.routes.changed();
        if up && let Some(interface) = self.itself.upgrade() {
            for row in ip::rows() {
                (row.started)(self.stack, &interface);
            }
        }
    }
}
