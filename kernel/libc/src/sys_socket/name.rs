//! Names of sockets: `struct sockaddr` from and to the caller.

use core::ffi::{c_int, c_uint, c_void};

use kcore::errno::{EFAULT, EINVAL, Result};
use macros::export;
use net::socket::file;

use crate::outcome::{bytes, unit};

/// The longest name that may be passed: `sizeof(struct sockaddr_storage)`.
const LONGEST: c_uint = 128;

/// A name of the caller's.
pub(super) unsafe fn given<'a>(name: *const c_void, length: c_uint) -> Result<&'a [u8]> {
    if length > LONGEST {
        return Err(EINVAL);
    }
    // SAFETY: the caller's bytes.
    unsafe { bytes(name.cast(), length as usize) }
}

/// Stores a name, cut to the room there is, and its whole length.
pub(super) unsafe fn store(name: &[u8], to: *mut c_void, length: *mut c_uint) -> Result<()> {
    // SAFETY: the caller's length and room.
    let length = unsafe { length.as_mut() }.ok_or(EFAULT)?;
    if *length > c_int::MAX as c_uint {
        return Err(EINVAL);
    }
    let count = name.len().min(*length as usize);
    // SAFETY: as above.
    let to = unsafe { crate::outcome::buffer(to.cast(), count) }?;
    to.iter_mut().zip(name).for_each(|(to, from)| *to = *from);
    *length = name.len() as c_uint;
    Ok(())
}

/// As [`store`], where null says that nobody wants to know.
pub(super) unsafe fn store_if_wanted(name: &[u8], to: *mut c_void, length: *mut c_uint) -> Result<()> {
    if to.is_null() {
        return Ok(());
    }
    // SAFETY: the caller's.
    unsafe { store(name, to, length) }
}

/// The socket's own name.
#[export]
pub unsafe extern "C" fn getsockname(descriptor: c_int, name: *mut c_void, length: *mut c_uint) -> c_int {
    // SAFETY: the caller's.
    unit(file::with(descriptor, |file| unsafe { store(file.socket().name()?.bytes(), name, length) }))
}

/// The name of the socket at the other end.
#[export]
pub unsafe extern "C" fn getpeername(descriptor: c_int, name: *mut c_void, length: *mut c_uint) -> c_int {
    // SAFETY: the caller's.
    unit(file::with(descriptor, |file| unsafe { store(file.socket().peer()?.bytes(), name, length) }))
}
