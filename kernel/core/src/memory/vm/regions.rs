//! Which address ranges are mapped, and as what: a search tree of regions that do not overlap.
//!
//! A treap: ordered by address, balanced by random priorities. Each node knows the span and the
//! largest hole of its subtree, so a free range is found without looking at every region.

use super::{Backing, Protection, RegionInfo};
use alloc::boxed::Box;
use alloc::sync::Arc;
use hal::mem::PAGE_SHIFT;

/// Whether a mapping's pages are sure to be had when they are touched.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Promise {
    /// They are there already, or it was made to be used in part only.
    Never,
    /// As it was small and came early.
    Small,
    /// When they may be written.
    Later,
    /// Each is counted until it is there.
    Made,
}

/// A mapped range.
#[derive(Clone)]
pub(super) struct Region {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) protection: Protection,
    pub(super) shared: bool,
    pub(super) promise: Promise,
    /// A large block of the heap: it is not joined with its neighbours.
    pub(super) heap: bool,
    pub(super) backing: Option<(Arc<dyn Backing>, u64)>,
}

impl Region {
    /// The part of the region from `start` to `end`, which are in it.
    fn part(&self, start: usize, end: usize) -> Self {
        let skipped = (start - self.start) as u64;
        let backing = self.backing.as_ref().map(|(backing, offset)| (backing.clone(), offset + skipped));
        Self { start, end, backing, ..*self }
    }

    /// How many pages it was promised in all.
    pub(super) fn promised_pages(&self) -> usize {
        if self.promise == Promise::Made { (self.end - self.start) >> PAGE_SHIFT } else { 0 }
    }

    pub(super) fn info(&self) -> RegionInfo {
        RegionInfo {
            start: self.start,
            end: self.end,
            protection: self.protection,
            shared: self.shared,
            backing: self.backing.clone(),
        }
    }

    /// Whether `next`, which begins where this one ends, is more of the same.
    fn continues(&self, next: &Self) -> bool {
        let plain = !self.heap && !next.heap && self.backing.is_none() && next.backing.is_none();
        let alike =
            (self.protection, self.shared, self.promise) == (next.protection, next.shared, next.promise);
        plain && alike && self.end == next.start
    }
}

struct Node {
    region: Region,
    priority: u32,
    left: Tree,
    right: Tree,
    /// Where the subtree's first region starts.
    start: usize,
    /// Where the subtree's last region ends.
    end: usize,
    /// The largest hole between two regions of the subtree.
    hole: usize,
}

type Tree = Option<Box<Node>>;

impl Node {
    /// Works out what the node knows of its subtree, after a change under it.
    fn update(&mut self) {
        (self.start, self.end, self.hole) = (self.region.start, self.region.end, 0);
        if let Some(left) = &self.left {
            self.start = left.start;
            self.hole = left.hole.max(self.region.start - left.end);
        }
        if let Some(right) = &self.right {
            self.end = right.end;
            self.hole = self.hole.max(right.hole).max(right.start - self.region.end);
        }
    }
}

/// Splits a tree in the regions that start before `at`, and the others.
fn split(tree: Tree, at: usize) -> (Tree, Tree) {
    let Some(mut node) = tree else { return (None, None) };
    if node.region.start < at {
        let (middle, right) = split(node.right.take(), at);
        node.right = middle;
        node.update();
        (Some(node), right)
    } else {
        let (left, middle) = split(node.left.take(), at);
        node.left = middle;
        node.update();
        (left, Some(node))
    }
}

/// Joins two trees; all of `left` is before all of `right`.
fn join(left: Tree, right: Tree) -> Tree {
    match (left, right) {
        (None, tree) | (tree, None) => tree,
        (Some(mut left), Some(mut right)) => Some(if left.priority > right.priority {
            left.right = join(left.right.take(), Some(right));
            left.update();
            left
        } else {
            right.left = join(Some(left), right.left.take());
            right.update();
            right
        }),
    }
}

fn visit(tree: &Tree, start: usize, end: usize, each: &mut dyn FnMut(&Region)) {
    let Some(node) = tree else { return };
    if node.end <= start || node.start >= end {
        return;
    }
    visit(&node.left, start, end, each);
    if node.region.end > start && node.region.start < end {
        each(&node.region);
    }
    visit(&node.right, start, end, each);
}

/// All regions.
pub(super) struct Regions {
    tree: Tree,
    seed: u32,
}

impl Regions {
    pub(super) const fn new() -> Self {
        Self { tree: None, seed: 0x2545_f491 }
    }

    /// The region that `address` is in.
    pub(super) fn find(&self, address: usize) -> Option<&Region> {
        let mut tree = &self.tree;
        while let Some(node) = tree {
            if address < node.region.start {
                tree = &node.left;
            } else if address >= node.region.end {
                tree = &node.right;
            } else {
                return Some(&node.region);
            }
        }
        None
    }

    /// Calls `each` for every region with something in a range, in order.
    pub(super) fn for_each(&self, start: usize, end: usize, each: &mut dyn FnMut(&Region)) {
        visit(&self.tree, start, end, each);
    }

    /// Whether nothing is mapped in a range.
    pub(super) fn is_free(&self, start: usize, end: usize) -> bool {
        let mut free = true;
        self.for_each(start, end, &mut |_| free = false);
        free
    }

    /// Whether a range is mapped without a hole.
    pub(super) fn is_whole(&self, start: usize, end: usize) -> bool {
        let mut at = start;
        self.for_each(start, end, &mut |region| {
            if region.start <= at {
                at = region.end;
            }
        });
        at >= end
    }

    /// Adds a region; its range is free. It is joined with what it continues.
    pub(super) fn insert(&mut self, mut region: Region) {
        if let Some(before) = region.start.checked_sub(1).and_then(|address| self.find(address))
            && before.continues(&region)
        {
            region.start = before.start;
            self.take(region.start, region.end, &mut |_| {});
        }
        if let Some(after) = self.find(region.end)
            && region.continues(after)
        {
            let end = after.end;
            self.take(region.end, end, &mut |_| {});
            region.end = end;
        }
        // Marsaglia's xorshift: any numbers that do not follow the addresses do.
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 17;
        self.seed ^= self.seed << 5;
        let (start, end, priority) = (region.start, region.end, self.seed);
        let node = Node { region, priority, left: None, right: None, start, end, hole: 0 };
        let (left, right) = split(self.tree.take(), start);
        self.tree = join(join(left, Some(Box::new(node))), right);
    }

    /// Takes out what is mapped in a range, and gives it to `each` in order; regions at its ends
    /// are cut.
    pub(super) fn take(&mut self, start: usize, end: usize, each: &mut dyn FnMut(Region)) {
        // A region that begins before the range is cut first.
        let first = self.find(start).filter(|region| region.start < start).cloned();
        if let Some(region) = first {
            let (left, right) = split(self.tree.take(), region.start);
            let (_, right) = split(right, region.start + 1);
            self.tree = join(left, right);
            if region.end > end {
                self.put(region.part(end, region.end));
            }
            self.put(region.part(region.start, start));
            each(region.part(start, region.end.min(end)));
        }
        let (left, right) = split(self.tree.take(), start);
        let (middle, right) = split(right, end);
        self.tree = join(left, right);
        self.drain(middle, end, each);
    }

    fn drain(&mut self, tree: Tree, end: usize, each: &mut dyn FnMut(Region)) {
        let Some(mut node) = tree else { return };
        self.drain(node.left.take(), end, each);
        let right = node.right.take();
        let region = node.region;
        if region.end > end {
            self.put(region.part(end, region.end));
            each(region.part(region.start, end));
        } else {
            each(region);
        }
        self.drain(right, end, each);
    }

    /// [`Regions::insert`] without joining: what was cut stays cut until it is whole again.
    fn put(&mut self, region: Region) {
        self.seed = self.seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (start, end, priority) = (region.start, region.end, self.seed);
        let node = Node { region, priority, left: None, right: None, start, end, hole: 0 };
        let (left, right) = split(self.tree.take(), start);
        self.tree = join(join(left, Some(Box::new(node))), right);
    }

    /// The highest free range of `length` bytes between `low` and `high`: where it starts.
    pub(super) fn highest_hole(&self, length: usize, low: usize, high: usize) -> Option<usize> {
        let Some(root) = &self.tree else { return high.checked_sub(length).filter(|&at| at >= low) };
        let fits = |start: usize, end: usize| {
            let end = end.min(high);
            (end >= start.max(low) && end - start.max(low) >= length).then(|| end - length)
        };
        fits(root.end, high).or_else(|| hole_in(root, length, &fits)).or_else(|| fits(low, root.start))
    }
}

/// The highest hole between two regions of a subtree for which `fits` says where to start.
fn hole_in(node: &Node, length: usize, fits: &dyn Fn(usize, usize) -> Option<usize>) -> Option<usize> {
    if node.hole < length {
        return None;
    }
    if let Some(right) = &node.right {
        let found = hole_in(right, length, fits).or_else(|| fits(node.region.end, right.start));
        if found.is_some() {
            return found;
        }
    }
    let left = node.left.as_ref()?;
    fits(left.end, node.region.start).or_else(|| hole_in(left, length, fits))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(start: usize, end: usize, write: bool) -> Region {
        let protection = Protection { read: true, write, execute: false };
        Region { start, end, protection, shared: false, promise: Promise::Never, heap: false, backing: None }
    }

    fn all(regions: &Regions) -> Vec<(usize, usize, bool)> {
        let mut all = Vec::new();
        regions.for_each(0, usize::MAX, &mut |r| all.push((r.start, r.end, r.protection.write)));
        all
    }

    #[test]
    fn neighbours_of_the_same_kind_become_one() {
        let mut regions = Regions::new();
        regions.insert(region(10, 20, true));
        regions.insert(region(30, 40, true));
        regions.insert(region(20, 30, true));
        assert_eq!(all(&regions), [(10, 40, true)]);
        regions.insert(region(40, 50, false));
        assert_eq!(all(&regions).len(), 2);
        assert!(regions.is_whole(10, 50) && !regions.is_whole(5, 50) && !regions.is_whole(45, 51));
    }

    #[test]
    fn taking_a_range_cuts_what_is_at_its_ends() {
        let mut regions = Regions::new();
        regions.insert(region(10, 100, true));
        let mut taken = Vec::new();
        regions.take(40, 60, &mut |r| taken.push((r.start, r.end)));
        assert_eq!(taken, [(40, 60)]);
        assert_eq!(all(&regions), [(10, 40, true), (60, 100, true)]);
        regions.take(0, 1000, &mut |r| taken.push((r.start, r.end)));
        assert_eq!(taken[1..], [(10, 40), (60, 100)]);
        assert!(all(&regions).is_empty());
    }

    #[test]
    fn regions_and_holes_are_as_in_a_map_of_units() {
        const SPACE: usize = 300;
        let mut model = [0u8; SPACE];
        let mut regions = Regions::new();
        let mut seed = 3u64;
        let mut random = |below: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) as usize % below
        };
        for _ in 0..5000 {
            let start = random(SPACE - 40);
            let end = start + 1 + random(40);
            regions.take(start, end, &mut |r| {
                assert!(model[r.start..r.end].iter().all(|&unit| unit == 1 + u8::from(r.protection.write)));
            });
            model[start..end].fill(0);
            if random(3) != 0 {
                let write = random(2) == 1;
                regions.insert(region(start, end, write));
                model[start..end].fill(1 + u8::from(write));
            }
            let length = 1 + random(30);
            let expected =
                (0..=SPACE - length).rev().find(|&at| model[at..at + length].iter().all(|&unit| unit == 0));
            assert_eq!(regions.highest_hole(length, 0, SPACE), expected);
            let mut units = [0u8; SPACE];
            for (start, end, write) in all(&regions) {
                units[start..end].fill(1 + u8::from(write));
            }
            assert_eq!(units, model);
            let probe = random(SPACE);
            assert_eq!(regions.find(probe).is_some(), model[probe] != 0);
        }
    }
}
