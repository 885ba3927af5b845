//! Cutting strings into tokens.

use core::cell::UnsafeCell;
use core::ffi::{c_char, c_int};
use core::ptr::null_mut;

use macros::export;

use super::{strcspn, strspn};

/// Where `strtok` goes on; one for all threads, as C has it.
struct Position(UnsafeCell<*mut c_char>);

// SAFETY: C requires calls of `strtok` not to race.
unsafe impl Sync for Position {}

static POSITION: Position = Position(UnsafeCell::new(null_mut()));

/// C `strtok`.
#[export]
pub unsafe extern "C" fn strtok(s: *mut c_char, delimiters: *const c_char) -> *mut c_char {
    strtok_r(s, delimiters, POSITION.0.get())
}

/// POSIX `strtok_r`.
#[export]
pub unsafe extern "C" fn strtok_r(
    s: *mut c_char,
    delimiters: *const c_char,
    position: *mut *mut c_char,
) -> *mut c_char {
    let mut s = if s.is_null() { *position } else { s };
    if s.is_null() {
        return s;
    }
    s = s.add(strspn(s, delimiters));
    if *s == 0 {
        *position = s;
        return null_mut();
    }
    let end = s.add(strcspn(s, delimiters));
    *position = if *end == 0 { end } else { end.add(1) };
    *end = 0;
    s
}

/// BSD `strsep`: tokens may be empty.
#[export]
pub unsafe extern "C" fn strsep(position: *mut *mut c_char, delimiters: *const c_char) -> *mut c_char {
    let s = *position;
    if s.is_null() {
        return s;
    }
    let end = s.add(strcspn(s, delimiters));
    *position = if *end == 0 {
        null_mut()
    } else {
        *end = 0;
        end.add(1)
    };
    s
}

/// POSIX `getsubopt` (stdlib.h): the next comma-separated suboption of `*options`; its number in
/// `tokens` (a null-terminated list), or −1; `*value` is what follows its `=`, the whole if unknown.
#[export]
pub unsafe extern "C" fn getsubopt(
    options: *mut *mut c_char,
    tokens: *const *mut c_char,
    value: *mut *mut c_char,
) -> c_int {
    let start = *options;
    if *start == 0 {
        return -1;
    }
    let end = super::strchrnul(start, c_int::from(b','));
    let equals =
        super::memchr(start.cast(), c_int::from(b'='), end as usize - start as usize).cast::<c_char>();
    let name_end = if equals.is_null() { end } else { equals };
    let n = name_end as usize - start as usize;
    *options = end;
    if *end != 0 {
        *end = 0;
        *options = end.add(1);
    }
    let mut i = 0;
    while !(*tokens.add(i)).is_null() {
        let token = *tokens.add(i);
        if super::strncmp(start, token, n) == 0 && *token.add(n) == 0 {
            *value = if equals.is_null() { null_mut() } else { equals.add(1) };
            return i as c_int;
        }
        i += 1;
    }
    *value = start;
    -1
}
