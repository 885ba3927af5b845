//! The file times of `sys/time.h` and `utime.h`.

use core::ffi::{c_char, c_int};

use kcore::errno::{EINVAL, ENOSYS, Result};
use kcore::vfs::fd;
use kcore::vfs::stat::Timestamp;
use macros::export;

use crate::outcome::{AT_FDCWD, node_at, path, unit};
use crate::sys_stat::set_times;

/// `struct timeval`.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(missing_docs, reason = "the fields are named in gettimeofday(2)")]
pub struct timeval {
    pub tv_sec: i64,
    pub tv_usec: i64,
}

unsafe fn times(pair: *const [timeval; 2]) -> Result<Option<[Timestamp; 2]>> {
    // SAFETY: null or the caller's array.
    let Some(pair) = (unsafe { pair.as_ref() }) else { return Ok(None) };
    if pair.iter().any(|time| !(0..1_000_000).contains(&time.tv_usec)) {
        return Err(EINVAL);
    }
    Ok(Some(pair.map(|time| Timestamp { seconds: time.tv_sec, nanoseconds: time.tv_usec * 1000 })))
}

unsafe fn change(directory: c_int, name: *const c_char, pair: *const [timeval; 2], follow: bool) -> c_int {
    let change = || {
        // SAFETY: the caller's string and array.
        let (name, times) = unsafe { (path(name)?, times(pair)?) };
        set_times(&*node_at(directory, name, follow, false)?, times)
    };
    unit(change())
}

/// Sets the times of a file.
#[export]
pub unsafe extern "C" fn utimes(name: *const c_char, pair: *const [timeval; 2]) -> c_int {
    // SAFETY: the caller's.
    unsafe { change(AT_FDCWD, name, pair, true) }
}

/// Sets the times of a file or symbolic link.
#[export]
pub unsafe extern "C" fn lutimes(name: *const c_char, pair: *const [timeval; 2]) -> c_int {
    // SAFETY: the caller's.
    unsafe { change(AT_FDCWD, name, pair, false) }
}

/// Sets the times of an open file.
#[export]
pub unsafe extern "C" fn futimes(descriptor: c_int, pair: *const [timeval; 2]) -> c_int {
    let change = || {
        let file = fd::get(descriptor)?;
        // SAFETY: the caller's.
        set_times(file.node().ok_or(ENOSYS)?, unsafe { times(pair) }?)
    };
    unit(change())
}

/// Sets the times of a file found from a directory, or of the directory itself.
#[export]
pub unsafe extern "C" fn futimesat(
    directory: c_int,
    name: *const c_char,
    pair: *const [timeval; 2],
) -> c_int {
    // SAFETY: the caller's.
    unsafe { if name.is_null() { futimes(directory, pair) } else { change(directory, name, pair, true) } }
}

/// `struct utimbuf`.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(missing_docs, reason = "the fields are named in utime(2)")]
pub struct utimbuf {
    pub actime: i64,
    pub modtime: i64,
}

/// Sets the times of a file, in seconds.
#[export]
pub unsafe extern "C" fn utime(name: *const c_char, times: *const utimbuf) -> c_int {
    let change = || {
        // SAFETY: the caller's string; null or the caller's structure.
        let (name, times) = unsafe { (path(name)?, times.as_ref()) };
        let at = |seconds| Timestamp { seconds, nanoseconds: 0 };
        let times = times.map(|times| [at(times.actime), at(times.modtime)]);
        set_times(&*node_at(AT_FDCWD, name, true, false)?, times)
    };
    unit(change())
}
