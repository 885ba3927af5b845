//! `sys/statfs.h` and `sys/statvfs.h`: file systems.

use core::ffi::{c_char, c_int};

use kcore::errno::{EFAULT, ENOSYS, Result};
use kcore::vfs::fd;
use kcore::vfs::node::Volume;
use kcore::vfs::walk::NAME_MAX;
use macros::export;

use crate::outcome::{AT_FDCWD, node_at, path, unit};

/// `struct statfs`: 120 bytes.
#[repr(C)]
#[derive(Clone, Copy, Default)]
#[allow(missing_docs, reason = "the fields are named in statfs(2)")]
pub struct statfs_structure {
    pub f_type: i64,
    pub f_bsize: i64,
    pub f_blocks: u64,
    pub f_bfree: u64,
    pub f_bavail: u64,
    pub f_files: u64,
    pub f_ffree: u64,
    pub f_fsid: [i32; 2],
    pub f_namelen: i64,
    pub f_frsize: i64,
    pub f_flags: i64,
    pub f_spare: [i64; 4],
}

/// `struct statvfs`: 112 bytes.
#[repr(C)]
#[derive(Clone, Copy, Default)]
#[allow(missing_docs, reason = "the fields are named in statvfs(3)")]
pub struct statvfs_structure {
    pub f_bsize: u64,
    pub f_frsize: u64,
    pub f_blocks: u64,
    pub f_bfree: u64,
    pub f_bavail: u64,
    pub f_files: u64,
    pub f_ffree: u64,
    pub f_favail: u64,
    pub f_fsid: u64,
    pub f_flag: u64,
    pub f_namemax: u64,
    pub f_spare: [i32; 6],
}

const _: () = assert!(size_of::<statfs_structure>() == 120 && size_of::<statvfs_structure>() == 112);

/// `ST_RDONLY`.
const READ_ONLY: i64 = 1;
/// `ST_VALID`: the flags mean something.
const VALID: i64 = 0x20;
/// `ST_NOATIME`.
const NO_ACCESS_TIME: i64 = 1024;

/// All file systems are memory or live beside it: their room is the free memory's.
fn describe(volume: &Volume) -> statfs_structure {
    #[cfg(kernel)]
    let (total, free) = kcore::memory::frames::totals();
    #[cfg(not(kernel))]
    let (total, free) = (1usize << 15, 1usize << 14);
    let read_only = volume.read_only();
    let free = if read_only { 0 } else { free as u64 };
    statfs_structure {
        f_type: volume.magic.into(),
        f_bsize: 4096,
        f_blocks: total as u64,
        f_bfree: free,
        f_bavail: free,
        f_files: total as u64,
        f_ffree: free,
        f_fsid: [volume.device as i32, 0],
        f_namelen: NAME_MAX as i64,
        f_frsize: 4096,
        f_flags: VALID | NO_ACCESS_TIME | if read_only { READ_ONLY } else { 0 },
        f_spare: [0; 4],
    }
}

fn of_descriptor(descriptor: c_int) -> Result<statfs_structure> {
    let file = fd::get(descriptor)?;
    Ok(describe(&file.node().ok_or(ENOSYS)?.volume))
}

unsafe fn of_path(name: *const c_char) -> Result<statfs_structure> {
    // SAFETY: the caller's string.
    Ok(describe(&node_at(AT_FDCWD, unsafe { path(name) }?, true, false)?.volume))
}

unsafe fn put<T>(result: Result<T>, to: *mut T) -> c_int {
    let put = |value| {
        // SAFETY: null or the caller's structure.
        *unsafe { to.as_mut() }.ok_or(EFAULT)? = value;
        Ok(())
    };
    unit(result.and_then(put))
}

/// The file system of a file.
#[export]
pub unsafe extern "C" fn statfs(name: *const c_char, to: *mut statfs_structure) -> c_int {
    // SAFETY: the caller's.
    unsafe { put(of_path(name), to) }
}

/// The file system of an open file.
#[export]
pub unsafe extern "C" fn fstatfs(descriptor: c_int, to: *mut statfs_structure) -> c_int {
    // SAFETY: the caller's.
    unsafe { put(of_descriptor(descriptor), to) }
}

fn translate(from: statfs_structure) -> statvfs_structure {
    statvfs_structure {
        f_bsize: from.f_bsize as u64,
        f_frsize: from.f_frsize as u64,
        f_blocks: from.f_blocks,
        f_bfree: from.f_bfree,
        f_bavail: from.f_bavail,
        f_files: from.f_files,
        f_ffree: from.f_ffree,
        f_favail: from.f_ffree,
        f_fsid: from.f_fsid[0] as u64,
        f_flag: (from.f_flags & !VALID) as u64,
        f_namemax: from.f_namelen as u64,
        f_spare: [0; 6],
    }
}

/// The file system of a file.
#[export]
pub unsafe extern "C" fn statvfs(name: *const c_char, to: *mut statvfs_structure) -> c_int {
    // SAFETY: the caller's.
    unsafe { put(of_path(name).map(translate), to) }
}

/// The file system of an open file.
#[export]
pub unsafe extern "C" fn fstatvfs(descriptor: c_int, to: *mut statvfs_structure) -> c_int {
    // SAFETY: the caller's.
    unsafe { put(of_descriptor(descriptor).map(translate), to) }
}
