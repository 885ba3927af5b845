//! Case of wide characters.

use core::ffi::c_char;

use macros::export;

use super::data;
use crate::locale::{Encoding, encoding, encoding_of, locale_t};
use crate::string::strcmp;
use crate::wchar::wint_t;

/// C `wctrans_t`: 1 for `toupper`, 2 for `tolower`, 0 for no mapping.
pub type wctrans_t = usize;

/// The lower-case form of `c` in an encoding's locale.
pub(crate) fn lower_in(encoding: Encoding, c: wint_t) -> wint_t {
    match c {
        0x41..=0x5a => c + 32,
        128.. if encoding == Encoding::Utf8 => data::TO_LOWER.apply(c),
        _ => c,
    }
}

/// The upper-case form of `c` in an encoding's locale.
pub(crate) fn upper_in(encoding: Encoding, c: wint_t) -> wint_t {
    match c {
        0x61..=0x7a => c - 32,
        128.. if encoding == Encoding::Utf8 => data::TO_UPPER.apply(c),
        _ => c,
    }
}

/// C `towlower`.
#[export]
pub extern "C" fn towlower(c: wint_t) -> wint_t {
    lower_in(encoding(), c)
}

/// C `towupper`.
#[export]
pub extern "C" fn towupper(c: wint_t) -> wint_t {
    upper_in(encoding(), c)
}

/// POSIX `towlower_l`.
#[export]
pub unsafe extern "C" fn towlower_l(c: wint_t, locale: locale_t) -> wint_t {
    lower_in(encoding_of(locale), c)
}

/// POSIX `towupper_l`.
#[export]
pub unsafe extern "C" fn towupper_l(c: wint_t, locale: locale_t) -> wint_t {
    upper_in(encoding_of(locale), c)
}

/// C `wctrans`.
#[export]
pub unsafe extern "C" fn wctrans(name: *const c_char) -> wctrans_t {
    if strcmp(name, c"toupper".as_ptr()) == 0 {
        1
    } else if strcmp(name, c"tolower".as_ptr()) == 0 {
        2
    } else {
        0
    }
}

/// POSIX `wctrans_l`.
#[export]
pub unsafe extern "C" fn wctrans_l(name: *const c_char, _: locale_t) -> wctrans_t {
    wctrans(name)
}

fn transform(encoding: Encoding, c: wint_t, mapping: wctrans_t) -> wint_t {
    match mapping {
        1 => upper_in(encoding, c),
        2 => lower_in(encoding, c),
        _ => c,
    }
}

/// C `towctrans`.
#[export]
pub extern "C" fn towctrans(c: wint_t, mapping: wctrans_t) -> wint_t {
    transform(encoding(), c, mapping)
}

/// POSIX `towctrans_l`.
#[export]
pub unsafe extern "C" fn towctrans_l(c: wint_t, mapping: wctrans_t, locale: locale_t) -> wint_t {
    transform(encoding_of(locale), c, mapping)
}
