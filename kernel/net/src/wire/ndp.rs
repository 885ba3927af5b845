//! Neighbour discovery's messages (RFC 4861, section 4; RFC 8106), after ICMPv6's header of eight
//! bytes.

use super::{array, u32_at};
use crate::wire::ethernet::Mac;

/// Types of messages.
pub mod kind {
    /// Is there a router?
    pub const ROUTER_SOLICITATION: u8 = 133;
    /// I am a router.
    pub const ROUTER_ADVERTISEMENT: u8 = 134;
    /// Who has this address?
    pub const NEIGHBOR_SOLICITATION: u8 = 135;
    /// I have.
    pub const NEIGHBOR_ADVERTISEMENT: u8 = 136;
}

/// Types of options.
pub mod option {
    /// The sender's hardware address.
    pub const SOURCE: u8 = 1;
    /// The target's hardware address.
    pub const TARGET: u8 = 2;
    /// A network.
    pub const PREFIX: u8 = 3;
    /// The link's MTU.
    pub const MTU: u8 = 5;
    /// Servers of the domain name system.
    pub const NAME_SERVERS: u8 = 25;
}

/// The options that follow a message's fixed part: type and contents without the two first bytes.
pub struct Options<'a>(pub &'a [u8]);

impl<'a> Iterator for Options<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let [kind, length] = array(self.0, 0)?;
        let length = usize::from(length) * 8;
        // An option of no length would go on for ever.
        let option = self.0.get(2..length)?;
        self.0 = self.0.get(length..)?;
        Some((kind, option))
    }
}

/// An option that is a hardware address.
#[must_use]
pub fn mac(options: &[u8], wanted: u8) -> Option<Mac> {
    Options(options).find(|option| option.0 == wanted).and_then(|option| array(option.1, 0))
}

/// A network that a router speaks of (RFC 4861, section 4.6.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Prefix {
    /// Bits of it.
    pub length: u8,
    /// It is on this link.
    pub on_link: bool,
    /// Hosts may make their own addresses in it.
    pub autonomous: bool,
    /// Seconds that it is valid.
    pub valid: u32,
    /// Seconds that addresses in it are preferred.
    pub preferred: u32,
    /// The network.
    pub prefix: [u8; 16],
}

impl Prefix {
    /// Reads one from the contents of its option.
    #[must_use]
    pub fn parse(option: &[u8]) -> Option<Self> {
        let [length, flags] = array(option, 0)?;
        Some(Self {
            length,
            on_link: flags & 0x80 != 0,
            autonomous: flags & 0x40 != 0,
            valid: u32_at(option, 2)?,
            preferred: u32_at(option, 6)?,
            prefix: array(option, 14)?,
        })
    }
}
