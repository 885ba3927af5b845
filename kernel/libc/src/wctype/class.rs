//! Classes of wide characters.

use core::ffi::{c_char, c_int};

use macros::export;

use super::data;
use crate::ctype::classes;
use crate::locale::{Encoding, encoding, encoding_of, locale_t};
use crate::string::error_text::nth;
use crate::wchar::wint_t;

/// C `wctype_t`: a class's place in [`NAMES`] from 1, or 0 for no class.
pub type wctype_t = usize;

static NAMES: &[u8] =
    b"alnum\0alpha\0blank\0cntrl\0digit\0graph\0lower\0print\0punct\0space\0upper\0xdigit\0";

/// Every member of `space` above ASCII but the no-break spaces, as (first, last).
fn is_space(c: u32) -> bool {
    matches!(c, 0x1680 | 0x2000..=0x2006 | 0x2008..=0x200a | 0x2028 | 0x2029 | 0x205f | 0x3000)
}

fn is_cntrl(c: u32) -> bool {
    matches!(c, 0x80..=0x9f | 0x2028 | 0x2029)
}

fn is_upper(c: u32) -> bool {
    (data::TO_LOWER.apply(c) != c) != data::UPPER_EXCEPTIONS.has(c)
}

fn is_lower(c: u32) -> bool {
    (data::TO_UPPER.apply(c) != c) != data::LOWER_EXCEPTIONS.has(c)
}

fn is_graph(c: u32) -> bool {
    data::PRINT.has(c) && !is_space(c)
}

macro_rules! class_functions {
    ($($name:ident $in_locale:ident $bit:ident |$c:ident| $above:expr;)*) => {$(
        #[doc = concat!("C `", stringify!($name), "`.")]
        #[export]
        pub extern "C" fn $name($c: wint_t) -> c_int {
            if $c < 128 {
                c_int::from(classes($c as c_int) & crate::ctype::bit::$bit)
            } else {
                c_int::from($above && encoding() == Encoding::Utf8)
            }
        }

        #[doc = concat!("POSIX `", stringify!($in_locale), "`.")]
        #[export]
        pub unsafe extern "C" fn $in_locale($c: wint_t, locale: locale_t) -> c_int {
            if $c < 128 {
                c_int::from(classes($c as c_int) & crate::ctype::bit::$bit)
            } else {
                c_int::from($above && encoding_of(locale) == Encoding::Utf8)
            }
        }
    )*};
}

class_functions! {
    iswalnum iswalnum_l ALNUM |c| data::ALPHA.has(c);
    iswalpha iswalpha_l ALPHA |c| data::ALPHA.has(c);
    iswblank iswblank_l BLANK |c| is_space(c) && !is_cntrl(c);
    iswcntrl iswcntrl_l CNTRL |c| is_cntrl(c);
    iswdigit iswdigit_l DIGIT |_c| false;
    iswgraph iswgraph_l GRAPH |c| is_graph(c);
    iswlower iswlower_l LOWER |c| is_lower(c);
    iswprint iswprint_l PRINT |c| data::PRINT.has(c);
    iswpunct iswpunct_l PUNCT |c| is_graph(c) && !data::ALPHA.has(c);
    iswspace iswspace_l SPACE |c| is_space(c);
    iswupper iswupper_l UPPER |c| is_upper(c);
    iswxdigit iswxdigit_l XDIGIT |_c| false;
}

/// C `wctype`.
#[export]
pub unsafe extern "C" fn wctype(name: *const c_char) -> wctype_t {
    for i in 0..12 {
        if crate::string::strcmp(nth(NAMES, i), name) == 0 {
            return i as wctype_t + 1;
        }
    }
    0
}

/// POSIX `wctype_l`.
#[export]
pub unsafe extern "C" fn wctype_l(name: *const c_char, _: locale_t) -> wctype_t {
    wctype(name)
}

fn in_class(encoding: Encoding, c: wint_t, class: wctype_t) -> bool {
    use crate::ctype::bit::*;
    if c < 128 {
        const BITS: [u16; 12] =
            [ALNUM, ALPHA, BLANK, CNTRL, DIGIT, GRAPH, LOWER, PRINT, PUNCT, SPACE, UPPER, XDIGIT];
        return BITS.get(class.wrapping_sub(1)).is_some_and(|bit| classes(c as c_int) & bit != 0);
    }
    encoding == Encoding::Utf8
        && match class {
            1 | 2 => data::ALPHA.has(c),
            3 => is_space(c) && !is_cntrl(c),
            4 => is_cntrl(c),
            6 => is_graph(c),
            7 => is_lower(c),
            8 => data::PRINT.has(c),
            9 => is_graph(c) && !data::ALPHA.has(c),
            10 => is_space(c),
            11 => is_upper(c),
            _ => false,
        }
}

/// C `iswctype`.
#[export]
pub extern "C" fn iswctype(c: wint_t, class: wctype_t) -> c_int {
    in_class(encoding(), c, class).into()
}

/// POSIX `iswctype_l`.
#[export]
pub unsafe extern "C" fn iswctype_l(c: wint_t, class: wctype_t, locale: locale_t) -> c_int {
    in_class(encoding_of(locale), c, class).into()
}
