//! Conversions older than C's or newer than most programs: `a64l`, `ecvt`, `strfromd`.

use core::cell::UnsafeCell;
use core::ffi::{c_char, c_long};

use macros::export;

/// The digits of radix 64, from 0 on.
const RADIX_64: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A number of 32 bits from up to six digits of radix 64, the lowest first.
#[export]
pub unsafe extern "C" fn a64l(text: *const c_char) -> c_long {
    let mut value = 0u64;
    for index in 0..6 {
        // SAFETY: the caller's string, which has not ended.
        let byte = unsafe { *text.add(index) } as u8;
        match RADIX_64.iter().position(|digit| *digit == byte) {
            Some(digit) => value |= (digit as u64) << (6 * index),
            None => break,
        }
    }
    // glibc does not extend bit 31, though `l64a` takes a signed number.
    c_long::from(value as u32)
}

/// A result that the next call overwrites, as C has it.
struct Buffer<const N: usize>(UnsafeCell<[u8; N]>);

// SAFETY: C says that such functions need not be safe among threads.
unsafe impl<const N: usize> Sync for Buffer<N> {}

/// The digits of radix 64 of a number's lower 32 bits, the lowest first.
#[export]
pub unsafe extern "C" fn l64a(number: c_long) -> *mut c_char {
    static BUFFER: Buffer<7> = Buffer(UnsafeCell::new([0; 7]));
    let buffer = BUFFER.0.get();
    let mut rest = number as u32;
    // SAFETY: one thread at a time, by C's rules.
    unsafe {
        let mut size = 0;
        while rest != 0 {
            (*buffer)[size] = RADIX_64[rest as usize & 63];
            rest >>= 6;
            size += 1;
        }
        (*buffer)[size] = 0;
    }
    buffer.cast()
}
