//! What is done on a signal.

use super::SignalSet;
use super::sets::is_valid;
use crate::errno::{self, EFAULT, EINVAL, ENOMEM, EPERM};
use core::ffi::{c_int, c_void};
use core::sync::atomic::{AtomicU64, Ordering};
use kcore::signal::action::{self, Action, NO_DEFER, RESET, RESTART};
use kcore::signal::context::{DISABLED, ON_IT};
use kcore::signal::{bit, deliver, queue};
use kcore::tls;
use macros::export;

/// `struct sigaction`.
#[repr(C)]
pub struct sigaction_t {
    handler: usize,
    mask: SignalSet,
    flags: c_int,
    restorer: usize,
}

const _: () = assert!(size_of::<sigaction_t>() == 152);

/// `SIG_ERR`.
const ERROR: usize = usize::MAX;
/// `SIG_HOLD`.
const HOLD: usize = 2;

/// Sets what is done on a signal, and says what was. Zero, or -1 with `EINVAL`.
#[export]
pub unsafe extern "C" fn sigaction(number: c_int, new: *const sigaction_t, old: *mut sigaction_t) -> c_int {
    if !is_valid(number) || (!new.is_null() && deliver::UNBLOCKABLE & bit(number) != 0) {
        return errno::set(EINVAL);
    }
    // SAFETY: the caller's: null or an action.
    let before = match unsafe { new.as_ref() } {
        Some(new) => set(number, Action { handler: new.handler, flags: new.flags as u32, mask: new.mask[0] }),
        None => action::get(number),
    };
    // SAFETY: the caller's: null or room for an action.
    if let Some(old) = unsafe { old.as_mut() } {
        let mut mask = [0; 16];
        mask[0] = before.mask;
        *old = sigaction_t { handler: before.handler, mask, flags: before.flags as c_int, restorer: 0 };
    }
    0
}

fn set(number: c_int, new: Action) -> Action {
    let before = action::set(number, new);
    // What is ignored does not stay pending.
    if action::is_ignored(number) {
        queue::discard(number);
    }
    before
}

/// Signals for which `siginterrupt` asked that calls be interrupted.
static INTERRUPTING: AtomicU64 = AtomicU64::new(0);

/// Sets the handler of a signal, as BSD does: it stays, and calls are made again. The handler
/// before, or `SIG_ERR` with `EINVAL`. Aliases: `bsd_signal`, `ssignal`.
#[export]
pub extern "C" fn signal(number: c_int, handler: usize) -> usize {
    if handler == ERROR || !is_valid(number) || deliver::UNBLOCKABLE & bit(number) != 0 {
        errno::set(EINVAL);
        return ERROR;
    }
    let interrupts = INTERRUPTING.load(Ordering::Relaxed) & bit(number) != 0;
    let flags = if interrupts { 0 } else { RESTART };
    set(number, Action { handler, flags, mask: bit(number) }).handler
}

/// Sets the handler of a signal, as System V does: for once, and calls are interrupted. As `signal`.
/// Alias: `__sysv_signal`.
#[export]
pub extern "C" fn sysv_signal(number: c_int, handler: usize) -> usize {
    if handler == ERROR || !is_valid(number) || deliver::UNBLOCKABLE & bit(number) != 0 {
        errno::set(EINVAL);
        return ERROR;
    }
    set(number, Action { handler, flags: RESET | NO_DEFER, mask: 0 }).handler
}

/// Whether calls are interrupted by a signal. Zero, or -1 with `EINVAL`.
#[export]
pub extern "C" fn siginterrupt(number: c_int, interrupts: c_int) -> c_int {
    if !is_valid(number) || deliver::UNBLOCKABLE & bit(number) != 0 {
        return errno::set(EINVAL);
    }
    let mut now = action::get(number);
    if interrupts != 0 {
        INTERRUPTING.fetch_or(bit(number), Ordering::Relaxed);
        now.flags &= !RESTART;
    } else {
        INTERRUPTING.fetch_and(!bit(number), Ordering::Relaxed);
        now.flags |= RESTART;
    }
    set(number, now);
    0
}

/// Ignores a signal. Zero, or -1 with `EINVAL`.
#[export]
pub extern "C" fn sigignore(number: c_int) -> c_int {
    if !is_valid(number) || deliver::UNBLOCKABLE & bit(number) != 0 {
        return errno::set(EINVAL);
    }
    set(number, Action { handler: action::IGNORE, flags: 0, mask: 0 });
    0
}

/// Sets the handler of a signal and unblocks it, or blocks it (`SIG_HOLD`). The handler before,
/// `SIG_HOLD` if it was blocked, or `SIG_ERR` with `EINVAL`.
#[export]
pub extern "C-unwind" fn sigset(number: c_int, handler: usize) -> usize {
    if handler == ERROR || !is_valid(number) || deliver::UNBLOCKABLE & bit(number) != 0 {
        errno::set(EINVAL);
        return ERROR;
    }
    let mask = tls::current().signal_mask.load(Ordering::Relaxed);
    let old = if handler == HOLD {
        super::sets::change(mask | bit(number));
        action::get(number)
    } else {
        let old = set(number, Action { handler, flags: 0, mask: 0 });
        super::sets::change(mask & !bit(number));
        old
    };
    if mask & bit(number) != 0 { HOLD } else { old.handler }
}

/// `stack_t`.
#[repr(C)]
pub struct stack_t {
    base: *mut c_void,
    flags: c_int,
    length: usize,
}

/// `SS_AUTODISARM`.
const AUTODISARM: c_int = c_int::MIN;
/// The least length of an alternate stack (`MINSIGSTKSZ`).
const MINIMUM: usize = 2048;

/// Sets the calling thread's alternate stack for handlers, and says which it had. Zero, or -1 with
/// `EINVAL`, `ENOMEM` or, while on it, `EPERM`.
#[export]
pub unsafe extern "C" fn sigaltstack(new: *const stack_t, old: *mut stack_t) -> c_int {
    let slot = &tls::current().alternate_stack;
    let (base, length, flags) = slot.get();
    let here = (&raw const slot).addr();
    let inside = length != 0 && here.wrapping_sub(base) < length;
    // SAFETY: the caller's: null or a description.
    if let Some(new) = unsafe { new.as_ref() } {
        if inside {
            return errno::set(EPERM);
        }
        match new.flags & !AUTODISARM {
            DISABLED => slot.set((0, 0, DISABLED)),
            0 | ON_IT if new.length < MINIMUM => return errno::set(ENOMEM),
            0 | ON_IT if new.base.is_null() => return errno::set(EFAULT),
            0 | ON_IT => slot.set((new.base.addr(), new.length, 0)),
            _ => return errno::set(EINVAL),
        }
    }
    // SAFETY: the caller's: null or room for a description.
    if let Some(old) = unsafe { old.as_mut() } {
        let state = match (length, inside) {
            (0, _) => DISABLED,
            (_, true) => ON_IT,
            _ => flags,
        };
        *old = stack_t { base: base as *mut c_void, flags: state, length };
    }
    0
}
