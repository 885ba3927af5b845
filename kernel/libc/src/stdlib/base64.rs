//! `a64l` and `l64a`, and `rpmatch`.
#![allow(
    unsafe_op_in_unsafe_fn,
    reason = "each function is one unsafe contract, C's: pointers valid as it says"
)]

use core::cell::UnsafeCell;
use core::ffi::{c_char, c_int, c_long};

use macros::export;

/// POSIX `a64l`: up to six digits, the lowest first.
#[export]
pub unsafe extern "C" fn a64l(text: *const c_char) -> c_long {
    let mut value = 0u32;
    for i in 0..6 {
        let digit = match *text.add(i) as u8 {
            c @ b'.'..=b'9' => c - b'.',
            c @ b'A'..=b'Z' => c - b'A' + 12,
            c @ b'a'..=b'z' => c - b'a' + 38,
            _ => break,
        };
        value |= u32::from(digit) << (6 * i);
    }
    value.into()
}

struct Text(UnsafeCell<[c_char; 7]>);

// SAFETY: POSIX lets later calls of `l64a` overwrite what an earlier one returned.
unsafe impl Sync for Text {}

/// POSIX `l64a`.
#[export]
pub unsafe extern "C" fn l64a(value: c_long) -> *mut c_char {
    static TEXT: Text = Text(UnsafeCell::new([0; 7]));
    let start = TEXT.0.get().cast::<c_char>();
    let mut at = start;
    let mut left = value as u32;
    while left != 0 {
        let digit = (left & 63) as u8;
        let c = match digit {
            0..12 => digit + b'.',
            12..38 => digit - 12 + b'A',
            _ => digit - 38 + b'a',
        };
        *at = c as c_char;
        at = at.add(1);
        left >>= 6;
    }
    *at = 0;
    start
}

/// BSD `rpmatch`: 1 for yes, 0 for no, −1 for neither, in these locales' language.
#[export]
pub unsafe extern "C" fn rpmatch(answer: *const c_char) -> c_int {
    match *answer as u8 {
        b'y' | b'Y' => 1,
        b'n' | b'N' => 0,
        _ => -1,
    }
}
