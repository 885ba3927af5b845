//! Where the power button is, by what tables say of it.

use crate::irq::Trigger;

use super::resource::{after, interrupt};
use super::{u32_at, u64_at};

/// The button of a machine with ACPI's fixed hardware (section 4.8.2.2.1): a bit of the power
/// management events.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Fixed {
    /// The port of the status word; bits are cleared by writing ones.
    pub(crate) status: u16,
    /// The port of the word that enables them.
    pub(crate) enable: u16,
    /// The ISA line of ACPI's interrupt.
    pub(crate) line: u8,
}

impl Fixed {
    /// The bit, in both words.
    pub(crate) const PRESSED: u16 = 1 << 8;

    /// By the fixed description; none if the button is a device of its own, or there is no such hardware.
    pub(crate) fn of_table(table: &[u8]) -> Option<Self> {
        const BUTTON_IS_A_DEVICE: u32 = 1 << 4;
        const HARDWARE_REDUCED: u32 = 1 << 20;
        if u32_at(table, 112)? & (BUTTON_IS_A_DEVICE | HARDWARE_REDUCED) != 0 {
            return None;
        }
        let status = u16::try_from(u32_at(table, 56)?).ok().filter(|&port| port != 0)?;
        let length = u16::from(*table.get(88)?);
        let line = u8::try_from(u16::from_le_bytes([*table.get(46)?, *table.get(47)?])).ok()?;
        Some(Self { status, enable: status.checked_add(length / 2)?, line })
    }
}

/// The generic event device of QEMU's machines with reduced hardware: reading its register tells
/// which events there were, and forgets them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Generic {
    /// Physical address of the register, 32 bits.
    pub(crate) register: u64,
    /// Its interrupt's global number.
    pub(crate) interrupt: u32,
    /// How that signals.
    pub(crate) trigger: Trigger,
}

impl Generic {
    /// The event of the power button.
    pub(crate) const PRESSED: u32 = 1 << 1;

    /// By the table with the machine's code: an `ACPI0013`, whose register is an operation region
    /// in memory (section 20.2.5.2).
    pub(crate) fn of_code(code: &[u8]) -> Option<Self> {
        let device = after(code, b"ACPI0013\0")?;
        let (interrupt, trigger) = interrupt(device)?;
        // OperationRegion (name, SystemMemory, address, …).
        let region = after(device, &[0x5b, 0x80])?;
        let register = match *region.get(4..6)? {
            [0, 0x0c] => u32_at(region, 6)?.into(),
            [0, 0x0e] => u64_at(region, 6)?,
            _ => return None,
        };
        Some(Self { register, interrupt, trigger })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_hardware_has_a_bit_for_it() {
        let mut table = vec![0; 276];
        table[46] = 9;
        table[56..60].copy_from_slice(&0x600u32.to_le_bytes());
        table[88] = 4;
        assert_eq!(Fixed::of_table(&table), Some(Fixed { status: 0x600, enable: 0x602, line: 9 }));
        table[112] = 1 << 4;
        assert_eq!(Fixed::of_table(&table), None);
        table[112] = 0;
        table[56..60].fill(0);
        assert_eq!(Fixed::of_table(&table), None);
        assert_eq!(Fixed::of_table(&table[..80]), None);
    }

    #[test]
    fn an_event_device_has_a_register() {
        // As QEMU's microvm writes it.
        let mut code =
            b"\x5b\x82\x4fGED\0\x08_HID\x0dACPI0013\0\x08_UID\x0dGED\0\x08_CRS\x11\x0e\x0a\x0b".to_vec();
        code.extend([0x89, 6, 0, 0b11, 1, 9, 0, 0, 0, 0x79, 0]);
        code.extend(b"\x5b\x80EREG\0\x0c\0\0\xa0\xfe\x0a\x04");
        let expected = Generic { register: 0xfea0_0000, interrupt: 9, trigger: Trigger::Edge };
        assert_eq!(Generic::of_code(&code), Some(expected));
        for length in 0..code.len() - 2 {
            assert_eq!(Generic::of_code(&code[..length]), None);
        }
    }
}
