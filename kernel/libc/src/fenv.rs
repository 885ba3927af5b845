//! fenv.h: exceptions, rounding and the environment, of SSE and of the x87 together.
#![allow(
    unsafe_op_in_unsafe_fn,
    reason = "each function is one unsafe contract, C's: pointers valid as it says"
)]

use core::arch::asm;
use core::ffi::c_int;

use macros::export;

/// The bit of each exception, in MXCSR and in the x87's status word.
pub const FE_INVALID: c_int = 1;
/// Division by zero.
pub const FE_DIVBYZERO: c_int = 4;
/// Overflow.
pub const FE_OVERFLOW: c_int = 8;
/// Underflow.
pub const FE_UNDERFLOW: c_int = 16;
/// An inexact result.
pub const FE_INEXACT: c_int = 32;
/// All of them.
pub const FE_ALL_EXCEPT: c_int = 61;
/// The rounding bits of the x87's control word; MXCSR's are three places higher.
const ROUNDING: c_int = 0xc00;

/// C `fenv_t`: what `fnstenv` stores, and MXCSR.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct fenv_t {
    control: u16,
    reserved: u16,
    status: u16,
    rest: [u16; 11],
    mxcsr: u32,
}

/// C23 `femode_t`: control modes without exceptions.
#[repr(C)]
pub struct femode_t {
    control: u16,
    reserved: u16,
    mxcsr: u32,
}

fn mxcsr() -> u32 {
    let mut value = 0u32;
    // SAFETY: stores MXCSR.
    unsafe { asm!("stmxcsr [{}]", in(reg) &raw mut value, options(nostack)) };
    value
}

fn set_mxcsr(value: u32) {
    // SAFETY: the callers set no reserved bit that was not there before.
    unsafe { asm!("ldmxcsr [{}]", in(reg) &raw const value, options(nostack, readonly)) };
}

fn control() -> u16 {
    let mut value = 0u16;
    // SAFETY: stores the control word.
    unsafe { asm!("fnstcw [{}]", in(reg) &raw mut value, options(nostack)) };
    value
}

fn set_control(value: u16) {
    // SAFETY: a control word has no invalid value.
    unsafe { asm!("fldcw [{}]", in(reg) &raw const value, options(nostack, readonly)) };
}

fn status() -> u16 {
    let value: u16;
    // SAFETY: reads the status word.
    unsafe { asm!("fnstsw ax", out("ax") value, options(nostack, nomem)) };
    value
}

fn environment() -> fenv_t {
    let mut value = fenv_t { control: 0, reserved: 0, status: 0, rest: [0; 11], mxcsr: mxcsr() };
    // SAFETY: the first 28 bytes are what `fnstenv` stores; it masks all exceptions, so the control
    // word is loaded again.
    unsafe { asm!("fnstenv [{0}]", "fldcw [{0}]", in(reg) &raw mut value, options(nostack)) };
    value
}

fn set_environment(value: &fenv_t) {
    // SAFETY: an environment that was stored before, with changes in exceptions and modes only.
    unsafe { asm!("fldenv [{}]", in(reg) value, options(nostack, readonly)) };
    set_mxcsr(value.mxcsr);
}

/// C `fetestexcept`: which of the exceptions are set.
#[export]
pub extern "C" fn fetestexcept(which: c_int) -> c_int {
    (mxcsr() as c_int | c_int::from(status())) & which & FE_ALL_EXCEPT
}

/// C `feclearexcept`.
#[export]
pub extern "C" fn feclearexcept(which: c_int) -> c_int {
    let which = which & FE_ALL_EXCEPT;
    if c_int::from(status()) & which != 0 {
        let mut value = environment();
        value.status &= !(which as u16);
        set_environment(&value);
    }
    set_mxcsr(mxcsr() & !(which as u32));
    0
}

/// C `feraiseexcept`. An exception that traps, traps.
#[export]
pub extern "C" fn feraiseexcept(which: c_int) -> c_int {
    let which = (which & FE_ALL_EXCEPT) as u32;
    set_mxcsr(mxcsr() | which);
    // An exception that is not masked is raised by an operation, not by its flag.
    let unmasked = which & !(mxcsr() >> 7);
    let operations: [(c_int, f64, f64); 4] = [
        (FE_INVALID, 0.0, 0.0),
        (FE_DIVBYZERO, 1.0, 0.0),
        (FE_OVERFLOW, f64::MAX, f64::MIN_POSITIVE),
        (FE_UNDERFLOW, f64::MIN_POSITIVE, f64::MAX),
    ];
    for (bit, a, b) in operations {
        if unmasked & bit as u32 != 0 {
            let result = core::hint::black_box(a) / core::hint::black_box(b);
            core::hint::black_box(result);
        }
    }
    0
}

/// GNU `fesetexcept`: sets flags without raising anything.
#[export]
pub extern "C" fn fesetexcept(which: c_int) -> c_int {
    set_mxcsr(mxcsr() | (which & FE_ALL_EXCEPT) as u32);
    0
}

/// C `fegetexceptflag`.
#[export]
pub unsafe extern "C" fn fegetexceptflag(to: *mut u16, which: c_int) -> c_int {
    *to = fetestexcept(which) as u16;
    0
}

/// C `fesetexceptflag`.
#[export]
pub unsafe extern "C" fn fesetexceptflag(from: *const u16, which: c_int) -> c_int {
    let set = c_int::from(*from) & which & FE_ALL_EXCEPT;
    feclearexcept(which & !set);
    fesetexcept(set)
}

/// C23 `fetestexceptflag`.
#[export]
pub unsafe extern "C" fn fetestexceptflag(flags: *const u16, which: c_int) -> c_int {
    c_int::from(*flags) & which & FE_ALL_EXCEPT
}

/// C `fegetround`.
#[export]
pub extern "C" fn fegetround() -> c_int {
    c_int::from(control()) & ROUNDING
}

/// C `fesetround`: 1 for what is no rounding mode.
#[export]
pub extern "C" fn fesetround(mode: c_int) -> c_int {
    if mode & !ROUNDING != 0 {
        return 1;
    }
    set_control(control() & !(ROUNDING as u16) | mode as u16);
    set_mxcsr(mxcsr() & !((ROUNDING as u32) << 3) | (mode as u32) << 3);
    0
}

/// C `fegetenv`.
#[export]
pub unsafe extern "C" fn fegetenv(to: *mut fenv_t) -> c_int {
    *to = environment();
    0
}

/// The values of `FE_DFL_ENV` (−1) and GNU's `FE_NOMASK_ENV` (−2), or what is pointed at.
unsafe fn given(from: *const fenv_t) -> fenv_t {
    match from as isize {
        -1 | -2 => {
            let masks = if from as isize == -1 { 0x3f } else { 0x02 };
            let mut value = environment();
            value.control = 0x340 | masks;
            value.status &= !(FE_ALL_EXCEPT as u16);
            value.mxcsr = u32::from(masks) << 7;
            value
        }
        _ => {
            // Of the x87's part only modes and exceptions are taken over.
            let mut value = environment();
            value.control = (*from).control;
            value.status = value.status & !(FE_ALL_EXCEPT as u16) | (*from).status & FE_ALL_EXCEPT as u16;
            value.mxcsr = (*from).mxcsr;
            value
        }
    }
}

/// C `fesetenv`.
#[export]
pub unsafe extern "C" fn fesetenv(from: *const fenv_t) -> c_int {
    set_environment(&given(from));
    0
}

/// C `feupdateenv`: as `fesetenv`, then raises what was set before.
#[export]
pub unsafe extern "C" fn feupdateenv(from: *const fenv_t) -> c_int {
    let before = fetestexcept(FE_ALL_EXCEPT);
    fesetenv(from);
    feraiseexcept(before)
}

/// C `feholdexcept`: saves the environment, clears the exceptions and masks them.
#[export]
pub unsafe extern "C" fn feholdexcept(to: *mut fenv_t) -> c_int {
    *to = environment();
    feclearexcept(FE_ALL_EXCEPT);
    set_control(control() | 0x3f);
    set_mxcsr(mxcsr() | 0x1f80);
    0
}

/// GNU `fegetexcept`: which exceptions trap.
#[export]
pub extern "C" fn fegetexcept() -> c_int {
    !c_int::from(control()) & FE_ALL_EXCEPT
}

/// GNU `feenableexcept`: makes exceptions trap; gives those that did.
#[export]
pub extern "C" fn feenableexcept(which: c_int) -> c_int {
    let before = fegetexcept();
    let which = which & FE_ALL_EXCEPT;
    set_control(control() & !(which as u16));
    set_mxcsr(mxcsr() & !((which as u32) << 7));
    before
}

/// GNU `fedisableexcept`: the inverse.
#[export]
pub extern "C" fn fedisableexcept(which: c_int) -> c_int {
    let before = fegetexcept();
    let which = which & FE_ALL_EXCEPT;
    set_control(control() | which as u16);
    set_mxcsr(mxcsr() | (which as u32) << 7);
    before
}

/// C23 `fegetmode`.
#[export]
pub unsafe extern "C" fn fegetmode(to: *mut femode_t) -> c_int {
    *to = femode_t { control: control(), reserved: 0, mxcsr: mxcsr() };
    0
}

/// C23 `fesetmode`; a pointer of −1 is `FE_DFL_MODE`.
#[export]
pub unsafe extern "C" fn fesetmode(from: *const femode_t) -> c_int {
    let (control, modes) =
        if from as isize == -1 { (0x37f, 0x1f80) } else { ((*from).control, (*from).mxcsr) };
    set_control(control);
    set_mxcsr(mxcsr() & 0x3f | modes & !0x3f);
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_and_exceptions() {
        assert_eq!(fegetround(), 0);
        for mode in [0x400, 0x800, 0xc00] {
            assert_eq!(fesetround(mode), 0);
            assert_eq!(fegetround(), mode);
            let third = core::hint::black_box(1.0) / core::hint::black_box(3.0);
            let up = third == 0.333_333_333_333_333_37;
            assert_eq!(up, mode == 0x800);
        }
        assert_eq!(fesetround(1), 1);
        fesetround(0);
        feclearexcept(FE_ALL_EXCEPT);
        assert_eq!(fetestexcept(FE_ALL_EXCEPT), 0);
        feraiseexcept(FE_OVERFLOW | FE_INVALID);
        assert_eq!(fetestexcept(FE_ALL_EXCEPT), FE_OVERFLOW | FE_INVALID);
        // SAFETY: an environment of the size C gives it.
        unsafe {
            let mut saved = core::mem::zeroed();
            feholdexcept(&mut saved);
            assert_eq!(fetestexcept(FE_ALL_EXCEPT), 0);
            feraiseexcept(FE_INEXACT);
            feupdateenv(&saved);
        }
        assert_eq!(fetestexcept(FE_ALL_EXCEPT), FE_OVERFLOW | FE_INVALID | FE_INEXACT);
        feclearexcept(FE_ALL_EXCEPT);
    }
}
