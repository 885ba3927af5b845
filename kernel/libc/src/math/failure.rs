//! Results outside of a function's domain or range: the value, the exception and `errno`.

use core::hint::black_box;

use kcore::errno::{EDOM, ERANGE};

/// An invalid operation's NaN. EDOM.
#[cold]
pub(super) fn domain() -> f64 {
    crate::errno::set(EDOM);
    black_box(black_box(0.0) / black_box(0.0))
}

/// `x` itself if it is a NaN (made quiet), else as [`domain`].
#[cold]
pub(super) fn domain_of(x: f64) -> f64 {
    if x.is_nan() { x + x } else { domain() }
}

/// An exact infinity, as of `log(0)`. ERANGE.
#[cold]
pub(super) fn pole(negative: bool) -> f64 {
    crate::errno::set(ERANGE);
    black_box((if negative { -1.0 } else { 1.0 }) / black_box(0.0))
}

/// What is too large. ERANGE.
#[cold]
pub(super) fn overflow(negative: bool) -> f64 {
    crate::errno::set(ERANGE);
    let huge = black_box(f64::MAX);
    black_box(huge * if negative { -f64::MAX } else { f64::MAX })
}

/// What is too small. ERANGE.
#[cold]
pub(super) fn underflow(negative: bool) -> f64 {
    crate::errno::set(ERANGE);
    let tiny = black_box(f64::MIN_POSITIVE);
    black_box(tiny * if negative { -f64::MIN_POSITIVE } else { f64::MIN_POSITIVE })
}

/// Sets ERANGE if a result is infinite although its argument is not.
pub(super) fn ranged(result: f64, argument: f64) -> f64 {
    if result.is_infinite() && argument.is_finite() {
        crate::errno::set(ERANGE);
    }
    result
}
