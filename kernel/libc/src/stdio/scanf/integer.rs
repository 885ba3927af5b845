//! `%d %i %o %u %x %X %p`, and C23's `%b`.

use super::{END, Engine, Length, Spec, Step, Stopped};

impl Engine<'_> {
    pub(super) fn integer(&mut self, spec: &Spec) -> Step {
        let pointer = spec.letter == b'p';
        let signed = matches!(spec.letter, b'd' | b'i');
        let mut base = match spec.letter {
            b'i' => 0,
            b'o' => 8,
            b'd' | b'u' => 10,
            b'b' => 2,
            _ => 16,
        };
        let mut left = spec.width;
        let mut unit = self.read();
        if unit == END {
            return Err(Stopped::Input);
        }
        let mut digits = false;
        let negative = unit == u32::from(b'-');
        if negative || unit == u32::from(b'+') {
            left -= 1;
            unit = if left > 0 { self.read() } else { END };
        }
        if left > 0 && unit == u32::from(b'0') {
            // The zero counts even if no digit follows the prefix.
            digits = true;
            left -= 1;
            unit = if left > 0 { self.read() } else { END };
            let prefix = match letter(unit) {
                b'x' if base == 0 || base == 16 => 16,
                b'b' if self.knows_binary() && (base == 0 || base == 2) => 2,
                _ => 0,
            };
            if left > 0 && prefix != 0 {
                base = prefix;
                left -= 1;
                unit = if left > 0 { self.read() } else { END };
            } else if base == 0 {
                base = 8;
            }
        }
        if base == 0 {
            base = 10;
        }
        let mut value = 0u64;
        let mut overflow = false;
        while left > 0
            && let Some(digit) = char::from_u32(unit).and_then(|unit| unit.to_digit(base))
        {
            digits = true;
            match value.checked_mul(base.into()).and_then(|value| value.checked_add(digit.into())) {
                Some(next) => value = next,
                None => overflow = true,
            }
            left -= 1;
            unit = if left > 0 { self.read() } else { END };
        }
        if !digits && pointer && left == spec.width && left >= 5 && unit == u32::from(b'(') {
            for wanted in *b"nil)" {
                let next = self.read();
                if letter(next) != wanted | 0x20 {
                    self.back(next);
                    return Err(Stopped::Match);
                }
            }
            digits = true;
            unit = END;
        }
        self.back(unit);
        if !digits {
            return Err(Stopped::Match);
        }
        let limit = if signed { i64::MAX as u64 + u64::from(negative) } else { u64::MAX };
        if overflow || value > limit {
            crate::errno::set(kcore::errno::ERANGE);
            value = limit;
        }
        // Out of range, an unsigned number stays the greatest whatever its sign.
        if negative && (signed || !overflow) {
            value = value.wrapping_neg();
        }
        let mut spec = Spec { ..*spec };
        if pointer {
            spec.length = Length::Long;
        }
        self.store(&spec, value);
        self.count(&spec);
        Ok(())
    }
}

/// The small letter of an ASCII unit; 255 for anything else.
pub(super) fn letter(unit: u32) -> u8 {
    if unit < 0x80 { unit as u8 | 0x20 } else { 0xff }
}
