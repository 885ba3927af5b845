//! From ticks of a counter to nanoseconds, and back, without division by a variable.

/// Nanoseconds = ticks * `multiplier` / 2^32.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Scale {
    multiplier: u64,
}

impl Scale {
    /// The scale of a counter with this many ticks a second; `None` for less than 1 MHz or more
    /// than 1 THz, which no such counter has.
    pub(crate) fn of_frequency(hertz: u64) -> Option<Self> {
        (1_000_000..=1_000_000_000_000)
            .contains(&hertz)
            .then(|| Self { multiplier: ((1_000_000_000u128 << 32) / u128::from(hertz)) as u64 })
    }

    /// The scale that a paravirtual clock gives: a multiplier over 2^32 after a shift by `shift`,
    /// to the left if it is positive.
    pub(crate) fn of_paravirtual(multiplier: u32, shift: i8) -> Option<Self> {
        let multiplier = u64::from(multiplier);
        let multiplier = match shift {
            0..=31 => multiplier << shift,
            -31..=-1 => multiplier >> -shift,
            _ => return None,
        };
        (multiplier != 0).then_some(Self { multiplier })
    }

    /// How long `ticks` are, in nanoseconds.
    #[inline]
    pub(crate) fn nanoseconds(self, ticks: u64) -> u64 {
        ((u128::from(ticks) * u128::from(self.multiplier)) >> 32) as u64
    }

    /// How many ticks there are in `nanoseconds`, rounded up.
    pub(crate) fn ticks(self, nanoseconds: u64) -> u64 {
        let ticks = (u128::from(nanoseconds) << 32).div_ceil(u128::from(self.multiplier));
        u64::try_from(ticks).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_is_a_second() {
        for hertz in [1_000_000, 1_000_000_000, 2_893_123_456, 5_000_000_000] {
            let scale = Scale::of_frequency(hertz).unwrap();
            let second = scale.nanoseconds(hertz);
            assert!((999_999_990..=1_000_000_000).contains(&second), "{hertz}: {second}");
            assert!(scale.nanoseconds(scale.ticks(123_456_789)).abs_diff(123_456_789) <= 1001);
        }
        assert_eq!(Scale::of_frequency(0), None);
    }

    #[test]
    fn long_times_do_not_overflow() {
        let scale = Scale::of_frequency(3_000_000_000).unwrap();
        let year = 365 * 86_400 * 3_000_000_000;
        assert_eq!(scale.nanoseconds(year) / 1_000_000_000, 365 * 86_400 - 1);
        assert_eq!(scale.ticks(u64::MAX), u64::MAX);
    }
}
