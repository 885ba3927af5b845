//! `sys/personality.h`.

use core::ffi::{c_int, c_ulong};

use macros::export;

/// Only asking for Linux's own personality (0) succeeds; there is no other.
#[export]
pub extern "C" fn personality(wanted: c_ulong) -> c_int {
    match wanted {
        0 | 0xffff_ffff => 0,
        _ => crate::errno::set(kcore::errno::EINVAL),
    }
}
