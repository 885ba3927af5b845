//! Blocks of wide characters.

use core::ffi::c_int;
use core::ptr::null_mut;

use macros::export;

use super::wchar_t;
use crate::string::{memcpy, memmove};

/// C `wmemchr`.
#[export]
pub unsafe extern "C" fn wmemchr(s: *const wchar_t, c: wchar_t, n: usize) -> *mut wchar_t {
    for i in 0..n {
        if *s.add(i) == c {
            return s.add(i).cast_mut();
        }
    }
    null_mut()
}

/// C `wmemcmp`.
#[export]
pub unsafe extern "C" fn wmemcmp(a: *const wchar_t, b: *const wchar_t, n: usize) -> c_int {
    for i in 0..n {
        if *a.add(i) != *b.add(i) {
            return if *a.add(i) < *b.add(i) { -1 } else { 1 };
        }
    }
    0
}

/// C `wmemcpy`.
#[export]
pub unsafe extern "C" fn wmemcpy(to: *mut wchar_t, from: *const wchar_t, n: usize) -> *mut wchar_t {
    memcpy(to.cast(), from.cast(), n * 4).cast()
}

/// C `wmemmove`.
#[export]
pub unsafe extern "C" fn wmemmove(to: *mut wchar_t, from: *const wchar_t, n: usize) -> *mut wchar_t {
    memmove(to.cast(), from.cast(), n * 4).cast()
}

/// GNU `wmempcpy`.
#[export]
pub unsafe extern "C" fn wmempcpy(to: *mut wchar_t, from: *const wchar_t, n: usize) -> *mut wchar_t {
    wmemcpy(to, from, n).add(n)
}

/// C `wmemset`.
#[export]
pub unsafe extern "C" fn wmemset(to: *mut wchar_t, c: wchar_t, n: usize) -> *mut wchar_t {
    for i in 0..n {
        *to.add(i) = c;
    }
    to
}
