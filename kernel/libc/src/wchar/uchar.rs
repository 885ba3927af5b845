//! uchar.h: UTF-8, UTF-16 and UTF-32 code units, one at a time.
//!
//! A pending unit is kept in `value`, marked by a bit of `count` that no UTF-8 state has.

use core::ffi::c_char;
use core::ptr::null_mut;

use macros::export;

use super::convert::{Failure, Internal, decode, encode, mbstate_t, wcrtomb};
use crate::locale::encoding;

/// In `count`: units wait in `value`.
const PENDING: u32 = 1 << 31;
/// What is returned for a unit that took no bytes.
const NO_BYTES: usize = usize::MAX - 2;

/// C `mbrtoc32`.
#[export]
pub unsafe extern "C" fn mbrtoc32(to: *mut u32, s: *const c_char, n: usize, state: *mut mbstate_t) -> usize {
    static INTERNAL: Internal = Internal::new();
    super::mbrtowc(to.cast(), s, n, INTERNAL.or(state))
}

/// C `c32rtomb`.
#[export]
pub unsafe extern "C" fn c32rtomb(to: *mut c_char, c: u32, state: *mut mbstate_t) -> usize {
    wcrtomb(to, c as i32, state)
}

/// C `mbrtoc16`: the second half of a surrogate pair comes with the next call.
#[export]
pub unsafe extern "C" fn mbrtoc16(to: *mut u16, s: *const c_char, n: usize, state: *mut mbstate_t) -> usize {
    static INTERNAL: Internal = Internal::new();
    let state = &mut *INTERNAL.or(state);
    if state.count & PENDING != 0 {
        if !to.is_null() {
            *to = state.value as u16;
        }
        *state = mbstate_t::default();
        return NO_BYTES;
    }
    let (to, s, n) = if s.is_null() { (null_mut(), c"".as_ptr(), 1) } else { (to, s, n) };
    match decode(encoding(), s.cast(), n, state) {
        Ok((c, used)) => {
            if c > 0x10_ffff {
                return Failure::Illegal.result();
            }
            let unit = if c < 0x1_0000 {
                c as u16
            } else {
                *state = mbstate_t { count: PENDING, value: 0xdc00 + (c & 0x3ff) };
                (0xd7c0 + (c >> 10)) as u16
            };
            if !to.is_null() {
                *to = unit;
            }
            if c == 0 { 0 } else { used }
        }
        Err(failure) => failure.result(),
    }
}

/// C `c16rtomb`: the first half of a surrogate pair gives no bytes yet.
#[export]
pub unsafe extern "C" fn c16rtomb(to: *mut c_char, unit: u16, state: *mut mbstate_t) -> usize {
    static INTERNAL: Internal = Internal::new();
    let state = &mut *INTERNAL.or(state);
    if to.is_null() {
        *state = mbstate_t::default();
        return 1;
    }
    let mut c = u32::from(unit);
    if state.count & PENDING != 0 {
        let high = state.value;
        *state = mbstate_t::default();
        if !(0xdc00..0xe000).contains(&c) {
            return Failure::Illegal.result();
        }
        c = (high - 0xd7c0) << 10 | (c & 0x3ff);
    } else if (0xd800..0xdc00).contains(&c) {
        *state = mbstate_t { count: PENDING, value: c };
        return 0;
    }
    encode(encoding(), to.cast(), c).unwrap_or_else(|| Failure::Illegal.result())
}

/// C23 `mbrtoc8`: further units of a character come with the next calls.
#[export]
pub unsafe extern "C" fn mbrtoc8(to: *mut u8, s: *const c_char, n: usize, state: *mut mbstate_t) -> usize {
    static INTERNAL: Internal = Internal::new();
    let state = &mut *INTERNAL.or(state);
    let (to, s, n) = if s.is_null() { (null_mut(), c"".as_ptr(), 1) } else { (to, s, n) };
    if state.count & PENDING != 0 {
        // The next unit is the lowest byte; `count` says how many are left.
        if !to.is_null() {
            *to = state.value as u8;
        }
        state.value >>= 8;
        state.count -= 1;
        if state.count == PENDING {
            *state = mbstate_t::default();
        }
        return NO_BYTES;
    }
    match decode(encoding(), s.cast(), n, state) {
        Ok((c, used)) => {
            let mut units = [0u8; 8];
            if c > 0x10_ffff {
                return Failure::Illegal.result();
            }
            let total = encode(encoding(), units.as_mut_ptr(), c).unwrap_or(1) as u32;
            if total > 1 {
                let rest = u32::from_le_bytes([units[1], units[2], units[3], 0]);
                *state = mbstate_t { count: PENDING | (total - 1), value: rest };
            }
            if !to.is_null() {
                *to = units[0];
            }
            if c == 0 { 0 } else { used }
        }
        Err(failure) => failure.result(),
    }
}

/// C23 `c8rtomb`: gives the bytes with the last unit of a character.
#[export]
pub unsafe extern "C" fn c8rtomb(to: *mut c_char, unit: u8, state: *mut mbstate_t) -> usize {
    static INTERNAL: Internal = Internal::new();
    let state = &mut *INTERNAL.or(state);
    if to.is_null() {
        *state = mbstate_t::default();
        return 1;
    }
    match decode(crate::locale::Encoding::Utf8, &unit, 1, state) {
        Ok((c, _)) if c <= 0x10_ffff => {
            encode(encoding(), to.cast(), c).unwrap_or_else(|| Failure::Illegal.result())
        }
        Err(Failure::Incomplete) => 0,
        _ => {
            *state = mbstate_t::default();
            Failure::Illegal.result()
        }
    }
}
