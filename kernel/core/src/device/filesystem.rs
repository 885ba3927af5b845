//! File systems: the rows of `table_filesystem`.

use alloc::sync::Arc;

use crate::errno::Result;
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

super::table!("table_filesystem", FileSystem, 7);

/// The boot module, which stays where it is; none if there is none.
pub fn boot_module() -> Option<&'static [u8]> {
    #[cfg(kernel)]
    return crate::boot::info().module.filter(|bytes| !bytes.is_empty());
    #[cfg(not(kernel))]
    None
}
