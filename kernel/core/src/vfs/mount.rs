//! Mounting: where the trees come from, and how they hang together.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::directory::Directory;
use super::node::{Node, Volume};
use super::stat::{S_IFDIR, S_IFMT};
use super::walk::{resolve, root, set_root};
use crate::device::filesystem::{self, FileSystem};
use crate::errno::{EBUSY, EINVAL, ENODEV, ENOTDIR, Result};
use crate::sync::Mutex;

/// `f_type` of a RAM file system (`TMPFS_MAGIC`).
pub const TMPFS_MAGIC: u32 = 0x0102_1994;

/// A line of the mount table.
pub struct Mounted {
    /// What was mounted, as the first column of `/proc/mounts`.
    pub source: Box<[u8]>,
    /// The absolute path it was mounted on.
    pub path: Box<[u8]>,
    /// Its root.
    pub root: Arc<Node>,
}

static MOUNTS: Mutex<Vec<Mounted>> = Mutex::new(Vec::new());

/// Looks at the mount table, oldest first.
pub fn with_mounts<T>(look: impl FnOnce(&[Mounted]) -> T) -> T {
    look(&MOUNTS.lock())
}

/// An empty directory that is the root of a new volume in memory.
pub fn empty_tree(kind: &'static str, magic: u32, mode: u32) -> Arc<Node> {
    let volume = Volume::new(kind, magic);
    Node::new(&volume, S_IFDIR | mode, Box::new(Directory::new(None)))
}

/// Hangs `tree` over the directory at `path`, which is made if `make` and it does not exist.
pub fn attach(source: &[u8], path: &[u8], tree: Arc<Node>, make: bool) -> Result<()> {
    let found = resolve(&root()?, path, true)?;
    let point = match found.node {
        Some(node) => node,
        None if make => {
            let parent = found.parent.as_ref().ok_or(EINVAL)?;
            let node = Node::new(&parent.volume, S_IFDIR | 0o755, Box::new(Directory::new(None)));
            let holder = parent.directory().ok_or(ENOTDIR)?;
            // A mount point may be missing on a read-only image; it is made in memory.
            holder.with(parent, |entries| entries.add(&found.name, node.clone()))?;
            if let Some(directory) = node.directory() {
                directory.set_parent(parent);
            }
            parent.add_links(1);
            node
        }
        None => return Err(crate::errno::ENOENT),
    };
    let directory = point.directory().ok_or(ENOTDIR)?;
    let tree_directory = tree.directory().ok_or(ENOTDIR)?;
    let Some(parent) = directory.parent() else { return Err(EBUSY) };
    let path = super::walk::path_of(&point)?;
    tree_directory.set_parent(&parent);
    directory.set_mounted(Some(tree.clone()));
    MOUNTS.lock().push(Mounted { source: source.into(), path: path.into(), root: tree });
    Ok(())
}

/// Takes away the newest of what is mounted at `path`; `EINVAL` if nothing is.
pub fn detach(path: &[u8], follow: bool) -> Result<()> {
    let node = resolve(&super::walk::current()?, path, follow)?.existing()?;
    let mut mounts = MOUNTS.lock();
    let at = mounts.iter().rposition(|mount| Arc::ptr_eq(&mount.root, &node)).ok_or(EINVAL)?;
    if at == 0 {
        return Err(EBUSY);
    }
    let directory = node.directory().ok_or(ENOTDIR)?;
    let parent = directory.parent().ok_or(EINVAL)?;
    let holder = parent.directory().ok_or(ENOTDIR)?;
    let point = holder.with(&parent, |entries| {
        let name = entries.mount_point_of(&node);
        Ok(name.and_then(|name| entries.get(&name).cloned()))
    })?;
    let mut point = point.ok_or(EINVAL)?;
    while let Some(mounted) = point.directory().and_then(Directory::mounted) {
        if Arc::ptr_eq(&mounted, &node) {
            if let Some(directory) = point.directory() {
                directory.set_mounted(None);
            }
            mounts.remove(at);
            return Ok(());
        }
        point = mounted;
    }
    Err(EINVAL)
}

/// Mounts the root, `kind` being `module`, `disk` or `ramfs`, and on it what belongs there: the
/// file systems whose rows name a mount point and, over a read-only root, memory for temporary
/// files.
///
/// `ENODEV` if no row offers that kind; else what reading the image gives.
pub fn mount_root(kind: &[u8]) -> Result<()> {
    let mut result = Err(ENODEV);
    for row in filesystem::rows() {
        if row.root_kind == Some(kind) {
            result = (row.mount)();
            if result.is_ok() {
                break;
            }
        }
    }
    let tree = result?;
    if tree.mode() & S_IFMT != S_IFDIR {
        return Err(ENOTDIR);
    }
    let read_only = tree.volume.read_only();
    MOUNTS.lock().push(Mounted { source: kind.into(), path: b"/".as_slice().into(), root: tree.clone() });
    set_root(tree);
    for row in filesystem::rows() {
        if let Some(path) = row.mount_point {
            // A root that cannot hold this mount point is still a root.
            let _ = mount_row(row, row.name.as_bytes(), path);
        }
    }
    if read_only {
        for path in [b"/tmp".as_slice(), b"/run", b"/var/tmp"] {
            let memory = empty_tree("tmpfs", TMPFS_MAGIC, 0o1777);
            let _ = keep_visible(path, &memory);
            let _ = attach(b"tmpfs", path, memory, true);
        }
    }
    Ok(())
}

/// Moves what the image has at `path` to the directory that is going to cover it.
fn keep_visible(path: &[u8], cover: &Arc<Node>) -> Result<()> {
    let below = resolve(&root()?, path, true)?.existing()?;
    let (from, to) = (below.directory().ok_or(ENOTDIR)?, cover.directory().ok_or(ENOTDIR)?);
    from.with(&below, |from| {
        to.with(cover, |to| {
            from.move_to(to, cover);
            Ok(())
        })
    })
}

/// Mounts the file system of a row at `path`.
fn mount_row(row: &FileSystem, source: &[u8], path: &[u8]) -> Result<()> {
    attach(source, path, (row.mount)()?, true)
}

/// `mount`: an empty `tmpfs` or `ramfs`, or the file system of a row, at `path`.
pub fn mount(source: &[u8], path: &[u8], kind: &[u8], read_only: bool) -> Result<()> {
    let tree = match kind {
        b"tmpfs" | b"ramfs" => empty_tree("tmpfs", TMPFS_MAGIC, 0o1777),
        _ => {
            let row = filesystem::rows().find(|row| row.name.as_bytes() == kind).ok_or(ENODEV)?;
            (row.mount)()?
        }
    };
    if read_only {
        tree.volume.set_read_only(true);
    }
    attach(source, path, tree, false)
}
