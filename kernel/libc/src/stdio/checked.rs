//! `_FORTIFY_SOURCE`'s forms of functions that read.

use core::ffi::{c_char, c_int, c_void};

use macros::export;

use super::file::FILE;
use super::{read, wide};

/// An object is too small for what would be written: says so and aborts.
pub fn overflow() -> ! {
    crate::start::__chk_fail()
}

/// `size` must not be more than `room`.
fn check(size: usize, room: usize) {
    if size > room {
        overflow();
    }
}

/// `fgets` with checks.
#[export(cancellable)]
pub unsafe extern "C" fn __fgets_chk(
    buffer: *mut c_char,
    room: usize,
    size: c_int,
    file: *mut FILE,
) -> *mut c_char {
    check(usize::try_from(size).unwrap_or(0), room);
    // SAFETY: the caller's contract.
    unsafe { read::fgets(buffer, size, file) }
}

/// `fgets_unlocked` with checks.
#[export(cancellable)]
pub unsafe extern "C" fn __fgets_unlocked_chk(
    buffer: *mut c_char,
    room: usize,
    size: c_int,
    file: *mut FILE,
) -> *mut c_char {
    check(usize::try_from(size).unwrap_or(0), room);
    // SAFETY: the caller's contract.
    unsafe { read::fgets_unlocked(buffer, size, file) }
}

/// `fgetws` with checks; `room` is in characters.
#[export(cancellable)]
pub unsafe extern "C" fn __fgetws_chk(
    buffer: *mut u32,
    room: usize,
    size: c_int,
    file: *mut FILE,
) -> *mut u32 {
    check(usize::try_from(size).unwrap_or(0), room);
    // SAFETY: the caller's contract.
    unsafe { wide::fgetws(buffer, size, file) }
}

/// `fgetws_unlocked` with checks; `room` is in characters.
#[export(cancellable)]
pub unsafe extern "C" fn __fgetws_unlocked_chk(
    buffer: *mut u32,
    room: usize,
    size: c_int,
    file: *mut FILE,
) -> *mut u32 {
    check(usize::try_from(size).unwrap_or(0), room);
    // SAFETY: the caller's contract.
    unsafe { wide::fgetws_unlocked(buffer, size, file) }
}

/// `fread` with checks.
#[export(cancellable)]
pub unsafe extern "C" fn __fread_chk(
    data: *mut c_void,
    room: usize,
    size: usize,
    count: usize,
    file: *mut FILE,
) -> usize {
    check(size.saturating_mul(count), room);
    // SAFETY: the caller's contract.
    unsafe { read::fread(data, size, count, file) }
}

/// `fread_unlocked` with checks.
#[export(cancellable)]
pub unsafe extern "C" fn __fread_unlocked_chk(
    data: *mut c_void,
    room: usize,
    size: usize,
    count: usize,
    file: *mut FILE,
) -> usize {
    check(size.saturating_mul(count), room);
    // SAFETY: the caller's contract.
    unsafe { read::fread_unlocked(data, size, count, file) }
}
