//! Owners and the right to access: everything is allowed to the one user, root.

use core::ffi::{c_char, c_int};

use kcore::errno::{EACCES, EINVAL, Result};
use kcore::vfs::fd;
use kcore::vfs::node::Node;
use kcore::vfs::stat::Timestamp;
use kcore::vfs::watch::{self, Changes};
use macros::export;

use crate::outcome::{AT_FDCWD, node_at, path, unit};

/// `AT_SYMLINK_NOFOLLOW`.
pub(crate) const AT_SYMLINK_NOFOLLOW: c_int = 0x100;
/// `AT_EACCESS`: with the effective ids, which are the real ones here.
const AT_EACCESS: c_int = 0x200;
/// `AT_EMPTY_PATH`.
pub(crate) const AT_EMPTY_PATH: c_int = 0x1000;

/// Whether a file can be accessed: `R_OK` 4, `W_OK` 2, `X_OK` 1, `F_OK` 0.
#[export]
pub unsafe extern "C" fn faccessat(
    directory: c_int,
    name: *const c_char,
    mode: c_int,
    flags: c_int,
) -> c_int {
    let check = || {
        if mode & !7 != 0 || flags & !(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) != 0 {
            return Err(EINVAL);
        }
        // SAFETY: the caller's string.
        let name = unsafe { path(name) }?;
        let node = node_at(directory, name, flags & AT_SYMLINK_NOFOLLOW == 0, flags & AT_EMPTY_PATH != 0)?;
        if mode & 2 != 0 && node.body_as::<kcore::vfs::regular::Regular>().is_some() {
            node.volume.check_writable()?;
        }
        // Root may do all but execute what nobody may.
        let executable = node.mode() & 0o111 != 0 || node.directory().is_some();
        if mode & 1 != 0 && !executable { Err(EACCES) } else { Ok(()) }
    };
    unit(check())
}

/// As `faccessat` from the working directory.
#[export]
pub unsafe extern "C" fn access(name: *const c_char, mode: c_int) -> c_int {
    // SAFETY: the caller's string.
    unsafe { faccessat(AT_FDCWD, name, mode, 0) }
}

/// `access` with the effective ids, which are the real ones.
#[export]
pub unsafe extern "C" fn euidaccess(name: *const c_char, mode: c_int) -> c_int {
    // SAFETY: the caller's string.
    unsafe { access(name, mode) }
}

/// `euidaccess` by another name.
#[export]
pub unsafe extern "C" fn eaccess(name: *const c_char, mode: c_int) -> c_int {
    // SAFETY: the caller's string.
    unsafe { access(name, mode) }
}

fn set_owner(node: &Node, owner: u32, group: u32) -> Result<()> {
    node.volume.check_writable()?;
    let now = Timestamp::now();
    node.with_attributes(|attributes| {
        if owner != u32::MAX {
            attributes.owner = owner;
        }
        if group != u32::MAX {
            attributes.group = group;
        }
        attributes.changed = now;
    });
    watch::found(node, Changes::ATTRIBUTES);
    Ok(())
}

/// Sets owner and group; -1 leaves one as it is.
#[export]
pub unsafe extern "C" fn fchownat(
    directory: c_int,
    name: *const c_char,
    owner: u32,
    group: u32,
    flags: c_int,
) -> c_int {
    let change = || {
        if flags & !(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) != 0 {
            return Err(EINVAL);
        }
        // SAFETY: the caller's string.
        let name = unsafe { path(name) }?;
        let follow = flags & AT_SYMLINK_NOFOLLOW == 0;
        let node = node_at(directory, name, follow, flags & AT_EMPTY_PATH != 0)?;
        set_owner(&node, owner, group)
    };
    unit(change())
}

/// Sets owner and group of a file.
#[export]
pub unsafe extern "C" fn chown(name: *const c_char, owner: u32, group: u32) -> c_int {
    // SAFETY: the caller's string.
    unsafe { fchownat(AT_FDCWD, name, owner, group, 0) }
}

/// Sets owner and group of a file or symbolic link.
#[export]
pub unsafe extern "C" fn lchown(name: *const c_char, owner: u32, group: u32) -> c_int {
    // SAFETY: the caller's string.
    unsafe { fchownat(AT_FDCWD, name, owner, group, AT_SYMLINK_NOFOLLOW) }
}

/// Sets owner and group of an open file; without effect on what has no node.
#[export]
pub extern "C" fn fchown(descriptor: c_int, owner: u32, group: u32) -> c_int {
    let change = || match fd::get(descriptor)?.node() {
        Some(node) => set_owner(node, owner, group),
        None => Ok(()),
    };
    unit(change())
}
