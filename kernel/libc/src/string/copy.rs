//! Copying and joining strings.

use core::ffi::{c_char, c_void};
use core::ptr::null_mut;

use macros::export;

use super::{memcpy, mempcpy, memset, strlen, strnlen};
use crate::malloc::cells;

/// C `strcpy`.
#[export]
pub unsafe extern "C" fn strcpy(to: *mut c_char, from: *const c_char) -> *mut c_char {
    memcpy(to.cast(), from.cast(), strlen(from) + 1).cast()
}

/// POSIX `stpcpy`: gives the end of the copy.
#[export]
pub unsafe extern "C" fn stpcpy(to: *mut c_char, from: *const c_char) -> *mut c_char {
    let n = strlen(from);
    memcpy(to.cast(), from.cast(), n + 1);
    to.add(n)
}

/// POSIX `stpncpy`: fills up with NULs; gives the first of them, or the end.
#[export]
pub unsafe extern "C" fn stpncpy(to: *mut c_char, from: *const c_char, n: usize) -> *mut c_char {
    let length = strnlen(from, n);
    let end = mempcpy(to.cast(), from.cast(), length);
    memset(end, 0, n - length);
    end.cast()
}

/// C `strncpy`.
#[export]
pub unsafe extern "C" fn strncpy(to: *mut c_char, from: *const c_char, n: usize) -> *mut c_char {
    stpncpy(to, from, n);
    to
}

/// C `strcat`.
#[export]
pub unsafe extern "C" fn strcat(to: *mut c_char, from: *const c_char) -> *mut c_char {
    strcpy(to.add(strlen(to)), from);
    to
}

/// C `strncat`: always ends the result, so it may write `n + 1` bytes.
#[export]
pub unsafe extern "C" fn strncat(to: *mut c_char, from: *const c_char, n: usize) -> *mut c_char {
    let end = mempcpy(to.add(strlen(to)).cast(), from.cast(), strnlen(from, n));
    *end.cast::<c_char>() = 0;
    to
}

/// POSIX `strdup`. Null with ENOMEM when there is no memory.
#[export]
pub unsafe extern "C" fn strdup(s: *const c_char) -> *mut c_char {
    duplicate(s, strlen(s))
}

/// POSIX `strndup`. Null with ENOMEM when there is no memory.
#[export]
pub unsafe extern "C" fn strndup(s: *const c_char, limit: usize) -> *mut c_char {
    duplicate(s, strnlen(s, limit))
}

/// The first `n` bytes at `s` as a string of their own, for the application to free.
pub(crate) unsafe fn duplicate(s: *const c_char, n: usize) -> *mut c_char {
    let copy = cells::malloc(n + 1).cast::<c_char>();
    if copy.is_null() {
        return null_mut();
    }
    *mempcpy(copy.cast(), s.cast(), n).cast::<c_char>() = 0;
    copy
}

/// GNU `strfry`: the bytes of the string in random order.
#[export]
pub unsafe extern "C" fn strfry(s: *mut c_char) -> *mut c_char {
    unsafe extern "C" {
        fn arc4random_uniform(bound: u32) -> u32;
    }
    for i in 1..strlen(s) {
        let j = arc4random_uniform(u32::try_from(i + 1).unwrap_or(u32::MAX)) as usize;
        s.add(i).swap(s.add(j));
    }
    s
}

/// POSIX `swab` (unistd.h): copies pairs of bytes, exchanged; an odd last byte is left alone.
#[export]
pub unsafe extern "C" fn swab(from: *const c_void, to: *mut c_void, n: isize) {
    let (from, to) = (from.cast::<[u8; 2]>(), to.cast::<[u8; 2]>());
    for i in 0..usize::try_from(n).unwrap_or(0) / 2 {
        let [a, b] = *from.add(i);
        *to.add(i) = [b, a];
    }
}
