//! Hosts that are not there: whoever answers for them keeps no state, so that any number of connections costs
//! this host nothing. They are at the guest's network, from `FIRST` on.

use std::collections::BTreeSet;
use std::sync::Mutex;

/// The last number of the first such host's address, and of the first that takes all and says nothing.
pub const FIRST: u8 = 100;
pub const SILENT: u8 = 200;
/// What all their frames have as source: addresses tell them apart.
const MAC: [u8; 6] = [2, 0, 0, 0x77, 0, 0x77];
const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const ACK: u8 = 16;
const LENGTH: usize = 54;

/// The hosts that are not there.
#[derive(Default)]
pub struct Phantoms {
    /// Host and port of each connection that was answered and not ended.
    open: Mutex<BTreeSet<(u8, u16)>>,
}

/// A segment from one of the hosts to the guest.
pub struct Segment {
    /// The guest: its card, and the first three numbers of its network, where it is number 2.
    pub card: [u8; 6],
    pub network: [u8; 3],
    pub host: u8,
    /// Of the host and of the guest.
    pub ports: (u16, u16),
    pub sequence: u32,
    pub acknowledgement: u32,
    pub flags: u8,
}

impl Segment {
    /// A request for a connection.
    pub fn request(card: [u8; 6], network: [u8; 3], host: u8, ports: (u16, u16), sequence: u32) -> Self {
        Self { card, network, host, ports, sequence, acknowledgement: 0, flags: SYN }
    }

    /// What ends the connection that this asked for, as long as nothing else was sent over it.
    pub fn reset(self) -> Self {
        Self { sequence: self.sequence.wrapping_add(1), flags: RST, ..self }
    }

    /// The frame that it is sent in.
    pub fn frame(&self) -> Vec<u8> {
        let [a, b, c] = self.network;
        let mut frame = Vec::with_capacity(LENGTH);
        frame.extend(self.card);
        frame.extend(MAC);
        frame.extend([8, 0, 0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0, a, b, c, self.host, a, b, c, 2]);
        let sum = checksum(&frame[14..34], 0);
        frame[24..26].copy_from_slice(&sum.to_be_bytes());
        frame.extend(self.ports.0.to_be_bytes());
        frame.extend(self.ports.1.to_be_bytes());
        frame.extend(self.sequence.to_be_bytes());
        frame.extend(self.acknowledgement.to_be_bytes());
        frame.extend([0x50, self.flags, 0xff, 0xff, 0, 0, 0, 0]);
        // The pseudo header: both addresses, the protocol and the length.
        let sum = checksum(&frame[26..LENGTH], 6 + 20);
        frame[50..52].copy_from_slice(&sum.to_be_bytes());
        frame
    }
}

/// The Internet's checksum of bytes, and of a number besides.
fn checksum(bytes: &[u8], more: u32) -> u16 {
    let words = bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0)));
    let mut sum = more + words.sum::<u32>();
    while sum >> 16 != 0 {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

impl Phantoms {
    /// The connections that are open.
    pub fn open(&self) -> BTreeSet<(u8, u16)> {
        self.open.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

    /// What is said to a frame of the guest's: none if it is for somebody else, else an answer, or none.
    pub fn answer(&self, frame: &[u8]) -> Option<Option<Vec<u8>>> {
        match frame.get(12..14)? {
            [8, 6] => {
                let target = frame.get(38..42)?;
                if frame.get(20..22)? != [0, 1] || target[3] < FIRST {
                    return None;
                }
                if target[3] >= SILENT {
                    return Some(None);
                }
                // The same again, with sender and target in each other's place.
                let mut answer = [&frame[6..12], &MAC, &frame[12..20], &[0, 2], &MAC, target].concat();
                answer.extend(frame.get(22..32)?);
                Some(Some(answer))
            }
            [8, 0] => match *frame.get(33)? {
                ..FIRST => None,
                FIRST..SILENT => Some(self.segment(frame)),
                SILENT.. => Some(None),
            },
            _ => None,
        }
    }

    fn segment(&self, frame: &[u8]) -> Option<Vec<u8>> {
        let header = 14 + usize::from(frame[14] & 15) * 4;
        let segment = frame.get(header..header + 20).filter(|_| frame[23] == 6)?;
        let number =
            |at: usize| u32::from_be_bytes([segment[at], segment[at + 1], segment[at + 2], segment[at + 3]]);
        let port = |at: usize| u16::from_be_bytes([segment[at], segment[at + 1]]);
        let total = usize::from(u16::from_be_bytes([frame[16], frame[17]]));
        let payload = (14 + total).saturating_sub(header + usize::from(segment[12] >> 4) * 4) as u32;
        let (flags, host) = (segment[13], frame[33]);
        let mut open = self.open.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if flags & (FIN | RST) != 0 {
            open.remove(&(host, port(2)));
        } else if flags & SYN != 0 {
            open.insert((host, port(2)));
        }
        drop(open);
        let taken = payload + u32::from(flags & SYN != 0) + u32::from(flags & FIN != 0);
        if flags & RST != 0 || taken == 0 {
            return None;
        }
        let answer = Segment {
            card: frame[6..12].try_into().ok()?,
            network: [frame[26], frame[27], frame[28]],
            host,
            ports: (port(2), port(0)),
            sequence: number(8),
            acknowledgement: number(4).wrapping_add(taken),
            flags: ACK,
        };
        Some(answer.frame())
    }
}
