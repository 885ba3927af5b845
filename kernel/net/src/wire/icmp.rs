//! ICMP (RFC 792) and what ICMPv6 (RFC 4443) has in common with it.

use super::{array, put, u16_at, u32_at};

/// Bytes of the header: type, code, checksum, and four that depend on the type.
pub const LENGTH: usize = 8;

/// Types of ICMP's messages.
pub mod v4 {
    /// Echo reply.
    pub const ECHO_REPLY: u8 = 0;
    /// Destination unreachable.
    pub const UNREACHABLE: u8 = 3;
    /// Echo request.
    pub const ECHO: u8 = 8;
    /// Time exceeded.
    pub const TIME_EXCEEDED: u8 = 11;
    /// Parameter problem.
    pub const PARAMETER: u8 = 12;
}

/// Types of ICMPv6's messages.
pub mod v6 {
    /// Destination unreachable.
    pub const UNREACHABLE: u8 = 1;
    /// Packet too big.
    pub const TOO_BIG: u8 = 2;
    /// Time exceeded.
    pub const TIME_EXCEEDED: u8 = 3;
    /// Parameter problem.
    pub const PARAMETER: u8 = 4;
    /// Echo request.
    pub const ECHO: u8 = 128;
    /// Echo reply.
    pub const ECHO_REPLY: u8 = 129;
}

/// A header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// What the message is.
    pub kind: u8,
    /// More of that.
    pub code: u8,
    /// The last four bytes: an echo's identifier and number, an MTU, a pointer.
    pub rest: u32,
}

impl Header {
    /// Reads one.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let [kind, code] = array(bytes, 0)?;
        Some(Self { kind, code, rest: u32_at(bytes, 4)? })
    }

    /// Writes one, its checksum zero.
    pub fn write(&self, to: &mut [u8]) {
        put(to, 0, &[self.kind, self.code, 0, 0]);
        put(to, 4, &self.rest.to_be_bytes());
    }
}

/// The ports that a transport header, or the start of one, begins with.
#[must_use]
pub fn ports(bytes: &[u8]) -> Option<(u16, u16)> {
    Some((u16_at(bytes, 0)?, u16_at(bytes, 2)?))
}
