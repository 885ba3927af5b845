//! Wait queues: threads that sleep until somebody says that something changed.

use super::spin::SpinLock;
use crate::errno::{EINTR, ETIMEDOUT, Result};
use crate::sched::{self, Thread};
use crate::time::Instant;
use core::cell::Cell;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// A waiting thread's entry; it lives on that thread's stack for as long as it is linked.
pub(crate) struct Waiter {
    thread: &'static Thread,
    /// What the thread waits for, where one list holds waiters for several things.
    pub(crate) key: AtomicUsize,
    /// Set, under the list's lock, when a waker takes the entry off the list.
    pub(crate) woken: AtomicBool,
    next: Cell<*const Waiter>,
    previous: Cell<*const Waiter>,
}

impl Waiter {
    pub(crate) fn new(key: usize) -> Self {
        Self {
            thread: sched::current(),
            key: AtomicUsize::new(key),
            woken: AtomicBool::new(false),
            next: Cell::new(ptr::null()),
            previous: Cell::new(ptr::null()),
        }
    }
}

/// A list of waiters in the order of their arrival.
pub(crate) struct Waiters {
    first: *const Waiter,
    last: *const Waiter,
}

// SAFETY: entries are touched only under the lock that the list is behind.
unsafe impl Send for Waiters {}

impl Waiters {
    pub(crate) const fn new() -> Self {
        Self { first: ptr::null(), last: ptr::null() }
    }

    /// Links an entry at the end.
    ///
    /// # Safety
    /// The entry stays where it is until it has been removed or woken, under the list's lock.
    pub(crate) unsafe fn push(&mut self, waiter: &Waiter) {
        waiter.woken.store(false, Ordering::Relaxed);
        waiter.next.set(ptr::null());
        waiter.previous.set(self.last);
        // SAFETY: linked entries are alive.
        match unsafe { self.last.as_ref() } {
            Some(last) => last.next.set(waiter),
            None => self.first = waiter,
        }
        self.last = waiter;
    }

    /// Takes out an entry that is on this list.
    pub(crate) fn remove(&mut self, waiter: &Waiter) {
        let (next, previous) = (waiter.next.get(), waiter.previous.get());
        // SAFETY: linked entries are alive.
        match unsafe { previous.as_ref() } {
            Some(entry) => entry.next.set(next),
            None => self.first = next,
        }
        // SAFETY: linked entries are alive.
        match unsafe { next.as_ref() } {
            Some(entry) => entry.previous.set(previous),
            None => self.last = previous,
        }
    }

    /// The first entry, and by [`Waiters::after`] the following ones.
    pub(crate) fn first(&self) -> Option<&'static Waiter> {
        // SAFETY: linked entries are alive, and the caller holds the list's lock while it looks.
        unsafe { self.first.as_ref() }
    }

    pub(crate) fn after(&self, waiter: &Waiter) -> Option<&'static Waiter> {
        // SAFETY: as in `first`.
        unsafe { waiter.next.get().as_ref() }
    }

    /// Takes an entry off the list and lets its thread run. The entry must not be used afterwards:
    /// its thread may have returned from the function it lived in once the list's lock is released.
    pub(crate) fn wake(&mut self, waiter: &Waiter) {
        self.remove(waiter);
        let thread = waiter.thread;
        waiter.woken.store(true, Ordering::Release);
        // The waiter takes this list's lock before it leaves, so its thread is still alive here.
        sched::unpark(thread);
    }
}

/// Threads that wait for a condition which somebody else brings about.
///
/// The condition itself is elsewhere (usually behind a [`SpinLock`]); change it first, then wake.
pub struct WaitQueue {
    waiters: SpinLock<Waiters>,
}

impl Default for WaitQueue {
    fn default() -> Self {
        Self::new()
    }
}

impl WaitQueue {
    /// A queue with nobody in it.
    #[must_use]
    pub const fn new() -> Self {
        Self { waiters: SpinLock::new(Waiters::new()) }
    }

    /// Sleeps until `ready` returns a value; it is tried at once and after each wake-up.
    ///
    /// # Errors
    /// [`EINTR`] when the thread is interrupted (`sched::interrupt`), [`ETIMEDOUT`] at `deadline`;
    /// in both cases `ready` has been tried once more.
    pub fn wait_until<T>(
        &self,
        deadline: Option<Instant>,
        mut ready: impl FnMut() -> Option<T>,
    ) -> Result<T> {
        let mut value = None;
        self.wait(deadline, true, &mut || {
            value = ready();
            value.is_some()
        })?;
        value.ok_or(EINTR)
    }

    /// Sleeps until `ready` returns a value, whatever else happens to the thread.
    pub fn wait_uninterruptible<T>(&self, mut ready: impl FnMut() -> Option<T>) -> T {
        let mut value = None;
        loop {
            let _ = self.wait(None, false, &mut || {
                value = ready();
                value.is_some()
            });
            if let Some(value) = value.take() {
                return value;
            }
        }
    }

    /// One body for all conditions: `ready` says whether the wait is over.
    fn wait(
        &self,
        deadline: Option<Instant>,
        interruptible: bool,
        ready: &mut dyn FnMut() -> bool,
    ) -> Result<()> {
        loop {
            if ready() {
                return Ok(());
            }
            let waiter = Waiter::new(0);
            // SAFETY: the entry is removed or woken below, before it goes out of scope.
            unsafe { self.waiters.lock().push(&waiter) };
            // Whoever makes the condition true from here on finds the entry and unparks us.
            let done = ready();
            let interrupted = !done && interruptible && sched::current().signal_pending();
            let mut late = false;
            if !done && !interrupted {
                late = !sched::park_until(deadline);
            }
            let woken = self.leave(&waiter);
            if done {
                // The wake-up that we got was meant for a waiter; pass it on.
                if woken {
                    self.wake_one();
                }
                return Ok(());
            }
            if interrupted || (late && !woken) {
                if ready() {
                    return Ok(());
                }
                if woken {
                    self.wake_one();
                }
                return Err(if interrupted { EINTR } else { ETIMEDOUT });
            }
        }
    }

    /// Unlinks an entry; true if a waker had done so already.
    fn leave(&self, waiter: &Waiter) -> bool {
        let mut waiters = self.waiters.lock();
        let woken = waiter.woken.load(Ordering::Acquire);
        if !woken {
            waiters.remove(waiter);
        }
        woken
    }

    /// Lets the thread that has waited longest try its condition again. Works from interrupt handlers.
    pub fn wake_one(&self) {
        let mut waiters = self.waiters.lock();
        if let Some(waiter) = waiters.first() {
            waiters.wake(waiter);
        }
    }

    /// Lets all waiting threads try their conditions again. Works from interrupt handlers.
    pub fn wake_all(&self) {
        let mut waiters = self.waiters.lock();
        while let Some(waiter) = waiters.first() {
            waiters.wake(waiter);
        }
    }

    /// Whether nobody waits; only a hint, unless the caller keeps others from waiting.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiters.lock().first().is_none()
    }
}
