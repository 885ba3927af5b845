//! `arc4random`: numbers that cannot be guessed, from the kernel's generator each time, as in
//! glibc 2.36.
#![allow(
    unsafe_op_in_unsafe_fn,
    reason = "each function is one unsafe contract, C's: pointers valid as it says"
)]

use core::ffi::c_void;

use macros::export;

/// BSD `arc4random_buf`.
#[export]
pub unsafe extern "C" fn arc4random_buf(to: *mut c_void, n: usize) {
    fill(core::slice::from_raw_parts_mut(to.cast(), n));
}

/// BSD `arc4random`.
#[export]
pub extern "C" fn arc4random() -> u32 {
    let mut bytes = [0; 4];
    fill(&mut bytes);
    u32::from_ne_bytes(bytes)
}

/// BSD `arc4random_uniform`: below `bound`, each number as likely as the next.
#[export]
pub extern "C" fn arc4random_uniform(bound: u32) -> u32 {
    if bound < 2 {
        return 0;
    }
    // Numbers below 2^32 modulo the bound would make the low results likelier.
    let least = bound.wrapping_neg() % bound;
    loop {
        let number = arc4random();
        if number >= least {
            return number % bound;
        }
    }
}

fn fill(to: &mut [u8]) {
    unsafe extern "C" {
        fn getrandom(to: *mut c_void, n: usize, flags: u32) -> isize;
    }
    let mut done = 0;
    while done < to.len() {
        let rest = &mut to[done..];
        // SAFETY: the buffer is as long as it is told. Without flags the call only fails if it is
        // interrupted, and then it is made again.
        let n = unsafe { getrandom(rest.as_mut_ptr().cast(), rest.len(), 0) };
        done += usize::try_from(n).unwrap_or(0);
    }
}
