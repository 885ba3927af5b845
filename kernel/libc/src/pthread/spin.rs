//! Spin locks.

use crate::errno::EBUSY;
use core::ffi::c_int;
use core::sync::atomic::{AtomicU32, Ordering};
use macros::export;

/// Makes a spin lock, free. Zero.
#[export]
pub unsafe extern "C" fn pthread_spin_init(lock: *mut AtomicU32, _shared: c_int) -> c_int {
    // SAFETY: the caller's.
    unsafe { pthread_spin_unlock(lock) }
}

/// Ends a spin lock. Zero.
#[export]
pub extern "C" fn pthread_spin_destroy(_lock: *mut AtomicU32) -> c_int {
    0
}

/// Takes a spin lock. Zero.
#[export]
pub unsafe extern "C" fn pthread_spin_lock(lock: *mut AtomicU32) -> c_int {
    // SAFETY: the caller's.
    let lock = unsafe { &*lock };
    let mut tries = 0_u32;
    while lock.swap(1, Ordering::Acquire) != 0 {
        while lock.load(Ordering::Relaxed) != 0 {
            tries = tries.wrapping_add(1);
            // Whoever has it may be waiting for this very processor.
            if tries.is_multiple_of(128) {
                kcore::sched::yield_now();
            }
            hal::cpu::pause();
        }
    }
    0
}

/// Takes a spin lock if it is free. Zero or `EBUSY`.
#[export]
pub unsafe extern "C" fn pthread_spin_trylock(lock: *mut AtomicU32) -> c_int {
    // SAFETY: the caller's.
    if unsafe { &*lock }.swap(1, Ordering::Acquire) == 0 { 0 } else { EBUSY.number() }
}

/// Gives a spin lock back. Zero.
#[export]
pub unsafe extern "C" fn pthread_spin_unlock(lock: *mut AtomicU32) -> c_int {
    // SAFETY: the caller's.
    unsafe { &*lock }.store(0, Ordering::Release);
    0
}
