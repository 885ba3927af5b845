//! `sys/random.h`: random bytes from the kernel's generator.

use core::ffi::{c_uint, c_void};

use kcore::errno::{EINVAL, EIO};
use macros::export;

/// `GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE`.
const KNOWN_FLAGS: c_uint = 7;

/// Fills a buffer with random bytes; never blocks, and never gives fewer (Linux `getrandom`).
#[export]
pub unsafe extern "C" fn getrandom(buffer: *mut c_void, size: usize, flags: c_uint) -> isize {
    if flags & !KNOWN_FLAGS != 0 {
        return crate::errno::set(EINVAL) as isize;
    }
    // SAFETY: the caller gives `size` writable bytes.
    unsafe {
        buffer.cast::<u8>().write_bytes(0, size);
        kcore::random::fill(core::slice::from_raw_parts_mut(buffer.cast(), size));
    }
    size as isize
}

/// Fills at most 256 bytes with random ones.
#[export]
pub unsafe extern "C" fn getentropy(buffer: *mut c_void, size: usize) -> core::ffi::c_int {
    if size > 256 {
        return crate::errno::set(EIO);
    }
    // SAFETY: the caller gives `size` writable bytes.
    unsafe { getrandom(buffer, size, 0) };
    0
}
