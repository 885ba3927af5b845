//! The `float` forms: the `double` ones, rounded once more. That is right but for a case in some
//! hundred millions, and smaller than a second set of functions.

use kcore::errno::ERANGE;
use macros::export;

/// Rounds to a float; ERANGE if that overflows or underflows where the double did not.
pub(super) fn narrow(result: f64) -> f32 {
    let narrow = result as f32;
    if result.is_finite() && (narrow.is_infinite() || (narrow == 0.0 && result != 0.0)) {
        crate::errno::set(ERANGE);
    }
    narrow
}

macro_rules! forms {
    ($($single:ident $double:ident ($($argument:ident),*);)*) => {$(
        #[doc = concat!("C `", stringify!($single), "`.")]
        #[export]
        pub extern "C" fn $single($($argument: f32),*) -> f32 {
            narrow(super::$double($($argument.into()),*))
        }
    )*};
}

forms! {
    acosf acos (x);
    acoshf acosh (x);
    asinf asin (x);
    asinhf asinh (x);
    atanf atan (x);
    atan2f atan2 (y, x);
    atanhf atanh (x);
    cbrtf cbrt (x);
    cosf cos (x);
    coshf cosh (x);
    erff erf (x);
    erfcf erfc (x);
    expf exp (x);
    exp2f exp2 (x);
    exp10f exp10 (x);
    expm1f expm1 (x);
    hypotf hypot (x, y);
    logf log (x);
    log10f log10 (x);
    log1pf log1p (x);
    log2f log2 (x);
    powf pow (x, y);
    sinf sin (x);
    sinhf sinh (x);
    tanf tan (x);
    tanhf tanh (x);
    tgammaf tgamma (x);
}

/// C `sqrtf`.
#[export]
pub extern "C" fn sqrtf(x: f32) -> f32 {
    if x < 0.0 { super::failure::domain() as f32 } else { libm::sqrtf(x) }
}

/// GNU `sincosf`.
#[export]
pub unsafe extern "C" fn sincosf(x: f32, sine: *mut f32, cosine: *mut f32) {
    *sine = sinf(x);
    *cosine = cosf(x);
}
