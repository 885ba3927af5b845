//! Files opened with `O_PATH`: they name a place and do nothing else.

use super::file::{File, Place};
use super::flags::{OpenFlags, Status};
use super::stat::Stat;
use crate::errno::{EBADF, Result};

/// A file opened with `O_PATH`.
pub struct PathOnly {
    status: Status,
    place: Place,
}

impl PathOnly {
    /// The file at `place`.
    #[must_use]
    pub const fn new(place: Place, flags: OpenFlags) -> Self {
        Self { status: Status::new(flags), place }
    }
}

impl File for PathOnly {
    fn status(&self) -> &Status {
        &self.status
    }

    fn stat(&self) -> Result<Stat> {
        Ok(self.place.node.stat())
    }

    fn read(&self, _buffer: &mut [u8]) -> Result<usize> {
        Err(EBADF)
    }

    fn write(&self, _bytes: &[u8]) -> Result<usize> {
        Err(EBADF)
    }

    fn place(&self) -> Option<&Place> {
        Some(&self.place)
    }
}
