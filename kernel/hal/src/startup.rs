//! The way of a further processor into the kernel (Intel SDM volume 3, section 9.4.4).
//!
//! A start-up interrupt lets it begin in real mode, at a page below 1 MB. The code that is copied
//! there goes straight to 64-bit mode, with page tables that show the first GB at 0 as well.

use crate::mem::{PAGE_SIZE, PhysAddr, phys_to_virt};
use crate::paging::{PRESENT, WRITE};
use core::arch::naked_asm;

/// The physical page where processors start; kept out of the frame allocator.
pub const PAGE: u64 = 0x1000;

/// Bytes that are copied; the code is shorter, and what follows it in the kernel's text does no harm.
const LENGTH: usize = 256;

/// What a starting processor is told; at the end of the page.
#[repr(C)]
struct Instructions {
    stack_top: u64,
    entry: u64,
    argument: u64,
}

const INSTRUCTIONS: usize = PAGE_SIZE - size_of::<Instructions>();
/// The page tables to start with: a word in front of the instructions.
const TABLES: usize = INSTRUCTIONS - 8;

/// Prepares the page for one processor, which will call `entry` with `argument` on the stack that
/// ends at `stack_top`. `tables` is a frame below 4 GB, filled here; it may be freed when the
/// processor has loaded the kernel's own (`boot::top_table`).
///
/// # Safety
/// No processor is using the page; the stack and the frame are unused.
pub unsafe fn prepare(tables: PhysAddr, stack_top: usize, entry: extern "C" fn(usize) -> !, argument: usize) {
    let page = phys_to_virt(PhysAddr(PAGE));
    let top = phys_to_virt(crate::boot::top_table()).cast::<u64>();
    let own = phys_to_virt(tables).cast::<u64>();
    let code = begin as *const () as *const u8;
    // SAFETY: the page, the frame and the kernel's tables are where they are said to be; the code
    // fits before the instructions.
    unsafe {
        own.copy_from_nonoverlapping(top, 512);
        // The first GB, at 0: as the direct map shows it, but executable.
        own.write(crate::boot::direct_table().0 | PRESENT | WRITE);
        page.copy_from_nonoverlapping(code, LENGTH);
        page.add(TABLES).cast::<u64>().write(tables.0);
        let instructions = Instructions {
            stack_top: stack_top as u64,
            entry: entry as *const () as u64,
            argument: argument as u64,
        };
        page.add(INSTRUCTIONS).cast::<Instructions>().write(instructions);
    }
}

/// Leaves the tables that [`prepare`] made for the kernel's own.
pub fn load_kernel_tables() {
    // SAFETY: the kernel's tables map all that is in use, at the same addresses.
    unsafe {
        core::arch::asm!("mov cr3, {}", in(reg) crate::boot::top_table().0, options(nostack, preserves_flags));
    }
}

/// What is copied. It runs at [`PAGE`], so what it refers to is relative to its start.
#[unsafe(naked)]
unsafe extern "C" fn begin() {
    naked_asm!(
        ".code16",
        "1:",
        "cli",
        "cld",
        "movw %cs, %ax",
        "movw %ax, %ds",
        // CR4: PAE, PGE, OSFXSR, OSXMMEXCPT.
        "movl %cr4, %eax",
        "orl $0x6a0, %eax",
        "movl %eax, %cr4",
        "movl {tables}, %eax",
        "movl %eax, %cr3",
        // EFER: long mode, no-execute.
        "movl $0xc0000080, %ecx",
        "rdmsr",
        "orl $0x900, %eax",
        "wrmsr",
        "lgdtl (3f - 1b)",
        // CR0: paging and protection, write protection, native x87 errors; no emulation, caches on.
        "movl %cr0, %eax",
        "andl $0x9ffffff3, %eax",
        "orl $0x80010023, %eax",
        "movl %eax, %cr0",
        "ljmpl $8, $(2f - 1b + {page})",
        ".code64",
        "2:",
        "xorl %eax, %eax",
        "movl %eax, %ds",
        "movl %eax, %es",
        "movl %eax, %ss",
        "movl %eax, %fs",
        "movl %eax, %gs",
        "movq {page} + {instructions}, %rsp",
        "movq {page} + {instructions} + 8, %rax",
        "movq {page} + {instructions} + 16, %rdi",
        "xorl %ebp, %ebp",
        "call *%rax",
        "ud2",
        ".p2align 3",
        "4:",
        ".quad 0, {code}",
        "3:",
        ".word 15",
        ".long 4b - 1b + {page}",
        tables = const TABLES,
        instructions = const INSTRUCTIONS,
        page = const PAGE,
        code = const crate::percpu::CODE_DESCRIPTOR,
        options(att_syntax)
    )
}
