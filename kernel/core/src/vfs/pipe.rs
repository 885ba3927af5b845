//! Pipes, with and without a name.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::file::{File, Place};
use super::flags::{OpenFlags, Status};
use super::node::{Body, Node};
use super::poll::{Events, Source};
use super::stat::{S_IFIFO, Stat, Timestamp};
use super::walk::resolve;
use crate::errno::{EAGAIN, EBUSY, EINVAL, ENXIO, EPERM, EPIPE, Result};
use crate::sync::{Mutex, WaitQueue};

/// Writes of up to so many bytes are not mixed with others (`PIPE_BUF`).
pub const ATOMIC: usize = 4096;
/// Capacity of a new pipe in bytes.
const CAPACITY: usize = 65536;
/// Largest capacity that can be set (`/proc/sys/fs/pipe-max-size`).
const CAPACITY_MAX: usize = 1 << 20;

/// The signal's number.
pub const SIGPIPE: i32 = 13;
/// Called when a pipe without readers is written to; 0 until somebody asks.
static BROKEN: AtomicUsize = AtomicUsize::new(0);
static NEXT: AtomicU64 = AtomicU64::new(1);

/// Has `hook` called in a thread that writes to a pipe without readers: it sends `SIGPIPE`. Without
/// a hook nobody can have ignored or handled the signal, so it ends the program.
pub fn on_broken(hook: fn()) {
    BROKEN.store(hook as usize, Ordering::Release);
}

/// Sends `SIGPIPE`, and gives `EPIPE`; for sockets too.
pub fn broken() -> crate::errno::Errno {
    let hook = BROKEN.load(Ordering::Acquire);
    if hook != 0 {
        // SAFETY: only `on_broken` stores here, and it stores a function of this type.
        let hook: fn() = unsafe { core::mem::transmute(hook) };
        hook();
    } else {
        #[cfg(kernel)]
        if crate::tls::current().signal_mask.load(Ordering::Relaxed) >> (SIGPIPE - 1) & 1 == 0 {
            crate::process::end(crate::process::Ending::Signal(SIGPIPE));
        }
    }
    EPIPE
}

/// Bytes on their way, and who holds the ends.
struct Ring {
    /// As long as was needed so far, at most `capacity`.
    bytes: Vec<u8>,
    start: usize,
    length: usize,
    capacity: usize,
    readers: usize,
    writers: usize,
    /// Readers and writers that there ever were, for those who wait in `open`.
    opened: [u64; 2],
}

impl Ring {
    /// The two pieces that `length` bytes from `at` bytes after the start lie in.
    fn pieces(&mut self, at: usize, length: usize) -> (&mut [u8], &mut [u8]) {
        let size = self.bytes.len();
        if size == 0 {
            return (&mut [], &mut []);
        }
        let from = (self.start + at) % size;
        let (low, high) = self.bytes.split_at_mut(from);
        let first = length.min(high.len());
        let second = (length - first).min(low.len());
        (high.get_mut(..first).unwrap_or_default(), low.get_mut(..second).unwrap_or_default())
    }

    fn take(&mut self, buffer: &mut [u8]) -> usize {
        let count = buffer.len().min(self.length);
        let (to_first, to_second) = {
            let (first, _) = self.pieces(0, count);
            buffer.get_mut(..count).unwrap_or_default().split_at_mut(first.len())
        };
        let (first, second) = self.pieces(0, count);
        to_first.copy_from_slice(first);
        to_second.copy_from_slice(second);
        self.length -= count;
        self.start = if self.length == 0 { 0 } else { (self.start + count) % self.bytes.len().max(1) };
        count
    }

    fn put(&mut self, bytes: &[u8]) -> usize {
        let count = bytes.len().min(self.capacity - self.length);
        let needed = self.length + count;
        if needed > self.bytes.len() {
            // Unrolled into a larger buffer.
            let size = needed.next_power_of_two().max(512).min(self.capacity.max(needed));
            let mut larger = Vec::with_capacity(size);
            let (first, second) = self.pieces(0, self.length);
            larger.extend_from_slice(first);
            larger.extend_from_slice(second);
            larger.resize(size, 0);
            self.bytes = larger;
            self.start = 0;
        }
        let at = self.length;
        let (first, second) = self.pieces(at, count);
        let (from_first, from_second) = bytes.get(..count).unwrap_or_default().split_at(first.len());
        first.copy_from_slice(from_first);
        second.copy_from_slice(from_second);
        self.length += count;
        count
    }
}

/// A pipe.
pub struct Pipe {
    ring: Mutex<Ring>,
    readable: WaitQueue,
    writable: WaitQueue,
    source: Source,
    number: u64,
}

impl Default for Pipe {
    fn default() -> Self {
        Self::new()
    }
}

impl Pipe {
    /// An empty pipe with no ends.
    #[must_use]
    pub fn new() -> Self {
        let ring = Ring {
            bytes: Vec::new(),
            start: 0,
            length: 0,
            capacity: CAPACITY,
            readers: 0,
            writers: 0,
            opened: [0; 2],
        };
        Self {
            ring: Mutex::new(ring),
            readable: WaitQueue::new(),
            writable: WaitQueue::new(),
            source: Source::new(),
            number: NEXT.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// Makes an end of it.
    fn end(self: &Arc<Self>, flags: OpenFlags, place: Option<Place>) -> Arc<End> {
        let mut ring = self.ring.lock();
        if flags.reads() {
            ring.readers += 1;
            ring.opened[0] += 1;
        }
        if flags.writes() {
            ring.writers += 1;
            ring.opened[1] += 1;
        }
        Arc::new(End { status: Status::new(flags), pipe: self.clone(), place })
    }

    fn wake(&self, events: Events) {
        if events.contains(Events::IN) {
            self.readable.wake_all();
        }
        if events.contains(Events::OUT) {
            self.writable.wake_all();
        }
        self.source.notify(events);
    }
}

/// A pipe without a name: the end that reads and the end that writes.
pub fn pair(flags: OpenFlags) -> (Arc<dyn File>, Arc<dyn File>) {
    let pipe = Arc::new(Pipe::new());
    let flags = flags & (OpenFlags::NONBLOCK | OpenFlags::DIRECT);
    (pipe.end(flags, None), pipe.end(flags | OpenFlags::WRITE_ONLY, None))
}

/// An end of a pipe, or both.
pub struct End {
    status: Status,
    pipe: Arc<Pipe>,
    place: Option<Place>,
}

impl End {
    /// Bytes that can hold (`F_GETPIPE_SZ`).
    pub fn capacity(&self) -> usize {
        self.pipe.ring.lock().capacity
    }

    /// Makes the pipe hold at least `size` bytes (`F_SETPIPE_SZ`); gives the new capacity.
    pub fn set_capacity(&self, size: usize) -> Result<usize> {
        if size == 0 || size > CAPACITY_MAX {
            return Err(if size == 0 { EINVAL } else { EPERM });
        }
        let size = size.next_power_of_two().max(ATOMIC);
        let mut ring = self.pipe.ring.lock();
        if ring.length > size {
            return Err(EBUSY);
        }
        let (length, mut rest) = (ring.length, Vec::new());
        rest.resize(length, 0);
        ring.take(&mut rest);
        ring.bytes = Vec::new();
        ring.start = 0;
        ring.capacity = size;
        ring.put(&rest);
        drop(ring);
        self.pipe.wake(Events::OUT);
        Ok(size)
    }

    /// Up to `length` bytes that stay in the pipe; none at its end. Waits for them unless told not to.
    pub fn peek(&self, length: usize, nonblocking: bool) -> Result<Vec<u8>> {
        self.status.check_read()?;
        let nonblocking = nonblocking || self.status.nonblocking();
        let mut attempt = || {
            let mut ring = self.pipe.ring.lock();
            let count = length.min(ring.length);
            if count > 0 {
                let (first, second) = ring.pieces(0, count);
                return Some(Ok([&*first, &*second].concat()));
            }
            if ring.writers == 0 || length == 0 {
                return Some(Ok(Vec::new()));
            }
            nonblocking.then_some(Err(EAGAIN))
        };
        self.pipe.readable.wait_until(None, &mut attempt)?
    }

    /// Bytes that a read would give now (`FIONREAD`).
    pub fn pending(&self) -> usize {
        self.pipe.ring.lock().length
    }
}

impl Drop for End {
    fn drop(&mut self) {
        let flags = self.status.get();
        let mut ring = self.pipe.ring.lock();
        ring.readers -= usize::from(flags.reads());
        ring.writers -= usize::from(flags.writes());
        drop(ring);
        self.pipe.wake(Events::IN | Events::OUT | Events::HUP | Events::ERR);
    }
}

impl File for End {
    fn status(&self) -> &Status {
        &self.status
    }

    fn stat(&self) -> Result<Stat> {
        if let Some(place) = &self.place {
            return Ok(place.node.stat());
        }
        let now = Timestamp::now();
        let times = Stat { accessed: now, modified: now, changed: now, ..Stat::default() };
        Ok(Stat { inode: self.pipe.number, links: 1, mode: S_IFIFO | 0o600, block_size: 4096, ..times })
    }

    fn read(&self, buffer: &mut [u8]) -> Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let pipe = &*self.pipe;
        let nonblocking = self.status.nonblocking();
        let mut attempt = || {
            let mut ring = pipe.ring.lock();
            if ring.length > 0 {
                return Some(Ok(ring.take(buffer)));
            }
            if ring.writers == 0 {
                return Some(Ok(0));
            }
            nonblocking.then_some(Err(EAGAIN))
        };
        let count = pipe.readable.wait_until(None, &mut attempt)??;
        if count > 0 {
            pipe.wake(Events::WRITABLE);
        }
        Ok(count)
    }

    fn write(&self, bytes: &[u8]) -> Result<usize> {
        let pipe = &*self.pipe;
        let nonblocking = self.status.nonblocking();
        let atomic = bytes.len() <= ATOMIC;
        let mut done = 0;
        while done < bytes.len() || bytes.is_empty() {
            let rest = bytes.get(done..).unwrap_or_default();
            let mut attempt = || {
                let mut ring = pipe.ring.lock();
                if ring.readers == 0 {
                    return Some(Err(EPIPE));
                }
                let room = ring.capacity - ring.length;
                if rest.is_empty() || room >= rest.len() || room > 0 && !atomic {
                    return Some(Ok(ring.put(rest)));
                }
                nonblocking.then_some(Err(EAGAIN))
            };
            match pipe.writable.wait_until(None, &mut attempt).flatten() {
                Ok(count) => {
                    done += count;
                    pipe.wake(Events::READABLE);
                    if bytes.is_empty() {
                        break;
                    }
                }
                Err(_) if done > 0 => break,
                Err(error) if error == EPIPE => return Err(broken()),
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    fn ready(&self) -> Events {
        let flags = self.status.get();
        let ring = self.pipe.ring.lock();
        let mut events = Events::empty();
        if flags.reads() {
            if ring.length > 0 {
                events |= Events::READABLE;
            }
            if ring.writers == 0 && ring.opened[1] > 0 {
                events |= Events::HUP;
            }
        }
        if flags.writes() {
            if ring.capacity - ring.length >= ATOMIC {
                events |= Events::WRITABLE;
            }
            if ring.readers == 0 {
                events |= Events::ERR;
            }
        }
        events
    }

    fn source(&self) -> Option<&Source> {
        Some(&self.pipe.source)
    }

    fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }
}

/// The body of a named pipe.
pub struct Fifo(Arc<Pipe>);

impl Body for Fifo {
    fn open(&self, place: Place, flags: OpenFlags) -> Result<Arc<dyn File>> {
        let pipe = &self.0;
        if flags.contains(OpenFlags::NONBLOCK)
            && !flags.reads()
            && flags.writes()
            && pipe.ring.lock().readers == 0
        {
            return Err(ENXIO);
        }
        let end = pipe.end(flags, Some(place));
        pipe.wake(Events::IN | Events::OUT);
        if flags.contains(OpenFlags::NONBLOCK) || flags.reads() && flags.writes() {
            return Ok(end);
        }
        // Waits for the other side, or for one that came and went meanwhile.
        let other = usize::from(flags.reads());
        let queue = if flags.reads() { &pipe.readable } else { &pipe.writable };
        let before = pipe.ring.lock().opened[other];
        queue.wait_until(None, || {
            let ring = pipe.ring.lock();
            let present = if flags.reads() { ring.writers } else { ring.readers };
            (present > 0 || ring.opened[other] > before).then_some(())
        })?;
        Ok(end)
    }
}

/// Makes a named pipe: `mkfifoat`.
pub fn make_fifo(base: &Arc<Node>, path: &[u8], mode: u32) -> Result<()> {
    let found = resolve(base, path, false)?;
    let mode = S_IFIFO | mode & 0o777 & !super::open::umask();
    super::create::add(&found, |volume| Node::new(volume, mode, Box::new(Fifo(Arc::new(Pipe::new())))))?;
    Ok(())
}
