//! An image in memory: the boot module. Nothing is copied; file pages are mapped where they lie.

use alloc::boxed::Box;
use alloc::sync::Arc;

use kcore::device::filesystem::FileSystem;
use kcore::errno::{EIO, ENODEV, Result};
use kcore::vfs::node::Node;
use kcore::vfs::regular::Origin;

use super::format::{BLOCK, Super, Tables};
use super::tree::{self, Data};

/// ROFS in the boot module, read only: `root=module`.
pub static ROFS_MODULE: FileSystem =
    FileSystem { name: "rofs", root_kind: Some(b"module"), mount_point: None, mount: read_only };

fn read_only() -> Result<Arc<Node>> {
    let root = mount(kcore::device::filesystem::boot_module().ok_or(ENODEV)?)?;
    root.volume.set_read_only(true);
    Ok(root)
}

/// The root directory of the image that is `bytes`.
pub fn mount(bytes: &'static [u8]) -> Result<Arc<Node>> {
    let head = Super::read(bytes, bytes.len() as u64 / BLOCK)?;
    let start = usize::try_from(head.tables * BLOCK).map_err(|_| EIO)?;
    let tables = Tables::read(&head, bytes.get(start..).ok_or(EIO)?)?;
    tree::mount(tables, Box::new(Memory(bytes.get(..start).ok_or(EIO)?)))
}

/// The part of the image that holds file data.
struct Memory(&'static [u8]);

impl Data for Memory {
    fn file(&self, block: u64, size: u64) -> Result<Box<dyn Origin>> {
        let start = block.checked_mul(BLOCK).ok_or(EIO)?;
        let end = start.checked_add(size).ok_or(EIO)?;
        let range = usize::try_from(start).map_err(|_| EIO)?..usize::try_from(end).map_err(|_| EIO)?;
        Ok(Box::new(Bytes(self.0.get(range).ok_or(EIO)?)))
    }
}

/// The data of a file.
struct Bytes(&'static [u8]);

impl Origin for Bytes {
    fn bytes(&self) -> Option<&'static [u8]> {
        Some(self.0)
    }

    fn read(&self, _offset: u64, _pages: &mut [&mut [u8]]) -> Result<()> {
        // What has `bytes` is never asked to read.
        Err(EIO)
    }
}
