//! Traps: exceptions and interrupts, from the processor's frame to a function of `core`'s.
//!
//! All code runs in ring 0 and may have data below its stack pointer (the red zone), so every
//! vector goes through a stack of the interrupt-stack table. That landing stack is held for a few
//! instructions with interrupts off: the entry moves what the processor pushed to the running
//! thread's trap stack, or below the interrupted frame if it was on that stack already. So a
//! handler may be interrupted, may sleep, and may continue on another processor.

use crate::fpu::XSAVE_SIZE;
use crate::percpu::{CODE_SELECTOR, TRAP_STACK_SIZE, TRAP_TOP, TablePointer};
use core::arch::{asm, naked_asm};
use core::cell::UnsafeCell;
use core::mem::offset_of;

/// Vectors there are: 32 exceptions, the rest for interrupts.
pub const VECTORS: usize = 128;
/// Page fault.
pub const PAGE_FAULT: u64 = 14;
/// Non-maskable interrupt, double fault, machine check: on the emergency stack, and fatal.
const FATAL: [usize; 3] = [2, 8, 18];
/// Bytes of an entry of [`stubs`]: a near call.
const STUB_SIZE: usize = 5;

/// What a trap interrupted.
#[repr(C)]
pub struct TrapFrame {
    /// The SSE, AVX and x87 state, `fpu::area_size()` bytes; null on the emergency stack.
    pub extended: *mut u8,
    /// General registers.
    pub r15: u64,
    /// General register.
    pub r14: u64,
    /// General register.
    pub r13: u64,
    /// General register.
    pub r12: u64,
    /// General register.
    pub r11: u64,
    /// General register.
    pub r10: u64,
    /// General register.
    pub r9: u64,
    /// General register.
    pub r8: u64,
    /// General register.
    pub rbp: u64,
    /// General register.
    pub rdi: u64,
    /// General register.
    pub rsi: u64,
    /// General register.
    pub rdx: u64,
    /// General register.
    pub rcx: u64,
    /// General register.
    pub rbx: u64,
    /// General register.
    pub rax: u64,
    /// Which trap.
    pub vector: u64,
    /// The error code of exceptions that have one, else 0.
    pub error: u64,
    /// Where it happened, or where to go on.
    pub rip: u64,
    /// The code segment.
    pub cs: u64,
    /// The flags.
    pub rflags: u64,
    /// The stack pointer.
    pub rsp: u64,
    /// The stack segment.
    pub ss: u64,
}

impl TrapFrame {
    /// Whether interrupts were on.
    #[inline]
    pub fn interrupts_were_on(&self) -> bool {
        self.rflags & crate::irq::INTERRUPT_FLAG as u64 != 0
    }
}

const FRAME_SIZE: usize = size_of::<TrapFrame>().next_multiple_of(16);

unsafe extern "C" {
    /// `core`'s handler of all traps; it may change the frame. Interrupts are off, and have to be
    /// at its return.
    fn kernel_trap(frame: &mut TrapFrame);
}

/// A descriptor of the interrupt table.
#[repr(C)]
#[derive(Clone, Copy)]
struct Gate {
    low: u64,
    high: u64,
}

struct GateTable(UnsafeCell<[Gate; VECTORS]>);
// SAFETY: written once, by the first processor, before any other uses it.
unsafe impl Sync for GateTable {}
static GATES: GateTable = GateTable(UnsafeCell::new([Gate { low: 0, high: 0 }; VECTORS]));

/// Fills the table of gates; once, on the first processor. The 8259 interrupt controllers, whose
/// vectors firmware leaves among the exceptions', are silenced.
pub fn initialise() {
    // SAFETY: writes their masks; nothing else uses them.
    unsafe {
        crate::port::write8(0x21, 0xff);
        crate::port::write8(0xa1, 0xff);
    }
    let stubs = stubs as *const () as usize;
    // SAFETY: nobody else uses the table yet.
    let gates = unsafe { &mut *GATES.0.get() };
    for (vector, gate) in gates.iter_mut().enumerate() {
        let stub = (stubs + vector * STUB_SIZE) as u64;
        let stack: u64 = if FATAL.contains(&vector) { 2 } else { 1 };
        // Present, an interrupt gate: interrupts are off in the stub.
        let low = stub & 0xffff | u64::from(CODE_SELECTOR) << 16 | stack << 32 | 0x8e << 40;
        *gate = Gate { low: low | (stub >> 16 & 0xffff) << 48, high: stub >> 32 };
    }
}

/// Lets this processor use the gates.
pub fn load() {
    let pointer = TablePointer {
        limit: (size_of::<[Gate; VECTORS]>() - 1) as u16,
        base: GATES.0.get().expose_provenance() as u64,
    };
    // SAFETY: the table is static and its gates are valid.
    unsafe { asm!("lidt [{}]", in(reg) &raw const pointer, options(nostack, preserves_flags)) };
}

/// One call a vector; the return address says which it was.
#[unsafe(naked)]
unsafe extern "C" fn stubs() {
    naked_asm!(
        ".rept {vectors}",
        "call {entry}",
        ".endr",
        vectors = const VECTORS,
        entry = sym entry,
    )
}

/// Vectors (of the first 32) with an error code.
const WITH_ERROR: u32 =
    1 << 8 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13 | 1 << 14 | 1 << 17 | 1 << 21 | 1 << 29 | 1 << 30;
const FATAL_MASK: u32 = 1 << 2 | 1 << 8 | 1 << 18;

#[unsafe(naked)]
unsafe extern "C" fn entry() {
    naked_asm!(
        // On the landing stack: return address of the stub, [error code], rip, cs, rflags, rsp, ss.
        "push rax",
        "push rcx",
        "push rdx",
        "push rbx",
        // The vector: (return address - stubs - 5) / 5.
        "mov rax, [rsp + 32]",
        "lea rcx, [rip + {stubs} + 5]",
        "sub eax, ecx",
        "imul eax, eax, 0xcccd",
        "shr eax, 18",
        // rdx: where the error code is, or a zero in the place of the return address.
        "lea rdx, [rsp + 40]",
        "mov ebx, {with_error}",
        "cmp eax, 32",
        "jae 2f",
        "bt ebx, eax",
        "jc 3f",
        "2:",
        "sub rdx, 8",
        "mov qword ptr [rdx], 0",
        "3:",
        // rcx: the stack to go on. Fatal ones stay on the emergency stack.
        "mov rcx, rsp",
        "cmp eax, 32",
        "jae 4f",
        "mov ebx, {fatal}",
        "bt ebx, eax",
        "jc 5f",
        "4:",
        "mov rcx, gs:[{trap_top}]",
        "mov rbx, rcx",
        "sub rbx, [rdx + 32]",
        "cmp rbx, {stack_size}",
        "jae 5f",
        // Already on the trap stack: below what is in use, and its red zone.
        "mov rcx, [rdx + 32]",
        "sub rcx, 128",
        "5:",
        "and rcx, -64",
        "sub rcx, {frame_size}",
        "mov [rcx + {vector}], rax",
        "mov rax, [rdx]",
        "mov [rcx + {error}], rax",
        "mov rax, [rdx + 8]",
        "mov [rcx + {error} + 8], rax",
        "mov rax, [rdx + 16]",
        "mov [rcx + {error} + 16], rax",
        "mov rax, [rdx + 24]",
        "mov [rcx + {error} + 24], rax",
        "mov rax, [rdx + 32]",
        "mov [rcx + {error} + 32], rax",
        "mov rax, [rdx + 40]",
        "mov [rcx + {error} + 40], rax",
        "mov rax, [rsp + 24]",
        "mov [rcx + {rax}], rax",
        "mov rax, [rsp + 16]",
        "mov [rcx + {rax} - 16], rax",
        "mov rax, [rsp + 8]",
        "mov [rcx + {rax} - 24], rax",
        "mov rax, [rsp]",
        "mov [rcx + {rax} - 8], rax",
        // The landing stack is free from here on.
        "lea rsp, [rcx + {rax} - 24]",
        "push rsi",
        "push rdi",
        "push rbp",
        "push r8",
        "push r9",
        "push r10",
        "push r11",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "push 0",
        "mov rbx, rsp",
        "cld",
        "mov eax, [rip + {xsave_size}]",
        "mov edx, {fatal}",
        "mov ecx, [rbx + {vector}]",
        "cmp ecx, 32",
        "jae 6f",
        "bt edx, ecx",
        "jc 9f",
        "6:",
        "test eax, eax",
        "jz 7f",
        "sub rsp, rax",
        "and rsp, -64",
        "mov [rbx], rsp",
        // The header: which components are saved is written by XSAVE, the rest has to be zero.
        "xor eax, eax",
        "mov [rsp + 512], rax",
        "mov [rsp + 520], rax",
        "mov [rsp + 528], rax",
        "mov [rsp + 536], rax",
        "mov [rsp + 544], rax",
        "mov [rsp + 552], rax",
        "mov [rsp + 560], rax",
        "mov [rsp + 568], rax",
        "mov eax, -1",
        "mov edx, eax",
        "xsave64 [rsp]",
        "mov rdi, rbx",
        "call {handler}",
        "mov rcx, [rbx]",
        "mov eax, -1",
        "mov edx, eax",
        "xrstor64 [rcx]",
        "jmp 8f",
        "7:",
        "sub rsp, 512",
        "and rsp, -64",
        "mov [rbx], rsp",
        "fxsave64 [rsp]",
        "mov rdi, rbx",
        "call {handler}",
        "mov rcx, [rbx]",
        "fxrstor64 [rcx]",
        "8:",
        "lea rsp, [rbx + 8]",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop r11",
        "pop r10",
        "pop r9",
        "pop r8",
        "pop rbp",
        "pop rdi",
        "pop rsi",
        "pop rdx",
        "pop rcx",
        "pop rbx",
        "pop rax",
        "add rsp, 16",
        "iretq",
        // Fatal: nothing to return to.
        "9:",
        "and rsp, -64",
        "mov rdi, rbx",
        "call {handler}",
        "ud2",
        stubs = sym stubs,
        with_error = const WITH_ERROR,
        fatal = const FATAL_MASK,
        trap_top = const TRAP_TOP,
        stack_size = const TRAP_STACK_SIZE,
        frame_size = const FRAME_SIZE,
        vector = const offset_of!(TrapFrame, vector),
        error = const offset_of!(TrapFrame, error),
        rax = const offset_of!(TrapFrame, rax),
        xsave_size = sym XSAVE_SIZE,
        handler = sym kernel_trap,
    )
}

/// The address that a page fault is about; valid until the next one on this processor.
pub fn fault_address() -> usize {
    let address: usize;
    // SAFETY: only reads the register.
    unsafe { asm!("mov {}, cr2", out(reg) address, options(nomem, nostack, preserves_flags)) };
    address
}

/// Makes this processor shut down, by an exception without a table of gates.
pub fn triple_fault() {
    let none = TablePointer { limit: 0, base: 0 };
    // SAFETY: the machine is to stop.
    unsafe { asm!("lidt [{}]", "ud2", in(reg) &raw const none, options(nostack)) };
}
