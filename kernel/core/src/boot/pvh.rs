//! PVH's start information (`xen/include/public/arch-x86/hvm/start_info.h`).

use super::memory_map::{BootInfo, MemoryRange, Row, bytes_at, reserve};
use hal::mem::{PhysAddr, phys_to_virt};

/// `hvm_start_info`, version 1.
#[repr(C)]
struct StartInfo {
    magic: u32,
    version: u32,
    flags: u32,
    module_count: u32,
    modules: u64,
    command_line: u64,
    acpi_root: u64,
    memory_map: u64,
    memory_map_entries: u32,
    reserved: u32,
}

/// `hvm_modlist_entry`.
#[repr(C)]
struct Module {
    address: u64,
    size: u64,
    command_line: u64,
    reserved: u64,
}

/// `hvm_memmap_table_entry`.
#[repr(C)]
struct MemoryMapEntry {
    address: u64,
    size: u64,
    kind: u32,
    reserved: u32,
}

const MAGIC: u32 = 0x336e_c578;
const RAM: u32 = 1;
/// The information has to be in what the entry code has mapped.
const MAPPED: u64 = 1 << 30;
/// As long as Linux takes them, COMMAND_LINE_SIZE on x86.
const LONGEST_COMMAND_LINE: usize = 2048;

/// PVH, as QEMU, Firecracker, Cloud Hypervisor and Xen use it.
pub static PVH: Row = Row { protocol: hal::boot::PROTOCOL_PVH, parse };

fn parse(address: u64) -> Option<BootInfo> {
    // SAFETY: the protocol says that the structure is there; it is only read.
    let start =
        (address < MAPPED).then(|| unsafe { &*phys_to_virt(PhysAddr(address)).cast::<StartInfo>() })?;
    if start.magic != MAGIC || start.version == 0 || start.memory_map >= MAPPED {
        return None;
    }
    reserve(address..address + size_of::<StartInfo>() as u64);
    let count = start.memory_map_entries as usize;
    reserve(start.memory_map..start.memory_map + (count * size_of::<MemoryMapEntry>()) as u64);
    let mut command_line: &[u8] = &[];
    if start.command_line != 0 && start.command_line < MAPPED {
        // SAFETY: the protocol says that a string is there.
        let bytes = unsafe { bytes_at(start.command_line, LONGEST_COMMAND_LINE) };
        let length = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
        command_line = bytes.get(..length).unwrap_or(&[]);
        reserve(start.command_line..start.command_line + length as u64 + 1);
    }
    let mut module = None;
    if start.module_count != 0 && start.modules < MAPPED {
        // SAFETY: the protocol says that there is a list of that many modules.
        let entry = unsafe { &*phys_to_virt(PhysAddr(start.modules)).cast::<Module>() };
        reserve(entry.address..entry.address + entry.size);
        // SAFETY: the protocol says that the module is there; memory.rs maps what is beyond the
        // first GB before anybody reads it.
        module = Some(unsafe { bytes_at(entry.address, entry.size as usize) });
    }
    Some(BootInfo {
        command_line,
        module,
        acpi_root: (start.acpi_root != 0).then_some(PhysAddr(start.acpi_root)),
        list: start.memory_map as usize,
        count,
        entry,
    })
}

fn entry(list: usize, index: usize) -> Option<MemoryRange> {
    let entries = phys_to_virt(PhysAddr(list as u64)).cast::<MemoryMapEntry>();
    // SAFETY: the protocol's list, which is kept; the caller stays within its count.
    let entry = unsafe { &*entries.add(index) };
    (entry.kind == RAM).then(|| entry.address..entry.address.saturating_add(entry.size))
}
