//! What each processor keeps of free objects, so that most allocations take no lock.

use super::For;
use super::classes;
use super::span::{self, Object};
use core::ptr;

/// Free objects of one class.
#[derive(Clone, Copy)]
struct Magazine {
    objects: *mut Object,
    count: u16,
    /// How many move at a time; it grows with use, so that rarely used sizes hold little.
    batch: u16,
}

/// The free objects that a processor keeps.
pub(crate) struct Cache {
    magazines: [Magazine; classes::COUNT],
}

// SAFETY: the objects are the cache's.
unsafe impl Send for Cache {}

impl Cache {
    /// An empty cache.
    pub(crate) const fn new() -> Self {
        Self { magazines: [Magazine { objects: ptr::null_mut(), count: 0, batch: 1 }; classes::COUNT] }
    }
}

/// Runs `body` with this processor's cache, interrupts off.
#[cfg(kernel)]
#[inline]
fn with<T>(body: impl FnOnce(&mut Cache) -> T) -> T {
    let interrupts = hal::irq::disable();
    // SAFETY: it is this processor's, and interrupts are off, so nobody else uses it.
    let result = body(unsafe { &mut *crate::sched::this_cpu_heap_cache() });
    hal::irq::restore(interrupts);
    result
}

#[cfg(not(kernel))]
fn with<T>(body: impl FnOnce(&mut Cache) -> T) -> T {
    static CACHE: crate::sync::SpinLock<Cache> = crate::sync::SpinLock::new(Cache::new());
    body(&mut CACHE.lock())
}

/// An object of a class; null if there is no memory.
pub(super) fn allocate(class: usize, user: For) -> *mut u8 {
    with(|cache| {
        let Some(magazine) = cache.magazines.get_mut(class) else { return ptr::null_mut() };
        if magazine.objects.is_null() {
            magazine.batch = (2 * magazine.batch).min(classes::largest_batch(class));
            let (objects, taken) = span::take(class, magazine.batch.into(), user);
            (magazine.objects, magazine.count) = (objects, taken as u16);
            if magazine.objects.is_null() {
                return ptr::null_mut();
            }
        }
        let object = magazine.objects;
        // SAFETY: a free object holds the link to the next one.
        magazine.objects = unsafe { (*object).next };
        magazine.count -= 1;
        object.cast()
    })
}

/// Takes an object back; true.
///
/// # Safety
/// It is an object of a span of this order, and nobody uses it any more.
pub(super) unsafe fn release(object: *mut u8, order: u32) -> bool {
    // SAFETY: as the caller says.
    let class = unsafe { span::class_of(object, order) };
    let object = object.cast::<Object>();
    with(|cache| {
        let Some(magazine) = cache.magazines.get_mut(class) else { return false };
        // SAFETY: the object is free from here on.
        unsafe { (*object).next = magazine.objects };
        magazine.objects = object;
        magazine.count += 1;
        let batch = magazine.batch;
        if magazine.count > 2 * batch {
            magazine.batch = (2 * batch).min(classes::largest_batch(class));
            // SAFETY: they are free objects of this class.
            magazine.objects = unsafe { span::give(class, magazine.objects, batch.into()) };
            magazine.count -= batch;
        }
        true
    })
}
