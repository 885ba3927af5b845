//! Nodes: the files of a tree, whatever holds their content.
//!
//! The name space is one tree in memory. A file system fills it in as far as it is looked at and
//! gives each node a body; names are added, removed and moved here, once, for all file systems.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use super::directory::Directory;
use super::file::{File, Place};
use super::flags::OpenFlags;
use super::stat::{S_IFDIR, S_IFMT, Stat, Timestamp};
use super::watch::{self, Changes};
use crate::errno::{EROFS, Result};
use crate::sync::SpinLock;

/// A mounted file system, as far as its nodes share something.
pub struct Volume {
    /// `st_dev`.
    pub device: u32,
    /// `f_type` of `statfs`.
    pub magic: u32,
    /// Its name in `/proc/mounts`.
    pub kind: &'static str,
    read_only: AtomicBool,
    next: AtomicU64,
}

static NEXT_DEVICE: AtomicU32 = AtomicU32::new(1);

impl Volume {
    /// A new volume, writable; its first inode is 1.
    pub fn new(kind: &'static str, magic: u32) -> Arc<Self> {
        let device = NEXT_DEVICE.fetch_add(1, Ordering::Relaxed);
        Arc::new(Self { device, magic, kind, read_only: AtomicBool::new(false), next: AtomicU64::new(1) })
    }

    /// Whether changes are refused.
    pub fn read_only(&self) -> bool {
        self.read_only.load(Ordering::Relaxed)
    }

    /// Makes the volume refuse or accept changes.
    pub fn set_read_only(&self, value: bool) {
        self.read_only.store(value, Ordering::Relaxed);
    }

    /// `EROFS` if changes are refused.
    pub fn check_writable(&self) -> Result<()> {
        if self.read_only() { Err(EROFS) } else { Ok(()) }
    }

    /// An inode number not used before, above all that a file system has reserved.
    pub fn next_number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Keeps the numbers up to `last` for the file system's own inodes.
    pub fn reserve_numbers(&self, last: u64) {
        self.next.fetch_max(last.saturating_add(1), Ordering::Relaxed);
    }
}

/// Name and value of an extended attribute.
pub type ExtendedAttribute = (Box<[u8]>, Box<[u8]>);

/// What can change about a node without changing its content.
pub struct Attributes {
    /// Type and permission bits.
    pub mode: u32,
    /// Owner.
    pub owner: u32,
    /// Group.
    pub group: u32,
    /// Names that refer to it.
    pub links: u32,
    /// Last access, where somebody set it: reading does not (`noatime`).
    pub accessed: Timestamp,
    /// Last change of the content.
    pub modified: Timestamp,
    /// Last change of these attributes.
    pub changed: Timestamp,
    /// Extended attributes, in order of creation.
    pub extended: Option<Box<Vec<ExtendedAttribute>>>,
}

/// The content of a node: what makes it a regular file, a directory, a device.
pub trait Body: Any + Send + Sync {
    /// Opens it; `place.node` is the node whose body this is.
    fn open(&self, place: Place, flags: OpenFlags) -> Result<Arc<dyn File>>;

    /// Size in bytes.
    fn size(&self) -> u64 {
        0
    }

    /// 512-byte blocks that it takes up.
    fn blocks(&self) -> u64 {
        0
    }

    /// Device number of a device file.
    fn special(&self) -> u64 {
        0
    }

    /// Where a symbolic link leads; none for everything else.
    fn target(&self) -> Option<Vec<u8>> {
        None
    }

    /// Whether a symbolic link stands for a file itself, whatever its text says: opening a path
    /// that ends in it opens this body (`/proc/self/fd`).
    fn jump(&self) -> bool {
        false
    }

    /// The entries of a directory; none for everything else.
    fn directory(&self) -> Option<&Directory> {
        None
    }
}

/// A file: number, attributes and body.
pub struct Node {
    /// The volume it is on.
    pub volume: Arc<Volume>,
    /// Inode number.
    pub number: u64,
    attributes: SpinLock<Attributes>,
    body: Box<dyn Body>,
}

impl Node {
    /// A new node with no name yet, made now.
    pub fn new(volume: &Arc<Volume>, mode: u32, body: Box<dyn Body>) -> Arc<Self> {
        Self::numbered(volume, volume.next_number(), mode, Timestamp::now(), body)
    }

    /// A node with a number of the file system's own choice; all its times are `time`.
    pub fn numbered(
        volume: &Arc<Volume>,
        number: u64,
        mode: u32,
        time: Timestamp,
        body: Box<dyn Body>,
    ) -> Arc<Self> {
        let links = if mode & S_IFMT == S_IFDIR { 2 } else { 1 };
        let attributes = Attributes {
            mode,
            owner: 0,
            group: 0,
            links,
            accessed: time,
            modified: time,
            changed: time,
            extended: None,
        };
        Arc::new(Self { volume: volume.clone(), number, attributes: SpinLock::new(attributes), body })
    }

    /// The content.
    pub fn body(&self) -> &dyn Body {
        &*self.body
    }

    /// The content as a `T`, if it is one.
    pub fn body_as<T: Body>(&self) -> Option<&T> {
        (&*self.body as &dyn Any).downcast_ref()
    }

    /// The entries, if this is a directory.
    pub fn directory(&self) -> Option<&Directory> {
        self.body.directory()
    }

    /// Type and permission bits.
    pub fn mode(&self) -> u32 {
        self.attributes.lock().mode
    }

    /// Whether it is of the type `S_IF…`.
    pub fn is(&self, kind: u32) -> bool {
        self.mode() & S_IFMT == kind
    }

    /// Looks at or changes the attributes; `change` must not block.
    pub fn with_attributes<T>(&self, change: impl FnOnce(&mut Attributes) -> T) -> T {
        change(&mut self.attributes.lock())
    }

    /// Notes that the content changed now.
    pub fn touch(&self) {
        let now = Timestamp::now();
        let mut attributes = self.attributes.lock();
        attributes.modified = now;
        attributes.changed = now;
    }

    /// Adds to the number of links and notes the change.
    pub fn add_links(&self, difference: i32) {
        let now = Timestamp::now();
        let mut attributes = self.attributes.lock();
        attributes.links = attributes.links.saturating_add_signed(difference);
        attributes.changed = now;
    }

    /// What `stat` tells.
    pub fn stat(&self) -> Stat {
        let attributes = self.attributes.lock();
        Stat {
            device: self.volume.device.into(),
            inode: self.number,
            links: attributes.links.into(),
            mode: attributes.mode,
            owner: attributes.owner,
            group: attributes.group,
            special: self.body.special(),
            size: self.body.size() as i64,
            block_size: 4096,
            blocks: self.body.blocks() as i64,
            accessed: attributes.accessed,
            modified: attributes.modified,
            changed: attributes.changed,
            ..Stat::default()
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // Whoever watches still compares addresses, and this one is nobody else's yet.
        if self.attributes.get_mut().links == 0 {
            watch::itself(self, Changes::DELETE_SELF);
        }
    }
}
