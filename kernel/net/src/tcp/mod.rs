//! TCP (RFC 9293), over both versions of IP.

mod congestion;
mod connection;
mod cookies;
mod demux;
mod hash;
mod input;
mod listen;
mod output;
mod reassembly;
mod recovery;
mod rtt;
mod sequence;
mod socket;
mod time_wait;
mod timers;
mod trouble;
mod urgent;

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use kcore::sync::SpinLock;

use crate::ports::Ports;
use crate::protocol::Protocol;
use crate::stack::Stack;

pub use socket::Socket;

/// The table's row.
pub static TCP: Protocol = Protocol {
    number: crate::wire::tcp::PROTOCOL,
    input: demux::input,
    report: demux::report,
    overhear: None,
    finish: Some(finish),
};

/// Closes every connection, and says whether the peers have all that was sent, the end included.
fn finish(stack: &'static Stack) -> bool {
    let sockets = stack.tcp.connections.sockets();
    sockets.iter().for_each(Socket::close);
    sockets.iter().all(|socket| socket.is_drained())
}

/// Linux's number for a socket that listens.
const LISTEN: u8 = 10;

/// What a stack knows of TCP.
pub(crate) struct Tcp {
    connections: hash::Connections,
    listeners: SpinLock<BTreeMap<u16, Vec<demux::Listening>>>,
    ports: Ports,
    time_wait: time_wait::TimeWait,
    /// When a cookie was last given out, in nanoseconds.
    flooded: AtomicU64,
    /// Connections that were accepted and are not closed.
    accepted: AtomicUsize,
}

impl Tcp {
    pub const fn new() -> Self {
        Self {
            connections: hash::Connections::new(),
            listeners: SpinLock::new(BTreeMap::new()),
            ports: Ports::new(),
            time_wait: time_wait::TimeWait::new(),
            flooded: AtomicU64::new(0),
            accepted: AtomicUsize::new(0),
        }
    }

    /// Whether there is memory for another connection that somebody asks for.
    fn fits_another(&self, stack: &Stack) -> bool {
        stack.memory.fits_connection(self.accepted.load(Ordering::Relaxed))
    }
}

/// What can be set of a socket. Times are in seconds unless they say otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Bind to an address that closed connections still use (`SO_REUSEADDR`).
    pub reuse_address: bool,
    /// Share an address with others who have this set; connections are spread (`SO_REUSEPORT`).
    pub reuse_port: bool,
    /// No IPv4 on an IPv6 socket (`IPV6_V6ONLY`).
    pub v6_only: bool,
    /// Send small segments at once (`TCP_NODELAY`).
    pub no_delay: bool,
    /// Hold back what does not fill a segment, for 200 ms at most (`TCP_CORK`).
    pub cork: bool,
    /// Acknowledge at once (`TCP_QUICKACK`); not for good, as on Linux.
    pub quick_ack: bool,
    /// Ask an idle peer whether it is there (`SO_KEEPALIVE`).
    pub keep_alive: bool,
    /// Idle seconds before the first question (`TCP_KEEPIDLE`).
    pub keep_idle: u32,
    /// Seconds between questions (`TCP_KEEPINTVL`).
    pub keep_interval: u32,
    /// Questions without an answer that end the connection (`TCP_KEEPCNT`).
    pub keep_count: u32,
    /// Connection requests sent before giving up (`TCP_SYNCNT`).
    pub syn_count: u32,
    /// Milliseconds that data may stay unacknowledged; 0 for the usual (`TCP_USER_TIMEOUT`).
    pub user_timeout: u32,
    /// Seconds that a closed end waits for the other; 0 for the usual 60 (`TCP_LINGER2`).
    pub fin_timeout: u32,
    /// What `close` does: `Some(0)` resets the connection (`SO_LINGER`). Waiting is the socket layer's.
    pub linger: Option<u32>,
    /// The largest segment to send and to ask for; 0 for what the path allows (`TCP_MAXSEG`).
    pub max_segment: u16,
    /// Seconds that `accept` lets a connection wait for its first data; 0 for not (`TCP_DEFER_ACCEPT`).
    pub defer_accept: u32,
    /// Bytes that may wait to be received, if fixed by the application (`SO_RCVBUF`, doubled); 0: it adapts.
    pub receive_buffer: u32,
    /// Bytes that may wait to be sent or acknowledged (`SO_SNDBUF`, doubled); 0: it adapts.
    pub send_buffer: u32,
    /// Fewest bytes for which the socket says it can be read (`SO_RCVLOWAT`).
    pub receive_low_water: u32,
    /// Unsent bytes above which the socket does not say it can be written (`TCP_NOTSENT_LOWAT`).
    pub unsent_low_water: u32,
    /// Time to live, or hop limit, of its packets (`IP_TTL`, `IPV6_UNICAST_HOPS`).
    pub ttl: u8,
    /// Type of service, or traffic class (`IP_TOS`, `IPV6_TCLASS`).
    pub tos: u8,
    /// The urgent byte stays in the stream (`SO_OOBINLINE`).
    pub urgent_inline: bool,
    /// The interface (its index) that its packets come and go by; 0 for any (`SO_BINDTODEVICE`).
    pub interface: u32,
    /// How congestion is answered (`TCP_CONGESTION`).
    pub congestion: Congestion,
}

/// Ways to answer congestion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Congestion {
    /// CUBIC (RFC 9438), `cubic`.
    Cubic,
    /// NewReno (RFC 5681, RFC 6582), `reno`.
    Reno,
}

/// What a connection can tell of itself, for `TCP_INFO`. Times are in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Info {
    /// The state, with Linux's numbers: 1 established, 2 SYN sent, … 7 closed, 10 listening.
    pub state: u8,
    /// Linux's congestion state: 0 open, 1 disorder, 3 recovery, 4 loss.
    pub congestion_state: u8,
    /// Timeouts in a row.
    pub retransmits: u8,
    /// Probes of a closed window or an idle peer in a row.
    pub probes: u8,
    /// Exponent of the time-out's doubling.
    pub backoff: u8,
    /// `TCPI_OPT_*`: 1 timestamps, 2 SACK, 4 window scaling.
    pub options: u8,
    /// Window scale of what the peer says, and of what this side says.
    pub window_scales: (u8, u8),
    /// Retransmission time-out.
    pub rto: u32,
    /// How long an acknowledgement may be delayed.
    pub ato: u32,
    /// Segment sizes: to send, received.
    pub send_mss: u32,
    /// Largest segment that was received.
    pub receive_mss: u32,
    /// Segments that were sent and not acknowledged.
    pub unacked: u32,
    /// Of those, segments that the peer reported as received.
    pub sacked: u32,
    /// Of those, segments taken for lost.
    pub lost: u32,
    /// Of those, segments sent again.
    pub retransmitted: u32,
    /// For a listener: connections that wait to be accepted, and how many may.
    pub backlog: (u32, u32),
    /// Time since data was last sent, since it was last received, since an acknowledgement was.
    pub last: (u32, u32, u32),
    /// The path's MTU.
    pub path_mtu: u32,
    /// Smoothed round trip time and its deviation.
    pub rtt: (u32, u32),
    /// The smallest round trip time.
    pub rtt_min: u32,
    /// Slow start threshold in segments.
    pub send_ssthresh: u32,
    /// Congestion window in segments.
    pub send_cwnd: u32,
    /// Segments sent again in all.
    pub total_retransmits: u32,
    /// Bytes acknowledged, and received, in all.
    pub bytes: (u64, u64),
    /// Bytes not sent yet.
    pub unsent: u32,
    /// Bytes the peer lets us send, from the first unacknowledged on.
    pub send_window: u32,
    /// Bytes that can still be received.
    pub receive_space: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            reuse_address: false,
            reuse_port: false,
            v6_only: false,
            no_delay: false,
            cork: false,
            quick_ack: true,
            keep_alive: false,
            keep_idle: 7200,
            keep_interval: 75,
            keep_count: 9,
            syn_count: 6,
            user_timeout: 0,
            fin_timeout: 0,
            linger: None,
            max_segment: 0,
            defer_accept: 0,
            receive_buffer: 0,
            send_buffer: 0,
            receive_low_water: 1,
            unsent_low_water: u32::MAX,
            ttl: 64,
            tos: 0,
            urgent_inline: false,
            interface: 0,
            congestion: Congestion::Cubic,
        }
    }
}
