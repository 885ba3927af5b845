//! `asin`, `acos`, `atan` and `atan2`.

use macros::export;

use super::constant::{ATAN, ATAN_EXPONENT, ATAN_SERIES, HALF_PI};
use super::failure::domain_of;
use super::unpacked::{Unpacked, high};

/// π/2.
const QUARTER: Unpacked = Unpacked::new(HALF_PI, 0);
const ONE: Unpacked = Unpacked::new(1 << 63, 0);

/// The arc tangent of `y / x`, both positive and not zero.
fn of_ratio(y: Unpacked, x: Unpacked) -> Unpacked {
    let swap = (y.exponent, y.mantissa) > (x.exponent, x.mantissa);
    let (small, large) = if swap { (x, y) } else { (y, x) };
    // atan(s/l) = atan(i/16) + atan((16 s − i l) / (16 l + i s)).
    let ratio = small.over(large);
    let sixteenths = if ratio.exponent < -5 {
        0
    } else {
        // Rounded: at most 16.
        ((ratio.mantissa >> (58 - ratio.exponent)) + 1) >> 1
    };
    let result = if sixteenths == 0 {
        small_angle(ratio)
    } else {
        let i = Unpacked::of(sixteenths as f64);
        let over = |a: Unpacked| Unpacked { exponent: a.exponent + 4, ..a };
        let rest = over(small).plus(i.times(large).minus()).over(over(large).plus(i.times(small)));
        let entry = sixteenths as usize - 1;
        small_angle(rest).plus(Unpacked::new(ATAN[entry], ATAN_EXPONENT[entry].into()))
    };
    if swap { QUARTER.plus(result.minus()) } else { result }
}

/// The arc tangent of a number of at most 1/31.
fn small_angle(t: Unpacked) -> Unpacked {
    if t.mantissa == 0 || t.exponent < -34 {
        return t;
    }
    let shift = -2 * (t.exponent + 1);
    let z = if shift > 63 { 0 } else { high(t.mantissa, t.mantissa) >> shift };
    let mut sum = 0;
    for coefficient in ATAN_SERIES.iter().rev() {
        sum = coefficient - high(z, sum);
    }
    let factor = super::unpacked::wide(false, (1 << 64) - u128::from(high(z, sum)), -64);
    t.times(factor)
}

fn with_sign(result: Unpacked, negative: bool) -> f64 {
    Unpacked { negative, ..result }.round()
}

/// C `atan`.
#[export]
pub extern "C" fn atan(x: f64) -> f64 {
    if x.is_nan() {
        return x + x;
    }
    if x.is_infinite() {
        return QUARTER.round().copysign(x);
    }
    if x.abs() < 1.0e-9 {
        return x;
    }
    with_sign(of_ratio(Unpacked::of(x.abs()), ONE), x.is_sign_negative())
}

/// C `atan2`.
#[export]
pub extern "C" fn atan2(y: f64, x: f64) -> f64 {
    const PI: Unpacked = Unpacked::new(HALF_PI, 1);
    if x.is_nan() || y.is_nan() {
        return x + y;
    }
    let left = x.is_sign_negative();
    // Infinities stand in the ratio of 1 to 0 to anything finite, and 1 to 1 to each other.
    let (up, right) = match (y.is_infinite(), x.is_infinite()) {
        (true, true) => (ONE, ONE),
        (true, false) => (ONE, Unpacked::of(0.0)),
        (false, true) => (Unpacked::of(0.0), ONE),
        (false, false) => (Unpacked::of(y.abs()), Unpacked::of(x.abs())),
    };
    let angle = if up.mantissa == 0 {
        up
    } else if right.mantissa == 0 {
        QUARTER
    } else {
        of_ratio(up, right)
    };
    with_sign(if left { PI.plus(angle.minus()) } else { angle }, y.is_sign_negative())
}

/// √(1 − x²) for |x| < 1.
fn other_side(x: Unpacked) -> Unpacked {
    ONE.plus(x.minus()).times(ONE.plus(x)).root()
}

/// C `asin`.
#[export]
pub extern "C" fn asin(x: f64) -> f64 {
    if x.is_nan() || x.abs() > 1.0 {
        return domain_of(x);
    }
    if x.abs() < 1.0e-9 {
        return x;
    }
    let exact = Unpacked::of(x.abs());
    let side = other_side(exact);
    let angle = if side.mantissa == 0 { QUARTER } else { of_ratio(exact, side) };
    with_sign(angle, x.is_sign_negative())
}

/// C `acos`.
#[export]
pub extern "C" fn acos(x: f64) -> f64 {
    const PI: Unpacked = Unpacked::new(HALF_PI, 1);
    if x.is_nan() || x.abs() > 1.0 {
        return domain_of(x);
    }
    let exact = Unpacked::of(x.abs());
    if exact.mantissa == 0 {
        return QUARTER.round();
    }
    let side = other_side(exact);
    let angle = if side.mantissa == 0 { side } else { of_ratio(side, exact) };
    (if x.is_sign_negative() { PI.plus(angle.minus()) } else { angle }).round()
}
