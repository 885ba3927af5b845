//! A value that the first who needs it makes.

use super::mutex::Mutex;
use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicBool, Ordering};

/// A value made at its first use. Others who need it meanwhile wait.
pub struct Once<T> {
    ready: AtomicBool,
    making: Mutex<()>,
    value: UnsafeCell<MaybeUninit<T>>,
}

// SAFETY: written once, under the lock, before `ready` is set; only read afterwards.
unsafe impl<T: Send + Sync> Sync for Once<T> {}

impl<T> Default for Once<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Once<T> {
    /// Not made yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            ready: AtomicBool::new(false),
            making: Mutex::new(()),
            value: UnsafeCell::new(MaybeUninit::uninit()),
        }
    }

    /// The value, if it has been made.
    #[inline]
    pub fn get(&self) -> Option<&T> {
        // SAFETY: `ready` is set after the value has been written.
        self.ready.load(Ordering::Acquire).then(|| unsafe { (*self.value.get()).assume_init_ref() })
    }

    /// The value, made by `make` if nobody has done so before. `make` must not ask for it again.
    pub fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        match self.get() {
            Some(value) => value,
            None => self.make(make),
        }
    }

    #[cold]
    fn make(&self, make: impl FnOnce() -> T) -> &T {
        let _making = self.making.lock();
        if !self.ready.load(Ordering::Acquire) {
            let value = make();
            // SAFETY: the lock is held and nobody reads before `ready` is set.
            unsafe { (*self.value.get()).write(value) };
            self.ready.store(true, Ordering::Release);
        }
        // SAFETY: it has been written, by us or by whoever held the lock before.
        unsafe { (*self.value.get()).assume_init_ref() }
    }
}

impl<T> Drop for Once<T> {
    fn drop(&mut self) {
        if *self.ready.get_mut() {
            // SAFETY: it has been written, and nobody else can see it any more.
            unsafe { self.value.get_mut().assume_init_drop() };
        }
    }
}
