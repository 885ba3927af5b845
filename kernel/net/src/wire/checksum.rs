//! The Internet checksum (RFC 1071): the complement of the one's complement sum of 16-bit words.

use crate::address::IpAddress;
use kcore::device::net::{Checksum, Packet};

/// A sum on its way. Words are added as they lie in memory; the order of bytes does not matter to a
/// one's complement sum but for a swap at the end.
#[derive(Clone, Copy, Default)]
pub struct Sum {
    total: u64,
    /// Whether an odd number of bytes has been added.
    odd: bool,
}

impl Sum {
    /// Adds bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        let (first, rest) = match bytes.split_first() {
            Some((&first, rest)) if self.odd => (Some(first), rest),
            _ => (None, bytes),
        };
        if let Some(first) = first {
            self.carry(u64::from(u16::from_ne_bytes([0, first])));
            self.odd = false;
        }
        let (blocks, rest) = rest.as_chunks::<8>();
        for block in blocks {
            self.carry(u64::from_ne_bytes(*block));
        }
        let (words, last) = rest.as_chunks::<2>();
        for word in words {
            self.carry(u64::from(u16::from_ne_bytes(*word)));
        }
        if let [last] = last {
            self.carry(u64::from(u16::from_ne_bytes([*last, 0])));
            self.odd = true;
        }
    }

    /// Adds a number in the network's order. An even number of bytes has been added.
    pub fn add_number(&mut self, number: u32) {
        self.carry(u64::from(number.to_be()));
    }

    /// Adds an address. An even number of bytes has been added.
    fn add_address(&mut self, address: &IpAddress) {
        match address {
            IpAddress::V4(bytes) => self.carry(u64::from(u32::from_ne_bytes(*bytes))),
            IpAddress::V6(bytes) => {
                bytes.as_chunks::<8>().0.iter().for_each(|half| self.carry(u64::from_ne_bytes(*half)));
            }
        }
    }

    fn carry(&mut self, more: u64) {
        let (sum, over) = self.total.overflowing_add(more);
        self.total = sum + u64::from(over);
    }

    /// The sum in 16 bits, not complemented, as bytes to be stored.
    #[must_use]
    pub fn folded(&self) -> [u8; 2] {
        let mut sum = self.total;
        while sum >> 16 != 0 {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        (sum as u16).to_ne_bytes()
    }

    /// The checksum, to be stored.
    #[must_use]
    pub fn checksum(&self) -> [u8; 2] {
        self.folded().map(|byte| !byte)
    }

    /// Whether what was added, a checksum included, is undamaged.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.folded() == [0xff; 2]
    }
}

/// The checksum of bytes.
#[must_use]
pub fn of(bytes: &[u8]) -> [u8; 2] {
    let mut sum = Sum::default();
    sum.add(bytes);
    sum.checksum()
}

/// The sum of the pseudo header of a transport protocol, in both versions of IP (RFC 9293, section
/// 3.1; RFC 8200, section 8.1).
#[must_use]
pub fn pseudo(source: &IpAddress, destination: &IpAddress, protocol: u8, length: usize) -> Sum {
    let mut sum = Sum::default();
    sum.add_address(source);
    sum.add_address(destination);
    sum.add_number(length as u32);
    sum.add_number(u32::from(protocol));
    sum
}

/// Whether a received packet, which starts with its transport header, is undamaged, as far as its
/// checksum says.
#[must_use]
pub fn verify(packet: &Packet, source: &IpAddress, destination: &IpAddress, protocol: u8) -> bool {
    if packet.checksum != Checksum::Complete {
        return true;
    }
    let mut sum = pseudo(source, destination, protocol, packet.length());
    packet.parts().for_each(|part| sum.add(part));
    sum.is_right()
}

/// Fills in a checksum that was left to the card, for one that does not do that.
pub fn complete(packet: &mut Packet) {
    let Checksum::Partial { start, offset } = packet.checksum else { return };
    let (start, offset) = (usize::from(start), usize::from(offset));
    let mut sum = Sum::default();
    sum.add(packet.head.get(start..).unwrap_or_default());
    packet.fragments.iter().for_each(|fragment| sum.add(fragment));
    let checksum = sum.checksum();
    // Zero means none in UDP; its complement is as good.
    let checksum = if checksum == [0; 2] { [0xff; 2] } else { checksum };
    super::put(&mut packet.head, start + offset, &checksum);
    packet.checksum = Checksum::Complete;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_that_of_rfc_1071() {
        let mut sum = Sum::default();
        sum.add(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]);
        assert_eq!(sum.folded(), [0xdd, 0xf2]);
    }

    #[test]
    fn pieces_of_any_length_sum_like_the_whole() {
        let bytes: Vec<u8> =
            (0..1000u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        let whole = of(&bytes);
        for cut in 0..bytes.len() {
            let mut sum = Sum::default();
            sum.add(&bytes[..cut / 2]);
            sum.add(&bytes[cut / 2..cut]);
            sum.add(&bytes[cut..]);
            assert_eq!(sum.checksum(), whole, "{cut}");
        }
        let plain =
            bytes.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum::<u32>();
        let plain = (plain & 0xffff) + (plain >> 16);
        assert_eq!(whole, (!((plain & 0xffff) + (plain >> 16)) as u16).to_be_bytes());
    }
}
