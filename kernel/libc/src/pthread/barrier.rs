//! Barriers, and their attributes.

use crate::errno::EINVAL;
use core::ffi::{c_int, c_uint};
use core::sync::atomic::{AtomicU32, Ordering};
use kcore::futex;
use macros::export;

/// `pthread_barrier_t`, 32 bytes.
#[repr(C)]
pub struct Barrier {
    /// Which round it is.
    round: AtomicU32,
    /// How many have come in this round.
    arrived: AtomicU32,
    /// How many have to come.
    count: AtomicU32,
    /// How many are inside `pthread_barrier_wait`.
    inside: AtomicU32,
    unused: [u32; 4],
}

const _: () = assert!(size_of::<Barrier>() == 32);

/// `PTHREAD_BARRIER_SERIAL_THREAD`.
const SERIAL: c_int = -1;

/// Makes a barrier for `count` threads. Zero or `EINVAL`.
#[export]
pub unsafe extern "C" fn pthread_barrier_init(
    barrier: *mut Barrier,
    _attributes: *const c_int,
    count: c_uint,
) -> c_int {
    if count == 0 || count > c_int::MAX as c_uint {
        return EINVAL.number();
    }
    // SAFETY: the caller's.
    unsafe {
        barrier.write_bytes(0, 1);
        (*barrier).count.store(count, Ordering::Relaxed);
    }
    0
}

/// Ends a barrier, once those it let through have left it. Zero.
#[export]
pub unsafe extern "C" fn pthread_barrier_destroy(barrier: *mut Barrier) -> c_int {
    // SAFETY: the caller's.
    let barrier = unsafe { &*barrier };
    while barrier.inside.load(Ordering::Acquire) != 0 {
        kcore::sched::yield_now();
    }
    0
}

/// Waits until as many threads have come as the barrier is for. `PTHREAD_BARRIER_SERIAL_THREAD` in
/// one of them, zero in the others.
#[export]
pub unsafe extern "C" fn pthread_barrier_wait(barrier: *mut Barrier) -> c_int {
    // SAFETY: the caller's.
    let barrier = unsafe { &*barrier };
    barrier.inside.fetch_add(1, Ordering::Relaxed);
    let round = barrier.round.load(Ordering::Acquire);
    let last = barrier.arrived.fetch_add(1, Ordering::AcqRel) + 1 == barrier.count.load(Ordering::Relaxed);
    if last {
        barrier.arrived.store(0, Ordering::Relaxed);
        barrier.round.fetch_add(1, Ordering::Release);
        futex::wake(&barrier.round, usize::MAX);
    } else {
        while barrier.round.load(Ordering::Acquire) == round {
            if futex::wait(&barrier.round, round, None) == Err(crate::errno::EINTR) {
                kcore::signal::handle_pending();
            }
        }
    }
    barrier.inside.fetch_sub(1, Ordering::Release);
    if last { SERIAL } else { 0 }
}

/// Makes default attributes. Zero.
#[export]
pub unsafe extern "C" fn pthread_barrierattr_init(attributes: *mut c_int) -> c_int {
    // SAFETY: the caller's.
    unsafe { *attributes = 0 };
    0
}

/// Ends attributes. Zero.
#[export]
pub extern "C" fn pthread_barrierattr_destroy(_attributes: *mut c_int) -> c_int {
    0
}

/// Whether it is shared between processes. Zero.
#[export]
pub unsafe extern "C" fn pthread_barrierattr_getpshared(
    attributes: *const c_int,
    shared: *mut c_int,
) -> c_int {
    // SAFETY: the caller's.
    unsafe { *shared = *attributes };
    0
}

/// Sets whether it is shared between processes. Zero or `EINVAL`.
#[export]
pub unsafe extern "C" fn pthread_barrierattr_setpshared(attributes: *mut c_int, shared: c_int) -> c_int {
    if !(0..=1).contains(&shared) {
        return EINVAL.number();
    }
    // SAFETY: the caller's.
    unsafe { *attributes = shared };
    0
}
