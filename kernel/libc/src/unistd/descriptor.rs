//! Descriptors: closing, duplicating, pipes.

use core::ffi::{c_int, c_uint};

use kcore::errno::{EBADF, EFAULT, EINVAL, Result};
use kcore::vfs::{OpenFlags, fd};
use macros::export;

use crate::outcome::{cancellation_point, number, unit};

/// Closes a descriptor.
#[export]
pub extern "C-unwind" fn close(fd: c_int) -> c_int {
    cancellation_point();
    unit(fd::close(fd))
}

/// Closes all descriptors from `first` on.
#[export]
pub extern "C" fn closefrom(first: c_int) {
    let mut at = first.max(0);
    while let Some(fd) = fd::next_open(at) {
        // It was open a moment ago; if somebody else closed it, so much the better.
        let _ = fd::close(fd);
        at = fd;
    }
}

/// `CLOSE_RANGE_UNSHARE`: no effect, there is one table.
const CLOSE_RANGE_UNSHARE: c_int = 2;
/// `CLOSE_RANGE_CLOEXEC`: marks instead of closing.
const CLOSE_RANGE_CLOEXEC: c_int = 4;

/// Closes the descriptors from `first` to `last`.
#[export]
pub extern "C" fn close_range(first: c_uint, last: c_uint, flags: c_int) -> c_int {
    if first > last || flags & !(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC) != 0 {
        return crate::errno::set(EINVAL);
    }
    let mut at = i32::try_from(first).unwrap_or(i32::MAX);
    while let Some(fd) = fd::next_open(at)
        && fd as c_uint <= last
    {
        let _ =
            if flags & CLOSE_RANGE_CLOEXEC != 0 { fd::set_close_on_exec(fd, true) } else { fd::close(fd) };
        at = fd + 1;
    }
    0
}

/// A second descriptor for the same open file.
#[export]
pub extern "C" fn dup(fd: c_int) -> c_int {
    number(fd::get(fd).and_then(|file| fd::install(file, false)))
}

fn duplicate(old: c_int, new: c_int, flags: c_int) -> Result<i32> {
    let file = fd::get(old)?;
    if new < 0 {
        return Err(EBADF);
    }
    fd::replace(new, file, flags as u32 & OpenFlags::CLOSE_ON_EXEC.bits() != 0)?;
    Ok(new)
}

/// Makes `new` a descriptor for the open file of `old`.
#[export]
pub extern "C" fn dup2(old: c_int, new: c_int) -> c_int {
    if old == new {
        return number(fd::get(old).map(|_| new));
    }
    number(duplicate(old, new, 0))
}

/// As `dup2`, with `O_CLOEXEC`; the two must differ.
#[export]
pub extern "C" fn dup3(old: c_int, new: c_int, flags: c_int) -> c_int {
    if old == new || flags as u32 & !OpenFlags::CLOSE_ON_EXEC.bits() != 0 {
        return crate::errno::set(EINVAL);
    }
    number(duplicate(old, new, flags))
}

/// A pipe: `ends[0]` reads what `ends[1]` writes.
#[export]
pub unsafe extern "C" fn pipe(ends: *mut c_int) -> c_int {
    // SAFETY: the caller's array.
    unsafe { pipe2(ends, 0) }
}

/// A pipe with `O_CLOEXEC`, `O_NONBLOCK` or `O_DIRECT`.
#[export]
pub unsafe extern "C" fn pipe2(ends: *mut c_int, flags: c_int) -> c_int {
    let make = || {
        if ends.is_null() {
            return Err(EFAULT);
        }
        let flags = OpenFlags::from_bits_retain(flags as u32);
        let close_on_exec = flags.contains(OpenFlags::CLOSE_ON_EXEC);
        let allowed = OpenFlags::CLOSE_ON_EXEC | OpenFlags::NONBLOCK | OpenFlags::DIRECT;
        if !allowed.contains(flags) {
            return Err(EINVAL);
        }
        let (reader, writer) = kcore::vfs::pipe::pair(flags);
        let first = fd::install(reader, close_on_exec)?;
        let second = fd::install(writer, close_on_exec).inspect_err(|_| {
            let _ = fd::close(first);
        })?;
        // SAFETY: the caller's array of two.
        unsafe {
            *ends = first;
            *ends.add(1) = second;
        }
        Ok(())
    };
    unit(make())
}
