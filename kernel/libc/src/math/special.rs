//! Error, gamma and Bessel functions: the `libm` crate's, which like glibc's go back to fdlibm.

use core::ffi::c_int;

use kcore::errno::{EDOM, ERANGE};
use kcore::export::Exported;
use macros::export;

use super::failure::{domain, pole, ranged};
use super::float_forms::narrow;

/// The sign of the gamma function that `lgamma` took the logarithm of (also `__signgam`).
#[export]
pub static signgam: Exported<c_int> = Exported::new(0);

/// C `erf`.
#[export]
pub extern "C" fn erf(x: f64) -> f64 {
    libm::erf(x)
}

/// C `erfc`. ERANGE where it underflows.
#[export]
pub extern "C" fn erfc(x: f64) -> f64 {
    let result = libm::erfc(x);
    if result == 0.0 && x.is_finite() {
        crate::errno::set(ERANGE);
    }
    result
}

/// BSD `lgamma_r`.
#[export]
pub unsafe extern "C" fn lgamma_r(x: f64, sign: *mut c_int) -> f64 {
    if x == f64::NEG_INFINITY {
        *sign = 1;
        return f64::INFINITY;
    }
    if x <= 0.0 && libm::trunc(x) == x {
        *sign = if x == 0.0 && x.is_sign_negative() { -1 } else { 1 };
        return pole(false);
    }
    let (result, found) = libm::lgamma_r(x);
    *sign = found;
    ranged(result, x)
}

/// C `lgamma` (and `gamma`): sets `signgam`.
#[export]
pub unsafe extern "C" fn lgamma(x: f64) -> f64 {
    lgamma_r(x, signgam.get())
}

/// BSD `gamma`: `lgamma`.
#[export]
pub unsafe extern "C" fn gamma(x: f64) -> f64 {
    lgamma(x)
}

/// C `tgamma`.
#[export]
pub extern "C" fn tgamma(x: f64) -> f64 {
    if x == 0.0 {
        return pole(x.is_sign_negative());
    }
    if x == f64::NEG_INFINITY || (x < 0.0 && libm::trunc(x) == x) {
        return domain();
    }
    bounded(libm::tgamma(x), x)
}

/// Sets ERANGE if a result overflowed or vanished although its argument is an ordinary number.
fn bounded(result: f64, argument: f64) -> f64 {
    if argument.is_finite() && argument != 0.0 && (result == 0.0 || result.is_infinite()) {
        crate::errno::set(ERANGE);
    }
    result
}

/// A function of the first kind and order `n`: those of odd order are odd, at infinity too, and so in
/// their order.
fn first_kind(n: c_int, result: f64, x: f64) -> f64 {
    if x.is_infinite() {
        return if n & 1 != 0 && (n < 0) != (x < 0.0) { -0.0 } else { 0.0 };
    }
    bounded(result, x)
}

/// Results of the second kind and order `n` at and below zero, and at infinity.
fn second_kind(n: c_int, x: f64) -> Option<f64> {
    let odd = n < 0 && n & 1 != 0;
    if x == 0.0 {
        Some(pole(!odd))
    } else if x == f64::INFINITY {
        Some(if n == -1 { -0.0 } else { 0.0 })
    } else if x < 0.0 {
        crate::errno::set(EDOM);
        Some(domain())
    } else {
        None
    }
}

macro_rules! bessel {
    ($($n:literal $j:ident $y:ident $jf:ident $yf:ident;)*) => {$(
        #[doc = concat!("POSIX `", stringify!($j), "`.")]
        #[export]
        pub extern "C" fn $j(x: f64) -> f64 {
            first_kind($n, libm::$j(x), x)
        }

        #[doc = concat!("POSIX `", stringify!($y), "`.")]
        #[export]
        pub extern "C" fn $y(x: f64) -> f64 {
            second_kind($n, x).unwrap_or_else(|| bounded(libm::$y(x), x))
        }

        #[doc = concat!("GNU `", stringify!($jf), "`.")]
        #[export]
        pub extern "C" fn $jf(x: f32) -> f32 {
            narrow($j(x.into()))
        }

        #[doc = concat!("GNU `", stringify!($yf), "`.")]
        #[export]
        pub extern "C" fn $yf(x: f32) -> f32 {
            narrow($y(x.into()))
        }
    )*};
}

bessel! {
    0 j0 y0 j0f y0f;
    1 j1 y1 j1f y1f;
}

/// POSIX `jn`.
#[export]
pub extern "C" fn jn(n: c_int, x: f64) -> f64 {
    first_kind(n, libm::jn(n, x), x)
}

/// POSIX `yn`.
#[export]
pub extern "C" fn yn(n: c_int, x: f64) -> f64 {
    second_kind(n, x).unwrap_or_else(|| bounded(libm::yn(n, x), x))
}

/// GNU `jnf`.
#[export]
pub extern "C" fn jnf(n: c_int, x: f32) -> f32 {
    narrow(jn(n, x.into()))
}

/// GNU `ynf`.
#[export]
pub extern "C" fn ynf(n: c_int, x: f32) -> f32 {
    narrow(yn(n, x.into()))
}

/// BSD `lgammaf_r`.
#[export]
pub unsafe extern "C" fn lgammaf_r(x: f32, sign: *mut c_int) -> f32 {
    lgamma_r(x.into(), sign) as f32
}

/// C `lgammaf`.
#[export]
pub unsafe extern "C" fn lgammaf(x: f32) -> f32 {
    lgamma(x.into()) as f32
}

/// BSD `gammaf`.
#[export]
pub unsafe extern "C" fn gammaf(x: f32) -> f32 {
    lgamma(x.into()) as f32
}
