//! The 8254 interval timer, as something of known frequency to measure others with.

use hal::cpu::pause;
use hal::port::{read8, write8};

/// Its frequency, in hertz.
const FREQUENCY: u64 = 1_193_182;
/// How long a measurement takes, in its ticks: about 2 ms.
const TICKS: u16 = 2386;

const CHANNEL_2: u16 = 0x42;
const COMMAND: u16 = 0x43;
const GATE: u16 = 0x61;

/// Calls `sample` at two points in time; returns both results, and the nanoseconds between them.
/// `None` if there is no such timer.
pub(crate) fn measure<T>(sample: fn() -> T) -> Option<(T, T, u64)> {
    // SAFETY: the timer's second channel and its gate are used by nobody else.
    unsafe {
        // The gate on, the speaker off; mode 0: the output goes high when the count ends.
        write8(GATE, read8(GATE) & !2 | 1);
        write8(COMMAND, 0b1011_0000);
        write8(CHANNEL_2, TICKS as u8);
        write8(CHANNEL_2, (TICKS >> 8) as u8);
        let first = sample();
        for _ in 0..10_000_000u32 {
            if read8(GATE) & 0x20 != 0 {
                let nanoseconds = u64::from(TICKS) * 1_000_000_000 / FREQUENCY;
                return Some((first, sample(), nanoseconds));
            }
            pause();
        }
    }
    None
}
