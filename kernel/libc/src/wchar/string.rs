//! Wide strings.

use core::ffi::c_int;
use core::ptr::null_mut;

use kcore::errno::EINVAL;
use macros::export;

use super::memory::{wmemchr, wmemcpy, wmempcpy, wmemset};
use super::wchar_t;
use crate::locale::{Encoding, encoding, encoding_of, locale_t};
use crate::malloc::cells;
use crate::wctype::lower_in;

/// C `wcslen`. The read is volatile so that the loop is not recognised as a call of `wcslen`.
#[export]
pub unsafe extern "C" fn wcslen(s: *const wchar_t) -> usize {
    let mut n = 0;
    while s.add(n).read_volatile() != 0 {
        n += 1;
    }
    n
}

/// POSIX `wcsnlen`.
#[export]
pub unsafe extern "C" fn wcsnlen(s: *const wchar_t, limit: usize) -> usize {
    let end = wmemchr(s, 0, limit);
    if end.is_null() { limit } else { end.offset_from_unsigned(s) }
}

/// C `wcscpy`.
#[export]
pub unsafe extern "C" fn wcscpy(to: *mut wchar_t, from: *const wchar_t) -> *mut wchar_t {
    wmemcpy(to, from, wcslen(from) + 1)
}

/// POSIX `wcpcpy`.
#[export]
pub unsafe extern "C" fn wcpcpy(to: *mut wchar_t, from: *const wchar_t) -> *mut wchar_t {
    let n = wcslen(from);
    wmemcpy(to, from, n + 1).add(n)
}

/// POSIX `wcpncpy`.
#[export]
pub unsafe extern "C" fn wcpncpy(to: *mut wchar_t, from: *const wchar_t, n: usize) -> *mut wchar_t {
    let length = wcsnlen(from, n);
    wmemset(wmempcpy(to, from, length), 0, n - length)
}

/// C `wcsncpy`.
#[export]
pub unsafe extern "C" fn wcsncpy(to: *mut wchar_t, from: *const wchar_t, n: usize) -> *mut wchar_t {
    wcpncpy(to, from, n);
    to
}

/// C `wcscat`.
#[export]
pub unsafe extern "C" fn wcscat(to: *mut wchar_t, from: *const wchar_t) -> *mut wchar_t {
    wcscpy(to.add(wcslen(to)), from);
    to
}

/// C `wcsncat`.
#[export]
pub unsafe extern "C" fn wcsncat(to: *mut wchar_t, from: *const wchar_t, n: usize) -> *mut wchar_t {
    *wmempcpy(to.add(wcslen(to)), from, wcsnlen(from, n)) = 0;
    to
}

/// POSIX `wcsdup`. Null with ENOMEM when there is no memory.
#[export]
pub unsafe extern "C" fn wcsdup(s: *const wchar_t) -> *mut wchar_t {
    let n = wcslen(s) + 1;
    let copy = cells::malloc(n * 4).cast::<wchar_t>();
    if copy.is_null() { copy } else { wmemcpy(copy, s, n) }
}

/// C `wcscmp` (and `wcscoll`: both locales collate by code point).
#[export]
pub unsafe extern "C" fn wcscmp(a: *const wchar_t, b: *const wchar_t) -> c_int {
    wcsncmp(a, b, usize::MAX)
}

/// C `wcsncmp`.
#[export]
pub unsafe extern "C" fn wcsncmp(a: *const wchar_t, b: *const wchar_t, n: usize) -> c_int {
    for i in 0..n {
        let (x, y) = (*a.add(i), *b.add(i));
        if x != y || x == 0 {
            return c_int::from(x > y) - c_int::from(x < y);
        }
    }
    0
}

unsafe fn compare_case(a: *const wchar_t, b: *const wchar_t, n: usize, encoding: Encoding) -> c_int {
    for i in 0..n {
        let (x, y) = (*a.add(i) as u32, *b.add(i) as u32);
        let (x, y) = (lower_in(encoding, x), lower_in(encoding, y));
        if x != y || x == 0 {
            return x.wrapping_sub(y) as c_int;
        }
    }
    0
}

/// POSIX `wcscasecmp`.
#[export]
pub unsafe extern "C" fn wcscasecmp(a: *const wchar_t, b: *const wchar_t) -> c_int {
    compare_case(a, b, usize::MAX, encoding())
}

/// POSIX `wcsncasecmp`.
#[export]
pub unsafe extern "C" fn wcsncasecmp(a: *const wchar_t, b: *const wchar_t, n: usize) -> c_int {
    compare_case(a, b, n, encoding())
}

/// POSIX `wcscasecmp_l`.
#[export]
pub unsafe extern "C" fn wcscasecmp_l(a: *const wchar_t, b: *const wchar_t, locale: locale_t) -> c_int {
    compare_case(a, b, usize::MAX, encoding_of(locale))
}

/// POSIX `wcsncasecmp_l`.
#[export]
pub unsafe extern "C" fn wcsncasecmp_l(
    a: *const wchar_t,
    b: *const wchar_t,
    n: usize,
    locale: locale_t,
) -> c_int {
    compare_case(a, b, n, encoding_of(locale))
}

/// C `wcscoll`.
#[export]
pub unsafe extern "C" fn wcscoll(a: *const wchar_t, b: *const wchar_t) -> c_int {
    wcscmp(a, b)
}

/// POSIX `wcscoll_l`.
#[export]
pub unsafe extern "C" fn wcscoll_l(a: *const wchar_t, b: *const wchar_t, _: locale_t) -> c_int {
    wcscmp(a, b)
}

/// C `wcsxfrm`: the key of a string is the string.
#[export]
pub unsafe extern "C" fn wcsxfrm(to: *mut wchar_t, from: *const wchar_t, n: usize) -> usize {
    let length = wcslen(from);
    if n != 0 {
        wmemcpy(to, from, n.min(length + 1));
    }
    length
}

/// POSIX `wcsxfrm_l`.
#[export]
pub unsafe extern "C" fn wcsxfrm_l(to: *mut wchar_t, from: *const wchar_t, n: usize, _: locale_t) -> usize {
    wcsxfrm(to, from, n)
}

/// GNU `wcschrnul`.
#[export]
pub unsafe extern "C" fn wcschrnul(s: *const wchar_t, c: wchar_t) -> *mut wchar_t {
    let mut at = s;
    while *at != c && *at != 0 {
        at = at.add(1);
    }
    at.cast_mut()
}

/// C `wcschr`.
#[export]
pub unsafe extern "C" fn wcschr(s: *const wchar_t, c: wchar_t) -> *mut wchar_t {
    let at = wcschrnul(s, c);
    if *at == c { at } else { null_mut() }
}

/// C `wcsrchr`.
#[export]
pub unsafe extern "C" fn wcsrchr(s: *const wchar_t, c: wchar_t) -> *mut wchar_t {
    let mut at = s.add(wcslen(s));
    loop {
        if *at == c {
            return at.cast_mut();
        }
        if at == s {
            return null_mut();
        }
        at = at.sub(1);
    }
}

/// C `wcsspn`.
#[export]
pub unsafe extern "C" fn wcsspn(s: *const wchar_t, accept: *const wchar_t) -> usize {
    let mut n = 0;
    while *s.add(n) != 0 && !wcschr(accept, *s.add(n)).is_null() {
        n += 1;
    }
    n
}

/// C `wcscspn`.
#[export]
pub unsafe extern "C" fn wcscspn(s: *const wchar_t, reject: *const wchar_t) -> usize {
    let mut n = 0;
    while wcschr(reject, *s.add(n)).is_null() {
        n += 1;
    }
    n
}

/// C `wcspbrk`.
#[export]
pub unsafe extern "C" fn wcspbrk(s: *const wchar_t, accept: *const wchar_t) -> *mut wchar_t {
    let at = s.add(wcscspn(s, accept));
    if *at == 0 { null_mut() } else { at.cast_mut() }
}

/// C `wcsstr` (and `wcswcs`).
#[export]
pub unsafe extern "C" fn wcsstr(haystack: *const wchar_t, needle: *const wchar_t) -> *mut wchar_t {
    let n = wcslen(needle);
    if n == 0 {
        return haystack.cast_mut();
    }
    let mut at = wcschr(haystack, *needle);
    while !at.is_null() && wcsncmp(at, needle, n) != 0 {
        at = wcschr(at.add(1), *needle);
    }
    at
}

/// C `wcstok`.
#[export]
pub unsafe extern "C" fn wcstok(
    s: *mut wchar_t,
    delimiters: *const wchar_t,
    position: *mut *mut wchar_t,
) -> *mut wchar_t {
    let mut s = if s.is_null() { *position } else { s };
    if s.is_null() {
        crate::errno::set(EINVAL);
        return s;
    }
    s = s.add(wcsspn(s, delimiters));
    if *s == 0 {
        *position = null_mut();
        return null_mut();
    }
    let end = s.add(wcscspn(s, delimiters));
    *position = null_mut();
    if *end != 0 {
        *end = 0;
        *position = end.add(1);
    }
    s
}
