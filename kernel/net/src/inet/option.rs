//! Options of levels `IPPROTO_IP` and `IPPROTO_IPV6`.

use kcore::errno::{EFAULT, EINVAL, ENETUNREACH, ENOPROTOOPT, ENOTCONN, EPROTO, Result};

use super::{interface, name};
use crate::address::{Endpoint, Family as Version, IpAddress};
use crate::socket::option::{give_integer, integer};
use crate::socket::{SOCK_STREAM, Socket};

/// `IPPROTO_IP`.
pub(super) const IPPROTO_IP: i32 = 0;
/// `IPPROTO_IPV6`.
pub(super) const IPPROTO_IPV6: i32 = 41;

bitflags::bitflags! {
    /// What a receiver wants to be told of each datagram, and what else is just kept.
    #[derive(Clone, Copy, PartialEq, Eq, Default)]
    pub(super) struct Wants: u32 {
        const PACKET_INFO = 1;
        const TTL = 2;
        const TOS = 4;
        const ERRORS = 8;
        const PACKET_INFO_V6 = 0x10;
        const HOP_LIMIT = 0x20;
        const TRAFFIC_CLASS = 0x40;
        const ERRORS_V6 = 0x80;
        const HEADER_INCLUDED = 0x100;
        const FREE_BIND = 0x200;
        const LATE_PORT = 0x400;
        const ALL_GROUPS_OFF = 0x800;
    }
}

/// What both levels set, whatever protocol is above.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct LinkSettings {
    pub v6_only: bool,
    pub ttl: u8,
    pub tos: u8,
    pub multicast_ttl: u8,
    pub multicast_loop: bool,
    pub multicast_interface: u32,
    pub dont_fragment: bool,
    pub wants: Wants,
}

/// A socket whose packets have these settings.
pub(super) trait Link: Socket {
    /// What is set.
    fn link(&self) -> LinkSettings;

    /// Sets it.
    fn set_link(&self, link: &LinkSettings) -> Result<()>;

    /// Joins or leaves a group.
    fn member(&self, _group: IpAddress, _interface: u32, _join: bool) -> Result<()> {
        Err(EPROTO)
    }
}

/// `ENETUNREACH` for an address of the version that the socket does not speak.
pub(super) fn check_version(version: Version, v6_only: bool, end: &Endpoint) -> Result<()> {
    let foreign = version == Version::V6 && v6_only && matches!(end.address, IpAddress::V4(_));
    if foreign { Err(ENETUNREACH) } else { Ok(()) }
}

/// The name of an option that is a [`Wants`] bit.
fn wanted(level: i32, name: i32) -> Option<Wants> {
    Some(match (level, name) {
        (IPPROTO_IP, 3) => Wants::HEADER_INCLUDED,
        (IPPROTO_IP, 8) => Wants::PACKET_INFO,
        (IPPROTO_IP, 11) => Wants::ERRORS,
        (IPPROTO_IP, 12) => Wants::TTL,
        (IPPROTO_IP, 13) => Wants::TOS,
        (IPPROTO_IP, 15) => Wants::FREE_BIND,
        (IPPROTO_IP, 24) => Wants::LATE_PORT,
        (IPPROTO_IPV6, 25) => Wants::ERRORS_V6,
        (IPPROTO_IPV6, 49) => Wants::PACKET_INFO_V6,
        (IPPROTO_IPV6, 51) => Wants::HOP_LIMIT,
        (IPPROTO_IPV6, 66) => Wants::TRAFFIC_CLASS,
        _ => return None,
    })
}

/// A number that many options take as an `int` or as one byte.
fn small(value: &[u8]) -> Result<i32> {
    match value {
        [byte] | [byte, _] | [byte, _, _] => Ok(i32::from(*byte)),
        _ => integer(value),
    }
}

/// Sets an option.
pub(super) fn set(socket: &dyn Link, level: i32, name: i32, value: &[u8]) -> Result<()> {
    let stream = socket.kind().kind == SOCK_STREAM;
    let mut link = socket.link();
    if let Some(bit) = wanted(level, name) {
        if bit == Wants::HEADER_INCLUDED && socket.kind().kind != crate::socket::SOCK_RAW {
            return Err(ENOPROTOOPT);
        }
        link.wants.set(bit, small(value)? != 0);
        return socket.set_link(&link);
    }
    let byte = |default: u8, range: core::ops::RangeInclusive<i32>, number: i32| match number {
        -1 => Ok(default),
        number if range.contains(&number) => Ok(number as u8),
        _ => Err(EINVAL),
    };
    match (level, name) {
        // IP_TOS, IPV6_TCLASS
        (IPPROTO_IP, 1) => link.tos = small(value)? as u8,
        (IPPROTO_IPV6, 67) => link.tos = byte(0, 0..=255, integer(value)?)?,
        // IP_TTL, IPV6_UNICAST_HOPS
        (IPPROTO_IP, 2) => link.ttl = byte(64, 1..=255, small(value)?)?,
        (IPPROTO_IPV6, 16) => link.ttl = byte(64, 0..=255, integer(value)?)?,
        // IP_MTU_DISCOVER, IPV6_MTU_DISCOVER
        (IPPROTO_IP, 10) | (IPPROTO_IPV6, 23) => {
            let way = integer(value)?;
            if !(0..=5).contains(&way) {
                return Err(EINVAL);
            }
            link.dont_fragment = way == 2 || way == 3;
        }
        (IPPROTO_IPV6, 26) => link.v6_only = integer(value)? != 0,
        // IP_MULTICAST_IF
        (IPPROTO_IP, 32) => {
            let index = member_interface(value);
            link.multicast_interface = index?;
        }
        (IPPROTO_IPV6, 17) => link.multicast_interface = integer(value)? as u32,
        // IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS: of no use to a stream
        (IPPROTO_IP, 33) | (IPPROTO_IPV6, 18) if stream => {
            return Err(if level == IPPROTO_IP { EINVAL } else { ENOPROTOOPT });
        }
        (IPPROTO_IP, 33) => link.multicast_ttl = byte(1, 0..=255, small(value)?)?,
        (IPPROTO_IPV6, 18) => link.multicast_ttl = byte(1, 0..=255, integer(value)?)?,
        // IP_MULTICAST_LOOP, IPV6_MULTICAST_LOOP
        (IPPROTO_IP, 34) | (IPPROTO_IPV6, 19) => link.multicast_loop = small(value)? != 0,
        // IP_MULTICAST_ALL: every socket gets what it joined, and nothing else
        (IPPROTO_IP, 49) => link.wants.set(Wants::ALL_GROUPS_OFF, small(value)? == 0),
        // IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP: struct ip_mreq and ip_mreqn
        (IPPROTO_IP, 35 | 36) => {
            let group = IpAddress::V4(*value.first_chunk().ok_or(EINVAL)?);
            let index = member_interface(value.get(4..).unwrap_or_default())?;
            return socket.member(group, index, name == 35);
        }
        // IPV6_JOIN_GROUP, IPV6_LEAVE_GROUP: struct ipv6_mreq
        (IPPROTO_IPV6, 20 | 21) => {
            let group = IpAddress::V6(*value.first_chunk().ok_or(EINVAL)?);
            let index = integer(value.get(16..).unwrap_or_default())?;
            return socket.member(group, index as u32, name == 20);
        }
        _ => return Err(ENOPROTOOPT),
    }
    socket.set_link(&link)
}

/// The interface that an `in_addr`, alone or before an index, means.
fn member_interface(value: &[u8]) -> Result<u32> {
    if let Some(index) = value.get(4..).and_then(|rest| rest.first_chunk()) {
        let index = u32::from_ne_bytes(*index);
        if index != 0 {
            return Ok(index);
        }
    }
    let address: [u8; 4] = *value.first_chunk().ok_or(EINVAL)?;
    if address == [0; 4] { Ok(0) } else { interface::of_address(IpAddress::V4(address)) }
}

/// Gets an option.
pub(super) fn get(socket: &dyn Link, level: i32, name: i32, to: &mut [u8]) -> Result<usize> {
    if to.is_empty() {
        return Err(EFAULT);
    }
    let link = socket.link();
    if let Some(bit) = wanted(level, name) {
        return give_short(i32::from(link.wants.contains(bit)), to);
    }
    let number = match (level, name) {
        (IPPROTO_IP, 1) | (IPPROTO_IPV6, 67) => link.tos.into(),
        (IPPROTO_IP, 2) | (IPPROTO_IPV6, 16) => link.ttl.into(),
        (IPPROTO_IP, 4) => return Ok(0),
        (IPPROTO_IP, 10) | (IPPROTO_IPV6, 23) => {
            if link.dont_fragment {
                2
            } else {
                1
            }
        }
        // IP_MTU, IPV6_MTU: of the way to the peer
        (IPPROTO_IP, 14) | (IPPROTO_IPV6, 24) => {
            let peer = socket.peer().map_err(|_| ENOTCONN)?;
            interface::mtu_to(&name::parse_any(peer.bytes())?.address)? as i32
        }
        (IPPROTO_IPV6, 26) => link.v6_only.into(),
        (IPPROTO_IP, 33) | (IPPROTO_IPV6, 18) => link.multicast_ttl.into(),
        (IPPROTO_IP, 34) | (IPPROTO_IPV6, 19) => link.multicast_loop.into(),
        (IPPROTO_IPV6, 17) => link.multicast_interface as i32,
        (IPPROTO_IP, 49) => (!link.wants.contains(Wants::ALL_GROUPS_OFF)).into(),
        _ => return Err(ENOPROTOOPT),
    };
    give_short(number, to)
}

/// Options of these levels fit one byte if there is room for no more.
fn give_short(number: i32, to: &mut [u8]) -> Result<usize> {
    match (u8::try_from(number), &mut *to) {
        (Ok(byte), [only] | [only, _] | [only, _, _]) => {
            *only = byte;
            Ok(1)
        }
        _ => give_integer(number, to),
    }
}
