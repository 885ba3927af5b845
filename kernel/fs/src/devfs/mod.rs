//! `/dev`: null, zero, full, random, urandom, console, tty, stdin, stdout, stderr, fd, shm.

mod memory;
mod standard;

use alloc::boxed::Box;
use alloc::sync::Arc;

use kcore::device::filesystem::FileSystem;
use kcore::errno::Result;
use kcore::tty::Terminal;
use kcore::vfs::create::Symlink;
use kcore::vfs::directory::{Children, Directory, Entries};
use kcore::vfs::node::{Body, Node, Volume};
use kcore::vfs::stat::{S_IFCHR, S_IFDIR, S_IFLNK, device_number};
use kcore::vfs::{File, OpenFlags, Place};

use memory::{Device, FULL, NULL, RANDOM, URANDOM, ZERO};
pub(crate) use standard::Descriptors;

/// Mounted at `/dev` whenever a root is.
pub static DEVFS: FileSystem =
    FileSystem { name: "devtmpfs", root_kind: None, mount_point: Some(b"/dev"), mount };

/// `f_type` of `statfs`: `TMPFS_MAGIC`, as Linux's devtmpfs has it.
const MAGIC: u32 = 0x0102_1994;

fn mount() -> Result<Arc<Node>> {
    let volume = Volume::new("devtmpfs", MAGIC);
    Ok(Node::new(&volume, S_IFDIR | 0o755, Box::new(Directory::new(Some(Box::new(Devices))))))
}

/// The entries of `/dev`.
struct Devices;

impl Children for Devices {
    fn fill(&self, directory: &Arc<Node>, entries: &mut Entries) -> Result<()> {
        let volume = &directory.volume;
        for device in [&NULL, &ZERO, &FULL, &RANDOM, &URANDOM] {
            let node = Node::new(volume, S_IFCHR | 0o666, Box::new(Device(device)));
            entries.add(device.name, node)?;
        }
        for (name, minor) in [(b"tty".as_slice(), 0), (b"console", 1)] {
            let body = Console(device_number(5, minor));
            entries.add(name, Node::new(volume, S_IFCHR | 0o620, Box::new(body)))?;
        }
        let links: [(&[u8], &[u8]); 4] =
            [(b"stdin", b"fd/0"), (b"stdout", b"fd/1"), (b"stderr", b"fd/2"), (b"shm", b"")];
        for (name, target) in links {
            let node = if target.is_empty() {
                Node::new(volume, S_IFDIR | 0o1777, Box::new(Directory::new(None)))
            } else {
                Node::new(volume, S_IFLNK | 0o777, Box::new(Symlink::new(target.into())))
            };
            entries.add(name, node)?;
        }
        let descriptors = Directory::new(Some(Box::new(Descriptors)));
        entries.add(b"fd", Node::new(volume, S_IFDIR | 0o500, Box::new(descriptors)))
    }
}

/// `/dev/console` and `/dev/tty`.
struct Console(u64);

impl Body for Console {
    fn open(&self, place: Place, flags: OpenFlags) -> Result<Arc<dyn File>> {
        Ok(Arc::new(Terminal::new(Some(place), flags)))
    }

    fn special(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(name: &str) -> Arc<dyn File> {
        let root = mount().unwrap();
        let node = root.directory().unwrap().get(&root, name.as_bytes()).unwrap();
        node.body().open(Place::unnamed(node.clone()), OpenFlags::READ_WRITE).unwrap()
    }

    #[test]
    fn the_devices_do_what_they_are_for() {
        let mut buffer = [7; 32];
        assert_eq!(open("null").read(&mut buffer), Ok(0));
        assert_eq!(open("null").write(b"gone"), Ok(4));
        assert_eq!((open("zero").read(&mut buffer), buffer), (Ok(32), [0; 32]));
        assert_eq!(open("full").write(b"x"), Err(kcore::errno::ENOSPC));
        assert_eq!(open("urandom").read(&mut buffer), Ok(32));
        assert_ne!(buffer, [0; 32]);
        assert_eq!(open("null").stat().unwrap().special, 0x103);
        assert!(open("tty").downcast::<Terminal>().is_some());
    }
}
