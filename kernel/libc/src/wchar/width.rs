//! How many columns characters take.

use core::ffi::c_int;

use macros::export;

use super::wchar_t;
use crate::locale::{Encoding, encoding};
use crate::wctype::data;

/// POSIX `wcwidth`: 0 for NUL and combining characters, 2 for wide ones, −1 for what is not printed.
#[export]
pub extern "C" fn wcwidth(c: wchar_t) -> c_int {
    match c {
        0 => 0,
        0x20..0x7f => 1,
        _ if c < 0xa0 || encoding() == Encoding::Ascii => -1,
        _ if data::ZERO_WIDTH.has(c as u32) => 0,
        _ if data::WIDE.has(c as u32) => 2,
        _ if data::PRINT.has(c as u32) => 1,
        _ => -1,
    }
}

/// POSIX `wcswidth`: −1 if any of the characters is not printed.
#[export]
pub unsafe extern "C" fn wcswidth(s: *const wchar_t, n: usize) -> c_int {
    let mut columns = 0;
    for i in 0..n {
        match *s.add(i) {
            0 => break,
            c => match wcwidth(c) {
                -1 => return -1,
                width => columns += width,
            },
        }
    }
    columns
}
