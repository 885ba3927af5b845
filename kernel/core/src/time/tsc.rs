//! The time stamp counter as a clock.

use super::machine::{Clock, Row};
use super::pit;
use super::scale::Scale;
use crate::irq::lapic;
use crate::sync::Once;
use hal::cpu::{cpuid, tsc};

/// The time stamp counter.
pub static TSC: Row = Row { probe };

struct TscClock {
    scale: Scale,
}

static CLOCK: Once<Option<TscClock>> = Once::new();

fn probe() -> Option<&'static dyn Clock> {
    CLOCK.get_or_init(find).as_ref().map(|clock| clock as &dyn Clock)
}

fn find() -> Option<TscClock> {
    let hertz = told().or_else(measured)?;
    Some(TscClock { scale: Scale::of_frequency(hertz)? })
}

/// The frequency, where the processor or the hypervisor says it.
fn told() -> Option<u64> {
    // Leaf 21: the ratio to a crystal, and the crystal's frequency.
    let ratio = cpuid(0x15, 0);
    if ratio.eax != 0 && ratio.ebx != 0 && ratio.ecx != 0 {
        return Some(u64::from(ratio.ecx) * u64::from(ratio.ebx) / u64::from(ratio.eax));
    }
    // Leaf 0x4000_0010: VMware's, KVM's and others' frequency in kHz.
    let hypervised = cpuid(1, 0).ecx & 1 << 31 != 0;
    let kilohertz = if hypervised { cpuid(0x4000_0010, 0).eax } else { 0 };
    (kilohertz != 0).then(|| u64::from(kilohertz) * 1000)
}

/// How long to measure against the local APIC's timer, in nanoseconds.
const WINDOW: u64 = 200_000;

/// The frequency against a timer that has a known one.
fn measured() -> Option<u64> {
    if let Some(frequency) = lapic::known_frequency() {
        lapic::count_down();
        let (start, counted_start) = sample();
        loop {
            let (now, counted) = sample();
            let ticks = u64::from(counted_start.wrapping_sub(counted));
            let nanoseconds = ticks * 1_000_000_000 / frequency;
            if nanoseconds >= WINDOW {
                return (now.wrapping_sub(start)).checked_mul(1_000_000_000)?.checked_div(nanoseconds);
            }
        }
    }
    let (start, end, nanoseconds) = pit::measure(tsc)?;
    end.wrapping_sub(start).checked_mul(1_000_000_000)?.checked_div(nanoseconds)
}

/// The counter and the local APIC's at the same time: of a few readings, the one taken fastest.
fn sample() -> (u64, u32) {
    let mut best = (u64::MAX, (0, 0));
    for _ in 0..4 {
        let before = tsc();
        let counted = lapic::counter();
        let after = tsc();
        let took = after.wrapping_sub(before);
        if took < best.0 {
            best = (took, (before.wrapping_add(took / 2), counted));
        }
    }
    best.1
}

impl Clock for TscClock {
    fn nanoseconds(&self) -> u64 {
        self.scale.nanoseconds(tsc())
    }

    fn scale(&self) -> Option<Scale> {
        Some(self.scale)
    }

    fn wall_clock_at_zero(&self) -> Option<(i64, u32)> {
        None
    }
}
