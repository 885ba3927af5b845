//! Reading floating-point numbers, exactly rounded: the grammar and the arithmetic of `strtod`.

use core::mem::MaybeUninit;

use super::cursor::Cursor;
use super::decimal::{DIGITS, Decimal, Limb, Rounding};
use crate::f80::{BIAS, F80};

/// A binary floating-point format.
pub struct Kind {
    /// Bits of its significand, the integer bit included.
    pub precision: u32,
    /// Exponent of its least normal number.
    pub least: i32,
    /// Exponent of its greatest number.
    pub greatest: i32,
    /// Decimal digits beyond which only whether they are zero matters.
    digits: usize,
    /// Numbers below 10 to this power round to zero or to the least number.
    tiny: i64,
    /// Numbers from 10 to this power on are out of range.
    huge: i64,
}

/// `float`.
pub static SINGLE: Kind =
    Kind { precision: 24, least: -126, greatest: 127, digits: 120, tiny: -50, huge: 40 };
/// `double`.
pub static DOUBLE: Kind =
    Kind { precision: 53, least: -1022, greatest: 1023, digits: 770, tiny: -330, huge: 310 };
/// The 80-bit `long double`.
pub static EXTENDED: Kind =
    Kind { precision: 64, least: -16382, greatest: 16383, digits: 11520, tiny: -4960, huge: 4940 };

/// Limbs for a `double` on the way: its digits, or its places after the point, and four before it.
const DOUBLE_LIMBS: usize = (770 + 330) / DIGITS + 8;
/// The same for a `long double`.
const EXTENDED_LIMBS: usize = (11520 + 4960) / DIGITS + 8;

/// What a text says.
pub struct Parsed {
    /// The number, rounded to the kind asked for.
    pub value: F80,
    /// Behind the last character that belongs to it; the start if there is no number.
    pub end: Cursor,
    /// Whether it is out of range: infinite, or inexact and below the normal numbers.
    pub range: bool,
}

/// An exact or truncated magnitude: mantissa × 2^exponent, and a little more if `more`.
struct Binary {
    mantissa: u128,
    exponent: i32,
    more: bool,
}

/// Reads a number as `strtod` does.
#[must_use]
pub fn parse(start: Cursor, kind: &'static Kind) -> Parsed {
    let mut at = start;
    let negative = at.take_space_and_sign();
    let special = |mantissa, end| Parsed {
        value: F80 { mantissa, sign_exponent: 0x7fff }.with_sign(negative),
        end,
        range: false,
    };
    if at.take_word(b"inf") {
        at.take_word(b"inity");
        return special(1 << 63, at);
    }
    if at.take_word(b"nan") {
        let payload = nan_payload(&mut at);
        let unit = 64 - kind.precision;
        return special(3 << 62 | payload << unit & ((1 << 62) - 1), at);
    }
    let mut ahead = at;
    if ahead.take(b'0') && ahead.take_word(b"x") {
        let mut first = ahead;
        first.take(b'.');
        if first.digit(16).is_some() {
            let (binary, end) = hexadecimal(ahead);
            return finish(negative, &binary, kind, end);
        }
    }
    let Some(decimal) = Digits::read(at) else {
        return Parsed { value: F80::ZERO, end: start, range: false };
    };
    finish(negative, &decimal.to_binary(kind), kind, decimal.end)
}

/// `(n-char-sequence)` behind `nan`; the number in it, if it is one and nothing else.
fn nan_payload(at: &mut Cursor) -> u64 {
    let mut ahead = *at;
    if !ahead.take(b'(') {
        return 0;
    }
    let start = ahead;
    while ahead.ascii().is_ascii_alphanumeric() || ahead.ascii() == b'_' {
        ahead.skip();
    }
    let end = ahead;
    if !ahead.take(b')') {
        return 0;
    }
    *at = ahead;
    let parsed = super::integer::parse(start, 0, false, false);
    if core::ptr::eq(parsed.end.address(), end.address()) { parsed.value } else { 0 }
}

/// An exponent behind this letter, if there is one; very large ones are cut off.
fn exponent(at: &mut Cursor, letter: u8) -> i64 {
    let mut ahead = *at;
    if ahead.ascii() | 0x20 != letter {
        return 0;
    }
    ahead.skip();
    let negative = ahead.take(b'-');
    if !negative {
        ahead.take(b'+');
    }
    if ahead.digit(10).is_none() {
        return 0;
    }
    let mut value = 0i64;
    while let Some(digit) = ahead.digit(10) {
        value = (value * 10 + i64::from(digit)).min(1 << 40);
        ahead.skip();
    }
    *at = ahead;
    if negative { -value } else { value }
}

/// Reads what is behind `0x`.
fn hexadecimal(mut at: Cursor) -> (Binary, Cursor) {
    let mut mantissa = 0u128;
    let mut more = false;
    let mut places = 0i64;
    let mut point = false;
    loop {
        if let Some(digit) = at.digit(16) {
            if mantissa >> 116 == 0 {
                mantissa = mantissa << 4 | u128::from(digit);
                places -= i64::from(point);
            } else {
                more |= digit != 0;
                places += i64::from(!point);
            }
        } else if at.ascii() == b'.' && !point {
            point = true;
        } else {
            break;
        }
        at.skip();
    }
    let power = (places * 4).saturating_add(exponent(&mut at, b'p'));
    // Whatever the mantissa, an exponent beyond these is out of every range.
    let exponent = power.clamp(-100_000, 100_000) as i32;
    (Binary { mantissa, exponent, more }, at)
}

/// A decimal number as it is written.
struct Digits {
    /// At its first significant digit.
    start: Cursor,
    /// How many digits follow from there; zero for zero.
    count: usize,
    /// The first 19 of them as a number.
    leading: u64,
    /// Power of ten of the last of them.
    exponent: i64,
    /// Behind the number.
    end: Cursor,
}

impl Digits {
    /// Reads a number; `None` if there is none.
    fn read(mut at: Cursor) -> Option<Self> {
        let mut digits = Self { start: at, count: 0, leading: 0, exponent: 0, end: at };
        let mut any = false;
        let mut point = false;
        loop {
            if let Some(digit) = at.digit(10) {
                any = true;
                if digits.count != 0 || digit != 0 {
                    if digits.count == 0 {
                        digits.start = at;
                    }
                    if digits.count < 19 {
                        digits.leading = digits.leading * 10 + u64::from(digit);
                    }
                    digits.count += 1;
                }
                digits.exponent -= i64::from(point);
            } else if at.ascii() == b'.' && !point {
                point = true;
            } else {
                break;
            }
            at.skip();
        }
        if !any {
            return None;
        }
        digits.exponent += exponent(&mut at, b'e');
        digits.end = at;
        Some(digits)
    }

    fn to_binary(&self, kind: &'static Kind) -> Binary {
        if self.count == 0 {
            return Binary { mantissa: 0, exponent: 0, more: false };
        }
        let magnitude = self.exponent.saturating_add(self.count as i64);
        if magnitude <= kind.tiny || magnitude > kind.huge {
            let exponent = if magnitude > kind.huge { 100_000 } else { -100_000 };
            return Binary { mantissa: 1, exponent, more: true };
        }
        if self.count <= 19 {
            if self.exponent == 0 {
                return Binary { mantissa: u128::from(self.leading), exponent: 0, more: false };
            }
            if kind.precision == 53
                && let Some(product) = quick(self.leading, self.exponent)
            {
                return product;
            }
        }
        if kind.precision == 64 { self.scale_extended(kind) } else { self.scale_double(kind) }
    }

    #[inline(never)]
    fn scale_double(&self, kind: &'static Kind) -> Binary {
        self.scale(kind, &mut [const { MaybeUninit::uninit() }; DOUBLE_LIMBS])
    }

    #[inline(never)]
    fn scale_extended(&self, kind: &'static Kind) -> Binary {
        self.scale(kind, &mut [const { MaybeUninit::uninit() }; EXTENDED_LIMBS])
    }

    /// Works out the binary form: fills limbs with a point between two of them, then multiplies
    /// or divides by powers of two until four limbs are before the point.
    fn scale(&self, kind: &'static Kind, limbs: &mut [Limb]) -> Binary {
        // Digits beyond those that can decide are stood for by a single one.
        let kept = self.count.min(kind.digits);
        let exponent = self.exponent + (self.count - kept) as i64;
        let (zeros, after) = if exponent >= 0 {
            (exponent as usize, 0)
        } else {
            let fraction = exponent.unsigned_abs() as usize;
            let after = fraction.div_ceil(DIGITS);
            (after * DIGITS - fraction, after)
        };
        let mut number = Decimal::new(limbs);
        let mut at = self.start;
        let mut left = kept + zeros;
        number.reserve(left.div_ceil(DIGITS));
        let mut taken = 0;
        while left > 0 {
            let mut limb = 0;
            let index = (left - 1) / DIGITS;
            while left > index * DIGITS {
                let mut digit = 0;
                if taken < kept {
                    if at.ascii() == b'.' {
                        at.skip();
                    }
                    digit = at.digit(10).unwrap_or(0);
                    at.skip();
                    taken += 1;
                }
                limb = limb * 10 + digit;
                left -= 1;
            }
            number.place(index, limb);
        }
        let mut more = false;
        while taken < self.count {
            if at.ascii() != b'.' {
                more |= at.digit(10) != Some(0);
                taken += 1;
            }
            at.skip();
        }

        const STEP: u32 = 29;
        let mut power = 0;
        while number.length() > after + 4 {
            more |= number.shift_right(STEP);
            power += STEP.cast_signed();
        }
        while number.length() < after + 4 {
            number.multiply(1 << STEP, 0);
            power -= STEP.cast_signed();
        }
        let two = |index| u64::from(number.limb(index + 1)) * 1_000_000_000 + u64::from(number.limb(index));
        let mantissa = u128::from(two(after + 2)) * 1_000_000_000_000_000_000 + u128::from(two(after));
        more |= (0..after).any(|index| number.limb(index) != 0);
        Binary { mantissa, exponent: power, more }
    }
}

/// A double's product or quotient of two exact doubles is exactly rounded (Clinger 1990).
fn quick(leading: u64, exponent: i64) -> Option<Binary> {
    if leading > 1 << 53 || exponent.unsigned_abs() > 22 {
        return None;
    }
    let mut power = 1.0f64;
    for _ in 0..exponent.unsigned_abs() {
        power *= 10.0;
    }
    let result = if exponent < 0 { leading as f64 / power } else { leading as f64 * power };
    let bits = result.to_bits();
    let biased = (bits >> 52) as i32;
    Some(Binary { mantissa: u128::from(bits << 12 >> 12 | 1 << 52), exponent: biased - 1075, more: false })
}

/// Rounds to a kind.
fn finish(negative: bool, binary: &Binary, kind: &Kind, end: Cursor) -> Parsed {
    let (value, range) = round(negative, binary, kind);
    Parsed { value: value.with_sign(negative), end, range }
}

/// Rounds a magnitude to a kind in the current mode; gives also whether it is out of range.
fn round(negative: bool, binary: &Binary, kind: &Kind) -> (F80, bool) {
    if binary.mantissa == 0 {
        return (F80::ZERO, false);
    }
    let mode = Rounding::current();
    let bits = (128 - binary.mantissa.leading_zeros()).cast_signed();
    let precision = kind.precision.cast_signed();
    let top = binary.exponent + bits - 1;
    // Below the least normal number the last place stays where it is.
    let lost = (kind.least - top).max(0);
    let drop = bits - precision + lost;
    let (mut mantissa, inexact) = shift_rounded(negative, binary, drop, mode);
    let mut exponent = binary.exponent + drop;
    if drop <= 0 {
        mantissa = binary.mantissa;
        exponent = binary.exponent;
    }
    // Tiny is what would be below the least normal number even if rounded to full precision.
    let mut tiny = lost > 0;
    if lost == 1 {
        let (full, _) = shift_rounded(negative, binary, drop - 1, mode);
        tiny = full >> kind.precision == 0;
    }
    if mantissa == 0 {
        return (F80::ZERO, true);
    }
    let zeros = mantissa.leading_zeros();
    let top = exponent + 127 - zeros.cast_signed();
    if top > kind.greatest {
        let infinite = mode.up(negative, true, true, true);
        let greatest =
            F80 { mantissa: u64::MAX << (64 - kind.precision), sign_exponent: (kind.greatest + BIAS) as u16 };
        return (if infinite { F80 { mantissa: 1 << 63, sign_exponent: 0x7fff } } else { greatest }, true);
    }
    let mut significand = (mantissa << zeros >> 64) as u64;
    let mut biased = top + BIAS;
    if biased <= 0 {
        // A subnormal long double: the exponent stays, the integer bit is clear.
        significand >>= 1 - biased;
        biased = 0;
    }
    (F80 { mantissa: significand, sign_exponent: biased as u16 }, tiny && inexact)
}

/// The mantissa without its lowest `drop` bits, rounded, and whether they were not zero.
fn shift_rounded(negative: bool, binary: &Binary, drop: i32, mode: Rounding) -> (u128, bool) {
    let Ok(drop) = u32::try_from(drop) else { return (binary.mantissa, binary.more) };
    if drop == 0 {
        return (binary.mantissa + u128::from(mode.up(negative, false, false, binary.more)), binary.more);
    }
    let kept = binary.mantissa.checked_shr(drop).unwrap_or(0);
    let half = binary.mantissa.checked_shr(drop - 1).unwrap_or(0) & 1 != 0;
    let rest = 1u128.checked_shl(drop - 1).map_or(u128::MAX, |bit| bit - 1);
    let more = binary.more || binary.mantissa & rest != 0;
    (kept + u128::from(mode.up(negative, kept & 1 != 0, half, more)), half || more)
}

impl F80 {
    /// The bits of the `double` with this value, which is one (or a NaN).
    #[must_use]
    pub fn to_double_bits(self) -> u64 {
        self.narrow(52, 11)
    }

    /// The bits of the `float` with this value, which is one (or a NaN).
    #[must_use]
    pub fn to_single_bits(self) -> u32 {
        self.narrow(23, 8) as u32
    }

    fn narrow(self, fraction_bits: u32, exponent_bits: u32) -> u64 {
        let sign = u64::from(self.is_negative()) << (fraction_bits + exponent_bits);
        let greatest = (1 << exponent_bits) - 1;
        let biased = i32::from(self.exponent()) - BIAS + greatest / 2;
        let (exponent, mantissa) = match self.exponent() {
            0x7fff => (greatest, self.mantissa),
            _ if biased <= 0 => {
                // One bit more is lost with each exponent below the least; none of them is set.
                let subnormal = self.mantissa.checked_shr((1 - biased).unsigned_abs()).unwrap_or(0);
                (0, subnormal)
            }
            _ => (biased, self.mantissa),
        };
        sign | (exponent as u64) << fraction_bits | mantissa << 1 >> (64 - fraction_bits)
    }
}
