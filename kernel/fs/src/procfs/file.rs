//! Files whose content a function writes.

use alloc::sync::Arc;
use alloc::vec::Vec;

use kcore::errno::{EACCES, EBADF, ELOOP, Result};
use kcore::sync::Mutex;
use kcore::vfs::file::{File, Place, Seekable, seek_target};
use kcore::vfs::flags::{OpenFlags, Status};
use kcore::vfs::node::Body;
use kcore::vfs::stat::Stat;

use super::text::Text;

/// The body of such a file; its size is 0, as in Linux's `/proc`.
pub struct Generated(pub fn(&mut Text));

impl Body for Generated {
    fn open(&self, place: Place, flags: OpenFlags) -> Result<Arc<dyn File>> {
        if flags.writes() {
            return Err(EACCES);
        }
        let mut text = Text::default();
        (self.0)(&mut text);
        Ok(Arc::new(Snapshot { status: Status::new(flags), place, text: text.0, position: Mutex::new(0) }))
    }
}

/// The body of a symbolic link whose target a function writes.
pub struct Link(pub fn(&mut Text));

impl Body for Link {
    fn open(&self, _place: Place, _flags: OpenFlags) -> Result<Arc<dyn File>> {
        Err(ELOOP)
    }

    fn target(&self) -> Option<Vec<u8>> {
        let mut text = Text::default();
        (self.0)(&mut text);
        Some(text.0)
    }
}

/// What the content was when the file was opened.
struct Snapshot {
    status: Status,
    place: Place,
    text: Vec<u8>,
    position: Mutex<u64>,
}

impl File for Snapshot {
    fn status(&self) -> &Status {
        &self.status
    }

    fn stat(&self) -> Result<Stat> {
        Ok(self.place.node.stat())
    }

    fn read(&self, buffer: &mut [u8]) -> Result<usize> {
        let mut position = self.position.lock();
        let count = self.read_at(*position, buffer)?;
        *position += count as u64;
        Ok(count)
    }

    fn seekable(&self) -> Option<&dyn Seekable> {
        Some(self)
    }

    fn place(&self) -> Option<&Place> {
        Some(&self.place)
    }
}

impl Seekable for Snapshot {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let rest = self.text.get(start..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        Ok(count)
    }

    fn write_at(&self, _offset: u64, _bytes: &[u8]) -> Result<usize> {
        Err(EBADF)
    }

    fn seek(&self, offset: i64, whence: i32) -> Result<u64> {
        let mut position = self.position.lock();
        *position = seek_target(offset, whence, *position, self.text.len() as u64)?;
        Ok(*position)
    }
}
