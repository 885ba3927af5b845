//! `%e %f %g %a` and their capitals: what belongs to a number is gathered, and `strtod`'s reader
//! makes the number of it.

use alloc::vec::Vec;

use super::integer::letter;
use super::{Conversion, END, Engine, Length, Part, Spec, Step, Stopped};
use crate::number::cursor::Cursor;
use crate::number::float::{DOUBLE, EXTENDED, SINGLE, parse};

/// Floating point.
pub static FLOAT: Conversion = Conversion { part: Part::Float, run: float };

/// The text of a number as it is gathered.
struct Gatherer<'a, 'b> {
    engine: &'a mut Engine<'b>,
    text: Vec<u8>,
    left: usize,
    unit: u32,
}

impl Gatherer<'_, '_> {
    /// Keeps the unit at hand and takes the next; [`END`] when the width is used up.
    fn keep(&mut self) {
        self.text.push(self.unit as u8);
        self.left -= 1;
        self.unit = if self.left > 0 { self.engine.read() } else { END };
    }

    /// Keeps this word, whose first letter is at hand.
    fn word(&mut self, word: &[u8]) -> Step {
        for &wanted in word {
            if letter(self.unit) != wanted {
                self.engine.back(self.unit);
                return Err(Stopped::Match);
            }
            self.keep();
        }
        Ok(())
    }

    /// Keeps all that belongs to a number.
    fn number(&mut self) -> Step {
        let mut exponent_letter = b'e';
        let mut digits = false;
        let signs = self.text.len();
        let mut prefix = 0;
        if self.unit == u32::from(b'0') {
            self.keep();
            if letter(self.unit) == b'x' && self.left > 1 {
                self.keep();
                exponent_letter = b'p';
                prefix = 2;
            } else {
                digits = true;
            }
        }
        let mut point = false;
        let mut exponent = false;
        loop {
            let base = if prefix != 0 && !exponent { 16 } else { 10 };
            let last = self.text.last().copied().unwrap_or(0) | 0x20;
            if char::from_u32(self.unit).is_some_and(|unit| unit.is_digit(base)) {
                digits = true;
            } else if exponent && last == exponent_letter && matches!(self.unit, 0x2b | 0x2d) {
                // A sign of the exponent.
            } else if digits && !exponent && letter(self.unit) == exponent_letter {
                exponent = true;
                point = true;
            } else if !point && self.unit == u32::from(b'.') {
                point = true;
            } else {
                break;
            }
            self.keep();
        }
        self.engine.back(self.unit);
        if self.text.len() == signs + prefix { Err(Stopped::Match) } else { Ok(()) }
    }
}

fn float(engine: &mut Engine<'_>, spec: &Spec) -> Step {
    let unit = engine.read();
    if unit == END {
        return Err(Stopped::Input);
    }
    let mut gatherer = Gatherer { engine, text: Vec::new(), left: spec.width, unit };
    if matches!(unit, 0x2b | 0x2d) {
        gatherer.keep();
    }
    match letter(gatherer.unit) {
        b'n' => {
            gatherer.word(b"nan")?;
            gatherer.engine.back(gatherer.unit);
        }
        b'i' => {
            gatherer.word(b"inf")?;
            if letter(gatherer.unit) == b'i' {
                gatherer.word(b"inity")?;
            }
            gatherer.engine.back(gatherer.unit);
        }
        _ => gatherer.number()?,
    }
    let mut text = gatherer.text;
    text.push(0);
    let kind = match spec.length {
        Length::LongDouble => &EXTENDED,
        Length::Long => &DOUBLE,
        _ => &SINGLE,
    };
    // SAFETY: the text ends in NUL, and lives until it was read.
    let start = unsafe { Cursor::narrow(text.as_ptr().cast()) };
    let parsed = parse(start, kind);
    if core::ptr::eq(parsed.end.address(), start.address()) {
        return Err(Stopped::Match);
    }
    if parsed.range {
        crate::errno::set(kcore::errno::ERANGE);
    }
    if !spec.suppressed {
        let at = engine.argument(spec);
        // SAFETY: `scan`'s promise: the argument points at a number of this kind. Of a long double
        // only the ten bytes of its value are written.
        unsafe {
            match spec.length {
                Length::LongDouble => {
                    at.cast::<u64>().write_unaligned(parsed.value.mantissa);
                    at.add(8).cast::<u16>().write_unaligned(parsed.value.sign_exponent);
                }
                Length::Long => at.cast::<u64>().write(parsed.value.to_double_bits()),
                _ => at.cast::<u32>().write(parsed.value.to_single_bits()),
            }
        }
    }
    engine.count(spec);
    Ok(())
}
