//! From the boot protocol's processor state to 64-bit code in the top 2 GB.
//!
//! PVH (Xen's "x86/HVM direct boot ABI", `xen/include/public/arch-x86/hvm/start_info.h`) enters at a
//! physical address, in 32-bit protected mode without paging, with EBX pointing at its start-info
//! structure. The four page tables made here stay the kernel's: they see the first GB through
//! 2 MB pages, at 0 (until `core` takes that away), at `DIRECT_BASE`, at `HEAP_BASE` and at `IMAGE_BASE`.

use crate::mem::{PhysAddr, virt_to_phys};
use core::arch::naked_asm;
use core::cell::UnsafeCell;

/// Bytes of the stack that the first processor boots on and idles on later.
pub const BOOT_STACK_SIZE: usize = crate::percpu::TRAP_STACK_SIZE;

/// The boot protocol that [`pvh_start`] reports.
pub const PROTOCOL_PVH: u32 = 1;

#[repr(C, align(4096))]
struct Area<const N: usize>(UnsafeCell<[u8; N]>);
// SAFETY: the tables are changed through `paging` only, which serialises; the stack is its processor's.
unsafe impl<const N: usize> Sync for Area<N> {}

/// The top page table.
static TOP: Area<4096> = Area(UnsafeCell::new([0; 4096]));
/// The second level under `DIRECT_BASE` and `HEAP_BASE`: 512 GB, a GB an entry.
static DIRECT: Area<4096> = Area(UnsafeCell::new([0; 4096]));
/// The first GB, 2 MB an entry.
static FIRST_GB: Area<4096> = Area(UnsafeCell::new([0; 4096]));
/// The second level under `IMAGE_BASE`.
static IMAGE: Area<4096> = Area(UnsafeCell::new([0; 4096]));
static STACK: Area<BOOT_STACK_SIZE> = Area(UnsafeCell::new([0; BOOT_STACK_SIZE]));

/// The descriptors that the way into 64-bit mode needs: null, code. Each processor loads a table of
/// its own afterwards.
static DESCRIPTORS: [u64; 2] = [0, crate::percpu::CODE_DESCRIPTOR];

unsafe extern "C" {
    /// Defined by the linker script: the physical address of [`pvh_start`].
    static pvh_start_physical: u8;
    /// The kernel's main function, in the top crate: which protocol, and the physical address of
    /// its information.
    fn kernel_main(protocol: u32, information: u64) -> !;
}

/// The ELF note that makes a PVH loader enter at [`pvh_start`]: XEN_ELFNOTE_PHYS32_ENTRY.
#[repr(C, align(4))]
pub struct Note {
    name_size: u32,
    descriptor_size: u32,
    kind: u32,
    name: [u8; 4],
    entry: PackedPointer,
}

#[repr(C, packed(4))]
struct PackedPointer(*const u8);

// SAFETY: constant.
unsafe impl Sync for Note {}

/// See [`Note`]; the linker script puts it in a segment of type PT_NOTE.
#[used]
#[unsafe(no_mangle)]
#[unsafe(link_section = ".note.Xen")]
pub static PVH_NOTE: Note = Note {
    name_size: 4,
    descriptor_size: 8,
    kind: 18,
    name: *b"Xen\0",
    entry: PackedPointer(&raw const pvh_start_physical),
};

/// Where PVH enters the kernel.
///
/// # Safety
/// For the boot loader: 32-bit protected mode, paging off, flat segments, EBX = start info.
#[unsafe(naked)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pvh_start() -> ! {
    // 0xffffffff80000000 is IMAGE_BASE: what is linked there is loaded that much lower.
    // Page table bits: 3 present and writable, 0x83 a large page, 1 << 63 no execution.
    naked_asm!(
        ".code32",
        "cld",
        "cli",
        "movl ${stack} - 0xffffffff80000000 + {stack_size}, %esp",
        // The first GB: 512 entries of 2 MB.
        "movl ${first_gb} - 0xffffffff80000000, %edi",
        "movl $0x83, %eax",
        "xorl %ecx, %ecx",
        "2:",
        "movl %eax, (%edi, %ecx, 8)",
        "addl $0x200000, %eax",
        "incl %ecx",
        "cmpl $512, %ecx",
        "jne 2b",
        // The second levels: entry 0 of the direct map, entry 510 of the image's.
        "leal 3(%edi), %eax",
        "movl %eax, {direct} - 0xffffffff80000000",
        "movl %eax, {image} - 0xffffffff80000000 + 510 * 8",
        // The top: 0 as it is for now, 254 the heap, 256 the direct map, 511 the image.
        "movl ${top} - 0xffffffff80000000, %edi",
        "movl ${direct} - 0xffffffff80000000 + 3, %eax",
        "movl %eax, (%edi)",
        "movl %eax, 254 * 8(%edi)",
        "movl $0x80000000, 254 * 8 + 4(%edi)",
        "movl %eax, 256 * 8(%edi)",
        "movl $0x80000000, 256 * 8 + 4(%edi)",
        "movl ${image} - 0xffffffff80000000 + 3, %eax",
        "movl %eax, 511 * 8(%edi)",
        "movl %edi, %cr3",
        // CR4: PAE, PGE, OSFXSR, OSXMMEXCPT.
        "movl %cr4, %eax",
        "orl $0x6a0, %eax",
        "movl %eax, %cr4",
        // EFER: long mode, no-execute.
        "movl $0xc0000080, %ecx",
        "rdmsr",
        "orl $0x900, %eax",
        "wrmsr",
        // CR0: paging, write protection for the kernel too, native x87 errors; no emulation.
        "movl %cr0, %eax",
        "andl $0x9ffffff3, %eax",
        "orl $0x80010022, %eax",
        "movl %eax, %cr0",
        "subl $8, %esp",
        "movw $15, (%esp)",
        "movl ${descriptors} - 0xffffffff80000000, 2(%esp)",
        "lgdt (%esp)",
        // A far return to 64-bit code, still at the physical address.
        "pushl $8",
        "call 3f",
        "3:",
        "addl $(4f - 3b), (%esp)",
        "lretl",
        ".code64",
        "4:",
        "xorl %eax, %eax",
        "movl %eax, %ds",
        "movl %eax, %es",
        "movl %eax, %ss",
        "movl %eax, %fs",
        "movl %eax, %gs",
        "movq ${stack} + {stack_size}, %rsp",
        "movl ${protocol}, %edi",
        "movl %ebx, %esi",
        "xorl %ebp, %ebp",
        "movq ${main}, %rax",
        "call *%rax",
        "ud2",
        stack = sym STACK,
        stack_size = const BOOT_STACK_SIZE,
        first_gb = sym FIRST_GB,
        direct = sym DIRECT,
        image = sym IMAGE,
        top = sym TOP,
        descriptors = sym DESCRIPTORS,
        protocol = const PROTOCOL_PVH,
        main = sym kernel_main,
        options(att_syntax)
    )
}

/// The physical address of the top page table.
pub fn top_table() -> PhysAddr {
    virt_to_phys(TOP.0.get()).unwrap_or_default()
}

/// The physical address of the table for the image: entry 510 is the GB at `IMAGE_BASE`.
pub fn image_table() -> PhysAddr {
    virt_to_phys(IMAGE.0.get()).unwrap_or_default()
}

/// The physical address of the table for the direct map's first 512 GB.
pub fn direct_table() -> PhysAddr {
    virt_to_phys(DIRECT.0.get()).unwrap_or_default()
}

/// The end of the stack that [`pvh_start`] set up.
pub fn stack_top() -> usize {
    STACK.0.get().expose_provenance() + BOOT_STACK_SIZE
}
