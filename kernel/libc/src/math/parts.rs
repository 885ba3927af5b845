//! Taking numbers apart and putting them together; classes.

use core::ffi::{c_char, c_int, c_long};
use core::hint::black_box;

use kcore::errno::{EDOM, ERANGE};
use macros::export;

use super::failure::domain;

/// The members that a `double` and a `float` function share.
macro_rules! both {
    ($($name:ident $single:ident ($($argument:ident: $kind:tt),*) -> $result:tt |$body:ident| $expression:expr;)*) => {$(
        both!(@one $name f64 ($($argument: $kind),*) -> $result $expression);
        both!(@one $single f32 ($($argument: $kind),*) -> $result $expression);
    )*};
    (@one $name:ident $float:ident ($($argument:ident: $kind:tt),*) -> $result:tt $expression:expr) => {
        #[doc = concat!("C `", stringify!($name), "`.")]
        #[export]
        #[allow(clippy::redundant_closure_call)]
        pub extern "C" fn $name($($argument: both!(@type $kind $float)),*) -> both!(@type $result $float) {
            $expression
        }
    };
    (@type float $float:ident) => { $float };
    (@type $other:ident $float:ident) => { $other };
}

both! {
    fabs fabsf (x: float) -> float |_b| x.abs();
    copysign copysignf (x: float, y: float) -> float |_b| x.copysign(y);
    isnan isnanf (x: float) -> c_int |_b| x.is_nan().into();
    isinf isinff (x: float) -> c_int |_b| {
        if x.is_infinite() { if x > 0.0 { 1 } else { -1 } } else { 0 }
    };
    finite finitef (x: float) -> c_int |_b| x.is_finite().into();
    __signbit __signbitf (x: float) -> c_int |_b| c_int::from(x.is_sign_negative()) << 3;
    __fpclassify __fpclassifyf (x: float) -> c_int |_b| match x.classify() {
        core::num::FpCategory::Nan => 0,
        core::num::FpCategory::Infinite => 1,
        core::num::FpCategory::Zero => 2,
        core::num::FpCategory::Subnormal => 3,
        core::num::FpCategory::Normal => 4,
    };
    __issignaling __issignalingf (x: float) -> c_int |_b| {
        (x.is_nan() && x.to_bits() & 1 << quiet_bit(size_of_val(&x)) == 0).into()
    };
    __iseqsig __iseqsigf (x: float, y: float) -> c_int |_b| {
        if x.is_nan() || y.is_nan() {
            crate::fenv::feraiseexcept(crate::fenv::FE_INVALID);
            crate::errno::set(EDOM);
        }
        (x == y).into()
    };
}

/// The number of the bit that makes a NaN quiet, by the size of the type.
const fn quiet_bit(size: usize) -> u32 {
    if size == 8 { 51 } else { 22 }
}

/// C `frexp`.
#[export]
pub unsafe extern "C" fn frexp(x: f64, exponent: *mut c_int) -> f64 {
    if !x.is_finite() {
        *exponent = 0;
        return x + x;
    }
    let (fraction, power) = libm::frexp(x);
    *exponent = if x == 0.0 { 0 } else { power };
    fraction
}

/// C `frexpf`.
#[export]
pub unsafe extern "C" fn frexpf(x: f32, exponent: *mut c_int) -> f32 {
    if !x.is_finite() {
        *exponent = 0;
        return x + x;
    }
    let (fraction, power) = libm::frexpf(x);
    *exponent = if x == 0.0 { 0 } else { power };
    fraction
}

fn scaled(result: f64, x: f64) -> f64 {
    if x.is_finite() && x != 0.0 && (result == 0.0 || result.is_infinite()) {
        crate::errno::set(ERANGE);
    }
    result
}

/// C `ldexp` (and `scalbn`).
#[export]
pub extern "C" fn ldexp(x: f64, power: c_int) -> f64 {
    if !x.is_finite() {
        return x + x;
    }
    scaled(libm::scalbn(x, power), x)
}

/// C `ldexpf` (and `scalbnf`).
#[export]
pub extern "C" fn ldexpf(x: f32, power: c_int) -> f32 {
    if !x.is_finite() {
        return x + x;
    }
    let result = libm::scalbnf(x, power);
    scaled(result.into(), x.into());
    result
}

/// C `scalbln`.
#[export]
pub extern "C" fn scalbln(x: f64, power: c_long) -> f64 {
    ldexp(x, power.clamp(-100_000, 100_000) as c_int)
}

/// C `scalblnf`.
#[export]
pub extern "C" fn scalblnf(x: f32, power: c_long) -> f32 {
    ldexpf(x, power.clamp(-100_000, 100_000) as c_int)
}

/// BSD `scalb`: the power is a whole number.
#[export]
pub extern "C" fn scalb(x: f64, power: f64) -> f64 {
    if x.is_nan() || power.is_nan() {
        return x * power;
    }
    if power.is_infinite() {
        if (power > 0.0 && x == 0.0) || (power < 0.0 && x.is_infinite()) {
            return domain();
        }
        return if power > 0.0 { x * power } else { x / -power };
    }
    if libm::rint(power) != power {
        return domain();
    }
    ldexp(x, power.clamp(-65000.0, 65000.0) as c_int)
}

/// BSD `scalbf`.
#[export]
pub extern "C" fn scalbf(x: f32, power: f32) -> f32 {
    scalb(x.into(), power.into()) as f32
}

/// C `modf`.
#[export]
pub unsafe extern "C" fn modf(x: f64, whole: *mut f64) -> f64 {
    if x.is_nan() {
        *whole = x + x;
        return x + x;
    }
    *whole = libm::trunc(x);
    (if x.is_infinite() { 0.0 } else { x - *whole }).copysign(x)
}

/// C `modff`.
#[export]
pub unsafe extern "C" fn modff(x: f32, whole: *mut f32) -> f32 {
    let mut wide = 0.0;
    let rest = modf(x.into(), &mut wide);
    *whole = wide as f32;
    rest as f32
}

/// The exponent of a number that is neither zero, infinite nor NaN.
fn exponent_of(x: f64) -> c_int {
    libm::frexp(x).1 - 1
}

/// C `ilogb`.
#[export]
pub extern "C" fn ilogb(x: f64) -> c_int {
    if x != 0.0 && x.is_finite() {
        return exponent_of(x);
    }
    crate::errno::set(EDOM);
    crate::fenv::feraiseexcept(crate::fenv::FE_INVALID);
    if x.is_infinite() { c_int::MAX } else { c_int::MIN }
}

/// C `ilogbf`.
#[export]
pub extern "C" fn ilogbf(x: f32) -> c_int {
    ilogb(x.into())
}

/// C23 `llogb`.
#[export]
pub extern "C" fn llogb(x: f64) -> c_long {
    match ilogb(x) {
        c_int::MAX => c_long::MAX,
        c_int::MIN => c_long::MIN,
        power => power.into(),
    }
}

/// C23 `llogbf`.
#[export]
pub extern "C" fn llogbf(x: f32) -> c_long {
    llogb(x.into())
}

/// C `logb`.
#[export]
pub extern "C" fn logb(x: f64) -> f64 {
    if x == 0.0 {
        // glibc sets no errno here.
        return -1.0 / black_box(0.0);
    }
    if x.is_finite() { exponent_of(x).into() } else { x * x }
}

/// C `logbf`.
#[export]
pub extern "C" fn logbf(x: f32) -> f32 {
    logb(x.into()) as f32
}

/// BSD `significand`.
#[export]
pub extern "C" fn significand(x: f64) -> f64 {
    if x == 0.0 || !x.is_finite() { x + x } else { libm::scalbn(x, -exponent_of(x)) }
}

/// BSD `significandf`.
#[export]
pub extern "C" fn significandf(x: f32) -> f32 {
    significand(x.into()) as f32
}

macro_rules! neighbours {
    ($($next:ident $up:ident $down:ident $float:ident;)*) => {$(
        #[doc = concat!("C `", stringify!($next), "`.")]
        #[export]
        pub extern "C" fn $next(x: $float, y: $float) -> $float {
            let result = libm::$next(x, y);
            if x.is_finite() && x != 0.0 && x != y && (result.is_infinite() || result.abs() < $float::MIN_POSITIVE) {
                crate::errno::set(ERANGE);
            }
            result
        }

        #[doc = concat!("C23 `", stringify!($up), "`.")]
        #[export]
        pub extern "C" fn $up(x: $float) -> $float {
            if x.is_nan() { x + x } else { x.next_up() }
        }

        #[doc = concat!("C23 `", stringify!($down), "`.")]
        #[export]
        pub extern "C" fn $down(x: $float) -> $float {
            if x.is_nan() { x + x } else { x.next_down() }
        }
    )*};
}

neighbours! {
    nextafter nextup nextdown f64;
    nextafterf nextupf nextdownf f32;
}

/// C `nan`: the payload is the number that the text is.
#[export]
pub unsafe extern "C" fn nan(text: *const c_char) -> f64 {
    f64::from_bits(0x7ff8_0000_0000_0000 | payload(text) & 0x7_ffff_ffff_ffff)
}

/// C `nanf`.
#[export]
pub unsafe extern "C" fn nanf(text: *const c_char) -> f32 {
    f32::from_bits(0x7fc0_0000 | payload(text) as u32 & 0x3f_ffff)
}

/// The number in a NaN's text: decimal, octal or hexadecimal; 0 for anything else.
unsafe fn payload(text: *const c_char) -> u64 {
    let text = core::ffi::CStr::from_ptr(text).to_bytes();
    let (digits, base) = match text {
        [b'0', b'x' | b'X', rest @ ..] => (rest, 16),
        [b'0', rest @ ..] => (rest, 8),
        _ => (text, 10),
    };
    let mut value = 0u64;
    for digit in digits {
        match char::from(*digit).to_digit(base) {
            Some(digit) => value = value.wrapping_mul(base.into()).wrapping_add(digit.into()),
            None => return 0,
        }
    }
    value
}
