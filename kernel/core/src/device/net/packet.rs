//! A packet: headers that lie together, payload, and what is asked of the card or told by it.

use alloc::vec::Vec;

use super::{Buffer, Fragment};
use crate::errno::Result;

/// Bytes to leave in front of a packet's network header: a link header and what drivers put before it.
pub const HEADROOM: usize = 32;

/// What is known of a packet's transport checksum (TCP's, UDP's).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Checksum {
    /// It is in place: as computed, on transmission; as it came, unchecked, on reception.
    #[default]
    Complete,
    /// It is still to be filled in: the sum from `start` to the end of the packet goes to `start +
    /// offset`, where the sum of the pseudo header is. Such a packet may be received as well, from
    /// a sender on the same machine; it has not been damaged on the way.
    Partial {
        /// Bytes from the frame's start to the transport header.
        start: u16,
        /// Bytes from there to the checksum.
        offset: u16,
    },
    /// Received, and it is right.
    Valid,
}

/// What kind of segments a long packet is to be cut into.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GsoKind {
    /// TCP over IPv4.
    Tcp4,
    /// TCP over IPv6.
    Tcp6,
}

/// A packet that stands for several segments.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Gso {
    /// What they are.
    pub kind: GsoKind,
    /// Payload bytes in each but the last.
    pub size: u16,
    /// Bytes of all headers, link header included.
    pub headers: u16,
    /// The first segment has CWR set, which the others must not have (RFC 3168).
    pub congestion: bool,
}

/// A packet on its way to or from a card.
pub struct Packet {
    /// Its start: the headers, and as much of the payload as is convenient.
    pub head: Buffer,
    /// The rest of the payload.
    pub fragments: Vec<Fragment>,
    /// The transport checksum.
    pub checksum: Checksum,
    /// How to cut it, or how it was put together.
    pub gso: Option<Gso>,
    /// A number that packets of one connection have in common: the queue on transmission, the queue
    /// it came from on reception.
    pub flow: u32,
}

impl Packet {
    /// A packet of these bytes alone.
    #[must_use]
    pub fn new(head: Buffer) -> Self {
        Self { head, fragments: Vec::new(), checksum: Checksum::Complete, gso: None, flow: 0 }
    }

    /// A packet without a byte yet, with room for `headers` bytes of which [`HEADROOM`] is not part.
    ///
    /// # Errors
    /// `ENOMEM`.
    pub fn with_room(headers: usize) -> Result<Self> {
        Ok(Self::new(Buffer::with_headroom(HEADROOM + headers, HEADROOM + headers)?))
    }

    /// Bytes in all.
    #[must_use]
    pub fn length(&self) -> usize {
        self.head.len() + self.fragments.iter().map(|fragment| fragment.len()).sum::<usize>()
    }

    /// A header of `length` bytes, zero at first, in front of what is there; none if the headroom is
    /// too small. Positions that count from the start move with it.
    pub fn push_header(&mut self, length: usize) -> Option<&mut [u8]> {
        let moved = u16::try_from(length).ok()?;
        let header = self.head.prepend(length)?;
        if let Checksum::Partial { start, .. } = &mut self.checksum {
            *start = start.saturating_add(moved);
        }
        if let Some(gso) = &mut self.gso {
            gso.headers = gso.headers.saturating_add(moved);
        }
        Some(header)
    }

    /// Drops `length` bytes at the start, a header that has been read; false if the head is shorter.
    /// Positions that count from the start move with it.
    pub fn pull_header(&mut self, length: usize) -> bool {
        if length > self.head.len() {
            return false;
        }
        self.head.advance(length);
        let moved = length.min(usize::from(u16::MAX)) as u16;
        if let Checksum::Partial { start, .. } = &mut self.checksum {
            *start = start.saturating_sub(moved);
        }
        if let Some(gso) = &mut self.gso {
            gso.headers = gso.headers.saturating_sub(moved);
        }
        true
    }

    /// Drops bytes at the end, so that `length` are left: what a frame is padded with.
    pub fn truncate(&mut self, length: usize) {
        let mut left = length.saturating_sub(self.head.len());
        self.head.truncate(length);
        self.fragments.retain_mut(|fragment| {
            fragment.truncate(left);
            left -= fragment.len();
            !fragment.is_empty()
        });
    }

    /// Copies bytes from `offset` on; gives their number, less than asked for at the end.
    pub fn copy_to(&self, offset: usize, to: &mut [u8]) -> usize {
        let (mut skip, mut done) = (offset, 0);
        for part in self.parts() {
            let from = part.get(skip..).unwrap_or_default();
            skip = skip.saturating_sub(part.len());
            let Some(room) = to.get_mut(done..).filter(|room| !room.is_empty()) else { break };
            let count = room.len().min(from.len());
            if let (Some(room), Some(from)) = (room.get_mut(..count), from.get(..count)) {
                room.copy_from_slice(from);
            }
            done += count;
        }
        done
    }

    /// The bytes, a slice for each piece of memory.
    pub fn parts(&self) -> impl Iterator<Item = &[u8]> {
        core::iter::once(&*self.head).chain(self.fragments.iter().map(|fragment| &**fragment))
    }
}
