//! What stands in for a file system that was left out because the program seemed not to know of it: an empty
//! directory that says so when it is looked into.

use alloc::boxed::Box;
use alloc::sync::Arc;

use kcore::console::{Part, message};
use kcore::device::filesystem::FileSystem;
use kcore::errno::Result;
use kcore::vfs::directory::{Children, Directory, Entries};
use kcore::vfs::node::{Node, Volume};
use kcore::vfs::stat::S_IFDIR;

/// In the place of `/proc`. Where both are there, that is mounted over it.
pub static NO_PROCFS: FileSystem =
    FileSystem { name: "none", root_kind: None, mount_point: Some(b"/proc"), mount };

fn mount() -> Result<Arc<Node>> {
    let volume = Volume::new("none", kcore::vfs::mount::TMPFS_MAGIC);
    Ok(Node::new(&volume, S_IFDIR | 0o555, Box::new(Directory::new(Some(Box::new(Nothing))))))
}

struct Nothing;

impl Children for Nothing {
    fn fill(&self, _: &Arc<Node>, _: &mut Entries) -> Result<()> {
        message(&[Part::Text(
            "/proc was left out of this kernel; specialize with --keep filesystem:procfs\n",
        )]);
        Ok(())
    }
}
