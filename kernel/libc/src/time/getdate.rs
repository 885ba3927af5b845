//! `getdate`: a date in one of the formats that the file named by `DATEMSK` lists.

use alloc::vec::Vec;
use core::ffi::{c_char, c_int, c_void};
use core::ptr::null_mut;

use kcore::export::Exported;
use macros::export;

use super::calendar::{SHARED, days_to_month, days_to_year, tm};
use super::local::{localtime_r, mktime};
use super::parse::strptime;

/// POSIX `getdate_err`: 1 no `DATEMSK`, 2 the file cannot be opened, 3 there is none, 5 it cannot be read, 7 no
/// format matches, 8 the date is impossible.
#[export]
pub static getdate_err: Exported<c_int> = Exported::new(0);

unsafe extern "C" {
    fn open(path: *const c_char, flags: c_int, ...) -> c_int;
    fn read(fd: c_int, to: *mut c_void, n: usize) -> isize;
    fn close(fd: c_int) -> c_int;
    fn access(path: *const c_char, mode: c_int) -> c_int;
    fn time(to: *mut i64) -> i64;
}

unsafe fn formats() -> Result<Vec<u8>, c_int> {
    let path = crate::stdlib::environment::find(b"DATEMSK").ok_or(1)?;
    if access(path, 0) != 0 {
        return Err(3);
    }
    let fd = open(path, 0);
    if fd < 0 {
        return Err(2);
    }
    let mut text = Vec::new();
    let mut buffer = [0u8; 512];
    let result = loop {
        match usize::try_from(read(fd, buffer.as_mut_ptr().cast(), buffer.len())) {
            Ok(0) => break Ok(text),
            Ok(n) => text.extend_from_slice(buffer.get(..n).unwrap_or_default()),
            Err(_) => break Err(5),
        }
    };
    close(fd);
    result
}

/// How many days a month has; `year` since 1900, `month` from 0.
fn days_in_month(year: c_int, month: c_int) -> c_int {
    let (year, month) = (i64::from(year) + 1900, month.clamp(0, 11) as usize);
    let end = if month == 11 {
        days_to_year(year + 1) - days_to_year(year)
    } else {
        days_to_month(year, month + 1)
    };
    (end - days_to_month(year, month)) as c_int
}

/// GNU `getdate_r`: 0, or the number that `getdate_err` would get.
#[export]
pub unsafe extern "C" fn getdate_r(text: *const c_char, to: *mut tm) -> c_int {
    const UNSET: c_int = c_int::MIN;
    let formats = match formats() {
        Ok(formats) => formats,
        Err(number) => return number,
    };
    let mut result = None;
    for line in formats.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let mut format = Vec::from(line);
        format.push(0);
        let mut found = tm { tm_gmtoff: 0, tm_zone: core::ptr::null(), ..tm::ZERO };
        for field in [
            &mut found.tm_sec,
            &mut found.tm_min,
            &mut found.tm_hour,
            &mut found.tm_mday,
            &mut found.tm_mon,
            &mut found.tm_year,
            &mut found.tm_wday,
        ] {
            *field = UNSET;
        }
        let end = strptime(text, format.as_ptr().cast(), &mut found);
        if !end.is_null() && *end == 0 {
            result = Some(found);
            break;
        }
    }
    let Some(mut found) = result else { return 7 };
    // What the text leaves out is taken from now, so that the date is the next such one.
    let (mut now, clock) = (tm::ZERO, time(null_mut()));
    if localtime_r(&clock, &mut now).is_null() {
        return 8;
    }
    let set = |value: c_int| value != UNSET;
    let day_given = set(found.tm_mday) || set(found.tm_mon) || set(found.tm_year);
    if set(found.tm_wday) && !day_given {
        found.tm_year = now.tm_year;
        found.tm_mon = now.tm_mon;
        found.tm_mday = now.tm_mday + (found.tm_wday - now.tm_wday + 7) % 7;
    } else if set(found.tm_mon) && !set(found.tm_mday) {
        if !set(found.tm_year) {
            found.tm_year = now.tm_year + c_int::from(found.tm_mon < now.tm_mon);
        }
        found.tm_mday = 1;
    }
    let no_time = !set(found.tm_hour) && !set(found.tm_min) && !set(found.tm_sec);
    let fallback = if no_time { [now.tm_hour, now.tm_min, now.tm_sec] } else { [0, 0, 0] };
    for (field, value) in [&mut found.tm_hour, &mut found.tm_min, &mut found.tm_sec].into_iter().zip(fallback)
    {
        if *field == UNSET {
            *field = value;
        }
    }
    if !set(found.tm_mday) {
        let hour_passed = found.tm_hour < now.tm_hour;
        found.tm_mday = now.tm_mday + c_int::from(hour_passed);
    }
    if !set(found.tm_mon) {
        found.tm_mon = now.tm_mon + c_int::from(found.tm_mday < now.tm_mday && !day_given);
    }
    if !set(found.tm_year) {
        found.tm_year = now.tm_year + c_int::from(found.tm_mon < now.tm_mon);
    }
    found.tm_isdst = -1;
    if day_given && !(1..=days_in_month(found.tm_year, found.tm_mon)).contains(&found.tm_mday) {
        return 8;
    }
    if mktime(&mut found) == -1 {
        return 8;
    }
    *to = found;
    0
}

/// POSIX `getdate`: null with `getdate_err` set.
#[export]
pub unsafe extern "C" fn getdate(text: *const c_char) -> *mut tm {
    let result = getdate_r(text, SHARED.0.get());
    if result != 0 {
        *getdate_err.get() = result;
        return null_mut();
    }
    SHARED.0.get()
}
