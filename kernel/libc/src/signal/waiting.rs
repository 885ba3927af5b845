//! Waiting for signals.

use super::SignalSet;
use super::sets::is_valid;
use crate::errno::{self, EAGAIN, EINTR, EINVAL, Errno};
use crate::time::clock::timespec;
use core::ffi::c_int;
use core::ptr::{null, null_mut};
use core::sync::atomic::Ordering;
use core::time::Duration;
use kcore::sched;
use kcore::signal::{self, Info, Outcome, bit, deliver, queue};
use kcore::time::Instant;
use kcore::tls;
use macros::export;

/// Replaces the mask and waits until a handler has run; the mask is then as before. -1 with `EINTR`.
/// Alias: `__sigsuspend`.
#[export]
pub unsafe extern "C-unwind" fn sigsuspend(set: *const SignalSet) -> c_int {
    // SAFETY: the caller's.
    suspend(unsafe { (*set)[0] })
}

/// Waits until a handler has run. -1 with `EINTR`.
#[export]
pub extern "C-unwind" fn pause() -> c_int {
    suspend(tls::current().signal_mask.load(Ordering::Relaxed))
}

extern "C-unwind" fn suspend(mask: u64) -> c_int {
    let thread = tls::current();
    let before = thread.signal_mask.swap(mask & !deliver::UNBLOCKABLE, Ordering::Relaxed);
    // The handler runs with the new mask and returns to the old one.
    thread.signal_restore.set((true, before));
    signal::mask_changed();
    while thread.signal_restore.get().0 {
        tls::cancellation_point();
        signal::handle_pending();
        if !thread.signal_restore.get().0 {
            break;
        }
        // No deadline: it ends by an interruption only.
        let _ = sched::sleep_until(Instant(u64::MAX));
    }
    thread.signal_mask.store(before, Ordering::Relaxed);
    errno::set(EINTR)
}

/// BSD: `sigsuspend` with a 32-bit mask. -1 with `EINTR`.
#[export]
pub extern "C-unwind" fn sigpause(mask: c_int) -> c_int {
    suspend(mask as u32 as u64)
}

/// X/Open: waits with one signal taken from the mask. -1 with `EINTR`.
#[export]
pub extern "C-unwind" fn __xpg_sigpause(number: c_int) -> c_int {
    if !is_valid(number) {
        return errno::set(EINVAL);
    }
    suspend(tls::current().signal_mask.load(Ordering::Relaxed) & !bit(number))
}

/// `sigpause` of either kind, as old programs call it. -1 with `EINTR`.
#[export]
pub extern "C-unwind" fn __sigpause(signal_or_mask: c_int, is_signal: c_int) -> c_int {
    if is_signal != 0 { __xpg_sigpause(signal_or_mask) } else { sigpause(signal_or_mask) }
}

/// Takes a signal of a set, waiting for it. Its number is in the information.
extern "C-unwind" fn take(set: u64, deadline: Option<Instant>) -> Result<Info, Errno> {
    let thread = tls::current();
    signal::engage();
    tls::cancellation_point();
    thread.signal_waiting.store(set, Ordering::Release);
    let result = loop {
        if let Some(info) = queue::take(thread, set) {
            break Ok(info);
        }
        let slept = sched::sleep_until(deadline.unwrap_or(Instant(u64::MAX)));
        if let Some(info) = queue::take(thread, set) {
            break Ok(info);
        }
        match slept {
            Ok(()) => break Err(EAGAIN),
            Err(_) => {
                tls::cancellation_point();
                if signal::handle_pending() != Outcome::Nothing {
                    break Err(EINTR);
                }
            }
        }
    };
    thread.signal_waiting.store(0, Ordering::Release);
    result
}

/// Waits for a signal of a set, for `length` at most. Its number, or -1 with `EAGAIN`, `EINTR` or `EINVAL`.
#[export]
pub unsafe extern "C-unwind" fn sigtimedwait(
    set: *const SignalSet,
    info: *mut Info,
    length: *const timespec,
) -> c_int {
    // SAFETY: the caller's: null or a length.
    let length = match unsafe { length.as_ref() }.map(timespec::nanoseconds).transpose() {
        Ok(length) => length,
        Err(error) => return errno::set(error),
    };
    let deadline = length.map(|length| kcore::time::now() + Duration::from_nanos(length));
    // SAFETY: the caller's.
    match take(unsafe { (*set)[0] }, deadline) {
        Ok(found) => {
            if !info.is_null() {
                // SAFETY: the caller's.
                unsafe { *info = found };
            }
            found.signal
        }
        Err(error) => errno::set(error),
    }
}

/// Waits for a signal of a set. Its number, or -1 with `EINTR`.
#[export]
pub unsafe extern "C-unwind" fn sigwaitinfo(set: *const SignalSet, info: *mut Info) -> c_int {
    // SAFETY: the caller's.
    unsafe { sigtimedwait(set, info, null()) }
}

/// Waits for a signal of a set. Zero or an error number.
#[export]
pub unsafe extern "C-unwind" fn sigwait(set: *const SignalSet, number: *mut c_int) -> c_int {
    loop {
        // SAFETY: the caller's.
        unsafe {
            let found = sigtimedwait(set, null_mut(), null());
            if found > 0 {
                *number = found;
                return 0;
            }
        }
        if errno::get() != EINTR.number() {
            return errno::get();
        }
    }
}
