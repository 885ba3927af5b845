//! `sys/inotify.h`.

use alloc::sync::Arc;
use core::ffi::{c_char, c_int};

use kcore::errno::{EINVAL, ENOTDIR, Result};
use kcore::vfs::inotify::Inotify;
use kcore::vfs::{OpenFlags, fd};
use macros::export;

use crate::outcome::{AT_FDCWD, node_at, number, path, unit};

/// What a mask may have; something it must.
const ALL_BITS: u32 = 0xf700_efff;
/// Only a directory.
const IN_ONLYDIR: u32 = 0x0100_0000;
/// The symbolic link itself.
const IN_DONT_FOLLOW: u32 = 0x0200_0000;

/// An instance that watches nothing: `IN_NONBLOCK`, `IN_CLOEXEC`.
#[export]
pub extern "C" fn inotify_init1(flags: c_int) -> c_int {
    let flags = OpenFlags::from_bits_retain(flags as u32);
    if !(OpenFlags::NONBLOCK | OpenFlags::CLOSE_ON_EXEC).contains(flags) {
        return crate::errno::set(EINVAL);
    }
    number(fd::install(Arc::new(Inotify::new(flags)), flags.contains(OpenFlags::CLOSE_ON_EXEC)))
}

/// An instance that watches nothing.
#[export]
pub extern "C" fn inotify_init() -> c_int {
    inotify_init1(0)
}

fn with<T>(descriptor: c_int, act: impl FnOnce(&Inotify) -> Result<T>) -> Result<T> {
    let file = fd::get(descriptor)?;
    act(file.downcast().ok_or(EINVAL)?)
}

/// Watches a file; gives the number of the watch, which is the same whatever name leads to the file.
#[export]
pub unsafe extern "C" fn inotify_add_watch(descriptor: c_int, name: *const c_char, mask: u32) -> c_int {
    let add = || {
        if mask & ALL_BITS == 0 || mask & !ALL_BITS != 0 {
            return Err(EINVAL);
        }
        with(descriptor, |instance| {
            // SAFETY: the caller's string.
            let name = unsafe { path(name) }?;
            let node = node_at(AT_FDCWD, name, mask & IN_DONT_FOLLOW == 0, false)?;
            if mask & IN_ONLYDIR != 0 && node.directory().is_none() {
                return Err(ENOTDIR);
            }
            instance.add(&node, mask)
        })
    };
    number(add())
}

/// Watches a file no more.
#[export]
pub extern "C" fn inotify_rm_watch(descriptor: c_int, watch: c_int) -> c_int {
    unit(with(descriptor, |instance| instance.remove(watch)))
}
