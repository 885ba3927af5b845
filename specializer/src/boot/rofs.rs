//! The on-disk format of ROFS, the read-only file system of OSv, and its writer.
//!
//! All numbers are little endian; a block is 512 bytes. In order on the disk:
//!
//! | part | contents |
//! |---|---|
//! | super block, block 0 | eight `u64`: magic, version, block size, first block and number of blocks of the tables, numbers of directory entries, of symbolic links and of inodes |
//! | file data | each file starts at a block |
//! | directory entries | `u64` inode number, `u16` length, name; those of one directory stand together |
//! | symbolic links | `u16` length, target |
//! | inodes | four `u64`: mode, number (from 1, the root), offset, count |
//!
//! What an inode's offset and count are depends on the type bits of its mode: a file's first block
//! and its size in bytes; a directory's first entry and its number of entries; a link's index and 1.
//! OSv's own images leave the permission bits of the mode zero; here they are set.

use std::io::{self, Write};

/// Size of a block in bytes.
pub const BLOCK: u64 = 512;
/// The super block's first word.
pub const MAGIC: u64 = 0xDEAD_BEAD;
/// The super block's second word.
pub const VERSION: u64 = 1;
/// Type bits of a mode (POSIX `S_IFMT`).
pub const MODE_TYPE: u32 = 0o170_000;
/// A directory (POSIX `S_IFDIR`).
pub const MODE_DIRECTORY: u32 = 0o040_000;
/// A regular file (POSIX `S_IFREG`).
pub const MODE_FILE: u32 = 0o100_000;
/// A symbolic link (POSIX `S_IFLNK`).
pub const MODE_SYMLINK: u32 = 0o120_000;

/// One inode to be written; its number is its place in the list plus 1.
pub(super) enum Inode {
    /// A regular file of this size in bytes whose data starts at a multiple of `alignment` bytes.
    File { mode: u32, size: u64, alignment: u64 },
    /// A directory with these names and inode numbers, in this order.
    Directory { mode: u32, entries: Vec<(Vec<u8>, u64)> },
    /// A symbolic link.
    Symlink { target: Vec<u8> },
}

/// Writes an image of `inodes` (the first one is the root) to `out`.
///
/// `copy` writes the data of the file at an index of `inodes`: exactly `size` bytes.
pub(super) fn write<W: Write>(
    inodes: &[Inode],
    out: W,
    mut copy: impl FnMut(usize, &mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut tables = Tables::default();
    let mut end = BLOCK;
    for (index, inode) in inodes.iter().enumerate() {
        let number = index as u64 + 1;
        match inode {
            Inode::File { mode, size, alignment } => {
                let start = end.next_multiple_of((*alignment).max(BLOCK));
                tables.inode(MODE_FILE | mode, number, start / BLOCK, *size);
                end = (start + size).next_multiple_of(BLOCK);
            }
            Inode::Directory { mode, entries } => {
                tables.inode(MODE_DIRECTORY | mode, number, tables.entry_count, entries.len() as u64);
                for (name, child) in entries {
                    tables.entry(name, *child);
                }
            }
            Inode::Symlink { target } => {
                tables.inode(MODE_SYMLINK | 0o777, number, tables.link_count, 1);
                tables.link(target);
            }
        }
    }
    let table_bytes = (tables.entries.len() + tables.links.len() + tables.inodes.len()) as u64;

    let mut out = Counting { inner: out, written: 0 };
    let super_block = [
        MAGIC,
        VERSION,
        BLOCK,
        end / BLOCK,
        table_bytes.div_ceil(BLOCK),
        tables.entry_count,
        tables.link_count,
        inodes.len() as u64,
    ];
    for word in super_block {
        out.write_all(&word.to_le_bytes())?;
    }
    out.pad_to(BLOCK)?;
    for (index, inode) in inodes.iter().enumerate() {
        if let Inode::File { size, alignment, .. } = inode {
            out.pad_to((*alignment).max(BLOCK))?;
            let start = out.written;
            copy(index, &mut out)?;
            if out.written - start != *size {
                return Err(io::Error::other("a file changed its size while the image was written"));
            }
            out.pad_to(BLOCK)?;
        }
    }
    out.write_all(&tables.entries)?;
    out.write_all(&tables.links)?;
    out.write_all(&tables.inodes)?;
    out.pad_to(BLOCK)?;
    out.flush()
}

#[derive(Default)]
struct Tables {
    entries: Vec<u8>,
    entry_count: u64,
    links: Vec<u8>,
    link_count: u64,
    inodes: Vec<u8>,
}

impl Tables {
    fn inode(&mut self, mode: u32, number: u64, offset: u64, count: u64) {
        for word in [u64::from(mode), number, offset, count] {
            self.inodes.extend_from_slice(&word.to_le_bytes());
        }
    }

    fn entry(&mut self, name: &[u8], inode: u64) {
        self.entries.extend_from_slice(&inode.to_le_bytes());
        self.entries.extend_from_slice(&(name.len() as u16).to_le_bytes());
        self.entries.extend_from_slice(name);
        self.entry_count += 1;
    }

    fn link(&mut self, target: &[u8]) {
        self.links.extend_from_slice(&(target.len() as u16).to_le_bytes());
        self.links.extend_from_slice(target);
        self.link_count += 1;
    }
}

struct Counting<W> {
    inner: W,
    written: u64,
}

impl<W: Write> Counting<W> {
    fn pad_to(&mut self, alignment: u64) -> io::Result<()> {
        const ZEROS: [u8; 512] = [0; 512];
        let mut missing = self.written.next_multiple_of(alignment) - self.written;
        while missing > 0 {
            let part = missing.min(ZEROS.len() as u64);
            self.write_all(&ZEROS[..part as usize])?;
            missing -= part;
        }
        Ok(())
    }
}

impl<W: Write> Write for Counting<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(buffer)?;
        self.written += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
