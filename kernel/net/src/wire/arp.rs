//! The Address Resolution Protocol (RFC 826), for IPv4 over Ethernet.

use super::ethernet::Mac;
use super::{array, put, u16_at};

/// Bytes of a packet.
pub const LENGTH: usize = 28;
/// Who has this address?
pub const REQUEST: u16 = 1;
/// I have.
pub const REPLY: u16 = 2;

/// A packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Message {
    /// [`REQUEST`] or [`REPLY`].
    pub operation: u16,
    /// The sender's hardware address.
    pub sender_mac: Mac,
    /// The sender's address.
    pub sender: [u8; 4],
    /// The target's hardware address; zero in a request.
    pub target_mac: Mac,
    /// The target's address.
    pub target: [u8; 4],
}

impl Message {
    /// Reads one; none for other networks than IPv4 over Ethernet.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        if array(bytes, 0)? != [0, 1, 8, 0, 6, 4] {
            return None;
        }
        Some(Self {
            operation: u16_at(bytes, 6)?,
            sender_mac: array(bytes, 8)?,
            sender: array(bytes, 14)?,
            target_mac: array(bytes, 18)?,
            target: array(bytes, 24)?,
        })
    }

    /// Writes one.
    pub fn write(&self, to: &mut [u8]) {
        put(to, 0, &[0, 1, 8, 0, 6, 4]);
        put(to, 6, &self.operation.to_be_bytes());
        put(to, 8, &self.sender_mac);
        put(to, 14, &self.sender);
        put(to, 18, &self.target_mac);
        put(to, 24, &self.target);
    }
}
