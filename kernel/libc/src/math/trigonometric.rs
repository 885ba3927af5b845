//! `sin`, `cos` and `tan`.

use macros::export;

use super::constant::{COS_SERIES, HALF_PI, SIN_SERIES, TWO_OVER_PI};
use super::failure::domain_of;
use super::unpacked::{Unpacked, high, wide};

/// An angle as quarter turns and what is left, at most an eighth of a turn either way.
struct Angle {
    quarters: u64,
    rest: Unpacked,
}

/// Reduces a finite angle: exactly, by as many bits of 2/π as matter (Payne and Hanek, 1983).
fn reduce(x: f64) -> Angle {
    let exact = Unpacked::of(x.abs());
    let negative = x.is_sign_negative();
    if x.abs() <= core::f64::consts::FRAC_PI_4 {
        return Angle { quarters: 0, rest: Unpacked { negative, ..exact } };
    }
    // Bits of 2/π of weight 4 and more in the product are whole turns, and left out; the table's
    // zeros stand for bits before the point. The 256 bits from there on:
    let offset = (exact.exponent + 63) as usize;
    let (word, bit) = (offset / 64, offset % 64);
    let window = |i: usize| {
        let at = |j: usize| TWO_OVER_PI.get(j).copied().unwrap_or(0);
        if bit == 0 { at(word + i) } else { at(word + i) << bit | at(word + i + 1) >> (64 - bit) }
    };
    let product = |i: usize| u128::from(exact.mantissa) * u128::from(window(i));
    // The product modulo 2^256, of which the lowest 64 bits do not matter.
    let low = (product(3) >> 64) + u128::from(product(2) as u64);
    let middle = (low >> 64) + (product(2) >> 64) + u128::from(product(1) as u64);
    let top = ((middle >> 64) + (product(1) >> 64)) as u64;
    let top = top.wrapping_add(product(0) as u64);
    // Two bits of quarters, then the fraction of a quarter.
    let mut quarters = top >> 62;
    let fraction = u128::from(top) << 64 | u128::from(middle as u64);
    let mut fraction = fraction << 2 | u128::from(low as u64 >> 62);
    let mut rest_negative = negative;
    if fraction >> 127 != 0 {
        quarters += 1;
        fraction = fraction.wrapping_neg();
        rest_negative = !rest_negative;
    }
    let rest = wide(rest_negative, fraction, -128).times(Unpacked::new(HALF_PI, 0));
    Angle { quarters: if negative { quarters.wrapping_neg() } else { quarters }, rest }
}

/// The square of a number below 1, 64 bits after the point.
fn square(x: Unpacked) -> u64 {
    let product = high(x.mantissa, x.mantissa);
    let shift = -2 * (x.exponent + 1);
    if shift > 63 { 0 } else { product >> shift }
}

/// One minus a series with alternating signs, as a mantissa of exponent 0 or −1.
fn alternating(z: u64, series: &[u64]) -> Unpacked {
    let mut sum = 0;
    for coefficient in series.iter().rev() {
        sum = coefficient - high(z, sum);
    }
    wide(false, (1 << 64) - u128::from(high(z, sum)), -64)
}

fn sine(angle: Unpacked) -> Unpacked {
    alternating(square(angle), &SIN_SERIES).times(angle)
}

fn cosine(angle: Unpacked) -> Unpacked {
    alternating(square(angle), &COS_SERIES)
}

/// The sine of an angle a number of quarter turns further on.
fn turned(angle: &Angle, further: u64) -> f64 {
    let quarters = angle.quarters.wrapping_add(further);
    let result = if quarters & 1 == 0 { sine(angle.rest) } else { cosine(angle.rest) };
    (if quarters & 2 == 0 { result } else { result.minus() }).round()
}

/// C `sin`.
#[export]
pub extern "C" fn sin(x: f64) -> f64 {
    if !x.is_finite() {
        return domain_of(x);
    }
    if x.abs() < 1.0e-9 {
        // The cube matters from here on only.
        return x;
    }
    turned(&reduce(x), 0)
}

/// C `cos`.
#[export]
pub extern "C" fn cos(x: f64) -> f64 {
    if !x.is_finite() {
        return domain_of(x);
    }
    turned(&reduce(x), 1)
}

/// GNU `sincos`.
#[export]
pub unsafe extern "C" fn sincos(x: f64, sine_to: *mut f64, cosine_to: *mut f64) {
    *sine_to = sin(x);
    *cosine_to = cos(x);
}

/// C `tan`.
#[export]
pub extern "C" fn tan(x: f64) -> f64 {
    if !x.is_finite() {
        return domain_of(x);
    }
    if x.abs() < 1.0e-9 {
        return x;
    }
    let angle = reduce(x);
    let (s, c) = (sine(angle.rest), cosine(angle.rest));
    if angle.quarters & 1 == 0 { s.over(c).round() } else { c.over(s).minus().round() }
}
