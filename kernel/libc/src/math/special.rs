//! Error, gamma and Bessel functions: the `libm` crate's, which like glibc's go back to fdlibm.

use core::ffi::c_int;

use kcore::errno::{EDOM, ERANGE};
use kcore::export::Exported;
use macros::export;

use super::failure::{domain, pole, ranged};

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
    ranged(libm::tgamma(x), x)
}

/// Results of the second kind at and below zero.
fn second_kind(x: f64) -> Option<f64> {
    if x == 0.0 {
        Some(pole(true))
    } else if x < 0.0 {
        crate::errno::set(EDOM);
        Some(domain())
    } else {
        None
    }
}

macro_rules! bessel {
    ($($j:ident $y:ident $jf:ident $yf:ident;)*) => {$(
        #[doc = concat!("POSIX `", stringify!($j), "`.")]
        #[export]
        pub extern "C" fn $j(x: f64) -> f64 {
            libm::$j(x)
        }

        #[doc = concat!("POSIX `", stringify!($y), "`.")]
        #[export]
        pub extern "C" fn $y(x: f64) -> f64 {
            second_kind(x).unwrap_or_else(|| libm::$y(x))
        }

        #[doc = concat!("GNU `", stringify!($jf), "`.")]
        #[export]
        pub extern "C" fn $jf(x: f32) -> f32 {
            libm::$j(x.into()) as f32
        }

        #[doc = concat!("GNU `", stringify!($yf), "`.")]
        #[export]
        pub extern "C" fn $yf(x: f32) -> f32 {
            $y(x.into()) as f32
        }
    )*};
}

bessel! {
    j0 y0 j0f y0f;
    j1 y1 j1f y1f;
}

/// POSIX `jn`.
#[export]
pub extern "C" fn jn(n: c_int, x: f64) -> f64 {
    libm::jn(n, x)
}

/// POSIX `yn`.
#[export]
pub extern "C" fn yn(n: c_int, x: f64) -> f64 {
    second_kind(x).unwrap_or_else(|| libm::yn(n, x))
}

/// GNU `jnf`.
#[export]
pub extern "C" fn jnf(n: c_int, x: f32) -> f32 {
    libm::jn(n, x.into()) as f32
}

/// GNU `ynf`.
#[export]
pub extern "C" fn ynf(n: c_int, x: f32) -> f32 {
    yn(n, x.into()) as f32
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
