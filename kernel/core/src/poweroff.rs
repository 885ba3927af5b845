//! Ways to switch the machine off, each a row of `table_poweroff`.

use crate::acpi::fadt::{self, Place, SoftOff, Switch};
use crate::process::PowerOff;
use crate::{acpi, memory};
use hal::mem::PhysAddr;
use hal::port::{read8, write8};
use hal::port::{read16, write16};

/// ACPI's soft-off state S5.
pub static ACPI: PowerOff = PowerOff {
    power_off: || {
        soft_off();
    },
};

fn soft_off() -> Option<()> {
    let table = acpi::table(b"FACP")?;
    let code = acpi::table_by_address(fadt::code_address(table)?)?;
    match fadt::soft_off(table, code)? {
        SoftOff::Reduced { register: Place::Port(port), value } => {
            // SAFETY: the machine is to stop.
            unsafe { write8(port, value) };
        }
        SoftOff::Reduced { register: Place::Memory(address), value } => {
            let register = memory::map_device(PhysAddr(address), 1)?;
            // SAFETY: the machine is to stop.
            unsafe { hal::mmio::write8(register, value) };
        }
        SoftOff::Full { ports: [first, second], values } => {
            switch_acpi_on(table)?;
            // SAFETY: the machine is to stop.
            unsafe {
                write16(first, values[0]);
                if second != 0 {
                    write16(second, values[1]);
                }
            }
        }
    }
    wait();
    Some(())
}

/// Takes the power management ports over from firmware, if it has them; `table` is the fixed description.
pub(crate) fn switch_acpi_on(table: &[u8]) -> Option<()> {
    let Switch { control, command } = fadt::switch(table)?;
    // SAFETY: the ports of power management are the kernel's. Bit 0 of the control register: ACPI is on.
    unsafe {
        if let Some((port, value)) = command.filter(|_| read16(control) & 1 == 0) {
            write8(port, value);
            for _ in 0..100_000 {
                if read16(control) & 1 != 0 {
                    break;
                }
                hal::cpu::pause();
            }
        }
    }
    Some(())
}

/// Gives the machine time to stop.
fn wait() {
    for _ in 0..100_000 {
        hal::cpu::pause();
    }
}

/// The keyboard controller's pulse on the reset line, which a monitor takes as the end (Firecracker;
/// QEMU with `-no-reboot`).
pub static I8042_RESET: PowerOff = PowerOff { power_off: i8042_reset };

fn i8042_reset() {
    const COMMAND: u16 = 0x64;
    const PULSE_RESET: u8 = 0xfe;
    // SAFETY: the machine is to stop.
    unsafe {
        for _ in 0..1000 {
            if read8(COMMAND) & 2 == 0 {
                break;
            }
        }
        write8(COMMAND, PULSE_RESET);
    }
    wait();
}

/// A fault that can't be delivered: the processor shuts down, and the machine resets.
pub static TRIPLE_FAULT: PowerOff = PowerOff { power_off: hal::trap::triple_fault };
