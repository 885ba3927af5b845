//! What a connection does with a segment (RFC 9293, section 3.10.7, with RFC 5961 against blind attacks
//! and RFC 7323's protection against old segments).

use kcore::device::net::Packet;
use kcore::vfs::poll::Events;

use super::congestion::Control;
use super::connection::{Connection, Context, State};
use super::recovery::{Delivered, Phase};
use super::sequence::{after, before, distance, later};
use super::timers::DELAY;
use crate::address::Family;
use crate::memory::LITTLE;
use crate::wire::tcp::{Flags, Header, Options};

/// How long a peer's timestamp may be compared, in nanoseconds: 24 days.
const STAMP_LIFETIME: u64 = 24 * 86_400 * 1_000_000_000;
/// Challenges in a period, and that period in nanoseconds.
const CHALLENGES: u8 = 10;
const CHALLENGE_PERIOD: u64 = 500_000_000;

/// A segment that came.
pub(super) struct Arrival {
    pub header: Header,
    pub options: Options,
    /// Bytes of its payload.
    pub length: u32,
    /// Bytes of the largest segment in it, where a card has put several together.
    pub size: u32,
}

impl Arrival {
    fn has(&self, flag: Flags) -> bool {
        self.header.flags.contains(flag)
    }

    /// Sequence numbers that it takes.
    fn span(&self) -> u32 {
        self.length + u32::from(self.has(Flags::SYN)) + u32::from(self.has(Flags::FIN))
    }
}

/// Drops bytes at the front of a packet.
pub(super) fn skip(packet: &mut Packet, count: usize) {
    let mut left = count - count.min(packet.head.len());
    packet.head.advance(count);
    packet.fragments.retain_mut(|fragment| {
        let now = left.min(fragment.len());
        fragment.advance(now);
        left -= now;
        !fragment.is_empty()
    });
}

impl Connection {
    /// Takes over what the peer's SYN says.
    pub fn negotiate(&mut self, options: &Options, settings: &super::Settings) {
        let default = if self.remote.address.family() == Family::V4 { 536 } else { 1220 };
        self.send.mss = u32::from(options.mss.unwrap_or(default)).max(64);
        match options.window_scale {
            Some(scale) => (self.send.scale, self.receive.scaled) = (scale, true),
            None => (self.receive.scale, self.receive.scaled) = (0, false),
        }
        self.sack = options.sack_permitted;
        self.stamps.on = options.timestamps.is_some();
        if let Some((value, _)) = options.timestamps {
            (self.stamps.recent, self.stamps.recent_at) = (value, self.stack.now());
        }
        self.control = Control::new(settings.congestion, self.payload_size(settings));
    }

    /// Takes over where the peer's sequence numbers begin.
    pub fn begin_receiving(&mut self, initial: u32) {
        self.receive.initial = initial;
        self.receive.next = initial.wrapping_add(1);
        // What a SYN says, unscaled.
        self.receive.edge = self.receive.next.wrapping_add(self.receive.limit.min(65535));
        self.receive.mss = self.send.mss;
        self.last_ack = self.receive.next;
    }

    /// A segment has come.
    pub fn arrived(&mut self, segment: &Arrival, packet: Packet, cx: &Context<'_>) {
        match self.state {
            State::Closed => {}
            State::SynSent => self.arrived_at_syn_sent(segment, cx),
            _ => self.arrived_synchronized(segment, packet, cx),
        }
    }

    fn arrived_at_syn_sent(&mut self, segment: &Arrival, cx: &Context<'_>) {
        let header = &segment.header;
        let acknowledges = segment.has(Flags::ACK);
        if acknowledges && header.acknowledgement != self.send.next {
            if !segment.has(Flags::RST) {
                self.send_segment(header.acknowledgement, 0, Flags::RST, cx);
            }
            return;
        }
        if segment.has(Flags::RST) {
            if acknowledges {
                self.was_reset();
            }
            return;
        }
        if !segment.has(Flags::SYN) {
            return;
        }
        self.negotiate(&segment.options, cx.settings);
        self.begin_receiving(header.sequence);
        self.heard = cx.now;
        self.timers.retransmit = 0;
        if !acknowledges {
            // Both ends opened at once.
            self.state = State::SynReceived;
            self.send_syn(cx);
            return;
        }
        if self.rtt.backoff == 0 {
            self.rtt.sample((cx.now.saturating_sub(self.send.last) / 1000) as u32);
        }
        self.rtt.backoff = 0;
        self.send.una = self.send.next;
        self.established(header, cx);
        self.receive.ack_now = true;
        self.output(cx);
    }

    /// The peer has acknowledged the SYN.
    pub fn established(&mut self, header: &Header, cx: &Context<'_>) {
        self.state = State::Established;
        let scale = if header.flags.contains(Flags::SYN) { 0 } else { self.send.scale };
        self.send.window = u32::from(header.window) << scale;
        self.send.window_max = self.send.window;
        self.send.window_from = (header.sequence, header.acknowledgement);
        self.recovery.point = self.send.una;
        self.timers.retransmit = 0;
        self.events |= Events::WRITABLE;
        self.arm_keep_alive(cx);
    }

    /// Answers what may be an attempt to break in with an acknowledgement, not too often.
    fn challenge(&mut self, cx: &Context<'_>) {
        if cx.now >= self.challenges.0 {
            self.challenges = (cx.now + CHALLENGE_PERIOD, CHALLENGES);
        }
        if let Some(left) = self.challenges.1.checked_sub(1) {
            self.challenges.1 = left;
            self.send_ack(cx);
        }
    }

    fn arrived_synchronized(&mut self, segment: &Arrival, packet: Packet, cx: &Context<'_>) {
        let header = &segment.header;
        let (sequence, span) = (header.sequence, segment.span());
        if let Some((value, _)) = segment.options.timestamps.filter(|_| self.stamps.on)
            && before(value, self.stamps.recent)
            && cx.now.saturating_sub(self.stamps.recent_at) < STAMP_LIFETIME
            && !segment.has(Flags::RST)
        {
            return self.challenge(cx);
        }
        let end = sequence.wrapping_add(span);
        let (next, edge) = (self.receive.next, later(self.receive.edge, self.receive.next));
        let old = before(sequence, next) && !after(end, next);
        let beyond = after(sequence, edge);
        if old || beyond {
            return self.unacceptable(segment, old, cx);
        }
        if segment.has(Flags::RST) {
            // Only exactly the next number is believed; others are asked again (RFC 5961, section 3).
            if sequence == next {
                return self.was_reset();
            }
            return self.challenge(cx);
        }
        if segment.has(Flags::SYN) {
            return self.challenge(cx);
        }
        if !segment.has(Flags::ACK) {
            return;
        }
        if self.state == State::SynReceived {
            if header.acknowledgement != self.send.next {
                return self.send_segment(header.acknowledgement, 0, Flags::RST, cx);
            }
            self.send.una = self.send.next;
            self.rtt.backoff = 0;
            self.established(header, cx);
        }
        if let Some((value, _)) = segment.options.timestamps
            && !after(sequence, self.last_ack)
            && !before(value, self.stamps.recent)
        {
            (self.stamps.recent, self.stamps.recent_at) = (value, cx.now);
        }
        if !self.acknowledgement(segment, cx) || self.state == State::Closed {
            return;
        }
        if segment.has(Flags::URG) {
            self.urgent_announced(header);
        }
        if segment.length > 0 {
            self.data(segment, packet, cx);
        }
        if self.state != State::Closed && segment.has(Flags::FIN) {
            self.fin(sequence.wrapping_add(segment.length), cx);
        }
        if self.state != State::Closed {
            self.output(cx);
        }
    }

    /// A segment outside the window.
    fn unacceptable(&mut self, segment: &Arrival, old: bool, cx: &Context<'_>) {
        if segment.has(Flags::RST) {
            return;
        }
        if old && segment.length > 0 && !segment.has(Flags::SYN) {
            // The peer repeats itself: what we said was lost, or it was too early.
            let start = segment.header.sequence;
            self.receive.duplicate = Some((start, start.wrapping_add(segment.length)));
            return self.send_ack(cx);
        }
        // A question whether we are there has one number before the window.
        self.challenge(cx);
    }

    /// Takes the acknowledgement; false if the segment is to be dropped.
    fn acknowledgement(&mut self, segment: &Arrival, cx: &Context<'_>) -> bool {
        let header = &segment.header;
        let ack = header.acknowledgement;
        // RFC 5961, section 5: neither from the future nor from long ago.
        if after(ack, self.send.next)
            || before(ack, self.send.una.wrapping_sub(self.send.window_max.max(65535)))
        {
            self.challenge(cx);
            return false;
        }
        self.heard = cx.now;
        self.probes = 0;
        let window = u32::from(header.window) << self.send.scale;
        let (from, at) = self.send.window_from;
        let newer = before(from, header.sequence) || from == header.sequence && !before(ack, at);
        let mut unchanged = true;
        if newer {
            unchanged = window == self.send.window;
            self.send.window = window;
            self.send.window_max = self.send.window_max.max(window);
            self.send.window_from = (header.sequence, ack);
            if !unchanged {
                (self.timers.persist, self.window_probes) = (0, 0);
            }
        }
        if before(ack, self.send.una) {
            return true;
        }
        let size = self.payload_size(cx.settings);
        let flight = self.recovery.in_flight();
        let had_room = self.has_room(cx.settings);
        self.recovery.begin_acknowledgement();
        let mut delivered = Delivered::default();
        let mut twice = false;
        if self.sack {
            let (start, end) = segment.options.sacks[0];
            // The first block reports what came twice if it is before the rest (RFC 2883).
            twice = start != end && !after(end, ack);
            if twice {
                self.recovery.was_spurious();
            }
            delivered = self.recovery.sack(&segment.options.sacks, ack, size, cx.now);
        }
        let advanced = after(ack, self.send.una);
        if advanced {
            let more = self.advance(ack, cx.now);
            delivered.bytes += more.bytes;
            delivered.rtt = delivered.rtt.or(more.rtt);
        } else if segment.length == 0 && unchanged && !self.recovery.is_empty() && !segment.has(Flags::FIN) {
            self.recovery.duplicates += 1;
            if !self.sack {
                // Each says that something has left the network.
                delivered.bytes = delivered.bytes.max(size);
            }
        }
        if let Some(sample) = delivered.rtt {
            self.rtt.sample(sample);
        }
        self.probe_is_answered(ack, twice, cx);
        self.recover(&delivered, advanced, flight, size, segment, cx);
        if advanced {
            self.rtt.backoff = 0;
            if let Some(way) = &self.way {
                way.works(cx.now);
            }
            if self.recovery.is_empty() {
                (self.timers.retransmit, self.timers.probe, self.timers.reorder) = (0, 0, 0);
            } else {
                self.arm_retransmission(cx);
            }
            self.fin_acknowledged(cx);
        }
        if !had_room && self.has_room(cx.settings) {
            self.events |= Events::WRITABLE;
        }
        true
    }

    /// Everything before `ack` has arrived.
    fn advance(&mut self, ack: u32, now: u64) -> Delivered {
        let delivered = self.recovery.acknowledge(ack, now);
        let data = (distance(self.queue_start(), ack) as usize).min(self.send.queue.len());
        self.send.queue.advance(data);
        self.bytes.0 += data as u64;
        self.send.una = ack;
        self.recovery.duplicates = 0;
        if self.send.urgent.is_some_and(|urgent| !after(urgent, ack)) {
            self.send.urgent = None;
        }
        if self.send.fin && self.send.queue.is_empty() {
            // For those who linger.
            self.events |= Events::WRITABLE;
        }
        delivered
    }

    /// A probe of the tail: if it repaired a loss, that loss counts (RFC 8985, section 7.4).
    fn probe_is_answered(&mut self, ack: u32, twice: bool, cx: &Context<'_>) {
        let Some((end, again)) = self.recovery.probe else { return };
        if before(ack, end) {
            return;
        }
        if twice || !again {
            self.recovery.probe = None;
        } else if after(ack, end) || self.recovery.is_empty() {
            self.recovery.probe = None;
            if after(ack, end) && self.recovery.phase == Phase::Open {
                self.control.reduce(self.control.window, self.payload_size(cx.settings));
                self.control.window = self.control.threshold;
            }
        }
    }

    /// Congestion and losses after an acknowledgement. `flight`: what was on its way before it; `size`: a segment's payload.
    fn recover(
        &mut self,
        delivered: &Delivered,
        advanced: bool,
        flight: u32,
        size: u32,
        segment: &Arrival,
        cx: &Context<'_>,
    ) {
        let over = !before(self.send.una, self.recovery.point);
        match self.recovery.phase {
            Phase::Open => {}
            Phase::Recovery if over => {
                self.recovery.end();
                self.control.window = self.control.threshold.max(2 * size);
            }
            Phase::Loss => {
                if advanced {
                    self.undo_if_spurious(segment);
                }
                if over && self.recovery.phase == Phase::Loss {
                    self.recovery.end();
                    self.undo = None;
                }
            }
            Phase::Recovery => {
                if !self.sack && advanced {
                    // A partial acknowledgement: the next one is missing too (RFC 6582).
                    self.recovery.first_is_lost(size);
                }
            }
        }
        if self.sack {
            self.look_for_losses(size, cx);
        } else if self.recovery.phase == Phase::Open && self.recovery.duplicates >= 3 {
            self.recovery.first_is_lost(size);
            self.enter_recovery(cx);
        } else if self.recovery.phase == Phase::Loss && advanced && !over {
            self.recovery.first_is_lost(size);
        }
        match self.recovery.phase {
            Phase::Recovery => {
                self.control.window =
                    self.recovery.reduced_window(delivered.bytes, self.control.threshold, size);
            }
            _ if delivered.bytes > 0 => {
                // A window that was not in use is not made wider.
                let slow_start = self.control.window < self.control.threshold;
                let used =
                    if slow_start { flight.saturating_mul(2) } else { flight.saturating_add(2 * size) };
                if used >= self.control.window || self.recovery.phase == Phase::Loss {
                    let milliseconds = cx.now / 1_000_000;
                    self.control.acknowledged(delivered.bytes, size, milliseconds, self.rtt.smoothed);
                }
            }
            _ => {}
        }
    }

    /// Marks what must be lost by now, and begins to recover if there is any.
    pub fn look_for_losses(&mut self, size: u32, cx: &Context<'_>) {
        let (any, again) = self.recovery.detect(cx.now, self.rtt.least, self.rtt.smoothed, size);
        self.timers.reorder = again.unwrap_or(0);
        if any && self.recovery.phase == Phase::Open {
            self.enter_recovery(cx);
        }
    }

    fn enter_recovery(&mut self, cx: &Context<'_>) {
        let size = self.payload_size(cx.settings);
        self.control.reduce(self.recovery.in_flight() + self.recovery.lost, size);
        self.recovery.begin(Phase::Recovery, self.send.next);
        self.timers.probe = 0;
    }

    /// If what is acknowledged was sent before the time-out, the time-out was too early (RFC 3522).
    fn undo_if_spurious(&mut self, segment: &Arrival) {
        let Some((window, threshold, at)) = self.undo.take() else { return };
        let echo = segment.options.timestamps.filter(|_| self.stamps.on).map(|stamps| stamps.1);
        if echo.is_some_and(|echo| before(echo, at)) {
            self.recovery.not_lost();
            self.recovery.was_spurious();
            self.recovery.end();
            self.control.window = self.control.window.max(window);
            self.control.threshold = threshold;
        }
    }

    /// Our end has arrived.
    fn fin_acknowledged(&mut self, cx: &Context<'_>) {
        if !self.send.fin_sent || self.send.una != self.send.next {
            return;
        }
        match self.state {
            State::FinWait1 => {
                self.state = State::FinWait2;
                self.events |= Events::WRITABLE;
                self.arm_fin(cx);
            }
            State::Closing => self.wait(),
            State::LastAck => self.end(None),
            _ => {}
        }
    }

    /// Both ends are done: old segments are waited for by a smaller object.
    fn wait(&mut self) {
        self.waits = true;
        self.end(None);
    }

    fn data(&mut self, segment: &Arrival, mut packet: Packet, cx: &Context<'_>) {
        if !self.state.receives() {
            return;
        }
        let mut sequence = segment.header.sequence;
        let known = distance(sequence, self.receive.next);
        if known >= segment.length {
            self.receive.ack_now = true;
            return;
        }
        if self.orphan {
            // Nobody will ever read it.
            self.send_reset(cx);
            return self.end(None);
        }
        skip(&mut packet, known as usize);
        sequence = sequence.wrapping_add(known);
        let room = distance(sequence, self.receive.edge);
        let mut length = segment.length - known;
        if length > room {
            // Beyond the window: a question about it, or a sender that does not care.
            packet.truncate(room as usize);
            length = room;
            self.receive.ack_now = true;
        }
        if length == 0 {
            return;
        }
        // Without room it is as if it had been lost. What is next always has some, or nobody got on.
        let waiting = self.receive.queue.len() as u32;
        if (waiting >= LITTLE || sequence != self.receive.next) && self.stack.memory.packets_are_many() {
            self.receive.ack_now = true;
            return;
        }
        self.receive.last = cx.now;
        self.receive.mss = self.receive.mss.min(segment.size.max(536)).max(segment.size.min(self.send.mss));
        if sequence == self.receive.next {
            self.in_order(packet, length, cx);
        } else {
            self.out_of_order(sequence, length, packet);
        }
    }

    fn in_order(&mut self, packet: Packet, length: u32, cx: &Context<'_>) {
        if self.receive.queue.take_over(packet).is_err() {
            // No memory: it is as if it had been lost.
            return;
        }
        let before = self.receive.next;
        self.receive.next = self.receive.next.wrapping_add(length);
        let mut filled = false;
        if let Some(pieces) = &mut self.receive.pieces {
            filled = true;
            if let Some(more) = pieces.take(self.receive.next) {
                self.receive.next = self.receive.next.wrapping_add(more.len() as u32);
                self.receive.queue.append_queue(more);
            }
            if pieces.is_empty() {
                self.receive.pieces = None;
            }
        }
        self.urgent_arrived(before);
        let count = distance(before, self.receive.next);
        self.bytes.1 += u64::from(count);
        self.receive.pending = self.receive.pending.saturating_add(count);
        self.events |= Events::READABLE;
        if filled || self.receive.quick > 0 || self.receive.pending >= 2 * self.receive.mss {
            self.receive.ack_now = true;
            self.receive.quick = self.receive.quick.saturating_sub(1);
        } else if self.timers.delay == 0 {
            self.timers.delay = cx.now + DELAY;
        }
    }

    fn out_of_order(&mut self, sequence: u32, length: u32, packet: Packet) {
        self.receive.ack_now = true;
        let pieces = self.receive.pieces.get_or_insert_default();
        // Without memory it is as if it had been lost.
        if pieces.insert(sequence, packet) == Ok(true) {
            self.receive.duplicate = Some((sequence, sequence.wrapping_add(length)));
        }
        if pieces.is_empty() {
            self.receive.pieces = None;
        }
    }

    /// The peer's end, if everything before it is here.
    fn fin(&mut self, sequence: u32, cx: &Context<'_>) {
        if sequence != self.receive.next || self.receive.fin {
            self.receive.ack_now = true;
            return;
        }
        self.receive.next = self.receive.next.wrapping_add(1);
        self.receive.edge = later(self.receive.edge, self.receive.next);
        self.receive.fin = true;
        self.receive.ack_now = true;
        self.receive.pieces = None;
        self.events |=
            Events::READABLE | Events::RDHUP | if self.send.fin { Events::HUP } else { Events::empty() };
        match self.state {
            State::Established => self.state = State::CloseWait,
            State::FinWait1 => self.state = State::Closing,
            State::FinWait2 => {
                self.send_ack(cx);
                self.wait();
            }
            _ => {}
        }
    }
}
