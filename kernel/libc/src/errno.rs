//! `<errno.h>`: the calling thread's error number.

use core::ffi::c_int;
pub use kcore::errno::*;
use macros::export;

/// Sets `errno` and gives -1, which most functions return then.
pub fn set(error: Errno) -> c_int {
    kcore::tls::current().errno.set(error.number());
    -1
}

/// Sets `errno` to a plain number, as functions do that save and restore it; 0 is allowed.
pub fn set_number(number: c_int) {
    kcore::tls::current().errno.set(number);
}

/// The value of `errno`.
#[must_use]
pub fn get() -> c_int {
    kcore::tls::current().errno.get()
}

/// `errno`'s address in the calling thread: what the macro `errno` expands to.
#[export]
pub extern "C" fn __errno_location() -> *mut c_int {
    kcore::tls::current().errno.as_ptr()
}

/// `h_errno`'s address in the calling thread.
#[export]
pub extern "C" fn __h_errno_location() -> *mut c_int {
    kcore::tls::current().h_errno.as_ptr()
}
