//! Rounding to whole numbers.

use core::arch::x86_64::{_mm_cvtsd_si64, _mm_cvtss_si64, _mm_set_sd, _mm_set_ss};

use kcore::errno::EDOM;
use macros::export;

macro_rules! from_crate {
    ($($name:ident $single:ident;)*) => {$(
        #[doc = concat!("C `", stringify!($name), "`.")]
        #[export]
        pub extern "C" fn $name(x: f64) -> f64 {
            libm::$name(x)
        }

        #[doc = concat!("C `", stringify!($single), "`.")]
        #[export]
        pub extern "C" fn $single(x: f32) -> f32 {
            libm::$single(x)
        }
    )*};
}

from_crate! {
    ceil ceilf;
    floor floorf;
    trunc truncf;
    round roundf;
    roundeven roundevenf;
}

/// C `rint`: by the rounding mode in force.
#[export]
pub extern "C" fn rint(x: f64) -> f64 {
    const UNIT: f64 = 4503599627370496.0;
    if x.abs() >= UNIT || x.is_nan() {
        return x + if x.is_nan() { x } else { 0.0 };
    }
    let shift = core::hint::black_box(UNIT.copysign(x));
    ((x + shift) - shift).copysign(x)
}

/// C `rintf`.
#[export]
pub extern "C" fn rintf(x: f32) -> f32 {
    const UNIT: f32 = 8388608.0;
    if x.abs() >= UNIT || x.is_nan() {
        return x + if x.is_nan() { x } else { 0.0 };
    }
    let shift = core::hint::black_box(UNIT.copysign(x));
    ((x + shift) - shift).copysign(x)
}

/// C `nearbyint`: as `rint`, without the inexact exception.
#[export]
pub extern "C" fn nearbyint(x: f64) -> f64 {
    let flags = crate::fenv::fetestexcept(crate::fenv::FE_INEXACT);
    let result = rint(x);
    if flags == 0 {
        crate::fenv::feclearexcept(crate::fenv::FE_INEXACT);
    }
    result
}

/// C `nearbyintf`. Not by way of `nearbyint`: LLVM knows what that is, and would make the float form
/// of it, this function.
#[export]
pub extern "C" fn nearbyintf(x: f32) -> f32 {
    let flags = crate::fenv::fetestexcept(crate::fenv::FE_INEXACT);
    let result = rintf(x);
    if flags == 0 {
        crate::fenv::feclearexcept(crate::fenv::FE_INEXACT);
    }
    result
}

/// C `lrint` (and `llrint`).
#[export]
pub extern "C" fn lrint(x: f64) -> i64 {
    // SAFETY: SSE2 is part of x86-64.
    unsafe { _mm_cvtsd_si64(_mm_set_sd(x)) }
}

/// C `lrintf` (and `llrintf`).
#[export]
pub extern "C" fn lrintf(x: f32) -> i64 {
    // SAFETY: SSE2 is part of x86-64.
    unsafe { _mm_cvtss_si64(_mm_set_ss(x)) }
}

/// C `lround` (and `llround`).
#[export]
pub extern "C" fn lround(x: f64) -> i64 {
    lrint(libm::round(x))
}

/// C `llroundf`.
#[export]
pub extern "C" fn llroundf(x: f32) -> i64 {
    lrintf(libm::roundf(x))
}

/// C `lroundf`.
#[export]
pub extern "C" fn lroundf(x: f32) -> i64 {
    lrintf(libm::roundf(x))
}

/// What `fromfp` and its kin take as rounding direction.
fn directed(x: f64, direction: i32) -> f64 {
    match direction {
        0 => libm::ceil(x),
        1 => libm::floor(x),
        2 => libm::trunc(x),
        3 => libm::round(x),
        _ => libm::roundeven(x),
    }
}

fn bounded(x: f64, direction: i32, width: u32, low: f64, high: f64) -> f64 {
    if width == 0 {
        crate::errno::set(EDOM);
        crate::fenv::feraiseexcept(crate::fenv::FE_INVALID);
        return 0.0;
    }
    let result = directed(x, direction);
    if !(low..=high).contains(&result) {
        crate::errno::set(EDOM);
        crate::fenv::feraiseexcept(crate::fenv::FE_INVALID);
        return if x.is_nan() || x < 0.0 { low } else { high };
    }
    result
}

/// What `convert` makes of `x`, with "inexact" raised just if that is a number without its fraction.
fn inexact<T>(x: f64, convert: impl FnOnce() -> T) -> T {
    use crate::fenv::{FE_INEXACT, FE_INVALID, feclearexcept, feraiseexcept, fetestexcept};
    let (before, wrong) = (fetestexcept(FE_INEXACT), fetestexcept(FE_INVALID));
    let result = convert();
    if before == 0 {
        feclearexcept(FE_INEXACT);
    }
    if libm::trunc(x) != x && fetestexcept(FE_INVALID) == wrong {
        feraiseexcept(FE_INEXACT);
    }
    result
}

macro_rules! from_fp {
    ($($name:ident $exact:ident $unsigned:ident $unsigned_exact:ident $float:ident;)*) => {$(
        #[doc = concat!("C23 `", stringify!($name), "`.")]
        #[export]
        pub extern "C" fn $name(x: $float, direction: i32, width: u32) -> i64 {
            let bits = width.min(64) as i32;
            let high = libm::scalbn(1.0, bits - 1) - if bits <= 53 { 1.0 } else { 0.0 };
            bounded(x.into(), direction, width, -libm::scalbn(1.0, bits - 1), high) as i64
        }

        #[doc = concat!("C23 `", stringify!($exact), "`.")]
        #[export]
        pub extern "C" fn $exact(x: $float, direction: i32, width: u32) -> i64 {
            inexact(x.into(), || $name(x, direction, width))
        }

        #[doc = concat!("C23 `", stringify!($unsigned), "`.")]
        #[export]
        pub extern "C" fn $unsigned(x: $float, direction: i32, width: u32) -> u64 {
            let bits = width.min(64) as i32;
            let high = libm::scalbn(1.0, bits) - if bits <= 53 { 1.0 } else { 0.0 };
            bounded(x.into(), direction, width, 0.0, high) as u64
        }

        #[doc = concat!("C23 `", stringify!($unsigned_exact), "`.")]
        #[export]
        pub extern "C" fn $unsigned_exact(x: $float, direction: i32, width: u32) -> u64 {
            inexact(x.into(), || $unsigned(x, direction, width))
        }
    )*};
}

from_fp! {
    fromfp fromfpx ufromfp ufromfpx f64;
    fromfpf fromfpxf ufromfpf ufromfpxf f32;
}
