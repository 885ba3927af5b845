//! Registers as a handler sees them (`ucontext_t`), and the way into a handler and back.

use super::deliver;
use crate::tls;
use core::arch::naked_asm;
use core::sync::atomic::{AtomicU32, Ordering};

/// `SS_DISABLE`.
pub const DISABLED: i32 = 2;
/// `SS_ONSTACK`.
pub const ON_IT: i32 = 1;

/// Places in [`UserContext::registers`].
pub mod register {
    /// `REG_RBP`.
    pub const RBP: usize = 10;
    /// `REG_RSP`.
    pub const RSP: usize = 15;
    /// `REG_RIP`.
    pub const RIP: usize = 16;
}

/// A `ucontext_t` of glibc on x86-64, 968 bytes.
#[derive(Debug)]
#[repr(C)]
pub struct UserContext {
    /// `uc_flags`.
    pub flags: u64,
    /// `uc_link`.
    pub link: usize,
    /// `uc_stack`: address, flags, size.
    pub stack: (usize, i32, usize),
    /// `uc_mcontext.gregs`: r8 to r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, flags, segments, error,
    /// trap, mask, cr2.
    pub registers: [u64; 23],
    /// `uc_mcontext.fpregs`.
    pub floating: usize,
    reserved: [u64; 8],
    /// `uc_sigmask`, of which the first word is in use.
    pub signal_mask: [u64; 16],
    /// Where `floating` points, unless to an XSAVE area.
    pub floating_memory: [u64; 64],
    shadow_stack: [u64; 4],
}

const _: () = assert!(size_of::<UserContext>() == 968);

impl Default for UserContext {
    fn default() -> Self {
        Self {
            flags: 0,
            link: 0,
            stack: (0, 0, 0),
            registers: [0; 23],
            floating: 0,
            reserved: [0; 8],
            signal_mask: [0; 16],
            floating_memory: [0; 64],
            shadow_stack: [0; 4],
        }
    }
}

impl UserContext {
    /// Fills in where the calling thread is: inside a kernel function, whose caller's registers are
    /// on the stack, so only stack and frame pointer are told.
    #[inline(never)]
    pub fn capture(&mut self) {
        let (stack, frame): (u64, u64);
        // SAFETY: reads two registers.
        unsafe {
            core::arch::asm!("mov {}, rsp", "mov {}, rbp", out(reg) stack, out(reg) frame, options(nomem, nostack));
        }
        self.registers[register::RSP] = stack;
        self.registers[register::RBP] = frame;
        self.registers[register::RIP] = Self::capture as *const () as u64;
        // The x87 control word and mxcsr as they are at a thread's start.
        self.floating_memory[0] = 0x37f;
        self.floating_memory[3] = 0x1f80;
        self.floating = (&raw const self.floating_memory).addr();
        self.describe();
    }

    /// Fills in mask and alternate stack of the calling thread.
    fn describe(&mut self) {
        let thread = tls::current();
        self.signal_mask = [0; 16];
        self.signal_mask[0] = thread.signal_mask.load(Ordering::Relaxed);
        let (base, length, flags) = thread.alternate_stack.get();
        self.stack = (base, if length == 0 { DISABLED } else { flags }, length);
    }

    /// The signal mask that counts when the handler has returned.
    #[must_use]
    pub fn mask(&self) -> u64 {
        self.signal_mask[0]
    }

    /// Sets it.
    pub fn set_mask(&mut self, mask: u64) {
        self.signal_mask[0] = mask;
    }
}

/// Calls a handler, on the stack that ends at `top` unless that is 0.
///
/// # Safety
/// `handler` is the application's; `top`, 16-aligned, is the end of a stack that nobody uses.
#[unsafe(naked)]
pub unsafe extern "C-unwind" fn call_handler(
    signal: i32,
    info: *mut super::Info,
    context: *mut UserContext,
    handler: usize,
    top: usize,
) {
    naked_asm!(
        ".cfi_startproc",
        "push rbp",
        ".cfi_def_cfa_offset 16",
        ".cfi_offset rbp, -16",
        "mov rbp, rsp",
        ".cfi_def_cfa_register rbp",
        "test r8, r8",
        "jz 2f",
        "mov rsp, r8",
        "2:",
        "call rcx",
        "mov rsp, rbp",
        "pop rbp",
        ".cfi_def_cfa rsp, 8",
        "ret",
        ".cfi_endproc",
    )
}

/// Bytes of an XSAVE area; 0 where there is only FXSAVE.
static EXTENDED: AtomicU32 = AtomicU32::new(0);

/// Says how large the processor's XSAVE area is, 0 if it has none.
pub fn set_extended_size(bytes: usize) {
    EXTENDED.store(bytes as u32, Ordering::Relaxed);
}

/// Where a thread continues after a trap when signals wait for it. On its stack are, from the top:
/// where it was, its stack pointer, its flags, and a word of padding; all registers are its own.
///
/// Saves them all in a [`UserContext`], runs the handlers, and continues with what is in the context then.
///
/// # Safety
/// Not to be called: traps send threads here.
#[unsafe(naked)]
pub unsafe extern "C" fn trampoline() {
    naked_asm!(
        "sub rsp, 976",
        "mov [rsp + 40], r8",
        "mov [rsp + 48], r9",
        "mov [rsp + 56], r10",
        "mov [rsp + 64], r11",
        "mov [rsp + 72], r12",
        "mov [rsp + 80], r13",
        "mov [rsp + 88], r14",
        "mov [rsp + 96], r15",
        "mov [rsp + 104], rdi",
        "mov [rsp + 112], rsi",
        "mov [rsp + 120], rbp",
        "mov [rsp + 128], rbx",
        "mov [rsp + 136], rdx",
        "mov [rsp + 144], rax",
        "mov [rsp + 152], rcx",
        "mov rbx, rsp",
        "cld",
        "mov rax, [rbx + 976]",
        "mov [rbx + 168], rax",
        "mov rax, [rbx + 984]",
        "mov [rbx + 160], rax",
        "mov rax, [rbx + 992]",
        "mov [rbx + 176], rax",
        // The extended state: an XSAVE area below, or FXSAVE into the context itself.
        "mov eax, dword ptr [rip + {extended}]",
        "test eax, eax",
        "jz 2f",
        "sub rsp, rax",
        "and rsp, -64",
        "xor eax, eax",
        "lea rdi, [rsp + 512]",
        "mov ecx, 8",
        "rep stosq",
        "mov eax, -1",
        "mov edx, -1",
        "xsave64 [rsp]",
        "mov [rbx + 224], rsp",
        "jmp 3f",
        "2:",
        "lea rax, [rbx + 424]",
        "fxsave64 [rax]",
        "mov [rbx + 224], rax",
        "3:",
        "mov rdi, rbx",
        "call {run}",
        "mov rcx, [rbx + 224]",
        "cmp dword ptr [rip + {extended}], 0",
        "je 4f",
        "mov eax, -1",
        "mov edx, -1",
        "xrstor64 [rcx]",
        "jmp 5f",
        "4:",
        "fxrstor64 [rcx]",
        "5:",
        // What IRETQ takes, where the context no longer matters.
        "mov rax, [rbx + 168]",
        "mov [rbx + 944], rax",
        "mov eax, cs",
        "mov [rbx + 952], rax",
        "mov rax, [rbx + 176]",
        "mov [rbx + 960], rax",
        "mov rax, [rbx + 160]",
        "mov [rbx + 968], rax",
        "mov eax, ss",
        "mov [rbx + 976], rax",
        "mov r8, [rbx + 40]",
        "mov r9, [rbx + 48]",
        "mov r10, [rbx + 56]",
        "mov r11, [rbx + 64]",
        "mov r12, [rbx + 72]",
        "mov r13, [rbx + 80]",
        "mov r14, [rbx + 88]",
        "mov r15, [rbx + 96]",
        "mov rdi, [rbx + 104]",
        "mov rsi, [rbx + 112]",
        "mov rbp, [rbx + 120]",
        "mov rdx, [rbx + 136]",
        "mov rax, [rbx + 144]",
        "mov rcx, [rbx + 152]",
        "lea rsp, [rbx + 944]",
        "mov rbx, [rbx + 128]",
        "iretq",
        extended = sym EXTENDED,
        run = sym run,
    )
}

extern "C-unwind" fn run(context: *mut UserContext) {
    // SAFETY: the trampoline's own context, of which it has filled in the registers.
    unsafe {
        (*context).flags = 0;
        (*context).link = 0;
        (*context).describe();
    }
    tls::cancellation_point_asynchronous();
    deliver::run(context);
}
