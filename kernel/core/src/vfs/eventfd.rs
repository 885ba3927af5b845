//! `eventfd`: a counter as a file.

use super::file::File;
use super::flags::{OpenFlags, Status};
use super::poll::{Events, Source};
use super::stat::Stat;
use crate::errno::{EAGAIN, EINVAL, Result};
use crate::sync::{SpinLock, WaitQueue};

/// A counter: writing adds, reading takes.
pub struct EventCounter {
    status: Status,
    value: SpinLock<u64>,
    /// Reads take 1 instead of all (`EFD_SEMAPHORE`).
    semaphore: bool,
    changed: WaitQueue,
    source: Source,
}

/// The value that a counter never reaches.
const FULL: u64 = u64::MAX;

impl EventCounter {
    /// A counter that starts at `value`.
    #[must_use]
    pub const fn new(value: u64, semaphore: bool, flags: OpenFlags) -> Self {
        Self {
            status: Status::new(flags.union(OpenFlags::READ_WRITE)),
            value: SpinLock::new(value),
            semaphore,
            changed: WaitQueue::new(),
            source: Source::new(),
        }
    }

    fn update(&self, events: Events, attempt: &mut dyn FnMut(&mut u64) -> Option<u64>) -> Result<u64> {
        let nonblocking = self.status.nonblocking();
        let result = self.changed.wait_until(None, || {
            let result = attempt(&mut self.value.lock());
            if nonblocking { Some(result.ok_or(EAGAIN)) } else { result.map(Ok) }
        })??;
        self.changed.wake_all();
        self.source.notify(events);
        Ok(result)
    }
}

impl File for EventCounter {
    fn status(&self) -> &Status {
        &self.status
    }

    fn stat(&self) -> Result<Stat> {
        Ok(Stat { inode: 1, links: 1, mode: 0o600, block_size: 4096, ..Stat::default() })
    }

    fn read(&self, buffer: &mut [u8]) -> Result<usize> {
        let to = buffer.first_chunk_mut::<8>().ok_or(EINVAL)?;
        let taken = self.update(Events::WRITABLE, &mut |value| {
            let take = if self.semaphore { 1 } else { *value };
            if *value == 0 {
                return None;
            }
            *value -= take;
            Some(take)
        })?;
        *to = taken.to_ne_bytes();
        Ok(8)
    }

    fn write(&self, bytes: &[u8]) -> Result<usize> {
        let add = u64::from_ne_bytes(*bytes.first_chunk().ok_or(EINVAL)?);
        if add == FULL {
            return Err(EINVAL);
        }
        self.update(Events::READABLE, &mut |value| {
            let sum = value.checked_add(add).filter(|&sum| sum < FULL)?;
            *value = sum;
            Some(sum)
        })?;
        Ok(8)
    }

    fn ready(&self) -> Events {
        let value = *self.value.lock();
        let mut events = Events::empty();
        if value > 0 {
            events |= Events::READABLE;
        }
        if value < FULL - 1 {
            events |= Events::WRITABLE;
        }
        events
    }

    fn source(&self) -> Option<&Source> {
        Some(&self.source)
    }
}
