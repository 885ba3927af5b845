//! Addresses: the page size, physical addresses, and where physical memory is seen.
//!
//! | virtual address | what |
//! |---|---|
//! | `0x1000 …` | the application's half: its image, mappings, stacks |
//! | [`HEAP_BASE`] | physical memory again; `malloc` hands out addresses in here, which have the 47 bits that programs expect of a pointer |
//! | [`DIRECT_BASE`] | physical memory and devices, as the kernel addresses them |
//! | [`IMAGE_BASE`] | the kernel's image: virtual = physical + `IMAGE_BASE` |

/// Bytes in a page and in a page frame.
pub const PAGE_SIZE: usize = 4096;
/// log2 of [`PAGE_SIZE`].
pub const PAGE_SHIFT: u32 = 12;

/// Where physical address 0 appears to the kernel. On the host a "physical" address is a pointer.
pub const DIRECT_BASE: usize = if cfg!(kernel) { 0xffff_8000_0000_0000 } else { 0 };
/// Where physical address 0 appears in the addresses that the heap hands out.
pub const HEAP_BASE: usize = if cfg!(kernel) { 0x7f00_0000_0000 } else { 0 };
/// How much physical memory [`HEAP_BASE`] shows, in bytes: one entry of the top page table.
pub const HEAP_SPAN: usize = 512 << 30;
/// Where physical address 0 appears to the kernel's own code and data.
pub const IMAGE_BASE: usize = 0xffff_ffff_8000_0000;

/// A physical address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
#[repr(transparent)]
pub struct PhysAddr(pub u64);

/// Where the kernel sees `address`, which has to be memory of the memory map or a device mapped
/// with `paging::map_device`.
#[inline]
#[must_use]
pub fn phys_to_virt(address: PhysAddr) -> *mut u8 {
    core::ptr::with_exposed_provenance_mut(DIRECT_BASE.wrapping_add(address.0 as usize))
}

/// Clears a frame. By words: the processor does as well by bytes, but an emulator takes each for itself, and
/// which of them the compiler chooses depends on what it is told about size.
///
/// # Safety
/// Nothing uses the frame.
pub unsafe fn clear_frame(frame: PhysAddr) {
    // SAFETY: a frame's bytes at its address; the flags and other registers stay.
    unsafe {
        core::arch::asm!(
            "rep stosq",
            inout("rcx") PAGE_SIZE / 8 => _,
            inout("rdi") phys_to_virt(frame) => _,
            in("rax") 0u64,
            options(nostack, preserves_flags),
        );
    }
}

/// Copies a frame, as [`clear_frame`] clears one.
///
/// # Safety
/// Nothing uses the frame that is written, nor writes the other.
pub unsafe fn copy_frame(from: PhysAddr, to: PhysAddr) {
    // SAFETY: two frames' bytes at their addresses; the flags and other registers stay.
    unsafe {
        core::arch::asm!(
            "rep movsq",
            inout("rcx") PAGE_SIZE / 8 => _,
            inout("rsi") phys_to_virt(from) => _,
            inout("rdi") phys_to_virt(to) => _,
            options(nostack, preserves_flags),
        );
    }
}

/// The physical address behind an address of the direct map, of the heap or of the kernel's image;
/// device drivers use it for buffers. Addresses of the application's mappings have to be looked up
/// in the page tables instead (`paging::translate`); for these the answer is `None`.
#[inline]
#[must_use]
pub fn virt_to_phys<T: ?Sized>(pointer: *const T) -> Option<PhysAddr> {
    let address = pointer.cast::<u8>().expose_provenance();
    #[cfg(kernel)]
    let base = match address {
        IMAGE_BASE.. => IMAGE_BASE,
        DIRECT_BASE.. => DIRECT_BASE,
        address if (HEAP_BASE..HEAP_BASE + HEAP_SPAN).contains(&address) => HEAP_BASE,
        _ => return None,
    };
    #[cfg(not(kernel))]
    let base = 0;
    Some(PhysAddr((address - base) as u64))
}
