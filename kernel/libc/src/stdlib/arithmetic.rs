//! Absolute values and quotients.

use core::ffi::c_int;

use macros::export;

/// C `abs`; the most negative number is its own absolute value, as in glibc.
#[export]
pub extern "C" fn abs(value: c_int) -> c_int {
    value.wrapping_abs()
}

/// C `labs` (and `llabs`, `imaxabs`).
#[export]
pub extern "C" fn labs(value: i64) -> i64 {
    value.wrapping_abs()
}

/// C `div_t`.
#[repr(C)]
pub struct div_t {
    quot: c_int,
    rem: c_int,
}

/// C `ldiv_t` (and `lldiv_t`, `imaxdiv_t`).
#[repr(C)]
pub struct ldiv_t {
    quot: i64,
    rem: i64,
}

/// C `div`. A zero denominator is undefined in C; here it faults as the division itself would.
#[export]
pub extern "C" fn div(numerator: c_int, denominator: c_int) -> div_t {
    let wide = ldiv(numerator.into(), denominator.into());
    div_t { quot: wide.quot as c_int, rem: wide.rem as c_int }
}

/// C `ldiv` (and `lldiv`, `imaxdiv`).
#[export]
pub extern "C" fn ldiv(numerator: i64, denominator: i64) -> ldiv_t {
    let (quot, rem);
    // SAFETY: no memory is touched; a zero denominator or overflow raises the exception that the
    // application would get from dividing by itself.
    unsafe {
        core::arch::asm!("cqo", "idiv {}", in(reg) denominator, inout("rax") numerator => quot, out("rdx") rem, options(nomem, nostack));
    }
    ldiv_t { quot, rem }
}
