//! Socket options.

use core::ffi::{c_int, c_uint, c_void};

use kcore::errno::{EFAULT, EINVAL};
use macros::export;
use net::socket::file;

use crate::outcome::{buffer, bytes, number, unit};

/// Longest value of an option that is looked at or given.
const LONGEST: usize = 4096;

/// Sets an option of a socket.
#[export]
pub unsafe extern "C" fn setsockopt(
    descriptor: c_int,
    level: c_int,
    name: c_int,
    value: *const c_void,
    length: c_uint,
) -> c_int {
    let set = file::with(descriptor, |file| {
        if length > c_int::MAX as c_uint {
            return Err(EINVAL);
        }
        // SAFETY: the caller's value.
        let value = unsafe { bytes(value.cast(), (length as usize).min(LONGEST)) }?;
        file.socket().set_option(level, name, value)
    });
    unit(set)
}

/// Gets an option of a socket.
#[export]
pub unsafe extern "C" fn getsockopt(
    descriptor: c_int,
    level: c_int,
    name: c_int,
    value: *mut c_void,
    length: *mut c_uint,
) -> c_int {
    let get = file::with(descriptor, |file| {
        // SAFETY: null or the caller's length.
        let length = unsafe { length.as_mut() }.ok_or(EFAULT)?;
        if *length > c_int::MAX as c_uint {
            return Err(EINVAL);
        }
        // SAFETY: the caller's room.
        let to = unsafe { buffer(value.cast(), (*length as usize).min(LONGEST)) }?;
        *length = file.socket().option(level, name, to)? as c_uint;
        Ok(())
    });
    unit(get)
}

/// Whether the next byte is the one after the urgent data.
#[export]
pub extern "C" fn sockatmark(descriptor: c_int) -> c_int {
    number(file::with(descriptor, |file| file.socket().at_mark().map(c_int::from)))
}
