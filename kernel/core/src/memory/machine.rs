//! The kernel's own address space: the direct map, and the image with each part's rights.

use super::frames;
use crate::boot::BootInfo;
use core::ops::Range;
use hal::mem::{DIRECT_BASE, HEAP_SPAN, IMAGE_BASE, PhysAddr};
use hal::paging::{self, GLOBAL, NO_EXECUTE, PRESENT, WRITE};

unsafe extern "C" {
    // Defined by the linker script: where the image's parts begin and end, at pages.
    static image_start: u8;
    static text_end: u8;
    static rodata_end: u8;
    static image_end: u8;
}

/// The GB that the image lies in, in the table under the last entry of the top one.
const IMAGE_ENTRY: usize = 510;

/// Physical addresses of the kernel's image.
pub(crate) fn image() -> Range<u64> {
    // Only the addresses of these symbols mean anything.
    let (start, end) = (&raw const image_start, &raw const image_end);
    (start.addr() - IMAGE_BASE) as u64..(end.addr() - IMAGE_BASE) as u64
}

/// Whether `address` is in the kernel's code.
pub(crate) fn is_kernel_text(address: usize) -> bool {
    (&raw const image_start).addr() <= address && address < (&raw const text_end).addr()
}

fn frame() -> Option<PhysAddr> {
    frames::allocate(0)
}

/// Takes over the memory that the boot loader reports, and gives the image its rights.
///
/// # Safety
/// Called once, by the first processor.
pub unsafe fn initialise(info: &BootInfo) {
    crate::boot::reserve(image());
    // The first page holds the interrupt table of the firmware, the next one starts processors.
    crate::boot::reserve(0..0x2000);
    // SAFETY: called once; what is in use has been reserved.
    unsafe { frames::initialise(info) };
    protect_image();
    map_memory(info);
}

/// The image: text is executable, data is writable, nothing is both.
fn protect_image() {
    let top = hal::boot::top_table();
    let image_entry =
        hal::mem::phys_to_virt(hal::boot::image_table()).cast::<u64>().wrapping_add(IMAGE_ENTRY);
    let Some(table) = frame() else { return };
    let (text, rodata, data, end) =
        (&raw const image_start, &raw const text_end, &raw const rodata_end, &raw const image_end);
    let parts = [(text, rodata, 0), (rodata, data, NO_EXECUTE), (data, end, NO_EXECUTE | WRITE)];
    // SAFETY: the new table maps the same image at the same place before it is used; the tables are
    // ours, and this is the only processor.
    unsafe {
        hal::mem::phys_to_virt(table).write_bytes(0, hal::mem::PAGE_SIZE);
        // The new table is filled through a copy of the top level, since the kernel runs on the old one.
        let Some(scratch) = frame() else { return };
        let scratch_table = hal::mem::phys_to_virt(scratch).cast::<u64>();
        let Some(middle) = frame() else { return };
        let middle_table = hal::mem::phys_to_virt(middle).cast::<u64>();
        scratch_table.write_bytes(0, 512);
        middle_table.write_bytes(0, 512);
        scratch_table.add(511).write(middle.0 | PRESENT | WRITE);
        middle_table.add(IMAGE_ENTRY).write(table.0 | PRESENT | WRITE);
        for (start, end, bits) in parts {
            let range = (start.addr() - IMAGE_BASE) as u64..(end.addr() - IMAGE_BASE) as u64;
            let base = IMAGE_BASE;
            if !paging::map_linear(scratch, base, range, bits | GLOBAL, false, false, &mut frame) {
                return;
            }
        }
        image_entry.write_volatile(table.0 | PRESENT | WRITE);
        // The low half is the application's from here on; nothing runs at physical addresses.
        hal::mem::phys_to_virt(top).cast::<u64>().write_volatile(0);
        paging::flush_all();
        frames::release(scratch, 0);
        frames::release(middle, 0);
    }
}

/// The direct map, beyond the first GB.
fn map_memory(info: &BootInfo) {
    let huge_pages = hal::cpu::cpuid(0x8000_0001, 0).edx & 1 << 26 != 0;
    info.usable(&mut |range| {
        let range = range.start.max(1 << 30)..range.end.min(HEAP_SPAN as u64);
        if range.start < range.end {
            // Without memory for a table the frames beyond stay unmapped; but their tables take
            // less than a 512th of what has been mapped before.
            paging::map_linear(
                hal::boot::top_table(),
                DIRECT_BASE,
                range,
                WRITE,
                true,
                huge_pages,
                &mut frame,
            );
        }
    });
}

/// Serialises changes of the kernel's own page tables.
static DEVICES: crate::sync::SpinLock<()> = crate::sync::SpinLock::new(());

/// Makes device registers at a physical address visible to the kernel, uncached. Mapping them again
/// gives the same address.
pub fn map_device(address: PhysAddr, length: usize) -> Option<*mut u8> {
    let range = address.0..address.0.checked_add(length as u64)?;
    let _devices = DEVICES.lock();
    let bits = WRITE | NO_EXECUTE | paging::UNCACHED;
    paging::map_linear(hal::boot::top_table(), DIRECT_BASE, range, bits, false, false, &mut frame)
        .then(|| hal::mem::phys_to_virt(address))
}

/// Bytes that firmware left in memory, which may be outside of what the boot loader calls memory.
pub(crate) fn map_firmware(address: PhysAddr, length: usize) -> Option<&'static [u8]> {
    let range = address.0..address.0.checked_add(length as u64)?;
    if range.end > HEAP_SPAN as u64 {
        return None;
    }
    let _devices = DEVICES.lock();
    let mapped =
        paging::map_linear(hal::boot::top_table(), DIRECT_BASE, range, NO_EXECUTE, false, false, &mut frame);
    // SAFETY: the range is mapped, and nobody writes what firmware left.
    mapped.then(|| unsafe { core::slice::from_raw_parts(hal::mem::phys_to_virt(address), length) })
}

/// Whether a load from this address would work.
pub(crate) fn is_readable(address: usize) -> bool {
    paging::translate(hal::boot::top_table(), address).is_some()
}

/// Whether instructions can be fetched from this address: the kernel's code, or a mapping's.
pub(crate) fn is_executable(address: usize) -> bool {
    is_kernel_text(address) || (is_readable(address) && super::vm::is_executable(address))
}

/// The flush interrupt: forget everything, since telling what changed costs more than it saves.
pub(crate) fn flush_interrupt() {
    super::vm::flush_requested();
}
