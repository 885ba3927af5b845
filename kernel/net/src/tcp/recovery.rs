//! What was sent and is not acknowledged, and which of it is lost: the scoreboard of SACK
//! (RFC 2018, RFC 6675), RACK with tail loss probes (RFC 8985), and NewReno without SACK (RFC 6582).

use alloc::collections::VecDeque;

use super::sequence::{after, before, distance, later};
use crate::wire::tcp::SACK_MAX;

/// Peer has it.
const SACKED: u8 = 1;
/// Taken for lost.
const LOST: u8 = 2;
/// Sent again, and on its way.
const AGAIN: u8 = 4;
/// Was ever sent again, so an acknowledgement does not say of which it is.
const EVER: u8 = 8;

/// Entries that an empty scoreboard keeps room for, as many as the first brings with it.
const KEPT: usize = 4;

/// Bytes that went out together.
#[derive(Clone, Copy)]
pub struct Sent {
    pub start: u32,
    pub end: u32,
    /// When they were last sent, in nanoseconds.
    at: u64,
    flags: u8,
}

impl Sent {
    fn length(&self) -> u32 {
        self.end.wrapping_sub(self.start)
    }

    fn is(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// How things are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// Nothing is missing.
    Open,
    /// Something is missing, and was sent again.
    Recovery,
    /// A time-out: all is taken for lost.
    Loss,
}

/// What an acknowledgement brought.
#[derive(Default)]
pub struct Delivered {
    /// Bytes that the peer is now known to have.
    pub bytes: u32,
    /// A sample of the round trip time, in microseconds.
    pub rtt: Option<u32>,
}

/// The scoreboard.
pub struct Recovery {
    sent: VecDeque<Sent>,
    /// Bytes with these marks.
    pub sacked: u32,
    pub lost: u32,
    pub again: u32,
    pub phase: Phase,
    /// The phase ends when everything before this is acknowledged.
    pub point: u32,
    /// Duplicate acknowledgements in a row.
    pub duplicates: u32,
    /// The latest sent of what has arrived: when, up to where, and how long it took.
    rack_at: u64,
    rack_end: u32,
    rack_rtt: u32,
    /// The furthest that has arrived, and what that was before the acknowledgement at hand.
    furthest: u32,
    furthest_before: u32,
    /// Packets were seen to arrive in another order.
    reordered: bool,
    /// Quarters of the round trip that reordering is given; more with each spurious retransmission.
    patience: u8,
    /// Proportional rate reduction (RFC 6937): delivered and sent since the phase began, in flight then.
    prr: (u32, u32, u32),
    /// The end of a probe of the tail that was not answered, and whether it was a retransmission.
    pub probe: Option<(u32, bool)>,
}

impl Recovery {
    pub fn new(start: u32) -> Self {
        Self {
            sent: VecDeque::new(),
            sacked: 0,
            lost: 0,
            again: 0,
            phase: Phase::Open,
            point: start,
            duplicates: 0,
            rack_at: 0,
            rack_end: start,
            rack_rtt: 0,
            furthest: start,
            furthest_before: start,
            reordered: false,
            patience: 1,
            prr: (0, 0, 0),
            probe: None,
        }
    }

    /// Whether nothing is unacknowledged.
    pub fn is_empty(&self) -> bool {
        self.sent.is_empty()
    }

    /// Bytes that are thought to be on their way (RFC 6675's pipe).
    pub fn in_flight(&self) -> u32 {
        let (first, last) = (self.sent.front(), self.sent.back());
        let all = first.zip(last).map_or(0, |(first, last)| last.end.wrapping_sub(first.start));
        (all + self.again).saturating_sub(self.sacked + self.lost)
    }

    /// Notes that new bytes were sent.
    pub fn sent(&mut self, start: u32, end: u32, now: u64) {
        self.prr.1 = self.prr.1.saturating_add(end.wrapping_sub(start));
        self.sent.push_back(Sent { start, end, at: now, flags: 0 });
    }

    fn cut(&mut self, index: usize, at: u32) {
        let Some(entry) = self.sent.get_mut(index) else { return };
        let rest = Sent { start: at, ..*entry };
        entry.end = at;
        self.sent.insert(index + 1, rest);
    }

    /// Takes an entry's marks out of the counts.
    fn uncount(&mut self, entry: &Sent) {
        let length = entry.length();
        if entry.is(SACKED) {
            self.sacked -= length;
        }
        if entry.is(LOST) {
            self.lost -= length;
        }
        if entry.is(AGAIN) {
            self.again -= length;
        }
    }

    /// An acknowledgement is about to be looked at.
    pub fn begin_acknowledgement(&mut self) {
        self.furthest_before = self.furthest;
    }

    /// Everything before `una` is acknowledged.
    pub fn acknowledge(&mut self, una: u32, now: u64) -> Delivered {
        let mut delivered = Delivered::default();
        while let Some(&first) = self.sent.front() {
            if !before(first.start, una) {
                break;
            }
            let entry = if after(first.end, una) { Sent { end: una, ..first } } else { first };
            self.uncount(&entry);
            if !entry.is(SACKED) {
                delivered.bytes += entry.length();
                self.arrived(&entry, now, &mut delivered);
            }
            if entry.end == first.end {
                self.sent.pop_front();
            } else if let Some(first) = self.sent.front_mut() {
                first.start = una;
            }
        }
        if self.sent.is_empty() && self.sent.capacity() > KEPT {
            self.sent = VecDeque::new();
        }
        delivered
    }

    /// Notes when what has arrived was sent (RFC 8985, section 6.2, steps 1 to 3).
    fn arrived(&mut self, entry: &Sent, now: u64, delivered: &mut Delivered) {
        let took = (now.saturating_sub(entry.at) / 1000).min(u64::from(u32::MAX)) as u32;
        if !entry.is(EVER) {
            // The latest sent is the one that was not held back.
            delivered.rtt = Some(delivered.rtt.map_or(took, |least| least.min(took)));
            if before(entry.end, self.furthest_before) {
                self.reordered = true;
            }
        } else if took < self.rack_rtt / 2 {
            // Too soon to be the answer to the retransmission.
            return;
        }
        self.furthest = later(self.furthest, entry.end);
        if (entry.at, 0) > (self.rack_at, 0) || entry.at == self.rack_at && after(entry.end, self.rack_end) {
            (self.rack_at, self.rack_end, self.rack_rtt) = (entry.at, entry.end, took);
        }
    }

    /// Marks what the peer says it has. Blocks are cut to whole segments, so that their number is
    /// bounded by what we send and not by what the peer makes up.
    pub fn sack(&mut self, blocks: &[(u32, u32); SACK_MAX], una: u32, mss: u32, now: u64) -> Delivered {
        let mut delivered = Delivered::default();
        let end = self.sent.back().map_or(una, |last| last.end);
        for &(from, to) in blocks.iter().take_while(|block| block.0 != block.1) {
            // Not what is sent, or a duplicate's report (RFC 2883).
            if !before(from, to) || after(to, end) || before(from, una) {
                continue;
            }
            let mut index = self.sent.partition_point(|entry| !after(entry.end, from));
            while let Some(&entry) = self.sent.get(index) {
                if !before(entry.start, to) {
                    break;
                }
                if entry.is(SACKED) {
                    index += 1;
                    continue;
                }
                let skip = distance(entry.start, from).next_multiple_of(mss.max(1));
                if skip >= entry.length() {
                    index += 1;
                    continue;
                }
                if skip > 0 {
                    self.cut(index, entry.start.wrapping_add(skip));
                    index += 1;
                    continue;
                }
                let whole = distance(entry.start, to);
                if whole < entry.length() {
                    let count = whole / mss.max(1) * mss.max(1);
                    if count == 0 {
                        break;
                    }
                    self.cut(index, entry.start.wrapping_add(count));
                }
                self.mark_sacked(index, now, &mut delivered);
                index += 1;
            }
        }
        delivered
    }

    fn mark_sacked(&mut self, index: usize, now: u64, delivered: &mut Delivered) {
        let Some(&entry) = self.sent.get(index) else { return };
        self.uncount(&entry);
        self.sacked += entry.length();
        delivered.bytes += entry.length();
        self.arrived(&entry, now, delivered);
        if let Some(entry) = self.sent.get_mut(index) {
            entry.flags = entry.flags & EVER | SACKED;
        }
    }

    /// A retransmission turns out to have been for nothing: more patience from now on.
    pub fn was_spurious(&mut self) {
        self.reordered = true;
        self.patience = self.patience.saturating_add(1).min(16);
    }

    /// How long after it should have arrived a packet is taken for lost, in microseconds (RFC 8985,
    /// section 6.2, step 4).
    fn window(&self, least_rtt: u32, smoothed: u32, mss: u32) -> u32 {
        if !self.reordered && (self.phase != Phase::Open || self.sacked >= 3 * mss) {
            return 0;
        }
        let least = if least_rtt == u32::MAX { 0 } else { least_rtt };
        (least / 4).saturating_mul(u32::from(self.patience)).min(smoothed)
    }

    /// Marks as lost what was sent long enough before what has arrived (step 5). Gives whether there was
    /// any, and when to look again, in nanoseconds.
    pub fn detect(&mut self, now: u64, least_rtt: u32, smoothed: u32, mss: u32) -> (bool, Option<u64>) {
        if self.rack_at == 0 || self.sacked == 0 && self.phase == Phase::Open && !self.reordered {
            return (false, None);
        }
        let patience = u64::from(self.rack_rtt) + u64::from(self.window(least_rtt, smoothed, mss));
        let (mut any, mut again) = (false, None::<u64>);
        for entry in &mut self.sent {
            if entry.is(SACKED) || entry.is(LOST) && !entry.is(AGAIN) {
                continue;
            }
            let earlier =
                entry.at < self.rack_at || entry.at == self.rack_at && before(entry.end, self.rack_end);
            if !earlier {
                continue;
            }
            let due = entry.at + patience * 1000;
            if due <= now {
                let length = entry.end.wrapping_sub(entry.start);
                if entry.is(AGAIN) {
                    self.again -= length;
                } else {
                    self.lost += length;
                }
                entry.flags = entry.flags & !AGAIN | LOST;
                any = true;
            } else {
                again = Some(again.map_or(due, |again| again.min(due)));
            }
        }
        (any, again)
    }

    /// Marks the first segment as lost: what duplicate or partial acknowledgements say without SACK.
    pub fn first_is_lost(&mut self, mss: u32) {
        let Some(&first) = self.sent.front() else { return };
        if first.length() > mss {
            self.cut(0, first.start.wrapping_add(mss));
        }
        if let Some(first) = self.sent.front_mut() {
            let length = first.end.wrapping_sub(first.start);
            if first.is(AGAIN) {
                self.again -= length;
            }
            if !first.is(LOST) {
                self.lost += length;
            }
            first.flags = first.flags & !AGAIN | LOST;
        }
    }

    /// A time-out: all that the peer did not say it has is lost. If it did say so of the first and
    /// does not acknowledge it, it has changed its mind (RFC 2018, section 8).
    pub fn all_is_lost(&mut self) {
        let reneged = self.sent.front().is_some_and(|first| first.is(SACKED));
        (self.lost, self.again, self.sacked) = (0, 0, 0);
        for entry in &mut self.sent {
            let length = entry.end.wrapping_sub(entry.start);
            if entry.is(SACKED) && !reneged {
                self.sacked += length;
            } else {
                entry.flags = entry.flags & EVER | LOST;
                self.lost += length;
            }
        }
    }

    /// A time-out was spurious: what was not sent again is on its way after all.
    pub fn not_lost(&mut self) {
        for entry in &mut self.sent {
            if entry.is(LOST) && !entry.is(AGAIN) {
                self.lost -= entry.end.wrapping_sub(entry.start);
                entry.flags &= !LOST;
            }
        }
    }

    /// The next bytes to be sent again, at most `room` of them, in whole segments; they count as sent.
    pub fn next_lost(&mut self, room: u32, mss: u32, now: u64) -> Option<(u32, u32)> {
        if self.lost <= self.again && self.lost == 0 {
            return None;
        }
        let index = self.sent.iter().position(|entry| entry.is(LOST) && !entry.is(AGAIN))?;
        let entry = *self.sent.get(index)?;
        let most = (room / mss.max(1)).max(1) * mss;
        if entry.length() > most {
            self.cut(index, entry.start.wrapping_add(most));
        }
        self.sent_again(index, now)
    }

    /// The last segment once more: a probe of the tail.
    pub fn last_again(&mut self, mss: u32, now: u64) -> Option<(u32, u32)> {
        let last = *self.sent.back()?;
        let index = self.sent.len() - 1;
        if last.is(SACKED) || last.is(AGAIN) {
            return None;
        }
        let index = if last.length() > mss {
            self.cut(index, last.end.wrapping_sub(mss));
            index + 1
        } else {
            index
        };
        // It counts as lost and on its way again, which leaves what is in flight as it was.
        if let Some(entry) = self.sent.get_mut(index)
            && !entry.is(LOST)
        {
            entry.flags |= LOST;
            self.lost += entry.end.wrapping_sub(entry.start);
        }
        self.sent_again(index, now)
    }

    fn sent_again(&mut self, index: usize, now: u64) -> Option<(u32, u32)> {
        let entry = self.sent.get_mut(index)?;
        entry.flags |= AGAIN | EVER;
        entry.at = now;
        let (start, end) = (entry.start, entry.end);
        let length = end.wrapping_sub(start);
        self.again += length;
        self.prr.1 = self.prr.1.saturating_add(length);
        Some((start, end))
    }

    /// A phase begins.
    pub fn begin(&mut self, phase: Phase, point: u32) {
        self.prr = (0, 0, self.in_flight().max(1) + self.lost);
        (self.phase, self.point, self.duplicates) = (phase, point, 0);
        self.probe = None;
    }

    /// The phase has ended.
    pub fn end(&mut self) {
        (self.phase, self.duplicates) = (Phase::Open, 0);
    }

    /// The window while recovering (RFC 6937): what is sent keeps in step with what is delivered.
    pub fn reduced_window(&mut self, delivered: u32, threshold: u32, mss: u32) -> u32 {
        self.prr.0 = self.prr.0.saturating_add(delivered);
        let (done, out, before) = self.prr;
        let in_flight = self.in_flight();
        let more = if in_flight > threshold {
            let due = u64::from(done) * u64::from(threshold);
            (due.div_ceil(u64::from(before)) as u32).saturating_sub(out)
        } else {
            let limit = done.saturating_sub(out).max(delivered) + mss;
            threshold.saturating_sub(in_flight).min(limit)
        };
        // The first retransmission goes out in any case.
        let more = if out == 0 { more.max(mss) } else { more };
        in_flight.saturating_add(more)
    }

    /// Segments that wait for an acknowledgement, for statistics.
    pub fn outstanding(&self) -> u32 {
        let (first, last) = (self.sent.front(), self.sent.back());
        first.zip(last).map_or(0, |(first, last)| last.end.wrapping_sub(first.start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn blocks(list: &[(u32, u32)]) -> [(u32, u32); SACK_MAX] {
        let mut all = [(0, 0); SACK_MAX];
        all.iter_mut().zip(list).for_each(|(place, block)| *place = *block);
        all
    }

    fn ten_segments() -> Recovery {
        let mut recovery = Recovery::new(u32::MAX - 1999);
        let start = u32::MAX - 1999;
        (0..10).for_each(|n| {
            recovery.sent(
                start.wrapping_add(n * 1000),
                start.wrapping_add(n * 1000 + 1000),
                u64::from(n + 1) * MS,
            );
        });
        recovery
    }

    #[test]
    fn a_hole_is_lost_when_what_was_sent_later_has_arrived() {
        let (mut recovery, start) = (ten_segments(), u32::MAX - 1999);
        let at = |n: u32| start.wrapping_add(n * 1000);
        assert_eq!(recovery.in_flight(), 10_000);
        let delivered = recovery.sack(&blocks(&[(at(1), at(2))]), start, 1000, 52 * MS);
        assert_eq!((delivered.bytes, delivered.rtt), (1000, Some(50_000)));
        // One that was sent just before may be late.
        assert!(!recovery.detect(52 * MS, 50_000, 50_000, 1000).0);
        let delivered = recovery.sack(&blocks(&[(at(1), at(5))]), start, 1000, 55 * MS);
        assert_eq!((delivered.bytes, recovery.sacked), (3000, 4000));
        assert_eq!(recovery.detect(55 * MS, 50_000, 50_000, 1000), (true, None));
        assert_eq!((recovery.lost, recovery.in_flight()), (1000, 5000));
        assert_eq!(recovery.next_lost(5000, 1000, 56 * MS), Some((at(0), at(1))));
        assert_eq!((recovery.again, recovery.in_flight()), (1000, 6000));
        assert_eq!(recovery.next_lost(5000, 1000, 56 * MS), None);
        // The retransmission is lost as well: what was sent after it arrives.
        recovery.sent(at(10), at(11), 57 * MS);
        recovery.begin_acknowledgement();
        recovery.sack(&blocks(&[(at(10), at(11)), (at(1), at(10))]), start, 1000, 107 * MS);
        assert!(recovery.detect(107 * MS, 50_000, 50_000, 1000).0);
        assert_eq!(recovery.next_lost(5000, 1000, 108 * MS), Some((at(0), at(1))));
        let delivered = recovery.acknowledge(at(11), 160 * MS);
        assert_eq!((delivered.bytes, recovery.in_flight()), (1000, 0));
        assert_eq!((recovery.sacked, recovery.lost, recovery.again), (0, 0, 0));
        assert!(recovery.is_empty());
    }

    #[test]
    fn counts_are_right_whatever_the_peer_says() {
        let mut seed = 5u32;
        let mut random = move |below: u32| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) % below
        };
        for _ in 0..200 {
            let start = random(u32::MAX >> 8).wrapping_mul(257);
            let mut recovery = Recovery::new(start);
            let (mut una, mut next, mut now) = (start, start, MS);
            for _ in 0..300 {
                now += u64::from(random(20)) * MS;
                match random(8) {
                    0 | 1 => {
                        let length = 1 + random(9000);
                        recovery.sent(next, next.wrapping_add(length), now);
                        next = next.wrapping_add(length);
                    }
                    2 => {
                        una = una.wrapping_add(random(distance(una, next).min(5000) + 1));
                        recovery.acknowledge(una, now);
                    }
                    3 | 4 => {
                        let mut list = [(0, 0); SACK_MAX];
                        for block in &mut list {
                            let from = una.wrapping_add(random(20_000)).wrapping_sub(3000);
                            *block = (from, from.wrapping_add(random(8000)));
                        }
                        recovery.sack(&list, una, 1000, now);
                    }
                    5 => {
                        recovery.detect(now, 10_000, 12_000, 1000);
                        recovery.next_lost(random(20_000), 1000, now);
                    }
                    6 => {
                        recovery.last_again(1000, now);
                        recovery.first_is_lost(1000);
                    }
                    _ if random(10) == 0 => recovery.all_is_lost(),
                    _ => recovery.not_lost(),
                }
                let count = |flag| {
                    let marked = recovery.sent.iter().filter(|entry| entry.is(flag));
                    marked.map(Sent::length).sum::<u32>()
                };
                assert_eq!(
                    (count(SACKED), count(LOST), count(AGAIN)),
                    (recovery.sacked, recovery.lost, recovery.again)
                );
                assert!(recovery.sent.iter().all(|entry| !entry.is(AGAIN) || entry.is(LOST)));
                assert!(
                    recovery.sent.iter().zip(recovery.sent.iter().skip(1)).all(|(a, b)| a.end == b.start)
                );
                assert!(recovery.sent.len() < 2000);
            }
        }
    }
}
