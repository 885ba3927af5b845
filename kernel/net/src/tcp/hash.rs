//! Connections by their two ends: sixteen tables, each with a lock of its own, that grow.

use alloc::sync::Arc;
use alloc::vec::Vec;

use kcore::errno::{EADDRINUSE, ENOMEM, Result};
use kcore::sync::SpinLock;

use super::listen::Embryo;
use super::socket::Socket;
use super::time_wait::Waiting;
use crate::address::{Endpoint, IpAddress};
use crate::hash;
use crate::stack::Stack;

const SHARDS: usize = 16;
/// Slots of a table at first.
const SLOTS: usize = 16;

/// What there is of a connection.
#[derive(Clone)]
pub(super) enum Entry {
    /// The whole of it.
    Socket(Arc<Socket>),
    /// A request that is not confirmed.
    Embryo(Arc<Embryo>),
    /// One that is over.
    Waiting(Arc<Waiting>),
}

impl Entry {
    fn address(&self) -> usize {
        match self {
            Self::Socket(socket) => Arc::as_ptr(socket).addr(),
            Self::Embryo(embryo) => Arc::as_ptr(embryo).addr(),
            Self::Waiting(waiting) => Arc::as_ptr(waiting).addr(),
        }
    }
}

struct Slot {
    hash: u64,
    local: Endpoint,
    remote: Endpoint,
    entry: Entry,
}

impl Slot {
    fn is(&self, hash: u64, local: &Endpoint, remote: &Endpoint) -> bool {
        let same = |a: &Endpoint, b: &Endpoint| (a.port, a.address) == (b.port, b.address);
        self.hash == hash && same(&self.local, local) && same(&self.remote, remote)
    }
}

/// Bytes of a slot.
#[cfg(test)]
pub(super) const SLOT: usize = size_of::<Option<Slot>>();

/// A table with open addressing and linear probing, at most three quarters full.
struct Shard {
    slots: Vec<Option<Slot>>,
    used: usize,
}

pub(super) struct Connections([SpinLock<Shard>; SHARDS]);

impl Connections {
    pub const fn new() -> Self {
        Self([const { SpinLock::new(Shard { slots: Vec::new(), used: 0 }) }; SHARDS])
    }

    fn place(&self, stack: &Stack, local: &Endpoint, remote: &Endpoint) -> (&SpinLock<Shard>, u64) {
        let hash = hash::of_pair(stack.key(), local, remote);
        (&self.0[(hash >> 60) as usize % SHARDS], hash)
    }

    /// What there is between two ends.
    pub fn find(&self, stack: &Stack, local: &Endpoint, remote: &Endpoint) -> Option<Entry> {
        let (shard, hash) = self.place(stack, local, remote);
        let shard = shard.lock();
        let at = shard.find(hash, local, remote)?;
        shard.slots.get(at)?.as_ref().map(|slot| slot.entry.clone())
    }

    /// Adds an entry.
    ///
    /// # Errors
    /// `EADDRINUSE` if there is one; `ENOMEM`.
    pub fn insert(&self, stack: &Stack, local: Endpoint, remote: Endpoint, entry: Entry) -> Result<()> {
        let (shard, hash) = self.place(stack, &local, &remote);
        let mut shard = shard.lock();
        if shard.find(hash, &local, &remote).is_some() {
            return Err(EADDRINUSE);
        }
        shard.make_room()?;
        shard.put(Slot { hash, local, remote, entry });
        Ok(())
    }

    /// Puts an entry in the place of another, which has to be there.
    ///
    /// # Errors
    /// `EADDRINUSE` if it is not.
    pub fn replace(
        &self,
        stack: &Stack,
        local: &Endpoint,
        remote: &Endpoint,
        old: &Entry,
        new: Entry,
    ) -> Result<()> {
        let (shard, hash) = self.place(stack, local, remote);
        let mut shard = shard.lock();
        let at = shard.find(hash, local, remote).ok_or(EADDRINUSE)?;
        let slot = shard.slots.get_mut(at).and_then(Option::as_mut).ok_or(EADDRINUSE)?;
        if slot.entry.address() != old.address() {
            return Err(EADDRINUSE);
        }
        let before = core::mem::replace(&mut slot.entry, new);
        drop(shard);
        drop(before);
        Ok(())
    }

    /// Removes an entry, if it is this one.
    pub fn remove(&self, stack: &Stack, local: &Endpoint, remote: &Endpoint, old: &Entry) -> bool {
        let (shard, hash) = self.place(stack, local, remote);
        let mut shard = shard.lock();
        let Some(at) = shard.find(hash, local, remote) else { return false };
        let is = shard
            .slots
            .get(at)
            .and_then(Option::as_ref)
            .is_some_and(|slot| slot.entry.address() == old.address());
        let removed = if is { shard.remove(at) } else { None };
        drop(shard);
        removed.is_some()
    }

    /// The sockets of all connections.
    pub fn sockets(&self) -> Vec<Arc<Socket>> {
        let socket = |slot: &Slot| match &slot.entry {
            Entry::Socket(socket) => Some(socket.clone()),
            Entry::Embryo(_) | Entry::Waiting(_) => None,
        };
        self.0
            .iter()
            .flat_map(|shard| shard.lock().slots.iter().flatten().filter_map(socket).collect::<Vec<_>>())
            .collect()
    }

    /// Whether a local end is in use by a connection, or by what is left of one.
    pub fn uses(&self, end: &Endpoint) -> bool {
        let same = |own: &IpAddress| {
            let any = end.address.is_any()
                && (end.address.family() == own.family() || end.address == IpAddress::ANY_V6);
            any || end.address == *own
        };
        self.0.iter().any(|shard| {
            let shard = shard.lock();
            shard.slots.iter().flatten().any(|slot| slot.local.port == end.port && same(&slot.local.address))
        })
    }
}

impl Shard {
    fn find(&self, hash: u64, local: &Endpoint, remote: &Endpoint) -> Option<usize> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut at = hash as usize & mask;
        while let Some(slot) = self.slots.get(at)? {
            if slot.is(hash, local, remote) {
                return Some(at);
            }
            at = (at + 1) & mask;
        }
        None
    }

    fn make_room(&mut self) -> Result<()> {
        if (self.used + 1) * 4 <= self.slots.len() * 3 {
            return Ok(());
        }
        let size = (self.slots.len() * 2).max(SLOTS);
        self.resize(size)
    }

    fn resize(&mut self, size: usize) -> Result<()> {
        let mut slots = Vec::new();
        slots.try_reserve_exact(size).map_err(|_| ENOMEM)?;
        slots.resize_with(size, || None);
        let old = core::mem::replace(&mut self.slots, slots);
        self.used = 0;
        old.into_iter().flatten().for_each(|slot| self.put(slot));
        Ok(())
    }

    fn put(&mut self, slot: Slot) {
        let mask = self.slots.len() - 1;
        let mut at = slot.hash as usize & mask;
        while let Some(Some(_)) = self.slots.get(at) {
            at = (at + 1) & mask;
        }
        if let Some(place) = self.slots.get_mut(at) {
            *place = Some(slot);
            self.used += 1;
        }
    }

    /// Takes a slot out, and moves those back that it had displaced.
    fn remove(&mut self, at: usize) -> Option<Slot> {
        let mask = self.slots.len().checked_sub(1)?;
        let removed = self.slots.get_mut(at)?.take();
        self.used -= 1;
        let (mut hole, mut next) = (at, (at + 1) & mask);
        while let Some(Some(slot)) = self.slots.get(next) {
            let home = slot.hash as usize & mask;
            // It may move to the hole unless its home lies behind that.
            if (next.wrapping_sub(home) & mask) >= (next.wrapping_sub(hole) & mask) {
                self.slots.swap(hole, next);
                hole = next;
            }
            next = (next + 1) & mask;
        }
        if self.slots.len() > 1024 && self.used * 8 < self.slots.len() {
            // Many are gone. Without memory it stays as it is.
            let _ = self.resize(self.slots.len() / 4);
        }
        removed
    }
}
