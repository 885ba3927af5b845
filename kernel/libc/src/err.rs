//! `<err.h>`: BSD's messages on standard error.

use crate::error::{error_text, put, short_name};
use crate::stdio::arguments::{VaList, list};
use core::ffi::{c_char, c_int};
use macros::export;

/// `PROGRAM: MESSAGE`, with `: ERROR` after it if a number is given.
unsafe fn message(number: Option<c_int>, format: *const c_char, arguments: *mut VaList) {
    put(&[short_name(), b": "]);
    if !format.is_null() {
        // SAFETY: the callers' contract.
        unsafe {
            crate::stdio::printf::output::vfprintf(crate::stdio::file::standard_error(), format, arguments)
        };
    }
    if let Some(number) = number {
        put(&[if format.is_null() { b"" } else { b": " }, error_text(number)]);
    }
    put(&[b"\n"]);
}

/// `vwarn`: the message and the text of `errno`.
#[export]
pub unsafe extern "C" fn vwarn(format: *const c_char, arguments: *mut VaList) {
    // SAFETY: the caller's contract.
    unsafe { message(Some(crate::errno::get()), format, arguments) }
}

/// `vwarnx`: the message alone.
#[export]
pub unsafe extern "C" fn vwarnx(format: *const c_char, arguments: *mut VaList) {
    // SAFETY: the caller's contract.
    unsafe { message(None, format, arguments) }
}

/// `warn`: the message and the text of `errno`.
#[export]
pub unsafe extern "C" fn warn(format: *const c_char, mut arguments: ...) {
    // SAFETY: the caller's contract.
    unsafe { vwarn(format, list!(arguments)) }
}

/// `warnx`: the message alone.
#[export]
pub unsafe extern "C" fn warnx(format: *const c_char, mut arguments: ...) {
    // SAFETY: the caller's contract.
    unsafe { vwarnx(format, list!(arguments)) }
}

/// `verr`: as `vwarn`, then exits.
#[export]
pub unsafe extern "C-unwind" fn verr(status: c_int, format: *const c_char, arguments: *mut VaList) -> ! {
    // SAFETY: the caller's contract.
    unsafe { vwarn(format, arguments) };
    crate::start::exit(status)
}

/// `verrx`: as `vwarnx`, then exits.
#[export]
pub unsafe extern "C-unwind" fn verrx(status: c_int, format: *const c_char, arguments: *mut VaList) -> ! {
    // SAFETY: the caller's contract.
    unsafe { vwarnx(format, arguments) };
    crate::start::exit(status)
}

/// `err`: as `warn`, then exits.
#[export]
pub unsafe extern "C-unwind" fn err(status: c_int, format: *const c_char, mut arguments: ...) -> ! {
    // SAFETY: the caller's contract.
    unsafe { verr(status, format, list!(arguments)) }
}

/// `errx`: as `warnx`, then exits.
#[export]
pub unsafe extern "C-unwind" fn errx(status: c_int, format: *const c_char, mut arguments: ...) -> ! {
    // SAFETY: the caller's contract.
    unsafe { verrx(status, format, list!(arguments)) }
}
