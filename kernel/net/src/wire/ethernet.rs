//! Ethernet II.

use super::{array, put, u16_at};

/// A hardware address.
pub type Mac = [u8; 6];
/// Everybody's.
pub const BROADCAST: Mac = [0xff; 6];
/// Bytes of the header.
pub const LENGTH: usize = 14;

/// What the payload is.
pub mod kind {
    /// IPv4.
    pub const IPV4: u16 = 0x0800;
    /// ARP.
    pub const ARP: u16 = 0x0806;
    /// IPv6.
    pub const IPV6: u16 = 0x86dd;
}

/// A frame's header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// For whom.
    pub destination: Mac,
    /// From whom.
    pub source: Mac,
    /// What the payload is.
    pub kind: u16,
}

impl Header {
    /// Reads one.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        Some(Self { destination: array(bytes, 0)?, source: array(bytes, 6)?, kind: u16_at(bytes, 12)? })
    }

    /// Writes one.
    pub fn write(&self, to: &mut [u8]) {
        put(to, 0, &self.destination);
        put(to, 6, &self.source);
        put(to, 12, &self.kind.to_be_bytes());
    }
}

/// The hardware address of a group (RFC 1112, section 6.4; RFC 2464, section 7).
#[must_use]
pub fn of_group(group: &crate::IpAddress) -> Mac {
    match group {
        crate::IpAddress::V4([_, b, c, d]) => [1, 0, 0x5e, b & 0x7f, *c, *d],
        crate::IpAddress::V6(bytes) => [0x33, 0x33, bytes[12], bytes[13], bytes[14], bytes[15]],
    }
}
