//! A connection's state (RFC 9293, section 3.3.1: the transmission control block).
//!
//! What happens to it is in the modules beside this: `input`, `output`, `timers`. None of them waits or
//! wakes anybody; what became possible is collected in `events` and told when the lock is open.

use alloc::boxed::Box;

use kcore::errno::{ECONNRESET, Errno};
use kcore::vfs::poll::Events;

use super::congestion::Control;
use super::reassembly::Pieces;
use super::recovery::Recovery;
use super::rtt::Rtt;
use super::timers::Timers;
use super::{Info, Settings};
use crate::address::{Endpoint, Family};
use crate::hash;
use crate::memory::LITTLE;
use crate::queue::Queue;
use crate::route::Way;
use crate::stack::Stack;

/// Where a connection is in its life. Listening and waiting are other objects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    SynSent,
    SynReceived,
    Established,
    FinWait1,
    FinWait2,
    CloseWait,
    Closing,
    LastAck,
    /// Over; what was received can still be read.
    Closed,
}

impl State {
    /// Linux's number for it.
    pub fn number(self) -> u8 {
        match self {
            Self::Established => 1,
            Self::SynSent => 2,
            Self::SynReceived => 3,
            Self::FinWait1 => 4,
            Self::FinWait2 => 5,
            Self::Closed => 7,
            Self::CloseWait => 8,
            Self::LastAck => 9,
            Self::Closing => 11,
        }
    }

    /// Whether both ends know each other's sequence numbers.
    pub fn is_synchronized(self) -> bool {
        !matches!(self, Self::SynSent | Self::SynReceived | Self::Closed)
    }

    /// Whether the peer may still send data.
    pub fn receives(self) -> bool {
        matches!(self, Self::Established | Self::FinWait1 | Self::FinWait2)
    }
}

/// What is sent.
pub(super) struct Sending {
    /// The first sequence number.
    pub initial: u32,
    /// The first that is not acknowledged, and the first that was never sent.
    pub una: u32,
    pub next: u32,
    /// What the peer lets us send, from `una` on; the segment that said so; the largest it was.
    pub window: u32,
    pub window_from: (u32, u32),
    pub window_max: u32,
    pub scale: u8,
    /// The largest segment that the peer takes, without options.
    pub mss: u32,
    /// Data from `una` on, or from `una + 1` while the SYN is not acknowledged.
    pub queue: Queue,
    /// The end was asked for; and sent.
    pub fin: bool,
    pub fin_sent: bool,
    /// After the urgent byte.
    pub urgent: Option<u32>,
    /// More is to come (`MSG_MORE`).
    pub more: bool,
    /// The next segment goes even if it is short.
    pub forced: bool,
    /// When data was last sent, in nanoseconds.
    pub last: u64,
}

/// What is received.
pub(super) struct Receiving {
    pub initial: u32,
    pub next: u32,
    /// The end of the window that the peer was told of.
    pub edge: u32,
    pub scale: u8,
    /// Whether both sides scale.
    pub scaled: bool,
    pub queue: Queue,
    pub pieces: Option<Box<Pieces>>,
    /// Bytes that may wait, and what it may grow to.
    pub limit: u32,
    /// The peer has sent its end.
    pub fin: bool,
    /// Nobody reads any more.
    pub shut: bool,
    /// The largest segment that came, as an estimate of the peer's.
    pub mss: u32,
    /// Bytes that were not acknowledged.
    pub pending: u32,
    /// Acknowledge with the next output.
    pub ack_now: bool,
    /// Acknowledgements that are not delayed.
    pub quick: u8,
    /// A range that came twice, to be reported (RFC 2883).
    pub duplicate: Option<(u32, u32)>,
    /// The urgent byte: where, and what, if it has come and is not read.
    pub urgent: Option<(u32, Option<u8>)>,
    /// When data last came, in nanoseconds.
    pub last: u64,
    /// Bytes that the application took since the window was last looked at, and since when.
    pub taken: (u32, u64),
}

/// Timestamps (RFC 7323).
#[derive(Clone, Copy)]
pub(super) struct Stamps {
    /// Both sides use them.
    pub on: bool,
    /// What is added to our clock, so that it tells nothing of the machine.
    pub offset: u32,
    /// The peer's, to be echoed, and when it came in nanoseconds.
    pub recent: u32,
    pub recent_at: u64,
}

/// A connection.
pub(super) struct Connection {
    pub stack: &'static Stack,
    pub local: Endpoint,
    pub remote: Endpoint,
    pub state: State,
    pub way: Option<Way>,
    pub send: Sending,
    pub receive: Receiving,
    pub stamps: Stamps,
    pub sack: bool,
    /// The acknowledgement that was last sent.
    pub last_ack: u32,
    /// When an acknowledgement was last received, in nanoseconds.
    pub heard: u64,
    pub rtt: Rtt,
    pub control: Control,
    pub recovery: Recovery,
    pub timers: Timers,
    /// Probes of a closed window or an idle peer without an answer.
    pub probes: u8,
    /// Probes of a closed window since it was open.
    pub window_probes: u8,
    /// The window and threshold before a time-out, and our clock then: to undo it (RFC 3522).
    pub undo: Option<(u32, u32, u32)>,
    /// When challenges may be sent again, in nanoseconds, and how many until then (RFC 5961, section 7).
    pub challenges: (u64, u8),
    /// Nobody has it open any more.
    pub orphan: bool,
    pub error: Option<Errno>,
    /// The error that was not hard when it came; why it will have timed out.
    pub soft_error: Option<Errno>,
    pub events: Events,
    /// It goes on as an entry that only waits.
    pub waits: bool,
    pub retransmits: u32,
    pub bytes: (u64, u64),
}

/// The socket's settings, and the time.
pub(super) struct Context<'a> {
    pub settings: &'a Settings,
    /// Nanoseconds.
    pub now: u64,
}

/// Bytes that may wait at first, in each direction.
pub(super) const RECEIVE_START: u32 = 128 << 10;
pub(super) const SEND_START: u32 = 64 << 10;
/// What that may grow to.
pub(super) const RECEIVE_MOST: u32 = 4 << 20;
pub(super) const SEND_MOST: u32 = 4 << 20;
/// The window scale that goes with it: 4 MB in 16 bits.
pub(super) const SCALE: u8 = 7;

/// The first sequence number of a connection (RFC 6528): a clock of four microseconds, and a hash
/// that differs for each pair of ends.
pub(super) fn initial_sequence(stack: &Stack, local: &Endpoint, remote: &Endpoint) -> u32 {
    let hash = hash::of_pair(stack.key(), local, remote);
    (hash as u32).wrapping_add((stack.now() / 4000) as u32)
}

/// What is added to the clock in a connection's timestamps. It is the same for all connections of the same
/// ends, so that a new one is told from an old one's segments.
pub(super) fn stamp_offset(stack: &Stack, local: &Endpoint, remote: &Endpoint) -> u32 {
    (hash::of_pair(stack.key(), local, remote) >> 32) as u32
}

/// The clock of timestamps, in milliseconds.
pub(super) fn stamp(now: u64, offset: u32) -> u32 {
    ((now / 1_000_000) as u32).wrapping_add(offset)
}

/// Bytes of the IP header of a family.
pub(super) fn ip_header(family: Family) -> u32 {
    match family {
        Family::V4 => 20,
        Family::V6 => 40,
    }
}

impl Connection {
    /// A connection that knows nothing of its peer yet.
    pub fn new(
        stack: &'static Stack,
        local: Endpoint,
        remote: Endpoint,
        settings: &Settings,
        initial: u32,
    ) -> Self {
        let now = stack.now();
        let limit = if settings.receive_buffer == 0 { RECEIVE_START } else { settings.receive_buffer };
        Self {
            stack,
            local,
            remote,
            state: State::SynSent,
            way: None,
            send: Sending {
                initial,
                una: initial,
                next: initial,
                window: 0,
                window_from: (0, 0),
                window_max: 0,
                scale: 0,
                mss: 536,
                queue: Queue::default(),
                fin: false,
                fin_sent: false,
                urgent: None,
                more: false,
                forced: false,
                last: now,
            },
            receive: Receiving {
                initial: 0,
                next: 0,
                edge: 0,
                scale: SCALE,
                scaled: false,
                queue: Queue::default(),
                pieces: None,
                limit,
                fin: false,
                shut: false,
                mss: 536,
                pending: 0,
                ack_now: false,
                quick: 16,
                duplicate: None,
                urgent: None,
                last: now,
                taken: (0, now),
            },
            stamps: Stamps {
                on: false,
                offset: stamp_offset(stack, &local, &remote),
                recent: 0,
                recent_at: now,
            },
            sack: false,
            last_ack: 0,
            heard: now,
            rtt: Rtt::new(),
            control: Control::new(settings.congestion, 536),
            recovery: Recovery::new(initial),
            timers: Timers::default(),
            probes: 0,
            window_probes: 0,
            undo: None,
            challenges: (0, 0),
            orphan: false,
            error: None,
            soft_error: None,
            events: Events::empty(),
            waits: false,
            retransmits: 0,
            bytes: (0, 0),
        }
    }

    /// Whether the SYN is sent and not acknowledged.
    pub fn syn_unacknowledged(&self) -> bool {
        !self.state.is_synchronized() && self.send.una == self.send.initial
    }

    /// The sequence number of the first byte in the sending queue.
    pub fn queue_start(&self) -> u32 {
        self.send.una.wrapping_add(u32::from(self.syn_unacknowledged()))
    }

    /// Bytes that were not sent yet.
    pub fn unsent(&self) -> u32 {
        if self.syn_unacknowledged() {
            return self.send.queue.len() as u32;
        }
        let sent = self.send.next.wrapping_sub(self.send.una).wrapping_sub(u32::from(self.send.fin_sent));
        (self.send.queue.len() as u32).saturating_sub(sent)
    }

    /// Bytes that may wait to be sent or acknowledged.
    pub fn send_limit(&self, settings: &Settings) -> u32 {
        if settings.send_buffer != 0 {
            return settings.send_buffer;
        }
        if self.stack.memory.packets_are_many() {
            return LITTLE;
        }
        // Enough for two windows, so that the application has a round trip's time to bring more.
        self.control.window.saturating_mul(2).clamp(SEND_START, SEND_MOST)
    }

    /// Bytes that may wait to be read.
    pub fn receive_limit(&self) -> u32 {
        if self.stack.memory.packets_are_many() { self.receive.limit.min(LITTLE) } else { self.receive.limit }
    }

    /// The sequence number of the first byte that the application has not read.
    pub fn read_position(&self) -> u32 {
        let after = self.receive.next.wrapping_sub(u32::from(self.receive.fin));
        after.wrapping_sub(self.receive.queue.len() as u32)
    }

    /// Ends the connection at once, with an error for the application if there is one.
    pub fn end(&mut self, error: Option<Errno>) {
        if self.state == State::Closed {
            return;
        }
        self.state = State::Closed;
        self.error = self.error.or(error);
        self.events |= Events::all_changes();
        self.timers = Timers::default();
        self.send.queue = Queue::default();
        self.receive.pieces = None;
        self.recovery = Recovery::new(self.send.next);
        self.way = None;
    }

    /// The peer has reset the connection.
    pub fn was_reset(&mut self) {
        let error = match self.state {
            State::SynSent => kcore::errno::ECONNREFUSED,
            State::CloseWait => kcore::errno::EPIPE,
            _ => ECONNRESET,
        };
        self.end(Some(error));
    }

    /// What could be done now.
    pub fn ready(&self, settings: &Settings) -> Events {
        let mut events = Events::empty();
        let over = self.state == State::Closed;
        let low = (settings.receive_low_water as usize).min(self.receive.limit as usize / 2).max(1);
        let end = self.receive.fin || self.receive.shut || over;
        if self.receive.queue.len() >= low || end {
            events |= Events::READABLE;
        }
        if end {
            events |= Events::RDHUP;
        }
        if self.error.is_some() {
            events |= Events::ERR;
        }
        if over || self.send.fin && end {
            events |= Events::HUP;
        }
        if self.receive.urgent.is_some_and(|urgent| urgent.1.is_some()) {
            events |= Events::PRI | Events::RDBAND;
        }
        // What is over does not block.
        if self.send.fin || over || self.state.is_synchronized() && self.has_room(settings) {
            events |= Events::WRITABLE;
        }
        events
    }

    /// Whether there is enough room for the application to send more.
    pub fn has_room(&self, settings: &Settings) -> bool {
        let limit = self.send_limit(settings) as usize;
        self.send.queue.len() * 3 < limit * 2 && self.unsent() < settings.unsent_low_water
    }

    /// What it tells of itself.
    pub fn info(&self, settings: &Settings) -> Info {
        let now = self.stack.now();
        let ago = |at: u64| (now.saturating_sub(at) / 1000).min(u64::from(u32::MAX)) as u32;
        let mss = self.send.mss.max(1);
        let segments = |bytes: u32| bytes.div_ceil(mss);
        Info {
            state: self.state.number(),
            congestion_state: match self.recovery.phase {
                super::recovery::Phase::Open => u8::from(self.recovery.sacked > 0),
                super::recovery::Phase::Recovery => 3,
                super::recovery::Phase::Loss => 4,
            },
            retransmits: self.rtt.backoff,
            probes: self.probes,
            backoff: self.rtt.backoff,
            options: u8::from(self.stamps.on) | u8::from(self.sack) << 1 | u8::from(self.receive.scaled) << 2,
            window_scales: (self.send.scale, if self.receive.scaled { self.receive.scale } else { 0 }),
            rto: self.rtt.timeout(),
            ato: super::timers::DELAY as u32 / 1000,
            send_mss: self.payload_size(settings),
            receive_mss: self.receive.mss,
            unacked: segments(self.recovery.outstanding()),
            sacked: segments(self.recovery.sacked),
            lost: segments(self.recovery.lost),
            retransmitted: segments(self.recovery.again),
            backlog: (0, 0),
            last: (ago(self.send.last), ago(self.receive.last), ago(self.heard)),
            path_mtu: self.way.as_ref().map_or(0, |way| way.mtu as u32),
            rtt: (self.rtt.smoothed, self.rtt.deviation),
            rtt_min: self.rtt.least,
            send_ssthresh: if self.control.threshold == u32::MAX {
                i32::MAX as u32
            } else {
                self.control.threshold / mss
            },
            send_cwnd: self.control.window / mss,
            total_retransmits: self.retransmits,
            bytes: self.bytes,
            unsent: self.unsent(),
            send_window: self.send.window,
            receive_space: self.receive.edge.wrapping_sub(self.receive.next),
        }
    }
}

/// Everything that the end of a connection changes.
pub(super) trait Changes {
    fn all_changes() -> Self;
}

impl Changes for Events {
    fn all_changes() -> Self {
        Self::READABLE | Self::WRITABLE | Self::ERR | Self::HUP | Self::RDHUP
    }
}
