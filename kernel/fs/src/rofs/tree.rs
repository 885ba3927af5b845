//! Nodes for what is on an image.

use alloc::boxed::Box;
use alloc::sync::Arc;

use kcore::console::{self, Part};
use kcore::errno::{EIO, Errno, Result};
use kcore::vfs::create::Symlink;
use kcore::vfs::directory::{Children, Directory, Entries};
use kcore::vfs::node::{Body, Node, Volume};
use kcore::vfs::regular::{Origin, Regular};
use kcore::vfs::stat::{S_IFDIR, S_IFLNK, S_IFMT, S_IFREG, Timestamp};

use super::format::{Inode, Tables};

/// Where the data of files is.
pub trait Data: Send + Sync {
    /// The data of a file of `size` bytes that starts at `block`; `EIO` if it is not on the image.
    fn file(&self, block: u64, size: u64) -> Result<Box<dyn Origin>>;
}

/// A mounted image.
struct Image {
    tables: Tables,
    data: Box<dyn Data>,
    volume: Arc<Volume>,
}

/// Says that an image is not what it should be; gives `EIO`.
pub fn corrupt(what: &str, number: u64) -> Errno {
    console::message(&[
        Part::Text("rofs: "),
        Part::Text(what),
        Part::Text(" (inode "),
        Part::Decimal(number),
        Part::Text(")\n"),
    ]);
    EIO
}

/// The root directory of an image.
pub fn mount(tables: Tables, data: Box<dyn Data>) -> Result<Arc<Node>> {
    let volume = Volume::new("rofs", super::MAGIC);
    volume.reserve_numbers(tables.inode_count());
    let root = tables.inode(1)?;
    if root.mode & S_IFMT != S_IFDIR {
        return Err(corrupt("the root is not a directory", 1));
    }
    Image { tables, data, volume: volume.clone() }.into_root(&root)
}

impl Image {
    fn into_root(self, root: &Inode) -> Result<Arc<Node>> {
        Arc::new(self).node(1, root)
    }

    /// The node of an inode.
    fn node(self: &Arc<Self>, number: u64, inode: &Inode) -> Result<Arc<Node>> {
        let kind = inode.mode & S_IFMT;
        let body: Box<dyn Body> = match kind {
            S_IFDIR => Box::new(Directory::new(Some(Box::new(Listing {
                image: self.clone(),
                first: inode.offset,
                count: inode.count,
            })))),
            S_IFREG => {
                let origin = if inode.count == 0 {
                    None
                } else {
                    let file = self.data.file(inode.offset, inode.count);
                    Some(file.map_err(|_| corrupt("a file is not on the image", number))?)
                };
                Box::new(Regular::new(inode.count, origin))
            }
            S_IFLNK => {
                let target = self.tables.link(inode.offset);
                Box::new(Symlink::new(target.map_err(|_| corrupt("a link leads nowhere", number))?.into()))
            }
            _ => return Err(corrupt("an inode has no type", number)),
        };
        let permissions = match inode.mode & 0o7777 {
            0 => 0o755,
            permissions => permissions,
        };
        Ok(Node::numbered(&self.volume, number, kind | permissions, Timestamp::default(), body))
    }
}

/// The entries of a directory of an image.
struct Listing {
    image: Arc<Image>,
    first: u64,
    count: u64,
}

impl Children for Listing {
    fn fill(&self, directory: &Arc<Node>, entries: &mut Entries) -> Result<()> {
        let image = &self.image;
        let end = self.first.checked_add(self.count).ok_or(EIO)?;
        let bad = |_| corrupt("a directory entry is wrong", directory.number);
        let mut subdirectories = 0;
        for index in self.first..end {
            let (name, number) = image.tables.entry(index).map_err(bad)?;
            let inode = image.tables.inode(number).map_err(bad)?;
            let node = image.node(number, &inode)?;
            subdirectories += i32::from(node.directory().is_some());
            entries.add(name, node).map_err(bad)?;
        }
        directory.with_attributes(|attributes| {
            attributes.links = attributes.links.saturating_add_signed(subdirectories);
        });
        Ok(())
    }
}
