//! One character to and from bytes, with the state between calls as glibc keeps it.

use core::cell::UnsafeCell;
use core::ffi::{c_char, c_int};
use core::ptr::null_mut;

use kcore::errno::EILSEQ;
use macros::export;

use super::{WEOF, wchar_t, wint_t};
use crate::locale::{Encoding, encoding};

/// C `mbstate_t`: all zero between characters.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct mbstate_t {
    /// The character's length in bytes in bits 8 and up, and how many of them came, in bits 0–7.
    pub(super) count: u32,
    /// What came of the character so far, each bit in its place.
    pub(super) value: u32,
}

impl mbstate_t {
    /// The state between characters.
    pub(crate) const INITIAL: Self = Self { count: 0, value: 0 };
}

/// A state for the calls that are given none; one for each function that has one.
pub(crate) struct Internal(pub(crate) UnsafeCell<mbstate_t>);

// SAFETY: C lets calls that use the internal state race with each other.
unsafe impl Sync for Internal {}

impl Internal {
    pub(crate) const fn new() -> Self {
        Self(UnsafeCell::new(mbstate_t { count: 0, value: 0 }))
    }

    /// `given`, or this one if that is null.
    pub(crate) fn or(&self, given: *mut mbstate_t) -> *mut mbstate_t {
        if given.is_null() { self.0.get() } else { given }
    }
}

/// Why there is no character.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Failure {
    /// All the bytes were taken and the character goes on.
    Incomplete,
    /// The bytes are no character.
    Illegal,
}

/// What the C functions return for each failure.
pub(crate) const ILLEGAL: usize = usize::MAX;
pub(crate) const INCOMPLETE: usize = usize::MAX - 1;

impl Failure {
    /// The C return value; sets `errno` for bytes that are no character.
    pub(crate) fn result(self) -> usize {
        match self {
            Self::Incomplete => INCOMPLETE,
            Self::Illegal => {
                crate::errno::set(EILSEQ);
                ILLEGAL
            }
        }
    }
}

/// Takes bytes from the `n` at `s` until there is a character: it, and how many were taken now.
/// UTF-8 as glibc reads it: up to six bytes and 31 bits, no overlong forms, no surrogates.
pub(crate) unsafe fn decode(
    encoding: Encoding,
    s: *const u8,
    n: usize,
    state: &mut mbstate_t,
) -> Result<(u32, usize), Failure> {
    let mut used = 0;
    if state.count == 0 {
        if n == 0 {
            return Err(Failure::Incomplete);
        }
        let byte = *s;
        if byte < 0x80 {
            return Ok((byte.into(), 1));
        }
        let total = byte.leading_ones();
        if encoding == Encoding::Ascii || !(2..=6).contains(&total) || byte < 0xc2 {
            return Err(Failure::Illegal);
        }
        state.count = total << 8 | 1;
        state.value = u32::from(byte & (0x7f >> total)) << (6 * (total - 1));
        used = 1;
    }
    let total = state.count >> 8;
    while state.count & 255 < total {
        if used == n {
            return Err(Failure::Incomplete);
        }
        let byte = *s.add(used);
        if byte & 0xc0 != 0x80 {
            return Err(Failure::Illegal);
        }
        state.value |= u32::from(byte & 63) << (6 * (total - 1 - (state.count & 255)));
        state.count += 1;
        used += 1;
    }
    let value = state.value;
    *state = mbstate_t::default();
    let least = if total == 2 { 0x80 } else { 1 << (5 * total - 4) };
    if value < least || (0xd800..0xe000).contains(&value) {
        return Err(Failure::Illegal);
    }
    Ok((value, used))
}

/// Writes the bytes of a character to `to` (at most 6); how many, or `None` if it has none.
pub(crate) unsafe fn encode(encoding: Encoding, to: *mut u8, c: u32) -> Option<usize> {
    if c < 0x80 {
        *to = c as u8;
        return Some(1);
    }
    if encoding == Encoding::Ascii || c > 0x7fff_ffff || (0xd800..0xe000).contains(&c) {
        return None;
    }
    let mut total = 2;
    while total < 6 && c >> (5 * total + 1) != 0 {
        total += 1;
    }
    for i in (1..total).rev() {
        *to.add(i) = 0x80 | (c >> (6 * (total - 1 - i)) & 63) as u8;
    }
    *to = (0xff00_u32 >> total) as u8 | (c >> (6 * (total - 1))) as u8;
    Some(total)
}

/// C `mbrtowc`.
#[export]
pub unsafe extern "C" fn mbrtowc(
    to: *mut wchar_t,
    s: *const c_char,
    n: usize,
    state: *mut mbstate_t,
) -> usize {
    static INTERNAL: Internal = Internal::new();
    let state = &mut *INTERNAL.or(state);
    let (to, s, n) = if s.is_null() { (null_mut(), c"".as_ptr(), 1) } else { (to, s, n) };
    match decode(encoding(), s.cast(), n, state) {
        Ok((c, used)) => {
            if !to.is_null() {
                *to = c as wchar_t;
            }
            if c == 0 { 0 } else { used }
        }
        Err(failure) => failure.result(),
    }
}

/// C `mbrlen`.
#[export]
pub unsafe extern "C" fn mbrlen(s: *const c_char, n: usize, state: *mut mbstate_t) -> usize {
    static INTERNAL: Internal = Internal::new();
    mbrtowc(null_mut(), s, n, INTERNAL.or(state))
}

/// C `wcrtomb`. A null `to` asks for the length of what ends the initial state: 1.
#[export]
pub unsafe extern "C" fn wcrtomb(to: *mut c_char, c: wchar_t, state: *mut mbstate_t) -> usize {
    let mut scratch = [0u8; 6];
    let (to, c) = if to.is_null() { (scratch.as_mut_ptr(), 0) } else { (to.cast(), c as u32) };
    if !state.is_null() && c == 0 {
        *state = mbstate_t::default();
    }
    encode(encoding(), to, c).unwrap_or_else(|| Failure::Illegal.result())
}

/// C `mbsinit`.
#[export]
pub unsafe extern "C" fn mbsinit(state: *const mbstate_t) -> c_int {
    (state.is_null() || (*state).count == 0).into()
}

/// C `btowc`.
#[export]
pub extern "C" fn btowc(c: c_int) -> wint_t {
    if (0..128).contains(&c) { c as wint_t } else { WEOF }
}

/// C `wctob`.
#[export]
pub extern "C" fn wctob(c: wint_t) -> c_int {
    if c < 128 { c as c_int } else { -1 }
}

/// C `mbtowc` (stdlib.h). Neither encoding has shift states, so a null `s` gives 0.
#[export]
pub unsafe extern "C" fn mbtowc(to: *mut wchar_t, s: *const c_char, n: usize) -> c_int {
    if s.is_null() {
        return 0;
    }
    match mbrtowc(to, s, n, &mut mbstate_t::default()) {
        INCOMPLETE => {
            crate::errno::set(EILSEQ);
            -1
        }
        result => result as c_int,
    }
}

/// C `mblen` (stdlib.h).
#[export]
pub unsafe extern "C" fn mblen(s: *const c_char, n: usize) -> c_int {
    mbtowc(null_mut(), s, n)
}

/// C `wctomb` (stdlib.h).
#[export]
pub unsafe extern "C" fn wctomb(to: *mut c_char, c: wchar_t) -> c_int {
    if to.is_null() { 0 } else { wcrtomb(to, c, null_mut()) as c_int }
}
