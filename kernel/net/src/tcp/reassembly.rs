//! What was received beyond a gap.

use alloc::collections::VecDeque;

use kcore::device::net::Packet;
use kcore::errno::Result;

use super::sequence::{after, before, distance};
use crate::queue::Queue;
use crate::wire::tcp::SACK_MAX;

/// Pieces that are kept apart; what would make more is dropped, and comes again.
const PIECES: usize = 256;

struct Piece {
    start: u32,
    bytes: Queue,
}

impl Piece {
    fn end(&self) -> u32 {
        self.start.wrapping_add(self.bytes.len() as u32)
    }
}

/// Pieces of the stream, with gaps between them, in order.
#[derive(Default)]
pub struct Pieces {
    list: VecDeque<Piece>,
    /// Where the latest began.
    latest: u32,
    length: usize,
}

impl Pieces {
    /// Bytes in all.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Adds a segment's payload. What is there already stays; true if all of it was.
    ///
    /// # Errors
    /// `ENOMEM`; nothing has changed then that matters.
    pub fn insert(&mut self, start: u32, packet: Packet) -> Result<bool> {
        let mut bytes = Queue::default();
        bytes.take_over(packet)?;
        let (mut start, end) = (start, start.wrapping_add(bytes.len() as u32));
        self.latest = start;
        let mut at = self.list.partition_point(|piece| !after(piece.start, start));
        if let Some(before) = at.checked_sub(1).and_then(|at| self.list.get(at)) {
            let known = distance(start, before.end());
            if known as usize >= bytes.len() {
                return Ok(true);
            }
            bytes.advance(known as usize);
            start = start.wrapping_add(known);
        }
        // What the new one covers goes, and it ends where the next one begins.
        while let Some(next) = self.list.get(at).filter(|next| !after(next.end(), end)) {
            self.length -= next.bytes.len();
            self.list.remove(at);
        }
        if let Some(next) = self.list.get(at).filter(|next| before(next.start, end)) {
            bytes.truncate(distance(start, next.start) as usize);
        }
        self.length += bytes.len();
        let end = start.wrapping_add(bytes.len() as u32);
        if let Some(before) = at.checked_sub(1).and_then(|at| self.list.get_mut(at))
            && before.end() == start
        {
            before.bytes.append_queue(bytes);
            at -= 1;
        } else if self.list.len() < PIECES {
            self.list.insert(at, Piece { start, bytes });
        } else {
            self.length -= bytes.len();
            return Ok(false);
        }
        if self.list.get(at + 1).is_some_and(|next| next.start == end)
            && let Some(next) = self.list.remove(at + 1)
            && let Some(piece) = self.list.get_mut(at)
        {
            piece.bytes.append_queue(next.bytes);
        }
        Ok(false)
    }

    /// Takes out what continues the stream at `next`.
    pub fn take(&mut self, next: u32) -> Option<Queue> {
        loop {
            let first = self.list.front().filter(|first| !after(first.start, next))?;
            let known = distance(first.start, next) as usize;
            let mut piece = self.list.pop_front()?;
            self.length -= piece.bytes.len();
            if known < piece.bytes.len() {
                piece.bytes.advance(known);
                return Some(piece.bytes);
            }
        }
    }

    /// The pieces as blocks to report: the one with the latest segment first (RFC 2018, section 4).
    pub fn blocks(&self, blocks: &mut [(u32, u32)]) {
        let latest = self
            .list
            .iter()
            .rev()
            .position(|piece| !after(piece.start, self.latest) && after(piece.end(), self.latest));
        let first = latest.and_then(|at| self.list.iter().rev().nth(at));
        let rest =
            self.list.iter().rev().enumerate().filter(|(at, _)| Some(*at) != latest).map(|(_, piece)| piece);
        for (place, piece) in blocks.iter_mut().zip(first.into_iter().chain(rest)).take(SACK_MAX) {
            *place = (piece.start, piece.end());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kcore::device::net::Buffer;

    fn packet(start: u32, length: u32) -> Packet {
        let bytes: Vec<u8> = (0..length).map(|n| start.wrapping_add(n) as u8).collect();
        let mut buffer = Buffer::new(bytes.len()).unwrap();
        buffer.append(&bytes);
        Packet::new(buffer)
    }

    #[test]
    fn segments_in_any_order_make_the_stream() {
        let mut seed = 11u32;
        let mut random = move |below: u32| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) % below
        };
        for round in 0..300 {
            let base = if round % 2 == 0 { u32::MAX - 2000 } else { random(1 << 20) };
            let (mut pieces, mut have) = (Pieces::default(), vec![false; 6000]);
            for _ in 0..random(60) {
                let (from, length) = (1 + random(5000), 1 + random(900));
                pieces.insert(base.wrapping_add(from), packet(base.wrapping_add(from), length)).unwrap();
                (from..from + length).for_each(|n| have[n as usize] = true);
                assert_eq!(pieces.len(), have.iter().filter(|&&have| have).count());
                let mut blocks = [(0, 0); 4];
                pieces.blocks(&mut blocks);
                let (start, end) = blocks[0];
                assert!(start.wrapping_sub(base) <= from && end.wrapping_sub(base) >= from + length);
            }
            let mut next = base.wrapping_add(random(3000));
            while let Some(bytes) = pieces.take(next) {
                let mut out = vec![0; bytes.len()];
                bytes.copy(0, &mut out);
                assert!(out.iter().enumerate().all(|(n, &byte)| byte == next.wrapping_add(n as u32) as u8));
                next = next.wrapping_add(bytes.len() as u32);
                assert!(!have[next.wrapping_sub(base) as usize]);
            }
        }
    }
}
