//! I/O APICs: interrupt lines become messages to a processor (Intel 82093AA).

use super::{Trigger, Vector, lapic};
use crate::acpi::{self, madt::IoApic, madt::Madt};
use crate::errno::{ENODEV, Result};
use crate::memory;
use crate::sync::SpinLock;
use hal::mem::PhysAddr;
use hal::mmio::{read32, write32};

/// Where the only one is, on machines that have no table to say so.
const DEFAULT: IoApic = IoApic { address: 0xfec0_0000, first_line: 0 };
const REGISTERS: usize = 0x20;
const VERSION: u32 = 1;
const REDIRECTION: u32 = 0x10;
const ACTIVE_LOW: u32 = 1 << 13;
const LEVEL: u32 = 1 << 15;

fn madt() -> Option<Madt<'static>> {
    Madt::of_table(acpi::table(b"APIC")?)
}

/// The controller's window: a register's number is written to the first word, then the register is
/// the word at 16. One user at a time.
static WINDOW: SpinLock<()> = SpinLock::new(());

fn registers(io: IoApic) -> Option<*mut u32> {
    memory::map_device(PhysAddr(io.address.into()), REGISTERS).map(<*mut u8>::cast)
}

/// The number of lines that a controller has.
fn lines(base: *mut u32) -> u32 {
    let _window = WINDOW.lock();
    // SAFETY: the controller's registers, mapped; the window is ours.
    unsafe {
        write32(base, VERSION);
        (read32(base.add(4)) >> 16 & 0xff) + 1
    }
}

/// Lets the interrupt line with global number `gsi` arrive at `vector`, on the processor that asks.
///
/// # Errors
/// [`ENODEV`] when no interrupt controller has that line.
pub fn route_gsi(gsi: u32, vector: Vector, trigger: Trigger) -> Result<()> {
    let has_line = |io: &IoApic| {
        let base = registers(*io)?;
        let line = gsi.checked_sub(io.first_line)?;
        (line < lines(base)).then_some((base, line))
    };
    let found = match madt() {
        Some(madt) => madt.io_apics().find_map(|io| has_line(&io)),
        None => has_line(&DEFAULT),
    };
    let (base, line) = found.ok_or(ENODEV)?;
    let mode = match trigger {
        Trigger::Edge => 0,
        Trigger::LevelHigh => LEVEL,
        Trigger::LevelLow => LEVEL | ACTIVE_LOW,
    };
    let destination = lapic::id() << 24;
    let _window = WINDOW.lock();
    // SAFETY: the controller's registers, mapped; the window is ours. The upper word goes first,
    // since the lower one unmasks the line.
    unsafe {
        write32(base, REDIRECTION + 2 * line + 1);
        write32(base.add(4), destination);
        write32(base, REDIRECTION + 2 * line);
        write32(base.add(4), mode | u32::from(vector.0));
    }
    Ok(())
}

/// The global number of an ISA interrupt line, and how it signals here.
pub fn isa_gsi(line: u8) -> (u32, Trigger) {
    madt().and_then(|madt| madt.isa_override(line)).unwrap_or((line.into(), Trigger::Edge))
}
