//! The printf engine: one for narrow and wide output, one for every kind of destination.
//!
//! Integers, strings, characters and `%n` are always there. What costs more (floating point, wide
//! characters, `%m`, numbered arguments) is a row of the table `table_printf_conversion`, so that
//! a program whose formats are known carries only the rows they use.

mod float;
mod format;
pub mod inspect;
mod integer;
pub mod obstack;
pub mod output;
mod positional;
mod text;
pub mod wide_output;

pub use format::{Amount, Format, Length, Spec, option, parse};

use core::ffi::{c_int, c_void};

use kcore::errno::{EINVAL, EOVERFLOW, Errno};
use kcore::table::Table;

use super::arguments::VaList;
use super::system;
use crate::f80::F80;

/// Formatting stopped; `errno` says why.
pub struct Stopped;

/// What every step of formatting returns.
pub type Step = Result<(), Stopped>;

impl Stopped {
    /// Stops with this error number.
    pub fn with(error: Errno) -> Self {
        system::set_errno(error);
        Self
    }
}

/// Where the text goes.
pub trait Sink {
    /// Takes bytes: of multibyte text for a narrow destination, one ASCII character each for a
    /// wide one. False, with `errno` set, if they cannot be had.
    fn bytes(&mut self, text: &[u8]) -> bool;

    /// Takes wide characters; called for wide formats only.
    fn wide(&mut self, text: &[u32]) -> bool {
        let _ = text;
        true
    }
}

/// A part of the engine that can be left out.
pub struct Conversion {
    /// What it is for.
    pub part: Part,
    /// Does it: a conversion with its specification, or for [`Part::Positional`] the preparation.
    pub run: fn(&mut Engine<'_>, &Spec) -> Step,
}

/// The parts of the engine that can be left out.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Part {
    /// `%e %f %g %a` and their capitals.
    Float,
    /// `%ls %lc %S %C`, and `%s %c` of a wide format.
    Wide,
    /// `%1$d`, `%*1$d`.
    Positional,
    /// `%m`.
    Error,
}

#[cfg(kernel)]
unsafe extern "Rust" {
    /// The parts that this kernel has.
    #[link_name = "table_printf_conversion"]
    safe static CONVERSIONS: Table<Conversion, 4>;
}
#[cfg(not(kernel))]
static CONVERSIONS: Table<Conversion, 4> =
    Table::new([Some(&FLOAT), Some(&WIDE), Some(&POSITIONAL), Some(&ERROR)]);

pub use float::FLOAT;
pub use positional::POSITIONAL;
pub use text::{ERROR, WIDE};

/// How an argument is passed.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Class {
    /// An integer or a pointer.
    Integer,
    /// A `double`.
    Double,
    /// A `long double`.
    Extended,
}

/// One run of printf.
pub struct Engine<'a> {
    sink: &'a mut dyn Sink,
    written: usize,
    /// The rest of the format.
    pub format: Format,
    arguments: *mut VaList,
    /// Once an argument was asked for by number: all of them, first to last.
    pub values: alloc::vec::Vec<F80>,
    /// The arguments as they were at the start.
    pub first: VaList,
    /// `errno` at the start, for `%m`.
    errno: c_int,
    /// `_FORTIFY_SOURCE`: what an attacker's format would use is refused.
    pub fortified: bool,
}

/// Formats into a sink. Gives how many characters the text has (bytes, or wide characters for a
/// wide format), or −1 with `errno` set.
///
/// # Safety
/// The format ends in NUL, and the arguments are those it asks for.
pub unsafe fn print(sink: &mut dyn Sink, format: Format, arguments: *mut VaList, fortified: bool) -> c_int {
    // SAFETY: the caller's list.
    let first = unsafe { *arguments };
    let mut engine = Engine {
        sink,
        written: 0,
        format,
        arguments,
        values: alloc::vec::Vec::new(),
        first,
        errno: system::errno(),
        fortified,
    };
    match engine.run() {
        Ok(()) => engine.written as c_int,
        Err(Stopped) => -1,
    }
}

impl Engine<'_> {
    fn run(&mut self) -> Step {
        loop {
            self.literal()?;
            if self.format.peek() == 0 {
                return Ok(());
            }
            let start = self.format;
            self.format.skip();
            let mut spec = parse(&mut self.format).ok_or_else(|| Stopped::with(EOVERFLOW))?;
            if spec.numbered && self.values.is_empty() {
                self.format = start;
                self.part(Part::Positional, &spec)?;
                self.format.skip();
                spec = parse(&mut self.format).ok_or_else(|| Stopped::with(EOVERFLOW))?;
            }
            self.convert(&mut spec)?;
        }
    }

    /// Copies the format up to the next `%` or its end.
    fn literal(&mut self) -> Step {
        let wide = self.format.is_wide();
        let start = self.format;
        let count = self.format.skip_literal();
        // SAFETY: so many units of the format were just looked at.
        unsafe {
            if wide {
                self.wide(core::slice::from_raw_parts(start.address().cast(), count))
            } else {
                self.bytes(core::slice::from_raw_parts(start.address(), count))
            }
        }
    }

    fn convert(&mut self, spec: &mut Spec) -> Step {
        self.settle(spec)?;
        let letter = u8::try_from(spec.letter).unwrap_or(b'?');
        match letter {
            b'%' => self.bytes(b"%"),
            b'd' | b'i' | b'o' | b'u' | b'x' | b'X' | b'b' | b'B' | b'p' => self.integer(spec, letter),
            b's' | b'c' if !self.format.is_wide() && spec.length != Length::Long => self.text(spec, letter),
            b's' | b'c' | b'S' | b'C' => self.part(Part::Wide, spec),
            b'e' | b'E' | b'f' | b'F' | b'g' | b'G' | b'a' | b'A' => self.part(Part::Float, spec),
            b'm' => self.part(Part::Error, spec),
            b'n' => self.count(spec),
            0 => Err(Stopped::with(EINVAL)),
            _ => self.unknown(spec),
        }
    }

    /// Turns `*` into numbers.
    fn settle(&mut self, spec: &mut Spec) -> Step {
        if let Some(width) = self.amount(spec.width) {
            if width < 0 {
                spec.flags |= option::LEFT;
            }
            spec.width = Amount::Number(width.unsigned_abs());
        }
        if let Some(precision) = self.amount(spec.precision) {
            spec.precision = u32::try_from(precision).map_or(Amount::None, Amount::Number);
        }
        if spec.width().max(spec.precision().unwrap_or(0)) >= c_int::MAX as usize - 32 {
            return Err(Stopped::with(EOVERFLOW));
        }
        Ok(())
    }

    fn amount(&mut self, amount: Amount) -> Option<c_int> {
        match amount {
            Amount::Next => Some(self.argument(0, Class::Integer).mantissa as c_int),
            Amount::At(position) => Some(self.argument(position, Class::Integer).mantissa as c_int),
            Amount::None | Amount::Number(_) => None,
        }
    }

    /// The next argument, or the one with this number (from 1). An integer, or a double's bits,
    /// is in the mantissa.
    pub fn argument(&mut self, position: u16, class: Class) -> F80 {
        if let Some(index) = usize::from(position).checked_sub(1) {
            return self.values.get(index).copied().unwrap_or(F80::ZERO);
        }
        // SAFETY: `print`'s promise: the format asks for the arguments that there are.
        unsafe { fetch(&mut *self.arguments, class) }
    }

    /// An integer argument.
    pub fn integer_argument(&mut self, spec: &Spec) -> u64 {
        self.argument(spec.position, Class::Integer).mantissa
    }

    /// Runs a part that the specializer may have left out.
    fn part(&mut self, part: Part, spec: &Spec) -> Step {
        for row in CONVERSIONS.rows() {
            if row.part == part {
                return (row.run)(self, spec);
            }
        }
        let row: &[u8] = match part {
            Part::Float => b"float",
            Part::Wide => b"wide",
            Part::Positional => b"positional",
            Part::Error => b"error",
        };
        let letter = [spec.letter as u8];
        system::fatal(&[
            b"printf: the conversion %",
            &letter,
            b" was left out of this kernel; specialize with --keep printf-conversion:",
            row,
            b"\n",
        ])
    }

    /// Writes bytes.
    pub fn bytes(&mut self, text: &[u8]) -> Step {
        if text.is_empty() {
            return Ok(());
        }
        self.add(text.len())?;
        if self.sink.bytes(text) { Ok(()) } else { Err(Stopped) }
    }

    /// Writes wide characters.
    pub fn wide(&mut self, text: &[u32]) -> Step {
        if text.is_empty() {
            return Ok(());
        }
        self.add(text.len())?;
        if self.sink.wide(text) { Ok(()) } else { Err(Stopped) }
    }

    fn add(&mut self, count: usize) -> Step {
        self.written += count;
        if self.written > c_int::MAX as usize { Err(Stopped::with(EOVERFLOW)) } else { Ok(()) }
    }

    /// Writes an ASCII character `count` times.
    pub fn pad(&mut self, byte: u8, mut count: usize) -> Step {
        let chunk = [byte; 16];
        while count > 0 {
            let part = count.min(chunk.len());
            self.bytes(&chunk[..part])?;
            count -= part;
        }
        Ok(())
    }

    /// Spaces before a field of `size` characters that is not left-justified.
    pub fn pad_left(&mut self, spec: &Spec, size: usize) -> Step {
        if spec.has(option::LEFT) { Ok(()) } else { self.pad(b' ', spec.width().saturating_sub(size)) }
    }

    /// Spaces after a field of `size` characters that is left-justified.
    pub fn pad_right(&mut self, spec: &Spec, size: usize) -> Step {
        if spec.has(option::LEFT) { self.pad(b' ', spec.width().saturating_sub(size)) } else { Ok(()) }
    }

    /// `errno` as it was when formatting began.
    fn first_errno(&self) -> c_int {
        self.errno
    }

    /// `%n`.
    fn count(&mut self, spec: &Spec) -> Step {
        if self.fortified && system::is_writable(self.format.address()) {
            system::fatal(&[b"*** %n in writable segment detected ***\n"]);
        }
        let written = self.written;
        let at = self.integer_argument(spec) as usize as *mut c_void;
        // SAFETY: `print`'s promise: the argument points at an integer of this length.
        unsafe {
            match spec.length {
                Length::Char => at.cast::<i8>().write(written as i8),
                Length::Short => at.cast::<i16>().write_unaligned(written as i16),
                Length::None => at.cast::<i32>().write_unaligned(written as i32),
                Length::Long | Length::LongDouble => at.cast::<i64>().write_unaligned(written as i64),
            }
        }
        Ok(())
    }

    /// A letter that means nothing: the specification is printed as it was understood.
    fn unknown(&mut self, spec: &Spec) -> Step {
        let mut text = [0; 10];
        text[0] = b'%';
        let mut size = 1;
        for (flag, byte) in option::LETTERS {
            let void = match flag {
                option::SPACE => option::PLUS,
                option::ZERO => option::LEFT,
                _ => 0,
            };
            if spec.has(flag) && !spec.has(void) {
                text[size] = byte;
                size += 1;
            }
        }
        self.bytes(&text[..size])?;
        if spec.width() != 0 {
            self.decimal(spec.width())?;
        }
        if let Some(precision) = spec.precision() {
            self.bytes(b".")?;
            self.decimal(precision)?;
        }
        if self.format.is_wide() { self.wide(&[spec.letter]) } else { self.bytes(&[spec.letter as u8]) }
    }
}

/// Reads the next argument of a list.
///
/// # Safety
/// It is of this class.
unsafe fn fetch(list: &mut VaList, class: Class) -> F80 {
    // SAFETY: the caller's promise.
    unsafe {
        match class {
            Class::Integer => F80 { mantissa: list.integer(), sign_exponent: 0 },
            Class::Double => F80 { mantissa: list.double(), sign_exponent: 0 },
            Class::Extended => list.extended(),
        }
    }
}

#[cfg(test)]
pub mod tests;
