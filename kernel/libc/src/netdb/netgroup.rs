//! Netgroups: there is no netgroup database here, so every group is empty.

use core::ffi::{c_char, c_int};

use macros::export;

/// Whether a group has this member: none has any.
#[export]
pub extern "C" fn innetgr(
    _group: *const c_char,
    _host: *const c_char,
    _user: *const c_char,
    _domain: *const c_char,
) -> c_int {
    0
}

/// Begins to walk through a group: 0, there is no such group.
#[export]
pub extern "C" fn setnetgrent(_group: *const c_char) -> c_int {
    0
}

/// Ends the walk.
#[export]
pub extern "C" fn endnetgrent() {}

/// The next member: 0, there is none.
#[export]
pub extern "C" fn getnetgrent(
    _host: *mut *mut c_char,
    _user: *mut *mut c_char,
    _domain: *mut *mut c_char,
) -> c_int {
    0
}

/// The next member: 0, there is none.
#[export]
pub extern "C" fn getnetgrent_r(
    _host: *mut *mut c_char,
    _user: *mut *mut c_char,
    _domain: *mut *mut c_char,
    _buffer: *mut c_char,
    _size: usize,
) -> c_int {
    0
}
