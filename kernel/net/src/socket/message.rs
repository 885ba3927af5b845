//! What goes with the bytes of a message.

use alloc::sync::Arc;
use alloc::vec::Vec;

use kcore::vfs::File;

use super::SocketName;

bitflags::bitflags! {
    /// `MSG_…`, with Linux's values.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Flags: u32 {
        /// Urgent data.
        const OOB = 0x1;
        /// Leave it to be received again.
        const PEEK = 0x2;
        /// Not through a gateway.
        const DONT_ROUTE = 0x4;
        /// Control data was left out for want of room.
        const CTRUNC = 0x8;
        /// Out: part of the datagram did not fit. In: give its whole length.
        const TRUNC = 0x20;
        /// Do not block, just this once.
        const DONTWAIT = 0x40;
        /// The end of a record.
        const EOR = 0x80;
        /// Wait for all that was asked for.
        const WAITALL = 0x100;
        /// The path is known to work.
        const CONFIRM = 0x800;
        /// What the error queue holds.
        const ERRQUEUE = 0x2000;
        /// No `SIGPIPE`.
        const NOSIGNAL = 0x4000;
        /// More follows.
        const MORE = 0x8000;
        /// `recvmmsg`: wait for the first only.
        const WAITFORONE = 0x1_0000;
        /// Connect and send.
        const FASTOPEN = 0x2000_0000;
        /// Received descriptors get `FD_CLOEXEC`.
        const CMSG_CLOEXEC = 0x4000_0000;
    }
}

/// `struct ucred`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct Credentials {
    /// Process.
    pub process: i32,
    /// User.
    pub user: u32,
    /// Group.
    pub group: u32,
}

impl Credentials {
    /// Those of the one process there is.
    pub const OWN: Self = Self { process: 1, user: 0, group: 0 };
    /// Those of a socket that was never connected.
    pub const NOBODY: Self = Self { process: 0, user: u32::MAX, group: u32::MAX };
}

/// A control message of a protocol's: `cmsg_level`, `cmsg_type` and data.
pub struct Note {
    /// `cmsg_level`.
    pub level: i32,
    /// `cmsg_type`.
    pub kind: i32,
    /// The data.
    pub data: Vec<u8>,
}

/// What goes with bytes that are sent.
#[derive(Default)]
pub struct Outgoing<'a> {
    /// Where to, a `sockaddr`; none for where the socket is connected to.
    pub to: Option<&'a [u8]>,
    /// How.
    pub flags: Flags,
    /// Files to hand over; taken when the first byte is.
    pub rights: Vec<Arc<dyn File>>,
    /// Credentials to show, if others than usual.
    pub credentials: Option<Credentials>,
    /// Control messages of the protocol.
    pub notes: Vec<Note>,
}

/// What came with bytes that were received.
pub struct Incoming {
    /// How to receive.
    pub flags: Flags,
    /// How it went: `TRUNC`, `CTRUNC`, `EOR`, `OOB`, `ERRQUEUE`.
    pub outcome: Flags,
    /// Who sent it, if that is told.
    pub from: Option<SocketName>,
    /// Files that were handed over.
    pub rights: Vec<Arc<dyn File>>,
    /// Who says to have sent it, if that was asked for.
    pub credentials: Option<Credentials>,
    /// Control messages of the protocol.
    pub notes: Vec<Note>,
}

impl Default for Flags {
    fn default() -> Self {
        Self::empty()
    }
}

impl Incoming {
    /// Nothing received yet.
    #[must_use]
    pub const fn new(flags: Flags) -> Self {
        Self {
            flags,
            outcome: Flags::empty(),
            from: None,
            rights: Vec::new(),
            credentials: None,
            notes: Vec::new(),
        }
    }

    /// The name of who sent it; no bytes if that is not told.
    #[must_use]
    pub fn sender(&self) -> &[u8] {
        self.from.as_ref().map_or(&[], SocketName::bytes)
    }
}
