//! Files: the tree of names, open files and descriptors, readiness, pipes and their kin.
//!
//! May use `sync`, `memory` and `time`. File systems (`kernel/fs`) fill the tree in; `libc` calls
//! the functions here one by one, so that what no program asks for is not there.

pub mod create;
pub mod directory;
pub mod epoll;
pub mod eventfd;
pub mod fd;
pub mod file;
pub mod flags;
pub mod inotify;
pub mod lock;
pub mod mount;
pub mod node;
pub mod open;
pub mod page;
pub mod path_only;
pub mod pipe;
pub mod poll;
pub mod regular;
pub mod remove;
pub mod rename;
pub mod stat;
pub mod timerfd;
pub mod walk;
pub mod watch;

pub use file::{File, Place, Seekable};
pub use flags::OpenFlags;
pub use mount::mount_root;
pub use node::Node;
pub use open::{open, open_at, open_place};
pub use stat::Stat;
pub use walk::lookup;

#[cfg(test)]
mod tests;
