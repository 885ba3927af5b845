//! From a path to a node.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::node::Node;
use super::stat::S_IFDIR;
use crate::errno::{ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR, Result};
use crate::sync::SpinLock;

/// Longest path in bytes, with its NUL.
pub const PATH_MAX: usize = 4096;
/// Longest name of an entry in bytes.
pub const NAME_MAX: usize = 255;
/// Symbolic links that one path may lead through.
const LINKS_MAX: u32 = 40;

static ROOT: SpinLock<Option<Arc<Node>>> = SpinLock::new(None);
static CURRENT: SpinLock<Option<Arc<Node>>> = SpinLock::new(None);

/// The root directory; `ENOENT` before the root is mounted.
pub fn root() -> Result<Arc<Node>> {
    ROOT.lock().clone().ok_or(ENOENT)
}

/// Makes `node` the root directory.
pub fn set_root(node: Arc<Node>) {
    *ROOT.lock() = Some(node);
}

/// The working directory.
pub fn current() -> Result<Arc<Node>> {
    let current = CURRENT.lock().clone();
    current.map_or_else(root, Ok)
}

/// Makes `node`, a directory, the working directory.
pub fn set_current(node: Arc<Node>) {
    let old = CURRENT.lock().replace(node);
    drop(old);
}

/// Where a path leads.
pub struct Found {
    /// The directory that holds the last component; none if the path ends in `/`, `.` or `..` only.
    pub parent: Option<Arc<Node>>,
    /// The last component; empty if there is no `parent`.
    pub name: Box<[u8]>,
    /// The file, if it exists.
    pub node: Option<Arc<Node>>,
    /// The path ended in a slash, so it must be a directory.
    pub slash: bool,
}

impl Found {
    /// The file; `ENOENT` if it does not exist, `ENOTDIR` if a directory was asked for.
    pub fn existing(self) -> Result<Arc<Node>> {
        self.check_slash()?;
        self.node.ok_or(ENOENT)
    }

    /// `ENOTDIR` if the path ends in a slash and what it names is no directory.
    pub fn check_slash(&self) -> Result<()> {
        match &self.node {
            Some(node) if self.slash && !node.is(S_IFDIR) => Err(ENOTDIR),
            _ => Ok(()),
        }
    }
}

/// Whatever is mounted on `node`, else `node`.
fn cross(mut node: Arc<Node>) -> Arc<Node> {
    while let Some(mounted) = node.directory().and_then(|directory| directory.mounted()) {
        node = mounted;
    }
    node
}

/// One step from `node`, a directory, to the file called `name`.
fn step(node: &Arc<Node>, name: &[u8]) -> Result<Arc<Node>> {
    let directory = node.directory().ok_or(ENOTDIR)?;
    match name {
        b"." => Ok(node.clone()),
        b".." => Ok(cross(directory.parent().unwrap_or_else(|| node.clone()))),
        _ if name.len() > NAME_MAX => Err(ENAMETOOLONG),
        _ => directory.get(node, name).map(cross),
    }
}

/// Resolves `path` from `base`. `follow`: a symbolic link at the end is followed too.
///
/// A last component that does not exist is no error: `Found::node` is empty then. Errors: `ENOENT`,
/// `ENOTDIR`, `ELOOP`, `ENAMETOOLONG`, and those of reading the file system.
pub fn resolve(base: &Arc<Node>, path: &[u8], follow: bool) -> Result<Found> {
    if path.is_empty() {
        return Err(ENOENT);
    }
    if path.len() >= PATH_MAX {
        return Err(ENAMETOOLONG);
    }
    let mut links = 0;
    let mut expanded: Vec<u8>;
    let mut rest = path;
    let mut node = base.clone();
    loop {
        if rest.first() == Some(&b'/') {
            node = root()?;
        }
        // Inside one text: until it ends or a symbolic link replaces it.
        let (target, tail) = loop {
            let start = rest.iter().position(|&byte| byte != b'/').unwrap_or(rest.len());
            rest = rest.get(start..).unwrap_or_default();
            let end = rest.iter().position(|&byte| byte == b'/').unwrap_or(rest.len());
            let (name, tail) = rest.split_at(end);
            let last = tail.iter().all(|&byte| byte == b'/');
            let slash = !tail.is_empty();
            if name.is_empty() {
                return Ok(Found { parent: None, name: Box::default(), node: Some(node), slash: true });
            }
            let dots = name == b"." || name == b"..";
            let next = match step(&node, name) {
                Err(error) if error == ENOENT && last && !dots => {
                    return Ok(Found { parent: Some(node), name: name.into(), node: None, slash });
                }
                next => next?,
            };
            let body = next.body();
            // What stands for a file without a path can be opened, but is nothing to walk through.
            let stays = last && !slash && (!follow || body.jump());
            let target = if stays { None } else { body.target() };
            if let Some(target) = target {
                break (target, tail);
            }
            if last {
                let node_found = Some(next);
                let found = if dots {
                    Found { parent: None, name: Box::default(), node: node_found, slash }
                } else {
                    Found { parent: Some(node), name: name.into(), node: node_found, slash }
                };
                return Ok(found);
            }
            if next.directory().is_none() {
                return Err(ENOTDIR);
            }
            node = next;
            rest = tail;
        };
        links += 1;
        if links > LINKS_MAX {
            return Err(ELOOP);
        }
        if target.is_empty() {
            return Err(ENOENT);
        }
        if target.len() + tail.len() >= PATH_MAX {
            return Err(ENAMETOOLONG);
        }
        let mut text = target;
        text.extend_from_slice(tail);
        expanded = text;
        rest = &expanded;
    }
}

/// Resolves `path`, from the working directory, to a file that exists.
pub fn lookup(path: &[u8], follow: bool) -> Result<Arc<Node>> {
    resolve(&current()?, path, follow)?.existing()
}

/// The absolute path of a directory, or of a root; `ENOENT` if it was removed.
pub fn path_of(node: &Arc<Node>) -> Result<Vec<u8>> {
    let root = root()?;
    let mut path = Vec::new();
    let mut node = node.clone();
    while !Arc::ptr_eq(&node, &root) {
        let directory = node.directory().ok_or(ENOENT)?;
        let parent = directory.parent().ok_or(ENOENT)?;
        let holder = parent.directory().ok_or(ENOENT)?;
        let name = holder.with(&parent, |entries| {
            let direct = entries.name_of(&node).map(Vec::from);
            Ok(direct.or_else(|| entries.mount_point_of(&node)))
        })?;
        let name = name.ok_or(ENOENT)?;
        path.extend(name.iter().rev());
        path.push(b'/');
        node = parent;
    }
    if path.is_empty() {
        path.push(b'/');
    }
    path.reverse();
    Ok(path)
}
