//! File systems: the rows of `table_filesystem`.

use alloc::sync::Arc;

use crate::errno::Result;
use crate::sync::SpinLock;
use crate::vfs::node::Node;

/// A file system that can be mounted.
pub struct FileSystem {
    /// Its name for `mount` and in `/proc/filesystems`.
    pub name: &'static str,
    /// The `root=` that selects it; none if it cannot be the root.
    pub root_kind: Option<&'static [u8]>,
    /// Where it is mounted whenever a root is.
    pub mount_point: Option<&'static [u8]>,
    /// Makes its tree; gives the root directory. Does as little as it can before it is looked at.
    pub mount: fn() -> Result<Arc<Node>>,
}

super::table!("table_filesystem", FileSystem, 5);

static BOOT_MODULE: SpinLock<&'static [u8]> = SpinLock::new(&[]);

/// Tells where the boot module lies, which stays there; done by the boot code.
pub fn set_boot_module(bytes: &'static [u8]) {
    *BOOT_MODULE.lock() = bytes;
}

/// The boot module; none if there is none.
pub fn boot_module() -> Option<&'static [u8]> {
    Some(*BOOT_MODULE.lock()).filter(|bytes| !bytes.is_empty())
}
