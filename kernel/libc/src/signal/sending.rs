//! Sending signals, to the process and to its threads.

use super::sets::is_valid;
use crate::errno::{self, EINVAL, ENOSYS, EPERM, ESRCH, Errno};
use core::ffi::{c_int, c_void};
use core::sync::atomic::Ordering;
use kcore::signal::{self, FROM_QUEUE, FROM_THREAD, FROM_USER, Info, queue};
use kcore::tls::{self, Tcb};
use macros::export;

fn check(number: c_int) -> Result<(), Errno> {
    if number == 0 || (1..=signal::LAST).contains(&number) { Ok(()) } else { Err(EINVAL) }
}

extern "C-unwind" fn post(target: Option<&Tcb>, info: Info) -> Result<(), Errno> {
    queue::send(target, info)?;
    // What the calling thread sent to itself is handled before the call returns.
    signal::handle_pending();
    Ok(())
}

fn status(result: Result<(), Errno>) -> c_int {
    result.map_or_else(errno::set, |()| 0)
}

/// Sends a signal to a process: to this one (1), its group (0, -1) or all (-1). Zero, or -1 with
/// `EINVAL` or `ESRCH`.
#[export]
pub extern "C-unwind" fn kill(process: c_int, number: c_int) -> c_int {
    if let Err(error) = check(number) {
        return errno::set(error);
    }
    if !matches!(process, -1..=1) {
        return errno::set(ESRCH);
    }
    if number == 0 {
        return 0;
    }
    status(post(None, Info::own(number, FROM_USER)))
}

/// Sends a signal to a group of processes. As `kill`.
#[export]
pub extern "C-unwind" fn killpg(group: c_int, number: c_int) -> c_int {
    if group < 0 {
        return errno::set(EINVAL);
    }
    kill(if group <= 1 { 1 } else { group }, number)
}

/// Sends a signal to the calling thread. Zero, or -1 with `EINVAL`. Alias: `gsignal`.
#[export]
pub extern "C-unwind" fn raise(number: c_int) -> c_int {
    if !is_valid(number) {
        return errno::set(EINVAL);
    }
    status(post(Some(tls::current()), Info::own(number, FROM_THREAD)))
}

/// Sends a signal to a thread. Zero, `EINVAL` or `ESRCH`.
#[export]
pub unsafe extern "C-unwind" fn pthread_kill(thread: *const Tcb, number: c_int) -> c_int {
    if check(number).is_err() || (number != 0 && !is_valid(number)) {
        return EINVAL.number();
    }
    // SAFETY: the caller's: a thread that has not been joined.
    let thread = unsafe { &*thread };
    // A thread that has ended and waits to be joined gets no signals, which is no error.
    if number == 0 || thread.tid.load(Ordering::Acquire) == 0 {
        return 0;
    }
    post(Some(thread), Info::own(number, FROM_THREAD)).map_or_else(Errno::number, |()| 0)
}

/// Sends a signal to the thread of this number. Zero, or -1 with `EINVAL` or `ESRCH`.
#[export]
pub extern "C-unwind" fn tgkill(process: c_int, thread: c_int, number: c_int) -> c_int {
    if process <= 0 || thread <= 0 || check(number).is_err() {
        return errno::set(EINVAL);
    }
    let mut found: *const Tcb = core::ptr::null();
    tls::for_each(&mut |block| {
        if block.tid.load(Ordering::Relaxed) == thread as u32 {
            found = block;
        }
    });
    if process != 1 || found.is_null() {
        return errno::set(ESRCH);
    }
    if number == 0 {
        return 0;
    }
    // SAFETY: it was on the list of threads; that it stays is up to the application, as with `pthread_kill`.
    status(post(unsafe { found.as_ref() }, Info::own(number, FROM_THREAD)))
}

fn with_value(number: c_int, value: *mut c_void) -> Info {
    let mut info = Info::own(number, FROM_QUEUE);
    info.words[1] = value.addr() as u64;
    info
}

/// Sends a signal with a value to a process. Zero, or -1 with `EAGAIN`, `EINVAL` or `ESRCH`.
#[export]
pub extern "C-unwind" fn sigqueue(process: c_int, number: c_int, value: *mut c_void) -> c_int {
    if check(number).is_err() {
        return errno::set(EINVAL);
    }
    if process != 1 {
        return errno::set(if process <= 0 { EPERM } else { ESRCH });
    }
    if number == 0 {
        return 0;
    }
    status(post(None, with_value(number, value)))
}

/// Sends a signal with a value to a thread. Zero, `EAGAIN` or `EINVAL`.
#[export]
pub unsafe extern "C-unwind" fn pthread_sigqueue(
    thread: *const Tcb,
    number: c_int,
    value: *mut c_void,
) -> c_int {
    if number == 0 {
        return 0;
    }
    if !is_valid(number) {
        return EINVAL.number();
    }
    // SAFETY: the caller's: a thread that has not been joined.
    post(Some(unsafe { &*thread }), with_value(number, value)).map_or_else(Errno::number, |()| 0)
}

/// Returns from a signal handler: only Linux's own return code calls this. -1 with `ENOSYS`.
#[export]
pub extern "C" fn sigreturn(_context: *mut c_void) -> c_int {
    errno::set(ENOSYS)
}
