//! `epoll`: a set of files of which it is known, without asking each, which are ready.

use alloc::collections::VecDeque;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, Ordering};

use super::file::File;
use super::flags::{OpenFlags, Status};
use super::poll::{Events, Listener, Source};
use super::stat::Stat;
use crate::errno::{EEXIST, EINVAL, ELOOP, ENOENT, EPERM, ETIMEDOUT, Result};
use crate::sync::{Mutex, SpinLock, WaitQueue};
use crate::time::Instant;

/// `struct epoll_event`: 12 bytes, packed on x86-64.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Event {
    /// [`Events`].
    pub events: u32,
    /// Whatever the program wants back.
    pub data: u64,
}

/// How deep sets may be in sets.
const DEPTH_MAX: usize = 5;

/// A file in a set.
struct Item {
    this: Weak<Item>,
    set: Arc<Ready>,
    fd: i32,
    file: Weak<dyn File>,
    wanted: SpinLock<(Events, u64)>,
    /// It is in the ready list.
    queued: AtomicBool,
}

/// The part of a set that files know: which of them may be ready, and who waits for it.
struct Ready {
    /// Has room for all items, so that interrupts need not allocate.
    list: SpinLock<VecDeque<Arc<Item>>>,
    waiting: WaitQueue,
    source: Source,
}

impl Item {
    /// Puts the item into the ready list.
    fn queue(&self) {
        let set = &*self.set;
        if !self.queued.swap(true, Ordering::AcqRel)
            && let Some(this) = self.this.upgrade()
        {
            set.list.lock().push_back(this);
        }
        set.waiting.wake_one();
        set.source.notify(Events::READABLE);
    }
}

impl Listener for Item {
    fn notify(&self, events: Events) {
        let wanted = self.wanted.lock().0;
        // A disarmed item wants nothing, not even errors.
        if !wanted.is_empty() && events.intersects(wanted | Events::ALWAYS) {
            self.queue();
        }
    }
}

/// A set of files.
pub struct Epoll {
    status: Status,
    /// By descriptor, then by file.
    items: Mutex<Vec<Arc<Item>>>,
    ready: Arc<Ready>,
}

/// Changing the set takes one at a time, so that no loop of sets can be made.
static CHANGING: Mutex<()> = Mutex::new(());

impl Epoll {
    /// An empty set.
    #[must_use]
    pub fn new() -> Arc<Self> {
        let ready =
            Ready { list: SpinLock::new(VecDeque::new()), waiting: WaitQueue::new(), source: Source::new() };
        Arc::new(Self {
            status: Status::new(OpenFlags::READ_WRITE),
            items: Mutex::new(Vec::new()),
            ready: Arc::new(ready),
        })
    }

    /// Whether `other` is in this set or in a set in it.
    fn contains(&self, other: &Epoll, depth: usize) -> Result<bool> {
        if core::ptr::eq(self, other) {
            return Ok(true);
        }
        if depth >= DEPTH_MAX {
            return Err(ELOOP);
        }
        let files: Vec<_> = self.items.lock().iter().filter_map(|item| item.file.upgrade()).collect();
        for file in files {
            if let Some(inner) = file.downcast::<Epoll>()
                && inner.contains(other, depth + 1)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Where the item of a file is in the list, or where it belongs.
    fn search(items: &[Arc<Item>], fd: i32, file: &Arc<dyn File>) -> core::result::Result<usize, usize> {
        let key = (fd, Arc::as_ptr(file).addr());
        items.binary_search_by(|item| (item.fd, item.file.as_ptr().addr()).cmp(&key))
    }

    /// Adds a file (`EPOLL_CTL_ADD`): `EEXIST` if it is there, `EPERM` if it is always ready,
    /// `ELOOP` if it is a set that holds this one, `EINVAL` if it is this one.
    pub fn add(&self, fd: i32, file: &Arc<dyn File>, events: Events, data: u64) -> Result<()> {
        let source = file.source().ok_or(EPERM)?;
        let _only = CHANGING.lock();
        if let Some(inner) = file.downcast::<Epoll>() {
            if events.contains(Events::EXCLUSIVE) || core::ptr::eq(inner, self) {
                return Err(EINVAL);
            }
            if inner.contains(self, 1)? {
                return Err(ELOOP);
            }
        }
        let mut items = self.items.lock();
        // Files that had the descriptor before are gone, unless it was duplicated.
        let first = items.partition_point(|item| item.fd < fd);
        while items.get(first).is_some_and(|item| item.fd == fd && item.file.strong_count() == 0) {
            items.remove(first);
        }
        let Err(at) = Self::search(&items, fd, file) else { return Err(EEXIST) };
        let item = Arc::new_cyclic(|this| Item {
            this: this.clone(),
            set: self.ready.clone(),
            fd,
            file: Arc::downgrade(file),
            wanted: SpinLock::new((events | Events::ALWAYS, data)),
            queued: AtomicBool::new(false),
        });
        items.insert(at, item.clone());
        self.make_room(items.len(), &item);
        drop(items);
        source.register(item.clone());
        if file.ready().intersects(events | Events::ALWAYS) {
            item.queue();
        }
        Ok(())
    }

    /// Sees to it that the ready list takes all items, whoever queues them: listeners must not allocate.
    fn make_room(&self, items: usize, filler: &Arc<Item>) {
        let (length, capacity) = {
            let ready = self.ready.list.lock();
            (ready.len(), ready.capacity())
        };
        // Items of files that are gone may still be in it.
        if capacity >= items + length {
            return;
        }
        let room = (items + length) * 2;
        let mut larger = VecDeque::with_capacity(room);
        // Touched now: under the lock there must be no page fault.
        larger.extend(core::iter::repeat_n(filler.clone(), room));
        larger.clear();
        let mut ready = self.ready.list.lock();
        larger.extend(ready.drain(..));
        core::mem::swap(&mut *ready, &mut larger);
        drop(ready);
    }

    /// Changes what is wanted of a file (`EPOLL_CTL_MOD`); arms it again.
    pub fn modify(&self, fd: i32, file: &Arc<dyn File>, events: Events, data: u64) -> Result<()> {
        let items = self.items.lock();
        let at = Self::search(&items, fd, file).map_err(|_| ENOENT)?;
        let item = items.get(at).ok_or(ENOENT)?.clone();
        drop(items);
        if events.contains(Events::EXCLUSIVE) || item.wanted.lock().0.contains(Events::EXCLUSIVE) {
            return Err(EINVAL);
        }
        *item.wanted.lock() = (events | Events::ALWAYS, data);
        if file.ready().intersects(events | Events::ALWAYS) {
            item.queue();
        }
        Ok(())
    }

    /// Takes a file out (`EPOLL_CTL_DEL`).
    pub fn remove(&self, fd: i32, file: &Arc<dyn File>) -> Result<()> {
        let mut items = self.items.lock();
        let at = Self::search(&items, fd, file).map_err(|_| ENOENT)?;
        let item = items.remove(at);
        drop(items);
        *item.wanted.lock() = (Events::empty(), 0);
        self.ready.list.lock().retain(|other| !Arc::ptr_eq(other, &item));
        let listener: Arc<dyn Listener> = item;
        if let Some(source) = file.source() {
            source.remove(&listener);
        }
        Ok(())
    }

    /// Moves ready files to `events`; gives how many.
    fn collect(&self, events: &mut [Event]) -> usize {
        let mut count = 0;
        let mut again = Vec::new();
        // Each item once: what becomes ready meanwhile, or is level-triggered, is at the end.
        let mut left = self.ready.list.lock().len();
        while count < events.len() && left > 0 {
            left -= 1;
            let Some(item) = self.ready.list.lock().pop_front() else { break };
            item.queued.store(false, Ordering::Release);
            let Some(file) = item.file.upgrade() else { continue };
            let (wanted, data) = *item.wanted.lock();
            let now = file.ready() & wanted;
            if now.is_empty() {
                continue;
            }
            if let Some(place) = events.get_mut(count) {
                *place = Event { events: now.bits(), data };
            }
            count += 1;
            if wanted.contains(Events::ONE_SHOT) {
                *item.wanted.lock() = (Events::empty(), data);
            } else if !wanted.contains(Events::EDGE) {
                again.push(item);
            }
        }
        let more = !again.is_empty();
        for item in again {
            if !item.queued.swap(true, Ordering::AcqRel) {
                self.ready.list.lock().push_back(item);
            }
        }
        if more {
            self.ready.waiting.wake_one();
        }
        count
    }

    /// Waits for ready files; gives how many are in `events`, 0 at `deadline`.
    pub fn wait(&self, events: &mut [Event], deadline: Option<Instant>) -> Result<usize> {
        let collect = || Some(self.collect(events)).filter(|&count| count > 0);
        match self.ready.waiting.wait_until(deadline, collect) {
            Err(error) if error == ETIMEDOUT => Ok(0),
            result => result,
        }
    }
}

impl Drop for Epoll {
    fn drop(&mut self) {
        for item in self.items.get_mut().drain(..) {
            *item.wanted.lock() = (Events::empty(), 0);
            let file = item.file.upgrade();
            let listener: Arc<dyn Listener> = item;
            if let Some(source) = file.as_ref().and_then(|file| file.source()) {
                source.remove(&listener);
            }
        }
        // The list and its items refer to each other.
        let rest = core::mem::take(&mut *self.ready.list.lock());
        drop(rest);
    }
}

impl File for Epoll {
    fn status(&self) -> &Status {
        &self.status
    }

    fn stat(&self) -> Result<Stat> {
        Ok(Stat { inode: 1, links: 1, mode: 0o600, block_size: 4096, ..Stat::default() })
    }

    fn ready(&self) -> Events {
        let candidates: Vec<_> = self.ready.list.lock().iter().cloned().collect();
        let is_ready = |item: &Arc<Item>| {
            let wanted = item.wanted.lock().0;
            item.file.upgrade().is_some_and(|file| file.ready().intersects(wanted))
        };
        if candidates.iter().any(is_ready) { Events::READABLE } else { Events::empty() }
    }

    fn source(&self) -> Option<&Source> {
        Some(&self.ready.source)
    }
}
