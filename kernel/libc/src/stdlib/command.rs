//! `system`: there is no shell, and no process to run it in.

use core::ffi::{c_char, c_int};
use macros::export;

/// Whether there is a shell (for null): 0, there is none. A command is not run: -1 with `ENOSYS`.
#[export]
pub extern "C" fn system(command: *const c_char) -> c_int {
    if command.is_null() { 0 } else { crate::errno::set(crate::errno::ENOSYS) }
}
