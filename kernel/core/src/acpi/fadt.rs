//! The fixed description ("FACP"; section 5.2.9), as far as it is about switching off.

use super::{HEADER, u32_at, u64_at};

/// Where a register is (generic address structure, section 5.2.3.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    Port(u16),
    Memory(u64),
}

/// How the machine is switched off.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SoftOff {
    /// A byte to the sleep control register, of machines with reduced hardware.
    Reduced {
        /// The register.
        register: Place,
        /// What to write.
        value: u8,
    },
    /// A word to the control register of power management, and to a second one that some have.
    Full {
        /// The ports, 0 for none.
        ports: [u16; 2],
        /// What to write to each.
        values: [u16; 2],
    },
}

/// How power management is taken over from firmware (section 4.8.3.2.4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Switch {
    /// The port of the control register, whose bit 0 says that it is.
    pub(crate) control: u16,
    /// The port and value that ask for it; none where it always is.
    pub(crate) command: Option<(u16, u8)>,
}

const HARDWARE_REDUCED: u32 = 1 << 20;

fn place(table: &[u8], offset: usize) -> Option<Place> {
    let address = u64_at(table, offset + 4).filter(|&address| address != 0)?;
    match *table.get(offset)? {
        0 => Some(Place::Memory(address)),
        1 => u16::try_from(address).ok().map(Place::Port),
        _ => None,
    }
}

/// The physical address of the table with the machine's code.
pub(crate) fn code_address(table: &[u8]) -> Option<u64> {
    u64_at(table, 140).filter(|&address| address != 0).or_else(|| u32_at(table, 40).map(u64::from))
}

/// How to switch off, from this table and the one with the code.
pub(crate) fn soft_off(table: &[u8], code: &[u8]) -> Option<SoftOff> {
    let types = sleep_types(code.get(HEADER..)?)?;
    if u32_at(table, 112)? & HARDWARE_REDUCED != 0 {
        // Bit 5 puts to sleep, bits 2 to 4 say how deep.
        return Some(SoftOff::Reduced { register: place(table, 244)?, value: types[0] << 2 | 1 << 5 });
    }
    // The extended addresses are the same ports on every machine that has both.
    let port = |offset| u32_at(table, offset).map(|port| port as u16);
    let value = |sleep_type: u8| u16::from(sleep_type) << 10 | 1 << 13;
    Some(SoftOff::Full { ports: [port(64)?, port(68)?], values: types.map(value) })
}

/// How to take power management over.
pub(crate) fn switch(table: &[u8]) -> Option<Switch> {
    let port = |offset| u32_at(table, offset).map(|port| port as u16);
    let command = (port(48)? != 0).then_some((port(48)?, *table.get(52)?));
    Some(Switch { control: port(64)?, command })
}

/// The two values of the package `\_S5`: Name (_S5_, Package { a, b, … }) (section 20.2).
fn sleep_types(code: &[u8]) -> Option<[u8; 2]> {
    const NAME: u8 = 0x08;
    const PACKAGE: u8 = 0x12;
    let name = code.windows(4).position(|window| window == b"_S5_")?;
    let before = code.get(..name)?;
    if !before.ends_with(&[NAME]) && !before.ends_with(&[NAME, b'\\']) {
        return None;
    }
    let mut rest = code.get(name + 4..)?;
    let mut next = || {
        let (&byte, after) = rest.split_first()?;
        rest = after;
        Some(byte)
    };
    if next()? != PACKAGE {
        return None;
    }
    // The length: its first byte says how many follow; then the number of elements.
    for _ in 0..next()? >> 6 {
        next()?;
    }
    next()?;
    let mut integer = || match next()? {
        value @ 0..=1 => Some(value),
        0x0a => next(),
        _ => None,
    };
    Some([integer()?, integer().unwrap_or(0)])
}

#[cfg(test)]
mod tests {
    use super::super::tests::table_of;
    use super::*;

    fn table(fields: &[(usize, &[u8])]) -> Vec<u8> {
        let mut table = table_of(b"FACP", &[0; 276 - HEADER]);
        fields.iter().for_each(|(at, bytes)| table[*at..at + bytes.len()].copy_from_slice(bytes));
        table
    }

    #[test]
    fn a_pc_is_switched_off_through_its_port() {
        let table = table(&[(48, &[0xb2, 0, 0, 0]), (52, &[0xf1]), (64, &[4, 6, 0, 0])]);
        let code = table_of(b"DSDT", b"junk\x08_S5_\x12\x06\x04\x0a\x05\x0a\x05\x00\x00");
        let expected = SoftOff::Full { ports: [0x604, 0], values: [5 << 10 | 1 << 13; 2] };
        assert_eq!(soft_off(&table, &code), Some(expected));
        assert_eq!(switch(&table), Some(Switch { control: 0x604, command: Some((0xb2, 0xf1)) }));
        let code = table_of(b"DSDT", b"\x08\\_S5_\x12\x44\x00\x04\x00\x01");
        let Some(SoftOff::Full { values, .. }) = soft_off(&table, &code) else { panic!() };
        assert_eq!(values, [1 << 13, 1 << 10 | 1 << 13]);
    }

    #[test]
    fn reduced_hardware_has_a_register_for_it() {
        let flags = HARDWARE_REDUCED.to_le_bytes();
        let table = table(&[(112, &flags), (244, &[0, 8, 0, 1]), (248, &0xfea0_0200u64.to_le_bytes())]);
        let code = table_of(b"DSDT", b"\x08_S5_\x12\x06\x04\x0a\x05\x00\x00\x00");
        let expected = SoftOff::Reduced { register: Place::Memory(0xfea0_0200), value: 5 << 2 | 1 << 5 };
        assert_eq!(soft_off(&table, &code), Some(expected));
    }

    #[test]
    fn what_is_cut_short_says_nothing() {
        let table = table(&[]);
        let code = table_of(b"DSDT", b"\x08_S5_\x12\x06\x04\x0a");
        assert_eq!(soft_off(&table, &code), None);
        assert_eq!(soft_off(&table, &table_of(b"DSDT", b"x_S5_\x12\x06\x04\x00\x00")), None);
        assert_eq!(soft_off(&table[..100], &table_of(b"DSDT", b"\x08_S5_\x12\x06\x04\x00\x00")), None);
    }
}
