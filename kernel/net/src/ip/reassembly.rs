//! Putting fragments together again (RFC 791, section 3.2; RFC 8200, section 4.5).
//!
//! Bounded in packets, in bytes and in time. Fragments that overlap end the packet, as RFC 5722 asks
//! of IPv6: nobody sends such things for a good reason.

use alloc::vec::Vec;

use kcore::device::net::{Checksum, Fragment, Packet};
use kcore::sync::SpinLock;

use crate::address::IpAddress;
use crate::stack::Stack;

/// Packets that may be incomplete at a time.
const PACKETS: usize = 64;
/// Bytes of memory that their fragments may keep in use.
const BYTES: usize = 1 << 20;
/// Fragments of one packet.
const PARTS: usize = 512;
/// How long a packet may take, in nanoseconds.
const LIFETIME: u64 = 30_000_000_000;

/// What fragments of one packet have in common.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    pub source: IpAddress,
    pub destination: IpAddress,
    pub protocol: u8,
    pub id: u32,
}

struct Partial {
    key: Key,
    until: u64,
    /// Fragments by offset, each with its length.
    parts: Vec<(usize, usize, Vec<Fragment>)>,
    /// Bytes of the whole, when the last fragment has come.
    length: Option<usize>,
    footprint: usize,
}

/// Packets of which some fragments have come.
pub(crate) struct Reassembly(SpinLock<Vec<Partial>>);

impl Reassembly {
    pub const fn new() -> Self {
        Self(SpinLock::new(Vec::new()))
    }

    /// Adds a fragment without its headers; gives the whole packet when it is complete.
    pub fn add(&self, stack: &Stack, key: Key, offset: usize, more: bool, packet: Packet) -> Option<Packet> {
        let length = packet.length();
        // All but the last have a multiple of eight bytes.
        if length == 0 || offset + length > 65535 || more && !length.is_multiple_of(8) {
            return None;
        }
        let now = stack.now();
        let mut pieces = Vec::with_capacity(1 + packet.fragments.len());
        let Packet { head, fragments, .. } = packet;
        pieces.push(Fragment::from(head));
        pieces.extend(fragments);
        pieces.retain(|piece| !piece.is_empty());
        let footprint: usize = pieces.iter().map(Fragment::footprint).sum();
        let mut all = self.0.lock();
        let mut dropped: Vec<Partial> = all.extract_if(.., |partial| partial.until <= now).collect();
        let used: usize = all.iter().map(|partial| partial.footprint).sum();
        if used + footprint > BYTES {
            // The oldest gives way.
            if !all.is_empty() {
                dropped.push(all.remove(0));
            }
        }
        let at = match all.iter().position(|partial| partial.key == key) {
            Some(at) => at,
            None => {
                if all.len() >= PACKETS {
                    dropped.push(all.remove(0));
                }
                let until = now + LIFETIME;
                all.push(Partial { key, until, parts: Vec::new(), length: None, footprint: 0 });
                all.len() - 1
            }
        };
        let partial = all.get_mut(at)?;
        match partial.add(offset, length, more, pieces) {
            Ok(()) => partial.footprint += footprint,
            Err(false) => return None,
            Err(true) => {
                dropped.push(all.remove(at));
                return None;
            }
        }
        if !partial.is_complete() {
            return None;
        }
        let partial = all.remove(at);
        drop(all);
        partial.whole()
    }
}

impl Partial {
    /// Adds a part; `Err(true)` if the packet cannot be right, `Err(false)` for a duplicate.
    fn add(&mut self, offset: usize, length: usize, more: bool, pieces: Vec<Fragment>) -> Result<(), bool> {
        let end = offset + length;
        let at = self.parts.partition_point(|part| part.0 < offset);
        if self.parts.get(at).is_some_and(|part| (part.0, part.1) == (offset, length)) {
            return Err(false);
        }
        let before =
            at.checked_sub(1).and_then(|at| self.parts.get(at)).is_none_or(|part| part.0 + part.1 <= offset);
        let after = self.parts.get(at).is_none_or(|part| part.0 >= end);
        let last = self.length.is_none_or(|whole| end <= whole && (more || end == whole));
        let beyond = !more && self.parts.last().is_some_and(|part| part.0 + part.1 > end);
        if !before || !after || !last || beyond || self.parts.len() >= PARTS {
            return Err(true);
        }
        if !more {
            self.length = Some(end);
        }
        self.parts.insert(at, (offset, length, pieces));
        Ok(())
    }

    fn is_complete(&self) -> bool {
        let received: usize = self.parts.iter().map(|part| part.1).sum();
        self.length == Some(received)
    }

    /// The whole packet, the start of it copied so that headers lie together.
    fn whole(self) -> Option<Packet> {
        let mut packet = Packet::with_room(128).ok()?;
        packet.fragments = self.parts.into_iter().flat_map(|part| part.2).collect();
        let length = packet.length().min(128);
        let mut start = [0; 128];
        packet.copy_to(0, &mut start);
        packet.push_header(length)?.copy_from_slice(start.get(..length)?);
        let mut skip = length;
        packet.fragments.retain_mut(|fragment| {
            let count = skip.min(fragment.len());
            fragment.advance(count);
            skip -= count;
            !fragment.is_empty()
        });
        packet.checksum = Checksum::Complete;
        Some(packet)
    }
}
