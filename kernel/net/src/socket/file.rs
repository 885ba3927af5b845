//! The open file of a socket: what blocks, how several buffers are one message, who gets `SIGPIPE`.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering};

use kcore::errno::{ENOTSOCK, EPIPE, Result};
use kcore::vfs::File;
use kcore::vfs::fd;
use kcore::vfs::file::Control;
use kcore::vfs::flags::{OpenFlags, Status};
use kcore::vfs::poll::{Events, Source};
use kcore::vfs::stat::{S_IFSOCK, Stat};

use super::parts::{rest, rest_of_room, room, total};
use super::{Flags, Incoming, Outgoing, SOCK_DGRAM, Socket, SocketName, Wait};

/// A socket as an open file.
pub struct SocketFile {
    status: Status,
    socket: Arc<dyn Socket>,
    number: u64,
}

static NEXT: AtomicU64 = AtomicU64::new(1);

impl SocketFile {
    /// The file of a new socket.
    #[must_use]
    pub fn new(socket: Arc<dyn Socket>, nonblocking: bool) -> Arc<Self> {
        let flags = if nonblocking { OpenFlags::NONBLOCK } else { OpenFlags::empty() };
        Arc::new(Self {
            status: Status::new(OpenFlags::READ_WRITE | flags),
            socket,
            number: NEXT.fetch_add(1, Ordering::Relaxed),
        })
    }

    /// The family's part.
    #[must_use]
    pub fn socket(&self) -> &Arc<dyn Socket> {
        &self.socket
    }

    /// The number that stands for it in `stat` and `/proc/self/fd`.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Whether a wait of this kind has a time limit: then it is not begun again after a signal
    /// handler has run (signal(7)).
    #[must_use]
    pub fn limited(&self, receive: bool) -> bool {
        let settings = self.socket.settings();
        0 < if receive { settings.receive_timeout() } else { settings.send_timeout() }
    }

    fn wait(&self, flags: Flags, timeout: u64) -> Wait {
        Wait::limited(self.status.nonblocking() || flags.contains(Flags::DONTWAIT), timeout)
    }

    /// `connect(2)`.
    pub fn connect(&self, name: &[u8]) -> Result<()> {
        self.socket.connect(name, &self.wait(Flags::empty(), self.socket.settings().send_timeout()))
    }

    /// `accept(2)`: the family's part of the new socket, and who it is from.
    pub fn accept(&self) -> Result<(Arc<dyn Socket>, SocketName)> {
        self.socket.accept(&self.wait(Flags::empty(), self.socket.settings().receive_timeout()))
    }

    /// Sends the parts as one message; of a stream, all of it unless it may not block or is disturbed.
    pub fn send(&self, parts: &[&[u8]], message: &mut Outgoing<'_>) -> Result<usize> {
        let wait = self.wait(message.flags, self.socket.settings().send_timeout());
        let mut done = match self.socket.send(parts, message, &wait) {
            Err(error) if error == EPIPE => {
                // A datagram to nobody is no reason for it.
                if self.socket.kind().kind != SOCK_DGRAM && !message.flags.contains(Flags::NOSIGNAL) {
                    kcore::vfs::pipe::broken();
                }
                return Err(EPIPE);
            }
            result => result?,
        };
        if wait.never || !self.socket.is_stream() {
            return Ok(done);
        }
        let length = total(parts);
        while done < length {
            match self.socket.send(&rest(parts, done), message, &wait) {
                Ok(count) => done += count,
                Err(_) => break,
            }
        }
        Ok(done)
    }

    /// Receives into the parts, a message or what a stream has; with `MSG_WAITALL`, as much of a
    /// stream as was asked for.
    pub fn receive(&self, parts: &mut [&mut [u8]], message: &mut Incoming) -> Result<usize> {
        let wait = self.wait(message.flags, self.socket.settings().receive_timeout());
        let mut done = self.socket.receive(parts, message, &wait)?;
        let whole = message.flags.contains(Flags::WAITALL) && !message.flags.contains(Flags::PEEK);
        if !whole || wait.never || !self.socket.is_stream() {
            return Ok(done);
        }
        let length = room(parts);
        while done > 0 && done < length && message.rights.is_empty() {
            match self.socket.receive(&mut rest_of_room(parts, done), message, &wait) {
                Ok(0) | Err(_) => break,
                Ok(count) => done += count,
            }
        }
        Ok(done)
    }
}

/// Does `work` on the socket that `descriptor` refers to: `EBADF` if it is not open, `ENOTSOCK` if it
/// is something else.
pub fn with<T>(descriptor: i32, work: impl FnOnce(&SocketFile) -> Result<T>) -> Result<T> {
    let file = fd::get(descriptor)?;
    work(file.downcast::<SocketFile>().ok_or(ENOTSOCK)?)
}

impl File for SocketFile {
    fn status(&self) -> &Status {
        &self.status
    }

    fn stat(&self) -> Result<Stat> {
        Ok(Stat { inode: self.number, links: 1, mode: S_IFSOCK | 0o777, block_size: 4096, ..Stat::default() })
    }

    fn read(&self, buffer: &mut [u8]) -> Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        self.receive(&mut [buffer], &mut Incoming::new(Flags::empty()))
    }

    fn write(&self, bytes: &[u8]) -> Result<usize> {
        self.send(&[bytes], &mut Outgoing::default())
    }

    fn ready(&self) -> Events {
        self.socket.ready()
    }

    fn source(&self) -> Option<&Source> {
        Some(self.socket.source())
    }

    fn control(&self) -> Option<&dyn Control> {
        Some(self)
    }
}

impl Control for SocketFile {
    fn ioctl(&self, request: u32, argument: usize) -> Result<i32> {
        super::control::ioctl(&*self.socket, request, argument)
    }
}
