//! `sys/xattr.h`: extended attributes, kept in memory with their file.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ffi::{c_char, c_int, c_void};

use kcore::errno::{E2BIG, EEXIST, EINVAL, ENODATA, EOPNOTSUPP, ERANGE, Result};
use kcore::vfs::fd;
use kcore::vfs::node::{ExtendedAttribute, Node};
use kcore::vfs::watch::{self, Changes};
use macros::export;

use crate::outcome::{AT_FDCWD, buffer, bytes, node_at, path, size, unit};

/// `XATTR_CREATE`.
const CREATE: c_int = 1;
/// `XATTR_REPLACE`.
const REPLACE: c_int = 2;
/// `XATTR_SIZE_MAX`.
const SIZE_MAX: usize = 65536;

/// Does something with the attributes of a file.
fn with<T>(node: &Node, act: impl FnOnce(&mut Vec<ExtendedAttribute>) -> Result<T>) -> Result<T> {
    node.with_attributes(|attributes| act(attributes.extended.get_or_insert_with(Box::default)))
}

fn set(node: &Node, name: &[u8], value: &[u8], flags: c_int) -> Result<()> {
    node.volume.check_writable()?;
    if flags & !(CREATE | REPLACE) != 0 || name.is_empty() {
        return Err(EINVAL);
    }
    if name.len() > 255 {
        return Err(ERANGE);
    }
    if value.len() > SIZE_MAX {
        return Err(E2BIG);
    }
    // Names have a namespace before the first dot.
    if !name.contains(&b'.') {
        return Err(EOPNOTSUPP);
    }
    let value = Box::from(value);
    with(node, |list| {
        match list.iter_mut().find(|(other, _)| **other == *name) {
            Some(_) if flags & CREATE != 0 => return Err(EEXIST),
            None if flags & REPLACE != 0 => return Err(ENODATA),
            Some((_, old)) => *old = value,
            None => list.push((name.into(), value)),
        }
        Ok(())
    })?;
    watch::found(node, Changes::ATTRIBUTES);
    Ok(())
}

/// Copies to the caller; without room only says how much is needed.
fn give(value: &[u8], room: &mut [u8]) -> Result<usize> {
    if !room.is_empty() {
        room.get_mut(..value.len()).ok_or(ERANGE)?.copy_from_slice(value);
    }
    Ok(value.len())
}

fn get(node: &Node, name: &[u8], room: &mut [u8]) -> Result<usize> {
    let found = with(node, |list| {
        let entry = list.iter().find(|(other, _)| **other == *name);
        entry.map(|(_, value)| value.clone()).ok_or(ENODATA)
    });
    give(&found?, room)
}

fn list(node: &Node, room: &mut [u8]) -> Result<usize> {
    let names = with(node, |list| {
        let mut names = Vec::new();
        for (name, _) in list.iter() {
            names.extend_from_slice(name);
            names.push(0);
        }
        Ok(names)
    });
    give(&names?, room)
}

fn remove(node: &Node, name: &[u8]) -> Result<()> {
    node.volume.check_writable()?;
    with(node, |list| {
        let at = list.iter().position(|(other, _)| **other == *name).ok_or(ENODATA)?;
        list.remove(at);
        Ok(())
    })?;
    watch::found(node, Changes::ATTRIBUTES);
    Ok(())
}

macro_rules! attribute_functions {
    ($set:ident, $get:ident, $list:ident, $remove:ident, $file:ty, $find:expr, $which:literal) => {
        #[doc = concat!("Sets an attribute of ", $which, ".")]
        #[export]
        pub unsafe extern "C" fn $set(
            file: $file,
            name: *const c_char,
            value: *const c_void,
            length: usize,
            flags: c_int,
        ) -> c_int {
            // SAFETY: the caller's strings and bytes.
            let set = || unsafe { set(&*$find(file)?, path(name)?, bytes(value.cast(), length)?, flags) };
            unit(set())
        }

        #[doc = concat!("An attribute of ", $which, ", or with no room its length.")]
        #[export]
        pub unsafe extern "C" fn $get(
            file: $file,
            name: *const c_char,
            value: *mut c_void,
            room: usize,
        ) -> isize {
            // SAFETY: the caller's strings and buffer.
            let get = || unsafe { get(&*$find(file)?, path(name)?, buffer(value.cast(), room)?) };
            size(get())
        }

        #[doc = concat!("The names of the attributes of ", $which, ", each with a NUL.")]
        #[export]
        pub unsafe extern "C" fn $list(file: $file, names: *mut c_char, room: usize) -> isize {
            // SAFETY: the caller's string and buffer.
            let list = || unsafe { list(&*$find(file)?, buffer(names.cast(), room)?) };
            size(list())
        }

        #[doc = concat!("Removes an attribute of ", $which, ".")]
        #[export]
        pub unsafe extern "C" fn $remove(file: $file, name: *const c_char) -> c_int {
            // SAFETY: the caller's strings.
            let remove = || unsafe { remove(&*$find(file)?, path(name)?) };
            unit(remove())
        }
    };
}

type Found = Result<alloc::sync::Arc<Node>>;

unsafe fn followed(name: *const c_char) -> Found {
    // SAFETY: the caller's string.
    node_at(AT_FDCWD, unsafe { path(name) }?, true, false)
}

unsafe fn unfollowed(name: *const c_char) -> Found {
    // SAFETY: the caller's string.
    node_at(AT_FDCWD, unsafe { path(name) }?, false, false)
}

unsafe fn opened(descriptor: c_int) -> Found {
    fd::get(descriptor)?.node().cloned().ok_or(EOPNOTSUPP)
}

attribute_functions!(setxattr, getxattr, listxattr, removexattr, *const c_char, followed, "a file");
attribute_functions!(
    lsetxattr,
    lgetxattr,
    llistxattr,
    lremovexattr,
    *const c_char,
    unfollowed,
    "a file or symbolic link"
);
attribute_functions!(fsetxattr, fgetxattr, flistxattr, fremovexattr, c_int, opened, "an open file");
