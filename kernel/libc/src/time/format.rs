//! `strftime` and `wcsftime`: POSIX's conversions and GNU's flags (`_ - 0 ^ #`) and widths.

use core::ffi::{CStr, c_char, c_int};

use macros::export;

use super::calendar::{is_leap, tm};
use crate::langinfo::TIME;
use crate::locale::locale_t;
use crate::string::error_text::nth;
use crate::wchar::wchar_t;

/// A format, of bytes or of wide characters.
#[derive(Clone, Copy)]
struct Source {
    at: *const u8,
    wide: bool,
}

impl Source {
    unsafe fn get(&self, i: usize) -> u32 {
        if self.wide { self.at.cast::<u32>().add(i).read() } else { u32::from(*self.at.add(i)) }
    }
}

/// Where the result goes.
struct Output {
    to: *mut u8,
    wide: bool,
    used: usize,
    room: usize,
}

impl Output {
    /// Adds one character; false when only room for the NUL is left.
    unsafe fn put(&mut self, c: u32) -> bool {
        if self.used + 1 >= self.room {
            return false;
        }
        self.store(c);
        self.used += 1;
        true
    }

    unsafe fn store(&mut self, c: u32) {
        if self.wide {
            self.to.cast::<u32>().add(self.used).write(c);
        } else {
            *self.to.add(self.used) = c as u8;
        }
    }
}

/// The flags and width of one conversion.
#[derive(Clone, Copy, Default)]
struct Spec {
    /// 0, or one of `_ - 0`.
    pad: u8,
    width: usize,
    upper: bool,
    swap: bool,
}

struct Formatter<'a> {
    time: &'a tm,
    output: Output,
    /// Seconds since 1970, for `%s`; a pointer so that only those who may need it hold `mktime`.
    seconds: unsafe fn(&tm) -> i64,
}

/// The ISO 8601 year and week of a date.
fn iso_week(time: &tm) -> (i64, i64) {
    // Days since the Monday of the week that holds the year's first Thursday.
    let days = |yday: i64, wday: i64| yday - (yday - wday + 382) % 7 + 3;
    let mut year = i64::from(time.tm_year) + 1900;
    let (yday, wday) = (i64::from(time.tm_yday), i64::from(time.tm_wday));
    let mut since = days(yday, wday);
    if since < 0 {
        year -= 1;
        since = days(yday + 365 + i64::from(is_leap(year)), wday);
    } else {
        let next = days(yday - 365 - i64::from(is_leap(year)), wday);
        if next >= 0 {
            year += 1;
            since = next;
        }
    }
    (year, since / 7 + 1)
}

impl Formatter<'_> {
    /// Pads to the width, then the text in the case that the flags ask for.
    unsafe fn text(&mut self, spec: Spec, text: *const c_char, lower: bool) -> bool {
        let text = CStr::from_ptr(text).to_bytes();
        let pad = if spec.pad == b'0' { b'0' } else { b' ' };
        for _ in text.len()..spec.width {
            if !self.output.put(pad.into()) {
                return false;
            }
        }
        for byte in text {
            let byte = match (lower, spec.upper) {
                (true, _) => byte.to_ascii_lowercase(),
                (_, true) => byte.to_ascii_uppercase(),
                _ => *byte,
            };
            if !self.output.put(byte.into()) {
                return false;
            }
        }
        true
    }

    /// A name from the locale's list, or `?` for an index that is none.
    unsafe fn name(&mut self, spec: Spec, first: c_int, count: c_int, index: c_int) -> bool {
        let text = if (0..count).contains(&index) { nth(TIME, first + index) } else { c"?".as_ptr() };
        self.text(Spec { upper: spec.upper || spec.swap, ..spec }, text, false)
    }

    /// A number of at least `digits` digits; `pad` applies unless a flag says otherwise.
    unsafe fn number(&mut self, spec: Spec, digits: usize, pad: u8, value: i64) -> bool {
        let pad = if spec.pad == 0 { pad } else { spec.pad };
        let sign = value < 0;
        let mut text = [0u8; 24];
        let end = super::text::put(text.as_mut_ptr(), value.unsigned_abs() as i64, 1, b' ');
        let n = end as usize - text.as_ptr() as usize;
        // Without padding a width is still filled, with spaces.
        let total = if pad == b'-' { spec.width } else { digits.max(spec.width) };
        let fill = total.saturating_sub(n + usize::from(sign));
        let zeros = pad != b'_' && pad != b'-';
        let before = if zeros { 0 } else { fill };
        let after = if zeros { fill } else { 0 };
        (0..before).all(|_| self.output.put(b' '.into()))
            && (!sign || self.output.put(b'-'.into()))
            && (0..after).all(|_| self.output.put(b'0'.into()))
            && text[..n].iter().all(|digit| self.output.put((*digit).into()))
    }

    /// A conversion that stands for a whole format.
    unsafe fn composite(&mut self, spec: Spec, format: &'static CStr) -> bool {
        let start = self.output.used;
        let upper = spec.upper;
        if !self.run(Source { at: format.as_ptr().cast(), wide: false }, upper) {
            return false;
        }
        // The width is only known to be needed once the text is there: move it along.
        let n = self.output.used - start;
        let missing = spec.width.saturating_sub(n);
        if missing == 0 {
            return true;
        }
        if self.output.used + missing >= self.output.room {
            return false;
        }
        let size = if self.output.wide { 4 } else { 1 };
        let at = self.output.to.add(start * size);
        core::ptr::copy(at, at.add(missing * size), n * size);
        let pad = if spec.pad == b'0' { b'0' } else { b' ' };
        self.output.used = start;
        for _ in 0..missing {
            self.output.store(pad.into());
            self.output.used += 1;
        }
        self.output.used += n;
        true
    }

    unsafe fn run(&mut self, format: Source, upper: bool) -> bool {
        let mut i = 0;
        loop {
            let c = format.get(i);
            if c == 0 {
                return true;
            }
            if c != u32::from(b'%') {
                if !self.output.put(c) {
                    return false;
                }
                i += 1;
                continue;
            }
            let start = i;
            i += 1;
            let mut spec = Spec { upper, ..Spec::default() };
            loop {
                match format.get(i) as u8 {
                    flag @ (b'_' | b'-' | b'0') => spec.pad = flag,
                    b'^' => spec.upper = true,
                    b'#' => spec.swap = true,
                    _ => break,
                }
                i += 1;
            }
            while let digit @ 0x30..=0x39 = format.get(i) {
                spec.width = spec.width.saturating_mul(10).saturating_add(digit as usize - 0x30);
                spec.width = spec.width.min(c_int::MAX as usize);
                i += 1;
            }
            let mut modifier = 0;
            if let letter @ (0x45 | 0x4f) = format.get(i) {
                modifier = letter as u8;
                i += 1;
            }
            let conversion = format.get(i);
            i += usize::from(conversion != 0);
            let conversion = if conversion < 128 { conversion as u8 } else { 0 };
            match self.convert(spec, modifier, conversion) {
                Some(true) => {}
                Some(false) => return false,
                // What is no conversion stands for itself.
                None => {
                    let pad = if spec.pad == b'0' { b'0' } else { b' ' };
                    for _ in i - start..spec.width {
                        if !self.output.put(pad.into()) {
                            return false;
                        }
                    }
                    for j in start..i {
                        let c = format.get(j);
                        let upper = spec.upper && (0x61..0x7b).contains(&c);
                        if !self.output.put(if upper { c - 32 } else { c }) {
                            return false;
                        }
                    }
                }
            }
        }
    }

    unsafe fn convert(&mut self, spec: Spec, modifier: u8, conversion: u8) -> Option<bool> {
        let time = self.time;
        let year = i64::from(time.tm_year) + 1900;
        let hour12 = if time.tm_hour > 12 {
            time.tm_hour - 12
        } else if time.tm_hour == 0 {
            12
        } else {
            time.tm_hour
        };
        // `E` and `O` go with some conversions only.
        let allowed: &[u8] = match modifier {
            b'E' => b"%CPRTXYZcnprstuxyz",
            b'O' => b"%BCGHIMPRSTUVWZbdeghjklmnprstuwyz",
            _ => &[],
        };
        if modifier != 0 && !allowed.contains(&conversion) {
            return None;
        }
        let two = |value: c_int| (2, b'0', i64::from(value));
        let (digits, pad, value) = match conversion {
            b'%' => return Some(self.text(spec, c"%".as_ptr(), false)),
            b'n' => return Some(self.text(spec, c"\n".as_ptr(), false)),
            b't' => return Some(self.text(spec, c"\t".as_ptr(), false)),
            b'a' => return Some(self.name(spec, 0, 7, time.tm_wday)),
            b'A' => return Some(self.name(spec, 7, 7, time.tm_wday)),
            b'b' | b'h' => return Some(self.name(spec, 14, 12, time.tm_mon)),
            b'B' => return Some(self.name(spec, 26, 12, time.tm_mon)),
            b'p' | b'P' => {
                let text = nth(TIME, 38 + c_int::from(time.tm_hour > 11));
                return Some(self.text(spec, text, conversion == b'P' || spec.swap));
            }
            b'c' => return Some(self.composite(spec, c"%a %b %e %H:%M:%S %Y")),
            b'D' | b'x' => return Some(self.composite(spec, c"%m/%d/%y")),
            b'r' => return Some(self.composite(spec, c"%I:%M:%S %p")),
            b'R' => return Some(self.composite(spec, c"%H:%M")),
            b'T' | b'X' => return Some(self.composite(spec, c"%H:%M:%S")),
            b'F' => return Some(self.composite(spec, c"%Y-%m-%d")),
            b'Z' => {
                let zone = if time.tm_zone.is_null() { c"".as_ptr() } else { time.tm_zone };
                return Some(self.text(spec, zone, spec.swap));
            }
            b'z' => {
                if time.tm_isdst < 0 {
                    return Some(true);
                }
                let minutes = time.tm_gmtoff / 60;
                let negative = time.tm_gmtoff < 0
                    || (minutes == 0 && !time.tm_zone.is_null() && *time.tm_zone == b'-' as c_char);
                let value = minutes.abs() / 60 * 100 + minutes.abs() % 60;
                let sign = if negative { c"-" } else { c"+" };
                return Some(self.text(spec, sign.as_ptr(), false) && self.number(spec, 4, b'0', value));
            }
            b'C' => (1, b'0', year.div_euclid(100)),
            b'Y' => (1, b'0', year),
            b'G' => (1, b'0', iso_week(time).0),
            b'g' => (2, b'0', iso_week(time).0.rem_euclid(100)),
            b'V' => (2, b'0', iso_week(time).1),
            b'y' => (2, b'0', year.rem_euclid(100)),
            b'd' => two(time.tm_mday),
            b'e' => (2, b'_', time.tm_mday.into()),
            b'H' => two(time.tm_hour),
            b'I' => two(hour12),
            b'k' => (2, b'_', time.tm_hour.into()),
            b'l' => (2, b'_', hour12.into()),
            b'j' => (3, b'0', i64::from(time.tm_yday) + 1),
            b'm' => (2, b'0', i64::from(time.tm_mon) + 1),
            b'M' => two(time.tm_min),
            b'S' => two(time.tm_sec),
            b's' => (1, b'-', (self.seconds)(time)),
            b'u' => (1, b'0', i64::from((time.tm_wday - 1).rem_euclid(7)) + 1),
            b'U' => (2, b'0', i64::from((time.tm_yday - time.tm_wday + 7) / 7)),
            b'w' => (1, b'0', time.tm_wday.into()),
            b'W' => (2, b'0', i64::from((time.tm_yday - (time.tm_wday - 1 + 7) % 7 + 7) / 7)),
            _ => return None,
        };
        Some(self.number(spec, digits, pad, value))
    }
}

unsafe fn seconds(time: &tm) -> i64 {
    let mut copy = *time;
    super::local::mktime(&mut copy)
}

unsafe fn format(output: Output, format: Source, time: &tm) -> usize {
    let room = output.room;
    let mut formatter = Formatter { time, output, seconds };
    let whole = formatter.run(format, false);
    if room == 0 {
        return 0;
    }
    let used = formatter.output.used;
    formatter.output.store(0);
    if whole { used } else { 0 }
}

/// C `strftime`: the number of bytes before the NUL, or 0 if they do not fit `max`.
#[export]
pub unsafe extern "C" fn strftime(
    to: *mut c_char,
    max: usize,
    text: *const c_char,
    time: *const tm,
) -> usize {
    let output = Output { to: to.cast(), wide: false, used: 0, room: max };
    format(output, Source { at: text.cast(), wide: false }, &*time)
}

/// POSIX `strftime_l`.
#[export]
pub unsafe extern "C" fn strftime_l(
    to: *mut c_char,
    max: usize,
    text: *const c_char,
    time: *const tm,
    _: locale_t,
) -> usize {
    strftime(to, max, text, time)
}

/// C `wcsftime`.
#[export]
pub unsafe extern "C" fn wcsftime(
    to: *mut wchar_t,
    max: usize,
    text: *const wchar_t,
    time: *const tm,
) -> usize {
    let output = Output { to: to.cast(), wide: true, used: 0, room: max };
    format(output, Source { at: text.cast(), wide: true }, &*time)
}

/// POSIX `wcsftime_l`.
#[export]
pub unsafe extern "C" fn wcsftime_l(
    to: *mut wchar_t,
    max: usize,
    text: *const wchar_t,
    time: *const tm,
    _: locale_t,
) -> usize {
    wcsftime(to, max, text, time)
}
