//! `isalpha` and its kin.

use core::ffi::c_int;

use macros::export;

use crate::locale::locale_t;

/// Class bits of `<ctype.h>`, on a little-endian machine.
pub mod bit {
    /// `isupper`.
    pub const UPPER: u16 = 1 << 8;
    /// `islower`.
    pub const LOWER: u16 = 1 << 9;
    /// `isalpha`.
    pub const ALPHA: u16 = 1 << 10;
    /// `isdigit`.
    pub const DIGIT: u16 = 1 << 11;
    /// `isxdigit`.
    pub const XDIGIT: u16 = 1 << 12;
    /// `isspace`.
    pub const SPACE: u16 = 1 << 13;
    /// `isprint`.
    pub const PRINT: u16 = 1 << 14;
    /// `isgraph`.
    pub const GRAPH: u16 = 1 << 15;
    /// `isblank`.
    pub const BLANK: u16 = 1;
    /// `iscntrl`.
    pub const CNTRL: u16 = 2;
    /// `ispunct`.
    pub const PUNCT: u16 = 4;
    /// `isalnum`.
    pub const ALNUM: u16 = 8;
}

/// All class bits of an ASCII byte; 0 for any other value.
#[must_use]
pub const fn classes(c: c_int) -> u16 {
    use bit::*;
    if c < 0 || c > 127 {
        return 0;
    }
    let byte = c as u8;
    let mut bits = match byte {
        b'A'..=b'Z' => UPPER | ALPHA | ALNUM,
        b'a'..=b'z' => LOWER | ALPHA | ALNUM,
        b'0'..=b'9' => DIGIT | ALNUM,
        b' ' => return SPACE | PRINT | BLANK,
        b'\t' => return CNTRL | SPACE | BLANK,
        b'\n'..=b'\r' => return CNTRL | SPACE,
        0..b' ' | 127 => return CNTRL,
        _ => PUNCT,
    };
    if byte.is_ascii_hexdigit() {
        bits |= XDIGIT;
    }
    bits | PRINT | GRAPH
}

/// glibc `isctype`: a non-zero number if `c` has one of the bits.
#[export]
pub extern "C" fn isctype(c: c_int, bits: c_int) -> c_int {
    c_int::from(classes(c)) & bits
}

macro_rules! class_functions {
    ($($name:ident $in_locale:ident $bit:ident;)*) => {$(
        #[doc = concat!("C `", stringify!($name), "`: the class's bit, or 0.")]
        #[export]
        pub extern "C" fn $name(c: c_int) -> c_int {
            c_int::from(classes(c) & bit::$bit)
        }

        #[doc = concat!("POSIX `", stringify!($in_locale), "`.")]
        #[export]
        pub extern "C" fn $in_locale(c: c_int, _: locale_t) -> c_int {
            c_int::from(classes(c) & bit::$bit)
        }
    )*};
}

class_functions! {
    isalnum isalnum_l ALNUM;
    isalpha isalpha_l ALPHA;
    isblank isblank_l BLANK;
    iscntrl iscntrl_l CNTRL;
    isdigit isdigit_l DIGIT;
    isgraph isgraph_l GRAPH;
    islower islower_l LOWER;
    isprint isprint_l PRINT;
    ispunct ispunct_l PUNCT;
    isspace isspace_l SPACE;
    isupper isupper_l UPPER;
    isxdigit isxdigit_l XDIGIT;
}

/// POSIX `isascii`.
#[export]
pub extern "C" fn isascii(c: c_int) -> c_int {
    c_int::from(c & !127 == 0)
}

/// POSIX `toascii`.
#[export]
pub extern "C" fn toascii(c: c_int) -> c_int {
    c & 127
}

/// A `char` that was passed with its sign as the character it is; `EOF` stays. So do glibc's tables.
fn unsigned(c: c_int) -> c_int {
    if (-128..-1).contains(&c) { c + 256 } else { c }
}

/// C `tolower`.
#[export]
pub extern "C" fn tolower(c: c_int) -> c_int {
    if (c_int::from(b'A')..=c_int::from(b'Z')).contains(&c) { c + 32 } else { unsigned(c) }
}

/// C `toupper`.
#[export]
pub extern "C" fn toupper(c: c_int) -> c_int {
    if (c_int::from(b'a')..=c_int::from(b'z')).contains(&c) { c - 32 } else { unsigned(c) }
}

/// POSIX `tolower_l`.
#[export]
pub extern "C" fn tolower_l(c: c_int, _: locale_t) -> c_int {
    tolower(c)
}

/// POSIX `toupper_l`.
#[export]
pub extern "C" fn toupper_l(c: c_int, _: locale_t) -> c_int {
    toupper(c)
}

/// POSIX `_tolower`: its argument is an upper-case letter.
#[export]
pub extern "C" fn _tolower(c: c_int) -> c_int {
    tolower(c)
}

/// POSIX `_toupper`: its argument is a lower-case letter.
#[export]
pub extern "C" fn _toupper(c: c_int) -> c_int {
    toupper(c)
}
