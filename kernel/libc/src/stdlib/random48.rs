//! `drand48` and its kin: x ← a·x + c modulo 2^48, as POSIX has it.
#![allow(
    unsafe_op_in_unsafe_fn,
    reason = "each function is one unsafe contract, C's: pointers valid as it says"
)]

use core::cell::UnsafeCell;
use core::ffi::{c_int, c_long};

use macros::export;

/// glibc's `struct drand48_data`.
#[repr(C)]
pub struct drand48_data {
    x: [u16; 3],
    old: [u16; 3],
    c: u16,
    started: u16,
    a: u64,
}

struct Shared(UnsafeCell<drand48_data>);

// SAFETY: POSIX does not ask these to be safe to call from several threads at once.
unsafe impl Sync for Shared {}

static SHARED: Shared =
    Shared(UnsafeCell::new(drand48_data { x: [0; 3], old: [0; 3], c: 0, started: 0, a: 0 }));

const MULTIPLIER: u64 = 0x5_deec_e66d;
const ADDEND: u16 = 11;

impl drand48_data {
    fn reset(&mut self) {
        self.a = MULTIPLIER;
        self.c = ADDEND;
        self.started = 1;
    }

    /// The next number, 48 bits, from and into `x`.
    unsafe fn next(&mut self, x: *mut u16) -> u64 {
        if self.started == 0 {
            self.reset();
        }
        let now = u64::from(*x) | u64::from(*x.add(1)) << 16 | u64::from(*x.add(2)) << 32;
        let next = now.wrapping_mul(self.a).wrapping_add(self.c.into()) & 0xffff_ffff_ffff;
        for i in 0..3 {
            *x.add(i) = (next >> (16 * i)) as u16;
        }
        next
    }
}

fn fraction(bits: u64) -> f64 {
    f64::from_bits(0x3ff << 52 | bits << 4) - 1.0
}

fn non_negative(bits: u64) -> c_long {
    (bits >> 17) as c_long
}

fn signed(bits: u64) -> c_long {
    (bits >> 16) as i32 as c_long
}

/// One distribution: with the state that is shared, with the caller's numbers, and both reentrant.
macro_rules! distribution {
    ($own:ident $given:ident $own_r:ident $given_r:ident $result:ty, $convert:ident) => {
        #[doc = concat!("POSIX `", stringify!($own), "`.")]
        #[export]
        pub unsafe extern "C" fn $own() -> $result {
            let data = SHARED.0.get();
            $convert((*data).next((&raw mut (*data).x).cast()))
        }

        #[doc = concat!("POSIX `", stringify!($given), "`.")]
        #[export]
        pub unsafe extern "C" fn $given(x: *mut u16) -> $result {
            $convert((*SHARED.0.get()).next(x))
        }

        #[doc = concat!("GNU `", stringify!($own_r), "`.")]
        #[export]
        pub unsafe extern "C" fn $own_r(data: *mut drand48_data, result: *mut $result) -> c_int {
            *result = $convert((*data).next((&raw mut (*data).x).cast()));
            0
        }

        #[doc = concat!("GNU `", stringify!($given_r), "`.")]
        #[export]
        pub unsafe extern "C" fn $given_r(
            x: *mut u16,
            data: *mut drand48_data,
            result: *mut $result,
        ) -> c_int {
            *result = $convert((*data).next(x));
            0
        }
    };
}

distribution!(drand48 erand48 drand48_r erand48_r f64, fraction);
distribution!(lrand48 nrand48 lrand48_r nrand48_r c_long, non_negative);
distribution!(mrand48 jrand48 mrand48_r jrand48_r c_long, signed);

/// GNU `srand48_r`.
#[export]
pub unsafe extern "C" fn srand48_r(seed: c_long, data: *mut drand48_data) -> c_int {
    (*data).x = [0x330e, seed as u16, (seed >> 16) as u16];
    (*data).reset();
    0
}

/// POSIX `srand48`.
#[export]
pub unsafe extern "C" fn srand48(seed: c_long) {
    srand48_r(seed, SHARED.0.get());
}

/// GNU `seed48_r`: what was there before is kept in the data.
#[export]
pub unsafe extern "C" fn seed48_r(x: *const u16, data: *mut drand48_data) -> c_int {
    (*data).old = (*data).x;
    (*data).x = [*x, *x.add(1), *x.add(2)];
    (*data).reset();
    0
}

/// POSIX `seed48`: gives what was there before.
#[export]
pub unsafe extern "C" fn seed48(x: *const u16) -> *mut u16 {
    let data = SHARED.0.get();
    seed48_r(x, data);
    (&raw mut (*data).old).cast()
}

/// GNU `lcong48_r`.
#[export]
pub unsafe extern "C" fn lcong48_r(parameters: *const u16, data: *mut drand48_data) -> c_int {
    let p = core::slice::from_raw_parts(parameters, 7);
    (*data).reset();
    (*data).x = [p[0], p[1], p[2]];
    (*data).a = u64::from(p[3]) | u64::from(p[4]) << 16 | u64::from(p[5]) << 32;
    (*data).c = p[6];
    0
}

/// POSIX `lcong48`.
#[export]
pub unsafe extern "C" fn lcong48(parameters: *const u16) {
    lcong48_r(parameters, SHARED.0.get());
}
