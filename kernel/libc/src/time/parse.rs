//! `strptime`, with GNU's further conversions (`%s %z %Z %F %P %u %V …`).

use core::ffi::{c_char, c_int};
use core::ptr::null_mut;

use macros::export;

use super::calendar::{days_to_month, days_to_year, is_leap, tm};
use crate::ctype::isspace;
use crate::langinfo::TIME;
use crate::locale::locale_t;
use crate::string::error_text::nth;
use crate::string::{strlen, strncasecmp};

/// What was read that other fields follow from.
#[derive(Default)]
struct Seen {
    century: Option<c_int>,
    /// `%y`'s two digits are in `tm_year`.
    short_year: bool,
    /// `%I`'s hour needs `%p`.
    hour12: bool,
    afternoon: bool,
    weekday: bool,
    year_day: bool,
    month: bool,
    month_day: bool,
    /// Weeks counted from Sunday (`%U`) or Monday (`%W`).
    week_from_sunday: Option<c_int>,
    week_from_monday: Option<c_int>,
    /// Something that says on which day of the year it is.
    want_weekday: bool,
}

struct Parser {
    text: *const c_char,
    time: *mut tm,
    seen: Seen,
}

impl Parser {
    unsafe fn skip_space(&mut self) {
        while isspace(c_int::from(*self.text as u8)) != 0 {
            self.text = self.text.add(1);
        }
    }

    /// Up to `digits` digits with a value in `low..=high`, after any spaces.
    unsafe fn number(&mut self, low: i64, high: i64, digits: usize) -> Option<c_int> {
        while *self.text == b' ' as c_char {
            self.text = self.text.add(1);
        }
        if !(*self.text as u8).is_ascii_digit() {
            return None;
        }
        let mut value = 0i64;
        for _ in 0..digits {
            // A digit that could only make it too great belongs to what follows, as in glibc.
            if value * 10 > high || !(*self.text as u8).is_ascii_digit() {
                break;
            }
            value = value * 10 + i64::from(*self.text as u8 - b'0');
            self.text = self.text.add(1);
        }
        (low..=high).contains(&value).then_some(value as c_int)
    }

    /// The name, long or short, of which the text is the start; `long` and `short` are where the
    /// `count` names start in the locale's list.
    unsafe fn name(&mut self, long: c_int, short: c_int, count: c_int) -> Option<c_int> {
        for list in [long, short] {
            for i in 0..count {
                let name = nth(TIME, list + i);
                let n = strlen(name);
                if strncasecmp(self.text, name, n) == 0 {
                    self.text = self.text.add(n);
                    return Some(i);
                }
            }
        }
        None
    }

    unsafe fn run(&mut self, format: *const c_char) -> Option<()> {
        let mut format = format.cast::<u8>();
        while *format != 0 {
            if isspace((*format).into()) != 0 {
                self.skip_space();
                format = format.add(1);
                continue;
            }
            if *format != b'%' {
                if *self.text as u8 != *format {
                    return None;
                }
                self.text = self.text.add(1);
                format = format.add(1);
                continue;
            }
            format = format.add(1);
            // Flags and widths of `strftime` are allowed and say nothing here.
            while matches!(*format, b'-' | b'_' | b'0' | b'^' | b'#') {
                format = format.add(1);
            }
            if matches!(*format, b'E' | b'O') {
                format = format.add(1);
            }
            let conversion = *format;
            if conversion == 0 {
                return None;
            }
            format = format.add(1);
            self.convert(conversion)?;
        }
        Some(())
    }

    unsafe fn convert(&mut self, conversion: u8) -> Option<()> {
        let time = &mut *self.time;
        match conversion {
            b'%' => {
                (*self.text == b'%' as c_char).then_some(())?;
                self.text = self.text.add(1);
            }
            b'n' | b't' => self.skip_space(),
            b'a' | b'A' => {
                time.tm_wday = self.name(7, 0, 7)?;
                self.seen.weekday = true;
            }
            b'b' | b'B' | b'h' => {
                time.tm_mon = self.name(26, 14, 12)?;
                self.seen.month = true;
                self.seen.want_weekday = true;
            }
            b'c' => self.run(c"%a %b %e %H:%M:%S %Y".as_ptr())?,
            b'C' => {
                self.seen.century = Some(self.number(0, 99, 2)?);
                self.seen.want_weekday = true;
            }
            b'd' | b'e' => {
                time.tm_mday = self.number(1, 31, 2)?;
                self.seen.month_day = true;
                self.seen.want_weekday = true;
            }
            b'D' | b'x' => self.run(c"%m/%d/%y".as_ptr())?,
            b'F' => self.run(c"%Y-%m-%d".as_ptr())?,
            b'H' | b'k' => {
                time.tm_hour = self.number(0, 23, 2)?;
                self.seen.hour12 = false;
            }
            b'I' | b'l' => {
                time.tm_hour = self.number(1, 12, 2)? % 12;
                self.seen.hour12 = true;
            }
            b'j' => {
                time.tm_yday = self.number(1, 366, 3)? - 1;
                self.seen.year_day = true;
            }
            b'm' => {
                time.tm_mon = self.number(1, 12, 2)? - 1;
                self.seen.month = true;
                self.seen.want_weekday = true;
            }
            b'M' => time.tm_min = self.number(0, 59, 2)?,
            b'S' => time.tm_sec = self.number(0, 61, 2)?,
            b'p' | b'P' => self.seen.afternoon = self.name(38, 38, 2)? == 1,
            b'r' => self.run(c"%I:%M:%S %p".as_ptr())?,
            b'R' => self.run(c"%H:%M".as_ptr())?,
            b'T' | b'X' => self.run(c"%H:%M:%S".as_ptr())?,
            b's' => {
                let mut seconds = 0i64;
                (*self.text as u8).is_ascii_digit().then_some(())?;
                while (*self.text as u8).is_ascii_digit() {
                    seconds = seconds.wrapping_mul(10).wrapping_add(i64::from(*self.text as u8 - b'0'));
                    self.text = self.text.add(1);
                }
                if super::local::localtime_r(&seconds, self.time).is_null() {
                    return None;
                }
            }
            b'u' => {
                time.tm_wday = self.number(1, 7, 1)? % 7;
                self.seen.weekday = true;
            }
            b'w' => {
                time.tm_wday = self.number(0, 6, 1)?;
                self.seen.weekday = true;
            }
            b'g' => _ = self.number(0, 99, 2)?,
            b'G' => {
                (*self.text as u8).is_ascii_digit().then_some(())?;
                while (*self.text as u8).is_ascii_digit() {
                    self.text = self.text.add(1);
                }
            }
            b'V' => _ = self.number(0, 53, 2)?,
            b'U' => self.seen.week_from_sunday = Some(self.number(0, 53, 2)?),
            b'W' => self.seen.week_from_monday = Some(self.number(0, 53, 2)?),
            b'y' => {
                let year = self.number(0, 99, 2)?;
                time.tm_year = if year >= 69 { year } else { year + 100 };
                self.seen.short_year = true;
                self.seen.want_weekday = true;
            }
            b'Y' => {
                time.tm_year = self.number(0, 9999, 4)? - 1900;
                self.seen.century = None;
                self.seen.short_year = false;
                self.seen.want_weekday = true;
            }
            // glibc reads no zone names either.
            b'Z' => {}
            b'z' => self.offset()?,
            _ => return None,
        }
        Some(())
    }

    /// `Z`, `+hh`, `+hhmm` or `+hh:mm`.
    unsafe fn offset(&mut self) -> Option<()> {
        self.skip_space();
        if *self.text == b'Z' as c_char {
            self.text = self.text.add(1);
            (*self.time).tm_gmtoff = 0;
            return Some(());
        }
        let negative = match *self.text as u8 {
            b'+' => false,
            b'-' => true,
            _ => return None,
        };
        self.text = self.text.add(1);
        let (mut value, mut digits) = (0, 0);
        while digits < 4 && (*self.text as u8).is_ascii_digit() {
            value = value * 10 + i64::from(*self.text as u8 - b'0');
            digits += 1;
            self.text = self.text.add(1);
            if digits == 2 && *self.text == b':' as c_char {
                self.text = self.text.add(1);
            }
        }
        match digits {
            2 => value *= 100,
            4 => {}
            _ => return None,
        }
        if value % 100 >= 60 {
            return None;
        }
        let seconds = (value / 100 * 60 + value % 100) * 60;
        (*self.time).tm_gmtoff = if negative { -seconds } else { seconds };
        Some(())
    }

    /// Works out the fields that follow from those that were read.
    unsafe fn finish(&mut self) {
        let (time, seen) = (&mut *self.time, &mut self.seen);
        if seen.hour12 && seen.afternoon {
            time.tm_hour += 12;
        }
        if let Some(century) = seen.century {
            let year = if seen.short_year { time.tm_year.rem_euclid(100) } else { 0 };
            time.tm_year = (century - 19) * 100 + year;
        }
        let year = i64::from(time.tm_year) + 1900;
        if seen.want_weekday && !seen.weekday {
            if !(seen.month && seen.month_day) && seen.year_day {
                set_month(time, seen, year);
            }
            let month = time.tm_mon.clamp(0, 11) as usize;
            let day = days_to_year(year) + days_to_month(year, month) + i64::from(time.tm_mday) - 1;
            time.tm_wday = (day + 4).rem_euclid(7) as c_int;
        }
        if seen.want_weekday && !seen.year_day {
            let month = time.tm_mon.clamp(0, 11) as usize;
            time.tm_yday = days_to_month(year, month) as c_int + time.tm_mday - 1;
        }
        let week = match (seen.week_from_sunday, seen.week_from_monday) {
            (Some(week), _) => Some((week, 0)),
            (None, Some(week)) => Some((week, 1)),
            _ => None,
        };
        if let (Some((week, offset)), true) = (week, seen.weekday) {
            let first = (days_to_year(year) + 4).rem_euclid(7) as c_int;
            if !seen.year_day {
                let weekday = (time.tm_wday - offset).rem_euclid(7);
                time.tm_yday = (7 - (first - offset)).rem_euclid(7) + (week - 1) * 7 + weekday;
                if !(seen.month && seen.month_day) {
                    set_month(time, seen, year);
                }
            }
        }
    }
}

/// Month and day of the month from the day of the year.
fn set_month(time: &mut tm, seen: &mut Seen, year: i64) {
    let day = i64::from(time.tm_yday).clamp(0, 364 + i64::from(is_leap(year)));
    let mut month = 0;
    while days_to_month(year, month + 1) <= day {
        month += 1;
    }
    if !seen.month {
        time.tm_mon = month as c_int;
    }
    if !seen.month_day {
        time.tm_mday = (day - days_to_month(year, month)) as c_int + 1;
    }
    (seen.month, seen.month_day) = (true, true);
}

/// POSIX `strptime`: where reading stopped, or null if the text does not match.
#[export]
pub unsafe extern "C" fn strptime(text: *const c_char, format: *const c_char, time: *mut tm) -> *mut c_char {
    let mut parser = Parser { text, time, seen: Seen::default() };
    if parser.run(format).is_none() {
        return null_mut();
    }
    parser.finish();
    parser.text.cast_mut()
}

/// GNU `strptime_l`.
#[export]
pub unsafe extern "C" fn strptime_l(
    text: *const c_char,
    format: *const c_char,
    time: *mut tm,
    _: locale_t,
) -> *mut c_char {
    strptime(text, format, time)
}
