//! `sys/file.h`: locks on whole files.

use alloc::sync::Arc;
use core::ffi::c_int;

use kcore::errno::{EBADF, EINVAL};
use kcore::vfs::fd;
use kcore::vfs::lock::{self, Owner, Range, WHOLE};
use macros::export;

use crate::outcome::blocking;

/// Locks a file for the open file: `LOCK_SH` 1, `LOCK_EX` 2, `LOCK_UN` 8, or `LOCK_NB` 4 with them.
#[export]
pub extern "C-unwind" fn flock(descriptor: c_int, operation: c_int) -> c_int {
    blocking(&mut || {
        let file = fd::get(descriptor)?;
        let node = file.node().ok_or(EBADF)?;
        let owner = Owner::Whole(Arc::downgrade(&file));
        match operation & !4 {
            8 => lock::unlock(node, &owner, WHOLE),
            kind @ (1 | 2) => {
                let range = Range { exclusive: kind == 2, ..WHOLE };
                lock::lock(node, &owner, range, operation & 4 == 0)?;
            }
            _ => return Err(EINVAL),
        }
        Ok(0)
    }) as c_int
}
