//! What `_FORTIFY_SOURCE` calls: the same functions, told the size of the object written to.

use core::ffi::{c_char, c_int, c_void};

use macros::export;

use super::{
    explicit_bzero, memcpy, memmove, mempcpy, memset, stpcpy, stpncpy, strcat, strlen, strncat, strnlen,
};

unsafe extern "C" {
    /// Reports a buffer overflow and aborts; `stdio`'s.
    fn __chk_fail() -> !;
}

/// Stops the program if `n` bytes do not fit an object of `size` bytes.
pub(crate) fn fits(n: usize, size: usize) {
    if n > size {
        // SAFETY: takes no arguments and does not return.
        unsafe { __chk_fail() }
    }
}

/// Checked `memcpy`.
#[export]
pub unsafe extern "C" fn __memcpy_chk(
    to: *mut c_void,
    from: *const c_void,
    n: usize,
    size: usize,
) -> *mut c_void {
    fits(n, size);
    memcpy(to, from, n)
}

/// Checked `memmove`.
#[export]
pub unsafe extern "C" fn __memmove_chk(
    to: *mut c_void,
    from: *const c_void,
    n: usize,
    size: usize,
) -> *mut c_void {
    fits(n, size);
    memmove(to, from, n)
}

/// Checked `mempcpy`.
#[export]
pub unsafe extern "C" fn __mempcpy_chk(
    to: *mut c_void,
    from: *const c_void,
    n: usize,
    size: usize,
) -> *mut c_void {
    fits(n, size);
    mempcpy(to, from, n)
}

/// Checked `memset`.
#[export]
pub unsafe extern "C" fn __memset_chk(to: *mut c_void, byte: c_int, n: usize, size: usize) -> *mut c_void {
    fits(n, size);
    memset(to, byte, n)
}

/// Checked `explicit_bzero`.
#[export]
pub unsafe extern "C" fn __explicit_bzero_chk(to: *mut c_void, n: usize, size: usize) {
    fits(n, size);
    explicit_bzero(to, n);
}

/// Checked `strcpy`.
#[export]
pub unsafe extern "C" fn __strcpy_chk(to: *mut c_char, from: *const c_char, size: usize) -> *mut c_char {
    let n = strlen(from) + 1;
    fits(n, size);
    memcpy(to.cast(), from.cast(), n).cast()
}

/// Checked `stpcpy`.
#[export]
pub unsafe extern "C" fn __stpcpy_chk(to: *mut c_char, from: *const c_char, size: usize) -> *mut c_char {
    fits(strlen(from) + 1, size);
    stpcpy(to, from)
}

/// Checked `strncpy`.
#[export]
pub unsafe extern "C" fn __strncpy_chk(
    to: *mut c_char,
    from: *const c_char,
    n: usize,
    size: usize,
) -> *mut c_char {
    fits(n, size);
    stpncpy(to, from, n);
    to
}

/// Checked `stpncpy`.
#[export]
pub unsafe extern "C" fn __stpncpy_chk(
    to: *mut c_char,
    from: *const c_char,
    n: usize,
    size: usize,
) -> *mut c_char {
    fits(n, size);
    stpncpy(to, from, n)
}

/// Checked `strcat`.
#[export]
pub unsafe extern "C" fn __strcat_chk(to: *mut c_char, from: *const c_char, size: usize) -> *mut c_char {
    fits(strlen(to) + strlen(from) + 1, size);
    strcat(to, from)
}

/// Checked `strncat`.
#[export]
pub unsafe extern "C" fn __strncat_chk(
    to: *mut c_char,
    from: *const c_char,
    n: usize,
    size: usize,
) -> *mut c_char {
    fits(strlen(to) + strnlen(from, n) + 1, size);
    strncat(to, from, n)
}
