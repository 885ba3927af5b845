//! `%s %c %[`, and their wide forms.

use kcore::errno::EILSEQ;

use super::target::Target;
use super::{Conversion, END, Engine, Length, Part, Spec, Step, Stopped, is_space};
use crate::locale::encoding;
use crate::wchar::convert::{Failure, decode, encode, mbstate_t};

/// The conversions that meet wide characters.
pub static WIDE: Conversion = Conversion { part: Part::Wide, run: wide };

/// What a text conversion takes.
fn accepts(engine: &Engine<'_>, spec: &Spec, unit: u32) -> bool {
    match spec.letter {
        b'c' | b'C' => true,
        b'[' => in_set(spec, unit) != spec.inverted,
        _ => !is_space(unit, engine.format.is_wide()),
    }
}

/// Whether a unit is one of those between the brackets.
fn in_set(spec: &Spec, unit: u32) -> bool {
    let mut at = spec.set;
    let mut previous = None;
    while !core::ptr::eq(at.address(), spec.set_end) {
        let here = at.peek();
        at.skip();
        // A range ends before the character that follows, which then stands for itself. A range
        // that runs backwards is none, as in glibc.
        let range = match previous {
            Some(from) if here == u32::from(b'-') && !core::ptr::eq(at.address(), spec.set_end) => {
                (from <= at.peek()).then(|| from..at.peek())
            }
            _ => None,
        };
        if range.map_or(here == unit, |range| range.contains(&unit)) {
            return true;
        }
        previous = Some(here);
    }
    false
}

impl Engine<'_> {
    /// Takes what a text conversion takes, and hands on each unit.
    fn take(&mut self, spec: &Spec, give: &mut dyn FnMut(u32) -> Step) -> Result<usize, Stopped> {
        let single = matches!(spec.letter, b'c' | b'C');
        let mut left = if single && spec.width == usize::MAX { 1 } else { spec.width };
        let mut count = 0;
        while left > 0 {
            let unit = self.read();
            if unit == END {
                break;
            }
            if !accepts(self, spec, unit) {
                self.back(unit);
                return if count == 0 { Err(Stopped::Match) } else { Ok(count) };
            }
            give(unit)?;
            count += 1;
            left -= 1;
        }
        if count == 0 { Err(Stopped::Input) } else { Ok(count) }
    }

    /// Bytes from a narrow source.
    pub(super) fn text(&mut self, spec: &Spec) -> Step {
        let mut target = Target::new(self, spec, 1)?;
        match self.take(spec, &mut |unit| target.put(unit)) {
            Ok(_) => {
                target.finish(spec.letter != b'c')?;
                self.count(spec);
                Ok(())
            }
            Err(stopped) => {
                target.discard();
                Err(stopped)
            }
        }
    }
}

fn illegal() -> Stopped {
    crate::errno::set(EILSEQ);
    Stopped::Match
}

fn wide(engine: &mut Engine<'_>, spec: &Spec) -> Step {
    let wide_source = engine.format.is_wide();
    let wide_target = spec.length == Length::Long || matches!(spec.letter, b'S' | b'C');
    let mut target = Target::new(engine, spec, if wide_target { 4 } else { 1 })?;
    let mut state = mbstate_t::INITIAL;
    let mut partial = false;
    let encoding = encoding();
    let mut give = |unit: u32| -> Step {
        if wide_source == wide_target {
            return target.put(unit);
        }
        if wide_target {
            let byte = unit as u8;
            // SAFETY: one byte is there.
            let character = match unsafe { decode(encoding, &raw const byte, 1, &mut state) } {
                Ok((character, _)) => character,
                Err(Failure::Incomplete) => {
                    partial = true;
                    return Ok(());
                }
                Err(Failure::Illegal) => return Err(illegal()),
            };
            partial = false;
            return target.put(character);
        }
        let mut bytes = [0u8; 8];
        // SAFETY: no character takes more bytes.
        let size = unsafe { encode(encoding, bytes.as_mut_ptr(), unit) }.ok_or_else(illegal)?;
        bytes[..size].iter().try_for_each(|&byte| target.put(byte.into()))
    };
    // A width counts characters: where bytes come in, those that go on a character are free.
    let limited = spec.width != usize::MAX || matches!(spec.letter, b'c' | b'C');
    let result = if !wide_source && wide_target && limited {
        take_characters(engine, spec, &mut give)
    } else {
        engine.take(spec, &mut give)
    };
    if result.is_ok() && partial {
        target.discard();
        return Err(illegal());
    }
    match result {
        Ok(_) => {
            target.finish(!matches!(spec.letter, b'c' | b'C'))?;
            engine.count(spec);
            Ok(())
        }
        Err(stopped) => {
            target.discard();
            Err(stopped)
        }
    }
}

/// [`Engine::take`] with a width in characters over a source of bytes.
fn take_characters(
    engine: &mut Engine<'_>,
    spec: &Spec,
    give: &mut dyn FnMut(u32) -> Step,
) -> Result<usize, Stopped> {
    let single = matches!(spec.letter, b'c' | b'C');
    let mut left = if single && spec.width == usize::MAX { 1 } else { spec.width };
    let mut count = 0;
    loop {
        let unit = engine.read();
        let continues = unit & 0xc0 == 0x80 && unit < 0x100;
        if unit == END || left == 0 && !continues {
            engine.back(unit);
            break;
        }
        if !accepts(engine, spec, unit) {
            engine.back(unit);
            return if count == 0 { Err(Stopped::Match) } else { Ok(count) };
        }
        give(unit)?;
        count += 1;
        if !continues {
            left -= 1;
        }
    }
    if count == 0 { Err(Stopped::Input) } else { Ok(count) }
}
