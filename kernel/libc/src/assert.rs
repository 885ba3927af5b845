//! `<assert.h>`.

use crate::error::{decimal, text, to_stderr};
use core::ffi::{c_char, c_int, c_uint};
use macros::export;

/// `assert` failed: `PROGRAM: FILE:LINE: FUNCTION: Assertion 'WHAT' failed.`, then `abort`.
#[export]
pub unsafe extern "C-unwind" fn __assert_fail(
    assertion: *const c_char,
    file: *const c_char,
    line: c_uint,
    function: *const c_char,
) -> ! {
    // SAFETY: the macro passes strings, and null for a function without a name.
    let (assertion, file, function) = unsafe { (text(assertion), text(file), text(function)) };
    let colon: &[u8] = if function.is_empty() { b"" } else { b": " };
    let mut digits = [0; 20];
    let line = decimal(line, &mut digits);
    let name = crate::error::short_name();
    to_stderr(&[
        name,
        b": ",
        file,
        b":",
        line,
        b": ",
        function,
        colon,
        b"Assertion `",
        assertion,
        b"' failed.\n",
    ]);
    crate::start::abort()
}

/// `assert_perror` failed: the text of an error number in place of the condition.
#[export]
pub unsafe extern "C-unwind" fn __assert_perror_fail(
    error: c_int,
    file: *const c_char,
    line: c_uint,
    function: *const c_char,
) -> ! {
    // SAFETY: as for `__assert_fail`.
    let (file, function) = unsafe { (text(file), text(function)) };
    let colon: &[u8] = if function.is_empty() { b"" } else { b": " };
    let mut digits = [0; 20];
    let line = decimal(line, &mut digits);
    let name = crate::error::short_name();
    let what = crate::error::error_text(error);
    to_stderr(&[name, b": ", file, b":", line, b": ", function, colon, b"Unexpected error: ", what, b".\n"]);
    crate::start::abort()
}

/// The ISO C form of `assert`'s failure.
#[export]
pub unsafe extern "C-unwind" fn __assert(assertion: *const c_char, file: *const c_char, line: c_int) -> ! {
    // SAFETY: the caller's.
    unsafe { __assert_fail(assertion, file, line.unsigned_abs(), core::ptr::null()) }
}
