//! Against the host's glibc: how many results differ at all, and by how many units of the last place.
#![allow(unsafe_op_in_unsafe_fn)]

use super::*;
use crate::test_random;

macro_rules! against_host {
    ($($name:ident $low:tt $high:literal $differ:literal $units:literal;)*) => {
        mod host {
            unsafe extern "C" {
                $(pub fn $name(x: f64) -> f64;)*
                pub fn pow(x: f64, y: f64) -> f64;
                pub fn atan2(x: f64, y: f64) -> f64;
                pub fn hypot(x: f64, y: f64) -> f64;
                pub fn fmod(x: f64, y: f64) -> f64;
                pub fn nextafter(x: f64, y: f64) -> f64;
                pub fn ldexp(x: f64, y: i32) -> f64;
            }
        }

        #[test]
        fn functions_of_one_number() {
            $({
                let mut random = test_random(31);
                let mut tally = Tally::new(stringify!($name));
                for i in 0..40000 {
                    let part = (random() >> 1) as f64 / (1u64 << 52) as f64;
                    let mut x = $low + ($high - $low) * part;
                    if i % 4 == 0 {
                        // Numbers of all sizes within the bounds.
                        x *= 2.0f64.powi(-((random() % 60) as i32));
                        if x < $low { continue }
                    }
                    tally.add(x, $name(x), unsafe { host::$name(x) });
                }
                for x in [0.0, -0.0, 1.0, -1.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 5e-324, -5e-324,
                    f64::MAX, f64::MIN, 2.0, 0.5, -2.5, 1e300, -1e300, 1e-300, 710.0, -746.0, 1e22, 3e15, 0.49999999999999994] {
                    tally.add(x, $name(x), unsafe { host::$name(x) });
                }
                tally.check($differ, $units);
            })*
        }
    };
}

struct Tally {
    name: &'static str,
    count: usize,
    differ: usize,
    units: u64,
    worst: f64,
}

impl Tally {
    fn new(name: &'static str) -> Self {
        Self { name, count: 0, differ: 0, units: 0, worst: 0.0 }
    }

    fn add(&mut self, x: f64, mine: f64, theirs: f64) {
        self.count += 1;
        if mine.is_nan() || theirs.is_nan() {
            assert_eq!(mine.is_nan(), theirs.is_nan(), "{}({x:e}): {mine:e} {theirs:e}", self.name);
            return;
        }
        if mine.to_bits() == theirs.to_bits() {
            return;
        }
        let units = (mine.to_bits() as i64).abs_diff(theirs.to_bits() as i64);
        self.differ += 1;
        if units > self.units {
            (self.units, self.worst) = (units, x);
        }
    }

    fn check(&self, per_mille: usize, units: u64) {
        println!(
            "{}: {} of {} differ, worst {} at {:e}",
            self.name, self.differ, self.count, self.units, self.worst
        );
        assert!(self.units <= units, "{}: {} units at {:e}", self.name, self.units, self.worst);
        assert!(self.differ * 1000 <= self.count * per_mille, "{}: {} differ", self.name, self.differ);
    }
}

against_host! {
    exp (-700.0) 709.0 6 1;
    exp2 (-1000.0) 1023.0 6 1;
    exp10 (-300.0) 308.0 400 2;
    expm1 (-30.0) 700.0 10 1;
    log 0.0 1000.0 6 1;
    log2 0.0 1000.0 10 1;
    log10 0.0 1000.0 10 2;
    log1p (-1.0) 1000.0 10 1;
    sin (-100.0) 1000.0 6 1;
    cos (-100.0) 1000.0 6 1;
    tan (-100.0) 1000.0 6 1;
    asin (-1.0) 1.0 6 1;
    acos (-1.0) 1.0 6 1;
    atan (-100.0) 100.0 6 1;
    sinh (-30.0) 30.0 10 2;
    cosh (-30.0) 30.0 10 2;
    tanh (-3.0) 3.0 10 4;
    asinh (-300.0) 300.0 10 1;
    acosh 1.0 300.0 10 1;
    atanh (-1.0) 1.0 10 1;
    sqrt 0.0 1000.0 0 0;
    floor (-10.0) 1000.0 0 0;
    ceil (-10.0) 1000.0 0 0;
    trunc (-10.0) 1000.0 0 0;
    round (-10.0) 1000.0 0 0;
    rint (-10.0) 1000.0 0 0;
    nearbyint (-10.0) 1000.0 0 0;
    roundeven (-10.0) 1000.0 0 0;
    erf (-6.0) 6.0 100 2;
    erfc (-6.0) 25.0 100 8;
    logb (-6.0) 25.0 0 0;
    significand (-6.0) 25.0 0 0;
}

#[test]
fn functions_of_two_numbers() {
    let mut random = test_random(32);
    let mut number = move |size: f64| {
        let part = (random() >> 1) as f64 / (1u64 << 51) as f64 - 1.0;
        match random() % 8 {
            0 => (part * size).round(),
            1 => part * 2.0f64.powi((random() % 100) as i32 - 50),
            _ => part * size,
        }
    };
    let mut tallies = ["pow", "atan2", "hypot", "fmod", "nextafter"].map(Tally::new);
    for _ in 0..100000 {
        let (x, y) = (number(100.0), number(40.0));
        unsafe {
            tallies[0].add(x, pow(x.abs(), y), host::pow(x.abs(), y));
            tallies[0].add(x, pow(x, y.round()), host::pow(x, y.round()));
            tallies[1].add(x, atan2(y, x), host::atan2(y, x));
            tallies[2].add(x, hypot(y, x), host::hypot(y, x));
            tallies[3].add(x, fmod(x, y), host::fmod(x, y));
            tallies[4].add(x, nextafter(x, y), host::nextafter(x, y));
            let power = (y * 40.0) as i32;
            assert_eq!(ldexp(x, power).to_bits(), host::ldexp(x, power).to_bits());
        }
    }
    let special = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
        3.0,
        -3.0,
        0.5,
        1e308,
        5e-324,
        2.0,
    ];
    for x in special {
        for y in special {
            unsafe {
                tallies[0].add(x, pow(x, y), host::pow(x, y));
                tallies[1].add(x, atan2(x, y), host::atan2(x, y));
                tallies[2].add(x, hypot(x, y), host::hypot(x, y));
                tallies[3].add(x, fmod(x, y), host::fmod(x, y));
                tallies[4].add(x, nextafter(x, y), host::nextafter(x, y));
            }
        }
    }
    for (tally, per_mille) in tallies.iter().zip([6, 6, 6, 0, 0]) {
        tally.check(per_mille, 1);
    }
}

#[test]
fn whole_powers_are_exact() {
    for base in 2..20i32 {
        let mut product = 1.0;
        for power in 0..12 {
            assert_eq!(pow(f64::from(base), f64::from(power)), product, "{base}^{power}");
            product *= f64::from(base);
        }
    }
    for power in -1074..1024 {
        assert_eq!(exp2(f64::from(power)), pow(2.0, f64::from(power)));
        assert_eq!(log2(pow(2.0, f64::from(power))), f64::from(power));
    }
    for power in 0..23 {
        assert_eq!(log10(10f64.powi(power)), f64::from(power));
        assert_eq!(exp10(f64::from(power)), 10f64.powi(power));
    }
}

/// Calls one of `long` as C would: the number on the stack, the result stored as its ten bytes.
#[inline(never)]
unsafe fn call_long(
    function: unsafe extern "C" fn(),
    x: f64,
    y: f64,
    pointer: *mut u8,
    extra: i32,
) -> (f64, i64) {
    let (mut result, mut integer) = (0f64, 0i64);
    core::arch::asm!(
        "mov r13, rsp",
        "and rsp, -16",
        "sub rsp, 32",
        "fld qword ptr [{x}]",
        "fstp tbyte ptr [rsp]",
        "fld qword ptr [{y}]",
        "fstp tbyte ptr [rsp + 16]",
        "call {f}",
        "fxam",
        "fstp qword ptr [{r}]",
        "mov rsp, r13",
        x = in(reg) &raw const x, y = in(reg) &raw const y, f = in(reg) function,
        r = in(reg) &raw mut result,
        inout("rdi") if pointer.is_null() { extra as usize } else { pointer as usize } => _,
        out("rax") integer, out("rcx") _, out("rdx") _, out("rsi") _,
        out("r13") _, out("r8") _, out("r9") _, out("r10") _, out("r11") _,
        out("st(0)") _, out("st(1)") _, out("st(2)") _, out("st(3)") _,
        out("st(4)") _, out("st(5)") _, out("st(6)") _, out("st(7)") _,
        clobber_abi("C"),
    );
    (result, integer)
}

#[test]
fn long_double_functions() {
    let null = core::ptr::null_mut();
    unsafe {
        for x in [0.0, -0.0, 1.5, -1.5, 2.5, -2.5, 0.3, -0.3, 1e10, -123456.75, 4.0, f64::INFINITY] {
            assert_eq!(call_long(ceill, x, 0.0, null, 0).0.to_bits(), x.ceil().to_bits(), "{x}");
            assert_eq!(call_long(floorl, x, 0.0, null, 0).0.to_bits(), x.floor().to_bits());
            assert_eq!(call_long(truncl, x, 0.0, null, 0).0.to_bits(), x.trunc().to_bits());
            assert_eq!(call_long(fabsl, x, 0.0, null, 0).0, x.abs());
            assert_eq!(call_long(copysignl, x, -1.0, null, 0).0.to_bits(), x.copysign(-1.0).to_bits());
            assert_eq!(call_long(copysignl, x, 1.0, null, 0).0.to_bits(), x.copysign(1.0).to_bits());
            assert_eq!(call_long(ldexpl, x, 0.0, null, -3).0, x / 8.0);
            let mut power = 0i32;
            let fraction = call_long(frexpl, x, 0.0, (&raw mut power).cast(), 0).0;
            let expected = if x.is_finite() { libm::frexp(x) } else { (x, 0) };
            assert_eq!((fraction, power), (expected.0, if x == 0.0 { 0 } else { expected.1 }), "{x}");
            let mut whole = [0u128; 1];
            let rest = call_long(modfl, x, 0.0, whole.as_mut_ptr().cast(), 0).0;
            let expected = if x.is_finite() { x - x.trunc() } else { 0.0 };
            assert_eq!(rest.to_bits(), expected.copysign(x).to_bits(), "{x}");
            assert_eq!(call_long(fmodl, x.clamp(-1e9, 1e9), 0.7, null, 0).0, x.clamp(-1e9, 1e9) % 0.7);
        }
    }
}
