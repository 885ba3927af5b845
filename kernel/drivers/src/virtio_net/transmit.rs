//! A transmit queue: packets that the device is reading.

use alloc::vec::Vec;

use kcore::device::bus::Virtio;
use kcore::device::net::{Buffer, Packet};

use super::header;
use crate::virtio::{self, Queue};

/// A transmit queue and its packets.
pub struct Transmit {
    pub queue: Queue,
    /// By token.
    packets: Vec<Option<Packet>>,
    /// Tokens that are free.
    free: Vec<u16>,
    /// The pieces of the packet that is being offered.
    parts: Vec<virtio::Buffer>,
    /// Somebody had no room and waits to be told.
    pub full: bool,
    /// An interrupt was asked for.
    pub waits: bool,
}

impl Transmit {
    /// An empty queue.
    pub fn new(mut queue: Queue) -> Self {
        queue.quiet();
        let size = queue.size();
        let packets = (0..size).map(|_| None).collect();
        Self { queue, packets, free: (0..size).collect(), parts: Vec::new(), full: false, waits: false }
    }

    /// Lets go of what the device is done with.
    pub fn reclaim(&mut self) {
        self.waits = self.full;
        while let Some((token, _)) = self.queue.take() {
            if self.packets.get_mut(token).and_then(Option::take).is_some() {
                self.free.push(token as u16);
            }
        }
    }

    /// Whether the device is done with all packets.
    pub fn is_idle(&mut self) -> bool {
        self.reclaim();
        self.free.len() == self.packets.len()
    }

    /// Whether there is room to go on after there was none.
    pub fn has_room(&self) -> bool {
        self.queue.room() >= self.queue.size() / 4
    }

    /// Offers a packet; gives it back if there is no room. One that can't be shown to the device at
    /// all is dropped.
    pub fn send(
        &mut self,
        transport: &dyn Virtio,
        packet: Packet,
        more: bool,
    ) -> core::result::Result<(), Packet> {
        // Two besides the fragments: the head, and a header that does not fit in front of it.
        let needed = packet.fragments.len() + 2;
        if needed > usize::from(self.queue.size()) {
            return Ok(());
        }
        self.reclaim();
        let mut room = usize::from(self.queue.room());
        if room < needed {
            // The device is told of what waits; whoever waits is told at three quarters.
            self.queue.announce(transport);
            self.full = true;
            if !self.listen() {
                return Err(packet);
            }
            self.reclaim();
            room = usize::from(self.queue.room());
            if room < needed {
                return Err(packet);
            }
        }
        self.offer(packet);
        if !more {
            self.queue.announce(transport);
        }
        // What is long done should not stay for want of a next packet; a quarter may.
        if self.full || room < usize::from(self.queue.size()) / 2 {
            self.listen();
        } else {
            self.queue.quiet();
        }
        if !more {
            // Once more, now that what was offered can be seen in any case.
            self.queue.announce(transport);
        }
        Ok(())
    }

    /// Asks for an interrupt when most of what the device has is done; true if it is.
    pub fn listen(&mut self) -> bool {
        self.waits = true;
        let outstanding = self.queue.size() - self.free.len().min(usize::from(self.queue.size())) as u16;
        self.queue.listen(outstanding / 4 * 3)
    }

    fn offer(&mut self, mut packet: Packet) {
        let mut bytes = [0; header::LENGTH];
        header::encode(&packet, &mut bytes);
        if let Some(place) = packet.head.prepend(header::LENGTH) {
            place.copy_from_slice(&bytes);
        } else {
            let Ok(mut front) = Buffer::new(header::LENGTH) else { return };
            front.append(&bytes);
            let head = core::mem::replace(&mut packet.head, front);
            packet.fragments.insert(0, head.into());
        }
        self.parts.clear();
        for part in packet.parts().filter(|part| !part.is_empty()) {
            // Memory that no device reaches: the packet is lost.
            let Ok(part) = virtio::Buffer::read(part) else { return };
            self.parts.push(part);
        }
        let Some(token) = self.free.pop() else { return };
        if let Some(place) = self.packets.get_mut(usize::from(token)) {
            *place = Some(packet);
        }
        // There is room for it, as the caller has seen.
        self.queue.offer(&self.parts, token.into());
    }
}
