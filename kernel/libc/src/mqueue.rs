//! `mqueue.h`: POSIX message queues, which are for several processes; there is one. `ENOSYS`, as
//! from a Linux without them.

use core::ffi::{c_char, c_int, c_uint, c_void};

use kcore::errno::{EBADF, ENOSYS};
use macros::export;

/// `ENOSYS`. The arguments after the flags are not read.
#[export]
pub extern "C" fn mq_open(_name: *const c_char, _flags: c_int) -> c_int {
    crate::errno::set(ENOSYS)
}

/// `ENOSYS`.
#[export]
pub extern "C" fn __mq_open_2(_name: *const c_char, _flags: c_int) -> c_int {
    crate::errno::set(ENOSYS)
}

/// `ENOSYS`.
#[export]
pub extern "C" fn mq_unlink(_name: *const c_char) -> c_int {
    crate::errno::set(ENOSYS)
}

/// `EBADF`: no queue can be open.
#[export]
pub extern "C" fn mq_close(_queue: c_int) -> c_int {
    crate::errno::set(EBADF)
}

/// `EBADF`: no queue can be open.
#[export]
pub extern "C" fn mq_getattr(_queue: c_int, _attributes: *mut c_void) -> c_int {
    crate::errno::set(EBADF)
}

/// `EBADF`: no queue can be open.
#[export]
pub extern "C" fn mq_setattr(_queue: c_int, _new: *const c_void, _old: *mut c_void) -> c_int {
    crate::errno::set(EBADF)
}

/// `EBADF`: no queue can be open.
#[export]
pub extern "C" fn mq_notify(_queue: c_int, _event: *const c_void) -> c_int {
    crate::errno::set(EBADF)
}

/// `EBADF`: no queue can be open.
#[export]
pub extern "C" fn mq_send(
    _queue: c_int,
    _message: *const c_char,
    _length: usize,
    _priority: c_uint,
) -> c_int {
    crate::errno::set(EBADF)
}

/// `EBADF`: no queue can be open.
#[export]
pub extern "C" fn mq_timedsend(
    _queue: c_int,
    _message: *const c_char,
    _length: usize,
    _priority: c_uint,
    _deadline: *const c_void,
) -> c_int {
    crate::errno::set(EBADF)
}

/// `EBADF`: no queue can be open.
#[export]
pub extern "C" fn mq_receive(
    _queue: c_int,
    _message: *mut c_char,
    _length: usize,
    _priority: *mut c_uint,
) -> isize {
    crate::errno::set(EBADF) as isize
}

/// `EBADF`: no queue can be open.
#[export]
pub extern "C" fn mq_timedreceive(
    _queue: c_int,
    _message: *mut c_char,
    _length: usize,
    _priority: *mut c_uint,
    _deadline: *const c_void,
) -> isize {
    crate::errno::set(EBADF) as isize
}
