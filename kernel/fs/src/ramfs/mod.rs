//! RAM: a writable root over the boot module.
//!
//! The files of the module are there from the start, their content where it lies; a page is copied
//! when it is first written to. Without a module the root is empty.

use alloc::sync::Arc;

use kcore::device::filesystem::FileSystem;
use kcore::errno::Result;
use kcore::vfs::mount::{TMPFS_MAGIC, empty_tree};
use kcore::vfs::node::Node;

/// A root in memory: `root=ramfs`.
pub static RAMFS: FileSystem =
    FileSystem { name: "ramfs", root_kind: Some(b"ramfs"), mount_point: None, mount };

fn mount() -> Result<Arc<Node>> {
    match kcore::device::filesystem::boot_module() {
        Some(image) => crate::rofs::mount_module(image),
        None => Ok(empty_tree("ramfs", TMPFS_MAGIC, 0o755)),
    }
}
