//! The clock in use: the first row of the table that finds one.

use super::calendar::Date;
use super::scale::Scale;
use crate::sync::Once;
use crate::table::Table;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use hal::cpu::{pause, tsc};
use hal::port::{read8, write8};

/// Rows in the table of clocks.
pub const ROWS: usize = 2;

/// A row of the table of clocks.
pub struct Row {
    /// Finds the clock.
    pub probe: fn() -> Option<&'static dyn Clock>,
}

/// A monotonic clock.
pub trait Clock: Sync {
    /// Nanoseconds since a zero of its own.
    fn nanoseconds(&self) -> u64;

    /// How the time stamp counter's ticks become nanoseconds, if that is known.
    #[allow(private_interfaces, reason = "clocks are of this module")]
    fn scale(&self) -> Option<Scale>;

    /// The time since 1970 at the clock's zero, in seconds and nanoseconds, if it knows.
    fn wall_clock_at_zero(&self) -> Option<(i64, u32)>;
}

unsafe extern "Rust" {
    /// The clocks, in order of preference.
    safe static table_clock: Table<Row, ROWS>;
}

struct Chosen {
    clock: &'static dyn Clock,
    /// The clock's reading at boot.
    zero: u64,
    scale: Option<Scale>,
}

static CHOSEN: Once<Option<Chosen>> = Once::new();
/// The time stamp counter at boot.
static BOOT_TICKS: AtomicU64 = AtomicU64::new(0);

/// Notes that the kernel has started.
pub(crate) fn started() {
    BOOT_TICKS.store(tsc(), Ordering::Relaxed);
}

fn chosen() -> Option<&'static Chosen> {
    if let Some(chosen) = CHOSEN.get() {
        return chosen.as_ref();
    }
    CHOSEN
        .get_or_init(|| {
            let clock = table_clock.rows().find_map(|row| (row.probe)())?;
            let scale = clock.scale();
            let since_boot = tsc().saturating_sub(BOOT_TICKS.load(Ordering::Relaxed));
            let passed = scale.map_or(0, |scale| scale.nanoseconds(since_boot));
            Some(Chosen { clock, zero: clock.nanoseconds().saturating_sub(passed), scale })
        })
        .as_ref()
}

/// Nanoseconds since boot. A machine without any clock that the kernel knows still has time go
/// forwards: a nanosecond a tick.
pub(super) fn nanoseconds() -> u64 {
    match chosen() {
        Some(chosen) => chosen.clock.nanoseconds().saturating_sub(chosen.zero),
        None => tsc().saturating_sub(BOOT_TICKS.load(Ordering::Relaxed)),
    }
}

/// How long so many ticks of the time stamp counter are.
pub(crate) fn duration_of_ticks(ticks: u64) -> Duration {
    let scale = chosen().and_then(|chosen| chosen.scale);
    Duration::from_nanos(scale.map_or(ticks, |scale| scale.nanoseconds(ticks)))
}

/// The time stamp counter when the monotonic clock is at `nanoseconds`, if that can be known.
pub(crate) fn ticks_at(nanoseconds: u64) -> Option<u64> {
    let scale = chosen()?.scale?;
    let ahead = nanoseconds.saturating_sub(super::now().0);
    Some(tsc().saturating_add(scale.ticks(ahead)))
}

/// The time since 1970 now.
pub(super) fn wall_clock() -> (i64, u32) {
    if let Some(chosen) = chosen()
        && let Some((seconds, nanoseconds)) = chosen.clock.wall_clock_at_zero()
    {
        let since =
            Duration::from_nanos(chosen.clock.nanoseconds()) + Duration::from_nanos(nanoseconds.into());
        return (seconds + since.as_secs() as i64, since.subsec_nanos());
    }
    (real_time_clock().map_or(0, Date::seconds_since_1970), 0)
}

const RTC_INDEX: u16 = 0x70;
const RTC_DATA: u16 = 0x71;
const UPDATING: u8 = 0x80;

fn rtc(register: u8) -> u8 {
    // SAFETY: the clock's registers are read by nobody else; the index is set each time.
    unsafe {
        write8(RTC_INDEX, register);
        read8(RTC_DATA)
    }
}

/// The date that the real-time clock shows (MC146818).
fn real_time_clock() -> Option<Date> {
    let read = || [0, 2, 4, 7, 8, 9].map(rtc);
    for _ in 0..1_000_000u32 {
        // Read twice, so that an update in between is noticed.
        if rtc(10) & UPDATING == 0 {
            let (first, second) = (read(), read());
            if first == second {
                return Date::of_registers(first, rtc(11));
            }
        }
        pause();
    }
    None
}
