//! IPv4's header (RFC 791).

use super::{array, checksum, put, u16_at};

/// Bytes of a header without options; ours have none.
pub const LENGTH: usize = 20;

/// A header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// Bytes of the header with its options.
    pub header_length: usize,
    /// Type of service.
    pub tos: u8,
    /// Bytes of header and payload.
    pub total_length: usize,
    /// What fragments of one packet have in common.
    pub id: u16,
    /// May not be fragmented.
    pub dont_fragment: bool,
    /// There are fragments after this.
    pub more: bool,
    /// Where the fragment's payload lies in the packet's, in bytes.
    pub offset: usize,
    /// Time to live.
    pub ttl: u8,
    /// What the payload is.
    pub protocol: u8,
    /// From where.
    pub source: [u8; 4],
    /// To where.
    pub destination: [u8; 4],
}

impl Header {
    /// Reads one that a packet of `length` bytes starts with; none if it is damaged.
    #[must_use]
    pub fn parse(bytes: &[u8], length: usize) -> Option<Self> {
        let [first, tos] = array(bytes, 0)?;
        let header_length = usize::from(first & 15) * 4;
        let total_length = usize::from(u16_at(bytes, 2)?);
        let whole = bytes.get(..header_length)?;
        let sound = first >> 4 == 4 && header_length >= LENGTH;
        if !sound || total_length < header_length || total_length > length || checksum::of(whole) != [0; 2] {
            return None;
        }
        let fragment = u16_at(bytes, 6)?;
        let [ttl, protocol] = array(bytes, 8)?;
        Some(Self {
            header_length,
            tos,
            total_length,
            id: u16_at(bytes, 4)?,
            dont_fragment: fragment & 0x4000 != 0,
            more: fragment & 0x2000 != 0,
            offset: usize::from(fragment & 0x1fff) * 8,
            ttl,
            protocol,
            source: array(bytes, 12)?,
            destination: array(bytes, 16)?,
        })
    }

    /// Writes one without options, with its checksum.
    pub fn write(&self, to: &mut [u8]) {
        let flags = u16::from(self.dont_fragment) << 14 | u16::from(self.more) << 13;
        put(to, 0, &[0x45, self.tos]);
        put(to, 2, &(self.total_length as u16).to_be_bytes());
        put(to, 4, &self.id.to_be_bytes());
        put(to, 6, &(flags | (self.offset / 8) as u16 & 0x1fff).to_be_bytes());
        put(to, 8, &[self.ttl, self.protocol, 0, 0]);
        put(to, 12, &self.source);
        put(to, 16, &self.destination);
        let checksum = checksum::of(to.get(..LENGTH).unwrap_or_default());
        put(to, 10, &checksum);
    }
}
