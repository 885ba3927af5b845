//! `%d %i %o %u %x %X %b %B %p`.

use super::{Engine, Length, Spec, Step, option};

/// Writes the digits of a number, in a base of 2, 8, 10 or 16, to the end of the buffer; gives where
/// they start. Zero has none.
pub fn digits(mut value: u64, base: u64, capitals: bool, buffer: &mut [u8; 64]) -> usize {
    let letters = if capitals { b'A' - 10 } else { b'a' - 10 };
    let mut start = buffer.len();
    while value != 0 {
        // No division: optimised for size, the compiler would take the instruction, which is slow.
        let rest = if base == 10 {
            ((u128::from(value) * 0xcccc_cccc_cccc_cccd) >> 67) as u64
        } else {
            value >> base.trailing_zeros()
        };
        let digit = (value - rest * base) as u8;
        value = rest;
        start -= 1;
        buffer[start] = digit + if digit < 10 { b'0' } else { letters };
    }
    start
}

impl Engine<'_> {
    /// A plain decimal number.
    pub(super) fn decimal(&mut self, value: usize) -> Step {
        let mut buffer = [0; 64];
        let start = digits(value as u64, 10, false, &mut buffer);
        if start == buffer.len() { self.bytes(b"0") } else { self.bytes(&buffer[start..]) }
    }

    pub(super) fn integer(&mut self, spec: &mut Spec, letter: u8) -> Step {
        let mut value = self.integer_argument(spec);
        if letter == b'p' {
            if value == 0 {
                return self.field(spec, b"(nil)");
            }
            spec.flags |= option::ALTERNATE;
            spec.length = Length::Long;
        }
        let signed = matches!(letter, b'd' | b'i');
        let mut negative = false;
        if signed {
            let number = match spec.length {
                Length::None => i64::from(value as i32),
                Length::Char => i64::from(value as i8),
                Length::Short => i64::from(value as i16),
                Length::Long | Length::LongDouble => value as i64,
            };
            negative = number < 0;
            value = number.unsigned_abs();
        } else {
            value = match spec.length {
                Length::None => u64::from(value as u32),
                Length::Char => u64::from(value as u8),
                Length::Short => u64::from(value as u16),
                Length::Long | Length::LongDouble => value,
            };
        }
        let base = match letter {
            b'o' => 8,
            b'x' | b'X' | b'p' => 16,
            b'b' | b'B' => 2,
            _ => 10,
        };
        let mut buffer = [0; 64];
        let start = digits(value, base, letter == b'X', &mut buffer);
        let digits = &buffer[start..];

        // What stands before the digits: a sign, or a base.
        let prefix: &[u8] = if signed || letter == b'p' {
            match (negative, spec.has(option::PLUS), spec.has(option::SPACE)) {
                (true, ..) => b"-",
                (_, true, _) => b"+",
                (.., true) => b" ",
                _ => b"",
            }
        } else {
            b""
        };
        let mark: &[u8] = match letter {
            b'x' | b'p' if spec.has(option::ALTERNATE) && value != 0 => b"0x",
            b'X' if spec.has(option::ALTERNATE) && value != 0 => b"0X",
            b'b' if spec.has(option::ALTERNATE) && value != 0 => b"0b",
            b'B' if spec.has(option::ALTERNATE) && value != 0 => b"0B",
            _ => b"",
        };
        let mut least = spec.precision().unwrap_or(1);
        if letter == b'o' && spec.has(option::ALTERNATE) {
            least = least.max(digits.len() + 1);
        }
        let before = prefix.len() + mark.len();
        if spec.precision().is_none() && spec.has(option::ZERO) && !spec.has(option::LEFT) {
            least = least.max(spec.width().saturating_sub(before));
        }
        let zeros = least.saturating_sub(digits.len());
        let size = before + zeros + digits.len();
        self.pad_left(spec, size)?;
        self.bytes(prefix)?;
        self.bytes(mark)?;
        self.pad(b'0', zeros)?;
        self.bytes(digits)?;
        self.pad_right(spec, size)
    }
}
