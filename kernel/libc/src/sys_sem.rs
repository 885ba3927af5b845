//! `sys/sem.h`: System V semaphores, which are for several processes; there is one. `ENOSYS`, as
//! from a Linux without them.

use core::ffi::{c_int, c_void};

use kcore::errno::ENOSYS;
use macros::export;

/// `ENOSYS`.
#[export]
pub extern "C" fn semget(_key: c_int, _count: c_int, _flags: c_int) -> c_int {
    crate::errno::set(ENOSYS)
}

/// `ENOSYS`.
#[export]
pub extern "C" fn semop(_set: c_int, _operations: *mut c_void, _count: usize) -> c_int {
    crate::errno::set(ENOSYS)
}

/// `ENOSYS`.
#[export]
pub extern "C" fn semtimedop(
    _set: c_int,
    _operations: *mut c_void,
    _count: usize,
    _timeout: *const c_void,
) -> c_int {
    crate::errno::set(ENOSYS)
}

/// `ENOSYS`.
#[export]
pub extern "C" fn semctl(_set: c_int, _number: c_int, _command: c_int, _argument: *mut c_void) -> c_int {
    crate::errno::set(ENOSYS)
}
