//! Sockets of TCP, as the socket layer sees them.

use alloc::sync::Arc;

use kcore::errno::{EOPNOTSUPP, Errno, Result};
use kcore::vfs::poll::{Events, Source};

use super::{Info, Settings};
use crate::address::{Endpoint, Family};
use crate::stack::Stack;
use crate::{Receive, Send};

/// A TCP socket: new, bound, listening, connected, or done.
///
/// Dropping the last reference does not close it: the stack may hold one as long as the connection
/// lasts. Who has it open calls [`Socket::close`].
pub struct Socket {
    family: Family,
    source: Source,
}

impl Socket {
    /// A socket without an address.
    ///
    /// # Errors
    /// `EAFNOSUPPORT` if the stack does not speak that family; `ENOMEM`.
    pub fn new(stack: &'static Stack, family: Family) -> Result<Arc<Self>> {
        let _ = stack;
        Ok(Arc::new(Self { family, source: Source::new() }))
    }

    /// The family it was made for.
    pub fn family(&self) -> Family {
        self.family
    }

    /// Gives it a local address; port 0 takes a free one.
    ///
    /// # Errors
    /// `EINVAL` if it has one, `EADDRINUSE`, `EADDRNOTAVAIL` if the machine has no such address.
    pub fn bind(self: &Arc<Self>, local: Endpoint) -> Result<()> {
        let _ = local;
        Err(EOPNOTSUPP)
    }

    /// Begins to connect. When [`Socket::ready`] has `OUT` it is connected, or failed:
    /// [`Socket::take_error`] tells.
    ///
    /// # Errors
    /// `EINPROGRESS`: on the way. `EALREADY` if it was before, `EISCONN`, `EADDRNOTAVAIL` if all
    /// ports are taken, `ENETUNREACH`, `EADDRINUSE`, `EOPNOTSUPP` for a listener.
    pub fn connect(self: &Arc<Self>, remote: Endpoint) -> Result<()> {
        let _ = remote;
        Err(EOPNOTSUPP)
    }

    /// Waits for connections, of which `backlog` may wait to be accepted; takes a port if it has
    /// none. On a listener it changes the backlog.
    ///
    /// # Errors
    /// `EADDRINUSE`; `EINVAL` for a socket that is connected.
    pub fn listen(self: &Arc<Self>, backlog: u32) -> Result<()> {
        let _ = backlog;
        Err(EOPNOTSUPP)
    }

    /// The next connection, and who it is from.
    ///
    /// # Errors
    /// `EAGAIN` if there is none, `EINVAL` if it does not listen.
    pub fn accept(&self) -> Result<(Arc<Self>, Endpoint)> {
        Err(EOPNOTSUPP)
    }

    /// Takes bytes to send, as many as there is room for.
    ///
    /// # Errors
    /// `EAGAIN` for no room, or while it connects; `ENOTCONN`; `EPIPE` after the end was sent or the
    /// connection failed (`SIGPIPE` is the socket layer's); once, the error it failed with; `ENOMEM`.
    pub fn send(&self, parts: &[&[u8]], flags: Send) -> Result<usize> {
        let _ = (parts, flags);
        Err(EOPNOTSUPP)
    }

    /// Gives bytes that were received; 0 at the end.
    ///
    /// # Errors
    /// `EAGAIN` if there are none; `ENOTCONN`; once, the error that the connection failed with.
    /// With `URGENT`: `EINVAL` if there is no urgent byte.
    pub fn receive(&self, parts: &mut [&mut [u8]], flags: Receive) -> Result<usize> {
        let _ = (parts, flags);
        Err(EOPNOTSUPP)
    }

    /// Ends one or both directions.
    ///
    /// # Errors
    /// `ENOTCONN`.
    pub fn shutdown(self: &Arc<Self>, read: bool, write: bool) -> Result<()> {
        let _ = (read, write);
        Err(EOPNOTSUPP)
    }

    /// Nobody has it open any more. What was to be sent still is, unless unread data is dropped by
    /// this or the linger time is 0: then the connection is reset.
    pub fn close(self: &Arc<Self>) {}

    /// Whether the peer has acknowledged all that was to be sent, the end included if it was; for `SO_LINGER`.
    pub fn is_drained(&self) -> bool {
        true
    }

    /// What the connection failed with, once (`SO_ERROR`).
    pub fn take_error(&self) -> Option<Errno> {
        None
    }

    /// What could be done now.
    pub fn ready(&self) -> Events {
        Events::empty()
    }

    /// Tells of changes of [`Socket::ready`].
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Its own end; port 0 if it has none.
    pub fn local(&self) -> Endpoint {
        Endpoint::any(self.family)
    }

    /// The other end.
    ///
    /// # Errors
    /// `ENOTCONN`.
    pub fn peer(&self) -> Result<Endpoint> {
        Err(EOPNOTSUPP)
    }

    /// What is set.
    pub fn settings(&self) -> Settings {
        Settings::default()
    }

    /// Changes settings; they act at once.
    pub fn configure(self: &Arc<Self>, change: &mut dyn FnMut(&mut Settings)) {
        change(&mut Settings::default());
    }

    /// What `TCP_INFO` tells.
    pub fn info(&self) -> Info {
        Info::default()
    }

    /// Whether it waits for connections (`SO_ACCEPTCONN`).
    pub fn is_listening(&self) -> bool {
        false
    }

    /// Bytes that can be received now (`FIONREAD`).
    pub fn readable_bytes(&self) -> usize {
        0
    }

    /// Bytes that were not acknowledged (`SIOCOUTQ`), and of those, not sent (`SIOCOUTQNSD`).
    pub fn unacknowledged_bytes(&self) -> (usize, usize) {
        (0, 0)
    }

    /// Whether the next byte to receive is the urgent one (`SIOCATMARK`).
    pub fn at_mark(&self) -> bool {
        false
    }
}
