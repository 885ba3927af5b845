//! IPv6's header (RFC 8200).

use super::{array, put, u16_at, u32_at};

/// Bytes of the header.
pub const LENGTH: usize = 40;

/// What may follow the header.
pub mod next {
    /// Options for each hop.
    pub const HOP_BY_HOP: u8 = 0;
    /// A source route.
    pub const ROUTING: u8 = 43;
    /// A fragment.
    pub const FRAGMENT: u8 = 44;
    /// ICMPv6.
    pub const ICMP: u8 = 58;
    /// Nothing.
    pub const NONE: u8 = 59;
    /// Options for the destination.
    pub const DESTINATION: u8 = 60;
}

/// A header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// Traffic class.
    pub class: u8,
    /// Flow label.
    pub flow: u32,
    /// Bytes after this header.
    pub payload_length: usize,
    /// What follows.
    pub next: u8,
    /// Hops that are left.
    pub hop_limit: u8,
    /// From where.
    pub source: [u8; 16],
    /// To where.
    pub destination: [u8; 16],
}

impl Header {
    /// Reads one that a packet of `length` bytes starts with.
    #[must_use]
    pub fn parse(bytes: &[u8], length: usize) -> Option<Self> {
        let first = u32_at(bytes, 0)?;
        let payload_length = usize::from(u16_at(bytes, 4)?);
        if first >> 28 != 6 || LENGTH + payload_length > length {
            return None;
        }
        let [next, hop_limit] = array(bytes, 6)?;
        Some(Self {
            class: (first >> 20) as u8,
            flow: first & 0xf_ffff,
            payload_length,
            next,
            hop_limit,
            source: array(bytes, 8)?,
            destination: array(bytes, 24)?,
        })
    }

    /// Writes one.
    pub fn write(&self, to: &mut [u8]) {
        let first = 6 << 28 | u32::from(self.class) << 20 | self.flow & 0xf_ffff;
        put(to, 0, &first.to_be_bytes());
        put(to, 4, &(self.payload_length as u16).to_be_bytes());
        put(to, 6, &[self.next, self.hop_limit]);
        put(to, 8, &self.source);
        put(to, 24, &self.destination);
    }
}

/// The header of a fragment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fragment {
    /// What the whole packet's payload is.
    pub next: u8,
    /// Where the payload lies in the packet's, in bytes.
    pub offset: usize,
    /// There are fragments after this.
    pub more: bool,
    /// What fragments of one packet have in common.
    pub id: u32,
}

impl Fragment {
    /// Bytes of it.
    pub const LENGTH: usize = 8;

    /// Reads one.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let place = u16_at(bytes, 2)?;
        Some(Self {
            next: *bytes.first()?,
            offset: usize::from(place & !7),
            more: place & 1 != 0,
            id: u32_at(bytes, 4)?,
        })
    }

    /// Writes one.
    pub fn write(&self, to: &mut [u8]) {
        put(to, 0, &[self.next, 0]);
        put(to, 2, &(self.offset as u16 & !7 | u16::from(self.more)).to_be_bytes());
        put(to, 4, &self.id.to_be_bytes());
    }
}
