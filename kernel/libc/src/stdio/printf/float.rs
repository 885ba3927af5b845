//! `%e %f %g %a` and their capitals, of `double` and of `long double`.

use core::mem::MaybeUninit;

use super::{Class, Conversion, Engine, Length, Part, Spec, Step, option};
use crate::f80::{BIAS, F80};
use crate::number::decimal::{DIGITS, DOUBLE_LIMBS, Decimal, EXTENDED_LIMBS, Limb, Rounding};

/// Floating point.
pub static FLOAT: Conversion = Conversion { part: Part::Float, run: float };

/// The digits of a number, what of them is printed, and around them.
struct Layout {
    sign: &'static [u8],
    /// Position of the first digit before the point.
    high: isize,
    /// Position of the last digit before the point.
    units: isize,
    /// Digits after the point.
    fraction: usize,
    point: bool,
    /// The exponent, from its letter on.
    exponent: ([u8; 8], usize),
}

fn float(engine: &mut Engine<'_>, spec: &Spec) -> Step {
    let letter = spec.letter as u8;
    let extended = spec.length == Length::LongDouble;
    let class = if extended { Class::Extended } else { Class::Double };
    let argument = engine.argument(spec.position, class);
    let value = if extended { argument } else { F80::from_double_bits(argument.mantissa) };
    let sign: &[u8] = match (value.is_negative(), spec.has(option::PLUS), spec.has(option::SPACE)) {
        (true, ..) => b"-",
        (_, true, _) => b"+",
        (.., true) => b" ",
        _ => b"",
    };
    if value.exponent() == 0x7fff {
        let capital = letter.is_ascii_uppercase();
        let name: &[u8] = match (value.mantissa << 1 == 0, capital) {
            (true, false) => b"inf",
            (true, true) => b"INF",
            (false, false) => b"nan",
            (false, true) => b"NAN",
        };
        engine.pad_left(spec, sign.len() + name.len())?;
        engine.bytes(sign)?;
        engine.bytes(name)?;
        return engine.pad_right(spec, sign.len() + name.len());
    }
    if letter | 0x20 == b'a' {
        return hexadecimal(engine, spec, sign, value, extended);
    }
    if extended { print_extended(engine, spec, sign, value) } else { print_double(engine, spec, sign, value) }
}

#[inline(never)]
fn print_double(engine: &mut Engine<'_>, spec: &Spec, sign: &'static [u8], value: F80) -> Step {
    let mut limbs = [const { MaybeUninit::uninit() }; DOUBLE_LIMBS];
    decimal(engine, spec, sign, value, &mut limbs)
}

#[inline(never)]
fn print_extended(engine: &mut Engine<'_>, spec: &Spec, sign: &'static [u8], value: F80) -> Step {
    let mut limbs = [const { MaybeUninit::uninit() }; EXTENDED_LIMBS];
    decimal(engine, spec, sign, value, &mut limbs)
}

/// Rounds a number in place at `drop` digits from its end, if that is in it; gives what of `scale`
/// is left.
fn round(number: &mut Decimal<'_>, drop: isize, scale: usize, negative: bool) -> usize {
    match usize::try_from(drop) {
        Ok(drop) if drop > 0 && number.round(drop, Rounding::current(), negative) => {
            // What is left is 0 or 1 at the position that was rounded to.
            scale.wrapping_sub(drop)
        }
        _ => scale,
    }
}

fn decimal(
    engine: &mut Engine<'_>,
    spec: &Spec,
    sign: &'static [u8],
    value: F80,
    limbs: &mut [Limb],
) -> Step {
    let mut number = Decimal::new(limbs);
    let negative = value.is_negative();
    let exponent = i32::from(value.exponent().max(1)) - BIAS - 63;
    let scale = number.set_binary(value.mantissa, exponent);
    let letter = spec.letter as u8;
    let style = letter | 0x20;
    let mut precision = spec.precision().unwrap_or(6).cast_signed();
    let digits = number.digits().cast_signed();
    let drop = match style {
        b'f' => scale.cast_signed() - precision,
        b'e' => digits - 1 - precision,
        _ => {
            precision = precision.max(1) - 1;
            digits - 1 - precision
        }
    };
    let scale = round(&mut number, drop, scale, negative).cast_signed();
    let zero = number.length() == 0;
    let top = if zero && style != b'f' { 0 } else { number.digits().cast_signed() - 1 };
    let power = if zero { 0 } else { top - scale };
    let scientific = style == b'e' || style == b'g' && (power < -4 || power > precision);
    let units = if scientific { top } else { scale };
    if style == b'g' {
        if !scientific {
            precision -= power;
        }
        if !spec.has(option::ALTERNATE) {
            let last = if zero { units } else { number.trailing_zeros().cast_signed() };
            precision = precision.min(units - last).max(0);
        }
    }
    let mut layout = Layout {
        sign,
        high: if scientific { top } else { top.max(scale) },
        units,
        fraction: precision.unsigned_abs(),
        point: precision > 0 || spec.has(option::ALTERNATE),
        exponent: ([0; 8], 0),
    };
    if scientific {
        layout.exponent = exponent_text(if letter.is_ascii_uppercase() { b'E' } else { b'e' }, power, 2);
    }
    print(engine, spec, &layout, &number)
}

/// An exponent: its letter, its sign and at least so many digits.
fn exponent_text(letter: u8, power: isize, least: usize) -> ([u8; 8], usize) {
    let mut text = [0; 8];
    text[0] = letter;
    text[1] = if power < 0 { b'-' } else { b'+' };
    let mut rest = power.unsigned_abs();
    let mut size = least;
    while size < 5 && rest >= 10usize.pow(size as u32) {
        size += 1;
    }
    for digit in text[2..2 + size].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    (text, 2 + size)
}

fn print(engine: &mut Engine<'_>, spec: &Spec, layout: &Layout, number: &Decimal<'_>) -> Step {
    let whole = (layout.high - layout.units + 1).unsigned_abs();
    let exponent = &layout.exponent.0[..layout.exponent.1];
    let size = layout.sign.len() + whole + usize::from(layout.point) + layout.fraction + exponent.len();
    let zeros = spec.has(option::ZERO) && !spec.has(option::LEFT);
    if !zeros {
        engine.pad_left(spec, size)?;
    }
    engine.bytes(layout.sign)?;
    if zeros {
        engine.pad(b'0', spec.width().saturating_sub(size))?;
    }
    digits(engine, number, layout.high, layout.units)?;
    if layout.point {
        engine.bytes(b".")?;
    }
    digits(engine, number, layout.units - 1, layout.units - layout.fraction.cast_signed())?;
    engine.bytes(exponent)?;
    engine.pad_right(spec, size)
}

/// Prints the digits at the positions from `high` down to `low`; there are zeros beyond both ends.
fn digits(engine: &mut Engine<'_>, number: &Decimal<'_>, high: isize, low: isize) -> Step {
    let mut at = high;
    while at >= low {
        let Ok(position) = usize::try_from(at) else {
            return engine.pad(b'0', (at - low + 1).unsigned_abs());
        };
        let index = position / DIGITS;
        let end = low.max((index * DIGITS).cast_signed());
        let text = number.text(index);
        let last = DIGITS - 1;
        engine.bytes(&text[last - position % DIGITS..=last - end.unsigned_abs() % DIGITS])?;
        at = end - 1;
    }
    Ok(())
}

/// `%a`: a double has one bit before the point, a long double four.
fn hexadecimal(
    engine: &mut Engine<'_>,
    spec: &Spec,
    sign: &'static [u8],
    value: F80,
    extended: bool,
) -> Step {
    let capital = spec.letter as u8 == b'A';
    let mut power = isize::from(value.exponent().max(1).cast_signed()) - BIAS as isize;
    let mut mantissa = value.mantissa;
    if mantissa == 0 {
        power = 0;
    } else if extended {
        power -= 3;
    } else {
        // One bit before the point, 52 after it; below 2^−1022 that bit is zero.
        let shift = if power < -1022 { (-1022 - power).unsigned_abs() as u32 } else { 0 };
        mantissa = mantissa >> 3 >> shift;
        power += shift as isize;
    }
    // 4 bits before the point, 60 after it.
    let needed = 15usize.saturating_sub(mantissa.trailing_zeros() as usize / 4);
    let shown = spec.precision().unwrap_or(needed);
    let mut carry = false;
    if shown < 15 {
        let drop = 60 - 4 * shown as u32;
        let rest = mantissa & ((1 << drop) - 1);
        let half = 1 << (drop - 1);
        mantissa -= rest;
        let odd = mantissa >> drop & 1 != 0;
        if Rounding::current().up(value.is_negative(), odd, rest >= half, rest != half && rest != 0) {
            (mantissa, carry) = mantissa.overflowing_add(1 << drop);
        }
    }
    if carry {
        mantissa = 1 << 60;
        power += 4;
    }
    let digit = |shift: u32| {
        let digit = (mantissa >> shift & 15) as u8;
        match digit {
            0..=9 => b'0' + digit,
            _ if capital => b'A' - 10 + digit,
            _ => b'a' - 10 + digit,
        }
    };
    let mut text = [b'0'; 16];
    for (index, place) in text.iter_mut().enumerate() {
        *place = digit(60 - 4 * index as u32);
    }
    let (exponent, exponent_size) = exponent_text(if capital { b'P' } else { b'p' }, power, 1);
    let point = shown > 0 || spec.has(option::ALTERNATE);
    let size = sign.len() + 3 + usize::from(point) + shown + exponent_size;
    let zeros = spec.has(option::ZERO) && !spec.has(option::LEFT);
    if !zeros {
        engine.pad_left(spec, size)?;
    }
    engine.bytes(sign)?;
    engine.bytes(if capital { b"0X" } else { b"0x" })?;
    if zeros {
        engine.pad(b'0', spec.width().saturating_sub(size))?;
    }
    engine.bytes(&text[..1])?;
    if point {
        engine.bytes(b".")?;
    }
    engine.bytes(&text[1..=shown.min(15)])?;
    engine.pad(b'0', shown.saturating_sub(15))?;
    engine.bytes(&exponent[..exponent_size])?;
    engine.pad_right(spec, size)
}
