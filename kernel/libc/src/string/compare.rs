//! Comparing strings.
//!
//! The locales here, C and C.UTF-8, both collate by code point, and UTF-8 keeps that order in its
//! bytes; so `strcoll` is `strcmp`. Case is that of the ASCII letters, as glibc's C.UTF-8 has it for
//! single bytes.

use core::arch::x86_64::{_mm_cmpeq_epi8, _mm_loadu_si128, _mm_movemask_epi8, _mm_setzero_si128};
use core::ffi::{c_char, c_int};

use macros::export;

use super::{memcpy, strlen};
use crate::locale::locale_t;

/// The lower-case form of an ASCII letter; other bytes as they are.
pub(crate) const fn lower(byte: u8) -> u8 {
    byte.to_ascii_lowercase()
}

/// C `strcmp` (and `strcoll`).
#[export]
pub unsafe extern "C" fn strcmp(a: *const c_char, b: *const c_char) -> c_int {
    let (a, b) = (a.cast::<u8>(), b.cast::<u8>());
    let mut i = 0;
    loop {
        // Sixteen at a time wherever neither load can run into the next page.
        if (a as usize + i) & 4095 <= 4080 && (b as usize + i) & 4095 <= 4080 {
            let (x, y) = (_mm_loadu_si128(a.add(i).cast()), _mm_loadu_si128(b.add(i).cast()));
            let equal = _mm_movemask_epi8(_mm_cmpeq_epi8(x, y)) as u32;
            let end = _mm_movemask_epi8(_mm_cmpeq_epi8(x, _mm_setzero_si128())) as u32;
            let stop = (equal ^ 0xffff) | end;
            if stop == 0 {
                i += 16;
                continue;
            }
            i += stop.trailing_zeros() as usize;
        }
        let (x, y) = (*a.add(i), *b.add(i));
        if x != y || x == 0 {
            return c_int::from(x) - c_int::from(y);
        }
        i += 1;
    }
}

/// C `strncmp`.
#[export]
pub unsafe extern "C" fn strncmp(a: *const c_char, b: *const c_char, n: usize) -> c_int {
    for i in 0..n {
        let (x, y) = (*a.add(i) as u8, *b.add(i) as u8);
        if x != y || x == 0 {
            return c_int::from(x) - c_int::from(y);
        }
    }
    0
}

/// POSIX `strcasecmp`.
#[export]
pub unsafe extern "C" fn strcasecmp(a: *const c_char, b: *const c_char) -> c_int {
    strncasecmp(a, b, usize::MAX)
}

/// POSIX `strncasecmp`.
#[export]
pub unsafe extern "C" fn strncasecmp(a: *const c_char, b: *const c_char, n: usize) -> c_int {
    for i in 0..n {
        let (x, y) = (lower(*a.add(i) as u8), lower(*b.add(i) as u8));
        if x != y || x == 0 {
            return c_int::from(x) - c_int::from(y);
        }
    }
    0
}

/// POSIX `strcasecmp_l`.
#[export]
pub unsafe extern "C" fn strcasecmp_l(a: *const c_char, b: *const c_char, _: locale_t) -> c_int {
    strncasecmp(a, b, usize::MAX)
}

/// POSIX `strncasecmp_l`.
#[export]
pub unsafe extern "C" fn strncasecmp_l(a: *const c_char, b: *const c_char, n: usize, _: locale_t) -> c_int {
    strncasecmp(a, b, n)
}

/// C `strcoll`.
#[export]
pub unsafe extern "C" fn strcoll(a: *const c_char, b: *const c_char) -> c_int {
    strcmp(a, b)
}

/// POSIX `strcoll_l`.
#[export]
pub unsafe extern "C" fn strcoll_l(a: *const c_char, b: *const c_char, _: locale_t) -> c_int {
    strcmp(a, b)
}

/// C `strxfrm`: the key of a string is the string.
#[export]
pub unsafe extern "C" fn strxfrm(to: *mut c_char, from: *const c_char, n: usize) -> usize {
    let length = strlen(from);
    if n != 0 {
        memcpy(to.cast(), from.cast(), n.min(length + 1));
    }
    length
}

/// POSIX `strxfrm_l`.
#[export]
pub unsafe extern "C" fn strxfrm_l(to: *mut c_char, from: *const c_char, n: usize, _: locale_t) -> usize {
    strxfrm(to, from, n)
}

/// GNU `strverscmp`: runs of digits compare as numbers; those with leading zeros as fractions.
#[export]
pub unsafe extern "C" fn strverscmp(a: *const c_char, b: *const c_char) -> c_int {
    let at = |s: *const c_char, i: usize| *s.add(i) as u8;
    let mut i = 0;
    while at(a, i) == at(b, i) {
        if at(a, i) == 0 {
            return 0;
        }
        i += 1;
    }
    let difference = c_int::from(at(a, i)) - c_int::from(at(b, i));
    // The digits before the difference decide whether it stands in a number, and of which kind.
    let mut start = i;
    while start > 0 && at(a, start - 1).is_ascii_digit() {
        start -= 1;
    }
    let mut zeros = start;
    while zeros < i && at(a, zeros) == b'0' {
        zeros += 1;
    }
    let (x, y) = (at(a, i), at(b, i));
    let fraction = if start == i {
        // The number, if any, starts here: a leading zero makes it a fraction.
        if !x.is_ascii_digit() || !y.is_ascii_digit() {
            return difference;
        }
        x == b'0' || y == b'0'
    } else {
        zeros > start
    };
    if fraction {
        // Only zeros so far: the one that goes on with digits is the smaller fraction, as is one
        // with more zeros; after another digit it is a plain comparison.
        if zeros == i && start < i {
            match (x.is_ascii_digit(), y.is_ascii_digit()) {
                (true, false) => return -1,
                (false, true) => return 1,
                _ => {}
            }
        }
        return difference;
    }
    let (mut m, mut n) = (i, i);
    while at(a, m).is_ascii_digit() {
        m += 1;
    }
    while at(b, n).is_ascii_digit() {
        n += 1;
    }
    match m.cmp(&n) {
        core::cmp::Ordering::Equal => difference,
        longer => longer as c_int,
    }
}
