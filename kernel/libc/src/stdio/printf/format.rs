//! Format strings: what a conversion specification says.

use core::ffi::c_int;

use crate::number::cursor::Cursor;
use crate::string::find::strchrnul;

/// A place in a format string.
pub type Format = Cursor;

impl Cursor {
    /// Goes on to the next `%` or the end; gives how many units that was.
    pub fn skip_literal(&mut self) -> usize {
        let mut count = 0;
        // SAFETY: `narrow`'s and `wide`'s promise; nothing behind the NUL is looked at.
        unsafe {
            if self.is_wide() {
                let text = self.address().cast::<u32>();
                while !matches!(*text.add(count), 0 | 0x25) {
                    count += 1;
                }
            } else {
                let end = strchrnul(self.address().cast(), c_int::from(b'%'));
                count = end.addr() - self.address().addr();
            }
        }
        self.advance(count);
        count
    }

    /// Reads decimal digits; none give `Some(None)`, too large a number `None`.
    #[allow(clippy::option_option, reason = "absent and too large are different things")]
    pub fn number(&mut self) -> Option<Option<u32>> {
        let mut value = None;
        while let digit @ b'0'..=b'9' = self.ascii() {
            let next = value.unwrap_or(0u32).checked_mul(10)?.checked_add(u32::from(digit - b'0'))?;
            if next > c_int::MAX as u32 {
                return None;
            }
            value = Some(next);
            self.skip();
        }
        Some(value)
    }
}

/// Values of [`Spec::flags`].
pub mod option {
    /// `-`.
    pub const LEFT: u8 = 1;
    /// `+`.
    pub const PLUS: u8 = 2;
    /// Space.
    pub const SPACE: u8 = 4;
    /// `#`.
    pub const ALTERNATE: u8 = 8;
    /// `0`.
    pub const ZERO: u8 = 16;
    /// `'`: grouping, of which the C locale has none.
    pub const GROUP: u8 = 32;
    /// `I`: the locale's digits, which are the usual ones.
    pub const I18N: u8 = 64;

    /// Each with its letter, in the order in which glibc prints them back.
    pub const LETTERS: [(u8, u8); 7] = [
        (ALTERNATE, b'#'),
        (GROUP, b'\''),
        (PLUS, b'+'),
        (SPACE, b' '),
        (LEFT, b'-'),
        (ZERO, b'0'),
        (I18N, b'I'),
    ];
}

/// A width or a precision.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Amount {
    /// Not given.
    None,
    /// A number.
    Number(u32),
    /// `*`: the next argument.
    Next,
    /// `*m$`: that argument, from 1.
    At(u16),
}

/// A length modifier, as far as x86-64 tells them apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Length {
    /// None: 32 bits.
    None,
    /// `hh`.
    Char,
    /// `h`.
    Short,
    /// `l`, `z`, `t`, `j`: 64 bits.
    Long,
    /// `L`, `ll`, `q`: 64 bits, or a `long double`.
    LongDouble,
}

/// A conversion specification.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// See [`option`].
    pub flags: u8,
    /// The field's least size.
    pub width: Amount,
    /// Digits, or the most of a string.
    pub precision: Amount,
    /// The argument's length.
    pub length: Length,
    /// `Z`-style modifier letter last seen, for `parse_printf_format`; 0 if none.
    pub modifier: u8,
    /// The conversion's letter; 0 if the format ends before it.
    pub letter: u32,
    /// Which argument, from 1; 0 is the next.
    pub position: u16,
    /// Whether any argument is asked for by number.
    pub numbered: bool,
}

impl Spec {
    /// Whether any of these flags is set.
    #[must_use]
    pub const fn has(&self, flags: u8) -> bool {
        self.flags & flags != 0
    }

    /// The width, 0 if there is none.
    #[must_use]
    pub const fn width(&self) -> usize {
        match self.width {
            Amount::Number(width) => width as usize,
            _ => 0,
        }
    }

    /// The precision.
    #[must_use]
    pub const fn precision(&self) -> Option<usize> {
        match self.precision {
            Amount::Number(precision) => Some(precision as usize),
            _ => None,
        }
    }
}

/// Reads a conversion specification, from behind its `%` to behind its letter; `None` if a number
/// in it is too large.
pub fn parse(format: &mut Format) -> Option<Spec> {
    let mut spec = Spec {
        flags: 0,
        width: Amount::None,
        precision: Amount::None,
        length: Length::None,
        modifier: 0,
        letter: 0,
        position: 0,
        numbered: false,
    };
    let start = *format;
    if let Some(number @ 1..) = format.number()? {
        if format.take(b'$') {
            spec.position = u16::try_from(number).ok()?;
            spec.numbered = true;
        } else {
            *format = start;
        }
    } else {
        *format = start;
    }
    loop {
        spec.flags |= match format.ascii() {
            b'-' => option::LEFT,
            b'+' => option::PLUS,
            b' ' => option::SPACE,
            b'#' => option::ALTERNATE,
            b'0' => option::ZERO,
            b'\'' => option::GROUP,
            b'I' => option::I18N,
            _ => break,
        };
        format.skip();
    }
    spec.width = amount(format, &mut spec.numbered)?;
    if format.take(b'.') {
        spec.precision = match amount(format, &mut spec.numbered)? {
            Amount::None => Amount::Number(0),
            given => given,
        };
    }
    loop {
        let letter = format.ascii();
        spec.length = match (letter, spec.length) {
            (b'h', Length::Short) => Length::Char,
            (b'h', _) => Length::Short,
            (b'l', Length::Long) | (b'L' | b'q', _) => Length::LongDouble,
            (b'l' | b'z' | b'Z' | b't' | b'j', _) => Length::Long,
            _ => break,
        };
        spec.modifier = letter;
        format.skip();
    }
    spec.letter = format.peek();
    if spec.letter != 0 {
        format.skip();
    }
    Some(spec)
}

fn amount(format: &mut Format, numbered: &mut bool) -> Option<Amount> {
    if !format.take(b'*') {
        return Some(format.number()?.map_or(Amount::None, Amount::Number));
    }
    let start = *format;
    if let Some(number @ 1..) = format.number()?
        && format.take(b'$')
    {
        *numbered = true;
        return Some(Amount::At(u16::try_from(number).ok()?));
    }
    *format = start;
    Some(Amount::Next)
}
