//! `/dev/pts`: the slaves of pseudo-terminals, and `ptmx`, which makes them.

use alloc::boxed::Box;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;

use kcore::console::decimal;
use kcore::device::filesystem::FileSystem;
use kcore::errno::{EIO, Result};
use kcore::sync::Mutex;
use kcore::tty::pseudo::{Master, Pair};
use kcore::vfs::create::{Symlink, add};
use kcore::vfs::directory::{Children, Directory, Entries};
use kcore::vfs::node::{Body, Node, Volume};
use kcore::vfs::stat::{S_IFCHR, S_IFDIR, S_IFLNK, Timestamp, device_number};
use kcore::vfs::{File, OpenFlags, Place, walk};

/// Mounted at `/dev/pts` for programs that make pseudo-terminals.
pub static DEVPTS: FileSystem =
    FileSystem { name: "devpts", root_kind: None, mount_point: Some(b"/dev/pts"), mount };

/// `f_type` of `statfs`: `DEVPTS_SUPER_MAGIC`.
const MAGIC: u32 = 0x1cd1;
/// The inode of `ptmx`; slaves follow it.
const PTMX_NUMBER: u64 = 2;

fn mount() -> Result<Arc<Node>> {
    let volume = Volume::new("devpts", MAGIC);
    volume.reserve_numbers(u32::MAX.into());
    let ptmx = Node::numbered(&volume, PTMX_NUMBER, S_IFCHR | 0o666, Timestamp::now(), Box::new(Ptmx));
    let slaves = Box::new(Slaves { ptmx });
    // Programs ask for /dev/ptmx, which may be there already.
    let link = walk::resolve(&walk::root()?, b"/dev/ptmx", false);
    if let Ok(found) = link {
        let _ = add(&found, |volume| {
            Node::new(volume, S_IFLNK | 0o777, Box::new(Symlink::new(b"pts/ptmx".as_slice().into())))
        });
    }
    Ok(Node::new(&volume, S_IFDIR | 0o755, Box::new(Directory::new(Some(slaves)))))
}

/// The pairs there are.
static PAIRS: Mutex<Vec<Weak<Pair>>> = Mutex::new(Vec::new());

/// The entries of `/dev/pts`.
struct Slaves {
    ptmx: Arc<Node>,
}

impl Children for Slaves {
    fn fill(&self, _directory: &Arc<Node>, entries: &mut Entries) -> Result<()> {
        entries.add(b"ptmx", self.ptmx.clone())?;
        let pairs: Vec<_> = PAIRS.lock().iter().filter_map(Weak::upgrade).collect();
        for pair in pairs.iter().filter(|pair| pair.is_open()) {
            entries.add(&pair.slave.name, pair.slave.node.clone())?;
        }
        Ok(())
    }

    fn volatile(&self) -> bool {
        true
    }
}

/// `ptmx`: opening it makes a pair.
struct Ptmx;

impl Body for Ptmx {
    fn open(&self, place: Place, flags: OpenFlags) -> Result<Arc<dyn File>> {
        let mut pairs = PAIRS.lock();
        let free = pairs.iter().position(|pair| pair.strong_count() == 0).unwrap_or(pairs.len());
        let volume = place.node.volume.clone();
        let number = free as u32;
        let pair = Pair::new(number, |pair| {
            let body = Box::new(Slave { pair: pair.clone(), number });
            let inode = PTMX_NUMBER + 1 + u64::from(number);
            let mut digits = [0; 20];
            Place {
                node: Node::numbered(&volume, inode, S_IFCHR | 0o620, Timestamp::now(), body),
                parent: place.parent.clone(),
                name: decimal(number.into(), &mut digits).into(),
            }
        });
        match pairs.get_mut(free) {
            Some(entry) => *entry = Arc::downgrade(&pair),
            None => pairs.push(Arc::downgrade(&pair)),
        }
        Ok(Arc::new(Master::new(pair, place, flags)))
    }

    fn special(&self) -> u64 {
        device_number(5, 2)
    }
}

/// The body of a slave.
struct Slave {
    pair: Weak<Pair>,
    number: u32,
}

impl Body for Slave {
    fn open(&self, place: Place, flags: OpenFlags) -> Result<Arc<dyn File>> {
        self.pair.upgrade().ok_or(EIO)?.open_slave(place, flags)
    }

    fn special(&self) -> u64 {
        device_number(136, self.number)
    }
}
