//! Remainders, `fma` and differences.

use core::ffi::c_int;

use kcore::errno::{EDOM, ERANGE};
use macros::export;

use super::failure::domain;

macro_rules! remainders {
    ($($fmod:ident $drem:ident $remquo:ident $fma:ident $fdim:ident $float:ident;)*) => {$(
        #[doc = concat!("C `", stringify!($fmod), "`.")]
        #[export]
        pub extern "C" fn $fmod(x: $float, y: $float) -> $float {
            if x.is_nan() || y.is_nan() {
                x * y
            } else if x.is_infinite() || y == 0.0 {
                domain() as $float
            } else {
                libm::$fmod(x, y)
            }
        }

        #[doc = concat!("C `remainder`'s `", stringify!($float), "` form, by its BSD name.")]
        #[export]
        pub extern "C" fn $drem(x: $float, y: $float) -> $float {
            if !x.is_nan() && !y.is_nan() && (x.is_infinite() || y == 0.0) {
                return domain() as $float;
            }
            let mut quotient = 0;
            // SAFETY: the quotient is a valid place.
            unsafe { $remquo(x, y, &mut quotient) }
        }

        #[doc = concat!("C `", stringify!($remquo), "`.")]
        #[export]
        pub unsafe extern "C" fn $remquo(x: $float, y: $float, quotient: *mut c_int) -> $float {
            if x.is_nan() || y.is_nan() {
                return x * y;
            }
            if x.is_infinite() || y == 0.0 {
                // Invalid; unlike the others, glibc's sets no errno.
                return (x * y) / (x * y);
            }
            let (rest, bits) = libm::$remquo(x, y);
            // glibc gives three bits of the quotient, with its sign.
            *quotient = if bits < 0 { -(-bits & 7) } else { bits & 7 };
            rest
        }

        #[doc = concat!("C `", stringify!($fma), "`.")]
        #[export]
        pub extern "C" fn $fma(x: $float, y: $float, z: $float) -> $float {
            libm::$fma(x, y, z)
        }

        #[doc = concat!("C `", stringify!($fdim), "`.")]
        #[export]
        pub extern "C" fn $fdim(x: $float, y: $float) -> $float {
            if x <= y {
                return 0.0;
            }
            let result = x - y;
            if result.is_infinite() && x.is_finite() && y.is_finite() {
                crate::errno::set(ERANGE);
            }
            result
        }
    )*};
}

remainders! {
    fmod drem remquo fma fdim f64;
    fmodf dremf remquof fmaf fdimf f32;
}

/// C23's operations on doubles that round once, to a float: the value, what a double leaves out of it,
/// and whether it is exactly zero.
macro_rules! narrowing {
    ($($name:ident ($($argument:ident),*) $expression:expr, $exact:expr, $zero:expr;)*) => {$(
        #[doc = concat!("C23 `", stringify!($name), "`.")]
        #[export]
        pub extern "C" fn $name($($argument: f64),*) -> f32 {
            let value: f64 = $expression;
            // An infinity leaves nothing out, and asking what would be an invalid operation.
            let result = narrow(value, if value.is_finite() { $exact } else { 0.0 });
            if result.is_nan() {
                if true $(&& !$argument.is_nan())* {
                    crate::errno::set(EDOM);
                }
            } else if result.is_infinite() && true $(&& $argument.is_finite())* || result == 0.0 && !$zero {
                crate::errno::set(ERANGE);
            }
            result
        }
    )*};
}

/// Rounds `value + rest` to a float, `rest` being too small to show in a double: rounding to odd
/// first keeps the second rounding right.
fn narrow(value: f64, rest: f64) -> f32 {
    let mut odd = value;
    if rest != 0.0 && value.is_finite() && value.to_bits() & 1 == 0 {
        odd = if (rest > 0.0) == (value > 0.0) {
            f64::from_bits(value.to_bits() | 1)
        } else {
            f64::from_bits(value.to_bits().wrapping_sub(1) | 1)
        };
    }
    odd as f32
}

/// What a sum leaves out (Knuth's two-sum).
fn sum_rest(x: f64, y: f64) -> f64 {
    let sum = x + y;
    let part = sum - x;
    (x - (sum - part)) + (y - part)
}

/// What a quotient leaves out; nothing where the divisor is infinite, since 0 × ∞ is invalid.
fn quotient_rest(x: f64, y: f64) -> f64 {
    if y.is_infinite() { 0.0 } else { -libm::fma(x / y, y, -x) * y.signum() }
}

narrowing! {
    fadd (x, y) x + y, sum_rest(x, y), x == -y;
    fsub (x, y) x - y, sum_rest(x, -y), x == y;
    fmul (x, y) x * y, libm::fma(x, y, -(x * y)), x == 0.0 || y == 0.0;
    fdiv (x, y) x / y, quotient_rest(x, y), x == 0.0 || y.is_infinite();
    fsqrt (x) super::sqrt(x), -libm::fma(libm::sqrt(x), libm::sqrt(x), -x), x == 0.0;
    ffma (x, y, z) libm::fma(x, y, z), sum_rest(x * y, z) + libm::fma(x, y, -(x * y)), x * y == -z;
}
