//! langinfo.h.
#![allow(
    unsafe_op_in_unsafe_fn,
    reason = "each function is one unsafe contract, C's: pointers valid as it says"
)]

use core::ffi::{CStr, c_char, c_int};

use macros::export;

use crate::locale::{Encoding, encoding, locale_t};
use crate::string::error_text::nth;

/// The items of `LC_TIME` that both locales have, from `ABDAY_1` (0x20000) to `T_FMT_AMPM`.
pub(crate) static TIME: &[u8] = b"Sun\0Mon\0Tue\0Wed\0Thu\0Fri\0Sat\0\
    Sunday\0Monday\0Tuesday\0Wednesday\0Thursday\0Friday\0Saturday\0\
    Jan\0Feb\0Mar\0Apr\0May\0Jun\0Jul\0Aug\0Sep\0Oct\0Nov\0Dec\0\
    January\0February\0March\0April\0May\0June\0July\0August\0September\0October\0November\0December\0\
    AM\0PM\0%a %b %e %H:%M:%S %Y\0%m/%d/%y\0%H:%M:%S\0%I:%M:%S %p\0";

const LC_TIME: c_int = 2;
const LC_MESSAGES: c_int = 5;

/// What `item` says; empty for what these locales say nothing about.
unsafe fn text(item: c_int, encoding: Encoding, locale: locale_t) -> *const c_char {
    let (category, index) = (item >> 16, item & 0xffff);
    let constant: &CStr = match (category, index) {
        (_, 0xffff) => {
            let name = crate::locale::name_in(locale, category as usize);
            return if name.is_null() { c"".as_ptr() } else { name };
        }
        (0, 14) if encoding == Encoding::Utf8 => c"UTF-8",
        (0, 14) => c"ANSI_X3.4-1968",
        (1, 0) => c".",
        (4, 15) => c"-",
        (LC_MESSAGES, 0) => c"^[yY]",
        (LC_MESSAGES, 1) => c"^[nN]",
        (LC_TIME, 0x6c) => c"%a %b %e %H:%M:%S %Z %Y",
        (LC_TIME, index) => {
            let index = match index {
                0..44 => index,
                0x6f..=0x7a => index - 0x6f + 26,
                0x87..=0x92 => index - 0x87 + 14,
                _ => return c"".as_ptr(),
            };
            return nth(TIME, index);
        }
        _ => c"",
    };
    constant.as_ptr()
}

/// POSIX `nl_langinfo`.
#[export]
pub unsafe extern "C" fn nl_langinfo(item: c_int) -> *mut c_char {
    text(item, encoding(), crate::locale::current()).cast_mut()
}

/// POSIX `nl_langinfo_l`.
#[export]
pub unsafe extern "C" fn nl_langinfo_l(item: c_int, locale: locale_t) -> *mut c_char {
    text(item, crate::locale::encoding_of(locale), locale).cast_mut()
}

#[cfg(test)]
mod tests {
    use core::ffi::CStr;

    use super::*;

    mod host {
        use core::ffi::{c_char, c_int};
        unsafe extern "C" {
            pub fn nl_langinfo(item: c_int) -> *const c_char;
        }
    }

    #[test]
    fn items_equal_glibc() {
        let _guard = crate::test_lock();
        let items = (0x20000..0x20032).chain([14, 0x10000, 0x10001, 0x4000f, 0x2006c]);
        for item in items.chain(0x50000..0x50004).chain(0x2006f..0x2007b).chain(0x20087..0x20093) {
            unsafe {
                let theirs = CStr::from_ptr(host::nl_langinfo(item));
                assert_eq!(CStr::from_ptr(nl_langinfo(item)), theirs, "{item:x}");
            }
        }
    }
}
