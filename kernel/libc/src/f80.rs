//! The x87 80-bit extended format, `long double` of the SysV ABI, for which Rust has no type.

/// A `long double` by its parts (Intel SDM volume 1, 4.2.2): value = mantissa × 2^(exponent − 16383 − 63).
///
/// The integer bit is explicit: bit 63 of the mantissa is set in every normal number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C, align(16))]
pub struct F80 {
    /// The 64-bit significand, integer bit included.
    pub mantissa: u64,
    /// The sign in bit 15, the exponent (biased by 16383) below it.
    pub sign_exponent: u16,
}

/// Bias of the exponent.
pub const BIAS: i32 = 16383;

impl F80 {
    /// Positive zero.
    pub const ZERO: Self = Self { mantissa: 0, sign_exponent: 0 };

    /// Whether the sign bit is set.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.sign_exponent & 0x8000 != 0
    }

    /// The biased exponent, 0..=0x7fff.
    #[must_use]
    pub const fn exponent(self) -> u16 {
        self.sign_exponent & 0x7fff
    }

    /// The same number with the sign bit set to `negative`.
    #[must_use]
    pub const fn with_sign(self, negative: bool) -> Self {
        Self { mantissa: self.mantissa, sign_exponent: self.exponent() | (negative as u16) << 15 }
    }

    /// The number with the same value as the double whose bits these are; every double has one.
    #[must_use]
    pub const fn from_double_bits(bits: u64) -> Self {
        let negative = bits >> 63 != 0;
        let fraction = bits & ((1 << 52) - 1);
        let (mantissa, exponent) = match (bits >> 52) as u16 & 0x7ff {
            0 if fraction == 0 => (0, 0),
            0 => {
                let shift = fraction.leading_zeros();
                // A subnormal double is fraction × 2^−1074, and a normal F80.
                (fraction << shift, (BIAS - 1074 + 63) as u16 - shift as u16)
            }
            0x7ff => (1 << 63 | fraction << 11, 0x7fff),
            exponent => (1 << 63 | fraction << 11, exponent + (BIAS - 1023) as u16),
        };
        Self { mantissa, sign_exponent: exponent }.with_sign(negative)
    }
}
