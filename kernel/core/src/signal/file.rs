//! `signalfd`: signals that wait, read from a file.

use core::sync::atomic::{AtomicU64, Ordering};

use super::{FROM_QUEUE, FROM_TIMER, Info, queue};
use crate::errno::{EAGAIN, EINVAL, Result};
use crate::sync::WaitQueue;
use crate::tls;
use crate::vfs::file::File;
use crate::vfs::flags::{OpenFlags, Status};
use crate::vfs::poll::{Events, Source};
use crate::vfs::stat::Stat;

/// Bytes of a `struct signalfd_siginfo`.
const RECORD: usize = 128;

/// A file that gives the signals of a set that wait for whoever reads, or for the process.
pub struct SignalFile {
    status: Status,
    set: AtomicU64,
}

/// All such files together: who is told looks at its own set.
static CHANGED: WaitQueue = WaitQueue::new();
static SOURCE: Source = Source::new();

fn queued() {
    CHANGED.wake_all();
    SOURCE.notify(Events::READABLE);
}

impl SignalFile {
    /// A file for the signals of `set`.
    #[must_use]
    pub fn new(set: u64, flags: OpenFlags) -> Self {
        queue::on_send(queued);
        Self { status: Status::new(flags.union(OpenFlags::READ_WRITE)), set: AtomicU64::new(set) }
    }

    /// Gives other signals from now on.
    pub fn set(&self, set: u64) {
        self.set.store(set, Ordering::Relaxed);
        queued();
    }

    fn take(&self) -> Option<Info> {
        queue::take(tls::current(), self.set.load(Ordering::Relaxed))
    }
}

/// A signal as `struct signalfd_siginfo` (signalfd(2)).
fn record(info: &Info) -> [u8; RECORD] {
    let mut record = [0; RECORD];
    let mut put = |at: usize, bytes: &[u8]| {
        if let Some(place) = record.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    };
    let [low, value, ..] = info.words;
    let (first, second) = ((low as u32).to_ne_bytes(), ((low >> 32) as u32).to_ne_bytes());
    put(0, &info.signal.to_ne_bytes());
    put(4, &info.error.to_ne_bytes());
    put(8, &info.code.to_ne_bytes());
    if info.code == FROM_TIMER {
        put(24, &first);
        put(32, &second);
    } else {
        put(12, &first);
        put(16, &second);
    }
    if info.code == FROM_TIMER || info.code == FROM_QUEUE {
        put(44, &(value as u32).to_ne_bytes());
        put(48, &value.to_ne_bytes());
    }
    record
}

impl File for SignalFile {
    fn status(&self) -> &Status {
        &self.status
    }

    fn stat(&self) -> Result<Stat> {
        Ok(Stat { inode: 1, links: 1, mode: 0o600, block_size: 4096, ..Stat::default() })
    }

    fn read(&self, buffer: &mut [u8]) -> Result<usize> {
        let (records, _) = buffer.as_chunks_mut::<RECORD>();
        let (first, more) = records.split_first_mut().ok_or(EINVAL)?;
        let nonblocking = self.status.nonblocking();
        let info = CHANGED.wait_until(None, || {
            let info = self.take();
            if nonblocking { Some(info.ok_or(EAGAIN)) } else { info.map(Ok) }
        })??;
        *first = record(&info);
        let mut count = RECORD;
        for place in more {
            let Some(info) = self.take() else { break };
            *place = record(&info);
            count += RECORD;
        }
        Ok(count)
    }

    fn ready(&self) -> Events {
        let waiting = queue::pending(tls::current()) & self.set.load(Ordering::Relaxed);
        if waiting != 0 { Events::READABLE } else { Events::empty() }
    }

    fn source(&self) -> Option<&Source> {
        Some(&SOURCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_says_who_sent_it() {
        let mut info = Info::own(12, FROM_QUEUE);
        info.words = [7 | 1000 << 32, 0x1_0000_0002, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let record = record(&info);
        let word = |at: usize| u32::from_ne_bytes(*record[at..].first_chunk().unwrap());
        assert_eq!((word(0), word(8) as i32, word(12), word(16)), (12, FROM_QUEUE, 7, 1000));
        assert_eq!((word(44), word(48), word(52)), (2, 2, 1));
    }
}
