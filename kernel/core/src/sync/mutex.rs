//! A lock that puts the thread to sleep when another one holds it.

use super::wait::WaitQueue;
use core::cell::UnsafeCell;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicU8, Ordering};

/// Nobody holds it.
const OPEN: u8 = 0;
/// Held, nobody waits.
const HELD: u8 = 1;
/// Held, and somebody may be waiting.
const CONTENDED: u8 = 2;

/// A value behind a sleeping lock; for threads, not for interrupt handlers.
pub struct Mutex<T: ?Sized> {
    lock: RawMutex,
    value: UnsafeCell<T>,
}

// SAFETY: one guard at a time gives access to the value.
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}
// SAFETY: the lock owns its value.
unsafe impl<T: ?Sized + Send> Send for Mutex<T> {}

impl<T> Mutex<T> {
    /// An open lock around `value`.
    pub const fn new(value: T) -> Self {
        Self { lock: RawMutex::new(), value: UnsafeCell::new(value) }
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Takes the lock, sleeping while another thread has it.
    #[inline]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.lock.lock();
        MutexGuard { mutex: self }
    }

    /// Takes the lock if it is open.
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        self.lock.try_lock().then_some(MutexGuard { mutex: self })
    }

    /// The value, which nobody else can see while it is borrowed mutably.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }
}

/// Access to the value of a [`Mutex`]; opens the lock when dropped.
pub struct MutexGuard<'a, T: ?Sized> {
    mutex: &'a Mutex<T>,
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the guard is the only access.
        unsafe { &*self.mutex.value.get() }
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the guard is the only access.
        unsafe { &mut *self.mutex.value.get() }
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.mutex.lock.unlock();
    }
}

/// The lock itself, the same code for every type behind it.
struct RawMutex {
    state: AtomicU8,
    waiting: WaitQueue,
}

impl RawMutex {
    const fn new() -> Self {
        Self { state: AtomicU8::new(OPEN), waiting: WaitQueue::new() }
    }

    #[inline]
    fn try_lock(&self) -> bool {
        self.state.compare_exchange(OPEN, HELD, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    #[inline]
    fn lock(&self) {
        if !self.try_lock() {
            self.lock_slowly();
        }
    }

    #[cold]
    fn lock_slowly(&self) {
        // The holder usually runs on another processor and is done soon.
        for _ in 0..64 {
            if self.state.load(Ordering::Relaxed) == OPEN && self.try_lock() {
                return;
            }
            hal::cpu::pause();
        }
        self.waiting
            .wait_uninterruptible(|| (self.state.swap(CONTENDED, Ordering::Acquire) == OPEN).then_some(()));
    }

    #[inline]
    fn unlock(&self) {
        if self.state.swap(OPEN, Ordering::Release) == CONTENDED {
            self.waiting.wake_one();
        }
    }
}
