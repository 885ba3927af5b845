//! A non-negative integer of any length, in limbs of nine decimal digits.
//!
//! Decimal limbs serve both directions: formatting reads digits off directly, and rounding to
//! any number of digits is a look at a few limbs; parsing fills limbs directly, and then scales
//! by powers of two. A binary number m × 2^−e has exactly the digits of m × 5^e, e of them after the point.

use core::mem::MaybeUninit;

/// Decimal digits in a limb.
pub const DIGITS: usize = 9;
/// One more than a limb's greatest value.
const BASE: u64 = 1_000_000_000;
/// A number divided by [`BASE`]: quotient and rest. Optimised for size, the compiler would divide; the
/// product with 2^75 / (BASE >> 9), rounded up, is exact for all 64 bits and much faster.
fn split(value: u64) -> (u64, u32) {
    let quotient = ((u128::from(value >> 9) * 0x0044_b82f_a09b_5a53) >> 75) as u64;
    (quotient, (value - quotient * BASE) as u32)
}

/// Powers of ten up to a limb's.
const POWERS: [u32; DIGITS] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

/// Limbs that any `double`'s digits fit in, whether 309 before the point or 767 in all.
pub const DOUBLE_LIMBS: usize = 90;
/// Limbs that any `long double`'s digits fit in: 11,515 digits.
pub const EXTENDED_LIMBS: usize = 1290;

/// Memory for limbs; only those below [`Decimal`]'s length are ever read.
pub type Limb = MaybeUninit<u32>;

/// The number. Its lowest limb comes first; its highest is not zero.
pub struct Decimal<'a> {
    limbs: &'a mut [Limb],
    length: usize,
}

/// How to round, as the control registers encode it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rounding {
    /// To nearest, ties to even.
    Nearest,
    /// Down.
    Down,
    /// Up.
    Up,
    /// Toward zero.
    Zero,
}

impl Rounding {
    /// The calling thread's rounding mode (`fesetround`).
    #[must_use]
    pub fn current() -> Self {
        let mut control = 0u32;
        // SAFETY: stores four bytes.
        unsafe {
            core::arch::asm!("stmxcsr [{}]", in(reg) &raw mut control, options(nostack, preserves_flags))
        };
        match control >> 13 & 3 {
            0 => Self::Nearest,
            1 => Self::Down,
            2 => Self::Up,
            _ => Self::Zero,
        }
    }

    /// Whether a magnitude is rounded up: it is between two neighbours, the lower of which is `odd`
    /// or not; `half` says that it is at least half-way up, `more` that it is not exactly there
    /// (or not exactly at the lower one).
    #[must_use]
    pub fn up(self, negative: bool, odd: bool, half: bool, more: bool) -> bool {
        match self {
            Self::Nearest => half && (more || odd),
            Self::Down => negative && (half || more),
            Self::Up => !negative && (half || more),
            Self::Zero => false,
        }
    }
}

impl<'a> Decimal<'a> {
    /// Zero, with room for a number of so many limbs.
    pub fn new(limbs: &'a mut [Limb]) -> Self {
        Self { limbs, length: 0 }
    }

    /// How many limbs there are.
    #[must_use]
    pub fn length(&self) -> usize {
        self.length
    }

    /// A limb; those above the highest are zero.
    #[must_use]
    pub fn limb(&self, index: usize) -> u32 {
        if index < self.length {
            // SAFETY: limbs below the length are initialised, and within the memory.
            unsafe { self.limbs.get_unchecked(index).assume_init() }
        } else {
            0
        }
    }

    /// Adds a limb above the highest. The memory was chosen so that there is room.
    pub fn push(&mut self, limb: u32) {
        if let Some(place) = self.limbs.get_mut(self.length) {
            place.write(limb);
            self.length += 1;
        }
    }

    /// Makes it a number of so many limbs, all of them zero until [`Decimal::place`] sets them.
    pub fn reserve(&mut self, length: usize) {
        self.length = length.min(self.limbs.len());
        for limb in &mut self.limbs[..self.length] {
            limb.write(0);
        }
    }

    /// Sets a limb that is there.
    pub fn place(&mut self, index: usize, limb: u32) {
        if let Some(place) = self.used().get_mut(index) {
            *place = limb;
        }
    }

    /// The limbs in use.
    fn used(&mut self) -> &mut [u32] {
        let used = &mut self.limbs[..self.length];
        // SAFETY: limbs below the length are initialised; `MaybeUninit<u32>` has `u32`'s layout.
        unsafe { &mut *(core::ptr::from_mut(used) as *mut [u32]) }
    }

    /// Drops zero limbs at the top.
    fn trim(&mut self) {
        while self.length > 0 && self.limb(self.length - 1) == 0 {
            self.length -= 1;
        }
    }

    /// Makes it this number.
    pub fn set(&mut self, mut value: u64) {
        self.length = 0;
        while value != 0 {
            let (rest, limb) = split(value);
            self.push(limb);
            value = rest;
        }
    }

    /// Multiplies by a factor, and adds a number.
    pub fn multiply(&mut self, factor: u32, add: u32) {
        let mut carry = u64::from(add);
        for limb in self.used() {
            carry += u64::from(*limb) * u64::from(factor);
            (carry, *limb) = split(carry);
        }
        while carry != 0 {
            let (rest, limb) = split(carry);
            self.push(limb);
            carry = rest;
        }
    }

    /// Multiplies by `base` to the power of `exponent`; `step` is the largest power in a limb's reach.
    fn multiply_power(&mut self, base: u32, step: u32, mut exponent: u32) {
        while exponent > 0 {
            let part = exponent.min(step);
            self.multiply(base.pow(part), 0);
            exponent -= part;
        }
    }

    /// Makes it mantissa × 2^exponent; gives how many of its digits are after the point.
    pub fn set_binary(&mut self, mantissa: u64, exponent: i32) -> usize {
        if mantissa == 0 {
            self.length = 0;
            return 0;
        }
        let zeros = mantissa.trailing_zeros();
        self.set(mantissa >> zeros);
        let exponent = exponent + zeros.cast_signed();
        if exponent >= 0 {
            self.multiply_power(2, 31, exponent.unsigned_abs());
            0
        } else {
            self.multiply_power(5, 13, exponent.unsigned_abs());
            exponent.unsigned_abs() as usize
        }
    }

    /// Divides by 2^bits, at most 29; gives whether anything was lost.
    pub fn shift_right(&mut self, bits: u32) -> bool {
        let mask = (1 << bits) - 1;
        let mut rest = 0;
        for limb in self.used().iter_mut().rev() {
            let value = rest * BASE + u64::from(*limb);
            *limb = (value >> bits) as u32;
            rest = value & mask;
        }
        self.trim();
        rest != 0
    }

    /// How many decimal digits it has; zero has one.
    #[must_use]
    pub fn digits(&self) -> usize {
        let Some(top) = self.length.checked_sub(1) else { return 1 };
        let limb = self.limb(top);
        top * DIGITS + POWERS.iter().take_while(|power| limb >= **power).count()
    }

    /// The digit at a position, 0 being that of the units.
    fn digit(&self, position: usize) -> u32 {
        self.limb(position / DIGITS) / POWERS[position % DIGITS] % 10
    }

    /// How many zero digits it ends in; zero has none.
    #[must_use]
    pub fn trailing_zeros(&self) -> usize {
        if self.length == 0 {
            return 0;
        }
        let mut position = 0;
        while self.limb(position / DIGITS) == 0 {
            position += DIGITS;
        }
        while self.digit(position) == 0 {
            position += 1;
        }
        position
    }

    /// Whether any digit below a position is not zero.
    fn any_below(&self, position: usize) -> bool {
        let whole = position / DIGITS;
        (0..whole).any(|index| self.limb(index) != 0)
            || !self.limb(whole).is_multiple_of(POWERS[position % DIGITS])
    }

    /// Rounds so that the lowest `drop` digits are zero. If those are all its digits, the result
    /// is divided by 10^drop and `true` is returned: it is 0 or 1 then.
    pub fn round(&mut self, drop: usize, mode: Rounding, negative: bool) -> bool {
        let digits = self.digits();
        let (half, more) = if drop > digits {
            (false, self.length != 0)
        } else {
            let next = self.digit(drop - 1);
            (next >= 5, next != 5 && next != 0 || self.any_below(drop - 1))
        };
        let up = mode.up(negative, self.digit(drop) & 1 != 0, half, more);
        if drop >= digits {
            self.set(u64::from(up));
            return true;
        }
        let whole = drop / DIGITS;
        let power = POWERS[drop % DIGITS];
        let used = self.used();
        let (low, high) = used.split_at_mut(whole);
        low.fill(0);
        let mut carry = if up { power } else { 0 };
        for (index, limb) in high.iter_mut().enumerate() {
            if index == 0 {
                *limb -= *limb % power;
            }
            *limb += carry;
            if u64::from(*limb) < BASE {
                return false;
            }
            *limb -= BASE as u32;
            carry = 1;
        }
        self.push(1);
        false
    }

    /// The nine digits of a limb, as ASCII.
    #[must_use]
    pub fn text(&self, index: usize) -> [u8; DIGITS] {
        let mut limb = self.limb(index);
        let mut text = [b'0'; DIGITS];
        for digit in text.iter_mut().rev() {
            let rest = ((u64::from(limb) * 0xcccc_cccd) >> 35) as u32;
            *digit = b'0' + (limb - rest * 10) as u8;
            limb = rest;
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::{BASE, split};

    #[test]
    fn a_product_divides() {
        let mut value = 1u64;
        for step in 0..2_000_000u64 {
            for near in [value, value / BASE * BASE, (value / BASE * BASE).wrapping_sub(1), u64::MAX - step] {
                assert_eq!(split(near), (near / BASE, (near % BASE) as u32));
            }
            value = value.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(step) >> (step % 3);
        }
    }
}
