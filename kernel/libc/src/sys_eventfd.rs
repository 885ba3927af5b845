//! `sys/eventfd.h`.

use alloc::sync::Arc;
use core::ffi::{c_int, c_uint};

use kcore::errno::EINVAL;
use kcore::vfs::eventfd::EventCounter;
use kcore::vfs::{OpenFlags, fd};
use macros::export;

use crate::outcome::number;

/// A counter as a file: `EFD_SEMAPHORE` 1, `EFD_NONBLOCK`, `EFD_CLOEXEC`.
#[export]
pub extern "C" fn eventfd(value: c_uint, flags: c_int) -> c_int {
    let open = OpenFlags::from_bits_retain(flags as u32 & !1);
    if !(OpenFlags::NONBLOCK | OpenFlags::CLOSE_ON_EXEC).contains(open) {
        return crate::errno::set(EINVAL);
    }
    let counter = EventCounter::new(value.into(), flags & 1 != 0, open);
    number(fd::install(Arc::new(counter), open.contains(OpenFlags::CLOSE_ON_EXEC)))
}

/// Reads the counter.
#[export]
pub unsafe extern "C-unwind" fn eventfd_read(fd: c_int, value: *mut u64) -> c_int {
    // SAFETY: the caller's word.
    if unsafe { crate::unistd::io::read(fd, value.cast(), 8) } == 8 { 0 } else { -1 }
}

/// Adds to the counter.
#[export]
pub extern "C-unwind" fn eventfd_write(fd: c_int, value: u64) -> c_int {
    // SAFETY: a word of our own.
    if unsafe { crate::unistd::io::write(fd, (&raw const value).cast(), 8) } == 8 { 0 } else { -1 }
}
