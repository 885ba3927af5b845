//! Directories: named entries, kept in the order of their names' hashes.
//!
//! That order gives each entry a position that stays its own whatever is added or removed, which
//! is what `telldir` and an interrupted `readdir` need, and finds a name by bisection.

use alloc::boxed::Box;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;

use super::file::{File, Place};
use super::flags::{OpenFlags, Status};
use super::node::{Body, Node};
use super::stat::Stat;
use super::watch::{self, Changes};
use crate::errno::{EEXIST, EISDIR, ENOENT, Result};
use crate::sync::{Mutex, SpinLock};

/// Fills a directory in when it is first looked at.
pub trait Children: Send + Sync {
    /// Adds what belongs into `directory`, the directory being filled.
    fn fill(&self, directory: &Arc<Node>, entries: &mut Entries) -> Result<()>;

    /// Whether the entries change by themselves, so that each look asks again.
    fn volatile(&self) -> bool {
        false
    }
}

/// A name in a directory.
pub struct Entry {
    /// Its position: unique in the directory, at least [`FIRST_POSITION`].
    pub position: u64,
    /// The name: not empty, without `/` and NUL, at most 255 bytes.
    pub name: Box<[u8]>,
    /// The file.
    pub node: Arc<Node>,
}

/// Positions below this are `.` (0) and `..` (1).
pub const FIRST_POSITION: u64 = 2;

/// The entries of a directory, by position.
#[derive(Default)]
pub struct Entries {
    list: Vec<Entry>,
    filled: bool,
    /// The directory was removed: nothing can be added.
    dead: bool,
}

/// The first position that a name can have; the low 16 bits tell equal hashes apart (FNV-1a).
fn hash(name: &[u8]) -> u64 {
    let step = |hash: u32, &byte: &u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    let hash = name.iter().fold(0x811c_9dc5, step);
    (u64::from(hash >> 1) + 1) << 16
}

impl Entries {
    fn index(&self, position: u64) -> usize {
        self.list.partition_point(|entry| entry.position < position)
    }

    fn find(&self, name: &[u8]) -> Option<usize> {
        let base = hash(name);
        let start = self.index(base);
        let same = self.list.get(start..)?.iter().take_while(|entry| entry.position >> 16 == base >> 16);
        same.into_iter().position(|entry| *entry.name == *name).map(|at| start + at)
    }

    /// The file called `name`.
    pub fn get(&self, name: &[u8]) -> Option<&Arc<Node>> {
        self.list.get(self.find(name)?).map(|entry| &entry.node)
    }

    /// Adds a name; `EEXIST` if there is one, `ENOENT` if the directory was removed.
    pub fn add(&mut self, name: &[u8], node: Arc<Node>) -> Result<()> {
        if self.dead {
            return Err(ENOENT);
        }
        if self.find(name).is_some() {
            return Err(EEXIST);
        }
        let mut position = hash(name);
        let mut at = self.index(position);
        while self.list.get(at).is_some_and(|entry| entry.position == position) {
            position += 1;
            at += 1;
        }
        self.list.insert(at, Entry { position, name: name.into(), node });
        Ok(())
    }

    /// Takes a name away; gives what it named.
    pub fn remove(&mut self, name: &[u8]) -> Option<Arc<Node>> {
        self.find(name).map(|at| self.list.remove(at).node)
    }

    /// Puts `node` in the place of what `name` names, which is given back.
    pub fn swap(&mut self, name: &[u8], node: Arc<Node>) -> Option<Arc<Node>> {
        let at = self.find(name)?;
        let entry = self.list.get_mut(at)?;
        Some(core::mem::replace(&mut entry.node, node))
    }

    /// Moves every name to `other`, the entries of `directory`, which has none yet.
    pub fn move_to(&mut self, other: &mut Entries, directory: &Arc<Node>) {
        other.list = core::mem::take(&mut self.list);
        for moved in other.list.iter().filter_map(|entry| entry.node.directory()) {
            moved.set_parent(directory);
        }
    }

    /// The first entry at or after `position`.
    pub fn at_or_after(&self, position: u64) -> Option<&Entry> {
        self.list.get(self.index(position))
    }

    /// All names and what they name.
    pub fn names(&self) -> impl Iterator<Item = (&[u8], &Arc<Node>)> {
        self.list.iter().map(|entry| (&*entry.name, &entry.node))
    }

    /// Whether there is no name.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Forbids further names: the directory has been removed.
    pub fn kill(&mut self) {
        self.dead = true;
    }

    /// The name of the directory here that `root` is mounted on.
    pub fn mount_point_of(&self, root: &Arc<Node>) -> Option<Vec<u8>> {
        let covers = |entry: &&Entry| {
            let mut mounted = entry.node.directory().and_then(|directory| directory.mounted());
            while let Some(node) = mounted {
                if Arc::ptr_eq(&node, root) {
                    return true;
                }
                mounted = node.directory().and_then(|directory| directory.mounted());
            }
            false
        };
        self.list.iter().find(covers).map(|entry| Vec::from(&*entry.name))
    }

    /// The name under which `node` is here.
    pub fn name_of(&self, node: &Arc<Node>) -> Option<&[u8]> {
        self.list.iter().find(|entry| Arc::ptr_eq(&entry.node, node)).map(|entry| &*entry.name)
    }
}

/// Up and across: where `..` leads, and what is mounted here.
#[derive(Default)]
struct Links {
    parent: Weak<Node>,
    mounted: Option<Arc<Node>>,
}

/// The body of a directory.
pub struct Directory {
    entries: Mutex<Entries>,
    links: SpinLock<Links>,
    children: Option<Box<dyn Children>>,
}

impl Directory {
    /// An empty directory, to be filled by `children` when first looked at.
    pub fn new(children: Option<Box<dyn Children>>) -> Self {
        let links = Links { parent: Weak::new(), mounted: None };
        Self { entries: Mutex::new(Entries::default()), links: SpinLock::new(links), children }
    }

    /// Looks at or changes the entries, filling them in first; `node` is the directory's own.
    pub fn with<T>(&self, node: &Arc<Node>, action: impl FnOnce(&mut Entries) -> Result<T>) -> Result<T> {
        let mut entries = self.entries.lock();
        if let Some(children) = self.children.as_deref()
            && (!entries.filled || children.volatile())
        {
            entries.list.clear();
            children.fill(node, &mut entries)?;
            for entry in &entries.list {
                if let Some(directory) = entry.node.directory() {
                    directory.set_parent(node);
                }
            }
            entries.filled = true;
        }
        action(&mut entries)
    }

    /// The file called `name`; `ENOENT` if there is none.
    pub fn get(&self, node: &Arc<Node>, name: &[u8]) -> Result<Arc<Node>> {
        self.with(node, |entries| entries.get(name).cloned().ok_or(ENOENT))
    }

    /// Where `..` leads; none for a root that is mounted nowhere, and if the parent is gone.
    pub fn parent(&self) -> Option<Arc<Node>> {
        self.links.lock().parent.upgrade()
    }

    /// Sets where `..` leads.
    pub fn set_parent(&self, parent: &Arc<Node>) {
        self.links.lock().parent = Arc::downgrade(parent);
    }

    /// The root of what is mounted here.
    pub fn mounted(&self) -> Option<Arc<Node>> {
        self.links.lock().mounted.clone()
    }

    /// Mounts `root` here, or unmounts; gives what was mounted.
    pub fn set_mounted(&self, root: Option<Arc<Node>>) -> Option<Arc<Node>> {
        core::mem::replace(&mut self.links.lock().mounted, root)
    }
}

impl Body for Directory {
    fn open(&self, place: Place, flags: OpenFlags) -> Result<Arc<dyn File>> {
        if flags.writes() && !flags.contains(OpenFlags::PATH) {
            return Err(EISDIR);
        }
        watch::opened(&place, Changes::OPEN);
        Ok(Arc::new(OpenDirectory { status: Status::new(flags), place, position: Mutex::new(0) }))
    }

    fn size(&self) -> u64 {
        4096
    }

    fn directory(&self) -> Option<&Directory> {
        Some(self)
    }
}

/// Takes an entry: its name, its node, the position after it; false to stop.
pub type Take<'a> = dyn FnMut(&[u8], &Arc<Node>, u64) -> bool + 'a;

/// An open directory.
pub struct OpenDirectory {
    status: Status,
    place: Place,
    /// Where the next entry is read from.
    pub position: Mutex<u64>,
}

impl OpenDirectory {
    /// Hands the entries from `position` on to `take` as (name, node, position after it) until it
    /// returns false. `.` and `..` come first.
    pub fn list(&self, mut position: u64, take: &mut Take<'_>) -> Result<()> {
        let node = &self.place.node;
        let Some(directory) = node.directory() else { return Err(ENOENT) };
        if position == 0 {
            if !take(b".", node, 1) {
                return Ok(());
            }
            position = 1;
        }
        if position == 1 {
            let parent = directory.parent().unwrap_or_else(|| node.clone());
            if !take(b"..", &parent, FIRST_POSITION) {
                return Ok(());
            }
            position = FIRST_POSITION;
        }
        directory.with(node, |entries| {
            while let Some(entry) = entries.at_or_after(position) {
                position = entry.position + 1;
                if !take(&entry.name, &entry.node, position) {
                    break;
                }
            }
            Ok(())
        })
    }
}

impl Drop for OpenDirectory {
    fn drop(&mut self) {
        watch::opened(&self.place, Changes::CLOSE_NOWRITE);
    }
}

impl File for OpenDirectory {
    fn status(&self) -> &Status {
        &self.status
    }

    fn stat(&self) -> Result<Stat> {
        Ok(self.place.node.stat())
    }

    fn read(&self, _buffer: &mut [u8]) -> Result<usize> {
        Err(EISDIR)
    }

    fn place(&self) -> Option<&Place> {
        Some(&self.place)
    }
}
