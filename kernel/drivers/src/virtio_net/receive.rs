//! A receive queue: always full of empty buffers, as many as it had at first.

use alloc::vec::Vec;

use hal::mem::virt_to_phys;
use kcore::device::bus::Virtio;
use kcore::device::net::{Buffer, Packet};
use kcore::errno::{EIO, ENOMEM, Result};

use super::header::{self, Header};
use super::{Broken, RING};
use crate::virtio::{self, Queue};

/// Bytes that a buffer has: with what the heap and the packet add, 2 KB. An Ethernet frame fits.
pub const CAPACITY: usize = 2048 - 16;
/// Frames up to here are copied, so that they do not keep a whole buffer while they wait to be read.
const SMALL: usize = 256;

/// A receive queue and its buffers.
pub struct Receive {
    pub queue: Queue,
    /// By token; none in a place whose memory was never to be had.
    buffers: Vec<Option<Buffer>>,
    /// Whether a frame may take several buffers.
    mergeable: bool,
    /// Frames that there was no memory for.
    pub dropped: u64,
}

impl Receive {
    /// Fills the queue with buffers, as far as there is memory; `ENOMEM` if there is none.
    pub fn new(queue: Queue, mergeable: bool) -> Result<Self> {
        let buffers = (0..queue.size()).map(|_| Buffer::new(CAPACITY).ok()).collect();
        let mut receive = Self { queue, buffers, mergeable, dropped: 0 };
        let count = (0..receive.buffers.len()).filter(|&token| receive.offer(token).is_ok()).count();
        if count == 0 { Err(ENOMEM) } else { Ok(receive) }
    }

    /// Shows the buffer of `token` to the device.
    fn offer(&mut self, token: usize) -> Result<()> {
        let buffer = self.buffers.get_mut(token).and_then(Option::as_mut).ok_or(ENOMEM)?;
        let (start, length) = buffer.room();
        let address = virt_to_phys(start).ok_or(EIO)?.0;
        let part = virtio::Buffer { address, length: length as u32, device_writes: true };
        if self.queue.offer(&[part], token) { Ok(()) } else { Err(EIO) }
    }

    /// Takes frames that have arrived, at most `most`, and gives the device new buffers.
    pub fn collect(
        &mut self,
        transport: &dyn Virtio,
        packets: &mut Vec<Packet>,
        most: usize,
    ) -> core::result::Result<(), Broken> {
        while packets.len() < most
            && let Some((token, written)) = self.queue.take()
        {
            self.frame(token, written, packets)?;
        }
        if self.queue.is_broken() {
            return Err(RING);
        }
        self.queue.announce(transport);
        Ok(())
    }

    /// Takes the frame whose first buffer is `token`'s.
    fn frame(
        &mut self,
        token: usize,
        written: u32,
        packets: &mut Vec<Packet>,
    ) -> core::result::Result<(), Broken> {
        let (head, header) = self.take(token, written, true)?;
        let header = header.ok_or(Broken("a frame without a header"))?;
        let count = if self.mergeable { header.buffers } else { 1 };
        if count == 0 {
            return Err(Broken("a frame in no buffer"));
        }
        let mut packet = head.map(|mut head| {
            head.advance(header::LENGTH);
            Packet::new(head)
        });
        for _ in 1..count {
            let (token, written) = self.queue.take().ok_or(Broken("a frame with buffers missing"))?;
            let (piece, _) = self.take(token, written, false)?;
            match (&mut packet, piece) {
                (Some(packet), Some(piece)) => packet.fragments.push(piece.into()),
                _ => packet = None,
            }
        }
        match packet {
            Some(mut packet) => {
                header.apply(&mut packet);
                packets.push(packet);
            }
            None => self.dropped += 1,
        }
        Ok(())
    }

    /// Takes the bytes in the buffer of `token`, none without memory for another one, and offers a
    /// buffer in its place. With `first`, what they start with is read as a header.
    fn take(
        &mut self,
        token: usize,
        written: u32,
        first: bool,
    ) -> core::result::Result<(Option<Buffer>, Option<Header>), Broken> {
        let slot = self.buffers.get_mut(token).and_then(Option::as_mut);
        let buffer = slot.ok_or(Broken("an entry that was not asked for"))?;
        let length = written as usize;
        if length > buffer.tailroom() {
            return Err(Broken("a frame longer than its buffer"));
        }
        // SAFETY: the device has written them; they may be anything.
        unsafe { buffer.written(length) };
        let header = if first { Header::decode(buffer) } else { None };
        let taken = if length <= SMALL {
            let copy = Buffer::new(length).map(|mut copy| {
                copy.append(buffer);
                copy
            });
            buffer.truncate(0);
            copy
        } else {
            match Buffer::new(CAPACITY) {
                Ok(empty) => Ok(core::mem::replace(buffer, empty)),
                Err(error) => {
                    buffer.truncate(0);
                    Err(error)
                }
            }
        };
        // There is room: the queue had an entry for each buffer.
        let _ = self.offer(token);
        Ok((taken.ok(), header))
    }
}
