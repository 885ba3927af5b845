//! Condition variables, and their attributes.
//!
//! A waiter notes the sequence number, gives the mutex back and sleeps for as long as the number is
//! the same; a signal changes it. So a waiter touches the variable no more once it was woken, and
//! the variable may be destroyed right after the last signal.

use super::mutex::{Mutex, pthread_mutex_lock, pthread_mutex_unlock};
use crate::errno::{EINTR, EINVAL, ETIMEDOUT};
use crate::time::clock::{self, timespec};
use core::ffi::c_int;
use core::sync::atomic::{AtomicU32, Ordering};
use kcore::futex;
use kcore::time::Instant;
use kcore::tls;
use macros::export;

/// `pthread_cond_t`, 48 bytes; all zero is a condition variable of the wall clock's.
#[repr(C)]
pub struct Condition {
    sequence: AtomicU32,
    /// `CLOCK_REALTIME` or `CLOCK_MONOTONIC`.
    clock: AtomicU32,
    unused: [u64; 5],
}

const _: () = assert!(size_of::<Condition>() == 48);

/// Makes a condition variable. Zero.
#[export]
pub unsafe extern "C" fn pthread_cond_init(condition: *mut Condition, attributes: *const c_int) -> c_int {
    // SAFETY: the caller's.
    unsafe {
        condition.write_bytes(0, 1);
        if let Some(&attributes) = attributes.as_ref() {
            (*condition).clock.store((attributes >> 1) as u32, Ordering::Relaxed);
        }
    }
    0
}

/// Ends a condition variable. Zero.
#[export]
pub extern "C" fn pthread_cond_destroy(_condition: *mut Condition) -> c_int {
    0
}

/// Wakes one waiter. Zero.
#[export]
pub unsafe extern "C" fn pthread_cond_signal(condition: *mut Condition) -> c_int {
    // SAFETY: the caller's.
    wake(unsafe { &*condition }, 1)
}

/// Wakes all waiters. Zero.
#[export]
pub unsafe extern "C" fn pthread_cond_broadcast(condition: *mut Condition) -> c_int {
    // SAFETY: the caller's.
    wake(unsafe { &*condition }, usize::MAX)
}

fn wake(condition: &Condition, count: usize) -> c_int {
    condition.sequence.fetch_add(1, Ordering::Release);
    futex::wake(&condition.sequence, count);
    0
}

/// Gives the mutex back, waits, and takes it again. A cancellation point. Zero or an error number.
#[export]
pub unsafe extern "C-unwind" fn pthread_cond_wait(condition: *mut Condition, mutex: *mut Mutex) -> c_int {
    // SAFETY: the caller's.
    unsafe { wait(&*condition, mutex, None) }
}

/// As `pthread_cond_wait`, until the variable's clock shows `until` at most.
#[export]
pub unsafe extern "C-unwind" fn pthread_cond_timedwait(
    condition: *mut Condition,
    mutex: *mut Mutex,
    until: *const timespec,
) -> c_int {
    // SAFETY: the caller's.
    unsafe {
        let clock = (*condition).clock.load(Ordering::Relaxed);
        pthread_cond_clockwait(condition, mutex, clock as c_int, until)
    }
}

/// As `pthread_cond_wait`, until `clock` shows `until` at most.
#[export]
pub unsafe extern "C-unwind" fn pthread_cond_clockwait(
    condition: *mut Condition,
    mutex: *mut Mutex,
    clock: c_int,
    until: *const timespec,
) -> c_int {
    // SAFETY: the caller's.
    unsafe {
        match clock::instant(clock, &*until) {
            Ok(deadline) => wait(&*condition, mutex, Some(deadline)),
            Err(error) => error.number(),
        }
    }
}

unsafe extern "C-unwind" fn wait(
    condition: &Condition,
    mutex: *mut Mutex,
    deadline: Option<Instant>,
) -> c_int {
    tls::cancellation_point();
    let sequence = condition.sequence.load(Ordering::Acquire);
    // SAFETY: the caller's mutex.
    let unlocked = unsafe { pthread_mutex_unlock(mutex) };
    if unlocked != 0 {
        return unlocked;
    }
    let mut result = 0;
    loop {
        match futex::wait(&condition.sequence, sequence, deadline) {
            Err(EINTR) => {
                if !tls::current().cancel_hook.load(Ordering::Acquire).is_null() {
                    // A cancelled waiter's cleanup handlers have the mutex.
                    // SAFETY: the caller's mutex.
                    unsafe { pthread_mutex_lock(mutex) };
                    tls::cancellation_point();
                    return 0;
                }
                kcore::signal::handle_pending();
            }
            Err(ETIMEDOUT) => {
                result = ETIMEDOUT.number();
                break;
            }
            _ => break,
        }
    }
    // SAFETY: the caller's mutex.
    match unsafe { pthread_mutex_lock(mutex) } {
        0 => result,
        error => error,
    }
}

/// Makes default attributes. Zero.
#[export]
pub unsafe extern "C" fn pthread_condattr_init(attributes: *mut c_int) -> c_int {
    // SAFETY: the caller's.
    unsafe { *attributes = 0 };
    0
}

/// Ends attributes. Zero.
#[export]
pub extern "C" fn pthread_condattr_destroy(_attributes: *mut c_int) -> c_int {
    0
}

/// Whether it is shared between processes. Zero.
#[export]
pub unsafe extern "C" fn pthread_condattr_getpshared(attributes: *const c_int, shared: *mut c_int) -> c_int {
    // SAFETY: the caller's.
    unsafe { *shared = *attributes & 1 };
    0
}

/// Sets whether it is shared between processes. Zero or `EINVAL`.
#[export]
pub unsafe extern "C" fn pthread_condattr_setpshared(attributes: *mut c_int, shared: c_int) -> c_int {
    if !(0..=1).contains(&shared) {
        return EINVAL.number();
    }
    // SAFETY: the caller's.
    unsafe { *attributes = *attributes & !1 | shared };
    0
}

/// The clock that timed waits go by. Zero.
#[export]
pub unsafe extern "C" fn pthread_condattr_getclock(attributes: *const c_int, clock: *mut c_int) -> c_int {
    // SAFETY: the caller's.
    unsafe { *clock = *attributes >> 1 };
    0
}

/// Sets the clock that timed waits go by: the wall clock or the monotonic one. Zero or `EINVAL`.
#[export]
pub unsafe extern "C" fn pthread_condattr_setclock(attributes: *mut c_int, clock: c_int) -> c_int {
    if clock != clock::REALTIME && clock != clock::MONOTONIC {
        return EINVAL.number();
    }
    // SAFETY: the caller's.
    unsafe { *attributes = *attributes & 1 | clock << 1 };
    0
}
