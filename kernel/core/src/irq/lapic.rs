//! The local APIC: this processor's timer, interrupts to other processors, end of interrupt (Intel
//! SDM volume 3, chapter 11). The ways to its registers are rows of a table: through memory
//! (xAPIC), or model-specific registers (x2APIC).

#[cfg(kernel)]
use core::sync::atomic::{AtomicU8, AtomicU64, Ordering};

/// Offsets of registers, as in xAPIC's page.
mod register {
    pub(super) const ID: u32 = 0x20;
    pub(super) const TASK_PRIORITY: u32 = 0x80;
    pub(super) const END: u32 = 0xb0;
    pub(super) const SPURIOUS: u32 = 0xf0;
    pub(super) const COMMAND: u32 = 0x300;
    pub(super) const COMMAND_HIGH: u32 = 0x310;
    pub(super) const TIMER: u32 = 0x320;
    pub(super) const INITIAL_COUNT: u32 = 0x380;
    pub(super) const COUNT: u32 = 0x390;
    pub(super) const DIVIDE: u32 = 0x3e0;
}

/// Rows in the table of local interrupt controllers.
pub const ROWS: usize = 2;

/// A row of that table: a way to the registers.
pub struct Access {
    /// Whether this processor has it; if so, it is switched on.
    pub enable: fn() -> bool,
    /// Reads the register at an offset.
    pub read: fn(u32) -> u32,
    /// Writes the register at an offset.
    pub write: fn(u32, u32),
    /// This processor's identifier.
    pub id: fn() -> u32,
    /// Writes the command register: the destination's identifier, and the low word.
    pub command: fn(u32, u32),
}

/// How the timer is told a deadline.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Program {
    /// Count down from here.
    Count(u32),
    /// Until the time stamp counter is here.
    Deadline(u64),
}

/// The count for a deadline `ahead` nanoseconds from now, of a counter with `frequency` counts a
/// second: at least 1, at most what the counter holds (then the interrupt comes early, and the
/// timer is set again).
pub(crate) fn count_for(ahead: u64, frequency: u64) -> u32 {
    let count = u128::from(ahead) * u128::from(frequency) / 1_000_000_000;
    u32::try_from(count).unwrap_or(u32::MAX).max(1)
}

/// What a deadline at `nanoseconds` asks of the timer. `deadline_mode` turns it into ticks of the time
/// stamp counter, where the timer can do that.
pub(crate) fn plan(
    nanoseconds: u64,
    now: impl FnOnce() -> u64,
    frequency: u64,
    deadline_mode: Option<impl FnOnce(u64) -> Option<u64>>,
) -> Program {
    if let Some(ticks) = deadline_mode.and_then(|ticks_at| ticks_at(nanoseconds)) {
        // Zero would switch it off.
        return Program::Deadline(ticks.max(1));
    }
    Program::Count(count_for(nanoseconds.saturating_sub(now()), frequency))
}

/// The model-specific register of x2APIC for a register's offset.
pub(crate) const fn x2apic_register(offset: u32) -> u32 {
    0x800 + (offset >> 4)
}

/// The command of x2APIC: the destination in the upper half.
pub(crate) const fn x2apic_command(destination: u32, low: u32) -> u64 {
    (destination as u64) << 32 | low as u64
}

#[cfg(kernel)]
mod machine {
    use super::{register, *};
    use crate::memory;
    use crate::table::Table;
    use hal::cpu::{cpuid, pause, read_msr, write_msr};
    use hal::mem::{DIRECT_BASE, PhysAddr};
    use hal::mmio::{read32, write32};

    const IA32_APIC_BASE: u32 = 0x1b;
    const ENABLED: u64 = 1 << 11;
    const X2APIC_MODE: u64 = 1 << 10;
    const IA32_TSC_DEADLINE: u32 = 0x6e0;
    /// In the timer's register.
    const MASKED: u32 = 1 << 16;
    const DEADLINE_MODE: u32 = 2 << 17;
    /// Divide by 16.
    const DIVIDE_BY_16: u32 = 3;
    /// The command register: the last command has not been sent yet.
    const PENDING: u32 = 1 << 12;

    unsafe extern "Rust" {
        /// The ways to the registers, in order of preference.
        safe static table_interrupt: Table<Access, ROWS>;
    }

    /// Through model-specific registers.
    pub static X2APIC: Access = Access {
        enable: || {
            if cpuid(1, 0).ecx & 1 << 21 == 0 {
                return false;
            }
            // SAFETY: the processor has the mode.
            unsafe { write_msr(IA32_APIC_BASE, read_msr(IA32_APIC_BASE) | ENABLED | X2APIC_MODE) };
            true
        },
        // SAFETY: the mode is on, and the registers are the kernel's.
        read: |offset| unsafe { read_msr(x2apic_register(offset)) } as u32,
        // SAFETY: as above.
        id: || unsafe { read_msr(x2apic_register(register::ID)) } as u32,
        // SAFETY: as above.
        write: |offset, value| unsafe { write_msr(x2apic_register(offset), value.into()) },
        command: |destination, low| {
            // SAFETY: as above.
            unsafe { write_msr(x2apic_register(register::COMMAND), x2apic_command(destination, low)) };
        },
    };

    /// Through a page of memory.
    pub static XAPIC: Access = Access {
        enable: || {
            if cpuid(1, 0).edx & 1 << 9 == 0 {
                return false;
            }
            // SAFETY: the processor has a local APIC.
            unsafe { write_msr(IA32_APIC_BASE, read_msr(IA32_APIC_BASE) | ENABLED) };
            memory::map_device(PhysAddr(XAPIC_PAGE), 4096).is_some()
        },
        // SAFETY: the page is mapped, and the registers are the kernel's.
        read: |offset| unsafe { read32(xapic(offset)) },
        // SAFETY: as above.
        id: || unsafe { read32(xapic(register::ID)) } >> 24,
        // SAFETY: as above.
        write: |offset, value| unsafe { write32(xapic(offset), value) },
        command: |destination, low| {
            // SAFETY: as above.
            unsafe {
                while read32(xapic(register::COMMAND)) & PENDING != 0 {
                    pause();
                }
                write32(xapic(register::COMMAND_HIGH), destination << 24);
                write32(xapic(register::COMMAND), low);
            }
        },
    };

    /// Where the page is, unless somebody moved it, which nobody does.
    const XAPIC_PAGE: u64 = 0xfee0_0000;

    fn xapic(offset: u32) -> *mut u32 {
        core::ptr::with_exposed_provenance_mut(DIRECT_BASE + XAPIC_PAGE as usize + offset as usize)
    }

    /// The row in use plus one, 0 before the first use, [`NONE`] if there is none.
    static CHOSEN: AtomicU8 = AtomicU8::new(0);
    const NONE: u8 = u8::MAX;
    /// Counts of the timer in a second.
    static FREQUENCY: AtomicU64 = AtomicU64::new(0);

    fn access() -> Option<&'static Access> {
        match CHOSEN.load(Ordering::Acquire) {
            0 => enable(),
            NONE => None,
            number => table_interrupt.rows().nth(usize::from(number) - 1),
        }
    }

    /// Switches this processor's local APIC on.
    pub(crate) fn enable() -> Option<&'static Access> {
        let found = table_interrupt.rows().enumerate().find(|(_, row)| (row.enable)());
        let Some((number, access)) = found else {
            CHOSEN.store(NONE, Ordering::Release);
            return None;
        };
        (access.write)(register::TASK_PRIORITY, 0);
        (access.write)(register::SPURIOUS, 1 << 8 | u32::from(crate::irq::SPURIOUS_VECTOR));
        (access.write)(register::DIVIDE, DIVIDE_BY_16);
        let mode = if has_deadline() { DEADLINE_MODE } else { 0 };
        (access.write)(register::TIMER, mode | u32::from(crate::irq::TIMER_VECTOR));
        CHOSEN.store(number as u8 + 1, Ordering::Release);
        Some(access)
    }

    fn has_deadline() -> bool {
        cpuid(1, 0).ecx & 1 << 24 != 0
    }

    /// Counts of the timer in a second, where that is known: under KVM and QEMU the timer's clock
    /// is 1 GHz.
    pub(crate) fn known_frequency() -> Option<u64> {
        access()?;
        if cpuid(1, 0).ecx & 1 << 31 == 0 {
            return None;
        }
        let name = cpuid(0x4000_0000, 0).ebx.to_le_bytes();
        (name == *b"KVMK" || name == *b"TCGT").then_some(1_000_000_000 / 16)
    }

    fn frequency() -> u64 {
        match FREQUENCY.load(Ordering::Relaxed) {
            0 => {
                let frequency = known_frequency().or_else(measured).unwrap_or(1_000_000_000 / 16);
                FREQUENCY.store(frequency, Ordering::Relaxed);
                frequency
            }
            frequency => frequency,
        }
    }

    fn measured() -> Option<u64> {
        count_down();
        let (start, end, nanoseconds) = crate::time::pit::measure(counter)?;
        Some(u64::from(start.wrapping_sub(end)) * 1_000_000_000 / nanoseconds)
    }

    /// Lets the timer count down from the top, without an interrupt for as long as a measurement takes.
    pub(crate) fn count_down() {
        if let Some(access) = access() {
            (access.write)(register::TIMER, MASKED | u32::from(crate::irq::TIMER_VECTOR));
            (access.write)(register::INITIAL_COUNT, u32::MAX);
        }
    }

    /// What the timer's counter holds.
    pub(crate) fn counter() -> u32 {
        access().map_or(0, |access| (access.read)(register::COUNT))
    }

    /// Sets this processor's timer for a point of the monotonic clock.
    pub(crate) fn set_timer(nanoseconds: u64) {
        let Some(access) = access() else { return };
        let deadline_mode = has_deadline().then_some(crate::time::ticks_at);
        let frequency = if deadline_mode.is_some() { 0 } else { frequency() };
        let line = u32::from(crate::irq::TIMER_VECTOR);
        match plan(nanoseconds, || crate::time::now().0, frequency, deadline_mode) {
            Program::Count(count) => {
                (access.write)(register::TIMER, line);
                (access.write)(register::INITIAL_COUNT, count);
            }
            Program::Deadline(ticks) => {
                (access.write)(register::TIMER, DEADLINE_MODE | line);
                // SAFETY: the processor has the register.
                unsafe { write_msr(IA32_TSC_DEADLINE, ticks) };
            }
        }
    }

    /// The interrupt in service is done with.
    pub(crate) fn end() {
        if let Some(access) = access() {
            (access.write)(register::END, 0);
        }
    }

    /// Sends a command to another processor's APIC: the low word of the command register.
    pub(crate) fn command(destination: u32, low: u32) {
        if let Some(access) = access() {
            (access.command)(destination, low);
        }
    }

    /// This processor's identifier, as messages and commands name it.
    pub(crate) fn id() -> u32 {
        access().map_or(0, |access| (access.id)())
    }
}
#[cfg(kernel)]
pub use machine::{X2APIC, XAPIC};
#[cfg(kernel)]
pub(crate) use machine::{command, count_down, counter, enable, end, id, known_frequency, set_timer};

#[cfg(test)]
mod tests {
    use super::*;

    const NO_DEADLINE: Option<fn(u64) -> Option<u64>> = None;

    #[test]
    fn a_deadline_becomes_a_count() {
        assert_eq!(plan(1_000_000, || 0, 62_500_000, NO_DEADLINE), Program::Count(62_500));
        assert_eq!(
            plan(5, || 10, 62_500_000, NO_DEADLINE),
            Program::Count(1),
            "one that has passed comes at once"
        );
        assert_eq!(plan(u64::MAX - 1, || 0, 62_500_000, NO_DEADLINE), Program::Count(u32::MAX));
    }

    #[test]
    fn where_the_timer_takes_deadlines_it_is_told_ticks() {
        let ticks = |nanoseconds: u64| Some(nanoseconds * 3);
        assert_eq!(plan(100, || 0, 0, Some(ticks)), Program::Deadline(300));
        assert_eq!(plan(0, || 0, 0, Some(ticks)), Program::Deadline(1), "0 would switch it off");
        // A clock without a scale: the count is used.
        assert_eq!(plan(16_000, || 0, 62_500_000, Some(|_| None)), Program::Count(1000));
    }

    #[test]
    fn x2apic_registers_and_commands() {
        assert_eq!(x2apic_register(register::COMMAND), 0x830);
        assert_eq!(x2apic_register(register::END), 0x80b);
        assert_eq!(x2apic_register(register::TIMER), 0x832);
        assert_eq!(x2apic_register(register::COUNT), 0x839);
        assert_eq!(x2apic_register(register::DIVIDE), 0x83e);
        assert_eq!(x2apic_command(0x1_0001, 0x4500), 0x0001_0001_0000_4500);
    }
}
