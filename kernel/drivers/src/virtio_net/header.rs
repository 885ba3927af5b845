//! What is in front of each frame (section 5.1.6): offloads asked for or done.

use kcore::device::net::{Checksum, Gso, GsoKind, Packet};

/// Its bytes.
pub const LENGTH: usize = 12;

const NEEDS_CHECKSUM: u8 = 1;
const DATA_VALID: u8 = 2;

const TCP4: u8 = 1;
const TCP6: u8 = 4;
/// Beside the kind: the first segment has CWR.
const ECN: u8 = 0x80;

/// Puts what `packet` asks of the device into `to`.
pub fn encode(packet: &Packet, to: &mut [u8; LENGTH]) {
    let mut words = [0u16; 6];
    if let Checksum::Partial { start, offset } = packet.checksum {
        words[0] = NEEDS_CHECKSUM.into();
        (words[3], words[4]) = (start, offset);
    }
    if let Some(gso) = packet.gso {
        let kind = match gso.kind {
            GsoKind::Tcp4 => TCP4,
            GsoKind::Tcp6 => TCP6,
        };
        words[0] |= u16::from(kind | if gso.congestion { ECN } else { 0 }) << 8;
        (words[1], words[2]) = (gso.headers, gso.size);
    }
    for (place, word) in to.chunks_exact_mut(2).zip(words) {
        place.copy_from_slice(&word.to_le_bytes());
    }
}

/// What the device says of a frame.
pub struct Header {
    flags: u8,
    kind: u8,
    headers: u16,
    size: u16,
    start: u16,
    offset: u16,
    /// Buffers that the frame takes up, where the device may use several.
    pub buffers: u16,
}

impl Header {
    /// Reads it; none if there are not as many bytes.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; LENGTH] = bytes.first_chunk()?;
        let word = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        Some(Self {
            flags: bytes[0],
            kind: bytes[1],
            headers: word(2),
            size: word(4),
            start: word(6),
            offset: word(8),
            buffers: word(10),
        })
    }

    /// Notes in `packet`, which is complete, what the header says of it, as far as it makes sense.
    pub fn apply(&self, packet: &mut Packet) {
        let fits = usize::from(self.start) + usize::from(self.offset) + 2 <= packet.length();
        packet.checksum = match self.flags {
            flags if flags & NEEDS_CHECKSUM != 0 && fits => {
                Checksum::Partial { start: self.start, offset: self.offset }
            }
            flags if flags & DATA_VALID != 0 => Checksum::Valid,
            _ => Checksum::Complete,
        };
        let kind = match self.kind & !ECN {
            TCP4 => Some(GsoKind::Tcp4),
            TCP6 => Some(GsoKind::Tcp6),
            _ => None,
        };
        packet.gso = kind.filter(|_| self.size > 0).map(|kind| Gso {
            kind,
            size: self.size,
            headers: self.headers,
            congestion: self.kind & ECN != 0,
        });
    }
}
