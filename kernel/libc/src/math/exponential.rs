//! `exp` and its kin.

use macros::export;

use super::constant::{EXP2, INVERSE_FACTORIAL, LN_2_SHORT, LOG2_10, LOG2_E};
use super::failure::{overflow, ranged, underflow};
use super::unpacked::{Unpacked, high};

/// 2 to the power `whole + fraction / 2^64`.
pub(super) fn power_of_two(whole: i64, fraction: u64) -> Unpacked {
    // 2^(i/32) · e^t with t < ln 2 / 32, all with 69 bits after the point but the 63 of the table.
    let entry = EXP2[(fraction >> 59) as usize];
    let t = high(fraction << 5, LN_2_SHORT);
    let mut series = 0;
    for coefficient in INVERSE_FACTORIAL.iter().rev() {
        series = coefficient + (high(t, series) >> 5);
    }
    let rest = t + high(high(t, t) >> 5, series);
    let mantissa = entry.saturating_add(high(entry, rest) >> 5);
    Unpacked { negative: false, exponent: whole.clamp(-10000, 10000) as i32, mantissa }
}

/// `x × constant` as whole and 2^-64ths, for a constant with 127 − `integer_bits` bits after the
/// point; |x × constant| is below 2^20.
fn scaled(x: Unpacked, constant: u128, integer_bits: i32) -> (i64, u64) {
    let (upper, lower) = ((constant >> 64) as u64, constant as u64);
    let product =
        u128::from(x.mantissa) * u128::from(upper) + ((u128::from(x.mantissa) * u128::from(lower)) >> 64);
    // 126 bits after the point, before the exponent.
    let shift = 126 - integer_bits - 64 - x.exponent;
    let fixed = if shift > 127 { 0 } else { (product >> shift) as i128 };
    let fixed = if x.negative { -fixed } else { fixed };
    ((fixed >> 64) as i64, fixed as u64)
}

fn exponential(x: f64, constant: u128, integer_bits: i32) -> f64 {
    if !x.is_finite() {
        return if x == f64::NEG_INFINITY { 0.0 } else { x + x };
    }
    if x.abs() < 1.0e-17 {
        return 1.0 + x;
    }
    if x.abs() > 1100.0 {
        return if x > 0.0 { overflow(false) } else { underflow(false) };
    }
    let (whole, fraction) = scaled(Unpacked::of(x), constant, integer_bits);
    power_of_two(whole, fraction).round()
}

/// C `exp`.
#[export]
pub extern "C" fn exp(x: f64) -> f64 {
    exponential(x, LOG2_E, 0)
}

/// C `exp2`.
#[export]
pub extern "C" fn exp2(x: f64) -> f64 {
    exponential(x, 1 << 127, 0)
}

/// GNU `exp10` (and `pow10`).
#[export]
pub extern "C" fn exp10(x: f64) -> f64 {
    if x.abs() > 400.0 && x.is_finite() {
        return if x > 0.0 { overflow(false) } else { underflow(false) };
    }
    exponential(x, LOG2_10, 1)
}

/// C `expm1`.
#[export]
pub extern "C" fn expm1(x: f64) -> f64 {
    ranged(libm::expm1(x), x)
}
