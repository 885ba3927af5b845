//! kvmclock: the host tells how its clock follows from the time stamp counter (Linux,
//! `Documentation/virt/kvm/x86/msr.rst` and `asm/pvclock-abi.h`).

use super::scale::Scale;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

/// `pvclock_vcpu_time_info`, which the host writes. `version` is odd while it does.
#[repr(C, align(64))]
pub(crate) struct TimeInfo {
    version: AtomicU32,
    padding: u32,
    tsc_timestamp: AtomicU64,
    system_time: AtomicU64,
    multiplier: AtomicU32,
    /// The shift in the low byte, flags in the next one.
    shift_and_flags: AtomicU32,
}

/// The counters of all processors agree.
const STABLE: u32 = 1;

impl TimeInfo {
    pub(crate) const fn new() -> Self {
        Self {
            version: AtomicU32::new(0),
            padding: 0,
            tsc_timestamp: AtomicU64::new(0),
            system_time: AtomicU64::new(0),
            multiplier: AtomicU32::new(0),
            shift_and_flags: AtomicU32::new(0),
        }
    }

    /// A consistent copy.
    pub(crate) fn read(&self) -> Option<Reading> {
        // The host writes for moments only; one that stopped in the middle is not waited for for ever.
        for _ in 0..1_000_000 {
            let before = self.version.load(Ordering::Acquire);
            let reading = Reading {
                tsc_timestamp: self.tsc_timestamp.load(Ordering::Relaxed),
                system_time: self.system_time.load(Ordering::Relaxed),
                scale: Scale::of_paravirtual(
                    self.multiplier.load(Ordering::Relaxed),
                    self.shift_and_flags.load(Ordering::Relaxed) as i8,
                ),
                stable: self.shift_and_flags.load(Ordering::Relaxed) >> 8 & STABLE != 0,
            };
            fence(Ordering::Acquire);
            if before & 1 == 0 && before != 0 && self.version.load(Ordering::Relaxed) == before {
                return Some(reading);
            }
            hal::cpu::pause();
        }
        None
    }
}

/// What the host says at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    tsc_timestamp: u64,
    system_time: u64,
    pub(crate) scale: Option<Scale>,
    pub(crate) stable: bool,
}

impl Reading {
    /// The host's clock, in nanoseconds, when the time stamp counter is at `tsc`.
    pub(crate) fn at(&self, tsc: u64) -> u64 {
        let passed = self.scale.map_or(0, |scale| scale.nanoseconds(tsc.saturating_sub(self.tsc_timestamp)));
        self.system_time.wrapping_add(passed)
    }
}

#[cfg(kernel)]
mod machine {
    use super::{Reading, TimeInfo};
    use crate::time::machine::{Clock, Row};
    use crate::time::scale::Scale;
    use hal::cpu::{cpuid, tsc, write_msr};
    use hal::mem::virt_to_phys;

    /// CPUID leaf of KVM's features, and the bits of the clock's newer registers and of its stability.
    const FEATURES: u32 = 0x4000_0001;
    const CLOCKSOURCE2: u32 = 1 << 3;
    const CLOCKSOURCE_STABLE: u32 = 1 << 24;
    const MSR_WALL_CLOCK: u32 = 0x4b56_4d00;
    const MSR_SYSTEM_TIME: u32 = 0x4b56_4d01;

    static INFO: TimeInfo = TimeInfo::new();
    static CLOCK: KvmClock = KvmClock;

    /// KVM's clock, where all processors may use the first one's figures.
    pub static KVMCLOCK: Row = Row { probe };

    struct KvmClock;

    fn probe() -> Option<&'static dyn Clock> {
        let name = cpuid(0x4000_0000, 0);
        let is_kvm = name.ebx == u32::from_le_bytes(*b"KVMK") && name.ecx == u32::from_le_bytes(*b"VMKV");
        let features = cpuid(FEATURES, 0).eax;
        if !is_kvm || features & CLOCKSOURCE2 == 0 || features & CLOCKSOURCE_STABLE == 0 {
            return None;
        }
        let place = virt_to_phys(&raw const INFO)?;
        // SAFETY: KVM has the register; the structure is the host's to write from now on.
        unsafe { write_msr(MSR_SYSTEM_TIME, place.0 | 1) };
        let reading = INFO.read()?;
        (reading.stable && reading.scale.is_some()).then_some(&CLOCK)
    }

    fn reading() -> Option<Reading> {
        INFO.read()
    }

    impl Clock for KvmClock {
        fn nanoseconds(&self) -> u64 {
            reading().map_or(0, |reading| reading.at(tsc()))
        }

        fn scale(&self) -> Option<Scale> {
            reading().and_then(|reading| reading.scale)
        }

        fn wall_clock_at_zero(&self) -> Option<(i64, u32)> {
            /// `pvclock_wall_clock`.
            #[repr(C, align(16))]
            struct WallClock {
                version: u32,
                seconds: u32,
                nanoseconds: u32,
            }
            let wall = WallClock { version: 0, seconds: 0, nanoseconds: 0 };
            let boxed = alloc::boxed::Box::new(wall);
            let place = virt_to_phys(&raw const *boxed)?;
            // SAFETY: KVM has the register, and writes the structure before it goes on with us.
            unsafe { write_msr(MSR_WALL_CLOCK, place.0) };
            // SAFETY: as above; the host has written it.
            let wall = unsafe { (&raw const *boxed).read_volatile() };
            (wall.version != 0 && wall.version & 1 == 0)
                .then_some((i64::from(wall.seconds), wall.nanoseconds))
        }
    }
}
#[cfg(kernel)]
pub use machine::KVMCLOCK;

#[cfg(test)]
mod tests {
    use super::*;

    /// What a host does when it updates the page.
    fn update(info: &TimeInfo, tsc: u64, time: u64, multiplier: u32, shift: i8, flags: u8) {
        info.version.fetch_add(1, Ordering::Relaxed);
        info.tsc_timestamp.store(tsc, Ordering::Relaxed);
        info.system_time.store(time, Ordering::Relaxed);
        info.multiplier.store(multiplier, Ordering::Relaxed);
        info.shift_and_flags.store(u32::from(shift as u8) | u32::from(flags) << 8, Ordering::Relaxed);
        info.version.fetch_add(1, Ordering::Release);
    }

    #[test]
    fn the_clock_follows_the_counter_at_the_hosts_rate() {
        let info = TimeInfo::new();
        // 2 GHz: a tick is half a nanosecond, 0x8000_0000 over 2^32.
        update(&info, 1000, 5_000_000, 0x8000_0000, 0, 1);
        let reading = info.read().unwrap();
        assert!(reading.stable);
        assert_eq!(reading.at(1000), 5_000_000);
        assert_eq!(reading.at(3000), 5_001_000);
        // A counter behind the host's timestamp does not turn time back.
        assert_eq!(reading.at(10), 5_000_000);
        // 500 MHz: two nanoseconds a tick.
        update(&info, 0, 0, 0x8000_0000, 2, 0);
        assert_eq!(info.read().unwrap().at(1000), 2000);
        // 8 GHz.
        update(&info, 0, 0, 0x8000_0000, -2, 0);
        assert_eq!(info.read().unwrap().at(8000), 1000);
    }

    #[test]
    fn a_page_being_written_is_read_again() {
        let info = std::sync::Arc::new(TimeInfo::new());
        update(&info, 1, 1, 0x8000_0000, 1, 1);
        let writer = std::thread::spawn({
            let info = info.clone();
            move || (1..100_000).for_each(|n| update(&info, n, n, 0x8000_0000, 1, 1))
        });
        for _ in 0..10_000 {
            let reading = info.read().unwrap();
            assert_eq!(reading.tsc_timestamp, reading.system_time);
        }
        writer.join().unwrap();
    }

    #[test]
    fn a_page_never_written_is_no_clock() {
        assert!(TimeInfo::new().read().is_none());
    }
}
