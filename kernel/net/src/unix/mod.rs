//! `AF_UNIX`: sockets between the threads of the one process, by path, by abstract name or in pairs.

mod datagram;
mod inbox;
mod name;
mod stream;
#[cfg(test)]
mod tests;

use alloc::sync::Arc;

use kcore::errno::{EPROTONOSUPPORT, ESOCKTNOSUPPORT, Result};

use crate::socket::{AF_UNIX, Family, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET, SOCK_STREAM, Socket};
use datagram::Datagram;
use stream::Stream;

/// The family's row.
pub static UNIX_1: Family = Family { number: AF_UNIX, create, pair: Some(pair) };

fn check(protocol: i32) -> Result<()> {
    if [0, i32::from(AF_UNIX)].contains(&protocol) { Ok(()) } else { Err(EPROTONOSUPPORT) }
}

fn create(kind: i32, protocol: i32) -> Result<Arc<dyn Socket>> {
    check(protocol)?;
    match kind {
        SOCK_STREAM | SOCK_SEQPACKET => Ok(Stream::new(kind)),
        SOCK_DGRAM | SOCK_RAW => Ok(Datagram::new()),
        _ => Err(ESOCKTNOSUPPORT),
    }
}

fn pair(kind: i32, protocol: i32) -> Result<[Arc<dyn Socket>; 2]> {
    check(protocol)?;
    match kind {
        SOCK_STREAM | SOCK_SEQPACKET => {
            let [one, other] = Stream::pair(kind);
            Ok([one, other])
        }
        SOCK_DGRAM | SOCK_RAW => {
            let [one, other] = Datagram::pair();
            Ok([one, other])
        }
        _ => Err(ESOCKTNOSUPPORT),
    }
}
