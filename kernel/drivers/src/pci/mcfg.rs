//! Where configuration space is memory-mapped: ACPI's MCFG table (PCI Firmware 3.2, section 4.1.2).

/// Memory-mapped configuration space of PCI segment 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ecam {
    /// Physical address of the first bus's.
    pub base: u64,
    /// First bus.
    pub first_bus: u8,
    /// Last bus.
    pub last_bus: u8,
}

/// Reads the MCFG table, header and all: the first entry of segment 0.
pub fn parse(table: &[u8]) -> Option<Ecam> {
    let entries = table.get(44..)?.as_chunks::<16>().0;
    let entry = entries.iter().find(|entry| entry[8] == 0 && entry[9] == 0)?;
    let base = u64::from_le_bytes(*entry.first_chunk()?);
    let ecam = Ecam { base, first_bus: entry[10], last_bus: entry[11] };
    (base != 0 && base & 0xfff == 0 && ecam.first_bus <= ecam.last_bus).then_some(ecam)
}

/// Where it is on this machine; none without the table, then ports are used.
pub fn find() -> Option<Ecam> {
    parse(kcore::acpi::table(b"MCFG")?)
}
