//! `strtod` and its kin for C. The `_l` forms are aliases: the numbers of every locale here are C's.

use core::ffi::c_char;

use kcore::errno::ERANGE;
use macros::export;

use super::cursor::Cursor;
use super::float::{DOUBLE, EXTENDED, Kind, SINGLE, parse};
use crate::f80::F80;

/// Reads a number, sets `errno` and says where the number ends.
///
/// # Safety
/// `end` is null or writable.
unsafe fn convert(start: Cursor, end: *mut *const u8, kind: &'static Kind) -> F80 {
    let parsed = parse(start, kind);
    if parsed.range {
        crate::errno::set(ERANGE);
    }
    if !end.is_null() {
        // SAFETY: the caller's promise.
        unsafe { end.write(parsed.end.address()) };
    }
    parsed.value
}

/// A `double` from text.
#[export]
pub unsafe extern "C" fn strtod(text: *const c_char, end: *mut *mut c_char) -> f64 {
    // SAFETY: the caller's string and memory.
    f64::from_bits(unsafe { convert(Cursor::narrow(text), end.cast(), &DOUBLE) }.to_double_bits())
}

/// A `float` from text.
#[export]
pub unsafe extern "C" fn strtof(text: *const c_char, end: *mut *mut c_char) -> f32 {
    // SAFETY: the caller's string and memory.
    f32::from_bits(unsafe { convert(Cursor::narrow(text), end.cast(), &SINGLE) }.to_single_bits())
}

/// A `double` from wide text.
#[export]
pub unsafe extern "C" fn wcstod(text: *const u32, end: *mut *mut u32) -> f64 {
    // SAFETY: the caller's string and memory.
    f64::from_bits(unsafe { convert(Cursor::wide(text), end.cast(), &DOUBLE) }.to_double_bits())
}

/// A `float` from wide text.
#[export]
pub unsafe extern "C" fn wcstof(text: *const u32, end: *mut *mut u32) -> f32 {
    // SAFETY: the caller's string and memory.
    f32::from_bits(unsafe { convert(Cursor::wide(text), end.cast(), &SINGLE) }.to_single_bits())
}

/// A `double` from text.
#[export]
pub unsafe extern "C" fn atof(text: *const c_char) -> f64 {
    // SAFETY: the caller's string.
    unsafe { strtod(text, core::ptr::null_mut()) }
}

/// Reads a `long double` into memory.
///
/// # Safety
/// As `strtold`; `result` is writable.
pub unsafe extern "C" fn read_extended(text: *const c_char, end: *mut *mut c_char, result: *mut F80) {
    // SAFETY: the caller's promise.
    unsafe { result.write(convert(Cursor::narrow(text), end.cast(), &EXTENDED)) }
}

unsafe extern "C" fn read_extended_wide(text: *const u32, end: *mut *mut u32, result: *mut F80) {
    // SAFETY: the caller's promise.
    unsafe { result.write(convert(Cursor::wide(text), end.cast(), &EXTENDED)) }
}

/// A `long double` from text, returned in st(0).
#[export]
#[unsafe(naked)]
pub unsafe extern "C" fn strtold(text: *const c_char, end: *mut *mut c_char) {
    core::arch::naked_asm!(
        "sub rsp, 24",
        "mov rdx, rsp",
        "call {read}",
        "fld tbyte ptr [rsp]",
        "add rsp, 24",
        "ret",
        read = sym read_extended,
    )
}

/// A `long double` from wide text, returned in st(0).
#[export]
#[unsafe(naked)]
pub unsafe extern "C" fn wcstold(text: *const u32, end: *mut *mut u32) {
    core::arch::naked_asm!(
        "sub rsp, 24",
        "mov rdx, rsp",
        "call {read}",
        "fld tbyte ptr [rsp]",
        "add rsp, 24",
        "ret",
        read = sym read_extended_wide,
    )
}
