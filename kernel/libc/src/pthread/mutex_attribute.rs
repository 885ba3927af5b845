//! Attributes of mutexes: one word of flags, as in glibc.

use crate::errno::{EINVAL, ENOTSUP};
use core::ffi::c_int;
use macros::export;

/// The bits that hold the kind.
const KIND: c_int = 3;
/// `PTHREAD_MUTEX_ROBUST`.
pub const ROBUST: c_int = 1 << 30;
/// `PTHREAD_PROCESS_SHARED`.
const SHARED: c_int = c_int::MIN;
/// Where the protocol (`PTHREAD_PRIO_…`) is.
const PROTOCOL_SHIFT: u32 = 28;
const CEILING_SHIFT: u32 = 12;

/// Makes default attributes. Zero.
#[export]
pub unsafe extern "C" fn pthread_mutexattr_init(attributes: *mut c_int) -> c_int {
    // SAFETY: the caller's.
    unsafe { *attributes = 0 };
    0
}

/// Ends attributes. Zero.
#[export]
pub extern "C" fn pthread_mutexattr_destroy(_attributes: *mut c_int) -> c_int {
    0
}

/// Reads a part of the word into `to`. Zero.
unsafe fn get(attributes: *const c_int, part: impl Fn(c_int) -> c_int, to: *mut c_int) -> c_int {
    // SAFETY: the caller's.
    unsafe { *to = part(*attributes) };
    0
}

/// Replaces the bits `mask` by `value`. Zero.
unsafe fn put(attributes: *mut c_int, mask: c_int, value: c_int) -> c_int {
    // SAFETY: the caller's.
    unsafe { *attributes = *attributes & !mask | value };
    0
}

/// The kind (`PTHREAD_MUTEX_…`). Zero.
#[export]
pub unsafe extern "C" fn pthread_mutexattr_gettype(attributes: *const c_int, kind: *mut c_int) -> c_int {
    // SAFETY: the caller's.
    unsafe { get(attributes, |word| word & 3, kind) }
}

/// Sets the kind. Zero or `EINVAL`.
#[export]
pub unsafe extern "C" fn pthread_mutexattr_settype(attributes: *mut c_int, kind: c_int) -> c_int {
    if !(0..=3).contains(&kind) {
        return EINVAL.number();
    }
    // SAFETY: the caller's.
    unsafe { put(attributes, KIND, kind) }
}

/// Whether it is shared between processes. Zero.
#[export]
pub unsafe extern "C" fn pthread_mutexattr_getpshared(attributes: *const c_int, shared: *mut c_int) -> c_int {
    // SAFETY: the caller's.
    unsafe { get(attributes, |word| c_int::from(word & SHARED != 0), shared) }
}

/// Sets whether it is shared between processes. Zero or `EINVAL`.
#[export]
pub unsafe extern "C" fn pthread_mutexattr_setpshared(attributes: *mut c_int, shared: c_int) -> c_int {
    if !(0..=1).contains(&shared) {
        return EINVAL.number();
    }
    // SAFETY: the caller's.
    unsafe { put(attributes, SHARED, if shared == 1 { SHARED } else { 0 }) }
}

/// Whether it is robust. Zero.
#[export]
pub unsafe extern "C" fn pthread_mutexattr_getrobust(attributes: *const c_int, robust: *mut c_int) -> c_int {
    // SAFETY: the caller's.
    unsafe { get(attributes, |word| c_int::from(word & ROBUST != 0), robust) }
}

/// Sets whether it is robust. Zero or `EINVAL`.
#[export]
pub unsafe extern "C" fn pthread_mutexattr_setrobust(attributes: *mut c_int, robust: c_int) -> c_int {
    if !(0..=1).contains(&robust) {
        return EINVAL.number();
    }
    // SAFETY: the caller's.
    unsafe { put(attributes, ROBUST, if robust == 1 { ROBUST } else { 0 }) }
}

/// The protocol (`PTHREAD_PRIO_…`). Zero.
#[export]
pub unsafe extern "C" fn pthread_mutexattr_getprotocol(
    attributes: *const c_int,
    protocol: *mut c_int,
) -> c_int {
    // SAFETY: the caller's.
    unsafe { get(attributes, |word| word >> PROTOCOL_SHIFT & 3, protocol) }
}

/// Sets the protocol: `PTHREAD_PRIO_NONE` or `_INHERIT`; threads have no priorities that could
/// matter. Zero, `EINVAL`, or `ENOTSUP` for `_PROTECT`.
#[export]
pub unsafe extern "C" fn pthread_mutexattr_setprotocol(attributes: *mut c_int, protocol: c_int) -> c_int {
    match protocol {
        // SAFETY: the caller's.
        0 | 1 => unsafe { put(attributes, 3 << PROTOCOL_SHIFT, protocol << PROTOCOL_SHIFT) },
        2 => ENOTSUP.number(),
        _ => EINVAL.number(),
    }
}

/// The priority ceiling. Zero.
#[export]
pub unsafe extern "C" fn pthread_mutexattr_getprioceiling(
    attributes: *const c_int,
    ceiling: *mut c_int,
) -> c_int {
    // SAFETY: the caller's.
    unsafe { get(attributes, |word| (word >> CEILING_SHIFT & 0xff).max(1), ceiling) }
}

/// Sets the priority ceiling, from 1 to 99. Zero or `EINVAL`.
#[export]
pub unsafe extern "C" fn pthread_mutexattr_setprioceiling(attributes: *mut c_int, ceiling: c_int) -> c_int {
    if !(1..=99).contains(&ceiling) {
        return EINVAL.number();
    }
    // SAFETY: the caller's.
    unsafe { put(attributes, 0xff << CEILING_SHIFT, ceiling << CEILING_SHIFT) }
}
