//! Against the host's glibc, with its zone files, over many zones, years and formats.
#![allow(unsafe_op_in_unsafe_fn)]

use core::ffi::{CStr, c_char};
use std::ffi::CString;

use super::*;
use crate::test_random;

mod host {
    use super::tm;
    use core::ffi::{c_char, c_int};
    unsafe extern "C" {
        pub fn setenv(name: *const c_char, value: *const c_char, replace: c_int) -> c_int;
        pub fn tzset();
        pub static tzname: [*const c_char; 2];
        pub static timezone: i64;
        pub static daylight: c_int;
        pub fn localtime_r(time: *const i64, to: *mut tm) -> *mut tm;
        pub fn gmtime_r(time: *const i64, to: *mut tm) -> *mut tm;
        pub fn mktime(time: *mut tm) -> i64;
        pub fn timegm(time: *mut tm) -> i64;
        pub fn asctime_r(time: *const tm, to: *mut c_char) -> *mut c_char;
        pub fn strftime(to: *mut c_char, n: usize, f: *const c_char, t: *const tm) -> usize;
        pub fn strptime(s: *const c_char, f: *const c_char, t: *mut tm) -> *mut c_char;
    }
}

const ZONES: &[&str] = &[
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Tokyo",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Africa/Casablanca",
    "Pacific/Apia",
    "Europe/Dublin",
    "Antarctica/Troll",
    "CET-1CEST,M3.5.0,M10.5.0/3",
    "EST5EDT",
    "<+0330>-3:30",
    "AAA3BBB,J60/0,J300",
    "NZST-12NZDT,M9.5.0,M4.1.0/3",
    "",
    "Foo/Bar",
    ":America/Los_Angeles",
    "XXX-1:15:30",
    "Asia/Kathmandu",
    "IST-1GMT0,M10.5.0,M3.5.0/1",
];

unsafe fn set_zone(zone: &str) {
    let zone = CString::new(zone).unwrap();
    host::setenv(c"TZ".as_ptr(), zone.as_ptr(), 1);
    crate::stdlib::setenv(c"TZ".as_ptr(), zone.as_ptr(), 1);
    host::tzset();
    tzset();
}

/// glibc knows no summer time before 1971 in zones that are rules.
fn is_rule(zone: &str) -> bool {
    zone.contains(',')
}

unsafe fn show(time: &tm) -> String {
    let zone = if time.tm_zone.is_null() { "" } else { CStr::from_ptr(time.tm_zone).to_str().unwrap() };
    format!("{:?} {zone}", tm { tm_zone: core::ptr::null(), ..*time })
}

#[test]
fn local_time_equals_glibc() {
    let _guard = crate::test_lock();
    let mut random = test_random(21);
    for zone in ZONES {
        unsafe {
            set_zone(zone);
            for i in 0..if zone.starts_with("Foo") { 1 } else { 2 } {
                let (mine, theirs) = (*tzname.get(), host::tzname);
                assert_eq!(CStr::from_ptr(mine[i]), CStr::from_ptr(theirs[i]), "{zone}: name {i}");
            }
            assert_eq!((*timezone.get(), *daylight.get()), (host::timezone, host::daylight), "{zone}");
            for _ in 0..300 {
                let bits = 24 + random() % 20;
                let time = if random().is_multiple_of(2) {
                    (random() % 4_000_000_000) as i64
                } else {
                    (random() as i64 & ((1 << bits) - 1)) * if random().is_multiple_of(2) { 1 } else { -1 }
                };
                if is_rule(zone) && time < 366 * 86400 {
                    continue;
                }
                let (mut a, mut b) = (tm::ZERO, tm::ZERO);
                localtime_r(&time, &mut a);
                host::localtime_r(&time, &mut b);
                assert_eq!(show(&a), show(&b), "{zone} at {time}");
                assert_eq!(mktime(&mut a), time, "{zone}");
                gmtime_r(&time, &mut a);
                host::gmtime_r(&time, &mut b);
                assert_eq!(show(&a), show(&b));
                assert_eq!(timegm(&mut a), time);
            }
        }
    }
}

#[test]
fn mktime_brings_fields_into_range_as_glibc_does() {
    let _guard = crate::test_lock();
    let mut random = test_random(22);
    let mut differ = 0;
    for zone in ZONES {
        unsafe {
            set_zone(zone);
            for _ in 0..300 {
                let mut pick = |n: u64| (random() % n) as i32 - (n / 8) as i32;
                let time = tm {
                    tm_year: if is_rule(zone) { 90 } else { 60 } + pick(100),
                    tm_mon: pick(16),
                    tm_mday: pick(40),
                    tm_hour: pick(30),
                    tm_min: pick(70),
                    tm_sec: pick(70),
                    tm_isdst: pick(8).signum(),
                    ..tm::ZERO
                };
                let (mut a, mut b, mut c, mut d) = (time, time, time, time);
                let (x, y) = (mktime(&mut a), host::mktime(&mut b));
                // In the hours around a change glibc's answer depends on what it was asked before.
                if x != y && (x - y).abs() <= 7200 * 2 {
                    differ += 1;
                } else {
                    assert_eq!(x, y, "{zone}: {}", show(&time));
                    assert_eq!(show(&a), show(&b), "{zone}: {}", show(&time));
                }
                assert_eq!(timegm(&mut c), host::timegm(&mut d));
                assert_eq!(show(&c), show(&d));
            }
        }
    }
    assert!(differ < ZONES.len() * 300 / 100, "{differ} differ");
}

#[test]
fn strftime_equals_glibc() {
    let _guard = crate::test_lock();
    let mut random = test_random(23);
    unsafe {
        set_zone("America/New_York");
        for round in 0..20000 {
            let mut format = String::new();
            for _ in 0..1 + random() % 2 {
                format.push('%');
                for _ in 0..random() % 3 {
                    format.push(['_', '-', '0', '^', '#', '+'][random() as usize % 26 / 5]);
                }
                if random().is_multiple_of(3) {
                    format += &(random() % 14).to_string();
                }
                if !format.contains('#') && random().is_multiple_of(6) {
                    format.push(['E', 'O'][random() as usize % 2]);
                }
                format.push(
                    *b"aAbBcCdDeFgGhHIjklmMnpPrRsStTuUVwWxXyYzZ%qQ".get(random() as usize % 43).unwrap()
                        as char,
                );
                format.push('|');
            }
            let wide = random().is_multiple_of(4);
            let time =
                if wide { random() as i64 % (1 << 40) - (1 << 39) } else { random() as i64 % (1 << 32) };
            let mut t = tm::ZERO;
            host::localtime_r(&time, &mut t);
            let c = CString::new(format.clone()).unwrap();
            let (mut a, mut b) = ([1 as c_char; 64], [1 as c_char; 64]);
            let n = if random().is_multiple_of(5) { random() as usize % 20 } else { 64 };
            let x = strftime(a.as_mut_ptr(), n, c.as_ptr(), &t);
            let y = host::strftime(b.as_mut_ptr(), n, c.as_ptr(), &t);
            let text = |s: &[c_char; 64]| {
                s.iter().take_while(|c| **c != 0).map(|c| *c as u8 as char).collect::<String>()
            };
            assert_eq!(x, y, "{round}: {format} in {n}: {:?} {:?} {}", text(&a), text(&b), show(&t));
            if x != 0 {
                assert_eq!(text(&a), text(&b), "{format} {}", show(&t));
            }
            // The same through wide characters.
            let wide_format: Vec<i32> = format.bytes().chain([0]).map(i32::from).collect();
            let mut w = [0i32; 64];
            let z = wcsftime(w.as_mut_ptr(), n, wide_format.as_ptr(), &t);
            assert_eq!(z, x);
            if x != 0 {
                assert_eq!(w[..z].iter().map(|c| *c as u8 as char).collect::<String>(), text(&a));
            }
        }
    }
}

#[test]
fn strptime_equals_glibc() {
    let _guard = crate::test_lock();
    let mut random = test_random(24);
    let formats = [
        "%Y-%m-%d %H:%M:%S",
        "%a, %d %b %Y %T %z",
        "%D %r",
        "%j %Y",
        "%y%m%d",
        "%C%y %m",
        "%U %w %Y",
        "%W %a %Y",
        "%A %B %e %I:%M %p %Y",
        "%s",
        "%F%n%R",
        "%d/%m",
        "%Y %j",
        "%G-W%V-%u",
        "%H%%%M",
        "%k:%l",
        "%c",
        "%b %Y",
        "%Y",
        "%H",
        "%x %X",
        "%p %I",
    ];
    unsafe {
        set_zone("Europe/Berlin");
        for _ in 0..20000 {
            let format = CString::new(formats[random() as usize % formats.len()]).unwrap();
            let time = random() as i64 % (1 << 32);
            let mut t = tm::ZERO;
            host::localtime_r(&time, &mut t);
            let mut text = [0 as c_char; 100];
            let n = host::strftime(text.as_mut_ptr(), 100, format.as_ptr(), &t);
            if random().is_multiple_of(4) && n > 0 {
                text[random() as usize % n] = *b"0159 :-xa".get(random() as usize % 9).unwrap() as c_char;
            }
            let (mut a, mut b) = (tm { tm_mday: 3, ..tm::ZERO }, tm { tm_mday: 3, ..tm::ZERO });
            let x = strptime(text.as_ptr(), format.as_ptr(), &mut a);
            let y = host::strptime(text.as_ptr(), format.as_ptr(), &mut b);
            let shown = CStr::from_ptr(text.as_ptr());
            assert_eq!(x, y, "{format:?} {shown:?}");
            // glibc's weekdays of years before 1 are off, and so are its months of days outside the year.
            if !x.is_null() && a.tm_year > -1800 && (0..365).contains(&a.tm_yday) {
                assert_eq!(show(&a), show(&b), "{format:?} {shown:?}");
            }
        }
    }
}

#[test]
fn asctime_equals_glibc() {
    let mut random = test_random(25);
    unsafe {
        for _ in 0..20000 {
            let time = random() as i64 % (1 << 38) - (1 << 36);
            let (mut t, mut a, mut b) = (tm::ZERO, [0 as c_char; 26], [0 as c_char; 26]);
            gmtime_r(&time, &mut t);
            assert!(!asctime_r(&t, a.as_mut_ptr()).is_null());
            host::asctime_r(&t, b.as_mut_ptr());
            assert_eq!(a, b);
        }
    }
}
