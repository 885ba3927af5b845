//! The Gregorian calendar, and broken-down time in UTC.

use core::cell::UnsafeCell;
use core::ffi::{c_char, c_int};
use core::ptr::null_mut;

use kcore::errno::EOVERFLOW;
use macros::export;

/// C `time_t`: seconds since 1970-01-01 00:00:00 UTC.
pub type time_t = i64;

/// C `struct tm`, with glibc's two further fields.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tm {
    /// 0–60.
    pub tm_sec: c_int,
    /// 0–59.
    pub tm_min: c_int,
    /// 0–23.
    pub tm_hour: c_int,
    /// 1–31.
    pub tm_mday: c_int,
    /// 0–11.
    pub tm_mon: c_int,
    /// Years since 1900.
    pub tm_year: c_int,
    /// Days since Sunday.
    pub tm_wday: c_int,
    /// Days since the first of January.
    pub tm_yday: c_int,
    /// Whether summer time is in force; negative if not known.
    pub tm_isdst: c_int,
    /// Seconds east of UTC.
    pub tm_gmtoff: i64,
    /// The abbreviation of the zone.
    pub tm_zone: *const c_char,
}

impl tm {
    /// All zero.
    pub(crate) const ZERO: Self = Self {
        tm_sec: 0,
        tm_min: 0,
        tm_hour: 0,
        tm_mday: 0,
        tm_mon: 0,
        tm_year: 0,
        tm_wday: 0,
        tm_yday: 0,
        tm_isdst: 0,
        tm_gmtoff: 0,
        tm_zone: core::ptr::null(),
    };
}

/// Seconds in a day.
pub(crate) const DAY: i64 = 86400;

/// Whether a year of the Gregorian calendar has 366 days.
pub(crate) const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days from 1970-01-01 to the first of January of a year.
#[inline(never)]
pub(crate) const fn days_to_year(year: i64) -> i64 {
    let before = year - 1;
    before * 365 + before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400) - 719_162
}

/// Days of a year before a month (0–11; 12 gives the year's length).
#[inline(never)]
pub(crate) fn days_to_month(year: i64, month: usize) -> i64 {
    // Each month's excess over 28, added up: from March on one less in a common year.
    const DAYS: [u16; 13] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];
    i64::from(DAYS[month.min(12)]) + i64::from(month > 1 && is_leap(year))
}

/// Fills in date and time for `seconds` since 1970 on a clock that many seconds east of UTC; the
/// zone's fields stay. False if the year does not fit an `int`.
pub(crate) fn break_down(seconds: i64, offset: i64, to: &mut tm) -> bool {
    let Some(local) = seconds.checked_add(offset) else { return false };
    let (days, rest) = (local.div_euclid(DAY), local.rem_euclid(DAY) as c_int);
    // The estimate is at most one year off: a year is 365.2425 days.
    let mut year = 1970 + (days * 400).div_euclid(146_097);
    while days_to_year(year) > days {
        year -= 1;
    }
    while days_to_year(year + 1) <= days {
        year += 1;
    }
    let Ok(since_1900) = c_int::try_from(year - 1900) else { return false };
    let day_of_year = days - days_to_year(year);
    let mut month = 0;
    while days_to_month(year, month + 1) <= day_of_year {
        month += 1;
    }
    to.tm_sec = rest % 60;
    to.tm_min = rest / 60 % 60;
    to.tm_hour = rest / 3600;
    to.tm_mday = (day_of_year - days_to_month(year, month)) as c_int + 1;
    to.tm_mon = month as c_int;
    to.tm_year = since_1900;
    to.tm_wday = (days + 4).rem_euclid(7) as c_int;
    to.tm_yday = day_of_year as c_int;
    true
}

/// The seconds since 1970 that date and time name on a clock at UTC; fields may be out of range.
pub(crate) fn add_up(from: &tm) -> i64 {
    let month = i64::from(from.tm_mon);
    let year = i64::from(from.tm_year) + 1900 + month.div_euclid(12);
    let days =
        days_to_year(year) + days_to_month(year, month.rem_euclid(12) as usize) + i64::from(from.tm_mday) - 1;
    ((days * 24 + i64::from(from.tm_hour)) * 60 + i64::from(from.tm_min)) * 60 + i64::from(from.tm_sec)
}

/// What `gmtime` and `localtime` return the address of.
pub(crate) struct Shared(pub(crate) UnsafeCell<tm>);

// SAFETY: C lets calls of `gmtime` and `localtime` overwrite each other's results.
unsafe impl Sync for Shared {}

pub(crate) static SHARED: Shared = Shared(UnsafeCell::new(tm::ZERO));

/// POSIX `gmtime_r`. Null with EOVERFLOW if the year does not fit.
#[export]
pub unsafe extern "C" fn gmtime_r(time: *const time_t, to: *mut tm) -> *mut tm {
    (*to).tm_isdst = 0;
    (*to).tm_gmtoff = 0;
    (*to).tm_zone = c"GMT".as_ptr();
    if break_down(*time, 0, &mut *to) {
        return to;
    }
    crate::errno::set(EOVERFLOW);
    null_mut()
}

/// C `gmtime`.
#[export]
pub unsafe extern "C" fn gmtime(time: *const time_t) -> *mut tm {
    gmtime_r(time, SHARED.0.get())
}

/// GNU `timegm`: the inverse of `gmtime`; brings the fields into range. −1 with EOVERFLOW.
#[export]
pub unsafe extern "C" fn timegm(time: *mut tm) -> time_t {
    let seconds = add_up(&*time);
    if gmtime_r(&seconds, time).is_null() { -1 } else { seconds }
}

/// C `difftime`.
#[export]
pub extern "C" fn difftime(end: time_t, start: time_t) -> f64 {
    (i128::from(end) - i128::from(start)) as f64
}

/// BSD `dysize`: days in a year.
#[export]
pub extern "C" fn dysize(year: c_int) -> c_int {
    365 + c_int::from(is_leap(year.into()))
}
