//! ACPI's static tables (ACPI specification 6.5, chapter 5). Nothing is interpreted: of the AML code
//! only the constants of the `\_S5` package are looked for.
//!
//! Tables are found when somebody asks for one; a machine without ACPI has none.

#![cfg_attr(not(kernel), allow(dead_code, reason = "read by the machine's code; tested on the host"))]

#[cfg_attr(not(kernel), allow(dead_code, reason = "read by the machine's code; tested on the host"))]
pub(crate) mod button;
#[cfg_attr(not(kernel), allow(dead_code, reason = "read by the machine's code; tested on the host"))]
pub(crate) mod fadt;
#[cfg_attr(not(kernel), allow(dead_code, reason = "read by the machine's code; tested on the host"))]
pub(crate) mod madt;
pub mod resource;

/// Bytes of the header that every table begins with.
pub const HEADER: usize = 36;

/// Gives the bytes at a physical address, as many as asked for.
type Memory<'a> = &'a dyn Fn(u64, usize) -> Option<&'a [u8]>;

fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(offset..)?.first_chunk()?))
}

fn u64_at(bytes: &[u8], offset: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(offset..)?.first_chunk()?))
}

fn sums_to_zero(bytes: &[u8]) -> bool {
    bytes.iter().fold(0u8, |sum, &byte| sum.wrapping_add(byte)) == 0
}

/// The table at an address, header and all, if it is whole.
fn table_at<'a>(memory: Memory<'a>, address: u64) -> Option<&'a [u8]> {
    let length = u32_at(memory(address, HEADER)?, 4)? as usize;
    if !(HEADER..=1 << 24).contains(&length) {
        return None;
    }
    memory(address, length).filter(|table| sums_to_zero(table))
}

/// The table with this signature, below the root pointer at `root`.
fn find<'a>(memory: Memory<'a>, root: u64, signature: &[u8; 4]) -> Option<&'a [u8]> {
    let pointer = memory(root, 20)?;
    if !pointer.starts_with(b"RSD PTR ") || !sums_to_zero(pointer) {
        return None;
    }
    // Revision 2 has a table of 64-bit addresses.
    let extended =
        (pointer[15] >= 2).then(|| memory(root, 36)).flatten().and_then(|pointer| u64_at(pointer, 24));
    let (list, width) = match extended.filter(|&address| address != 0) {
        Some(address) => (table_at(memory, address)?, 8),
        None => (table_at(memory, u32_at(pointer, 16)?.into())?, 4),
    };
    list.get(HEADER..)?.chunks_exact(width).find_map(|entry| {
        let address = if width == 8 { u64_at(entry, 0)? } else { u32_at(entry, 0)?.into() };
        memory(address, HEADER)?.starts_with(signature).then(|| table_at(memory, address))?
    })
}

#[cfg(kernel)]
mod machine {
    use super::{find, table_at};
    use crate::{boot, memory};
    use hal::mem::PhysAddr;

    /// Where firmware leaves the root pointer, if the boot loader does not say.
    const SEARCHED: core::ops::Range<u64> = 0xe_0000..0x10_0000;

    fn bytes(address: u64, length: usize) -> Option<&'static [u8]> {
        memory::map_firmware(PhysAddr(address), length)
    }

    fn root() -> Option<u64> {
        if let Some(address) = boot::info().acpi_root {
            return Some(address.0);
        }
        let area = bytes(SEARCHED.start, (SEARCHED.end - SEARCHED.start) as usize)?;
        let found = area.chunks_exact(16).position(|chunk| chunk.starts_with(b"RSD PTR "))?;
        Some(SEARCHED.start + found as u64 * 16)
    }

    /// The table with this signature, header and all; `None` if there is none.
    pub fn table(signature: &[u8; 4]) -> Option<&'static [u8]> {
        find(&bytes, root()?, signature)
    }

    /// The table at a physical address that another table names.
    pub(crate) fn table_by_address(address: u64) -> Option<&'static [u8]> {
        table_at(&bytes, address)
    }
}
#[cfg(kernel)]
pub use machine::table;
#[cfg(kernel)]
pub(crate) use machine::table_by_address;

/// The code of the DSDT, header and all: AML, in which devices without a bus are described.
pub fn definition_block() -> Option<&'static [u8]> {
    #[cfg(kernel)]
    return table_by_address(fadt::code_address(table(b"FACP")?)?);
    #[cfg(not(kernel))]
    None
}

/// The table with this signature; there is none on the host.
#[cfg(not(kernel))]
pub fn table(_signature: &[u8; 4]) -> Option<&'static [u8]> {
    None
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A table with a right length and checksum.
    pub(crate) fn table_of(signature: &[u8; 4], contents: &[u8]) -> Vec<u8> {
        let mut table = vec![0; HEADER];
        table[..4].copy_from_slice(signature);
        table.extend_from_slice(contents);
        let length = table.len() as u32;
        table[4..8].copy_from_slice(&length.to_le_bytes());
        table[9] = table.iter().fold(0u8, |sum, &byte| sum.wrapping_sub(byte));
        table
    }

    fn machine(revision: u8) -> Vec<u8> {
        let mut memory = vec![0u8; 0x4000];
        let mut put = |at: usize, bytes: &[u8]| memory[at..at + bytes.len()].copy_from_slice(bytes);
        put(0x2000, &table_of(b"APIC", &[1, 2, 3]));
        put(0x3000, &table_of(b"FACP", &[]));
        put(0x1000, &table_of(b"RSDT", &[0, 0x30, 0, 0, 0, 0x20, 0, 0]));
        let addresses: Vec<u8> =
            [0x3000u64, 0x2000].iter().flat_map(|address| address.to_le_bytes()).collect();
        put(0x1800, &table_of(b"XSDT", &addresses));
        let mut root = b"RSD PTR \0BOCHS \0\0\x10\0\0\x24\0\0\0\0\x18\0\0\0\0\0\0\0\0\0\0".to_vec();
        root[15] = revision;
        root[8] = root[..20].iter().fold(0u8, |sum, &byte| sum.wrapping_sub(byte));
        put(0x100, &root);
        memory
    }

    #[test]
    fn tables_are_found_through_either_list() {
        for revision in [0, 2] {
            let memory = machine(revision);
            let read = |address: u64, length: usize| memory.get(address as usize..address as usize + length);
            assert_eq!(find(&read, 0x100, b"APIC").unwrap()[HEADER..], [1, 2, 3]);
            assert!(find(&read, 0x100, b"FACP").is_some());
            assert!(find(&read, 0x100, b"HPET").is_none());
        }
    }

    #[test]
    fn a_damaged_table_is_not_used() {
        let mut memory = machine(2);
        memory[0x2000 + HEADER] = 9;
        let read = |address: u64, length: usize| memory.get(address as usize..address as usize + length);
        assert!(find(&read, 0x100, b"APIC").is_none());
        assert!(find(&read, 0x104, b"FACP").is_none());
        assert!(find(&read, 0x3fff, b"FACP").is_none());
    }
}
