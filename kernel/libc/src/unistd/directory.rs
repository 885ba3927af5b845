//! The working directory and the root.

use core::ffi::{c_char, c_int};

use kcore::errno::{EINVAL, ENAMETOOLONG, ENOMEM, ENOTDIR, ERANGE};
use kcore::vfs::{fd, walk};
use macros::export;

use crate::malloc::cells;
use crate::outcome::{AT_FDCWD, node_at, path, unit};

/// Changes the working directory.
#[export]
pub unsafe extern "C" fn chdir(name: *const c_char) -> c_int {
    let change = || {
        // SAFETY: the caller's string.
        let node = node_at(AT_FDCWD, unsafe { path(name) }?, true, false)?;
        if node.directory().is_none() {
            return Err(ENOTDIR);
        }
        walk::set_current(node);
        Ok(())
    };
    unit(change())
}

/// Changes the working directory to an open one.
#[export]
pub extern "C" fn fchdir(descriptor: c_int) -> c_int {
    let change = || {
        let file = fd::get(descriptor)?;
        let node = file.node().filter(|node| node.directory().is_some()).ok_or(ENOTDIR)?;
        walk::set_current(node.clone());
        Ok(())
    };
    unit(change())
}

/// Changes the root directory.
#[export]
pub unsafe extern "C" fn chroot(name: *const c_char) -> c_int {
    let change = || {
        // SAFETY: the caller's string.
        let node = node_at(AT_FDCWD, unsafe { path(name) }?, true, false)?;
        if node.directory().is_none() {
            return Err(ENOTDIR);
        }
        let current = walk::current()?;
        walk::set_root(node);
        walk::set_current(current);
        Ok(())
    };
    unit(change())
}

/// The path of the working directory in `buffer`, or without one in memory of the caller's.
#[export]
pub unsafe extern "C" fn getcwd(buffer: *mut c_char, size: usize) -> *mut c_char {
    let path = match walk::current().and_then(|node| walk::path_of(&node)) {
        Ok(path) => path,
        Err(error) => return fail(error),
    };
    let needed = path.len() + 1;
    if size == 0 && !buffer.is_null() {
        return fail(EINVAL);
    }
    if size < needed && !(size == 0 && buffer.is_null()) {
        return fail(ERANGE);
    }
    let target = if buffer.is_null() {
        // SAFETY: no conditions.
        unsafe { cells::malloc(size.max(needed)) }.cast()
    } else {
        buffer
    };
    if target.is_null() {
        return fail(ENOMEM);
    }
    // SAFETY: there is room for the path and its NUL.
    unsafe {
        core::ptr::copy_nonoverlapping(path.as_ptr().cast(), target, path.len());
        target.add(path.len()).write(0);
    }
    target
}

fn fail(error: kcore::errno::Errno) -> *mut c_char {
    crate::errno::set(error);
    core::ptr::null_mut()
}

/// `getcwd` with the size of the buffer known.
#[export]
pub unsafe extern "C" fn __getcwd_chk(buffer: *mut c_char, size: usize, room: usize) -> *mut c_char {
    crate::outcome::check_room(size, room);
    // SAFETY: the caller's buffer.
    unsafe { getcwd(buffer, size) }
}

/// The path of the working directory in memory of the caller's.
#[export]
pub extern "C" fn get_current_dir_name() -> *mut c_char {
    // SAFETY: without a buffer there is nothing to get wrong.
    unsafe { getcwd(core::ptr::null_mut(), 0) }
}

/// The path of the working directory in a buffer of `PATH_MAX` bytes.
#[export]
pub unsafe extern "C" fn getwd(buffer: *mut c_char) -> *mut c_char {
    if buffer.is_null() {
        return fail(EINVAL);
    }
    // SAFETY: the caller's buffer is that large.
    let result = unsafe { getcwd(buffer, walk::PATH_MAX) };
    if result.is_null() && crate::errno::get() == ERANGE.number() {
        return fail(ENAMETOOLONG);
    }
    result
}

/// `getwd` with the size of the buffer known.
#[export]
pub unsafe extern "C" fn __getwd_chk(buffer: *mut c_char, room: usize) -> *mut c_char {
    // SAFETY: the caller's buffer.
    unsafe { __getcwd_chk(buffer, walk::PATH_MAX.min(room), room) }
}
