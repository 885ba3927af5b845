//! `<threads.h>`: C11's threads over POSIX's.

use crate::errno::{EBUSY, EINVAL, ENOMEM, ETIMEDOUT};
use crate::pthread::condition::{self, Condition};
use crate::pthread::mutex::{self, Mutex};
use crate::pthread::{cancel, key, once, thread};
use crate::time::clock::{self, timespec};
use core::ffi::{c_int, c_uint, c_void};
use core::ptr::null;
use core::sync::atomic::AtomicU32;
use kcore::tls::{self, Tcb};
use macros::export;

/// `thrd_success`, `thrd_busy`, `thrd_error`, `thrd_nomem`, `thrd_timedout`.
const SUCCESS: c_int = 0;
const BUSY: c_int = 1;
const ERROR: c_int = 2;
const NO_MEMORY: c_int = 3;
const TIMED_OUT: c_int = 4;

fn outcome(error: c_int) -> c_int {
    match error {
        0 => SUCCESS,
        _ if error == EBUSY.number() => BUSY,
        _ if error == ENOMEM.number() || error == crate::errno::EAGAIN.number() => NO_MEMORY,
        _ if error == ETIMEDOUT.number() => TIMED_OUT,
        _ => ERROR,
    }
}

/// Starts a thread; what `start` returns is an `int`.
#[export]
pub unsafe extern "C" fn thrd_create(
    to: *mut *const Tcb,
    start: extern "C-unwind" fn(*mut c_void) -> *mut c_void,
    argument: *mut c_void,
) -> c_int {
    // SAFETY: the caller's. A start function that returns an `int` leaves it where a pointer's low
    // half would be.
    outcome(unsafe { thread::pthread_create(to, null(), start, argument) })
}

/// The calling thread.
#[export]
pub extern "C" fn thrd_current() -> *const Tcb {
    tls::current()
}

/// Whether two threads are the same.
#[export]
pub extern "C" fn thrd_equal(one: *const Tcb, other: *const Tcb) -> c_int {
    thread::pthread_equal(one, other)
}

/// Lets a thread's memory go when it ends.
#[export]
pub unsafe extern "C" fn thrd_detach(which: *const Tcb) -> c_int {
    // SAFETY: the caller's.
    outcome(unsafe { thread::pthread_detach(which) })
}

/// Waits for a thread's end.
#[export]
pub unsafe extern "C-unwind" fn thrd_join(which: *const Tcb, result: *mut c_int) -> c_int {
    let mut value = core::ptr::null_mut();
    // SAFETY: the caller's.
    unsafe {
        let error = thread::pthread_join(which, &raw mut value);
        if error == 0 && !result.is_null() {
            *result = value.addr() as c_int;
        }
        outcome(error)
    }
}

/// Ends the calling thread.
#[export]
pub extern "C-unwind" fn thrd_exit(result: c_int) -> ! {
    cancel::pthread_exit(result as isize as usize as *mut c_void)
}

/// Lets others run.
#[export]
pub extern "C" fn thrd_yield() {
    kcore::sched::yield_now();
}

/// Sleeps. Zero, -1 if a handler ran, or -2.
#[export]
pub unsafe extern "C-unwind" fn thrd_sleep(length: *const timespec, left: *mut timespec) -> c_int {
    // SAFETY: the caller's.
    match unsafe { clock::clock_nanosleep(clock::MONOTONIC, 0, length, left) } {
        0 => 0,
        error if error == crate::errno::EINTR.number() => -1,
        _ => -2,
    }
}

/// Makes a mutex: `mtx_plain` 0, `mtx_recursive` 1, `mtx_timed` 2.
#[export]
pub unsafe extern "C" fn mtx_init(to: *mut Mutex, kind: c_int) -> c_int {
    // A plain one checks for errors no more than a normal one does.
    let attributes = kind & 1;
    // SAFETY: the caller's.
    outcome(unsafe { mutex::pthread_mutex_init(to, &raw const attributes) })
}

/// Ends a mutex.
#[export]
pub unsafe extern "C" fn mtx_destroy(which: *mut Mutex) {
    // SAFETY: the caller's.
    unsafe { mutex::pthread_mutex_destroy(which) };
}

/// Takes a mutex.
#[export]
pub unsafe extern "C" fn mtx_lock(which: *mut Mutex) -> c_int {
    // SAFETY: the caller's.
    outcome(unsafe { mutex::pthread_mutex_lock(which) })
}

/// Takes a mutex if that needs no waiting.
#[export]
pub unsafe extern "C" fn mtx_trylock(which: *mut Mutex) -> c_int {
    // SAFETY: the caller's.
    outcome(unsafe { mutex::pthread_mutex_trylock(which) })
}

/// Takes a mutex until the wall clock shows `until` at most.
#[export]
pub unsafe extern "C" fn mtx_timedlock(which: *mut Mutex, until: *const timespec) -> c_int {
    // SAFETY: the caller's.
    outcome(unsafe { mutex::pthread_mutex_timedlock(which, until) })
}

/// Gives a mutex back.
#[export]
pub unsafe extern "C" fn mtx_unlock(which: *mut Mutex) -> c_int {
    // SAFETY: the caller's.
    outcome(unsafe { mutex::pthread_mutex_unlock(which) })
}

/// Makes a condition variable.
#[export]
pub unsafe extern "C" fn cnd_init(to: *mut Condition) -> c_int {
    // SAFETY: the caller's.
    outcome(unsafe { condition::pthread_cond_init(to, null()) })
}

/// Ends a condition variable.
#[export]
pub extern "C" fn cnd_destroy(_which: *mut Condition) {}

/// Wakes one waiter.
#[export]
pub unsafe extern "C" fn cnd_signal(which: *mut Condition) -> c_int {
    // SAFETY: the caller's.
    outcome(unsafe { condition::pthread_cond_signal(which) })
}

/// Wakes all waiters.
#[export]
pub unsafe extern "C" fn cnd_broadcast(which: *mut Condition) -> c_int {
    // SAFETY: the caller's.
    outcome(unsafe { condition::pthread_cond_broadcast(which) })
}

/// Waits.
#[export]
pub unsafe extern "C-unwind" fn cnd_wait(which: *mut Condition, lock: *mut Mutex) -> c_int {
    // SAFETY: the caller's.
    outcome(unsafe { condition::pthread_cond_wait(which, lock) })
}

/// Waits until the wall clock shows `until` at most.
#[export]
pub unsafe extern "C-unwind" fn cnd_timedwait(
    which: *mut Condition,
    lock: *mut Mutex,
    until: *const timespec,
) -> c_int {
    // SAFETY: the caller's.
    outcome(unsafe { condition::pthread_cond_timedwait(which, lock, until) })
}

/// Makes a key.
#[export]
pub unsafe extern "C" fn tss_create(
    to: *mut c_uint,
    destructor: Option<extern "C-unwind" fn(*mut c_void)>,
) -> c_int {
    // SAFETY: the caller's.
    outcome(unsafe { key::pthread_key_create(to, destructor) })
}

/// Deletes a key.
#[export]
pub extern "C" fn tss_delete(which: c_uint) {
    key::pthread_key_delete(which);
}

/// The calling thread's value of a key.
#[export]
pub extern "C" fn tss_get(which: c_uint) -> *mut c_void {
    key::pthread_getspecific(which)
}

/// Sets the calling thread's value of a key.
#[export]
pub extern "C" fn tss_set(which: c_uint, value: *mut c_void) -> c_int {
    match key::pthread_setspecific(which, value) {
        error if error == EINVAL.number() => ERROR,
        error => outcome(error),
    }
}

/// Calls a routine once.
#[export]
pub unsafe extern "C-unwind" fn call_once(once_flag: *mut AtomicU32, routine: extern "C-unwind" fn()) {
    // SAFETY: the caller's.
    unsafe { once::pthread_once(once_flag, routine) };
}
