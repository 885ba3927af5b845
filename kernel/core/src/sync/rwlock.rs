//! A sleeping lock that many readers or one writer may hold.

use super::wait::WaitQueue;
use core::cell::UnsafeCell;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicU32, Ordering};

/// A writer holds it.
const WRITING: u32 = 1 << 31;
/// A writer waits: no new readers, so that it gets its turn.
const WRITER_WAITS: u32 = 1 << 30;
/// The number of readers.
const READERS: u32 = WRITER_WAITS - 1;

/// A value behind a sleeping lock for many readers or one writer. A thread that reads must not
/// take it again, since a waiting writer goes first.
pub struct RwLock<T: ?Sized> {
    lock: RawRwLock,
    value: UnsafeCell<T>,
}

// SAFETY: readers share the value, a writer has it alone.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLock<T> {}
// SAFETY: the lock owns its value.
unsafe impl<T: ?Sized + Send> Send for RwLock<T> {}

impl<T> RwLock<T> {
    /// An open lock around `value`.
    pub const fn new(value: T) -> Self {
        let lock = RawRwLock { state: AtomicU32::new(0), waiting: WaitQueue::new() };
        Self { lock, value: UnsafeCell::new(value) }
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Takes the lock for reading.
    pub fn read(&self) -> ReadGuard<'_, T> {
        self.lock.read();
        ReadGuard { lock: self }
    }

    /// Takes the lock for writing.
    pub fn write(&self) -> WriteGuard<'_, T> {
        self.lock.write();
        WriteGuard { lock: self }
    }
}

struct RawRwLock {
    state: AtomicU32,
    waiting: WaitQueue,
}

impl RawRwLock {
    fn read(&self) {
        let attempt = || {
            let state = self.state.load(Ordering::Relaxed);
            let open = state & (WRITING | WRITER_WAITS) == 0;
            let taken = open
                && self
                    .state
                    .compare_exchange(state, state + 1, Ordering::Acquire, Ordering::Relaxed)
                    .is_ok();
            (open, taken)
        };
        loop {
            match attempt() {
                (_, true) => return,
                (true, false) => hal::cpu::pause(),
                (false, false) => {
                    self.waiting.wait_uninterruptible(|| {
                        (self.state.load(Ordering::Relaxed) & (WRITING | WRITER_WAITS) == 0).then_some(())
                    });
                }
            }
        }
    }

    fn write(&self) {
        self.waiting.wait_uninterruptible(|| {
            let mut state = self.state.load(Ordering::Relaxed);
            loop {
                let free = state & (WRITING | READERS) == 0;
                let wanted = if free { WRITING } else { state | WRITER_WAITS };
                match self.state.compare_exchange(state, wanted, Ordering::Acquire, Ordering::Relaxed) {
                    Ok(_) => return free.then_some(()),
                    Err(now) => state = now,
                }
            }
        });
    }

    fn unlock_read(&self) {
        if self.state.fetch_sub(1, Ordering::Release) & READERS == 1 {
            self.open();
        }
    }

    fn unlock_write(&self) {
        self.state.fetch_and(!WRITING, Ordering::Release);
        self.open();
    }

    /// Whoever waits tries again; a writer that still waits says so again.
    fn open(&self) {
        self.state.fetch_and(!WRITER_WAITS, Ordering::Relaxed);
        self.waiting.wake_all();
    }
}

/// Shared access to the value of an [`RwLock`].
pub struct ReadGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
}

impl<T: ?Sized> Deref for ReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: there is no writer while a reader's guard lives.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T: ?Sized> Drop for ReadGuard<'_, T> {
    fn drop(&mut self) {
        self.lock.lock.unlock_read();
    }
}

/// The only access to the value of an [`RwLock`].
pub struct WriteGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
}

impl<T: ?Sized> Deref for WriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the guard is the only access.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T: ?Sized> DerefMut for WriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the guard is the only access.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T: ?Sized> Drop for WriteGuard<'_, T> {
    fn drop(&mut self) {
        self.lock.lock.unlock_write();
    }
}
