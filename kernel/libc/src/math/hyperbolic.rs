//! Hyperbolic functions, by fdlibm's formulas, which glibc has too.

use core::f64::consts::LN_2;

use macros::export;

use super::exponential::exp;
use super::failure::{domain, overflow, pole, ranged};
use super::logarithm::log;

/// Where `exp` overflows but half of it does not.
const OVERFLOW: f64 = 709.782712893384;
const LIMIT: f64 = 710.4758600739439;

/// Half of e^x where e^x itself would overflow.
fn half_exponential(x: f64) -> f64 {
    if x > LIMIT {
        return overflow(false);
    }
    let w = exp(0.5 * x);
    0.5 * w * w
}

/// C `sinh`.
#[export]
pub extern "C" fn sinh(x: f64) -> f64 {
    if !x.is_finite() {
        return x + x;
    }
    let h = if x < 0.0 { -0.5 } else { 0.5 };
    let size = x.abs();
    if size < 22.0 {
        if size < 1.0 / (1 << 28) as f64 {
            return x;
        }
        let t = libm::expm1(size);
        return if size < 1.0 { h * (2.0 * t - t * t / (t + 1.0)) } else { h * (t + t / (t + 1.0)) };
    }
    if size < OVERFLOW {
        return h * exp(size);
    }
    2.0 * h * half_exponential(size)
}

/// C `cosh`.
#[export]
pub extern "C" fn cosh(x: f64) -> f64 {
    if !x.is_finite() {
        return x * x;
    }
    let size = x.abs();
    if size < 0.5 * LN_2 {
        let t = libm::expm1(size);
        let w = 1.0 + t;
        return if size < 1.0e-17 { w } else { 1.0 + (t * t) / (w + w) };
    }
    if size < 22.0 {
        let t = exp(size);
        return 0.5 * t + 0.5 / t;
    }
    if size < OVERFLOW {
        return 0.5 * exp(size);
    }
    half_exponential(size)
}

/// C `tanh`.
#[export]
pub extern "C" fn tanh(x: f64) -> f64 {
    let size = x.abs();
    if x.is_nan() {
        return x + x;
    }
    let result = if size >= 22.0 {
        1.0
    } else if size < f64::from_bits(968 << 52) {
        return x * (1.0 + x);
    } else if size >= 1.0 {
        1.0 - 2.0 / (libm::expm1(2.0 * size) + 2.0)
    } else {
        let t = libm::expm1(-2.0 * size);
        -t / (t + 2.0)
    };
    result.copysign(x)
}

/// C `asinh`.
#[export]
pub extern "C" fn asinh(x: f64) -> f64 {
    let size = x.abs();
    if !x.is_finite() || size < f64::from_bits(995 << 52) {
        return if x.is_finite() { x } else { x + x };
    }
    let result = if size > (1 << 28) as f64 {
        log(size) + LN_2
    } else if size > 2.0 {
        log(2.0 * size + 1.0 / (libm::sqrt(x * x + 1.0) + size))
    } else {
        let t = x * x;
        libm::log1p(size + t / (1.0 + libm::sqrt(1.0 + t)))
    };
    result.copysign(x)
}

/// C `acosh`.
#[export]
pub extern "C" fn acosh(x: f64) -> f64 {
    if x < 1.0 {
        return domain();
    }
    if x.is_nan() || x == 1.0 {
        return if x == 1.0 { 0.0 } else { x + x };
    }
    if x >= (1 << 28) as f64 {
        return if x.is_infinite() { x } else { log(x) + LN_2 };
    }
    if x > 2.0 {
        let t = x * x;
        return log(2.0 * x - 1.0 / (x + libm::sqrt(t - 1.0)));
    }
    let t = x - 1.0;
    libm::log1p(t + libm::sqrt(2.0 * t + t * t))
}

/// C `atanh`.
#[export]
pub extern "C" fn atanh(x: f64) -> f64 {
    if x.abs() > 1.0 {
        return domain();
    }
    if x.abs() == 1.0 {
        return pole(x < 0.0);
    }
    ranged(libm::atanh(x), x)
}
