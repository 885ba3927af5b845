//! `strtol` and its kin: `long` and `long long` are the same 64 bits, so one function serves all.

use core::ffi::{c_char, c_int, c_long, c_ulong};

use kcore::errno::{EINVAL, ERANGE};
use macros::export;

use super::cursor::Cursor;

/// What a text says.
pub struct Parsed {
    /// The number, negated if it was; clamped to the type if it is out of range.
    pub value: u64,
    /// Behind the last character that belongs to it; the start if there is no number.
    pub end: Cursor,
    /// Whether it was out of range.
    pub overflow: bool,
}

/// Reads an integer in a base from 2 to 36, or 0 for C's prefixes; `binary` allows C23's `0b`.
#[must_use]
pub fn parse(start: Cursor, mut base: u32, signed: bool, binary: bool) -> Parsed {
    let mut at = start;
    let negative = at.take_space_and_sign();
    let mut end = start;
    let mut ahead = at;
    if ahead.take(b'0') {
        // If nothing follows the prefix, the number is the zero, and ends before the letter.
        let prefixed = match ahead.ascii() | 0x20 {
            b'x' if base == 0 || base == 16 => 16,
            b'b' if binary && (base == 0 || base == 2) => 2,
            _ => 0,
        };
        if prefixed != 0 {
            end = ahead;
            base = prefixed;
            ahead.skip();
            at = ahead;
        } else if base == 0 {
            base = 8;
        }
    } else if base == 0 {
        base = 10;
    }
    let mut value: u64 = 0;
    let mut overflow = false;
    while let Some(digit) = at.digit(base) {
        at.skip();
        end = at;
        let next = value.checked_mul(u64::from(base)).and_then(|value| value.checked_add(u64::from(digit)));
        match next {
            Some(next) => value = next,
            None => overflow = true,
        }
    }
    if signed {
        let limit = i64::MAX as u64 + u64::from(negative);
        if overflow || value > limit {
            overflow = true;
            value = limit;
        }
    } else if overflow {
        return Parsed { value: u64::MAX, end, overflow };
    }
    Parsed { value: if negative { value.wrapping_neg() } else { value }, end, overflow }
}

/// [`parse`] for C, which checks the base, sets `errno` and says where the number ends.
///
/// # Safety
/// `end` is null or writable.
unsafe fn convert(start: Cursor, end: *mut *const u8, base: c_int, signed: bool, binary: bool) -> u64 {
    let base = match u32::try_from(base) {
        Ok(base) if base != 1 && base <= 36 => base,
        _ => {
            crate::errno::set(EINVAL);
            return 0;
        }
    };
    let parsed = parse(start, base, signed, binary);
    if parsed.overflow {
        crate::errno::set(ERANGE);
    }
    if !end.is_null() {
        // SAFETY: the caller's promise.
        unsafe { end.write(parsed.end.address()) };
    }
    parsed.value
}

/// A `long` from text.
#[export]
pub unsafe extern "C" fn strtol(text: *const c_char, end: *mut *mut c_char, base: c_int) -> c_long {
    // SAFETY: the caller's string and memory.
    unsafe { convert(Cursor::narrow(text), end.cast(), base, true, false).cast_signed() }
}

/// An `unsigned long` from text; a minus negates it.
#[export]
pub unsafe extern "C" fn strtoul(text: *const c_char, end: *mut *mut c_char, base: c_int) -> c_ulong {
    // SAFETY: the caller's string and memory.
    unsafe { convert(Cursor::narrow(text), end.cast(), base, false, false) }
}

/// A `long` from wide text.
#[export]
pub unsafe extern "C" fn wcstol(text: *const u32, end: *mut *mut u32, base: c_int) -> c_long {
    // SAFETY: the caller's string and memory.
    unsafe { convert(Cursor::wide(text), end.cast(), base, true, false).cast_signed() }
}

/// An `unsigned long` from wide text; a minus negates it.
#[export]
pub unsafe extern "C" fn wcstoul(text: *const u32, end: *mut *mut u32, base: c_int) -> c_ulong {
    // SAFETY: the caller's string and memory.
    unsafe { convert(Cursor::wide(text), end.cast(), base, false, false) }
}

/// `strtol` as C23 has it, which knows `0b`.
#[export]
pub unsafe extern "C" fn __isoc23_strtol(text: *const c_char, end: *mut *mut c_char, base: c_int) -> c_long {
    // SAFETY: the caller's string and memory.
    unsafe { convert(Cursor::narrow(text), end.cast(), base, true, true).cast_signed() }
}

/// `strtoul` as C23 has it, which knows `0b`.
#[export]
pub unsafe extern "C" fn __isoc23_strtoul(
    text: *const c_char,
    end: *mut *mut c_char,
    base: c_int,
) -> c_ulong {
    // SAFETY: the caller's string and memory.
    unsafe { convert(Cursor::narrow(text), end.cast(), base, false, true) }
}

/// `wcstol` as C23 has it, which knows `0b`.
#[export]
pub unsafe extern "C" fn __isoc23_wcstol(text: *const u32, end: *mut *mut u32, base: c_int) -> c_long {
    // SAFETY: the caller's string and memory.
    unsafe { convert(Cursor::wide(text), end.cast(), base, true, true).cast_signed() }
}

/// `wcstoul` as C23 has it, which knows `0b`.
#[export]
pub unsafe extern "C" fn __isoc23_wcstoul(text: *const u32, end: *mut *mut u32, base: c_int) -> c_ulong {
    // SAFETY: the caller's string and memory.
    unsafe { convert(Cursor::wide(text), end.cast(), base, false, true) }
}

/// A decimal `long` from text.
#[export]
pub unsafe extern "C" fn atol(text: *const c_char) -> c_long {
    // SAFETY: the caller's string.
    unsafe { strtol(text, core::ptr::null_mut(), 10) }
}

/// A decimal `int` from text.
#[export]
pub unsafe extern "C" fn atoi(text: *const c_char) -> c_int {
    // SAFETY: the caller's string.
    unsafe { atol(text) as c_int }
}
