//! Clocks: nanoseconds since boot, and the wall clock over them.

use core::ops::{Add, Sub};

/// A point on the monotonic clock, in nanoseconds since boot.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Instant(pub u64);

impl Add<core::time::Duration> for Instant {
    type Output = Self;

    fn add(self, length: core::time::Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(length.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl Sub for Instant {
    type Output = core::time::Duration;

    fn sub(self, earlier: Self) -> core::time::Duration {
        core::time::Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}
