//! Round trip times and the retransmission time-out (RFC 6298). Times are in microseconds.

/// The time-out before anything is known.
pub const INITIAL: u32 = 1_000_000;
/// What the time-out is above the round trip time at least; Linux's, less than RFC 6298's second.
const LEAST: u32 = 200_000;
/// The longest time-out.
pub const LONGEST: u32 = 120_000_000;

/// What is known of the round trip.
#[derive(Clone, Copy)]
pub struct Rtt {
    /// The smoothed time; 0 before the first sample.
    pub smoothed: u32,
    /// Its deviation.
    pub deviation: u32,
    /// The smallest sample.
    pub least: u32,
    /// How often the time-out was doubled.
    pub backoff: u8,
}

impl Rtt {
    pub const fn new() -> Self {
        Self { smoothed: 0, deviation: 0, least: u32::MAX, backoff: 0 }
    }

    /// Takes a sample.
    pub fn sample(&mut self, time: u32) {
        let time = time.max(1);
        if self.smoothed == 0 {
            (self.smoothed, self.deviation) = (time, time / 2);
        } else {
            let off = self.smoothed.abs_diff(time);
            self.deviation = self.deviation - self.deviation / 4 + off / 4;
            self.smoothed = (self.smoothed - self.smoothed / 8 + time / 8).max(1);
        }
        self.least = self.least.min(time);
        self.backoff = 0;
    }

    /// The time-out, without what it was doubled.
    pub fn base(&self) -> u32 {
        if self.smoothed == 0 {
            return INITIAL;
        }
        self.smoothed.saturating_add(self.deviation.saturating_mul(4).max(LEAST)).min(LONGEST)
    }

    /// The time-out.
    pub fn timeout(&self) -> u32 {
        self.base().checked_shl(u32::from(self.backoff.min(16))).map_or(LONGEST, |time| {
            // A shift drops what does not fit.
            if time >> self.backoff.min(16) == self.base() { time.min(LONGEST) } else { LONGEST }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_out_follows_the_round_trip() {
        let mut rtt = Rtt::new();
        assert_eq!(rtt.timeout(), INITIAL);
        rtt.sample(100_000);
        assert_eq!((rtt.smoothed, rtt.deviation, rtt.timeout()), (100_000, 50_000, 300_000));
        (0..100).for_each(|_| rtt.sample(20_000));
        assert!(rtt.smoothed.abs_diff(20_000) < 200 && rtt.timeout().abs_diff(220_000) < 2_000);
        rtt.backoff = 3;
        assert_eq!(rtt.timeout(), rtt.base() * 8);
        rtt.backoff = 40;
        assert_eq!(rtt.timeout(), LONGEST);
        rtt.sample(20_000);
        assert_eq!((rtt.backoff, rtt.least), (0, 20_000));
    }
}
