//! monetary.h. These locales have no currency, so what is left of it is a number and its signs.
#![allow(
    unsafe_op_in_unsafe_fn,
    reason = "each function is one unsafe contract, C's: pointers valid as it says"
)]

use core::ffi::c_char;

use kcore::errno::{E2BIG, EINVAL};
use macros::export;

use crate::locale::locale_t;
use crate::number::classic::strfromd;

/// One conversion: `%[=f^+(!-][width][#left][.right](i|n)`.
struct Spec {
    fill: u8,
    brackets: bool,
    to_left: bool,
    width: usize,
    /// Digits before the point at least, and then a column for the sign.
    left: Option<usize>,
    right: usize,
}

struct Reader {
    at: *const u8,
}

impl Reader {
    unsafe fn number(&mut self) -> Option<usize> {
        let mut value = None;
        while (*self.at).is_ascii_digit() {
            let digit = usize::from(*self.at - b'0');
            value = Some(value.unwrap_or(0usize).saturating_mul(10).saturating_add(digit).min(4096));
            self.at = self.at.add(1);
        }
        value
    }

    /// What follows a percent sign; `None` for what is no conversion.
    unsafe fn spec(&mut self) -> Option<Spec> {
        let mut spec = Spec { fill: b' ', brackets: false, to_left: false, width: 0, left: None, right: 2 };
        loop {
            match *self.at {
                b'=' => {
                    self.at = self.at.add(1);
                    if *self.at == 0 {
                        return None;
                    }
                    spec.fill = *self.at;
                }
                b'(' => spec.brackets = true,
                b'-' => spec.to_left = true,
                b'^' | b'+' | b'!' => {}
                _ => break,
            }
            self.at = self.at.add(1);
        }
        spec.width = self.number().unwrap_or(0);
        if *self.at == b'#' {
            self.at = self.at.add(1);
            spec.left = Some(self.number()?);
        }
        if *self.at == b'.' {
            self.at = self.at.add(1);
            spec.right = self.number()?;
        }
        if !matches!(*self.at, b'i' | b'n') {
            return None;
        }
        self.at = self.at.add(1);
        Some(spec)
    }
}

/// Where the result goes.
struct Output {
    to: *mut u8,
    used: usize,
    room: usize,
}

impl Output {
    unsafe fn put(&mut self, byte: u8, times: usize) -> Option<()> {
        for _ in 0..times {
            // The NUL needs room too.
            if self.used + 1 >= self.room {
                return None;
            }
            *self.to.add(self.used) = byte;
            self.used += 1;
        }
        Some(())
    }

    unsafe fn amount(&mut self, spec: &Spec, value: f64) -> Option<()> {
        // The longest double has 309 digits before the point; more after it than this are refused.
        let mut digits = [0u8; 1024];
        // `%.NNNNf`: not through `printf`, whose floating point an application may do without.
        let mut format = *b"%.0000f\0";
        let mut right = spec.right;
        for digit in format[2..6].iter_mut().rev() {
            *digit += (right % 10) as u8;
            right /= 10;
        }
        let n = strfromd(digits.as_mut_ptr().cast(), digits.len(), format.as_ptr().cast(), value.abs());
        let digits = digits.get(..usize::try_from(n).ok()?)?;
        let before = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let start = self.used;
        let negative = value.is_sign_negative() && value != 0.0;
        match (negative, spec.left) {
            (true, _) => self.put(if spec.brackets { b'(' } else { b'-' }, 1)?,
            (false, Some(_)) => self.put(b' ', 1)?,
            (false, None) => {}
        }
        self.put(spec.fill, spec.left.unwrap_or(0).saturating_sub(before))?;
        for digit in digits {
            self.put(*digit, 1)?;
        }
        if negative && spec.brackets {
            self.put(b')', 1)?;
        }
        let length = self.used - start;
        let missing = spec.width.saturating_sub(length);
        self.put(b' ', missing)?;
        if !spec.to_left {
            core::slice::from_raw_parts_mut(self.to.add(start), length + missing).rotate_right(missing);
        }
        Some(())
    }
}

/// Writes the format with the amounts that `next` gives; −1 with E2BIG or EINVAL.
unsafe fn format(to: *mut c_char, room: usize, text: *const c_char, next: &mut dyn FnMut() -> f64) -> isize {
    let mut reader = Reader { at: text.cast() };
    let mut output = Output { to: to.cast(), used: 0, room };
    while *reader.at != 0 {
        let byte = *reader.at;
        reader.at = reader.at.add(1);
        let written = if byte != b'%' {
            output.put(byte, 1)
        } else if *reader.at == b'%' {
            reader.at = reader.at.add(1);
            output.put(b'%', 1)
        } else {
            let Some(spec) = reader.spec() else { return crate::errno::set(EINVAL) as isize };
            output.amount(&spec, next())
        };
        if written.is_none() {
            return crate::errno::set(E2BIG) as isize;
        }
    }
    if output.used >= room {
        return crate::errno::set(E2BIG) as isize;
    }
    *output.to.add(output.used) = 0;
    output.used as isize
}

/// POSIX `strfmon`: the length, or −1 with E2BIG (no room) or EINVAL (no such conversion).
#[export]
pub unsafe extern "C" fn strfmon(
    to: *mut c_char,
    room: usize,
    text: *const c_char,
    mut amounts: ...
) -> isize {
    format(to, room, text, &mut || amounts.arg::<f64>())
}

/// POSIX `strfmon_l`.
#[export]
pub unsafe extern "C" fn strfmon_l(
    to: *mut c_char,
    room: usize,
    _: locale_t,
    text: *const c_char,
    mut amounts: ...
) -> isize {
    format(to, room, text, &mut || amounts.arg::<f64>())
}

#[cfg(test)]
mod tests {
    use core::ffi::CStr;

    use super::*;

    mod host {
        use core::ffi::c_char;
        unsafe extern "C" {
            pub fn strfmon(to: *mut c_char, n: usize, format: *const c_char, ...) -> isize;
        }
    }

    #[test]
    fn amounts_equal_glibc() {
        let formats = [
            c"%n",
            c"%i",
            c"%10n|",
            c"%-10n|",
            c"%=*#6n",
            c"%(n",
            c"%+n",
            c"%!n",
            c"%^n",
            c"%.0n",
            c"%#3.1n",
            c"%%",
            c"%(#5n",
            c"%-(12.3i|",
            c"%=0#8.2n",
            c"%+#4n",
            c"a%nb%%c",
            c"%",
            c"%q",
        ];
        for format in formats {
            for value in [1234.567, -1234.567, 0.0, -0.5, 1e6, 99.995, -7.0] {
                for room in [3, 8, 12, 64] {
                    let (mut a, mut b) = ([0 as c_char; 64], [0 as c_char; 64]);
                    // SAFETY: the buffers are as long as they are said to be.
                    unsafe {
                        let x = strfmon(a.as_mut_ptr(), room, format.as_ptr(), value);
                        let y = host::strfmon(b.as_mut_ptr(), room, format.as_ptr(), value);
                        assert_eq!(x, y, "{format:?} {value} {room}");
                        if x >= 0 {
                            assert_eq!(
                                CStr::from_ptr(a.as_ptr()),
                                CStr::from_ptr(b.as_ptr()),
                                "{format:?} {value}"
                            );
                        }
                    }
                }
            }
        }
    }
}
