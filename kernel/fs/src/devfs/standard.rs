//! Descriptors as files: `/dev/fd` and `/proc/self/fd`.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use kcore::console::decimal;
use kcore::errno::Result;
use kcore::vfs::directory::{Children, Entries};
use kcore::vfs::node::{Body, Node};
use kcore::vfs::stat::{S_IFIFO, S_IFLNK, S_IFMT, S_IFREG};
use kcore::vfs::{File, OpenFlags, Place, fd, open_place};

/// A directory with an entry for each open descriptor.
pub struct Descriptors;

impl Children for Descriptors {
    fn fill(&self, directory: &Arc<Node>, entries: &mut Entries) -> Result<()> {
        let mut at = 0;
        while let Some(fd) = fd::next_open(at) {
            let mut digits = [0; 20];
            let node = Node::new(&directory.volume, S_IFLNK | 0o700, Box::new(Descriptor(fd)));
            entries.add(decimal(fd as u64, &mut digits), node)?;
            at = fd + 1;
        }
        Ok(())
    }

    fn volatile(&self) -> bool {
        true
    }
}

/// An open descriptor as a symbolic link, whose text is the file's path or says what it is. Opening
/// it opens a regular file anew, and gives every other file itself.
struct Descriptor(i32);

impl Body for Descriptor {
    fn open(&self, _place: Place, flags: OpenFlags) -> Result<Arc<dyn File>> {
        let file = fd::get(self.0)?;
        match file.place() {
            Some(place) if place.node.mode() & S_IFMT == S_IFREG => open_place(place.clone(), flags),
            _ => Ok(file),
        }
    }

    fn target(&self) -> Option<Vec<u8>> {
        let file = fd::get(self.0).ok()?;
        if let Some(place) = file.place() {
            return Some(place.path());
        }
        let stat = file.stat().ok()?;
        let mut digits = [0; 20];
        let number = decimal(stat.inode, &mut digits);
        Some(match stat.mode & S_IFMT {
            S_IFIFO => [b"pipe:[", number, b"]"].concat(),
            0 => b"anon_inode:[file]".to_vec(),
            _ => b"/dev/console".to_vec(),
        })
    }

    fn jump(&self) -> bool {
        true
    }
}
