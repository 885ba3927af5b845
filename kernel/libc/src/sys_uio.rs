//! `sys/uio.h`: reading and writing several buffers at once.

use alloc::vec::Vec;
use core::ffi::{c_int, c_void};

use kcore::errno::{EAGAIN, EINVAL, ENOSYS, EOPNOTSUPP, Result};
use kcore::vfs::fd;
use kcore::vfs::file::File;
use macros::export;

use crate::outcome::{blocking, buffer, bytes};
use crate::unistd::io::{position, write_at};

/// `struct iovec`.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(missing_docs, reason = "the fields are named in readv(2)")]
pub struct iovec {
    pub iov_base: *mut c_void,
    pub iov_len: usize,
}

/// `IOV_MAX`.
const PARTS_MAX: c_int = 1024;

/// The buffers of the caller; `EINVAL` if there are too many or too much.
pub(crate) unsafe fn parts<'a>(parts: *const iovec, count: c_int) -> Result<&'a [iovec]> {
    if !(0..=PARTS_MAX).contains(&count) {
        return Err(EINVAL);
    }
    if count == 0 {
        return Ok(&[]);
    }
    if parts.is_null() {
        return Err(kcore::errno::EFAULT);
    }
    // SAFETY: the caller's array of this length.
    let parts = unsafe { core::slice::from_raw_parts(parts, count as usize) };
    let mut total = 0usize;
    for part in parts {
        total =
            total.checked_add(part.iov_len).filter(|&total| total <= isize::MAX as usize).ok_or(EINVAL)?;
    }
    Ok(parts)
}

/// Where in the file: at its position, or at an offset that moves on.
type At = Option<u64>;

unsafe fn read_parts(file: &dyn File, parts: &[iovec], at: At) -> Result<usize> {
    file.status().check_read()?;
    let mut done = 0;
    for part in parts.iter().filter(|part| part.iov_len > 0) {
        // What follows the first part must not block.
        if done > 0 && at.is_none() && file.seekable().is_none() && !file.ready().contains(READABLE) {
            break;
        }
        // SAFETY: the caller's buffer.
        let buffer = unsafe { buffer(part.iov_base.cast(), part.iov_len) }?;
        let result = match at {
            Some(at) => file.read_at(at + done as u64, buffer),
            None => file.read(buffer),
        };
        match result {
            Ok(count) => {
                done += count;
                if count < part.iov_len {
                    break;
                }
            }
            Err(error) if done == 0 => return Err(error),
            Err(_) => break,
        }
    }
    Ok(done)
}

const READABLE: kcore::vfs::poll::Events = kcore::vfs::poll::Events::IN;

unsafe fn write_parts(file: &dyn File, parts: &[iovec], at: At) -> Result<usize> {
    file.status().check_write()?;
    // SAFETY: the caller's bytes.
    let slices = || parts.iter().map(|part| unsafe { bytes(part.iov_base.cast(), part.iov_len) });
    let total: usize = parts.iter().map(|part| part.iov_len).sum();
    // A stream gets them in one piece, so that they stay together.
    if parts.len() > 1 && file.seekable().is_none() && total <= 65536 {
        let mut all = Vec::with_capacity(total);
        for slice in slices() {
            all.extend_from_slice(slice?);
        }
        return file.write(&all);
    }
    let mut done = 0;
    for slice in slices() {
        let slice = slice?;
        if slice.is_empty() && (done > 0 || total > 0) {
            continue;
        }
        let result = match at {
            Some(at) => write_at(file, at + done as u64, slice),
            None => file.write(slice),
        };
        match result {
            Ok(count) => {
                done += count;
                if count < slice.len() {
                    break;
                }
            }
            Err(error) if done == 0 => return Err(error),
            Err(_) => break,
        }
    }
    Ok(done)
}

/// Reads into several buffers, one after the other.
#[export]
pub unsafe extern "C-unwind" fn readv(descriptor: c_int, list: *const iovec, count: c_int) -> isize {
    kcore::tty::pull_input();
    // SAFETY: the caller's.
    blocking(&mut || unsafe { read_parts(&*fd::get(descriptor)?, parts(list, count)?, None) })
}

/// Writes several buffers, one after the other.
#[export]
pub unsafe extern "C-unwind" fn writev(descriptor: c_int, list: *const iovec, count: c_int) -> isize {
    // SAFETY: the caller's.
    blocking(&mut || unsafe { write_parts(&*fd::get(descriptor)?, parts(list, count)?, None) })
}

/// `readv` at an offset.
#[export]
pub unsafe extern "C-unwind" fn preadv(fd: c_int, list: *const iovec, count: c_int, at: i64) -> isize {
    // SAFETY: the caller's.
    blocking(&mut || unsafe { read_parts(&*fd::get(fd)?, parts(list, count)?, Some(position(at)?)) })
}

/// `writev` at an offset.
#[export]
pub unsafe extern "C-unwind" fn pwritev(fd: c_int, list: *const iovec, count: c_int, at: i64) -> isize {
    // SAFETY: the caller's.
    blocking(&mut || unsafe { write_parts(&*fd::get(fd)?, parts(list, count)?, Some(position(at)?)) })
}

/// `RWF_HIPRI`, `RWF_DSYNC`, `RWF_SYNC`: no difference here.
const RWF_HARMLESS: c_int = 7;
/// `RWF_NOWAIT`.
const RWF_NOWAIT: c_int = 8;

fn check_flags(file: &dyn File, flags: c_int) -> Result<()> {
    if flags & !(RWF_HARMLESS | RWF_NOWAIT) != 0 {
        return Err(EOPNOTSUPP);
    }
    if flags & RWF_NOWAIT != 0 && file.seekable().is_none() && !file.ready().contains(READABLE) {
        return Err(EAGAIN);
    }
    Ok(())
}

/// `preadv` with flags; at the position if the offset is -1.
#[export]
pub unsafe extern "C-unwind" fn preadv2(
    fd: c_int,
    list: *const iovec,
    count: c_int,
    at: i64,
    flags: c_int,
) -> isize {
    kcore::tty::pull_input();
    blocking(&mut || {
        let file = fd::get(fd)?;
        check_flags(&*file, flags)?;
        let at = if at == -1 { None } else { Some(position(at)?) };
        // SAFETY: the caller's.
        unsafe { read_parts(&*file, parts(list, count)?, at) }
    })
}

/// `pwritev` with flags; at the position if the offset is -1.
#[export]
pub unsafe extern "C-unwind" fn pwritev2(
    fd: c_int,
    list: *const iovec,
    count: c_int,
    at: i64,
    flags: c_int,
) -> isize {
    blocking(&mut || {
        let file = fd::get(fd)?;
        check_flags(&*file, flags & !RWF_NOWAIT)?;
        let at = if at == -1 { None } else { Some(position(at)?) };
        // SAFETY: the caller's.
        unsafe { write_parts(&*file, parts(list, count)?, at) }
    })
}

/// Another process's memory: there is no other process.
#[export]
pub unsafe extern "C" fn process_vm_readv(
    _process: c_int,
    _local: *const iovec,
    _local_count: u64,
    _remote: *const iovec,
    _remote_count: u64,
    _flags: u64,
) -> isize {
    crate::errno::set(ENOSYS) as isize
}

/// Another process's memory: there is no other process.
#[export]
pub unsafe extern "C" fn process_vm_writev(
    _process: c_int,
    _local: *const iovec,
    _local_count: u64,
    _remote: *const iovec,
    _remote_count: u64,
    _flags: u64,
) -> isize {
    crate::errno::set(ENOSYS) as isize
}
