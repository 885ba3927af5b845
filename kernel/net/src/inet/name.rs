//! `sockaddr_in` and `sockaddr_in6` from and to ends of connections.

use kcore::errno::{EAFNOSUPPORT, EINVAL, Result};

use crate::address::{Endpoint, Family as Version, IpAddress};
use crate::socket::{AF_INET, AF_INET6, SocketName, family_of};

/// `sizeof(struct sockaddr_in)`.
const LENGTH_V4: usize = 16;
/// Shortest `sockaddr_in6`: without a scope (RFC 2133).
const SHORTEST_V6: usize = 24;
/// `sizeof(struct sockaddr_in6)`.
const LENGTH_V6: usize = 28;
/// What an IPv4 address begins with in its form for IPv6, `::ffff:a.b.c.d`.
const MAPPED: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/// The number of the family that sockets of this version are of.
pub fn family(version: Version) -> u16 {
    match version {
        Version::V4 => AF_INET,
        Version::V6 => AF_INET6,
    }
}

/// An IPv6 address, which is an IPv4 address if it is the mapped form of one.
#[must_use]
pub fn unmap(bytes: [u8; 16]) -> IpAddress {
    match bytes.split_first_chunk::<12>() {
        Some((&MAPPED, &[a, b, c, d])) => IpAddress::V4([a, b, c, d]),
        _ => IpAddress::V6(bytes),
    }
}

/// An address as sockets of IPv6 show it.
#[must_use]
pub fn map(address: IpAddress) -> [u8; 16] {
    match address {
        IpAddress::V6(bytes) => bytes,
        IpAddress::V4(bytes) => {
            let mut mapped = [0; 16];
            let (prefix, rest) = mapped.split_at_mut(12);
            prefix.copy_from_slice(&MAPPED);
            rest.copy_from_slice(&bytes);
            mapped
        }
    }
}

/// Reads a name for a socket of this version. `EINVAL` if it is too short, `EAFNOSUPPORT` if it is
/// of another family.
pub(super) fn parse(version: Version, name: &[u8]) -> Result<Endpoint> {
    let shortest = if version == Version::V4 { LENGTH_V4 } else { SHORTEST_V6 };
    if name.len() < shortest {
        return Err(EINVAL);
    }
    if family_of(name) != family(version) {
        return Err(EAFNOSUPPORT);
    }
    parse_any(name)
}

/// Reads a name of either version.
pub fn parse_any(name: &[u8]) -> Result<Endpoint> {
    let at = |at: usize| name.get(at..).unwrap_or_default();
    let port = u16::from_be_bytes(*at(2).first_chunk().ok_or(EINVAL)?);
    match family_of(name) {
        AF_INET => Ok(Endpoint::new(IpAddress::V4(*at(4).first_chunk().ok_or(EINVAL)?), port)),
        AF_INET6 => {
            let address = unmap(*at(8).first_chunk().ok_or(EINVAL)?);
            let scope = at(24).first_chunk().map_or(0, |bytes| u32::from_ne_bytes(*bytes));
            Ok(Endpoint { address, port, scope })
        }
        _ => Err(EAFNOSUPPORT),
    }
}

/// The name of an end as a socket of this version shows it.
pub fn write(version: Version, end: &Endpoint) -> SocketName {
    let mut bytes = [0; LENGTH_V6];
    let mut put = |at: usize, value: &[u8]| {
        bytes.iter_mut().skip(at).zip(value).for_each(|(to, from)| *to = *from);
    };
    put(0, &family(version).to_ne_bytes());
    put(2, &end.port.to_be_bytes());
    match (version, end.address) {
        (Version::V4, IpAddress::V4(address)) => {
            put(4, &address);
            SocketName::new(bytes.get(..LENGTH_V4).unwrap_or_default())
        }
        // An IPv6 address never is at an end of a socket of IPv4.
        (Version::V4, IpAddress::V6(_)) => SocketName::new(bytes.get(..LENGTH_V4).unwrap_or_default()),
        (Version::V6, address) => {
            // Nothing bound is nothing in either version.
            let shown = if address.is_any() { [0; 16] } else { map(address) };
            put(8, &shown);
            put(24, &end.scope.to_ne_bytes());
            SocketName::new(&bytes)
        }
    }
}

/// Where packets go that are sent to "any address": to the machine itself.
pub fn reachable(mut end: Endpoint) -> Endpoint {
    if end.address.is_any() {
        end.address = match end.address {
            IpAddress::V4(_) => IpAddress::LOOPBACK_V4,
            IpAddress::V6(_) => IpAddress::LOOPBACK_V6,
        };
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_were_written() {
        let link_local = IpAddress::V6([0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9]);
        let ends = [
            (Version::V4, Endpoint::new(IpAddress::V4([10, 1, 2, 3]), 80), 16),
            (Version::V6, Endpoint::new(IpAddress::V4([10, 1, 2, 3]), 80), 28),
            (Version::V6, Endpoint { address: link_local, port: 65535, scope: 2 }, 28),
        ];
        for (version, end, length) in ends {
            let name = write(version, &end);
            assert_eq!(name.bytes().len(), length);
            assert_eq!(parse(version, name.bytes()), Ok(end));
        }
    }

    #[test]
    fn what_is_no_name_of_the_family_is_refused() {
        let name = write(Version::V4, &Endpoint::new(IpAddress::LOOPBACK_V4, 1));
        assert_eq!(parse(Version::V4, &name.bytes()[..15]), Err(EINVAL));
        assert_eq!(parse(Version::V6, name.bytes()), Err(EINVAL));
        assert_eq!(parse(Version::V6, &[name.bytes(), &[0; 12]].concat()), Err(EAFNOSUPPORT));
        assert_eq!(parse_any(&[]), Err(EINVAL));
    }

    #[test]
    fn a_mapped_address_is_the_one_it_stands_for() {
        let address = IpAddress::V4([192, 0, 2, 1]);
        assert_eq!(unmap(map(address)), address);
        assert_eq!(unmap([0; 16]), IpAddress::ANY_V6);
        assert_eq!(reachable(Endpoint::new(IpAddress::ANY_V6, 7)).address, IpAddress::LOOPBACK_V6);
    }
}
