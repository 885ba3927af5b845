//! Congestion control: CUBIC (RFC 9438) and NewReno (RFC 5681), in integers. Sizes are in bytes.

use super::Congestion;

/// Segments that a new connection may send at once (RFC 6928).
const INITIAL_WINDOW: u32 = 10;
/// No window is larger.
const LARGEST: u32 = 1 << 30;

/// The state of congestion control.
#[derive(Clone, Copy)]
pub struct Control {
    kind: Congestion,
    /// The congestion window.
    pub window: u32,
    /// Slow start ends here.
    pub threshold: u32,
    /// Bytes acknowledged that have not widened the window yet.
    credit: u32,
    /// CUBIC: the window before it was last reduced.
    peak: u32,
    /// CUBIC: the window that NewReno would have.
    friendly: u32,
    /// CUBIC: when this growth began, in milliseconds; 0 for not yet.
    epoch: u64,
    /// CUBIC: milliseconds from there until the window is at its peak again.
    until_peak: u32,
}

/// The integer cube root.
fn cube_root(number: u64) -> u64 {
    let mut root = 0u64;
    for bit in (0..22).rev() {
        let trial = root | 1 << bit;
        if trial * trial * trial <= number {
            root = trial;
        }
    }
    root
}

impl Control {
    pub fn new(kind: Congestion, mss: u32) -> Self {
        Self {
            kind,
            window: INITIAL_WINDOW * mss,
            threshold: u32::MAX,
            credit: 0,
            peak: 0,
            friendly: 0,
            epoch: 0,
            until_peak: 0,
        }
    }

    /// Changes the way; the window stays.
    pub fn set_kind(&mut self, kind: Congestion) {
        if self.kind != kind {
            (self.kind, self.epoch) = (kind, 0);
        }
    }

    /// New data was acknowledged while the window was in use. `now` in milliseconds, `rtt` in
    /// microseconds.
    pub fn acknowledged(&mut self, bytes: u32, mss: u32, now: u64, rtt: u32) {
        let mut bytes = bytes;
        if self.window < self.threshold {
            let grown = self.window.saturating_add(bytes).min(self.threshold);
            bytes -= grown - self.window;
            self.window = grown.min(LARGEST);
            if bytes == 0 {
                return;
            }
        }
        let wanted = match self.kind {
            Congestion::Reno => self.window.saturating_add(mss),
            Congestion::Cubic => self.cubic(bytes, mss, now, rtt),
        };
        // The window grows to what is wanted in the course of one window's acknowledgements.
        self.credit = self.credit.saturating_add(bytes).min(self.window);
        let step = u64::from(wanted.saturating_sub(self.window)) * u64::from(self.credit)
            / u64::from(self.window.max(1));
        if step > 0 {
            self.window = self.window.saturating_add(step as u32).min(LARGEST);
            self.credit = 0;
        }
    }

    /// The window that CUBIC wants one round trip from now.
    fn cubic(&mut self, bytes: u32, mss: u32, now: u64, rtt: u32) -> u32 {
        if self.epoch == 0 {
            self.epoch = now.max(1);
            self.friendly = self.window;
            // K = cbrt((peak - window) / C), C = 0.4 segments a second cubed.
            let missing = self.peak.saturating_sub(self.window);
            let cube = u64::from(missing) * 2_500_000_000 / u64::from(mss.max(1));
            self.until_peak = cube_root(cube) as u32;
            self.peak = self.peak.max(self.window);
        }
        let time =
            (now.saturating_sub(self.epoch) + u64::from(rtt / 1000)) as i64 - i64::from(self.until_peak);
        let time = time.clamp(-100_000, 100_000);
        // C·t³ in segments, with t in milliseconds and a thousandth of it three times.
        let grown = time * time / 1000 * time / 1000 * 4 * i64::from(mss) / 10_000;
        let curve = (i64::from(self.peak) + grown).clamp(0, i64::from(LARGEST)) as u32;
        // What NewReno would have, with CUBIC's reduction: 3 · (1 - β) / (1 + β) segments a window.
        let more = u64::from(bytes) * u64::from(mss) * 9 / 17 / u64::from(self.window.max(1));
        self.friendly = self.friendly.saturating_add(more as u32).min(LARGEST);
        if self.friendly > curve {
            return self.friendly.max(self.window);
        }
        curve.clamp(self.window, self.window.saturating_add(self.window / 2))
    }

    /// Packets were lost: slow start's new threshold for what was on its way.
    pub fn reduce(&mut self, in_flight: u32, mss: u32) {
        let window = self.window.min(in_flight.max(2 * mss)).max(1);
        self.threshold = match self.kind {
            Congestion::Reno => window / 2,
            Congestion::Cubic => {
                // Whoever came after us gets room if we were below the last peak (fast convergence).
                self.peak = if window < self.peak { window / 20 * 17 } else { window };
                window / 10 * 7
            }
        }
        .max(2 * mss);
        (self.epoch, self.credit) = (0, 0);
    }

    /// Nothing was sent for longer than a time-out: the window is not to be trusted (RFC 5681, 4.1).
    pub fn restart(&mut self, mss: u32) {
        self.window = self.window.min(INITIAL_WINDOW * mss);
        self.epoch = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MSS: u32 = 1460;

    #[test]
    fn cube_roots() {
        for number in [0u64, 1, 7, 8, 26, 27, 999_999, 1_000_000, 1 << 60] {
            let root = cube_root(number);
            assert!(root.pow(3) <= number && (root + 1).pow(3) > number, "{number} {root}");
        }
    }

    #[test]
    fn slow_start_doubles_and_ends_at_the_threshold() {
        let mut control = Control::new(Congestion::Cubic, MSS);
        control.threshold = 40 * MSS;
        control.acknowledged(10 * MSS, MSS, 1, 50_000);
        assert_eq!(control.window, 20 * MSS);
        control.acknowledged(20 * MSS, MSS, 50, 50_000);
        assert_eq!(control.window, 40 * MSS);
    }

    #[test]
    fn reno_adds_a_segment_a_window() {
        let mut control = Control::new(Congestion::Reno, MSS);
        control.threshold = control.window;
        for _ in 0..10 {
            let window = control.window;
            let segments = window / MSS;
            (0..segments).for_each(|_| control.acknowledged(MSS, MSS, 1, 50_000));
            assert!(control.window.abs_diff(window + MSS) < MSS / 2, "{} {window}", control.window);
        }
        control.reduce(control.window, MSS);
        assert_eq!(control.threshold, control.window / 2);
    }

    #[test]
    fn cubic_returns_to_its_peak_in_the_time_it_says_and_passes_it() {
        let mut control = Control::new(Congestion::Cubic, MSS);
        (control.window, control.threshold) = (1000 * MSS, 1000 * MSS);
        control.reduce(1000 * MSS, MSS);
        control.window = control.threshold;
        assert_eq!(control.window / MSS, 700);
        // K = cbrt(300 / 0.4) = 9.086 s, with a round trip of 100 ms.
        let (mut now, mut at_peak) = (1_000u64, None);
        for _ in 0..150 {
            let window = control.window;
            (0..window / MSS).for_each(|_| control.acknowledged(MSS, MSS, now, 100_000));
            assert!(control.window >= window);
            if control.window >= 999 * MSS && at_peak.is_none() {
                at_peak = Some(now);
            }
            now += 100;
        }
        let at_peak = at_peak.unwrap();
        assert!((6_500..10_500).contains(&(at_peak - 1_000)), "{at_peak}");
        assert!(control.window > 1050 * MSS, "{}", control.window / MSS);
    }

    #[test]
    fn windows_stay_within_bounds_whatever_happens() {
        let mut control = Control::new(Congestion::Cubic, 65483);
        let mut seed = 1u32;
        for round in 0..100_000u64 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            match seed >> 29 {
                0 if seed & 0xff00 == 0 => control.reduce(seed >> 3, 65483),
                1 if seed & 0xff00 == 0 => control.restart(65483),
                _ => control.acknowledged(seed >> 12, 65483, round * u64::from(seed & 0xff), seed >> 8),
            }
            assert!(control.window > 0 && control.window <= LARGEST && control.threshold >= 2 * 65483);
        }
    }
}
