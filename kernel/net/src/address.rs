//! Addresses: of hosts, of networks, of ends of connections.

/// A family of addresses, which is a version of the Internet Protocol.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Family {
    /// IPv4, `AF_INET`.
    V4,
    /// IPv6, `AF_INET6`. Sockets of this family speak IPv4 as well unless they are `v6only`.
    V6,
}

/// The address of a host or a group of hosts. What is an IPv4 address stays one: the mapped form
/// (`::ffff:a.b.c.d`) is the socket layer's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum IpAddress {
    /// An IPv4 address.
    V4([u8; 4]),
    /// An IPv6 address.
    V6([u8; 16]),
}

impl IpAddress {
    /// `0.0.0.0`.
    pub const ANY_V4: Self = Self::V4([0; 4]);
    /// `::`.
    pub const ANY_V6: Self = Self::V6([0; 16]);
    /// `127.0.0.1`.
    pub const LOOPBACK_V4: Self = Self::V4([127, 0, 0, 1]);
    /// `::1`.
    pub const LOOPBACK_V6: Self = Self::V6([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    /// `255.255.255.255`.
    pub const BROADCAST: Self = Self::V4([255; 4]);

    /// The family's "any address".
    #[must_use]
    pub const fn any(family: Family) -> Self {
        match family {
            Family::V4 => Self::ANY_V4,
            Family::V6 => Self::ANY_V6,
        }
    }

    /// Its family.
    #[must_use]
    pub const fn family(&self) -> Family {
        match self {
            Self::V4(_) => Family::V4,
            Self::V6(_) => Family::V6,
        }
    }

    /// The bytes, in the order of the network.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::V4(bytes) => bytes,
            Self::V6(bytes) => bytes,
        }
    }

    /// Whether it is the "any address".
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.bytes().iter().all(|&byte| byte == 0)
    }

    /// Whether it is the machine itself: `127.0.0.0/8`, `::1`.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match self {
            Self::V4([first, ..]) => *first == 127,
            Self::V6(_) => *self == Self::LOOPBACK_V6,
        }
    }

    /// Whether it is a group's: `224.0.0.0/4`, `ff00::/8`.
    #[must_use]
    pub fn is_multicast(&self) -> bool {
        match self {
            Self::V4([first, ..]) => first & 0xf0 == 0xe0,
            Self::V6([first, ..]) => *first == 0xff,
        }
    }

    /// Whether it is good on one link only: `169.254.0.0/16`, `fe80::/10`.
    #[must_use]
    pub fn is_link_local(&self) -> bool {
        match self {
            Self::V4([first, second, ..]) => *first == 169 && *second == 254,
            Self::V6([first, second, ..]) => *first == 0xfe && second & 0xc0 == 0x80,
        }
    }

    /// Whether one host has it: not any, not multicast, not the limited broadcast.
    #[must_use]
    pub fn is_unicast(&self) -> bool {
        !self.is_any() && !self.is_multicast() && *self != Self::BROADCAST
    }

    /// Bits that both have in common at the front; 0 for different families.
    #[must_use]
    pub fn common_bits(&self, other: &Self) -> u32 {
        if self.family() != other.family() {
            return 0;
        }
        let mut bits = 0;
        for (one, two) in self.bytes().iter().zip(other.bytes()) {
            let same = (one ^ two).leading_zeros();
            bits += same;
            if same < 8 {
                break;
            }
        }
        bits
    }
}

/// An address and how many bits of it are the network's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Prefix {
    /// The address; the bits of the host are kept.
    pub address: IpAddress,
    /// Bits of the network.
    pub length: u8,
}

impl Prefix {
    /// Whether an address is in that network.
    #[must_use]
    pub fn contains(&self, address: &IpAddress) -> bool {
        address.family() == self.address.family()
            && self.address.common_bits(address) >= u32::from(self.length)
    }

    /// The IPv4 netmask; all zero for IPv6.
    #[must_use]
    pub fn netmask(&self) -> [u8; 4] {
        let shift = 32u32.saturating_sub(u32::from(self.length));
        u32::MAX.checked_shl(shift).unwrap_or(0).to_be_bytes()
    }

    /// The network's broadcast address; none for IPv6 and for networks of one or two hosts.
    #[must_use]
    pub fn broadcast(&self) -> Option<IpAddress> {
        match self.address {
            IpAddress::V4(bytes) if self.length < 31 => {
                let host = !u32::from_be_bytes(self.netmask());
                Some(IpAddress::V4((u32::from_be_bytes(bytes) | host).to_be_bytes()))
            }
            _ => None,
        }
    }
}

/// An end of a connection: where a datagram comes from or goes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Endpoint {
    /// The host.
    pub address: IpAddress,
    /// The port; 0 for none yet.
    pub port: u16,
    /// The interface (its index) that a link-local address is meant on; 0 for any.
    pub scope: u32,
}

impl Endpoint {
    /// An end without a scope.
    #[must_use]
    pub const fn new(address: IpAddress, port: u16) -> Self {
        Self { address, port, scope: 0 }
    }

    /// The family's "any address" with port 0.
    #[must_use]
    pub const fn any(family: Family) -> Self {
        Self::new(IpAddress::any(family), 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_contains_its_network() {
        let prefix = Prefix { address: IpAddress::V4([10, 0, 2, 15]), length: 23 };
        assert!(prefix.contains(&IpAddress::V4([10, 0, 3, 200])));
        assert!(!prefix.contains(&IpAddress::V4([10, 0, 4, 1])));
        assert!(!prefix.contains(&IpAddress::ANY_V6));
        assert_eq!(prefix.netmask(), [255, 255, 254, 0]);
        assert_eq!(prefix.broadcast(), Some(IpAddress::V4([10, 0, 3, 255])));
        let everything = Prefix { address: IpAddress::ANY_V4, length: 0 };
        assert!(everything.contains(&IpAddress::BROADCAST));
        assert_eq!((everything.netmask(), everything.broadcast()), ([0; 4], Some(IpAddress::BROADCAST)));
        let host = Prefix { address: IpAddress::LOOPBACK_V4, length: 32 };
        assert_eq!((host.netmask(), host.broadcast()), ([255; 4], None));
    }

    #[test]
    fn kinds_of_addresses() {
        assert!(IpAddress::V4([127, 9, 9, 9]).is_loopback() && IpAddress::LOOPBACK_V6.is_loopback());
        assert!(IpAddress::V4([239, 0, 0, 1]).is_multicast() && !IpAddress::BROADCAST.is_multicast());
        let mut link = [0; 16];
        link[..2].copy_from_slice(&[0xfe, 0x80]);
        assert!(IpAddress::V6(link).is_link_local() && !IpAddress::BROADCAST.is_unicast());
        assert_eq!(IpAddress::ANY_V6.common_bits(&IpAddress::LOOPBACK_V6), 127);
    }
}
