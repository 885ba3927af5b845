//! Ways to switch the machine off, each a row of `table_poweroff`.

use crate::process::PowerOff;
use hal::port::{read8, write8};

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
    for _ in 0..10_000 {
        hal::cpu::pause();
    }
}

/// A fault that can't be delivered: the processor shuts down, and the machine resets.
pub static TRIPLE_FAULT: PowerOff = PowerOff { power_off: hal::trap::triple_fault };
