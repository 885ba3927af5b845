//! `<semaphore.h>`; named ones are in `semaphore_named`.

use crate::errno::{self, EAGAIN, EINTR, EINVAL, EOVERFLOW, ETIMEDOUT};
use crate::time::clock::{self, timespec};
use core::ffi::{c_int, c_uint};
use core::sync::atomic::{AtomicU32, Ordering};
use kcore::futex;
use kcore::time::Instant;
use kcore::tls;
use macros::export;

/// `sem_t`, 32 bytes.
#[repr(C)]
pub struct Semaphore {
    value: AtomicU32,
    unused: [u32; 7],
}

const _: () = assert!(size_of::<Semaphore>() == 32);

/// `SEM_VALUE_MAX`.
pub(crate) const MAXIMUM: u32 = i32::MAX as u32;

/// Makes a semaphore. Zero, or -1 with `EINVAL`.
#[export]
pub unsafe extern "C" fn sem_init(semaphore: *mut Semaphore, _shared: c_int, value: c_uint) -> c_int {
    if value > MAXIMUM {
        return errno::set(EINVAL);
    }
    // SAFETY: the caller's.
    unsafe {
        semaphore.write_bytes(0, 1);
        (*semaphore).value.store(value, Ordering::Release);
    }
    0
}

/// Ends a semaphore. Zero.
#[export]
pub extern "C" fn sem_destroy(_semaphore: *mut Semaphore) -> c_int {
    0
}

/// Adds one, and lets a waiter have it. Zero, or -1 with `EOVERFLOW`. May be called by signal handlers.
#[export]
pub unsafe extern "C" fn sem_post(semaphore: *mut Semaphore) -> c_int {
    // SAFETY: the caller's.
    let semaphore = unsafe { &*semaphore };
    // The semaphore may be gone as soon as the value is there to be taken.
    let word = &raw const semaphore.value;
    let add = |value| if value >= MAXIMUM { None } else { Some(value + 1) };
    if semaphore.value.fetch_update(Ordering::SeqCst, Ordering::Relaxed, add).is_err() {
        return errno::set(EOVERFLOW);
    }
    futex::wake_address(word.addr(), 1);
    0
}

fn try_take(semaphore: &Semaphore) -> bool {
    semaphore.value.fetch_update(Ordering::Acquire, Ordering::Relaxed, |value| value.checked_sub(1)).is_ok()
}

/// Takes one, if there is one. Zero, or -1 with `EAGAIN`.
#[export]
pub unsafe extern "C" fn sem_trywait(semaphore: *mut Semaphore) -> c_int {
    // SAFETY: the caller's.
    if try_take(unsafe { &*semaphore }) { 0 } else { errno::set(EAGAIN) }
}

/// Takes one, waiting for it. A cancellation point. Zero, or -1 with `EINTR` if a handler without
/// `SA_RESTART` ran.
#[export]
pub unsafe extern "C-unwind" fn sem_wait(semaphore: *mut Semaphore) -> c_int {
    // SAFETY: the caller's.
    wait(unsafe { &*semaphore }, None)
}

/// Takes one, waiting until the wall clock shows `until` at most. As `sem_wait`, or `ETIMEDOUT`.
#[export]
pub unsafe extern "C-unwind" fn sem_timedwait(semaphore: *mut Semaphore, until: *const timespec) -> c_int {
    // SAFETY: the caller's.
    unsafe { sem_clockwait(semaphore, clock::REALTIME, until) }
}

/// Takes one, waiting until `clock` shows `until` at most. As `sem_wait`, or `ETIMEDOUT`.
#[export]
pub unsafe extern "C-unwind" fn sem_clockwait(
    semaphore: *mut Semaphore,
    clock: c_int,
    until: *const timespec,
) -> c_int {
    // SAFETY: the caller's.
    let (semaphore, until) = unsafe { (&*semaphore, &*until) };
    if try_take(semaphore) {
        return 0;
    }
    match clock::instant(clock, until) {
        Ok(deadline) => wait(semaphore, Some(deadline)),
        Err(error) => errno::set(error),
    }
}

extern "C-unwind" fn wait(semaphore: &Semaphore, deadline: Option<Instant>) -> c_int {
    tls::cancellation_point();
    loop {
        if try_take(semaphore) {
            return 0;
        }
        match futex::wait(&semaphore.value, 0, deadline) {
            Err(EINTR) if !kcore::signal::interrupted() => {
                return errno::set(EINTR);
            }
            Err(ETIMEDOUT) => return errno::set(ETIMEDOUT),
            _ => {}
        }
    }
}

/// The value. Zero.
#[export]
pub unsafe extern "C" fn sem_getvalue(semaphore: *mut Semaphore, value: *mut c_int) -> c_int {
    // SAFETY: the caller's.
    unsafe { *value = (*semaphore).value.load(Ordering::Relaxed) as c_int };
    0
}
