//! Opening by path.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicU32, Ordering};

use super::file::{File, Place};
use super::flags::OpenFlags;
use super::node::Node;
use super::regular::Regular;
use super::stat::{S_IFDIR, S_IFLNK, S_IFREG};
use super::walk::{Found, current, resolve};
use super::watch::{self, Changes};
use crate::errno::{EEXIST, EINVAL, EISDIR, ELOOP, ENOENT, ENOTDIR, Result};

static UMASK: AtomicU32 = AtomicU32::new(0o022);

/// The permission bits that new files do not get.
pub fn umask() -> u32 {
    UMASK.load(Ordering::Relaxed)
}

/// Sets the mask to the permission bits of `mask`; gives the old one.
pub fn set_umask(mask: u32) -> u32 {
    UMASK.swap(mask & 0o777, Ordering::Relaxed)
}

/// Opens `path` from the working directory. `mode`: permission bits if the file is created.
///
/// Errors as of `open(2)`.
pub fn open(path: &[u8], flags: OpenFlags, mode: u32) -> Result<Arc<dyn File>> {
    open_at(&current()?, path, flags, mode)
}

/// Opens `path` from the directory `base`.
pub fn open_at(base: &Arc<Node>, path: &[u8], flags: OpenFlags, mode: u32) -> Result<Arc<dyn File>> {
    let path_only = flags.contains(OpenFlags::PATH);
    // With O_PATH only these count.
    let flags = if path_only {
        flags & (OpenFlags::PATH | OpenFlags::DIRECTORY | OpenFlags::NO_FOLLOW | OpenFlags::CLOSE_ON_EXEC)
    } else {
        flags
    };
    if flags.contains(OpenFlags::TEMPORARY) {
        return open_temporary(base, path, flags, mode);
    }
    let creates = flags.contains(OpenFlags::CREATE);
    if creates && flags.contains(OpenFlags::DIRECTORY) {
        return Err(EINVAL);
    }
    let exclusive = creates && flags.contains(OpenFlags::EXCLUSIVE);
    let mut found = resolve(base, path, !flags.contains(OpenFlags::NO_FOLLOW) && !exclusive)?;
    if creates && found.slash {
        return Err(EISDIR);
    }
    let mut created = false;
    if found.node.is_none() && creates {
        created = create_at(&mut found, mode)?;
    }
    if exclusive && !created {
        return Err(EEXIST);
    }
    found.check_slash()?;
    let node = found.node.ok_or(ENOENT)?;
    let kind = node.mode() & super::stat::S_IFMT;
    if flags.contains(OpenFlags::DIRECTORY) && kind != S_IFDIR {
        return Err(ENOTDIR);
    }
    let follow = !flags.contains(OpenFlags::NO_FOLLOW);
    if kind == S_IFLNK && !path_only && !(follow && node.body().jump()) {
        return Err(ELOOP);
    }
    if kind == S_IFDIR && creates {
        return Err(EISDIR);
    }
    let place = Place { node, parent: found.parent, name: found.name };
    if path_only {
        return Ok(Arc::new(super::path_only::PathOnly::new(place, flags)));
    }
    open_place(place, if created { flags & !OpenFlags::TRUNCATE } else { flags })
}

/// Opens a file that was found: the end of `open`. A regular file is truncated if that is asked for.
pub fn open_place(place: Place, flags: OpenFlags) -> Result<Arc<dyn File>> {
    let node = place.node.clone();
    if flags.writes() && node.mode() & super::stat::S_IFMT == S_IFREG {
        node.volume.check_writable()?;
    }
    let file = node.body().open(place, flags)?;
    if flags.contains(OpenFlags::TRUNCATE)
        && let Some(regular) = node.body_as::<Regular>()
    {
        node.volume.check_writable()?;
        regular.truncate(0)?;
        node.touch();
        watch::found(&node, Changes::MODIFY);
    }
    Ok(file)
}

/// Creates an empty regular file; false if somebody else just did.
fn create_at(found: &mut Found, mode: u32) -> Result<bool> {
    let parent = found.parent.as_ref().ok_or(ENOENT)?;
    let directory = parent.directory().ok_or(ENOTDIR)?;
    parent.volume.check_writable()?;
    let node = directory.with(parent, |entries| {
        if let Some(node) = entries.get(&found.name) {
            return Ok((node.clone(), false));
        }
        let mode = S_IFREG | mode & 0o7777 & !umask();
        let node = Node::new(&parent.volume, mode, Box::new(Regular::default()));
        entries.add(&found.name, node.clone())?;
        Ok((node, true))
    });
    let (node, created) = node?;
    if created {
        parent.touch();
        watch::named(parent, &found.name, false, Changes::CREATE);
    }
    found.node = Some(node);
    Ok(created)
}

/// `O_TMPFILE`: a file without a name on the volume of the directory `path`.
fn open_temporary(base: &Arc<Node>, path: &[u8], flags: OpenFlags, mode: u32) -> Result<Arc<dyn File>> {
    if !flags.contains(OpenFlags::DIRECTORY) || !flags.writes() {
        return Err(EINVAL);
    }
    let directory = resolve(base, path, true)?.existing()?;
    if directory.directory().is_none() {
        return Err(ENOTDIR);
    }
    directory.volume.check_writable()?;
    let mode = S_IFREG | mode & 0o7777 & !umask();
    let node = Node::new(&directory.volume, mode, Box::new(Regular::default()));
    node.add_links(-1);
    node.body().open(Place::unnamed(node.clone()), flags & !OpenFlags::DIRECTORY)
}
