//! UDP's header (RFC 768).

use super::{put, u16_at};

/// Bytes of the header.
pub const LENGTH: usize = 8;
/// Its number.
pub const PROTOCOL: u8 = 17;
/// Where the checksum is.
pub const CHECKSUM: u16 = 6;

/// A header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// The sender's port.
    pub source: u16,
    /// The receiver's port.
    pub destination: u16,
    /// Bytes of header and payload.
    pub length: usize,
    /// Whether there is a checksum.
    pub has_checksum: bool,
}

impl Header {
    /// Reads one that a datagram of `length` bytes starts with.
    #[must_use]
    pub fn parse(bytes: &[u8], length: usize) -> Option<Self> {
        let told = usize::from(u16_at(bytes, 4)?);
        if told < LENGTH || told > length {
            return None;
        }
        Some(Self {
            source: u16_at(bytes, 0)?,
            destination: u16_at(bytes, 2)?,
            length: told,
            has_checksum: u16_at(bytes, 6)? != 0,
        })
    }

    /// Writes one, with `sum` where the checksum goes.
    pub fn write(&self, to: &mut [u8], sum: [u8; 2]) {
        put(to, 0, &self.source.to_be_bytes());
        put(to, 2, &self.destination.to_be_bytes());
        put(to, 4, &(self.length as u16).to_be_bytes());
        put(to, 6, &sum);
    }
}
