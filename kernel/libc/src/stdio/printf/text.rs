//! `%s` and `%c`, their wide forms, and `%m`.

use kcore::errno::EILSEQ;

use super::{Conversion, Engine, Length, Part, Spec, Step, Stopped, option};
use crate::locale::encoding;
use crate::stdio::system;
use crate::string::find::strnlen;
use crate::wchar::convert::{btowc, decode, encode, mbstate_t};

/// The conversions that meet wide characters.
pub static WIDE: Conversion = Conversion { part: Part::Wide, run: wide };

/// `%m`.
pub static ERROR: Conversion = Conversion { part: Part::Error, run: error };

/// What a null pointer prints as, if the precision lets all of it through.
const NULL: &[u8] = b"(null)";

impl Engine<'_> {
    /// `%s` and `%c` of bytes into a narrow destination.
    pub(super) fn text(&mut self, spec: &Spec, letter: u8) -> Step {
        let argument = self.integer_argument(spec);
        if letter == b'c' {
            return self.field(spec, &[argument as u8]);
        }
        let text = argument as usize as *const u8;
        if text.is_null() {
            return self.null(spec);
        }
        let most = spec.precision().unwrap_or(usize::MAX);
        // SAFETY: `print`'s promise: a string that ends in NUL or is as long as the precision.
        let text = unsafe { core::slice::from_raw_parts(text, strnlen(text.cast(), most)) };
        self.field(spec, text)
    }

    fn null(&mut self, spec: &Spec) -> Step {
        self.field(spec, if spec.precision().unwrap_or(usize::MAX) < NULL.len() { b"" } else { NULL })
    }

    /// Text, in its field.
    pub(super) fn field(&mut self, spec: &Spec, text: &[u8]) -> Step {
        self.pad_left(spec, text.len())?;
        self.bytes(text)?;
        self.pad_right(spec, text.len())
    }

    /// Writes the multibyte string up to `end` as wide characters.
    fn decode(&mut self, mut text: *const u8, end: *const u8) -> Step {
        while text < end {
            let (character, used) = decoded(text)?;
            self.wide(&[character])?;
            text = text.wrapping_add(used);
        }
        Ok(())
    }

    /// Writes wide characters as a multibyte string.
    fn encode(&mut self, text: &[u32]) -> Step {
        let mut bytes = [0; 8];
        for &character in text {
            let size = encoded(character, &mut bytes)?;
            self.bytes(&bytes[..size])?;
        }
        Ok(())
    }

    /// Wide text, in its field, to either kind of destination.
    fn wide_field(&mut self, spec: &Spec, text: &[u32], columns: usize) -> Step {
        self.pad_left(spec, columns)?;
        if self.format.is_wide() {
            self.wide(text)?
        } else {
            self.encode(text)?
        }
        self.pad_right(spec, columns)
    }
}

/// How many bytes a wide character takes.
fn size_of_encoded(character: u32) -> Result<usize, Stopped> {
    encoded(character, &mut [0; 8])
}

/// Encodes a wide character; gives how many bytes it takes.
fn encoded(character: u32, bytes: &mut [u8; 8]) -> Result<usize, Stopped> {
    // SAFETY: no character takes more bytes than the buffer has.
    unsafe { encode(encoding(), bytes.as_mut_ptr(), character) }.ok_or_else(|| Stopped::with(EILSEQ))
}

/// The character at the start of NUL-terminated text, and how many bytes it takes.
fn decoded(text: *const u8) -> Result<(u32, usize), Stopped> {
    // SAFETY: nothing is read behind a NUL, which goes on no character.
    unsafe { decode(encoding(), text, 8, &mut mbstate_t::INITIAL.clone()) }.map_err(|_| Stopped::with(EILSEQ))
}

fn wide(engine: &mut Engine<'_>, spec: &Spec) -> Step {
    let argument = engine.integer_argument(spec);
    let wide_destination = engine.format.is_wide();
    let letter = spec.letter as u8;
    let wide_argument = spec.length == Length::Long || matches!(letter, b'S' | b'C');
    if matches!(letter, b'c' | b'C') {
        let character = if wide_argument || !wide_destination {
            argument as u32
        } else {
            btowc(i32::from(argument as u8))
        };
        let columns = if wide_destination { 1 } else { size_of_encoded(character)? };
        return engine.wide_field(spec, &[character], columns);
    }
    let most = spec.precision().unwrap_or(usize::MAX);
    let text = argument as usize as *const u8;
    if text.is_null() {
        return engine.null(spec);
    }
    // SAFETY: `print`'s promise: a string that ends in NUL or is as long as the precision.
    unsafe {
        if wide_argument {
            let text = text.cast::<u32>();
            let mut count = 0;
            let mut columns = 0;
            while columns < most {
                let character = *text.add(count);
                if character == 0 {
                    break;
                }
                let size = if wide_destination { 1 } else { size_of_encoded(character)? };
                if size > most - columns {
                    break;
                }
                columns += size;
                count += 1;
            }
            return engine.wide_field(spec, core::slice::from_raw_parts(text, count), columns);
        }
        // Bytes to a wide destination: the precision and the width count characters.
        let mut end = text;
        let mut columns = 0;
        while columns < most && *end != 0 {
            let (_, used) = decoded(end)?;
            end = end.add(used);
            columns += 1;
        }
        engine.pad_left(spec, columns)?;
        engine.decode(text, end)?;
        engine.pad_right(spec, columns)
    }
}

fn error(engine: &mut Engine<'_>, spec: &Spec) -> Step {
    let mut buffer = [0; 64];
    let text = system::error_text(engine.first_errno(), &mut buffer);
    let text = &text[..text.len().min(spec.precision().unwrap_or(usize::MAX))];
    let mut spec = *spec;
    spec.flags &= !option::ZERO;
    engine.field(&spec, text)
}
