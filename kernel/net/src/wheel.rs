//! The timer wheel: what is to happen when.
//!
//! Four levels of 64 slots, a tick of four milliseconds, and lists of nodes in blocks that are added as
//! they are needed, so that setting and cancelling take the same time however many timers there are,
//! and no timer needs much memory at once. Nothing runs while
//! nothing is pending: whoever serves the wheel asks for the next point in time and sleeps until
//! then.

use alloc::boxed::Box;
use alloc::sync::Weak;
use alloc::vec::Vec;

use kcore::sync::SpinLock;

use crate::stack::Stack;

/// Nanoseconds in a tick, as a power of two: 4.2 ms.
const TICK: u32 = 22;
/// Slots of a level, as a power of two.
const SLOTS: u32 = 6;
const LEVELS: usize = 4;
/// Blocks that are kept when nothing is pending.
const KEPT: usize = 16;
/// Nodes that are added at a time.
const BLOCK: usize = 64;
const NONE: u32 = u32::MAX;

/// What waits for a point in time.
pub trait Timed: Send + Sync {
    /// It has come. Called by a thread that holds no locks.
    fn expired(self: alloc::sync::Arc<Self>, stack: &'static Stack);
}

/// A timer that was set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Handle {
    index: u32,
    generation: u32,
}

struct Node {
    target: Option<Weak<dyn Timed>>,
    /// The tick it expires at.
    tick: u64,
    /// Neighbours in the slot's list, or the next free node.
    next: u32,
    previous: u32,
    /// The slot that it is in.
    slot: u32,
    generation: u32,
}

struct Slots {
    #[expect(clippy::vec_box, reason = "blocks do not move when the list of them grows")]
    blocks: Vec<Box<[Node; BLOCK]>>,
    free: u32,
    pending: u32,
    /// What nodes begin with.
    generation: u32,
    /// The first node of each slot.
    first: [u32; LEVELS << SLOTS],
    /// Which slots are not empty, a bit each.
    occupied: [u64; LEVELS],
    /// All ticks before this one have been served.
    now: u64,
}

/// A wheel.
pub struct Wheel(SpinLock<Slots>);

impl Default for Wheel {
    fn default() -> Self {
        Self::new()
    }
}

impl Wheel {
    /// Nothing is pending.
    #[must_use]
    pub const fn new() -> Self {
        Self(SpinLock::new(Slots {
            blocks: Vec::new(),
            free: NONE,
            pending: 0,
            generation: 0,
            first: [NONE; LEVELS << SLOTS],
            occupied: [0; LEVELS],
            now: 0,
        }))
    }

    /// Has `target` called at `deadline` (nanoseconds) or a tick later. The flag says whether that comes
    /// before all else that is pending, so that whoever serves the wheel has to be told.
    pub fn set(&self, deadline: u64, now: u64, target: Weak<dyn Timed>) -> (Handle, bool) {
        let mut slots = self.0.lock();
        if slots.pending == 0 {
            slots.now = now >> TICK;
        }
        let before = slots.next();
        // Rounded up: never too early.
        let tick = (deadline.saturating_add((1 << TICK) - 1) >> TICK).max(slots.now);
        let handle = slots.insert(tick, target);
        (handle, before.is_none_or(|before| tick < before))
    }

    /// Takes a timer back; nothing if it has expired.
    pub fn cancel(&self, handle: Handle) {
        let mut slots = self.0.lock();
        let target = slots
            .node(handle.index)
            .is_some_and(|node| node.generation == handle.generation && node.target.is_some())
            .then(|| slots.remove(handle.index));
        drop(slots);
        drop(target);
    }

    /// When to look next, in nanoseconds; none while nothing is pending. Never later than the next
    /// deadline, but perhaps earlier.
    pub fn next(&self) -> Option<u64> {
        self.0.lock().next().map(|tick| tick << TICK)
    }

    /// The next timer that has expired at `now`; to be called until there is none.
    pub fn expire(&self, now: u64) -> Option<Weak<dyn Timed>> {
        self.0.lock().expire(now >> TICK)
    }

    /// Timers that are pending.
    pub fn pending(&self) -> usize {
        self.0.lock().pending as usize
    }
}

impl Slots {
    fn node(&mut self, index: u32) -> Option<&mut Node> {
        self.blocks.get_mut(index as usize / BLOCK)?.get_mut(index as usize % BLOCK)
    }

    /// Adds a block of free nodes.
    fn grow(&mut self) {
        let first = (self.blocks.len() * BLOCK) as u32;
        let generation = self.generation;
        self.blocks.push(Box::new(core::array::from_fn(|at| Node {
            target: None,
            tick: 0,
            next: if at + 1 < BLOCK { first + at as u32 + 1 } else { NONE },
            previous: NONE,
            slot: 0,
            generation,
        })));
        self.free = first;
    }

    /// The slot for a tick: a level holds what is less than 64 of its slots away.
    fn slot_of(&self, tick: u64) -> u32 {
        let mut level = 0;
        while level + 1 < LEVELS as u32
            && (tick >> (level * SLOTS)) - (self.now >> (level * SLOTS)) >= 1 << SLOTS
        {
            level += 1;
        }
        // What is beyond the last level goes as far as that reaches, and moves on from there.
        let shift = level * SLOTS;
        let at = (tick >> shift).min((self.now >> shift) + (1 << SLOTS) - 1);
        level << SLOTS | (at & ((1 << SLOTS) - 1)) as u32
    }

    fn insert(&mut self, tick: u64, target: Weak<dyn Timed>) -> Handle {
        if self.free == NONE {
            self.grow();
        }
        let index = self.free;
        let mut generation = 0;
        if let Some(node) = self.node(index) {
            node.target = Some(target);
            node.tick = tick;
            generation = node.generation;
            let next = node.next;
            self.free = next;
        }
        self.pending += 1;
        self.link(index, tick);
        Handle { index, generation }
    }

    fn link(&mut self, index: u32, tick: u64) {
        let slot = self.slot_of(tick);
        let next = core::mem::replace(&mut self.first[slot as usize], index);
        self.occupied[(slot >> SLOTS) as usize] |= 1 << (slot & ((1 << SLOTS) - 1));
        if let Some(next) = self.node(next) {
            next.previous = index;
        }
        if let Some(node) = self.node(index) {
            (node.next, node.previous, node.slot) = (next, NONE, slot);
        }
    }

    fn unlink(&mut self, index: u32) {
        let Some(node) = self.node(index) else { return };
        let (next, previous, slot) = (node.next, node.previous, node.slot);
        if let Some(next) = self.node(next) {
            next.previous = previous;
        }
        match self.node(previous) {
            Some(previous) => previous.next = next,
            None => {
                self.first[slot as usize] = next;
                if next == NONE {
                    self.occupied[(slot >> SLOTS) as usize] &= !(1 << (slot & ((1 << SLOTS) - 1)));
                }
            }
        }
    }

    fn remove(&mut self, index: u32) -> Option<Weak<dyn Timed>> {
        self.unlink(index);
        self.pending -= 1;
        let free = self.free;
        let node = self.node(index)?;
        let target = node.target.take();
        node.generation = node.generation.wrapping_add(1);
        node.next = free;
        self.free = index;
        if self.pending == 0 && self.blocks.len() > KEPT {
            // A flood has passed. Handles that are still about must not fit new nodes.
            (self.blocks, self.free) = (Vec::new(), NONE);
            self.generation = self.generation.wrapping_add(1 << 16);
        }
        target
    }

    /// The tick of the first slot that is not empty.
    fn next(&self) -> Option<u64> {
        let mut best: Option<u64> = None;
        for (level, &occupied) in self.occupied.iter().enumerate() {
            if occupied == 0 {
                continue;
            }
            let shift = level as u32 * SLOTS;
            let here = self.now >> shift;
            let ahead = occupied.rotate_right((here & 63) as u32).trailing_zeros();
            let tick = ((here + u64::from(ahead)) << shift).max(self.now);
            best = Some(best.map_or(tick, |best| best.min(tick)));
        }
        best
    }

    fn expire(&mut self, now: u64) -> Option<Weak<dyn Timed>> {
        loop {
            let tick = self.next().filter(|&tick| tick <= now)?;
            self.now = tick;
            // What has come near moves down, from the top.
            for level in (1..LEVELS as u32).rev() {
                let at = (tick >> (level * SLOTS) & 63) as u32;
                let mut index = self.first[(level << SLOTS | at) as usize];
                while let Some(node) = self.node(index) {
                    let (next, tick) = (node.next, node.tick);
                    self.unlink(index);
                    self.link(index, tick);
                    index = next;
                }
            }
            let first = self.first[(tick & 63) as usize];
            if first != NONE {
                return self.remove(first);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::sync::Arc;
    use std::collections::BTreeMap;

    struct Nothing;
    impl Timed for Nothing {
        fn expired(self: Arc<Self>, _stack: &'static Stack) {}
    }

    #[test]
    fn timers_expire_in_their_tick_and_never_early() {
        let (wheel, target) = (Wheel::new(), Arc::new(Nothing));
        let weak: Weak<dyn Timed> = Arc::downgrade(&(target as Arc<dyn Timed>));
        let mut seed = 3u64;
        let mut random = move || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            seed >> 33
        };
        let mut now = 77 << TICK;
        let mut due: BTreeMap<u64, Vec<Handle>> = BTreeMap::new();
        for round in 0..20_000 {
            let far = [1u64 << 6, 1 << 12, 1 << 18, 1 << 24, 1 << 26][round % 5];
            let deadline = now + (random() % far << TICK) + random() % 1000;
            let (handle, _) = wheel.set(deadline, now, weak.clone());
            due.entry(deadline.div_ceil(1 << TICK)).or_default().push(handle);
            if round % 3 == 0 {
                let key = *due.keys().nth(random() as usize % due.len()).unwrap();
                let handle = due.get_mut(&key).unwrap().pop().unwrap();
                due.retain(|_, list| !list.is_empty());
                wheel.cancel(handle);
                wheel.cancel(handle);
            }
            if round % 4 == 0 {
                now += (random() % [2, 100, 5000][round % 3]) << TICK;
                let mut expired = 0;
                while wheel.expire(now).is_some() {
                    expired += 1;
                }
                let rest = due.split_off(&((now >> TICK) + 1));
                assert_eq!(expired, due.values().map(Vec::len).sum::<usize>(), "{round}");
                due = rest;
                assert_eq!(wheel.pending(), due.values().map(Vec::len).sum::<usize>());
                assert_eq!(wheel.next().is_some(), !due.is_empty());
                if let (Some(next), Some(first)) = (wheel.next(), due.keys().next()) {
                    assert!(next >> TICK <= *first && next > now);
                }
            }
        }
        while let Some(next) = wheel.next() {
            while wheel.expire(next).is_some() {}
        }
        assert_eq!(wheel.pending(), 0);
    }
}
