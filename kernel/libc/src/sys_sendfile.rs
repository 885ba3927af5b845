//! `sys/sendfile.h`, and `copy_file_range` of `unistd.h`.

use core::ffi::c_int;

use kcore::errno::{EBADF, EINVAL, EISDIR};
use kcore::vfs::{OpenFlags, fd};
use macros::export;

use crate::outcome::blocking;

/// Copies from a file, at `offset` or at its position, to another at its position.
#[export]
pub unsafe extern "C-unwind" fn sendfile(to: c_int, from: c_int, offset: *mut i64, count: usize) -> isize {
    // SAFETY: the caller's offset.
    blocking(&mut || unsafe { crate::fcntl::transfer(from, offset, to, core::ptr::null_mut(), count) })
}

/// Copies between regular files.
#[export]
pub unsafe extern "C-unwind" fn copy_file_range(
    from: c_int,
    from_offset: *mut i64,
    to: c_int,
    to_offset: *mut i64,
    length: usize,
    flags: u32,
) -> isize {
    blocking(&mut || {
        if flags != 0 {
            return Err(EINVAL);
        }
        for descriptor in [from, to] {
            let file = fd::get(descriptor)?;
            if file.node().is_some_and(|node| node.directory().is_some()) {
                return Err(EISDIR);
            }
            if file.seekable().is_none() {
                return Err(EINVAL);
            }
        }
        if fd::get(to)?.status().get().contains(OpenFlags::APPEND) {
            return Err(EBADF);
        }
        // SAFETY: the caller's offsets.
        unsafe { crate::fcntl::transfer(from, from_offset, to, to_offset, length) }
    })
}
