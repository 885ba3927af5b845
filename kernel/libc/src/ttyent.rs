//! `ttyent.h`: the terminals of `/etc/ttys`, a file that Linux systems do not have.

use core::ffi::{c_char, c_int, c_void};
use core::ptr::null_mut;

use macros::export;

/// No entry.
#[export]
pub extern "C" fn getttyent() -> *mut c_void {
    null_mut()
}

/// No entry.
#[export]
pub extern "C" fn getttynam(_name: *const c_char) -> *mut c_void {
    null_mut()
}

/// The list could not be opened: 0.
#[export]
pub extern "C" fn setttyent() -> c_int {
    0
}

/// The list is closed: 1.
#[export]
pub extern "C" fn endttyent() -> c_int {
    1
}
