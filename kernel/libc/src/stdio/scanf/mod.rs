//! The scanf engine: one for narrow and wide input, one for every kind of source.
//!
//! Integers, strings and characters of bytes are always there. Floating point and wide characters
//! are rows of the table `table_scanf_conversion`, so that a program whose formats are known carries
//! only the rows they use.

mod float;
pub mod input;
mod integer;
mod target;
mod text;
pub mod wide_input;

use core::ffi::c_int;

use kcore::table::Table;

use super::arguments::VaList;
use super::system;
use crate::number::cursor::Cursor;

pub use float::FLOAT;
pub use text::WIDE;

/// Where the text comes from.
pub trait Source {
    /// Takes a byte, or a wide character; [`END`] at the end or after an error.
    fn next(&mut self) -> u32;

    /// Puts back what was taken last; never [`END`].
    fn back(&mut self, unit: u32);
}

/// What [`Source::next`] gives at the end.
pub const END: u32 = u32::MAX;

/// Why reading ended before the format did.
pub enum Stopped {
    /// The input ended, or failed, before anything of an item.
    Input,
    /// The input is not what the format asks for.
    Match,
    /// No memory for what `%m` asks for; `errno` says so.
    Memory,
}

/// What every step of reading returns.
pub type Step = Result<(), Stopped>;

/// A part of the engine that can be left out.
pub struct Conversion {
    /// What it is for.
    pub part: Part,
    /// Does it.
    pub run: fn(&mut Engine<'_>, &Spec) -> Step,
}

/// The parts of the engine that can be left out.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Part {
    /// `%e %f %g %a` and their capitals.
    Float,
    /// `%ls %lc %l[ %S %C`, and `%s %c %[` of a wide format.
    Wide,
}

#[cfg(kernel)]
unsafe extern "Rust" {
    /// The parts that this kernel has.
    #[link_name = "table_scanf_conversion"]
    safe static CONVERSIONS: Table<Conversion, 2>;
}
#[cfg(not(kernel))]
static CONVERSIONS: Table<Conversion, 2> = Table::new([Some(&FLOAT), Some(&WIDE)]);

/// Which scanf it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// `scanf` as it was before C99: `%as` allocates.
    Gnu,
    /// `__isoc99_scanf`: `%a` is a floating-point number.
    C99,
    /// `__isoc23_scanf`: `%b`, and `0b` in `%i`.
    C23,
}

/// A length modifier.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Length {
    /// None.
    None,
    /// `hh`.
    Char,
    /// `h`.
    Short,
    /// `l`, `z`, `t`, `j`.
    Long,
    /// `L`, `ll`, `q`.
    LongDouble,
}

/// A conversion specification.
pub struct Spec {
    /// `*`: what is read is not stored.
    pub suppressed: bool,
    /// `m`: memory is allocated for it.
    pub allocated: bool,
    /// The most units to read, `usize::MAX` if not given, never 0.
    pub width: usize,
    /// The argument's length.
    pub length: Length,
    /// Which argument, from 1; 0 is the next.
    pub position: u32,
    /// The conversion's letter.
    pub letter: u8,
    /// Of `%[`: behind the bracket, and a `^` if there is one.
    pub set: Cursor,
    /// Of `%[`: at the closing bracket.
    pub set_end: *const u8,
    /// Of `%[`: whether it is the complement.
    pub inverted: bool,
}

/// One run of scanf.
pub struct Engine<'a> {
    source: &'a mut dyn Source,
    /// The rest of the format.
    pub format: Cursor,
    arguments: *mut VaList,
    first: VaList,
    /// Units taken and not put back.
    taken: usize,
    /// Whether white space is to be skipped before the next thing that does not take it.
    space: bool,
    assigned: c_int,
    dialect: Dialect,
}

/// Reads as a format says. Gives how many items were stored, or −1 if the input ended before the first.
///
/// # Safety
/// The format ends in NUL, and the arguments are those it asks for.
pub unsafe fn scan(
    source: &mut dyn Source,
    format: Cursor,
    arguments: *mut VaList,
    dialect: Dialect,
) -> c_int {
    // SAFETY: the caller's list.
    let first = unsafe { *arguments };
    let mut engine =
        Engine { source, format, arguments, first, taken: 0, space: false, assigned: 0, dialect };
    match engine.run() {
        Err(Stopped::Input | Stopped::Memory) if engine.assigned == 0 => -1,
        _ => engine.assigned,
    }
}

/// Whether a unit is white space: `iswspace`, without its tables.
pub(super) fn is_space(unit: u32, wide: bool) -> bool {
    matches!(unit, 0x20 | 9..=13)
        || wide
            && matches!(unit, 0x1680 | 0x2000..=0x2006 | 0x2008..=0x200a | 0x2028 | 0x2029 | 0x205f | 0x3000)
}

impl Engine<'_> {
    fn run(&mut self) -> Step {
        loop {
            let unit = self.format.peek();
            if unit == 0 {
                break;
            }
            if is_space(unit, self.format.is_wide()) {
                self.format.skip();
                self.space = true;
            } else if unit == u32::from(b'%') {
                self.format.skip();
                let Some(spec) = self.parse() else { return Err(Stopped::Match) };
                self.convert(&spec)?;
            } else {
                self.format.skip();
                self.literal(unit)?;
            }
        }
        if self.space {
            self.skip_space();
        }
        Ok(())
    }

    /// Takes a unit.
    pub fn read(&mut self) -> u32 {
        let unit = self.source.next();
        if unit != END {
            self.taken += 1;
        }
        unit
    }

    /// Puts back what was taken last.
    pub fn back(&mut self, unit: u32) {
        if unit != END {
            self.taken -= 1;
            self.source.back(unit);
        }
    }

    /// Takes white space; false if the input ended.
    fn skip_space(&mut self) -> bool {
        self.space = false;
        loop {
            let unit = self.read();
            if unit == END {
                return false;
            }
            if !is_space(unit, self.format.is_wide()) {
                self.back(unit);
                return true;
            }
        }
    }

    fn literal(&mut self, wanted: u32) -> Step {
        if self.space && !self.skip_space() {
            return Err(Stopped::Input);
        }
        let unit = self.read();
        if unit == END {
            return Err(Stopped::Input);
        }
        if unit != wanted {
            self.back(unit);
            return Err(Stopped::Match);
        }
        Ok(())
    }

    /// A decimal number in the format; 0 if there is none, no more than `u32::MAX`.
    fn number(&mut self) -> u32 {
        let mut value = 0u32;
        while let Some(digit) = self.format.digit(10) {
            value = value.saturating_mul(10).saturating_add(digit);
            self.format.skip();
        }
        value
    }

    /// Reads a specification, from behind its `%`.
    fn parse(&mut self) -> Option<Spec> {
        let mut spec = Spec {
            suppressed: false,
            allocated: false,
            width: usize::MAX,
            length: Length::None,
            position: 0,
            letter: 0,
            set: self.format,
            set_end: core::ptr::null(),
            inverted: false,
        };
        let mut width = 0;
        if self.format.digit(10).is_some() {
            width = self.number();
            if self.format.take(b'$') {
                spec.position = width;
                width = 0;
            }
        }
        if width == 0 {
            loop {
                match self.format.ascii() {
                    b'*' => spec.suppressed = true,
                    b'\'' | b'I' => {}
                    _ => break,
                }
                self.format.skip();
            }
            width = self.number();
        }
        if width != 0 {
            spec.width = width as usize;
        }
        loop {
            let letter = self.format.ascii();
            match letter {
                b'h' => spec.length = if spec.length == Length::Short { Length::Char } else { Length::Short },
                b'l' if spec.length == Length::Long => spec.length = Length::LongDouble,
                b'l' | b'j' | b'z' | b'Z' | b't' => spec.length = Length::Long,
                b'L' | b'q' => spec.length = Length::LongDouble,
                b'm' => spec.allocated = true,
                b'a' if self.dialect == Dialect::Gnu => {
                    let mut ahead = self.format;
                    ahead.skip();
                    if !matches!(ahead.ascii(), b's' | b'S' | b'[') {
                        break;
                    }
                    spec.allocated = true;
                }
                _ => break,
            }
            self.format.skip();
        }
        spec.letter = self.format.ascii();
        if spec.letter == 0 {
            return None;
        }
        self.format.skip();
        if spec.letter == b'[' {
            self.parse_set(&mut spec)?;
        }
        Some(spec)
    }

    /// Finds the end of a set.
    fn parse_set(&mut self, spec: &mut Spec) -> Option<()> {
        spec.inverted = self.format.take(b'^');
        spec.set = self.format;
        // A bracket that comes first is one of the set.
        self.format.take(b']');
        while self.format.peek() != u32::from(b']') {
            if self.format.peek() == 0 {
                return None;
            }
            self.format.skip();
        }
        spec.set_end = self.format.address();
        self.format.skip();
        Some(())
    }

    fn convert(&mut self, spec: &Spec) -> Step {
        let letter = spec.letter;
        let keeps_space = matches!(letter, b'[' | b'c' | b'C' | b'n');
        if self.space || !keeps_space {
            // If the input ends here, the conversion will see it, or needs none.
            self.skip_space();
        }
        match letter {
            b'%' => self.literal(b'%'.into()),
            b'd' | b'i' | b'o' | b'u' | b'x' | b'X' | b'p' => self.integer(spec),
            b'b' if self.dialect == Dialect::C23 => self.integer(spec),
            b's' | b'c' | b'[' if !self.format.is_wide() && spec.length != Length::Long => self.text(spec),
            b's' | b'c' | b'[' | b'S' | b'C' => self.part(Part::Wide, spec),
            b'e' | b'E' | b'f' | b'F' | b'g' | b'G' | b'a' | b'A' => self.part(Part::Float, spec),
            b'n' => {
                let taken = self.taken as u64;
                self.store(spec, taken);
                Ok(())
            }
            _ => Err(Stopped::Match),
        }
    }

    /// Runs a part that the specializer may have left out.
    fn part(&mut self, part: Part, spec: &Spec) -> Step {
        for row in CONVERSIONS.rows() {
            if row.part == part {
                return (row.run)(self, spec);
            }
        }
        system::fatal(&[
            b"scanf: the conversion %",
            &[spec.letter],
            b" was left out of this kernel; specialize with --keep scanf-conversion:",
            if part == Part::Float { b"float" } else { b"wide" },
            b"\n",
        ])
    }

    /// The address to store at.
    pub fn argument(&mut self, spec: &Spec) -> *mut u8 {
        // SAFETY: `scan`'s promise: the format asks for the arguments that there are.
        unsafe {
            if spec.position == 0 {
                return (*self.arguments).integer() as usize as *mut u8;
            }
            let mut list = self.first;
            for _ in 1..spec.position {
                list.integer();
            }
            list.integer() as usize as *mut u8
        }
    }

    /// Stores an integer of the specification's length.
    pub fn store(&mut self, spec: &Spec, value: u64) {
        if spec.suppressed {
            return;
        }
        let at = self.argument(spec);
        // SAFETY: `scan`'s promise: the argument points at an integer of this length.
        unsafe {
            match spec.length {
                Length::Char => at.write(value as u8),
                Length::Short => at.cast::<u16>().write_unaligned(value as u16),
                Length::None => at.cast::<u32>().write_unaligned(value as u32),
                Length::Long | Length::LongDouble => at.cast::<u64>().write_unaligned(value),
            }
        }
    }

    /// Counts an item as stored.
    pub fn count(&mut self, spec: &Spec) {
        if !spec.suppressed {
            self.assigned += 1;
        }
    }

    /// Whether `0b` is a prefix of integers.
    pub fn knows_binary(&self) -> bool {
        self.dialect == Dialect::C23
    }
}

#[cfg(test)]
mod tests;
