//! Names: links, symbolic links, removing; and renaming, which is `stdio.h`'s.

use core::ffi::{c_char, c_int, c_uint};

use kcore::errno::{EINVAL, EISDIR, ENOTDIR, Result};
use kcore::vfs::{create, remove as removing, rename as renaming};
use macros::export;

use super::owner::AT_EMPTY_PATH;
use crate::outcome::{AT_FDCWD, base, node_at, path, size, unit};

/// `AT_REMOVEDIR`.
const AT_REMOVEDIR: c_int = 0x200;
/// `AT_SYMLINK_FOLLOW`.
const AT_SYMLINK_FOLLOW: c_int = 0x400;

/// Gives a file one more name.
#[export]
pub unsafe extern "C" fn linkat(
    old_directory: c_int,
    old: *const c_char,
    new_directory: c_int,
    new: *const c_char,
    flags: c_int,
) -> c_int {
    let link = || {
        if flags & !(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH) != 0 {
            return Err(EINVAL);
        }
        // SAFETY: the caller's strings.
        let (old, new) = unsafe { (path(old)?, path(new)?) };
        let follow = flags & AT_SYMLINK_FOLLOW != 0;
        let node = node_at(old_directory, old, follow, flags & AT_EMPTY_PATH != 0)?;
        create::make_link(&node, &base(new_directory, new)?, new)
    };
    unit(link())
}

/// Gives a file one more name.
#[export]
pub unsafe extern "C" fn link(old: *const c_char, new: *const c_char) -> c_int {
    // SAFETY: the caller's strings.
    unsafe { linkat(AT_FDCWD, old, AT_FDCWD, new, 0) }
}

/// Makes a symbolic link.
#[export]
pub unsafe extern "C" fn symlinkat(target: *const c_char, directory: c_int, name: *const c_char) -> c_int {
    let make = || {
        // SAFETY: the caller's strings.
        let (target, name) = unsafe { (path(target)?, path(name)?) };
        create::make_symlink(&base(directory, name)?, name, target)
    };
    unit(make())
}

/// Makes a symbolic link.
#[export]
pub unsafe extern "C" fn symlink(target: *const c_char, name: *const c_char) -> c_int {
    // SAFETY: the caller's strings.
    unsafe { symlinkat(target, AT_FDCWD, name) }
}

/// Where a symbolic link leads, without a NUL.
#[export]
pub unsafe extern "C" fn readlinkat(
    directory: c_int,
    name: *const c_char,
    target: *mut c_char,
    room: usize,
) -> isize {
    let read = || {
        if room == 0 {
            return Err(EINVAL);
        }
        // SAFETY: the caller's string.
        let node = node_at(directory, unsafe { path(name) }?, false, true)?;
        let text = node.body().target().ok_or(EINVAL)?;
        // SAFETY: the caller's buffer.
        let target = unsafe { crate::outcome::buffer(target.cast(), room) }?;
        let count = text.len().min(target.len());
        let (Some(to), Some(from)) = (target.get_mut(..count), text.get(..count)) else { return Err(EINVAL) };
        to.copy_from_slice(from);
        Ok(count)
    };
    size(read())
}

/// Where a symbolic link leads, without a NUL.
#[export]
pub unsafe extern "C" fn readlink(name: *const c_char, target: *mut c_char, room: usize) -> isize {
    // SAFETY: the caller's string and buffer.
    unsafe {
        if name.is_null() || *name == 0 {
            return crate::errno::set(kcore::errno::ENOENT) as isize;
        }
        readlinkat(AT_FDCWD, name, target, room)
    }
}

/// `readlink` with the size of the buffer known.
#[export]
pub unsafe extern "C" fn __readlink_chk(
    name: *const c_char,
    target: *mut c_char,
    length: usize,
    room: usize,
) -> isize {
    crate::outcome::check_room(length, room);
    // SAFETY: the caller's.
    unsafe { readlink(name, target, length) }
}

/// `readlinkat` with the size of the buffer known.
#[export]
pub unsafe extern "C" fn __readlinkat_chk(
    directory: c_int,
    name: *const c_char,
    target: *mut c_char,
    length: usize,
    room: usize,
) -> isize {
    crate::outcome::check_room(length, room);
    // SAFETY: the caller's.
    unsafe { readlinkat(directory, name, target, length) }
}

/// Removes a name; with `AT_REMOVEDIR` a directory.
#[export]
pub unsafe extern "C" fn unlinkat(directory: c_int, name: *const c_char, flags: c_int) -> c_int {
    if flags & !AT_REMOVEDIR != 0 {
        return crate::errno::set(EINVAL);
    }
    let remove = || {
        // SAFETY: the caller's string.
        let name = unsafe { path(name) }?;
        let base = base(directory, name)?;
        if flags & AT_REMOVEDIR != 0 {
            removing::remove_directory(&base, name)
        } else {
            removing::unlink(&base, name)
        }
    };
    unit(remove())
}

unsafe fn with_path(
    name: *const c_char,
    action: fn(&alloc::sync::Arc<kcore::vfs::Node>, &[u8]) -> Result<()>,
) -> Result<()> {
    // SAFETY: the caller's string.
    let name = unsafe { path(name) }?;
    action(&base(AT_FDCWD, name)?, name)
}

/// Removes a name that is not a directory's.
#[export]
pub unsafe extern "C" fn unlink(name: *const c_char) -> c_int {
    // SAFETY: the caller's string.
    unit(unsafe { with_path(name, removing::unlink) })
}

/// Removes an empty directory.
#[export]
pub unsafe extern "C" fn rmdir(name: *const c_char) -> c_int {
    // SAFETY: the caller's string.
    unit(unsafe { with_path(name, removing::remove_directory) })
}

/// Removes a name, of a file or of an empty directory.
#[export]
pub unsafe extern "C" fn remove(name: *const c_char) -> c_int {
    // SAFETY: the caller's string.
    let result = match unsafe { with_path(name, removing::unlink) } {
        // SAFETY: as above.
        Err(error) if error == EISDIR => match unsafe { with_path(name, removing::remove_directory) } {
            Err(error) if error == ENOTDIR => Err(EISDIR),
            result => result,
        },
        result => result,
    };
    unit(result)
}

/// Renames; `RENAME_NOREPLACE` 1, `RENAME_EXCHANGE` 2.
#[export]
pub unsafe extern "C" fn renameat2(
    old_directory: c_int,
    old: *const c_char,
    new_directory: c_int,
    new: *const c_char,
    flags: c_uint,
) -> c_int {
    let rename = || {
        // SAFETY: the caller's strings.
        let (old, new) = unsafe { (path(old)?, path(new)?) };
        renaming::rename(&base(old_directory, old)?, old, &base(new_directory, new)?, new, flags)
    };
    unit(rename())
}

/// Renames.
#[export]
pub unsafe extern "C" fn renameat(
    old_directory: c_int,
    old: *const c_char,
    new_directory: c_int,
    new: *const c_char,
) -> c_int {
    // SAFETY: the caller's strings.
    unsafe { renameat2(old_directory, old, new_directory, new, 0) }
}

/// Renames.
#[export]
pub unsafe extern "C" fn rename(old: *const c_char, new: *const c_char) -> c_int {
    // SAFETY: the caller's strings.
    unsafe { renameat2(AT_FDCWD, old, AT_FDCWD, new, 0) }
}
