//! New names: directories, links, device nodes.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::directory::Directory;
use super::file::{File, Place};
use super::flags::OpenFlags;
use super::node::{Body, Node, Volume};
use super::open::umask;
use super::stat::{S_IFDIR, S_IFLNK};
use super::walk::{Found, PATH_MAX, resolve};
use super::watch::{self, Changes};
use crate::errno::{EEXIST, ELOOP, EMLINK, ENAMETOOLONG, ENOENT, ENOTDIR, EPERM, EXDEV, Result};

/// Adds what `make` makes under the name that `found` ends in.
pub fn add(found: &Found, make: impl FnOnce(&Arc<Volume>) -> Arc<Node>) -> Result<Arc<Node>> {
    let node = insert(found, make)?;
    if let Some(parent) = &found.parent {
        watch::named(parent, &found.name, node.directory().is_some(), Changes::CREATE);
    }
    Ok(node)
}

fn insert(found: &Found, make: impl FnOnce(&Arc<Volume>) -> Arc<Node>) -> Result<Arc<Node>> {
    if found.node.is_some() {
        return Err(EEXIST);
    }
    let parent = found.parent.as_ref().ok_or(ENOENT)?;
    let directory = parent.directory().ok_or(ENOTDIR)?;
    parent.volume.check_writable()?;
    let node = make(&parent.volume);
    directory.with(parent, |entries| entries.add(&found.name, node.clone()))?;
    if let Some(made) = node.directory() {
        made.set_parent(parent);
        parent.add_links(1);
    }
    parent.touch();
    Ok(node)
}

/// Makes a directory: `mkdirat`.
pub fn make_directory(base: &Arc<Node>, path: &[u8], mode: u32) -> Result<()> {
    let found = resolve(base, path, false)?;
    let mode = S_IFDIR | mode & 0o1777 & !umask();
    add(&found, |volume| Node::new(volume, mode, Box::new(Directory::new(None))))?;
    Ok(())
}

/// The body of a symbolic link.
pub struct Symlink(Box<[u8]>);

impl Symlink {
    /// A link that leads to `target`.
    #[must_use]
    pub const fn new(target: Box<[u8]>) -> Self {
        Self(target)
    }
}

impl Body for Symlink {
    fn open(&self, _place: Place, _flags: OpenFlags) -> Result<Arc<dyn File>> {
        Err(ELOOP)
    }

    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn target(&self) -> Option<Vec<u8>> {
        Some(self.0.to_vec())
    }
}

/// Makes a symbolic link: `symlinkat`.
pub fn make_symlink(base: &Arc<Node>, path: &[u8], target: &[u8]) -> Result<()> {
    if target.is_empty() {
        return Err(ENOENT);
    }
    if target.len() >= PATH_MAX {
        return Err(ENAMETOOLONG);
    }
    let found = resolve(base, path, false)?;
    if found.node.is_none() && found.slash {
        return Err(ENOENT);
    }
    add(&found, |volume| Node::new(volume, S_IFLNK | 0o777, Box::new(Symlink::new(target.into()))))?;
    Ok(())
}

/// Gives `node` one more name: `linkat`.
pub fn make_link(node: &Arc<Node>, base: &Arc<Node>, path: &[u8]) -> Result<()> {
    if node.directory().is_some() {
        return Err(EPERM);
    }
    let found = resolve(base, path, false)?;
    if found.node.is_some() {
        return Err(EEXIST);
    }
    if found.slash {
        return Err(ENOENT);
    }
    if !found.parent.as_ref().is_some_and(|parent| Arc::ptr_eq(&parent.volume, &node.volume)) {
        return Err(EXDEV);
    }
    if node.with_attributes(|attributes| attributes.links) == u32::MAX {
        return Err(EMLINK);
    }
    insert(&found, |_| node.clone())?;
    node.add_links(1);
    watch::itself(node, Changes::ATTRIBUTES);
    if let Some(parent) = &found.parent {
        watch::named(parent, &found.name, false, Changes::CREATE);
    }
    Ok(())
}
