//! `sys/shm.h`: System V shared memory, which is for several processes; there is one. `ENOSYS`, as
//! from a Linux without it.

use core::ffi::{c_int, c_void};

use kcore::errno::ENOSYS;
use macros::export;

/// `ENOSYS`.
#[export]
pub extern "C" fn shmget(_key: c_int, _size: usize, _flags: c_int) -> c_int {
    crate::errno::set(ENOSYS)
}

/// `ENOSYS`.
#[export]
pub extern "C" fn shmat(_segment: c_int, _address: *const c_void, _flags: c_int) -> *mut c_void {
    crate::errno::set(ENOSYS);
    core::ptr::without_provenance_mut(usize::MAX)
}

/// `EINVAL`: no segment can be attached.
#[export]
pub extern "C" fn shmdt(_address: *const c_void) -> c_int {
    crate::errno::set(kcore::errno::EINVAL)
}

/// `ENOSYS`.
#[export]
pub extern "C" fn shmctl(_segment: c_int, _command: c_int, _argument: *mut c_void) -> c_int {
    crate::errno::set(ENOSYS)
}
