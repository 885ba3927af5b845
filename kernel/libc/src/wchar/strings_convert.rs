//! Whole strings to and from bytes.

use core::ffi::c_char;
use core::ptr::null;

use macros::export;

use super::convert::{Failure, Internal, decode, encode, mbstate_t};
use super::wchar_t;
use crate::locale::encoding;
use crate::string::{memcpy, strlen};

/// GNU `mbsnrtowcs`: at most `bytes` bytes of `*from`, at most `n` characters.
#[export]
pub unsafe extern "C" fn mbsnrtowcs(
    to: *mut wchar_t,
    from: *mut *const c_char,
    bytes: usize,
    n: usize,
    state: *mut mbstate_t,
) -> usize {
    static INTERNAL: Internal = Internal::new();
    let state = INTERNAL.or(state);
    let encoding = encoding();
    // Without a destination nothing is changed, the state neither.
    let mut copy = *state;
    let mut s = (*from).cast::<u8>();
    let mut left = bytes;
    let mut count = 0;
    let result = loop {
        if left == 0 || (!to.is_null() && count == n) {
            break count;
        }
        match decode(encoding, s, left, &mut copy) {
            Ok((c, used)) => {
                if !to.is_null() {
                    *to.add(count) = c as wchar_t;
                }
                if c == 0 {
                    s = null();
                    break count;
                }
                s = s.add(used);
                left -= used;
                count += 1;
            }
            Err(Failure::Incomplete) => {
                s = s.add(left);
                break count;
            }
            Err(failure) => break failure.result(),
        }
    };
    if !to.is_null() {
        *from = s.cast();
        *state = copy;
    }
    result
}

/// C `mbsrtowcs`.
#[export]
pub unsafe extern "C" fn mbsrtowcs(
    to: *mut wchar_t,
    from: *mut *const c_char,
    n: usize,
    state: *mut mbstate_t,
) -> usize {
    static INTERNAL: Internal = Internal::new();
    mbsnrtowcs(to, from, usize::MAX, n, INTERNAL.or(state))
}

/// C `mbstowcs` (stdlib.h).
#[export]
pub unsafe extern "C" fn mbstowcs(to: *mut wchar_t, from: *const c_char, n: usize) -> usize {
    let mut from = from;
    mbsnrtowcs(to, &mut from, strlen(from) + 1, n, &mut mbstate_t::default())
}

/// GNU `wcsnrtombs`: at most `chars` characters of `*from`, at most `n` bytes.
#[export]
pub unsafe extern "C" fn wcsnrtombs(
    to: *mut c_char,
    from: *mut *const wchar_t,
    chars: usize,
    n: usize,
    state: *mut mbstate_t,
) -> usize {
    let encoding = encoding();
    let mut s = *from;
    let mut count = 0;
    let mut left = chars;
    let result = loop {
        if left == 0 || (!to.is_null() && count == n) {
            break count;
        }
        let mut bytes = [0u8; 6];
        let Some(used) = encode(encoding, bytes.as_mut_ptr(), *s as u32) else {
            break Failure::Illegal.result();
        };
        if !to.is_null() {
            if used > n - count {
                break count;
            }
            memcpy(to.add(count).cast(), bytes.as_ptr().cast(), used);
        }
        if *s == 0 {
            s = null();
            if !to.is_null() && !state.is_null() {
                *state = mbstate_t::default();
            }
            break count;
        }
        s = s.add(1);
        count += used;
        left -= 1;
    };
    if !to.is_null() {
        *from = s;
    }
    result
}

/// C `wcsrtombs`.
#[export]
pub unsafe extern "C" fn wcsrtombs(
    to: *mut c_char,
    from: *mut *const wchar_t,
    n: usize,
    state: *mut mbstate_t,
) -> usize {
    wcsnrtombs(to, from, usize::MAX, n, state)
}

/// C `wcstombs` (stdlib.h).
#[export]
pub unsafe extern "C" fn wcstombs(to: *mut c_char, from: *const wchar_t, n: usize) -> usize {
    let mut from = from;
    wcsnrtombs(to, &mut from, usize::MAX, n, &mut mbstate_t::default())
}
