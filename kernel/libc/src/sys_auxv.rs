//! `<sys/auxv.h>`.

use crate::errno::{self, ENOENT};
use core::ffi::c_ulong;
use macros::export;

/// The entry of the auxiliary vector of this type (`AT_…`), or 0 with `ENOENT`.
#[export]
pub extern "C" fn getauxval(kind: c_ulong) -> c_ulong {
    match kcore::loader::start::auxiliary(kind as usize) {
        Some(value) => value as c_ulong,
        None => {
            errno::set(ENOENT);
            0
        }
    }
}
