//! `asctime` and `ctime`.

use core::cell::UnsafeCell;
use core::ffi::{c_char, c_int};
use core::ptr::null_mut;

use kcore::errno::{EINVAL, EOVERFLOW};
use macros::export;

use super::calendar::{SHARED, time_t, tm};
use super::local::localtime_r;
use crate::langinfo::TIME;
use crate::string::error_text::nth;
use crate::string::mempcpy;

/// What `asctime` returns the address of.
struct Line(UnsafeCell<[c_char; 114]>);

// SAFETY: C lets calls of `asctime` overwrite each other's results.
unsafe impl Sync for Line {}

static LINE: Line = Line(UnsafeCell::new([0; 114]));

/// Puts a number right-aligned in `width` columns, filled with `pad`.
pub(super) unsafe fn put(to: *mut u8, value: i64, width: usize, pad: u8) -> *mut u8 {
    let mut digits = [pad; 24];
    let mut first = digits.len();
    let mut left = value.unsigned_abs();
    loop {
        first -= 1;
        digits[first] = b'0' + (left % 10) as u8;
        left /= 10;
        if left == 0 {
            break;
        }
    }
    if value < 0 {
        first -= 1;
        digits[first] = b'-';
    }
    let n = (digits.len() - first).max(width);
    mempcpy(to.cast(), digits.as_ptr().add(digits.len() - n).cast(), n).cast()
}

/// Three letters of a name, or `???` outside of `0..count`.
unsafe fn put_name(to: *mut u8, index: c_int, first: c_int, count: c_int) -> *mut u8 {
    let name = if (0..count).contains(&index) { nth(TIME, first + index) } else { c"???".as_ptr() };
    mempcpy(to.cast(), name.cast(), 3).cast()
}

/// POSIX `asctime_r`: `Sun Sep 16 01:03:52 1973\n`, in a buffer of 26 bytes. Null with EINVAL for a
/// null pointer, with EOVERFLOW if the year or another field does not fit.
#[export]
pub unsafe extern "C" fn asctime_r(time: *const tm, to: *mut c_char) -> *mut c_char {
    if time.is_null() {
        crate::errno::set(EINVAL);
        return null_mut();
    }
    let mut line = [0u8; 114];
    let time = &*time;
    let mut at = put_name(line.as_mut_ptr(), time.tm_wday, 0, 7);
    at = mempcpy(at.cast(), c" ".as_ptr().cast(), 1).cast();
    at = put_name(at, time.tm_mon, 14, 12);
    at = put(at, time.tm_mday.into(), 3, b' ');
    for (before, value) in [(b' ', time.tm_hour), (b':', time.tm_min), (b':', time.tm_sec)] {
        *at = before;
        at = put(at.add(1), value.into(), 2, b'0');
    }
    *at = b' ';
    at = put(at.add(1), i64::from(time.tm_year) + 1900, 1, b' ');
    *at = b'\n';
    let n = at as usize + 2 - line.as_ptr() as usize;
    let room = if to == LINE.0.get().cast() { 114 } else { 26 };
    if n > room || i64::from(time.tm_year) + 1900 > c_int::MAX.into() {
        crate::errno::set(EOVERFLOW);
        return null_mut();
    }
    mempcpy(to.cast(), line.as_ptr().cast(), n);
    to
}

/// C `asctime`.
#[export]
pub unsafe extern "C" fn asctime(time: *const tm) -> *mut c_char {
    asctime_r(time, LINE.0.get().cast())
}

/// POSIX `ctime_r`.
#[export]
pub unsafe extern "C" fn ctime_r(time: *const time_t, to: *mut c_char) -> *mut c_char {
    let mut local = tm::ZERO;
    if localtime_r(time, &mut local).is_null() { null_mut() } else { asctime_r(&local, to) }
}

/// C `ctime`.
#[export]
pub unsafe extern "C" fn ctime(time: *const time_t) -> *mut c_char {
    let local = localtime_r(time, SHARED.0.get());
    if local.is_null() { null_mut() } else { asctime(local) }
}
