//! `<sys/klog.h>`: the kernel keeps no log.

use crate::errno::{self, EINVAL};
use core::ffi::{c_char, c_int};
use macros::export;

/// Reads or controls the kernel's log, which is always empty. Zero, or -1 with `EINVAL`.
#[export]
pub extern "C" fn klogctl(what: c_int, _buffer: *mut c_char, _length: c_int) -> c_int {
    if (0..=10).contains(&what) { 0 } else { errno::set(EINVAL) }
}
