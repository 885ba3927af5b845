//! `/proc`, as far as libraries and runtimes read it: the process's own directory, a few facts about
//! the machine, a few of `/proc/sys`.
//!
//! `text` writes numbers without formatting machinery, `file` makes files of functions, `process`
//! and `machine` are those functions.

mod file;
mod machine;
mod process;
mod text;

#[cfg(test)]
mod tests;

use alloc::boxed::Box;
use alloc::sync::Arc;

use kcore::device::filesystem::FileSystem;
use kcore::errno::Result;
use kcore::vfs::create::Symlink;
use kcore::vfs::directory::{Children, Directory, Entries};
use kcore::vfs::node::{Body, Node, Volume};
use kcore::vfs::stat::{S_IFDIR, S_IFLNK, S_IFREG};

use file::{Generated, Link};

/// Mounted at `/proc` whenever a root is.
pub static PROCFS: FileSystem =
    FileSystem { name: "proc", root_kind: None, mount_point: Some(b"/proc"), mount };

/// `f_type` of `statfs`: `PROC_SUPER_MAGIC`.
const MAGIC: u32 = 0x9fa0;

fn mount() -> Result<Arc<Node>> {
    let volume = Volume::new("proc", MAGIC);
    // Nothing can be made in it.
    volume.set_read_only(true);
    Ok(folder(&volume, &ROOT))
}

/// What an entry is.
enum Entry {
    /// A file whose content a function writes when it is opened.
    File(fn(&mut text::Text)),
    /// A symbolic link whose target a function writes.
    Link(fn(&mut text::Text)),
    /// A symbolic link to a fixed place.
    Fixed(&'static str),
    /// A directory.
    Folder(&'static [(&'static str, Entry)]),
    /// The descriptors.
    Descriptors,
}

/// The entries of a directory.
struct Listing(&'static [(&'static str, Entry)]);

fn folder(volume: &Arc<Volume>, list: &'static [(&'static str, Entry)]) -> Arc<Node> {
    Node::new(volume, S_IFDIR | 0o555, Box::new(Directory::new(Some(Box::new(Listing(list))))))
}

impl Children for Listing {
    fn fill(&self, directory: &Arc<Node>, entries: &mut Entries) -> Result<()> {
        let volume = &directory.volume;
        for (name, entry) in self.0 {
            let (mode, body): (u32, Box<dyn Body>) = match entry {
                Entry::File(write) => (S_IFREG | 0o444, Box::new(Generated(*write))),
                Entry::Link(write) => (S_IFLNK | 0o777, Box::new(Link(*write))),
                Entry::Fixed(target) => (S_IFLNK | 0o777, Box::new(Symlink::new(target.as_bytes().into()))),
                Entry::Folder(list) => {
                    entries.add(name.as_bytes(), folder(volume, list))?;
                    continue;
                }
                Entry::Descriptors => {
                    let children = Box::new(crate::devfs::Descriptors);
                    (S_IFDIR | 0o500, Box::new(Directory::new(Some(children))))
                }
            };
            entries.add(name.as_bytes(), Node::new(volume, mode, body))?;
        }
        Ok(())
    }
}

static ROOT: [(&str, Entry); 13] = [
    ("1", Entry::Folder(&PROCESS)),
    ("self", Entry::Fixed("1")),
    ("thread-self", Entry::Fixed("1")),
    ("meminfo", Entry::File(machine::meminfo)),
    ("cpuinfo", Entry::File(machine::cpuinfo)),
    ("stat", Entry::File(machine::stat)),
    ("uptime", Entry::File(machine::uptime)),
    ("loadavg", Entry::File(machine::loadavg)),
    ("version", Entry::File(machine::version)),
    ("filesystems", Entry::File(machine::filesystems)),
    ("mounts", Entry::Fixed("self/mounts")),
    ("cmdline", Entry::File(machine::cmdline)),
    ("sys", Entry::Folder(&SYS)),
];

static PROCESS: [(&str, Entry); 15] = [
    ("auxv", Entry::File(process::auxv)),
    ("mountinfo", Entry::File(process::mountinfo)),
    ("maps", Entry::File(process::maps)),
    ("exe", Entry::Link(process::exe)),
    ("cwd", Entry::Link(process::cwd)),
    ("root", Entry::Fixed("/")),
    ("cmdline", Entry::File(process::cmdline)),
    ("comm", Entry::File(process::comm)),
    ("environ", Entry::File(process::environ)),
    ("status", Entry::File(process::status)),
    ("stat", Entry::File(process::stat)),
    ("statm", Entry::File(process::statm)),
    ("limits", Entry::File(process::limits)),
    ("mounts", Entry::File(process::mounts)),
    ("fd", Entry::Descriptors),
];

static SYS: [(&str, Entry); 3] =
    [("fs", Entry::Folder(&SYS_FS)), ("kernel", Entry::Folder(&SYS_KERNEL)), ("vm", Entry::Folder(&SYS_VM))];

static SYS_FS: [(&str, Entry); 2] =
    [("nr_open", Entry::File(machine::nr_open)), ("inotify", Entry::Folder(&SYS_INOTIFY))];

static SYS_INOTIFY: [(&str, Entry); 1] = [("max_queued_events", Entry::File(machine::max_queued_events))];

static SYS_KERNEL: [(&str, Entry); 7] = [
    ("ngroups_max", Entry::File(machine::ngroups_max)),
    ("cap_last_cap", Entry::File(machine::cap_last_cap)),
    ("osrelease", Entry::File(machine::osrelease)),
    ("ostype", Entry::File(machine::ostype)),
    ("hostname", Entry::File(machine::hostname)),
    ("pid_max", Entry::File(machine::pid_max)),
    ("random", Entry::Folder(&SYS_RANDOM)),
];

static SYS_RANDOM: [(&str, Entry); 4] = [
    ("uuid", Entry::File(machine::uuid)),
    ("boot_id", Entry::File(machine::boot_id)),
    ("poolsize", Entry::File(machine::pool_size)),
    ("entropy_avail", Entry::File(machine::pool_size)),
];

static SYS_VM: [(&str, Entry); 2] = [
    ("overcommit_memory", Entry::File(machine::overcommit)),
    ("max_map_count", Entry::File(machine::map_count)),
];
