//! Sockets as an application sees them, whatever protocol is below.
//!
//! A [`SocketFile`] is the open file; the [`Socket`] in it is the family's. The families are rows of
//! a table, so a program that only makes `AF_UNIX` sockets has no TCP.

mod control;
pub mod family;
pub mod file;
mod message;
mod name;
pub mod option;
mod parts;
mod wait;

pub use family::Family;
pub use file::SocketFile;
pub use message::{Credentials, Flags, Incoming, Note, Outgoing};
pub use name::{SocketName, family_of};
pub use option::Settings;
pub use parts::{gather, room, scatter, total};
pub use wait::{Readiness, Wait};

use alloc::sync::Arc;
use core::any::Any;

use kcore::errno::{EOPNOTSUPP, Result};
use kcore::vfs::poll::{Events, Source};

/// `AF_UNSPEC`.
pub const AF_UNSPEC: u16 = 0;
/// `AF_UNIX`.
pub const AF_UNIX: u16 = 1;
/// `AF_INET`.
pub const AF_INET: u16 = 2;
/// `AF_INET6`.
pub const AF_INET6: u16 = 10;

/// `SOCK_STREAM`.
pub const SOCK_STREAM: i32 = 1;
/// `SOCK_DGRAM`.
pub const SOCK_DGRAM: i32 = 2;
/// `SOCK_RAW`.
pub const SOCK_RAW: i32 = 3;
/// `SOCK_SEQPACKET`.
pub const SOCK_SEQPACKET: i32 = 5;

/// What a socket is, as `socket(2)` was asked for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Kind {
    /// `AF_…`.
    pub family: u16,
    /// `SOCK_…`.
    pub kind: i32,
    /// The protocol, 0 where the family has but one.
    pub protocol: i32,
}

/// Which directions `shutdown` ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shutdown {
    /// Nothing more is received.
    pub receive: bool,
    /// Nothing more is sent.
    pub send: bool,
}

/// A family's socket. What may block takes a [`Wait`], which says how long.
///
/// Dropping the socket closes it.
pub trait Socket: Any + Send + Sync {
    /// What it is.
    fn kind(&self) -> Kind;

    /// The options all sockets have.
    fn settings(&self) -> &Settings;

    /// Tells of changes of `ready`.
    fn source(&self) -> &Source;

    /// What could be done now without blocking.
    fn ready(&self) -> Events;

    /// Gives it a name; `name` is a `sockaddr`.
    fn bind(&self, name: &[u8]) -> Result<()>;

    /// Connects it to `name`, a `sockaddr`.
    fn connect(&self, name: &[u8], wait: &Wait) -> Result<()>;

    /// Accepts connections, `backlog` of which may be waiting.
    fn listen(&self, _backlog: i32) -> Result<()> {
        Err(EOPNOTSUPP)
    }

    /// The next connection, and who it is from.
    fn accept(&self, _wait: &Wait) -> Result<(Arc<dyn Socket>, SocketName)> {
        Err(EOPNOTSUPP)
    }

    /// Sends the parts as one; gives how many bytes were taken, of a stream perhaps not all.
    /// `SIGPIPE` is the caller's to send.
    fn send(&self, parts: &[&[u8]], message: &mut Outgoing<'_>, wait: &Wait) -> Result<usize>;

    /// Receives into the parts, one after the other; gives the number of bytes stored, or with
    /// [`Flags::TRUNC`] those of the datagram.
    fn receive(&self, parts: &mut [&mut [u8]], message: &mut Incoming, wait: &Wait) -> Result<usize>;

    /// Ends one direction or both.
    fn shutdown(&self, how: Shutdown) -> Result<()>;

    /// Its own name.
    fn name(&self) -> Result<SocketName>;

    /// The name of the socket it is connected to; `ENOTCONN` if it is not.
    fn peer(&self) -> Result<SocketName>;

    /// Sets an option; `value` is as the caller passed it.
    fn set_option(&self, level: i32, name: i32, value: &[u8]) -> Result<()> {
        option::set(self.settings(), level, name, value)
    }

    /// Gets an option into `value`; gives its length.
    fn option(&self, level: i32, name: i32, value: &mut [u8]) -> Result<usize>;

    /// Whether it waits for connections (`SO_ACCEPTCONN`).
    fn listening(&self) -> bool {
        false
    }

    /// Bytes that a receive would give now (`FIONREAD`).
    fn incoming(&self) -> Result<usize>;

    /// Bytes sent and not yet received by the other side (`TIOCOUTQ`).
    fn outgoing(&self) -> Result<usize>;

    /// Whether the next byte is behind the urgent one (`SIOCATMARK`).
    fn at_mark(&self) -> Result<bool> {
        Err(kcore::errno::EINVAL)
    }

    /// A request of `ioctl` that the family has beside those of all sockets; `argument` is what the
    /// caller passed.
    fn ioctl(&self, _request: u32, _argument: usize) -> Result<i32> {
        Err(kcore::errno::ENOTTY)
    }

    /// The error that is pending (`SO_ERROR`); it is so no longer.
    fn take_error(&self) -> i32 {
        0
    }
}

impl dyn Socket {
    /// The socket as a `T`, if it is one.
    pub fn downcast<T: Socket>(&self) -> Option<&T> {
        (self as &dyn Any).downcast_ref()
    }

    /// Whether it carries bytes rather than messages.
    pub fn is_stream(&self) -> bool {
        self.kind().kind == SOCK_STREAM
    }
}
