//! The wide printf functions.

use core::ffi::c_int;

use macros::export;

use super::output::print_to;
use super::{Format, Sink, print};
use crate::stdio::arguments::{VaList, list};
use crate::stdio::file::{FILE, Locked, standard_output};
use crate::stdio::wide::{WEOF, orient_wide, put_wide};
use crate::stdio::write::put;

/// A stream that takes wide characters. It is a type of its own so that a program which prints bytes
/// only does not carry the conversion.
struct WideStream<'a>(&'a mut FILE);

impl Sink for WideStream<'_> {
    fn bytes(&mut self, text: &[u8]) -> bool {
        // SAFETY: the slice is readable. ASCII characters are their own bytes.
        unsafe { put(self.0, text.as_ptr(), text.len()) == text.len() }
    }

    fn wide(&mut self, text: &[u32]) -> bool {
        text.iter().all(|&character| put_wide(self.0, character) != WEOF)
    }
}

/// `vfwprintf`, with or without `_FORTIFY_SOURCE`'s checks.
///
/// # Safety
/// C's contract of `vfwprintf`.
unsafe fn to_stream(file: *mut FILE, format: *const u32, arguments: *mut VaList, checks: c_int) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        let mut file = Locked::new(file);
        if !orient_wide(&mut file) {
            return -1;
        }
        print_to(&mut file, |file| print(&mut WideStream(file), Format::wide(format), arguments, checks > 0))
    }
}

/// A buffer of a known size; more than fits is an error.
struct WideBuffer {
    at: *mut u32,
    room: usize,
}

impl WideBuffer {
    fn one(&mut self, character: u32) -> bool {
        if self.room == 0 {
            return false;
        }
        // SAFETY: there is room.
        unsafe { self.at.write(character) };
        self.at = self.at.wrapping_add(1);
        self.room -= 1;
        true
    }
}

impl Sink for WideBuffer {
    fn bytes(&mut self, text: &[u8]) -> bool {
        text.iter().all(|&byte| self.one(byte.into()))
    }

    fn wide(&mut self, text: &[u32]) -> bool {
        text.iter().all(|&character| self.one(character))
    }
}

/// `vswprintf`, with or without `_FORTIFY_SOURCE`'s checks.
///
/// # Safety
/// C's contract of `vswprintf`.
unsafe fn to_buffer(
    buffer: *mut u32,
    size: usize,
    format: *const u32,
    arguments: *mut VaList,
    checks: c_int,
) -> c_int {
    let Some(room) = size.checked_sub(1) else { return -1 };
    let mut sink = WideBuffer { at: buffer, room };
    // SAFETY: the caller's promise; the sink left room for the NUL.
    unsafe {
        let result = print(&mut sink, Format::wide(format), arguments, checks > 0);
        sink.at.write(0);
        result
    }
}

/// Formats to `stdout`.
#[export(cancellable)]
pub unsafe extern "C" fn wprintf(format: *const u32, mut arguments: ...) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { to_stream(standard_output(), format, list!(arguments), 0) }
}

/// Formats to `stdout`.
#[export(cancellable)]
pub unsafe extern "C" fn vwprintf(format: *const u32, arguments: *mut VaList) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { to_stream(standard_output(), format, arguments, 0) }
}

/// Formats to a stream.
#[export(cancellable)]
pub unsafe extern "C" fn fwprintf(file: *mut FILE, format: *const u32, mut arguments: ...) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { to_stream(file, format, list!(arguments), 0) }
}

/// Formats to a stream.
#[export(cancellable)]
pub unsafe extern "C" fn vfwprintf(file: *mut FILE, format: *const u32, arguments: *mut VaList) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { to_stream(file, format, arguments, 0) }
}

/// Formats to a buffer of `size` characters; −1 if the text does not fit.
#[export]
pub unsafe extern "C" fn swprintf(
    buffer: *mut u32,
    size: usize,
    format: *const u32,
    mut arguments: ...
) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { to_buffer(buffer, size, format, list!(arguments), 0) }
}

/// Formats to a buffer of `size` characters; −1 if the text does not fit.
#[export]
pub unsafe extern "C" fn vswprintf(
    buffer: *mut u32,
    size: usize,
    format: *const u32,
    arguments: *mut VaList,
) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { to_buffer(buffer, size, format, arguments, 0) }
}

/// `wprintf` with checks.
#[export(cancellable)]
pub unsafe extern "C" fn __wprintf_chk(checks: c_int, format: *const u32, mut arguments: ...) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { to_stream(standard_output(), format, list!(arguments), checks) }
}

/// `vwprintf` with checks.
#[export(cancellable)]
pub unsafe extern "C" fn __vwprintf_chk(checks: c_int, format: *const u32, arguments: *mut VaList) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { to_stream(standard_output(), format, arguments, checks) }
}

/// `fwprintf` with checks.
#[export(cancellable)]
pub unsafe extern "C" fn __fwprintf_chk(
    file: *mut FILE,
    checks: c_int,
    format: *const u32,
    mut arguments: ...
) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { to_stream(file, format, list!(arguments), checks) }
}

/// `vfwprintf` with checks.
#[export(cancellable)]
pub unsafe extern "C" fn __vfwprintf_chk(
    file: *mut FILE,
    checks: c_int,
    format: *const u32,
    arguments: *mut VaList,
) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { to_stream(file, format, arguments, checks) }
}

/// `swprintf` with checks; `room` is in characters.
#[export]
pub unsafe extern "C" fn __swprintf_chk(
    buffer: *mut u32,
    size: usize,
    checks: c_int,
    room: usize,
    format: *const u32,
    mut arguments: ...
) -> c_int {
    if room < size {
        crate::stdio::checked::overflow();
    }
    // SAFETY: the caller's contract.
    unsafe { to_buffer(buffer, size, format, list!(arguments), checks) }
}

/// `vswprintf` with checks; `room` is in characters.
#[export]
pub unsafe extern "C" fn __vswprintf_chk(
    buffer: *mut u32,
    size: usize,
    checks: c_int,
    room: usize,
    format: *const u32,
    arguments: *mut VaList,
) -> c_int {
    if room < size {
        crate::stdio::checked::overflow();
    }
    // SAFETY: the caller's contract.
    unsafe { to_buffer(buffer, size, format, arguments, checks) }
}
