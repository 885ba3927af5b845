//! The devices of major number 1.

use alloc::sync::Arc;

use kcore::errno::{EINVAL, ENOSPC, Result};
use kcore::memory::vm::Backing;
use kcore::vfs::file::{File, Place, Seekable};
use kcore::vfs::flags::{OpenFlags, Status};
use kcore::vfs::node::Body;
use kcore::vfs::stat::{Stat, device_number};

/// What tells the devices apart.
pub struct Kind {
    /// Its name in `/dev`.
    pub name: &'static [u8],
    minor: u32,
    read: fn(&mut [u8]) -> usize,
    write: fn(&[u8]) -> Result<usize>,
}

fn nothing(_buffer: &mut [u8]) -> usize {
    0
}

fn zeros(buffer: &mut [u8]) -> usize {
    buffer.fill(0);
    buffer.len()
}

fn random(buffer: &mut [u8]) -> usize {
    // Random bytes are made under a lock, which must not be held while a page of the caller's
    // buffer is brought in.
    let mut bytes = [0; 256];
    for part in buffer.chunks_mut(bytes.len()) {
        let Some(bytes) = bytes.get_mut(..part.len()) else { break };
        kcore::random::fill(bytes);
        part.copy_from_slice(bytes);
    }
    buffer.len()
}

fn discard(bytes: &[u8]) -> Result<usize> {
    Ok(bytes.len())
}

fn refuse(_bytes: &[u8]) -> Result<usize> {
    Err(ENOSPC)
}

/// `/dev/null`.
pub static NULL: Kind = Kind { name: b"null", minor: 3, read: nothing, write: discard };
/// `/dev/zero`.
pub static ZERO: Kind = Kind { name: b"zero", minor: 5, read: zeros, write: discard };
/// `/dev/full`.
pub static FULL: Kind = Kind { name: b"full", minor: 7, read: zeros, write: refuse };
/// `/dev/random`.
pub static RANDOM: Kind = Kind { name: b"random", minor: 8, read: random, write: discard };
/// `/dev/urandom`.
pub static URANDOM: Kind = Kind { name: b"urandom", minor: 9, read: random, write: discard };

/// The body of a device.
pub struct Device(pub &'static Kind);

impl Body for Device {
    fn open(&self, place: Place, flags: OpenFlags) -> Result<Arc<dyn File>> {
        Ok(Arc::new(OpenDevice { status: Status::new(flags), place, kind: self.0 }))
    }

    fn special(&self) -> u64 {
        device_number(1, self.0.minor)
    }
}

/// An open device.
struct OpenDevice {
    status: Status,
    place: Place,
    kind: &'static Kind,
}

impl File for OpenDevice {
    fn status(&self) -> &Status {
        &self.status
    }

    fn stat(&self) -> Result<Stat> {
        Ok(self.place.node.stat())
    }

    fn read(&self, buffer: &mut [u8]) -> Result<usize> {
        Ok((self.kind.read)(buffer))
    }

    fn write(&self, bytes: &[u8]) -> Result<usize> {
        (self.kind.write)(bytes)
    }

    fn seekable(&self) -> Option<&dyn Seekable> {
        Some(self)
    }

    fn place(&self) -> Option<&Place> {
        Some(&self.place)
    }

    fn backing(&self, _shared: bool) -> Result<Arc<dyn Backing>> {
        if core::ptr::eq(self.kind, &ZERO) { Ok(Arc::new(Zeros)) } else { Err(kcore::errno::ENODEV) }
    }
}

impl Seekable for OpenDevice {
    fn read_at(&self, _offset: u64, buffer: &mut [u8]) -> Result<usize> {
        self.read(buffer)
    }

    fn write_at(&self, _offset: u64, bytes: &[u8]) -> Result<usize> {
        self.write(bytes)
    }

    fn seek(&self, _offset: i64, whence: i32) -> Result<u64> {
        if (0..=2).contains(&whence) { Ok(0) } else { Err(EINVAL) }
    }
}

/// `/dev/zero` mapped.
struct Zeros;

impl Backing for Zeros {
    fn read_at(&self, _offset: u64, buffer: &mut [u8]) -> Result<usize> {
        Ok(zeros(buffer))
    }

    fn length(&self) -> u64 {
        1 << 62
    }

    fn path(&self) -> &[u8] {
        b"/dev/zero"
    }
}
