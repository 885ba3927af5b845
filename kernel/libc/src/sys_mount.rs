//! `sys/mount.h` and `sys/swap.h`.

use core::ffi::{c_char, c_int, c_ulong, c_void};

use kcore::errno::{EINVAL, EPERM};
use kcore::vfs::mount;
use macros::export;

use crate::outcome::{AT_FDCWD, node_at, path, unit};

/// `MS_RDONLY`.
const READ_ONLY: c_ulong = 1;
/// `MS_REMOUNT`.
const REMOUNT: c_ulong = 32;
/// `MS_BIND`, `MS_MOVE`, `MS_UNBINDABLE`, `MS_PRIVATE`, `MS_SLAVE`, `MS_SHARED`: not provided.
const NOT_PROVIDED: c_ulong = 0x1000 | 0x2000 | 0x1e_0000;

/// Mounts a file system of the kernel's, or changes whether one can be written to.
#[export]
pub unsafe extern "C" fn mount(
    source: *const c_char,
    target: *const c_char,
    kind: *const c_char,
    flags: c_ulong,
    _data: *const c_void,
) -> c_int {
    let mount = || {
        if flags & NOT_PROVIDED != 0 {
            return Err(EINVAL);
        }
        // SAFETY: the caller's strings; a missing source or type is an empty one.
        let (target, source, kind) =
            unsafe { (path(target)?, path(source).unwrap_or_default(), path(kind).unwrap_or_default()) };
        let read_only = flags & READ_ONLY != 0;
        if flags & REMOUNT != 0 {
            node_at(AT_FDCWD, target, true, false)?.volume.set_read_only(read_only);
            return Ok(());
        }
        mount::mount(source, target, kind, read_only)
    };
    unit(mount())
}

/// Takes away what is mounted; `UMOUNT_NOFOLLOW` 8. What is open stays usable, as with `MNT_DETACH`.
#[export]
pub unsafe extern "C" fn umount2(target: *const c_char, flags: c_int) -> c_int {
    if flags & !15 != 0 {
        return crate::errno::set(EINVAL);
    }
    // SAFETY: the caller's string.
    unit(unsafe { path(target) }.and_then(|target| mount::detach(target, flags & 8 == 0)))
}

/// Takes away what is mounted.
#[export]
pub unsafe extern "C" fn umount(target: *const c_char) -> c_int {
    // SAFETY: the caller's string.
    unsafe { umount2(target, 0) }
}

/// There is no swapping.
#[export]
pub unsafe extern "C" fn swapon(_path: *const c_char, _flags: c_int) -> c_int {
    crate::errno::set(EPERM)
}

/// There is no swapping.
#[export]
pub unsafe extern "C" fn swapoff(_path: *const c_char) -> c_int {
    crate::errno::set(EINVAL)
}

/// Exchanging the root is not provided.
#[export]
pub unsafe extern "C" fn pivot_root(_new: *const c_char, _old: *const c_char) -> c_int {
    crate::errno::set(EINVAL)
}
