//! A connection's timers: what happens if nothing happens.

use kcore::errno::ETIMEDOUT;

use super::connection::{Connection, Context, State, stamp};
use super::recovery::Phase;
use super::rtt;
use crate::wire::tcp::Flags;

/// How long an acknowledgement may wait for data to go with, in nanoseconds (RFC 9293, section
/// 3.8.6.3, allows ten times as much).
pub(super) const DELAY: u64 = 40_000_000;
/// How long a cork holds back, in nanoseconds.
pub(super) const CORKED: u64 = 200_000_000;
/// Time-outs that end a connection, in a row: one in use, and one that nobody has open.
const TRIES: u8 = 15;
const TRIES_ORPHAN: u8 = 8;
const SECOND: u64 = 1_000_000_000;
/// Seconds that the other end of a closed connection may stay open.
const FIN_TIMEOUT: u32 = 60;

/// Points in time, in nanoseconds; 0 for none.
#[derive(Clone, Copy, Default)]
pub(super) struct Timers {
    /// The retransmission time-out.
    pub retransmit: u64,
    /// A probe of the tail, before that.
    pub probe: u64,
    /// What was sent before what has arrived is lost then.
    pub reorder: u64,
    /// The next question about a closed window.
    pub persist: u64,
    /// The delayed acknowledgement.
    pub delay: u64,
    /// The next question whether the peer is there.
    pub keep: u64,
    /// What was held back goes.
    pub cork: u64,
    /// The peer should have sent its end.
    pub fin: u64,
}

impl Timers {
    /// The next of them.
    pub fn next(&self) -> Option<u64> {
        let first = [self.probe, self.reorder, self.persist, self.delay, self.keep, self.cork, self.fin]
            .iter()
            // None becomes the last of all.
            .fold(self.retransmit.wrapping_sub(1), |first, at| first.min(at.wrapping_sub(1)));
        first.checked_add(1)
    }

    pub fn retransmit_in(&mut self, microseconds: u32, now: u64) {
        self.retransmit = now + u64::from(microseconds) * 1000;
    }

    pub fn persist_in(&mut self, microseconds: u32, now: u64) {
        self.persist = now + u64::from(microseconds) * 1000;
    }
}

/// Whether a timer is due; it is off then.
fn due(timer: &mut u64, now: u64) -> bool {
    let due = *timer != 0 && *timer <= now;
    if due {
        *timer = 0;
    }
    due
}

impl Connection {
    /// Something was sent or acknowledged: the time-out begins again, and before it a probe of the tail
    /// if nothing is known to be missing (RFC 8985, section 7.2).
    pub fn arm_retransmission(&mut self, cx: &Context<'_>) {
        self.timers.persist = 0;
        self.timers.retransmit_in(self.rtt.timeout(), cx.now);
        self.timers.probe = 0;
        let quiet = self.recovery.phase == Phase::Open && self.recovery.sacked == 0;
        if self.sack && quiet && self.recovery.probe.is_none() && self.rtt.smoothed != 0 {
            let one = self.recovery.outstanding() <= self.send.mss;
            let wait = self.rtt.smoothed.saturating_mul(2).max(2000);
            // A single segment's acknowledgement may be delayed.
            let wait = if one { wait.saturating_add(DELAY as u32 / 1000 * 5) } else { wait };
            let at = cx.now + u64::from(wait) * 1000;
            if at < self.timers.retransmit {
                self.timers.probe = at;
            }
        }
    }

    /// Does what is due.
    pub fn on_time(&mut self, cx: &Context<'_>) {
        let now = cx.now;
        if due(&mut self.timers.delay, now) {
            self.receive.ack_now = true;
        }
        // Left in place: whoever sends looks whether it is due, and takes it off.
        let uncorked = self.timers.cork != 0 && self.timers.cork <= now;
        if due(&mut self.timers.fin, now) {
            self.end(None);
            return;
        }
        if due(&mut self.timers.reorder, now) {
            self.look_for_losses(self.payload_size(cx.settings), cx);
        }
        if due(&mut self.timers.probe, now) {
            self.probe_tail(cx);
        }
        if due(&mut self.timers.retransmit, now) {
            self.timed_out(cx);
        }
        if due(&mut self.timers.persist, now) {
            self.probe_window(cx);
        }
        if due(&mut self.timers.keep, now) {
            self.probe_idle(cx);
        }
        if self.state != State::Closed {
            self.output(cx);
            if uncorked {
                self.timers.cork = 0;
            }
        }
    }

    /// Gives up.
    fn give_up(&mut self) {
        self.end(Some(self.soft_error.unwrap_or(ETIMEDOUT)));
    }

    /// Whether data has been unacknowledged for longer than the application wants.
    fn is_overdue(&self, since: u64, cx: &Context<'_>) -> bool {
        let limit = u64::from(cx.settings.user_timeout) * 1_000_000;
        limit != 0 && cx.now.saturating_sub(since) >= limit
    }

    fn timed_out(&mut self, cx: &Context<'_>) {
        self.timers.probe = 0;
        self.timers.reorder = 0;
        if let Some(way) = &self.way {
            way.fails();
        }
        if !self.state.is_synchronized() {
            if u32::from(self.rtt.backoff) >= cx.settings.syn_count || self.is_overdue(self.heard, cx) {
                return self.give_up();
            }
            self.rtt.backoff += 1;
            self.retransmits += 1;
            return self.send_syn(cx);
        }
        if self.recovery.is_empty() {
            return;
        }
        let tries = if self.orphan { TRIES_ORPHAN } else { TRIES };
        if self.rtt.backoff >= tries || self.is_overdue(self.heard, cx) {
            return self.give_up();
        }
        let size = self.payload_size(cx.settings);
        if self.recovery.phase != Phase::Loss {
            let before = (self.control.window, self.control.threshold, stamp(cx.now, self.stamps.offset));
            if self.recovery.phase == Phase::Open {
                self.control.reduce(self.recovery.in_flight(), size);
                self.undo = Some(before);
            }
            self.recovery.begin(Phase::Loss, self.send.next);
        }
        self.recovery.all_is_lost();
        self.control.window = size;
        self.rtt.backoff = self.rtt.backoff.saturating_add(1);
        self.timers.retransmit_in(self.rtt.timeout(), cx.now);
        // The path may have changed.
        if self.rtt.backoff == 3 {
            self.way = None;
        }
    }

    /// Sends something so that the peer says what it has (RFC 8985, section 7.3).
    fn probe_tail(&mut self, cx: &Context<'_>) {
        if self.recovery.is_empty() || self.recovery.phase != Phase::Open {
            return;
        }
        let size = self.payload_size(cx.settings);
        let end = self.send.next;
        if let Some((start, end)) = self.recovery.last_again(size, cx.now) {
            let (length, fin) = self.payload_of(start, end);
            let flags = if fin { Flags::ACK | Flags::FIN } else { Flags::ACK | Flags::PSH };
            self.retransmits += 1;
            self.send_segment(start, length, flags, cx);
        }
        self.recovery.probe = Some((end, true));
        self.timers.retransmit_in(self.rtt.timeout(), cx.now);
    }

    fn probe_window(&mut self, cx: &Context<'_>) {
        let tries = if self.orphan { TRIES_ORPHAN } else { TRIES };
        if self.probes >= tries || self.is_overdue(self.heard, cx) {
            return self.give_up();
        }
        // A peer that answers may keep its window closed for ever, but not that of a connection that nobody
        // has open: such ones would add up.
        if self.orphan && self.window_probes >= TRIES {
            self.send_reset(cx);
            return self.give_up();
        }
        self.probes += 1;
        self.window_probes = self.window_probes.saturating_add(1);
        self.send_window_probe(cx);
        let wait = self.rtt.base().checked_shl(u32::from(self.window_probes.min(9))).unwrap_or(rtt::LONGEST);
        self.timers.persist_in(wait.min(rtt::LONGEST), cx.now);
    }

    /// Sets the time of the next question whether the peer is there, as far as it is wanted.
    pub fn arm_keep_alive(&mut self, cx: &Context<'_>) {
        let wanted = cx.settings.keep_alive && self.state.is_synchronized();
        if !wanted {
            self.timers.keep = 0;
        } else if self.timers.keep == 0 {
            self.timers.keep = self.heard + u64::from(cx.settings.keep_idle) * SECOND;
        }
    }

    fn probe_idle(&mut self, cx: &Context<'_>) {
        let settings = cx.settings;
        if !settings.keep_alive {
            return;
        }
        let idle = u64::from(settings.keep_idle) * SECOND;
        let heard = self.heard.max(self.receive.last);
        if self.probes == 0 && cx.now < heard + idle || !self.recovery.is_empty() || self.unsent() > 0 {
            // Something was heard, or the retransmission asks.
            self.timers.keep = (heard + idle).max(cx.now + SECOND);
            return;
        }
        if u32::from(self.probes) >= settings.keep_count || self.probes > 0 && self.is_overdue(heard, cx) {
            self.send_reset(cx);
            return self.give_up();
        }
        self.probes = self.probes.saturating_add(1);
        self.send_segment(self.send.una.wrapping_sub(1), 0, Flags::ACK, cx);
        self.timers.keep = cx.now + u64::from(settings.keep_interval.max(1)) * SECOND;
    }

    /// Nobody has it open, and the peer has not sent its end: it has so long.
    pub fn arm_fin(&mut self, cx: &Context<'_>) {
        if self.orphan && self.state == State::FinWait2 && self.timers.fin == 0 {
            let seconds = if cx.settings.fin_timeout == 0 { FIN_TIMEOUT } else { cx.settings.fin_timeout };
            self.timers.fin = cx.now + u64::from(seconds) * SECOND;
        }
    }
}
