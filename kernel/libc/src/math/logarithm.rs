//! `log` and its kin.

use macros::export;

use super::constant::{LN_2, LOG_HIGH, LOG_LOW, LOG_SERIES, LOG2_E_SHORT, RECIPROCAL};
use super::failure::{domain, pole};
use super::unpacked::{Unpacked, high, wide};

/// A number of 128 significant bits: `±mantissa × 2^(exponent − 127)`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wide {
    pub negative: bool,
    pub exponent: i32,
    pub mantissa: u128,
}

/// The natural logarithm of a positive number, good to 2^-69 of itself.
///
/// x = 2^k · m, and a table gives c near 1/m of so few bits that f = m·c − 1 is exact; then
/// ln x = k ln 2 − ln c + ln(1 + f), |f| ≤ 1/64.
pub(super) fn natural(x: Unpacked) -> Wide {
    let i = (x.mantissa >> 57 & 63) as usize;
    let k = x.exponent + i32::from(i >= 27);
    // f with 70 bits after the point; the mantissa's 63, one less where m was halved, and 8 of c's.
    let one = 1i128 << if i >= 27 { 72 } else { 71 };
    let product = i128::from(x.mantissa) * i128::from(RECIPROCAL[i]) - one;
    let f = product >> if i >= 27 { 2 } else { 1 };
    let negative = f < 0;
    let size = f.unsigned_abs() as u64;
    if size == 0 && k == 0 && LOG_HIGH[i] == 0 {
        return Wide { negative: false, exponent: -20000, mantissa: 0 };
    }
    // ln(1 + f) = f − f²·h, h = 1/2 − f/3 + f²/4 − …
    let mut h = 0;
    for coefficient in LOG_SERIES.iter().rev() {
        let term = high(size, h) >> 6;
        h = if negative { coefficient + term } else { coefficient - term };
    }
    // Relative to f's leading bit, with 126 bits after the point.
    let zeros = size.leading_zeros().min(63);
    let scale = -7 - zeros as i32;
    let leading = size << zeros;
    let square = u128::from(high(leading, leading)) * u128::from(h);
    let correction = square >> (-scale).min(127);
    let first = u128::from(leading) << 63;
    let logarithm = if negative { first + correction } else { first - correction };
    if k == 0 && LOG_HIGH[i] == 0 {
        let normal = logarithm.leading_zeros();
        return Wide { negative, exponent: scale + 1 - normal as i32, mantissa: logarithm << normal };
    }
    // The same with 116 bits after the point, and the other terms.
    let term = (logarithm >> (10 - scale).min(127)) as i128;
    let table = (i128::from(LOG_HIGH[i]) << 16 | i128::from(LOG_LOW[i])) << 36;
    let total = i128::from(k) * LN_2 as i128 + table + if negative { -term } else { term };
    let size = total.unsigned_abs();
    let normal = size.leading_zeros();
    Wide { negative: total < 0, exponent: 11 - normal as i32, mantissa: size << normal }
}

impl Wide {
    /// Its upper 64 bits.
    pub(super) fn short(self) -> Unpacked {
        wide(self.negative, self.mantissa, self.exponent - 127)
    }
}

/// The logarithm's special values; `None` for what has one.
fn special(x: f64) -> Option<f64> {
    if x.is_nan() || x == f64::INFINITY {
        Some(x + x)
    } else if x == 0.0 {
        Some(pole(true))
    } else if x < 0.0 {
        Some(domain())
    } else {
        None
    }
}

/// C `log`.
#[export]
pub extern "C" fn log(x: f64) -> f64 {
    match special(x) {
        Some(result) => result,
        None if x == 1.0 => 0.0,
        None => natural(Unpacked::of(x)).short().round(),
    }
}

/// C `log2`.
#[export]
pub extern "C" fn log2(x: f64) -> f64 {
    match special(x) {
        Some(result) => result,
        None if x == 1.0 => 0.0,
        None => {
            let exact = Unpacked::of(x);
            if exact.mantissa == 1 << 63 {
                return f64::from(exact.exponent);
            }
            natural(exact).short().times(Unpacked::new(LOG2_E_SHORT, 0)).round()
        }
    }
}

/// C `log10`, by fdlibm's formula over `log`, as in glibc.
#[export]
pub extern "C" fn log10(x: f64) -> f64 {
    const LOG10_2_HIGH: f64 = f64::from_bits(0x3fd3_4413_509f_6000);
    const LOG10_2_LOW: f64 = f64::from_bits(0x3d59_fef3_11f1_2b36);
    if let Some(result) = special(x) {
        return result;
    }
    let exact = Unpacked::of(x);
    let below = exact.exponent < 0;
    let y = f64::from(exact.exponent + i32::from(below));
    let fraction = Unpacked { exponent: -i32::from(below), ..exact }.round();
    let logarithm = if fraction == 1.0 { 0.0 } else { natural(Unpacked::of(fraction)).short().round() };
    let z = y * LOG10_2_LOW + core::f64::consts::LOG10_E * logarithm;
    z + y * LOG10_2_HIGH
}

/// C `log1p`.
#[export]
pub extern "C" fn log1p(x: f64) -> f64 {
    if x == -1.0 {
        pole(true)
    } else if x < -1.0 {
        domain()
    } else {
        libm::log1p(x)
    }
}
