//! `sys/msg.h`: System V message queues, which are for several processes; there is one. `ENOSYS`, as
//! from a Linux without them.

use core::ffi::{c_int, c_long, c_void};

use kcore::errno::ENOSYS;
use macros::export;

/// `ENOSYS`.
#[export]
pub extern "C" fn msgget(_key: c_int, _flags: c_int) -> c_int {
    crate::errno::set(ENOSYS)
}

/// `ENOSYS`.
#[export]
pub extern "C" fn msgsnd(_queue: c_int, _message: *const c_void, _size: usize, _flags: c_int) -> c_int {
    crate::errno::set(ENOSYS)
}

/// `ENOSYS`.
#[export]
pub extern "C" fn msgrcv(
    _queue: c_int,
    _message: *mut c_void,
    _size: usize,
    _kind: c_long,
    _flags: c_int,
) -> isize {
    crate::errno::set(ENOSYS) as isize
}

/// `ENOSYS`.
#[export]
pub extern "C" fn msgctl(_queue: c_int, _command: c_int, _argument: *mut c_void) -> c_int {
    crate::errno::set(ENOSYS)
}
