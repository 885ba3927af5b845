//! Reading, writing, positions and sizes.

use core::ffi::{c_char, c_int, c_void};

use kcore::errno::{EBADF, EINVAL, EISDIR, ESPIPE, Result};
use kcore::vfs::fd;
use kcore::vfs::file::File;
use kcore::vfs::regular::Regular;
use kcore::vfs::watch::{self, Changes};
use macros::export;

use crate::outcome::{AT_FDCWD, blocking, buffer, bytes, node_at, offset, path, unit};

/// Reads up to `size` bytes at the file's position.
#[export]
pub unsafe extern "C-unwind" fn read(fd: c_int, data: *mut c_void, size: usize) -> isize {
    kcore::tty::pull_input();
    blocking(&mut || {
        let file = fd::get(fd)?;
        file.status().check_read()?;
        // SAFETY: the caller's buffer.
        file.read(unsafe { buffer(data.cast(), size) }?)
    })
}

/// Writes up to `size` bytes at the file's position.
#[export]
pub unsafe extern "C-unwind" fn write(fd: c_int, data: *const c_void, size: usize) -> isize {
    blocking(&mut || {
        let file = fd::get(fd)?;
        file.status().check_write()?;
        // SAFETY: the caller's bytes.
        file.write(unsafe { bytes(data.cast(), size) }?)
    })
}

/// An offset of the caller's, which must not be negative.
pub(crate) fn position(offset: i64) -> Result<u64> {
    u64::try_from(offset).map_err(|_| EINVAL)
}

/// Reads at an offset, without moving the file's position.
#[export]
pub unsafe extern "C-unwind" fn pread(fd: c_int, data: *mut c_void, size: usize, at: i64) -> isize {
    blocking(&mut || {
        let file = fd::get(fd)?;
        let at = position(at)?;
        file.status().check_read()?;
        if file.node().is_some_and(|node| node.directory().is_some()) {
            return Err(EISDIR);
        }
        // SAFETY: the caller's buffer.
        file.read_at(at, unsafe { buffer(data.cast(), size) }?)
    })
}

/// Writes at an offset, without moving the file's position; at the end with `O_APPEND`, as Linux.
#[export]
pub unsafe extern "C-unwind" fn pwrite(fd: c_int, data: *const c_void, size: usize, at: i64) -> isize {
    blocking(&mut || {
        let file = fd::get(fd)?;
        let at = position(at)?;
        file.status().check_write()?;
        // SAFETY: the caller's bytes.
        let bytes = unsafe { bytes(data.cast(), size) }?;
        write_at(&*file, at, bytes)
    })
}

/// Writes at `at`, or at the end of a file opened with `O_APPEND`.
pub(crate) fn write_at(file: &dyn File, at: u64, bytes: &[u8]) -> Result<usize> {
    let seekable = file.seekable().ok_or(ESPIPE)?;
    if file.status().get().contains(kcore::vfs::OpenFlags::APPEND)
        && let Some(node) = file.node()
        && let Some(regular) = node.body_as::<Regular>()
    {
        let (count, _) = regular.append(bytes)?;
        if count > 0 {
            node.touch();
            watch::found(node, Changes::MODIFY);
        }
        return Ok(count);
    }
    seekable.write_at(at, bytes)
}

/// `read` with the size of the buffer known.
#[export]
pub unsafe extern "C-unwind" fn __read_chk(fd: c_int, data: *mut c_void, size: usize, room: usize) -> isize {
    crate::outcome::check_room(size, room);
    // SAFETY: the caller's buffer.
    unsafe { read(fd, data, size) }
}

/// `pread` with the size of the buffer known.
#[export]
pub unsafe extern "C-unwind" fn __pread_chk(
    fd: c_int,
    data: *mut c_void,
    size: usize,
    at: i64,
    room: usize,
) -> isize {
    crate::outcome::check_room(size, room);
    // SAFETY: the caller's buffer.
    unsafe { pread(fd, data, size, at) }
}

/// Moves the position of a file: `SEEK_SET`, `SEEK_CUR`, `SEEK_END`, `SEEK_DATA`, `SEEK_HOLE`.
#[export]
pub extern "C" fn lseek(fd: c_int, to: i64, whence: c_int) -> i64 {
    let seek = || {
        let file = fd::get(fd)?;
        file.seekable().ok_or(ESPIPE)?.seek(to, whence)
    };
    offset(seek())
}

/// Sets the size of an open file.
#[export]
pub extern "C" fn ftruncate(fd: c_int, length: i64) -> c_int {
    let truncate = || {
        let file = fd::get(fd)?;
        let length = position(length)?;
        if !file.status().get().writes() {
            return Err(EINVAL);
        }
        let node = file.node().ok_or(EINVAL)?;
        let regular: &Regular = node.body_as().ok_or(EINVAL)?;
        regular.truncate(length)?;
        node.touch();
        watch::found(node, Changes::MODIFY);
        Ok(())
    };
    unit(truncate())
}

/// Sets the size of a file.
#[export]
pub unsafe extern "C" fn truncate(name: *const c_char, length: i64) -> c_int {
    let truncate = || {
        let length = position(length)?;
        // SAFETY: the caller's string.
        let node = node_at(AT_FDCWD, unsafe { path(name) }?, true, false)?;
        if node.directory().is_some() {
            return Err(EISDIR);
        }
        node.volume.check_writable()?;
        let regular: &Regular = node.body_as().ok_or(EINVAL)?;
        regular.truncate(length)?;
        node.touch();
        watch::found(&node, Changes::MODIFY);
        Ok(())
    };
    unit(truncate())
}

/// Makes what was written last: files are in memory, so there is nothing to wait for; `EINVAL` for
/// what is no file of a file system.
#[export]
pub extern "C-unwind" fn fsync(fd: c_int) -> c_int {
    let sync = || {
        let file = fd::get(fd)?;
        if file.status().get().contains(kcore::vfs::OpenFlags::PATH) {
            return Err(EBADF);
        }
        file.node().map(|_| ()).ok_or(EINVAL)
    };
    unit(sync())
}

/// As `fsync`.
#[export]
pub extern "C-unwind" fn fdatasync(fd: c_int) -> c_int {
    fsync(fd)
}

/// Makes all that was written last: nothing to do, files are in memory.
#[export]
pub extern "C" fn sync() {}

/// As `fsync` for the whole file system of a file.
#[export]
pub extern "C" fn syncfs(fd: c_int) -> c_int {
    unit(fd::get(fd).map(|_| ()))
}
