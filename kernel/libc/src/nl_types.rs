//! `nl_types.h`: message catalogues. None can be opened, so programs fall back to their own text,
//! as they do where a language is not installed.

use core::ffi::{c_char, c_int, c_void};

use macros::export;

/// `ENOENT`, as where there is no catalogue.
#[export]
pub extern "C" fn catopen(_name: *const c_char, _flags: c_int) -> *mut c_void {
    crate::errno::set(kcore::errno::ENOENT);
    core::ptr::without_provenance_mut(usize::MAX)
}

/// The caller's own text.
#[export]
pub extern "C" fn catgets(
    _catalogue: *mut c_void,
    _set: c_int,
    _number: c_int,
    text: *const c_char,
) -> *mut c_char {
    text.cast_mut()
}

/// `EBADF`: nothing can be open.
#[export]
pub extern "C" fn catclose(_catalogue: *mut c_void) -> c_int {
    crate::errno::set(kcore::errno::EBADF)
}
