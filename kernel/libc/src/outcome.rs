//! From the kernel's results to C's: a value, or -1 with `errno` set; and from C's arguments.

use alloc::sync::Arc;
use core::ffi::{CStr, c_char, c_int};

use kcore::errno::{EBADF, EFAULT, EINTR, ENOTDIR, EPIPE, Errno, Result};
use kcore::vfs::Node;
use kcore::vfs::walk;

use crate::errno;

unsafe extern "C" {
    fn __chk_fail() -> !;
}

/// 0, or -1 with `errno` set.
pub(crate) fn unit(result: Result<()>) -> c_int {
    result.map_or_else(errno::set, |()| 0)
}

/// A number, or -1 with `errno` set.
pub(crate) fn number(result: Result<i32>) -> c_int {
    result.unwrap_or_else(errno::set)
}

/// A count of bytes, or -1 with `errno` set.
pub(crate) fn size(result: Result<usize>) -> isize {
    result.map_or_else(|error| errno::set(error) as isize, |count| count as isize)
}

/// An offset, or -1 with `errno` set.
pub(crate) fn offset(result: Result<u64>) -> i64 {
    result.map_or_else(|error| errno::set(error).into(), |offset| offset as i64)
}

/// An error number or 0: what `posix_…` functions return.
pub(crate) fn error_number(result: Result<()>) -> c_int {
    result.map_or_else(Errno::number, |()| 0)
}

/// Does `work`, which may block. When it is interrupted, signal handlers run, and if all have
/// `SA_RESTART` it is done again. `work` holds nothing that has to be dropped between its calls,
/// since a handler may jump away.
#[expect(improper_ctypes_definitions, reason = "called from Rust alone; the ABI is there to unwind")]
pub(crate) extern "C-unwind" fn blocking(work: &mut dyn FnMut() -> Result<usize>) -> isize {
    cancellation_point();
    loop {
        match work() {
            Err(error) if error == EINTR => {
                if !kcore::signal::interrupted() {
                    return errno::set(EINTR) as isize;
                }
            }
            // The writer has sent itself SIGPIPE, which comes before the error.
            Err(error) if error == EPIPE => {
                kcore::signal::handle_pending();
                return errno::set(EPIPE) as isize;
            }
            result => return size(result),
        }
    }
}

/// As [`blocking`], but never done again after a handler ran, as Linux has it for waits on several
/// files.
#[expect(improper_ctypes_definitions, reason = "called from Rust alone; the ABI is there to unwind")]
pub(crate) extern "C-unwind" fn blocking_once(work: &mut dyn FnMut() -> Result<usize>) -> isize {
    cancellation_point();
    let result = work();
    if result == Err(EINTR) {
        kcore::signal::interrupted();
    }
    size(result)
}

pub(crate) use kcore::tls::cancellation_point;

/// The bytes of a C string; `EFAULT` for null.
pub(crate) unsafe fn path<'a>(path: *const c_char) -> Result<&'a [u8]> {
    if path.is_null() {
        return Err(EFAULT);
    }
    // SAFETY: the caller passed a C string.
    Ok(unsafe { CStr::from_ptr(path) }.to_bytes())
}

/// A buffer to fill; `EFAULT` for null, unless it is empty.
pub(crate) unsafe fn buffer<'a>(start: *mut u8, length: usize) -> Result<&'a mut [u8]> {
    if length == 0 {
        return Ok(&mut []);
    }
    if start.is_null() {
        return Err(EFAULT);
    }
    // SAFETY: the caller passed a buffer of this length. No more than the address space holds.
    Ok(unsafe { core::slice::from_raw_parts_mut(start, length.min(isize::MAX as usize)) })
}

/// Bytes to write; `EFAULT` for null, unless there are none.
pub(crate) unsafe fn bytes<'a>(start: *const u8, length: usize) -> Result<&'a [u8]> {
    // SAFETY: as the caller's; nothing writes through it.
    unsafe { buffer(start.cast_mut(), length) }.map(|bytes| &*bytes)
}

/// `AT_FDCWD`: the working directory in the place of a descriptor.
pub(crate) const AT_FDCWD: c_int = -100;

/// The directory that a relative `path` starts from.
pub(crate) fn base(directory: c_int, path: &[u8]) -> Result<Arc<Node>> {
    if directory == AT_FDCWD || path.first() == Some(&b'/') {
        return walk::current();
    }
    let file = kcore::vfs::fd::get(directory)?;
    match file.node() {
        Some(node) if node.directory().is_some() => Ok(node.clone()),
        _ => Err(ENOTDIR),
    }
}

/// The existing file that a `…at` function means: `path` from `directory`, or with `empty`
/// (`AT_EMPTY_PATH`) and an empty path the file of the descriptor itself.
pub(crate) fn node_at(directory: c_int, path: &[u8], follow: bool, empty: bool) -> Result<Arc<Node>> {
    if empty && path.is_empty() {
        if directory == AT_FDCWD {
            return walk::current();
        }
        return kcore::vfs::fd::get(directory)?.node().cloned().ok_or(EBADF);
    }
    walk::resolve(&base(directory, path)?, path, follow)?.existing()
}

/// Stops the program if a fortified call is told to use more of a buffer than there is.
pub(crate) fn check_room(wanted: usize, room: usize) {
    if wanted > room {
        // SAFETY: it only ends the program.
        unsafe { __chk_fail() }
    }
}
