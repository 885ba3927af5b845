//! `<sys/wait.h>`: there are no children.

use crate::errno::{self, ECHILD, EINVAL};
use core::ffi::{c_int, c_void};
use macros::export;

/// Waits for a child. -1 with `ECHILD`.
#[export]
pub extern "C" fn wait(_status: *mut c_int) -> c_int {
    errno::set(ECHILD)
}

/// Waits for a child. -1 with `ECHILD`, or `EINVAL`.
#[export]
pub extern "C" fn waitpid(_process: c_int, _status: *mut c_int, options: c_int) -> c_int {
    // WNOHANG, WUNTRACED, WCONTINUED and Linux's __WNOTHREAD, __WALL, __WCLONE.
    const KNOWN: c_int = 0b1011 | 0xe000_0000_u32 as c_int;
    errno::set(if options & !KNOWN == 0 { ECHILD } else { EINVAL })
}

/// Waits for a child. -1 with `ECHILD`.
#[export]
pub extern "C" fn waitid(kind: c_int, _id: u32, _info: *mut c_void, options: c_int) -> c_int {
    const STATES: c_int = 0b1110;
    errno::set(if (0..=3).contains(&kind) && options & STATES != 0 { ECHILD } else { EINVAL })
}

/// Waits for a child. -1 with `ECHILD`.
#[export]
pub extern "C" fn wait3(status: *mut c_int, options: c_int, _usage: *mut c_void) -> c_int {
    waitpid(-1, status, options)
}

/// Waits for a child. -1 with `ECHILD`.
#[export]
pub extern "C" fn wait4(process: c_int, status: *mut c_int, options: c_int, _usage: *mut c_void) -> c_int {
    waitpid(process, status, options)
}
