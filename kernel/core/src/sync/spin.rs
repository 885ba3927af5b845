//! A lock that spins, with interrupts off on this processor while it is held.

use core::cell::UnsafeCell;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicBool, Ordering};

/// A value behind a spinning lock. While the guard lives the thread is neither interrupted nor
/// preempted: hold it for a few instructions, and never sleep or touch application memory then.
pub struct SpinLock<T: ?Sized> {
    held: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: one guard at a time gives access to the value.
unsafe impl<T: ?Sized + Send> Sync for SpinLock<T> {}
// SAFETY: the lock owns its value.
unsafe impl<T: ?Sized + Send> Send for SpinLock<T> {}

impl<T> SpinLock<T> {
    /// An open lock around `value`.
    pub const fn new(value: T) -> Self {
        Self { held: AtomicBool::new(false), value: UnsafeCell::new(value) }
    }
}

impl<T: ?Sized> SpinLock<T> {
    /// Takes the lock.
    #[inline]
    pub fn lock(&self) -> SpinGuard<'_, T> {
        SpinGuard { lock: self, interrupts: take(&self.held) }
    }

    /// Takes the lock if it is open.
    #[inline]
    pub fn try_lock(&self) -> Option<SpinGuard<'_, T>> {
        let interrupts = hal::irq::disable();
        if self.held.swap(true, Ordering::Acquire) {
            hal::irq::restore(interrupts);
            return None;
        }
        Some(SpinGuard { lock: self, interrupts })
    }

    /// The value, which nobody else can see while it is borrowed mutably.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }
}

fn take(held: &AtomicBool) -> hal::irq::Saved {
    let interrupts = hal::irq::disable();
    while held.swap(true, Ordering::Acquire) {
        while held.load(Ordering::Relaxed) {
            hal::cpu::pause();
            #[cfg(not(kernel))]
            std::thread::yield_now();
        }
    }
    interrupts
}

/// Access to the value of a [`SpinLock`]; opens the lock when dropped.
pub struct SpinGuard<'a, T: ?Sized> {
    lock: &'a SpinLock<T>,
    interrupts: hal::irq::Saved,
}

impl<T: ?Sized> Deref for SpinGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the guard is the only access.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T: ?Sized> DerefMut for SpinGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the guard is the only access.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T: ?Sized> Drop for SpinGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.lock.held.store(false, Ordering::Release);
        hal::irq::restore(self.interrupts);
    }
}
