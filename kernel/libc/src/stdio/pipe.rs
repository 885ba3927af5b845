//! `popen`: there is one process here, so there is none to talk to.

use core::ffi::{c_char, c_int};

use kcore::errno::{ECHILD, ENOSYS};
use macros::export;

use super::file::FILE;
use super::system;

/// Would run a shell command; fails with `ENOSYS`, as `fork` does.
#[export]
pub unsafe extern "C" fn popen(_command: *const c_char, _mode: *const c_char) -> *mut FILE {
    system::set_errno(ENOSYS);
    core::ptr::null_mut()
}

/// Would wait for a shell command; no stream is of one, so this fails with `ECHILD`.
#[export]
pub unsafe extern "C" fn pclose(_file: *mut FILE) -> c_int {
    system::set_errno(ECHILD);
    -1
}
