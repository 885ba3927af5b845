//! `sys/ipc.h`.

use core::ffi::{c_char, c_int};
use core::mem::MaybeUninit;

use macros::export;

/// A key from a file's device and inode and a number (POSIX); -1 if the file is not there.
#[export]
pub unsafe extern "C" fn ftok(path: *const c_char, project: c_int) -> c_int {
    let mut status = MaybeUninit::<[u64; 18]>::zeroed();
    // SAFETY: the caller gives NUL-terminated text; the buffer is a `struct stat` (144 bytes).
    unsafe {
        if crate::sys_stat::stat(path, status.as_mut_ptr().cast()) != 0 {
            return -1;
        }
        let [device, inode, ..] = status.assume_init();
        ((inode & 0xffff) | (device & 0xff) << 16 | ((project as u64) & 0xff) << 24) as c_int
    }
}
