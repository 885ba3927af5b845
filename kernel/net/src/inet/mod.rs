//! `AF_INET` and `AF_INET6`: the protocols of the stack as sockets.

mod datagram;
pub mod interface;
mod messages;
pub mod name;
mod option;
mod stream;
mod tcp_option;
#[cfg(test)]
mod tests;
mod waiting;

use alloc::sync::Arc;

use kcore::errno::{EPROTONOSUPPORT, ESOCKTNOSUPPORT, Result};

use crate::address::Family as Version;
use crate::socket::{AF_INET, AF_INET6, Family, SOCK_DGRAM, SOCK_RAW, SOCK_STREAM, Socket};
use datagram::Datagram;
use stream::Stream;

/// IPv4's row.
pub static INET_2: Family = Family { number: AF_INET, create: net_inet, pair: None };
/// IPv6's row.
pub static INET6_10: Family = Family { number: AF_INET6, create: net_inet6, pair: None };

/// `IPPROTO_ICMP`.
const ICMP: i32 = 1;
/// `IPPROTO_TCP`.
const TCP: i32 = 6;
/// `IPPROTO_UDP`.
const UDP: i32 = 17;
/// `IPPROTO_ICMPV6`.
const ICMP_V6: i32 = 58;

/// Named for `kernel.toml`: the rows of IP that such sockets need live if this does.
#[cfg_attr(kernel, unsafe(no_mangle))]
fn net_inet(kind: i32, protocol: i32) -> Result<Arc<dyn Socket>> {
    create(Version::V4, kind, protocol)
}

/// See [`net_inet`]. These sockets speak IPv4 as well.
#[cfg_attr(kernel, unsafe(no_mangle))]
fn net_inet6(kind: i32, protocol: i32) -> Result<Arc<dyn Socket>> {
    create(Version::V6, kind, protocol)
}

/// A socket of this version, whatever families the table has: for the kernel's own use.
pub fn create(version: Version, kind: i32, protocol: i32) -> Result<Arc<dyn Socket>> {
    let echo = if version == Version::V4 { ICMP } else { ICMP_V6 };
    match (kind, protocol) {
        (SOCK_STREAM, 0 | TCP) => Stream::create(version),
        (SOCK_DGRAM, 0 | UDP) => Datagram::udp(version),
        (SOCK_DGRAM, _) if protocol == echo => Datagram::echo(version, protocol),
        (SOCK_RAW, 1..=255) => Datagram::raw(version, protocol),
        (SOCK_STREAM | SOCK_DGRAM | SOCK_RAW, _) => Err(EPROTONOSUPPORT),
        _ => Err(ESOCKTNOSUPPORT),
    }
}
