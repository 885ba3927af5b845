//! What `_FORTIFY_SOURCE` calls: the same functions, told the size of the object written to, in
//! elements.

use core::ffi::{c_char, c_int};

use macros::export;

use super::*;
use crate::string::checked::fits;

/// Checked `wmemcpy`.
#[export]
pub unsafe extern "C" fn __wmemcpy_chk(
    to: *mut wchar_t,
    from: *const wchar_t,
    n: usize,
    size: usize,
) -> *mut wchar_t {
    fits(n, size);
    wmemcpy(to, from, n)
}

/// Checked `wmemmove`.
#[export]
pub unsafe extern "C" fn __wmemmove_chk(
    to: *mut wchar_t,
    from: *const wchar_t,
    n: usize,
    size: usize,
) -> *mut wchar_t {
    fits(n, size);
    wmemmove(to, from, n)
}

/// Checked `wmempcpy`.
#[export]
pub unsafe extern "C" fn __wmempcpy_chk(
    to: *mut wchar_t,
    from: *const wchar_t,
    n: usize,
    size: usize,
) -> *mut wchar_t {
    fits(n, size);
    wmempcpy(to, from, n)
}

/// Checked `wmemset`.
#[export]
pub unsafe extern "C" fn __wmemset_chk(to: *mut wchar_t, c: wchar_t, n: usize, size: usize) -> *mut wchar_t {
    fits(n, size);
    wmemset(to, c, n)
}

/// Checked `wcscpy`.
#[export]
pub unsafe extern "C" fn __wcscpy_chk(to: *mut wchar_t, from: *const wchar_t, size: usize) -> *mut wchar_t {
    fits(wcslen(from) + 1, size);
    wcscpy(to, from)
}

/// Checked `wcpcpy`.
#[export]
pub unsafe extern "C" fn __wcpcpy_chk(to: *mut wchar_t, from: *const wchar_t, size: usize) -> *mut wchar_t {
    fits(wcslen(from) + 1, size);
    wcpcpy(to, from)
}

/// Checked `wcsncpy`.
#[export]
pub unsafe extern "C" fn __wcsncpy_chk(
    to: *mut wchar_t,
    from: *const wchar_t,
    n: usize,
    size: usize,
) -> *mut wchar_t {
    fits(n, size);
    wcsncpy(to, from, n)
}

/// Checked `wcpncpy`.
#[export]
pub unsafe extern "C" fn __wcpncpy_chk(
    to: *mut wchar_t,
    from: *const wchar_t,
    n: usize,
    size: usize,
) -> *mut wchar_t {
    fits(n, size);
    wcpncpy(to, from, n)
}

/// Checked `wcscat`.
#[export]
pub unsafe extern "C" fn __wcscat_chk(to: *mut wchar_t, from: *const wchar_t, size: usize) -> *mut wchar_t {
    fits(wcslen(to) + wcslen(from) + 1, size);
    wcscat(to, from)
}

/// Checked `wcsncat`.
#[export]
pub unsafe extern "C" fn __wcsncat_chk(
    to: *mut wchar_t,
    from: *const wchar_t,
    n: usize,
    size: usize,
) -> *mut wchar_t {
    fits(wcslen(to) + wcsnlen(from, n) + 1, size);
    wcsncat(to, from, n)
}

/// Checked `mbstowcs`.
#[export]
pub unsafe extern "C" fn __mbstowcs_chk(
    to: *mut wchar_t,
    from: *const c_char,
    n: usize,
    size: usize,
) -> usize {
    fits(n, size);
    mbstowcs(to, from, n)
}

/// Checked `mbsrtowcs`.
#[export]
pub unsafe extern "C" fn __mbsrtowcs_chk(
    to: *mut wchar_t,
    from: *mut *const c_char,
    n: usize,
    state: *mut mbstate_t,
    size: usize,
) -> usize {
    fits(n, size);
    mbsrtowcs(to, from, n, state)
}

/// Checked `mbsnrtowcs`.
#[export]
pub unsafe extern "C" fn __mbsnrtowcs_chk(
    to: *mut wchar_t,
    from: *mut *const c_char,
    bytes: usize,
    n: usize,
    state: *mut mbstate_t,
    size: usize,
) -> usize {
    fits(n, size);
    mbsnrtowcs(to, from, bytes, n, state)
}

/// Checked `wcstombs`.
#[export]
pub unsafe extern "C" fn __wcstombs_chk(
    to: *mut c_char,
    from: *const wchar_t,
    n: usize,
    size: usize,
) -> usize {
    fits(n, size);
    wcstombs(to, from, n)
}

/// Checked `wcsrtombs`.
#[export]
pub unsafe extern "C" fn __wcsrtombs_chk(
    to: *mut c_char,
    from: *mut *const wchar_t,
    n: usize,
    state: *mut mbstate_t,
    size: usize,
) -> usize {
    fits(n, size);
    wcsrtombs(to, from, n, state)
}

/// Checked `wcsnrtombs`.
#[export]
pub unsafe extern "C" fn __wcsnrtombs_chk(
    to: *mut c_char,
    from: *mut *const wchar_t,
    chars: usize,
    n: usize,
    state: *mut mbstate_t,
    size: usize,
) -> usize {
    fits(n, size);
    wcsnrtombs(to, from, chars, n, state)
}

/// Checked `wcrtomb`: an object smaller than the longest character is refused, as in glibc.
#[export]
pub unsafe extern "C" fn __wcrtomb_chk(
    to: *mut c_char,
    c: wchar_t,
    state: *mut mbstate_t,
    size: usize,
) -> usize {
    fits(crate::locale::__ctype_get_mb_cur_max(), size);
    wcrtomb(to, c, state)
}

/// Checked `wctomb`.
#[export]
pub unsafe extern "C" fn __wctomb_chk(to: *mut c_char, c: wchar_t, size: usize) -> c_int {
    fits(crate::locale::__ctype_get_mb_cur_max(), size);
    wctomb(to, c)
}
