//! An open file: what a descriptor refers to.
//!
//! The trait is narrow on purpose, since a live vtable keeps all its methods: what only some files
//! can do is a trait of its own behind an `Option`, and what only one kind of file can do is found
//! by downcasting (`dyn File` is `Any`), so that no list of kinds exists anywhere.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;

use super::flags::Status;
use super::node::Node;
use super::poll::{Events, Source};
use super::stat::Stat;
use crate::errno::{EINVAL, ENODEV, ESPIPE, Result};
use crate::memory::vm::Backing;

/// Where an open file was found.
#[derive(Clone)]
pub struct Place {
    /// The file itself.
    pub node: Arc<Node>,
    /// The directory it was opened in; none for a root and for files without a name.
    pub parent: Option<Arc<Node>>,
    /// Its name in that directory then.
    pub name: Box<[u8]>,
}

impl Place {
    /// A file that has no name.
    #[must_use]
    pub fn unnamed(node: Arc<Node>) -> Self {
        Self { node, parent: None, name: Box::default() }
    }

    /// The absolute path, as far as directories that were since removed allow it.
    pub fn path(&self) -> Vec<u8> {
        match &self.parent {
            Some(parent) => {
                let mut path = super::walk::path_of(parent).unwrap_or_default();
                if path.last() != Some(&b'/') {
                    path.push(b'/');
                }
                path.extend_from_slice(&self.name);
                path
            }
            None => super::walk::path_of(&self.node).unwrap_or_default(),
        }
    }
}

/// An open file (an "open file description" of POSIX).
pub trait File: Any + Send + Sync {
    /// Access mode and status flags.
    fn status(&self) -> &Status;

    /// Attributes, as `fstat` gives them.
    fn stat(&self) -> Result<Stat>;

    /// Reads at the file's position, or whatever comes next; 0 is the end of the file.
    ///
    /// Blocks unless `O_NONBLOCK`. Access mode is the caller's to check.
    fn read(&self, _buffer: &mut [u8]) -> Result<usize> {
        Err(EINVAL)
    }

    /// Writes at the file's position, or at its end; may write less than asked.
    fn write(&self, _bytes: &[u8]) -> Result<usize> {
        Err(EINVAL)
    }

    /// What could be done now without blocking.
    fn ready(&self) -> Events {
        Events::IN | Events::OUT
    }

    /// Tells of changes of `ready`; none for a file that is always ready.
    fn source(&self) -> Option<&Source> {
        None
    }

    /// Positioned access; none for a stream.
    fn seekable(&self) -> Option<&dyn Seekable> {
        None
    }

    /// Where it was found; none for what never had a node.
    fn place(&self) -> Option<&Place> {
        None
    }

    /// The file as something to map: `shared` when stores are to reach the file and other
    /// mappings, else for a private mapping.
    fn backing(&self, _shared: bool) -> Result<Arc<dyn Backing>> {
        Err(ENODEV)
    }

    /// Requests of its own; none gives `ENOTTY`.
    fn control(&self) -> Option<&dyn Control> {
        None
    }
}

/// A file that has a position and can be accessed at any other.
pub trait Seekable {
    /// Reads at `offset`, which need not be the position; 0 at and after the end.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize>;
    /// Writes at `offset`.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<usize>;
    /// Moves the position; gives the new one.
    fn seek(&self, offset: i64, whence: i32) -> Result<u64>;
}

/// A file with `ioctl` requests of its own (those of terminals and of all files are not here).
pub trait Control {
    /// Does `request`; `argument` is what the caller passed. `ENOTTY` for an unknown request.
    fn ioctl(&self, request: u32, argument: usize) -> Result<i32>;
}

impl dyn File {
    /// The file as a `T`, if it is one.
    pub fn downcast<T: File>(&self) -> Option<&T> {
        (self as &dyn Any).downcast_ref()
    }

    /// Reads at `offset` into `buffer`: `ESPIPE` for a stream.
    pub fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        self.seekable().ok_or(ESPIPE)?.read_at(offset, buffer)
    }

    /// The node, for files that have one.
    pub fn node(&self) -> Option<&Arc<Node>> {
        self.place().map(|place| &place.node)
    }
}

/// Computes the position after `lseek(offset, whence)`: `SEEK_SET` 0, `SEEK_CUR` 1, `SEEK_END` 2.
pub fn seek_target(offset: i64, whence: i32, position: u64, size: u64) -> Result<u64> {
    let base = match whence {
        0 => 0,
        1 => position,
        2 => size,
        _ => return Err(EINVAL),
    };
    match base.checked_add_signed(offset) {
        Some(target) if i64::try_from(target).is_ok() => Ok(target),
        _ if offset > 0 => Err(crate::errno::EOVERFLOW),
        _ => Err(EINVAL),
    }
}
