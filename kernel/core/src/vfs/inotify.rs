//! `inotify`: what happens to files, read from a file.
//!
//! Regular files and directories tell when they are opened, read, written and closed; devices, pipes
//! and sockets only of their names and attributes.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use super::file::{Control, File, Place};
use super::flags::{OpenFlags, Status};
use super::node::Node;
use super::poll::{Events, Source};
use super::stat::Stat;
use super::watch::{self, Changes, Watcher};
use crate::errno::{EAGAIN, EEXIST, EFAULT, EINVAL, ENOSPC, ENOTTY, Result};
use crate::sync::{Mutex, WaitQueue};

/// `IN_Q_OVERFLOW`: events were lost.
const OVERFLOW: u32 = 0x4000;
/// `IN_IGNORED`: the watch is gone.
const IGNORED: u32 = 0x8000;
/// `IN_EXCL_UNLINK`: nothing of files that have no name any more.
const EXCLUDE_UNLINKED: u32 = 0x0400_0000;
/// `IN_MASK_CREATE`: only if there is no watch yet.
const MASK_CREATE: u32 = 0x1000_0000;
/// `IN_MASK_ADD`: besides what is watched already.
const MASK_ADD: u32 = 0x2000_0000;
/// `IN_ISDIR`: it happened to a directory.
const IS_DIRECTORY: u32 = 0x4000_0000;
/// `IN_ONESHOT`: the watch ends with the first event.
const ONE_SHOT: u32 = 0x8000_0000;

/// Events that wait for a reader at most; Linux's default.
pub const QUEUE_MAX: usize = 16384;
/// Bytes of a `struct inotify_event` before the name.
const HEADER: usize = 16;

/// A watched file.
struct Watch {
    number: i32,
    /// What is wanted, and how.
    mask: u32,
    /// Only its address counts: the watch does not keep the file.
    node: Weak<Node>,
}

/// An event that was not read yet.
#[derive(PartialEq, Eq)]
struct Event {
    watch: i32,
    mask: u32,
    cookie: u32,
    name: Box<[u8]>,
}

impl Event {
    /// Bytes of the name with its NULs, and of the whole.
    fn lengths(&self) -> (usize, usize) {
        let name = if self.name.is_empty() { 0 } else { (self.name.len() + 1).next_multiple_of(HEADER) };
        (name, HEADER + name)
    }
}

#[derive(Default)]
struct State {
    watches: Vec<Watch>,
    /// The number of the newest watch.
    last: i32,
    queue: VecDeque<Event>,
}

/// What an instance and those who tell it share.
struct Shared {
    state: Mutex<State>,
    /// Bytes in the queue.
    bytes: AtomicUsize,
    arrived: WaitQueue,
    source: Source,
}

/// An instance: watched files, and what happened to them.
pub struct Inotify {
    status: Status,
    shared: Arc<Shared>,
}

/// All instances.
static INSTANCES: Mutex<Vec<Arc<Shared>>> = Mutex::new(Vec::new());
/// Watches of all of them.
static WATCHES: AtomicUsize = AtomicUsize::new(0);
static COOKIE: AtomicU32 = AtomicU32::new(0);

impl Inotify {
    /// An instance that watches nothing.
    #[must_use]
    pub fn new(flags: OpenFlags) -> Self {
        watch::on_change(&FILES);
        let shared = Arc::new(Shared {
            state: Mutex::new(State::default()),
            bytes: AtomicUsize::new(0),
            arrived: WaitQueue::new(),
            source: Source::new(),
        });
        INSTANCES.lock().push(shared.clone());
        Self { status: Status::new(flags), shared }
    }

    /// Watches a file for what `mask` says (`inotify_add_watch`); gives the watch's number.
    pub fn add(&self, node: &Arc<Node>, mask: u32) -> Result<i32> {
        if mask & (MASK_ADD | MASK_CREATE) == MASK_ADD | MASK_CREATE {
            return Err(EINVAL);
        }
        let kept = Changes::all().bits() | EXCLUDE_UNLINKED | ONE_SHOT;
        let mut state = self.shared.state.lock();
        if let Some(watch) = state.watches.iter_mut().find(|watch| watch.is(node)) {
            if mask & MASK_CREATE != 0 {
                return Err(EEXIST);
            }
            let before = if mask & MASK_ADD != 0 { watch.mask } else { 0 };
            watch.mask = before | mask & kept;
            return Ok(watch.number);
        }
        let number = state.last.checked_add(1).ok_or(ENOSPC)?;
        state.last = number;
        state.watches.push(Watch { number, mask: mask & kept, node: Arc::downgrade(node) });
        WATCHES.fetch_add(1, Ordering::Relaxed);
        Ok(number)
    }

    /// Watches a file no more (`inotify_rm_watch`); `EINVAL` if there is no such watch.
    pub fn remove(&self, number: i32) -> Result<()> {
        let mut state = self.shared.state.lock();
        let at = state.watches.iter().position(|watch| watch.number == number).ok_or(EINVAL)?;
        self.shared.end(&mut state, at);
        Ok(())
    }
}

impl Drop for Inotify {
    fn drop(&mut self) {
        let mut instances = INSTANCES.lock();
        let at = instances.iter().position(|other| Arc::ptr_eq(other, &self.shared));
        let removed = at.map(|at| instances.swap_remove(at));
        drop(instances);
        drop(removed);
        WATCHES.fetch_sub(self.shared.state.lock().watches.len(), Ordering::Relaxed);
    }
}

impl Watch {
    fn is(&self, node: &Node) -> bool {
        core::ptr::eq(self.node.as_ptr(), node)
    }
}

impl Shared {
    /// Adds an event to the queue, unless it says what the last one does.
    fn queue(&self, state: &mut State, event: Event) {
        let same = |last: &Event| {
            last.mask & IGNORED == 0
                && (last.watch, last.mask, &last.name) == (event.watch, event.mask, &event.name)
        };
        if state.queue.back().is_some_and(same) {
            return;
        }
        let event = if state.queue.len() < QUEUE_MAX {
            event
        } else if state.queue.len() == QUEUE_MAX {
            Event { watch: -1, mask: OVERFLOW, cookie: 0, name: Box::default() }
        } else {
            return;
        };
        self.bytes.fetch_add(event.lengths().1, Ordering::Release);
        state.queue.push_back(event);
        self.arrived.wake_one();
        self.source.notify(Events::READABLE);
    }

    /// Ends a watch, and says so.
    fn end(&self, state: &mut State, at: usize) {
        let watch = state.watches.remove(at);
        WATCHES.fetch_sub(1, Ordering::Relaxed);
        self.queue(state, Event { watch: watch.number, mask: IGNORED, cookie: 0, name: Box::default() });
    }

    /// Tells the watch of `node`, if there is one that wants to know.
    fn tell(&self, node: &Node, event: Told<'_>) {
        let mut state = self.state.lock();
        let Some(at) = state.watches.iter().position(|watch| watch.is(node)) else { return };
        let Some((number, mask)) = state.watches.get(at).map(|watch| (watch.number, watch.mask)) else {
            return;
        };
        let excluded = event.unlinked && mask & EXCLUDE_UNLINKED != 0;
        if mask & event.changes.bits() != 0 && !excluded {
            let directory = if event.directory { IS_DIRECTORY } else { 0 };
            let mask = event.changes.bits() | directory;
            self.queue(
                &mut state,
                Event { watch: number, mask, cookie: event.cookie, name: event.name.into() },
            );
        }
        let told = mask & event.changes.bits() != 0 && !excluded;
        if event.changes == Changes::DELETE_SELF || told && mask & ONE_SHOT != 0 {
            self.end(&mut state, at);
        }
    }
}

impl State {
    /// Moves events to a buffer, as many as fit; `EINVAL` if not even one does.
    fn give(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let mut done = 0;
        while let Some(event) = self.queue.front() {
            let (name, length) = event.lengths();
            let Some(place) = buffer.get_mut(done..done + length) else {
                return if done == 0 { Err(EINVAL) } else { Ok(done) };
            };
            let (header, text) = place.split_at_mut(HEADER);
            let words = [event.watch as u32, event.mask, event.cookie, name as u32];
            for (place, word) in header.chunks_exact_mut(4).zip(words) {
                place.copy_from_slice(&word.to_ne_bytes());
            }
            for (place, byte) in text.iter_mut().zip(event.name.iter().copied().chain(core::iter::repeat(0)))
            {
                *place = byte;
            }
            done += length;
            self.queue.pop_front();
        }
        Ok(done)
    }
}

impl File for Inotify {
    fn status(&self) -> &Status {
        &self.status
    }

    fn stat(&self) -> Result<Stat> {
        Ok(Stat { inode: 1, links: 1, mode: 0o600, block_size: 4096, ..Stat::default() })
    }

    fn read(&self, buffer: &mut [u8]) -> Result<usize> {
        let shared = &self.shared;
        loop {
            let count = shared.state.lock().give(buffer)?;
            if count > 0 {
                shared.bytes.fetch_sub(count, Ordering::Release);
                return Ok(count);
            }
            if self.status.nonblocking() {
                return Err(EAGAIN);
            }
            shared.arrived.wait_until(None, || (shared.bytes.load(Ordering::Acquire) > 0).then_some(()))?;
        }
    }

    fn ready(&self) -> Events {
        if self.shared.bytes.load(Ordering::Acquire) > 0 { Events::READABLE } else { Events::empty() }
    }

    fn source(&self) -> Option<&Source> {
        Some(&self.shared.source)
    }

    fn control(&self) -> Option<&dyn Control> {
        Some(self)
    }
}

impl Control for Inotify {
    fn ioctl(&self, request: u32, argument: usize) -> Result<i32> {
        // FIONREAD
        if request != 0x541b {
            return Err(ENOTTY);
        }
        let to = core::ptr::with_exposed_provenance_mut::<i32>(argument);
        if to.is_null() {
            return Err(EFAULT);
        }
        let bytes = self.shared.bytes.load(Ordering::Acquire);
        // SAFETY: the argument of this request is the caller's `int`.
        unsafe { to.write_unaligned(i32::try_from(bytes).unwrap_or(i32::MAX)) };
        Ok(0)
    }
}

/// What a watch is told.
#[derive(Clone, Copy)]
struct Told<'a> {
    changes: Changes,
    /// The name in the watched directory; empty if it happened to the watched file itself.
    name: &'a [u8],
    cookie: u32,
    directory: bool,
    /// The file has no name any more.
    unlinked: bool,
}

impl Told<'_> {
    /// Something that happened to the watched file itself.
    fn of(node: &Node, changes: Changes) -> Self {
        // Those who watch a directory were never told of its end or move that it is one.
        let own = changes.intersects(Changes::DELETE_SELF.union(Changes::MOVE_SELF));
        let directory = !own && node.directory().is_some();
        Self { changes, name: b"", cookie: 0, directory, unlinked: false }
    }
}

fn tell(node: &Node, event: Told<'_>) {
    for shared in INSTANCES.lock().iter() {
        shared.tell(node, event);
    }
}

/// The name that `node` has in `directory` now.
fn name_in(directory: &Arc<Node>, node: &Node) -> Option<Vec<u8>> {
    let name = directory.directory()?.with(directory, |entries| {
        Ok(entries
            .names()
            .find(|(_, named)| core::ptr::eq(Arc::as_ptr(named), node))
            .map(|(name, _)| name.to_vec()))
    });
    name.ok().flatten()
}

/// Whether `place` still is where its file is.
fn holds(directory: &Arc<Node>, place: &Place) -> bool {
    let named = |entries: &mut super::directory::Entries| {
        Ok(entries.get(&place.name).is_some_and(|named| Arc::ptr_eq(named, &place.node)))
    };
    directory.directory().is_some_and(|body| body.with(directory, named).unwrap_or(false))
}

/// The watcher of all instances.
struct Files;

static FILES: &dyn Watcher = &Files;

impl Watcher for Files {
    fn opened(&self, place: &Place, changes: Changes) {
        if WATCHES.load(Ordering::Relaxed) == 0 {
            return;
        }
        let node = &*place.node;
        let event = Told::of(node, changes);
        let Some(parent) = &place.parent else { return tell(node, event) };
        let unlinked = node.with_attributes(|attributes| attributes.links) == 0;
        if !unlinked && !holds(parent, place) {
            return self.found(node, changes);
        }
        tell(parent, Told { name: &place.name, unlinked, ..event });
        tell(node, event);
    }

    fn found(&self, node: &Node, changes: Changes) {
        if WATCHES.load(Ordering::Relaxed) == 0 {
            return;
        }
        // Outside of the locks, since the last reference to a directory may be dropped here.
        let mut directories: Vec<Arc<Node>> = Vec::new();
        for shared in INSTANCES.lock().iter() {
            let state = shared.state.lock();
            directories.extend(state.watches.iter().filter_map(|watch| watch.node.upgrade()));
        }
        directories.sort_by_key(Arc::as_ptr);
        directories.dedup_by_key(|directory| Arc::as_ptr(directory));
        let event = Told::of(node, changes);
        for directory in &directories {
            if let Some(name) = name_in(directory, node) {
                tell(directory, Told { name: &name, ..event });
            }
        }
        tell(node, event);
    }

    fn itself(&self, node: &Node, changes: Changes) {
        if WATCHES.load(Ordering::Relaxed) > 0 {
            tell(node, Told::of(node, changes));
        }
    }

    fn named(&self, directory: &Node, name: &[u8], of_directory: bool, changes: Changes, cookie: u32) {
        if WATCHES.load(Ordering::Relaxed) > 0 {
            tell(directory, Told { changes, name, cookie, directory: of_directory, unlinked: false });
        }
    }

    fn cookie(&self) -> u32 {
        COOKIE.fetch_add(1, Ordering::Relaxed).wrapping_add(1)
    }
}
