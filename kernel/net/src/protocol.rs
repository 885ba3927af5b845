//! Protocols over IP: the rows of `table_ip_protocol`.

use kcore::device::net::Packet;
use kcore::errno::Errno;

use crate::address::IpAddress;
use crate::interface::Interface;
use crate::stack::Stack;

/// A packet's way here, for the protocol that gets its payload.
pub struct Incoming<'a> {
    /// The interface it came by.
    pub interface: &'a Interface,
    /// From where.
    pub source: IpAddress,
    /// To where.
    pub destination: IpAddress,
    /// Whether it was for this host alone, on the link as well.
    pub unicast: bool,
    /// What the payload is.
    pub protocol: u8,
    /// Time to live that was left.
    pub ttl: u8,
    /// Type of service.
    pub tos: u8,
    /// The IP header, without IPv6's extensions.
    pub header: &'a [u8],
}

/// Bad news about a packet that was sent.
pub struct Report {
    /// Our address.
    pub local: IpAddress,
    /// Where it went.
    pub remote: IpAddress,
    /// The first bytes of its payload: ports and, for TCP, the sequence number.
    pub start: [u8; 8],
    /// What happened.
    pub news: News,
}

/// What happened to a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum News {
    /// It cannot get there.
    Unreachable {
        /// As which error sockets see it.
        error: Errno,
        /// Whether it is of no use to try again.
        hard: bool,
    },
    /// It is too long; this is the longest that gets through.
    TooBig(usize),
}

/// Who takes a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Somebody did, or it was right to drop it.
    Taken,
    /// Nobody listens on its port.
    NoPort,
}

/// A protocol over IP.
pub struct Protocol {
    /// Its number.
    pub number: u8,
    /// Takes a packet that starts with the protocol's header.
    pub input: fn(&'static Stack, &Incoming<'_>, Packet) -> Verdict,
    /// Looks at the packets of all protocols; says whether somebody wanted it.
    pub overhear: Option<fn(&'static Stack, &Incoming<'_>, &Packet) -> bool>,
    /// Takes bad news.
    pub report: fn(&'static Stack, &Report),
    /// The machine is about to end: ends what is open in order. Called until it gives true, which is
    /// when nothing is on its way any more.
    pub finish: Option<fn(&'static Stack) -> bool>,
}

crate::table::table!("table_ip_protocol", Protocol, [&crate::tcp::TCP, &crate::udp::UDP, &crate::raw::RAW]);

/// Hands a packet to its protocol; none if there is no such row.
pub(crate) fn deliver(stack: &'static Stack, incoming: &Incoming<'_>, packet: Packet) -> Option<Verdict> {
    let row = rows().find(|row| row.number == incoming.protocol)?;
    Some((row.input)(stack, incoming, packet))
}

/// Lets those look at a packet who look at all of them; true if one wanted it.
pub(crate) fn overhear(stack: &'static Stack, incoming: &Incoming<'_>, packet: &Packet) -> bool {
    let mut heard = false;
    for look in rows().filter_map(|row| row.overhear) {
        heard |= look(stack, incoming, packet);
    }
    heard
}

/// Tells a protocol bad news.
pub(crate) fn report(stack: &'static Stack, protocol: u8, report: &Report) {
    for row in rows() {
        if row.number == protocol || row.overhear.is_some() {
            (row.report)(stack, report);
        }
    }
}
