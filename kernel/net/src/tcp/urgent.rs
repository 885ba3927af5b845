//! The urgent byte (RFC 9293, section 3.8.5, as BSD reads it: the pointer is after the byte).
//!
//! One at a time: a new one replaces one that was not read, as everywhere.

use kcore::errno::{EAGAIN, EINVAL, Result};
use kcore::vfs::poll::Events;

use super::connection::Connection;
use super::sequence::{after, before, distance};
use crate::wire::tcp::Header;

impl Connection {
    /// The peer says where its urgent byte is.
    pub(super) fn urgent_announced(&mut self, header: &Header) {
        if header.urgent == 0 {
            return;
        }
        let at = header.sequence.wrapping_add(u32::from(header.urgent) - 1);
        let known = self.receive.urgent.is_some_and(|urgent| !after(at, urgent.0));
        if known || before(at, self.receive.next) {
            return;
        }
        self.receive.urgent = Some((at, None));
        self.events |= Events::PRI;
    }

    /// Data from `start` on has come: perhaps the urgent byte with it.
    pub(super) fn urgent_arrived(&mut self, start: u32) {
        let Some((at, None)) = self.receive.urgent else { return };
        if before(at, start) || !before(at, self.receive.next) {
            return;
        }
        let mut byte = [0];
        let offset = distance(self.read_position(), at) as usize;
        if self.receive.queue.copy(offset, &mut byte) == 1 {
            self.receive.urgent = Some((at, Some(byte[0])));
            self.events |= Events::PRI | Events::RDBAND;
        }
    }

    /// Gives the urgent byte, which then is read unless `peek`.
    pub(super) fn take_urgent(&mut self, inline: bool, peek: bool) -> Result<u8> {
        match self.receive.urgent {
            Some((at, Some(byte))) if !inline => {
                if !peek {
                    self.receive.urgent = Some((at, None)).filter(|_| !before(at, self.read_position()));
                }
                Ok(byte)
            }
            Some((at, None)) if !inline && !before(at, self.receive.next) => Err(EAGAIN),
            _ => Err(EINVAL),
        }
    }

    /// Whether the next byte to read is the urgent one.
    pub(super) fn at_mark(&self) -> bool {
        self.receive.urgent.is_some_and(|urgent| urgent.0 == self.read_position())
    }

    /// How many bytes may be read at once: up to the mark. At the mark, a byte that does not belong to the
    /// stream is dropped first.
    pub(super) fn readable_before_mark(&mut self, inline: bool) -> usize {
        let length = self.receive.queue.len();
        let Some((at, _)) = self.receive.urgent else { return length };
        let position = self.read_position();
        if before(at, position) {
            self.receive.urgent = None;
            return length;
        }
        let ahead = distance(position, at) as usize;
        if ahead > 0 || length == 0 {
            return ahead.min(length);
        }
        self.receive.urgent = None;
        if !inline {
            self.receive.queue.advance(1);
        }
        self.receive.queue.len()
    }
}
