//! The structures of an image (OSv, `fs/rofs` and `scripts/gen-rofs-img.py`): all numbers are little
//! endian, a block is 512 bytes.
//!
//! Block 0 is the super block: eight `u64`. The files' data follows, each from a block boundary on;
//! then, from a block boundary too, the tables: directory entries (`u64` inode, `u16` length,
//! name), symbolic links (`u16` length, target), inodes (four `u64`: mode, number, offset, count).
//!
//! Everything here comes from outside: no value is used before it is checked.

use alloc::vec::Vec;

use kcore::errno::{EINVAL, EIO, Result};
use kcore::vfs::walk::NAME_MAX;

/// Bytes in a block.
pub const BLOCK: u64 = 512;
const VERSION: u64 = 1;
const INODE_SIZE: usize = 32;
/// Tables larger than this are not believed.
const TABLES_MAX: u64 = 1 << 30;

/// What the super block says, checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Super {
    /// First block of the tables; file data ends here.
    pub tables: u64,
    /// Blocks that the tables take.
    pub table_blocks: u64,
    entries: usize,
    links: usize,
    inodes: usize,
}

fn word(bytes: &[u8], index: usize) -> Option<u64> {
    let start = index.checked_mul(8)?;
    Some(u64::from_le_bytes(*bytes.get(start..)?.first_chunk()?))
}

impl Super {
    /// Reads the super block of an image that is `blocks` long; `EINVAL` if it is not ROFS or not
    /// of this version, `EIO` if what it says does not fit the image.
    pub fn read(block: &[u8], blocks: u64) -> Result<Self> {
        let field = |index| word(block, index).ok_or(EINVAL);
        if field(0)? != u64::from(super::MAGIC) || field(1)? != VERSION || field(2)? != BLOCK {
            return Err(EINVAL);
        }
        let (tables, table_blocks) = (field(3)?, field(4)?);
        let end = tables.checked_add(table_blocks).ok_or(EIO)?;
        // Some writers leave out the padding of the last block.
        if tables == 0 || end > blocks.saturating_add(1) || table_blocks > TABLES_MAX / BLOCK {
            return Err(EIO);
        }
        let count = |index| {
            let count = usize::try_from(field(index)?).map_err(|_| EIO)?;
            if count as u64 > TABLES_MAX { Err(EIO) } else { Ok(count) }
        };
        let (entries, links, inodes) = (count(5)?, count(6)?, count(7)?);
        if inodes == 0 {
            return Err(EIO);
        }
        Ok(Self { tables, table_blocks, entries, links, inodes })
    }
}

/// An inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inode {
    /// Type and permission bits; images made by OSv have no permission bits.
    pub mode: u32,
    /// A file's first block, a directory's first entry, a link's index.
    pub offset: u64,
    /// A file's size in bytes, a directory's number of entries.
    pub count: u64,
}

/// The tables of an image.
pub struct Tables {
    bytes: &'static [u8],
    /// Where each directory entry, and then each link, starts.
    entries: Vec<u32>,
    links: Vec<u32>,
    /// Where the inodes start.
    inodes: usize,
    inode_count: usize,
}

impl Tables {
    /// Finds its way through the tables, which are `bytes`; `EIO` if they do not hold what the super
    /// block says.
    pub fn read(head: &Super, bytes: &'static [u8]) -> Result<Self> {
        let mut at = 0;
        let entries = records(bytes, &mut at, head.entries, 8)?;
        let links = records(bytes, &mut at, head.links, 0)?;
        let length = head.inodes.checked_mul(INODE_SIZE).ok_or(EIO)?;
        let end = at.checked_add(length).ok_or(EIO)?;
        if end > bytes.len() {
            return Err(EIO);
        }
        Ok(Self { bytes, entries, links, inodes: at, inode_count: head.inodes })
    }

    /// Number of inodes: their numbers go from 1 to this.
    pub fn inode_count(&self) -> u64 {
        self.inode_count as u64
    }

    /// The inode with a number; `EIO` if there is none.
    pub fn inode(&self, number: u64) -> Result<Inode> {
        let index = usize::try_from(number).map_err(|_| EIO)?.checked_sub(1).ok_or(EIO)?;
        if index >= self.inode_count {
            return Err(EIO);
        }
        let bytes = self.bytes.get(self.inodes + index * INODE_SIZE..).ok_or(EIO)?;
        let field = |index| word(bytes, index).ok_or(EIO);
        Ok(Inode { mode: field(0)? as u32, offset: field(2)?, count: field(3)? })
    }

    /// Name and inode number of a directory entry; `EIO` if it does not exist or its name cannot be
    /// one.
    pub fn entry(&self, index: u64) -> Result<(&'static [u8], u64)> {
        let start = *usize::try_from(index).ok().and_then(|index| self.entries.get(index)).ok_or(EIO)?;
        let bytes = self.bytes.get(start as usize..).ok_or(EIO)?;
        let number = word(bytes, 0).ok_or(EIO)?;
        let name = text(bytes.get(8..).unwrap_or_default())?;
        let bad = name.is_empty() || name.len() > NAME_MAX || name == b"." || name == b"..";
        if bad || name.iter().any(|&byte| byte == b'/' || byte == 0) {
            return Err(EIO);
        }
        Ok((name, number))
    }

    /// The target of a symbolic link.
    pub fn link(&self, index: u64) -> Result<&'static [u8]> {
        let start = *usize::try_from(index).ok().and_then(|index| self.links.get(index)).ok_or(EIO)?;
        let target = text(self.bytes.get(start as usize..).ok_or(EIO)?)?;
        if target.contains(&0) { Err(EIO) } else { Ok(target) }
    }
}

/// The bytes behind a `u16` length.
fn text(bytes: &'static [u8]) -> Result<&'static [u8]> {
    let (length, rest) = bytes.split_first_chunk().ok_or(EIO)?;
    rest.get(..usize::from(u16::from_le_bytes(*length))).ok_or(EIO)
}

/// Where `count` records start, each `fixed` bytes and then a text; moves `at` to their end.
fn records(bytes: &'static [u8], at: &mut usize, count: usize, fixed: usize) -> Result<Vec<u32>> {
    // No more can be there than fit, so a wrong count costs no memory.
    let mut starts = Vec::with_capacity(count.min(bytes.len() / (fixed + 2)));
    for _ in 0..count {
        let rest = bytes.get(*at + fixed..).ok_or(EIO)?;
        starts.push(u32::try_from(*at).map_err(|_| EIO)?);
        *at += fixed + 2 + text(rest)?.len();
    }
    Ok(starts)
}
