//! The table of processors and interrupt controllers ("APIC"; section 5.2.12).

use super::{HEADER, u32_at, u64_at};
use crate::irq::Trigger;

/// A list of entries.
#[derive(Clone, Copy)]
pub(crate) struct Madt<'a>(&'a [u8]);

/// An I/O APIC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct IoApic {
    /// The physical address of its registers.
    pub(crate) address: u32,
    /// The global number of its first line.
    pub(crate) first_line: u32,
}

impl<'a> Madt<'a> {
    /// Reads a whole table.
    pub(crate) fn of_table(table: &'a [u8]) -> Option<Self> {
        table.get(HEADER + 8..).map(Self)
    }

    /// The entries, each with its type and length in front.
    fn entries(self) -> impl Iterator<Item = &'a [u8]> {
        let mut rest = self.0;
        core::iter::from_fn(move || {
            let length = usize::from(*rest.get(1)?);
            let entry = rest.get(..length).filter(|_| length >= 2)?;
            rest = rest.get(length..)?;
            Some(entry)
        })
    }

    /// The local APIC identifiers of the processors that may be used.
    pub(crate) fn processors(self) -> impl Iterator<Item = u32> {
        self.entries().filter_map(|entry| {
            let (id, flags) = match entry.first()? {
                0 => (u32::from(*entry.get(3)?), u32_at(entry, 4)?),
                9 => (u32_at(entry, 4)?, u32_at(entry, 8)?),
                _ => return None,
            };
            (flags & 1 != 0).then_some(id)
        })
    }

    /// The I/O APICs.
    pub(crate) fn io_apics(self) -> impl Iterator<Item = IoApic> {
        self.entries()
            .filter(|entry| entry.first() == Some(&1))
            .filter_map(|entry| Some(IoApic { address: u32_at(entry, 4)?, first_line: u32_at(entry, 8)? }))
    }

    /// Where an ISA interrupt line went, and how it signals, if that is not as on the PC of old.
    pub(crate) fn isa_override(self, line: u8) -> Option<(u32, Trigger)> {
        let entry = self.entries().find(|entry| entry.starts_with(&[2]) && entry.get(3) == Some(&line))?;
        let flags = u32_at(entry, 6)? >> 16;
        // Bits 0 and 1: 3 is active low. Bits 2 and 3: 3 is level. Otherwise as on ISA.
        let trigger = match (flags & 3 == 3, flags >> 2 & 3 == 3) {
            (true, true) => Trigger::LevelLow,
            (false, true) => Trigger::LevelHigh,
            _ => Trigger::Edge,
        };
        Some((u32_at(entry, 4)?, trigger))
    }

    /// Where the local APICs' registers are, if an entry moves them.
    #[allow(dead_code, reason = "no machine that the kernel runs on moves them")]
    pub(crate) fn local_address(self) -> Option<u64> {
        self.entries().find(|entry| entry.first() == Some(&5)).and_then(|entry| u64_at(entry, 4))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::table_of;
    use super::*;

    fn table() -> Vec<u8> {
        let mut contents = vec![0, 0, 0xe0, 0xfe, 1, 0, 0, 0];
        contents.extend([0, 8, 0, 0, 1, 0, 0, 0]);
        contents.extend([0, 8, 1, 4, 1, 0, 0, 0]);
        contents.extend([0, 8, 2, 9, 0, 0, 0, 0]);
        contents.extend([9, 16, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0]);
        contents.extend([1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0]);
        contents.extend([1, 12, 1, 0, 0, 0, 0xc1, 0xfe, 24, 0, 0, 0]);
        contents.extend([2, 10, 0, 0, 2, 0, 0, 0, 0, 0]);
        contents.extend([2, 10, 0, 9, 9, 0, 0, 0, 0xd, 0]);
        table_of(b"APIC", &contents)
    }

    #[test]
    fn processors_controllers_and_overrides() {
        let table = table();
        let madt = Madt::of_table(&table).unwrap();
        assert_eq!(madt.processors().collect::<Vec<_>>(), [0, 4, 256]);
        let controllers: Vec<_> = madt.io_apics().map(|io| (io.address, io.first_line)).collect();
        assert_eq!(controllers, [(0xfec0_0000, 0), (0xfec1_0000, 24)]);
        assert_eq!(madt.isa_override(0), Some((2, Trigger::Edge)));
        assert_eq!(madt.isa_override(9), Some((9, Trigger::LevelHigh)));
        assert_eq!(madt.isa_override(4), None);
        assert_eq!(madt.local_address(), None);
    }

    #[test]
    fn a_list_cut_short_ends_there() {
        let table = table();
        for end in 0..table.len() {
            if let Some(madt) = Madt::of_table(&table[..end]) {
                assert!(madt.processors().count() <= 3);
                assert!(madt.io_apics().count() <= 2);
                madt.isa_override(9);
            }
        }
        let endless = table_of(b"APIC", &[0; 32]);
        assert_eq!(Madt::of_table(&endless).unwrap().processors().count(), 0);
    }
}
