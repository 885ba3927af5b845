//! An image on a disk: the first one there is.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use kcore::device::block::{self, Block, SECTOR};
use kcore::device::filesystem::FileSystem;
use kcore::errno::{EIO, ENODEV, Result};
use kcore::vfs::node::Node;
use kcore::vfs::regular::Origin;

use super::format::{BLOCK, Super, Tables};
use super::tree::{self, Data};

/// ROFS on the first disk, read only: `root=disk`.
pub static ROFS_DISK: FileSystem =
    FileSystem { name: "rofs", root_kind: Some(b"disk"), mount_point: None, mount: read_only };

fn read_only() -> Result<Arc<Node>> {
    let root = mount(block::find(0).ok_or(ENODEV)?)?;
    root.volume.set_read_only(true);
    Ok(root)
}

/// The root directory of the image on `device`.
pub fn mount(device: Arc<dyn Block>) -> Result<Arc<Node>> {
    let mut block = [0; SECTOR];
    // On the heap, since a device reads into the direct map alone.
    let mut first = vec![0; SECTOR];
    device.read(0, &mut [&mut first])?;
    block.copy_from_slice(&first);
    let head = Super::read(&block, device.sectors())?;
    let blocks = head.table_blocks.min(device.sectors().saturating_sub(head.tables));
    let length = usize::try_from(blocks * BLOCK).map_err(|_| EIO)?;
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(length).map_err(|_| kcore::errno::ENOMEM)?;
    bytes.resize(length, 0);
    if !bytes.is_empty() {
        device.read(head.tables, &mut [&mut bytes])?;
    }
    // The tables stay for as long as the kernel runs; a root is never unmounted.
    let tables = Tables::read(&head, bytes.leak())?;
    tree::mount(tables, Box::new(Disk { device, blocks: head.tables }))
}

/// A disk, as far as it holds file data.
struct Disk {
    device: Arc<dyn Block>,
    blocks: u64,
}

impl Data for Disk {
    fn file(&self, block: u64, size: u64) -> Result<Box<dyn Origin>> {
        let blocks = size.div_ceil(BLOCK);
        if block.checked_add(blocks).is_none_or(|end| end > self.blocks) {
            return Err(EIO);
        }
        Ok(Box::new(File { device: self.device.clone(), block, blocks }))
    }
}

/// The data of a file.
struct File {
    device: Arc<dyn Block>,
    block: u64,
    blocks: u64,
}

impl Origin for File {
    fn read(&self, offset: u64, pages: &mut [&mut [u8]]) -> Result<()> {
        let first = offset / BLOCK;
        let mut left = usize::try_from(self.blocks.saturating_sub(first) * BLOCK).map_err(|_| EIO)?;
        let mut buffers: Vec<&mut [u8]> = Vec::with_capacity(pages.len());
        for page in pages.iter_mut() {
            let count = page.len().min(left);
            if count == 0 {
                break;
            }
            left -= count;
            buffers.push(page.get_mut(..count).ok_or(EIO)?);
        }
        self.device.read(self.block + first, &mut buffers)
    }
}
