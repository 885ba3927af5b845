//! Bytes of a stream, on their way between an application and the network.
//!
//! They lie in blocks that packets share: what is sent is copied once, from the application, and what
//! is received is copied once, to the application. Blocks are made when bytes come and freed when
//! they are gone, so an idle connection has none.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::ops::Range;

use kcore::device::net::{Buffer, Fragment, Packet};
use kcore::errno::Result;

/// The smallest and the largest block, with its header.
const BLOCK_MIN: usize = 256;
const BLOCK_MAX: usize = 32 << 10;
/// What the heap's header of a block takes of it.
const OVERHEAD: usize = 16;

/// Pieces that an empty queue keeps room for, as many as the first brings with it.
const KEPT: usize = 4;

/// A queue of bytes.
#[derive(Default)]
pub struct Queue {
    pieces: VecDeque<Fragment>,
    /// Room behind the last piece.
    tail: Option<Buffer>,
    length: usize,
}

impl Queue {
    /// Bytes in it.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Copies bytes behind the last one; gives their number, less than asked for if memory ran out.
    ///
    /// # Errors
    /// `ENOMEM` if there was no memory at all.
    pub fn append(&mut self, mut bytes: &[u8]) -> Result<usize> {
        let all = bytes.len();
        while !bytes.is_empty() {
            let mut buffer = match self.tail.take().filter(|tail| tail.tailroom() > 0) {
                Some(tail) => tail,
                None => {
                    let size = (bytes.len() + OVERHEAD).next_power_of_two().clamp(BLOCK_MIN, BLOCK_MAX);
                    match Buffer::new(size - OVERHEAD) {
                        Ok(buffer) => buffer,
                        Err(error) if bytes.len() == all => return Err(error),
                        Err(_) => break,
                    }
                }
            };
            let count = buffer.append(bytes);
            self.push(buffer.share());
            self.tail = (buffer.tailroom() > 0).then_some(buffer);
            bytes = bytes.get(count..).unwrap_or_default();
        }
        Ok(all - bytes.len())
    }

    fn push(&mut self, fragment: Fragment) {
        self.length += fragment.len();
        let fragment = match self.pieces.back_mut() {
            Some(last) => match last.join(fragment) {
                Ok(()) => return,
                Err(fragment) => fragment,
            },
            None => fragment,
        };
        self.pieces.push_back(fragment);
    }

    /// Takes over a packet's bytes; copies those that keep much more memory in use than they are.
    ///
    /// # Errors
    /// `ENOMEM`; the queue is as it was then.
    pub fn take_over(&mut self, packet: Packet) -> Result<()> {
        let Packet { head, fragments, .. } = packet;
        let before = self.length;
        let head = Fragment::from(head);
        for fragment in core::iter::once(head).chain(fragments).filter(|fragment| !fragment.is_empty()) {
            if fragment.len() * 4 > fragment.footprint() {
                self.tail = None;
                self.push(fragment);
            } else {
                let wanted = fragment.len();
                let copied = self.append(&fragment).unwrap_or(0);
                if copied < wanted {
                    self.truncate(before);
                    return Err(kcore::errno::ENOMEM);
                }
            }
        }
        Ok(())
    }

    /// Moves everything from another queue behind the last byte.
    pub fn append_queue(&mut self, other: Self) {
        self.tail = None;
        other.pieces.into_iter().for_each(|piece| self.push(piece));
    }

    /// Drops what is behind the first `length` bytes.
    pub fn truncate(&mut self, length: usize) {
        while self.length > length {
            let over = self.length - length;
            let Some(last) = self.pieces.back_mut() else { break };
            let drop = over.min(last.len());
            last.truncate(last.len() - drop);
            self.length -= drop;
            if last.is_empty() {
                self.pieces.pop_back();
            }
            self.tail = None;
        }
    }

    /// Drops bytes at the front, as far as there are any.
    pub fn advance(&mut self, count: usize) {
        let mut left = count.min(self.length);
        self.length -= left;
        while left > 0 {
            let Some(first) = self.pieces.front_mut() else { break };
            let now = left.min(first.len());
            first.advance(now);
            left -= now;
            if first.is_empty() {
                self.pieces.pop_front();
            }
        }
        if self.length == 0 {
            self.tail = None;
            if self.pieces.capacity() > KEPT {
                self.pieces = VecDeque::new();
            }
        }
    }

    /// Copies bytes from `offset` on; gives their number.
    pub fn copy(&self, offset: usize, to: &mut [u8]) -> usize {
        let (mut skip, mut done) = (offset, 0);
        for piece in &self.pieces {
            if skip >= piece.len() {
                skip -= piece.len();
                continue;
            }
            let from = piece.get(skip..).unwrap_or_default();
            skip = 0;
            let Some(room) = to.get_mut(done..).filter(|room| !room.is_empty()) else { break };
            let count = room.len().min(from.len());
            if let (Some(room), Some(from)) = (room.get_mut(..count), from.get(..count)) {
                room.copy_from_slice(from);
            }
            done += count;
        }
        done
    }

    /// Copies bytes from the front on to several places; gives their number.
    pub fn copy_to(&self, parts: &mut [&mut [u8]], limit: usize) -> usize {
        let mut done = 0;
        for part in parts {
            let room = part.len().min(limit - done);
            let count = self.copy(done, part.get_mut(..room).unwrap_or_default());
            done += count;
            if count < part.len() {
                break;
            }
        }
        done
    }

    /// The pieces in which `length` bytes from `offset` on lie, and where in them.
    fn pieces(&self, offset: usize, length: usize) -> impl Iterator<Item = (&Fragment, Range<usize>)> {
        let (mut skip, mut left) = (offset, length);
        self.pieces.iter().filter_map(move |piece| {
            let start = skip.min(piece.len());
            skip -= start;
            let end = piece.len().min(start.saturating_add(left));
            left -= end - start;
            (start < end).then_some((piece, start..end))
        })
    }

    /// The pieces in which `length` bytes from `offset` on lie, to be sent.
    pub fn share(&self, offset: usize, length: usize, to: &mut Vec<Fragment>) {
        to.extend(self.pieces(offset, length).map(|(piece, range)| piece.part(range)));
    }

    /// Copies `length` bytes from `offset` on behind what is in a buffer, as far as there is room.
    pub fn append_to(&self, offset: usize, length: usize, to: &mut Buffer) {
        for (piece, range) in self.pieces(offset, length) {
            to.append(piece.get(range).unwrap_or_default());
        }
    }

    /// Bytes of memory that it keeps in use, about.
    pub fn footprint(&self) -> usize {
        self.pieces.iter().map(Fragment::footprint).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(count: usize, from: usize) -> Vec<u8> {
        (from..from + count).map(|number| (number * 7 + number / 251) as u8).collect()
    }

    #[test]
    fn what_goes_in_comes_out() {
        let mut queue = Queue::default();
        let (mut written, mut read) = (0, 0);
        for round in 1..400 {
            let count = round * 37 % 5000;
            assert_eq!(queue.append(&bytes(count, written)).unwrap(), count);
            written += count;
            let mut packet = Packet::with_room(0).unwrap();
            let mut buffer = Buffer::new(2048).unwrap();
            buffer.append(&bytes(round * 5 % 2000, written));
            written += buffer.len();
            packet.fragments.push(buffer.into());
            queue.take_over(packet).unwrap();
            let mut pieces = Vec::new();
            let (offset, length) = (queue.len() / 3, queue.len() / 2);
            queue.share(offset, length, &mut pieces);
            assert_eq!(pieces.concat_bytes(), bytes(length, read + offset));
            let mut out = vec![0; round * 53 % 9000];
            let half = out.len() / 2;
            let (one, two) = out.split_at_mut(half);
            let count = queue.copy_to(&mut [one, two], usize::MAX);
            assert_eq!(count, out.len().min(queue.len()));
            assert_eq!(out[..count], bytes(count, read));
            queue.advance(count);
            read += count;
            assert_eq!(queue.len(), written - read);
        }
        queue.truncate(5);
        assert_eq!(queue.len(), 5.min(written - read));
        queue.advance(usize::MAX);
        assert!(queue.is_empty() && queue.footprint() == 0 && queue.pieces.capacity() <= KEPT);
    }

    #[test]
    fn small_packets_share_blocks() {
        let mut queue = Queue::default();
        for _ in 0..100 {
            let mut buffer = Buffer::new(4080).unwrap();
            buffer.append(&[7; 10]);
            queue.take_over(Packet::new(buffer)).unwrap();
        }
        assert_eq!(queue.len(), 1000);
        assert!(queue.footprint() < 3000, "{}", queue.footprint());
    }

    trait Concat {
        fn concat_bytes(&self) -> Vec<u8>;
    }
    impl Concat for Vec<Fragment> {
        fn concat_bytes(&self) -> Vec<u8> {
            self.iter().flat_map(|fragment| fragment.to_vec()).collect()
        }
    }
}
