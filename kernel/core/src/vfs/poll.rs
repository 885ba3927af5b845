//! Readiness: how `poll`, `select` and `epoll` learn that a file changed.
//!
//! A file that can block owns a [`Source`] and calls `notify` when something became possible.
//! Whoever waits registers a [`Listener`] there. Nothing here knows a kind of file, so sockets
//! join by owning a source.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, Ordering};

use super::file::File;
use crate::errno::{ETIMEDOUT, Result};
use crate::sync::{SpinLock, WaitQueue};
use crate::time::Instant;

bitflags::bitflags! {
    /// Events, with the values that `poll` and `epoll` share on Linux.
    #[derive(Clone, Copy, PartialEq, Eq)]
    pub struct Events: u32 {
        /// Something can be read.
        const IN = 0x1;
        /// Something urgent can be read.
        const PRI = 0x2;
        /// Something can be written.
        const OUT = 0x4;
        /// An error is pending; always reported.
        const ERR = 0x8;
        /// The other side hung up; always reported.
        const HUP = 0x10;
        /// Not an open descriptor (`poll` alone).
        const NVAL = 0x20;
        /// `IN` by another name.
        const RDNORM = 0x40;
        /// Priority band data can be read.
        const RDBAND = 0x80;
        /// `OUT` by another name.
        const WRNORM = 0x100;
        /// Priority band data can be written.
        const WRBAND = 0x200;
        /// The other side will not write any more.
        const RDHUP = 0x2000;
        /// `epoll`: wake only some of those who wait.
        const EXCLUSIVE = 1 << 28;
        /// `epoll`: no effect here, nothing suspends.
        const WAKEUP = 1 << 29;
        /// `epoll`: disarm after one report.
        const ONE_SHOT = 1 << 30;
        /// `epoll`: report changes, not states.
        const EDGE = 1 << 31;
    }
}

impl Events {
    /// Reported whether asked for or not.
    pub const ALWAYS: Self = Self::ERR.union(Self::HUP);
    /// What says "can be read".
    pub const READABLE: Self = Self::IN.union(Self::RDNORM);
    /// What says "can be written".
    pub const WRITABLE: Self = Self::OUT.union(Self::WRNORM);
}

/// Somebody who wants to know that a file changed.
pub trait Listener: Send + Sync {
    /// `events` may have become possible. Called with a spin lock held, perhaps in an interrupt:
    /// must neither block nor allocate, nor register or remove listeners.
    fn notify(&self, events: Events);
}

/// The place of a file where listeners register.
pub struct Source(SpinLock<Vec<Arc<dyn Listener>>>);

impl Default for Source {
    fn default() -> Self {
        Self::new()
    }
}

impl Source {
    /// Nobody listens yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(SpinLock::new(Vec::new()))
    }

    /// Tells all listeners that `events` may have become possible.
    pub fn notify(&self, events: Events) {
        for listener in self.0.lock().iter() {
            listener.notify(events);
        }
    }

    /// Adds a listener.
    pub fn register(&self, listener: Arc<dyn Listener>) {
        self.0.lock().push(listener);
    }

    /// Removes a listener that was added.
    pub fn remove(&self, listener: &Arc<dyn Listener>) {
        let mut list = self.0.lock();
        let at = list.iter().position(|other| core::ptr::addr_eq(Arc::as_ptr(other), Arc::as_ptr(listener)));
        let removed = at.map(|at| list.swap_remove(at));
        drop(list);
        drop(removed);
    }
}

/// A thread that waits for any of several files.
#[derive(Default)]
struct Waiter {
    changed: AtomicBool,
    queue: WaitQueue,
}

impl Listener for Waiter {
    fn notify(&self, _events: Events) {
        self.changed.store(true, Ordering::Release);
        self.queue.wake_all();
    }
}

/// Waits until `check` gives a value, looking again whenever one of `files` changes.
///
/// None after `deadline`; `EINTR` if a signal came.
pub fn wait<T>(
    files: &[Arc<dyn File>],
    deadline: Option<Instant>,
    mut check: impl FnMut() -> Option<T>,
) -> Result<Option<T>> {
    if let Some(value) = check() {
        return Ok(Some(value));
    }
    let waiter = Arc::new(Waiter::default());
    let listener: Arc<dyn Listener> = waiter.clone();
    let sources = || files.iter().filter_map(|file| file.source());
    sources().for_each(|source| source.register(listener.clone()));
    let result = loop {
        if let Some(value) = check() {
            break Ok(Some(value));
        }
        match waiter
            .queue
            .wait_until(deadline, || waiter.changed.swap(false, Ordering::Acquire).then_some(()))
        {
            Ok(()) => {}
            Err(error) if error == ETIMEDOUT => break Ok(None),
            Err(error) => break Err(error),
        }
    };
    sources().for_each(|source| source.remove(&listener));
    result
}
