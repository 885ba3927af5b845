//! Numbers of 64 significant bits, for what is worked out before the one rounding.

use core::arch::asm;

/// `±mantissa × 2^(exponent − 63)`; bit 63 of the mantissa is set, or the number is zero.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unpacked {
    pub negative: bool,
    pub exponent: i32,
    pub mantissa: u64,
}

/// The upper half of a product.
#[inline]
pub(super) fn high(a: u64, b: u64) -> u64 {
    ((u128::from(a) * u128::from(b)) >> 64) as u64
}

/// The quotient of `a × 2^63` by `b`, where `a < 2 b` (both have bit 63 set).
fn quotient(a: u64, b: u64) -> u64 {
    let result;
    // SAFETY: the upper half of the dividend, a / 2, is less than b, so the quotient fits.
    unsafe {
        asm!("div {b}", b = in(reg) b, inout("rax") a << 63 => result, inout("rdx") a >> 1 => _,
            options(pure, nomem, nostack));
    }
    result
}

/// The wide number `value × 2^scale`, to its top 64 bits.
pub(super) fn wide(negative: bool, value: u128, scale: i32) -> Unpacked {
    if value == 0 {
        return Unpacked { negative, exponent: -20000, mantissa: 0 };
    }
    let zeros = value.leading_zeros();
    let mantissa = ((value << zeros) >> 64) as u64;
    Unpacked { negative, exponent: scale + 127 - zeros as i32, mantissa }
}

impl Unpacked {
    /// A finite double; zero has a very small exponent.
    pub(super) fn of(x: f64) -> Self {
        let bits = x.to_bits();
        let exponent = (bits >> 52 & 0x7ff) as i32;
        let fraction = bits << 11 & !(1 << 63);
        let negative = x.is_sign_negative();
        if exponent != 0 {
            return Self { negative, exponent: exponent - 1023, mantissa: fraction | 1 << 63 };
        }
        wide(negative, u128::from(fraction), -1022 - 63)
    }

    /// A positive number by its parts.
    pub(super) const fn new(mantissa: u64, exponent: i32) -> Self {
        Self { negative: false, exponent, mantissa }
    }

    /// The nearest double (by the rounding mode in force for normal results). Overflow gives
    /// infinity and the exceptions that go with it, as does underflow.
    pub(super) fn round(self) -> f64 {
        let magnitude = if self.mantissa == 0 {
            0.0
        } else if self.exponent < -1022 {
            self.round_small()
        } else {
            let rounded = self.mantissa as f64;
            let scale = i64::from(self.exponent.min(1024) - 63) << 52;
            let bits = rounded.to_bits().wrapping_add_signed(scale);
            if bits >= 0x7ff << 52 {
                return super::failure::overflow(self.negative);
            }
            f64::from_bits(bits)
        };
        if self.negative { -magnitude } else { magnitude }
    }

    fn round_small(self) -> f64 {
        // Units of 2^-1074, to nearest, ties to even.
        let shift = -1022 - self.exponent + 11;
        if shift > 64 {
            return super::failure::underflow(false);
        }
        let value = u128::from(self.mantissa) << 64 >> shift;
        let (whole, rest) = ((value >> 64) as u64, value as u64);
        let up = rest > 1 << 63 || (rest == 1 << 63 && whole & 1 == 1);
        // As with glibc, errno tells of what vanishes, not of what is subnormal.
        if whole == 0 && !up {
            return super::failure::underflow(false);
        }
        f64::from_bits(whole + u64::from(up))
    }

    /// The product, to half a unit of the last place.
    pub(super) fn times(self, other: Self) -> Self {
        let product = u128::from(self.mantissa) * u128::from(other.mantissa);
        let negative = self.negative != other.negative;
        let mut exponent = self.exponent + other.exponent;
        let mut upper = product;
        if product >> 127 != 0 {
            exponent += 1;
        } else {
            upper <<= 1;
        }
        let (rounded, carry) = ((upper >> 64) as u64).overflowing_add((upper >> 63) as u64 & 1);
        if carry {
            return Self { negative, exponent: exponent + 1, mantissa: 1 << 63 };
        }
        Self { negative, exponent, mantissa: rounded }
    }

    /// The quotient; `other` is not zero.
    pub(super) fn over(self, other: Self) -> Self {
        let negative = self.negative != other.negative;
        let exponent = self.exponent - other.exponent;
        if self.mantissa == 0 {
            return self;
        }
        if self.mantissa >= other.mantissa {
            return Self { negative, exponent, mantissa: quotient(self.mantissa, other.mantissa) };
        }
        // Twice the dividend: the quotient has its top bit then.
        let half = other.mantissa;
        let mantissa: u64;
        // SAFETY: the upper half of the dividend is less than the divisor.
        unsafe {
            asm!("div {b}", b = in(reg) half, inout("rax") 0u64 => mantissa, inout("rdx") self.mantissa => _,
                options(pure, nomem, nostack));
        }
        Self { negative, exponent: exponent - 1, mantissa }
    }

    /// The sum, exact but for what the smaller has below 2^-63 of the greater.
    pub(super) fn plus(self, other: Self) -> Self {
        let (a, b) = if self.exponent >= other.exponent { (self, other) } else { (other, self) };
        let distance = a.exponent - b.exponent;
        let large = u128::from(a.mantissa) << 63;
        let small = if distance > 126 { 0 } else { u128::from(b.mantissa) << 63 >> distance };
        let scale = a.exponent - 126;
        if a.negative == b.negative {
            wide(a.negative, large + small, scale)
        } else if large >= small {
            wide(a.negative, large - small, scale)
        } else {
            wide(b.negative, small - large, scale)
        }
    }

    /// The square root of a number that is not negative.
    pub(super) fn root(self) -> Self {
        if self.mantissa == 0 {
            return self;
        }
        // An estimate good to 53 bits, then one step of Newton's method.
        let odd = self.exponent & 1;
        let scaled = Self { negative: false, exponent: odd, mantissa: self.mantissa };
        let estimate = Self::of(libm::sqrt(scaled.round()));
        let half = Self::new(1 << 63, -1);
        let mut result = estimate.plus(scaled.over(estimate)).times(half);
        result.exponent += (self.exponent - odd) / 2;
        result
    }

    /// The same with the other sign.
    pub(super) fn minus(self) -> Self {
        Self { negative: !self.negative, ..self }
    }
}
