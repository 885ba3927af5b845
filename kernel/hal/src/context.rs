//! Switching from one thread to another.
//!
//! A switch is a function call, so only what a callee has to preserve is kept: six registers, the
//! rounding and exception modes of SSE and x87, and the stack pointer. An interrupted thread's
//! other state is in its trap frame.

use core::arch::{asm, naked_asm};

/// Saves this thread's context on its stack, stores the stack pointer at `save`, and goes on with
/// the context at `load`.
///
/// # Safety
/// Interrupts are off; `load` was stored by this function or made by [`prepare`], and is used once.
#[unsafe(naked)]
pub unsafe extern "C" fn switch(save: *mut usize, load: usize) {
    naked_asm!(
        "push rbp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "sub rsp, 8",
        "stmxcsr [rsp]",
        "fnstcw [rsp + 4]",
        "mov [rdi], rsp",
        "mov rsp, rsi",
        "ldmxcsr [rsp]",
        "fldcw [rsp + 4]",
        "add rsp, 8",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbx",
        "pop rbp",
        "ret",
    )
}

/// Makes, at the end of a stack, the context of a thread that calls `arrived`, turns interrupts on
/// and calls `entry` with `argument`. Returns what [`switch`] takes.
///
/// # Safety
/// The 128 bytes below `stack_top`, which is a multiple of 16, are writable and unused.
pub unsafe fn prepare(
    stack_top: usize,
    arrived: extern "C" fn(),
    entry: unsafe extern "C-unwind" fn(usize) -> !,
    argument: usize,
) -> usize {
    // All exceptions masked, rounding to nearest, extended precision: as the SysV ABI starts a process.
    let modes = 0x1f80 | 0x037f << 32;
    let words = [
        modes,
        0,
        arrived as usize,
        argument,
        entry as *const () as usize,
        0,
        0,
        start as *const () as usize,
    ];
    let context = (stack_top & !15) - 16 - size_of_val(&words);
    // SAFETY: as the caller says.
    unsafe { core::ptr::with_exposed_provenance_mut::<[usize; 8]>(context).write(words) };
    context
}

/// Where a new thread's first switch goes: r14 = arrived, r13 = argument, r12 = entry.
#[unsafe(naked)]
unsafe extern "C" fn start() {
    naked_asm!("call r14", "sti", "mov rdi, r13", "xor ebp, ebp", "call r12", "ud2",)
}

/// Sets fs, through which the thread control block is reached.
///
/// # Safety
/// What the running thread reads through fs is at `base`.
#[inline]
pub unsafe fn set_fs(base: usize) {
    // SAFETY: the register exists on every x86-64 processor; the base is canonical.
    unsafe { crate::cpu::write_msr(0xc000_0100, base as u64) };
}

/// Calls `function` with `argument` on another stack.
///
/// # Safety
/// `stack_top` is the end of an unused stack, a multiple of 16.
pub unsafe fn on_stack(stack_top: usize, function: unsafe extern "C" fn(usize), argument: usize) {
    // SAFETY: as the caller says; rbx is preserved by the callee.
    unsafe {
        asm!(
            "mov r12, rsp",
            "mov rsp, {top}",
            "call {function}",
            "mov rsp, r12",
            top = in(reg) stack_top,
            function = in(reg) function,
            in("rdi") argument,
            out("r12") _,
            clobber_abi("C"),
        );
    }
}
