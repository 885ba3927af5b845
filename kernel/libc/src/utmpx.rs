//! `utmpx.h` and `utmp.h`: who is logged in. Nobody logs in to a unikernel and there is no file of
//! logins, so nothing is found, and nothing can be recorded (`EPERM`).

use core::ffi::{c_char, c_int, c_void};
use core::ptr::null_mut;

use kcore::errno::{EPERM, ESRCH};
use macros::export;

fn none() -> *mut c_void {
    crate::errno::set(ESRCH);
    null_mut()
}

/// No entry: `ESRCH`.
#[export]
pub extern "C" fn getutxent() -> *mut c_void {
    none()
}

/// No entry: `ESRCH`.
#[export]
pub extern "C" fn getutxid(_entry: *const c_void) -> *mut c_void {
    none()
}

/// No entry: `ESRCH`.
#[export]
pub extern "C" fn getutxline(_entry: *const c_void) -> *mut c_void {
    none()
}

/// Cannot be recorded: `EPERM`.
#[export]
pub extern "C" fn pututxline(_entry: *const c_void) -> *mut c_void {
    crate::errno::set(EPERM);
    null_mut()
}

/// Starts again from the first of no entries.
#[export]
pub extern "C" fn setutxent() {}

/// Ends the walk.
#[export]
pub extern "C" fn endutxent() {}

/// No file of logins can be chosen: -1.
#[export]
pub extern "C" fn utmpxname(_file: *const c_char) -> c_int {
    -1
}

/// Nothing is recorded: there is no file of logins.
#[export]
pub extern "C" fn updwtmpx(_file: *const c_char, _entry: *const c_void) {}

/// Nothing is recorded: there is no file of logins.
#[export]
pub extern "C" fn logwtmp(_line: *const c_char, _name: *const c_char, _host: *const c_char) {}

/// No entry: -1 with `ESRCH`, as for the two that follow. `utmp.h`'s.
#[export]
pub unsafe extern "C" fn getutent_r(_entry: *mut c_void, result: *mut *mut c_void) -> c_int {
    // SAFETY: the caller's pointer.
    unsafe { result.write(none()) };
    -1
}

/// No entry. `utmp.h`'s.
#[export]
pub unsafe extern "C" fn getutid_r(
    _wanted: *const c_void,
    entry: *mut c_void,
    result: *mut *mut c_void,
) -> c_int {
    // SAFETY: the caller's pointer.
    unsafe { getutent_r(entry, result) }
}

/// No entry. `utmp.h`'s.
#[export]
pub unsafe extern "C" fn getutline_r(
    _wanted: *const c_void,
    entry: *mut c_void,
    result: *mut *mut c_void,
) -> c_int {
    // SAFETY: the caller's pointer.
    unsafe { getutent_r(entry, result) }
}

/// Nothing is recorded: there is no file of logins.
#[export]
pub extern "C" fn login(_entry: *const c_void) {}

/// Nobody was logged in there: 0.
#[export]
pub extern "C" fn logout(_line: *const c_char) -> c_int {
    0
}

/// Bytes of a `struct utmp`, and of a `struct utmpx`, which is the same.
const ENTRY: usize = 384;

/// Makes a `struct utmp` of a `struct utmpx` (and back, `getutmpx`).
#[export]
pub unsafe extern "C" fn getutmp(from: *const c_void, to: *mut c_void) {
    // SAFETY: the caller's structures.
    unsafe { core::ptr::copy_nonoverlapping(from.cast::<u8>(), to.cast(), ENTRY) };
}
