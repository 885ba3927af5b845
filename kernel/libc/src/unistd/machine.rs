//! Names of the machine and of who is logged in.
#![allow(
    unsafe_op_in_unsafe_fn,
    reason = "each function is one unsafe contract, C's: pointers valid as it says"
)]

use core::cell::UnsafeCell;
use core::ffi::{c_char, c_int};

use kcore::errno::{ENOENT, ERANGE};
use macros::export;

use crate::string::checked::fits;
use crate::string::mempcpy;

/// POSIX `getlogin_r`: nobody logs in here. ENOENT, or ERANGE for no room.
#[export]
pub unsafe extern "C" fn getlogin_r(_: *mut c_char, n: usize) -> c_int {
    if n == 0 { ERANGE.number() } else { ENOENT.number() }
}

/// POSIX `getlogin`: null with ENOENT.
#[export]
pub extern "C" fn getlogin() -> *mut c_char {
    crate::errno::set(ENOENT);
    core::ptr::null_mut()
}

/// Checked `getlogin_r`.
#[export]
pub unsafe extern "C" fn __getlogin_r_chk(to: *mut c_char, n: usize, size: usize) -> c_int {
    fits(n, size);
    getlogin_r(to, n)
}

/// BSD `setlogin`: not on Linux. −1 with ENOSYS.
#[export]
pub extern "C" fn setlogin(_: *const c_char) -> c_int {
    crate::errno::set(kcore::errno::ENOSYS)
}

struct Name(UnsafeCell<[c_char; 9]>);

// SAFETY: written once with the same bytes by whoever asks.
unsafe impl Sync for Name {}

/// Old `cuserid`: the name of the effective user, root.
#[export]
pub unsafe extern "C" fn cuserid(to: *mut c_char) -> *mut c_char {
    static NAME: Name = Name(UnsafeCell::new([0; 9]));
    let to = if to.is_null() { NAME.0.get().cast() } else { to };
    mempcpy(to.cast(), c"root".as_ptr().cast(), 5);
    to
}
