//! `sys/fanotify.h`: not provided, and honest about it.

use core::ffi::{c_char, c_int, c_uint};

use kcore::errno::{EINVAL, ENOSYS};
use macros::export;

/// Watching file systems is not provided.
#[export]
pub extern "C" fn fanotify_init(_flags: c_uint, _event_flags: c_uint) -> c_int {
    crate::errno::set(ENOSYS)
}

/// Without `fanotify_init` there is no descriptor to mark.
#[export]
pub unsafe extern "C" fn fanotify_mark(
    _descriptor: c_int,
    _flags: c_uint,
    _mask: u64,
    _directory: c_int,
    _name: *const c_char,
) -> c_int {
    crate::errno::set(EINVAL)
}
