//! `pow`, roots and `hypot`.

use macros::export;

use super::constant::LOG2_E;
use super::exponential::power_of_two;
use super::failure::{domain, overflow, pole, ranged, underflow};
use super::logarithm::natural;
use super::unpacked::Unpacked;

/// Whether a finite number is whole, and if so odd.
fn parity(y: f64) -> Option<bool> {
    if y.abs() >= 9007199254740992.0 {
        return Some(false);
    }
    let whole = y as i64;
    (whole as f64 == y).then_some(whole & 1 == 1)
}

/// The special values of `pow`; `None` for finite operands of which `x` is neither 0 nor 1.
fn special(x: f64, y: f64) -> Option<f64> {
    if y == 0.0 || x == 1.0 {
        return Some(1.0);
    }
    if x.is_nan() || y.is_nan() {
        return Some(x + y);
    }
    if y.is_infinite() {
        return Some(if x.abs() == 1.0 {
            1.0
        } else if (x.abs() > 1.0) == (y > 0.0) {
            f64::INFINITY
        } else {
            0.0
        });
    }
    let negative = x.is_sign_negative() && parity(y) == Some(true);
    let sign = if negative { -1.0 } else { 1.0 };
    if x == 0.0 {
        return Some(if y < 0.0 { pole(negative) } else { 0.0 * sign });
    }
    if x.is_infinite() {
        return Some(sign * if y < 0.0 { 0.0 } else { f64::INFINITY });
    }
    None
}

/// C `pow`.
#[export]
pub extern "C" fn pow(x: f64, y: f64) -> f64 {
    if let Some(result) = special(x, y) {
        return result;
    }
    let mut negative = false;
    if x < 0.0 {
        match parity(y) {
            None => return domain(),
            Some(odd) => negative = odd,
        }
    }
    if x.abs() == 1.0 {
        return if negative { -1.0 } else { 1.0 };
    }
    let logarithm = natural(Unpacked::of(x.abs()));
    let factor = Unpacked::of(y);
    let down = logarithm.negative != factor.negative;
    // y · ln x · log2 e: each product keeps its upper 128 bits.
    let exponent = logarithm.exponent + factor.exponent + 2;
    if exponent > 14 {
        return if down { underflow(negative) } else { overflow(negative) };
    }
    let product = {
        let (upper, lower) = ((logarithm.mantissa >> 64) as u64, logarithm.mantissa as u64);
        u128::from(upper) * u128::from(factor.mantissa)
            + ((u128::from(lower) * u128::from(factor.mantissa)) >> 64)
    };
    let (a, b) = ((product >> 64) as u64, product as u64);
    let (c, d) = ((LOG2_E >> 64) as u64, LOG2_E as u64);
    let total = u128::from(a) * u128::from(c)
        + ((u128::from(a) * u128::from(d)) >> 64)
        + ((u128::from(b) * u128::from(c)) >> 64);
    // `total` has 127 bits after the point of a number of exponent `exponent`, less the 2 bits that
    // the three mantissas' integer parts take.
    let shift = 127 - 64 - exponent;
    let fixed = if shift > 127 { 0 } else { (total >> shift) as i128 };
    let fixed = if down { -fixed } else { fixed };
    let mut result = power_of_two((fixed >> 64) as i64, fixed as u64);
    result.negative = negative;
    result.round()
}

/// C `sqrt`.
#[export]
pub extern "C" fn sqrt(x: f64) -> f64 {
    if x < 0.0 { domain() } else { libm::sqrt(x) }
}

/// C `cbrt`.
#[export]
pub extern "C" fn cbrt(x: f64) -> f64 {
    libm::cbrt(x)
}

/// C `hypot`.
#[export]
pub extern "C" fn hypot(x: f64, y: f64) -> f64 {
    if x.is_infinite() || y.is_infinite() {
        return f64::INFINITY;
    }
    if x.is_nan() || y.is_nan() {
        return x + y;
    }
    let (a, b) = (Unpacked::of(x.abs()), Unpacked::of(y.abs()));
    if b.mantissa == 0 || a.mantissa == 0 {
        return x.abs() + y.abs();
    }
    ranged(a.times(a).plus(b.times(b)).root().round(), 0.0)
}
