//! Signal sets and masks.

use super::SignalSet;
use crate::errno::{self, EINVAL};
use core::ffi::c_int;
use core::sync::atomic::{AtomicI32, Ordering};
use kcore::signal::{self, LAST, bit, deliver, queue};
use kcore::tls;
use macros::export;

/// The signals that the C library keeps: 32 and 33, which applications cannot name.
pub(super) const RESERVED: u64 = bit(32) | bit(33);

/// Whether an application may use this signal.
#[must_use]
pub(super) fn is_valid(number: c_int) -> bool {
    (1..=LAST).contains(&number) && RESERVED & bit(number) == 0
}

/// Empties a set. Zero.
#[export]
pub unsafe extern "C" fn sigemptyset(set: *mut SignalSet) -> c_int {
    // SAFETY: the caller's.
    unsafe { *set = [0; 16] };
    0
}

/// Fills a set with all signals that an application may use. Zero.
#[export]
pub unsafe extern "C" fn sigfillset(set: *mut SignalSet) -> c_int {
    // SAFETY: the caller's.
    unsafe {
        *set = [u64::MAX; 16];
        (*set)[0] = !RESERVED;
    }
    0
}

/// Puts a signal into a set. Zero, or -1 with `EINVAL`. Alias: `__sigaddset`.
#[export]
pub unsafe extern "C" fn sigaddset(set: *mut SignalSet, number: c_int) -> c_int {
    if !is_valid(number) {
        return errno::set(EINVAL);
    }
    // SAFETY: the caller's.
    unsafe { (*set)[0] |= bit(number) };
    0
}

/// Takes a signal out of a set. Zero, or -1 with `EINVAL`. Alias: `__sigdelset`.
#[export]
pub unsafe extern "C" fn sigdelset(set: *mut SignalSet, number: c_int) -> c_int {
    if !is_valid(number) {
        return errno::set(EINVAL);
    }
    // SAFETY: the caller's.
    unsafe { (*set)[0] &= !bit(number) };
    0
}

/// Whether a signal is in a set: 1 or 0, or -1 with `EINVAL`. Alias: `__sigismember`.
#[export]
pub unsafe extern "C" fn sigismember(set: *const SignalSet, number: c_int) -> c_int {
    if !(1..=LAST).contains(&number) {
        return errno::set(EINVAL);
    }
    // SAFETY: the caller's.
    c_int::from(unsafe { (*set)[0] } & bit(number) != 0)
}

/// Whether a set is empty.
#[export]
pub unsafe extern "C" fn sigisemptyset(set: *const SignalSet) -> c_int {
    // SAFETY: the caller's.
    c_int::from(unsafe { (*set)[0] } == 0)
}

/// The signals in both sets. Zero.
#[export]
pub unsafe extern "C" fn sigandset(
    to: *mut SignalSet,
    one: *const SignalSet,
    other: *const SignalSet,
) -> c_int {
    // SAFETY: the caller's.
    unsafe {
        let both = (*one)[0] & (*other)[0];
        *to = [0; 16];
        (*to)[0] = both;
    }
    0
}

/// The signals in either set. Zero.
#[export]
pub unsafe extern "C" fn sigorset(
    to: *mut SignalSet,
    one: *const SignalSet,
    other: *const SignalSet,
) -> c_int {
    // SAFETY: the caller's.
    unsafe {
        let either = (*one)[0] | (*other)[0];
        *to = [0; 16];
        (*to)[0] = either;
    }
    0
}

/// Changes the calling thread's mask. Zero or an error number.
#[export]
pub unsafe extern "C-unwind" fn pthread_sigmask(
    how: c_int,
    set: *const SignalSet,
    old: *mut SignalSet,
) -> c_int {
    const BLOCK: c_int = 0;
    const UNBLOCK: c_int = 1;
    const SET: c_int = 2;
    let mask = &tls::current().signal_mask;
    let before = mask.load(Ordering::Relaxed);
    // SAFETY: the caller's: null or a set.
    if let Some(set) = unsafe { set.as_ref() } {
        let set = set[0];
        let after = match how {
            BLOCK => before | set,
            UNBLOCK => before & !set,
            SET => set,
            _ => return EINVAL.number(),
        };
        change(after);
    }
    if !old.is_null() {
        // SAFETY: the caller's.
        unsafe {
            *old = [0; 16];
            (*old)[0] = before;
        }
    }
    0
}

/// Sets the calling thread's mask, and handles what it lets through.
pub(crate) extern "C-unwind" fn change(mask: u64) -> u64 {
    let slot = &tls::current().signal_mask;
    let before = slot.swap(mask & !(deliver::UNBLOCKABLE | RESERVED), Ordering::Relaxed);
    if before & !mask != 0 {
        signal::mask_changed();
    }
    before
}

/// Changes the calling thread's mask. Zero, or -1 with `EINVAL`.
#[export]
pub unsafe extern "C-unwind" fn sigprocmask(how: c_int, set: *const SignalSet, old: *mut SignalSet) -> c_int {
    // SAFETY: the caller's.
    match unsafe { pthread_sigmask(how, set, old) } {
        0 => 0,
        error => {
            errno::set_number(error);
            -1
        }
    }
}

/// The signals that wait for the calling thread and are blocked. Zero.
#[export]
pub unsafe extern "C" fn sigpending(set: *mut SignalSet) -> c_int {
    let thread = tls::current();
    // SAFETY: the caller's.
    unsafe {
        *set = [0; 16];
        (*set)[0] = queue::pending(thread) & thread.signal_mask.load(Ordering::Relaxed);
    }
    0
}

/// BSD: blocks the signals of a 32-bit mask too. The mask before.
#[export]
pub extern "C-unwind" fn sigblock(mask: c_int) -> c_int {
    let before = tls::current().signal_mask.load(Ordering::Relaxed);
    change(before | mask as u32 as u64) as c_int
}

/// BSD: sets the low 32 bits of the mask. The mask before.
#[export]
pub extern "C-unwind" fn sigsetmask(mask: c_int) -> c_int {
    let before = tls::current().signal_mask.load(Ordering::Relaxed);
    change(before & !0xffff_ffff | mask as u32 as u64) as c_int
}

/// BSD: the low 32 bits of the mask.
#[export]
pub extern "C" fn siggetmask() -> c_int {
    tls::current().signal_mask.load(Ordering::Relaxed) as c_int
}

/// Blocks a signal. Zero, or -1 with `EINVAL`.
#[export]
pub extern "C-unwind" fn sighold(number: c_int) -> c_int {
    if !is_valid(number) {
        return errno::set(EINVAL);
    }
    change(tls::current().signal_mask.load(Ordering::Relaxed) | bit(number));
    0
}

/// Unblocks a signal. Zero, or -1 with `EINVAL`.
#[export]
pub extern "C-unwind" fn sigrelse(number: c_int) -> c_int {
    if !is_valid(number) {
        return errno::set(EINVAL);
    }
    change(tls::current().signal_mask.load(Ordering::Relaxed) & !bit(number));
    0
}

/// The real-time signals that are the program's: the first and the last.
static REAL_TIME_SIGNALS: [AtomicI32; 2] = [AtomicI32::new(signal::REAL_TIME), AtomicI32::new(LAST)];

/// The first real-time signal that programs may use (`SIGRTMIN`).
#[export]
pub extern "C" fn __libc_current_sigrtmin() -> c_int {
    REAL_TIME_SIGNALS[0].load(Ordering::Relaxed)
}

/// The last real-time signal (`SIGRTMAX`).
#[export]
pub extern "C" fn __libc_current_sigrtmax() -> c_int {
    REAL_TIME_SIGNALS[1].load(Ordering::Relaxed)
}

/// Takes a real-time signal for a library's own use: the first or, for 0, the last. -1 if none is left.
#[export]
pub extern "C" fn __libc_allocate_rtsig(high: c_int) -> c_int {
    let [first, last] = &REAL_TIME_SIGNALS;
    if first.load(Ordering::Relaxed) > last.load(Ordering::Relaxed) {
        return -1;
    }
    if high != 0 { first.fetch_add(1, Ordering::Relaxed) } else { last.fetch_sub(1, Ordering::Relaxed) }
}
