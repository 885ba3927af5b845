//! Clocks: nanoseconds since boot, and the wall clock over them.

#[cfg_attr(not(kernel), allow(dead_code, reason = "read by the machine's clocks; tested on the host"))]
pub mod calendar;
#[cfg(not(kernel))]
mod host;
#[cfg_attr(not(kernel), allow(dead_code, reason = "the machine's clocks; tested on the host"))]
pub mod kvmclock;
#[cfg(kernel)]
mod machine;
#[cfg(kernel)]
pub mod pit;
#[cfg_attr(not(kernel), allow(dead_code, reason = "the machine's clocks; tested on the host"))]
mod scale;
pub mod timer;
#[cfg(kernel)]
pub mod tsc;

#[cfg(not(kernel))]
use host as source;
#[cfg(kernel)]
use machine as source;
#[cfg(kernel)]
pub use machine::{Clock, ROWS, Row};
#[cfg(kernel)]
pub(crate) use machine::{duration_of_ticks, started, ticks_at};

use core::ops::{Add, Sub};
use core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use core::time::Duration;

/// A point on the monotonic clock, in nanoseconds since boot.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Instant(pub u64);

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, length: Duration) -> Self {
        let nanoseconds =
            length.as_secs().saturating_mul(1_000_000_000).saturating_add(u64::from(length.subsec_nanos()));
        Self(self.0.saturating_add(nanoseconds))
    }
}

impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// Now, on the monotonic clock. The first call finds the clock to use.
#[must_use]
pub fn now() -> Instant {
    Instant(source::nanoseconds())
}

/// What to add to the monotonic clock, in nanoseconds, to get the time since 1970.
static WALL_OFFSET: AtomicU64 = AtomicU64::new(0);
/// Whether [`WALL_OFFSET`] is known.
static WALL_KNOWN: AtomicBool = AtomicBool::new(false);

/// The time since 1970-01-01 00:00:00 UTC: seconds, and nanoseconds of a second.
#[must_use]
pub fn realtime() -> (i64, u32) {
    let since_1970 = wall_offset().wrapping_add(now().0) as i64;
    (since_1970.div_euclid(1_000_000_000), since_1970.rem_euclid(1_000_000_000) as u32)
}

/// The instant at which the wall clock shows this time.
#[must_use]
pub fn instant_of_realtime(seconds: i64, nanoseconds: u32) -> Instant {
    let since_1970 = seconds.saturating_mul(1_000_000_000).saturating_add(i64::from(nanoseconds));
    Instant(since_1970.saturating_sub(wall_offset() as i64).max(0) as u64)
}

/// Sets the wall clock. Nothing outlives the guest, so no device is set.
fn set_realtime(seconds: i64, nanoseconds: u32) {
    let since_1970 = seconds.saturating_mul(1_000_000_000).saturating_add(i64::from(nanoseconds));
    WALL_OFFSET.store((since_1970 as u64).wrapping_sub(now().0), Ordering::Relaxed);
    WALL_KNOWN.store(true, Ordering::Release);
}

/// Called when the wall clock was set; 0 before somebody asks for that.
static ON_SET: AtomicUsize = AtomicUsize::new(0);

/// Lets `hook` be called whenever the program sets the wall clock.
pub fn on_set(hook: fn()) {
    ON_SET.store(hook as usize, Ordering::Release);
}

/// Sets the wall clock, and tells those who go by it.
pub fn change_realtime(seconds: i64, nanoseconds: u32) {
    set_realtime(seconds, nanoseconds);
    let hook = ON_SET.load(Ordering::Acquire);
    if hook != 0 {
        // SAFETY: a hook that is not 0 came from `on_set`.
        let hook: fn() = unsafe { core::mem::transmute(hook) };
        hook();
    }
}

fn wall_offset() -> u64 {
    if !WALL_KNOWN.load(Ordering::Acquire) {
        let (seconds, nanoseconds) = source::wall_clock();
        set_realtime(seconds, nanoseconds);
    }
    WALL_OFFSET.load(Ordering::Relaxed)
}
