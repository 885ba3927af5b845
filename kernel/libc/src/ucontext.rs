//! `<ucontext.h>`: `getcontext` and its kin. The layout is that of the context which signal handlers get.

use core::arch::naked_asm;
use core::ffi::c_int;
use core::sync::atomic::Ordering;
use kcore::signal::context::{UserContext, register};
use kcore::tls;
use macros::export;

/// Saves where the calling thread is; returns zero, and again when the context is set.
#[export]
#[unsafe(naked)]
pub unsafe extern "C" fn getcontext(context: *mut UserContext) -> c_int {
    naked_asm!(
        "mov [rdi + 40], r8",
        "mov [rdi + 48], r9",
        "mov [rdi + 72], r12",
        "mov [rdi + 80], r13",
        "mov [rdi + 88], r14",
        "mov [rdi + 96], r15",
        "mov [rdi + 104], rdi",
        "mov [rdi + 112], rsi",
        "mov [rdi + 120], rbp",
        "mov [rdi + 128], rbx",
        "mov [rdi + 136], rdx",
        "mov [rdi + 152], rcx",
        "mov rcx, [rsp]",
        "mov [rdi + 168], rcx",
        "lea rcx, [rsp + 8]",
        "mov [rdi + 160], rcx",
        "lea rcx, [rdi + 424]",
        "mov [rdi + 224], rcx",
        "fnstenv [rcx]",
        "fldenv [rcx]",
        "stmxcsr [rdi + 448]",
        "sub rsp, 8",
        "call {mask}",
        "add rsp, 8",
        "xor eax, eax",
        "ret",
        mask = sym save_mask,
    )
}

unsafe extern "C" fn save_mask(context: *mut UserContext) {
    // SAFETY: the caller's.
    unsafe { (*context).set_mask(tls::current().signal_mask.load(Ordering::Relaxed)) };
}

/// Takes the mask of a context; gives the context back.
unsafe extern "C-unwind" fn take_mask(context: *const UserContext) -> *const UserContext {
    // SAFETY: the caller's.
    crate::signal::sets::change(unsafe { (*context).mask() });
    context
}

/// Continues where a context was saved or made. Does not return.
#[export]
#[unsafe(naked)]
pub unsafe extern "C-unwind" fn setcontext(context: *const UserContext) -> c_int {
    naked_asm!(
        "sub rsp, 8",
        "call {mask}",
        "mov rdx, rax",
        "mov rcx, [rdx + 224]",
        "fldenv [rcx]",
        "ldmxcsr [rcx + 24]",
        "mov rsp, [rdx + 160]",
        "mov rbx, [rdx + 128]",
        "mov rbp, [rdx + 120]",
        "mov r12, [rdx + 72]",
        "mov r13, [rdx + 80]",
        "mov r14, [rdx + 88]",
        "mov r15, [rdx + 96]",
        "push qword ptr [rdx + 168]",
        "mov rdi, [rdx + 104]",
        "mov rsi, [rdx + 112]",
        "mov rcx, [rdx + 152]",
        "mov r8, [rdx + 40]",
        "mov r9, [rdx + 48]",
        "mov rdx, [rdx + 136]",
        "xor eax, eax",
        "ret",
        mask = sym take_mask,
    )
}

/// Saves where the calling thread is and continues elsewhere; returns zero when it is set itself.
#[export]
#[unsafe(naked)]
pub unsafe extern "C-unwind" fn swapcontext(from: *mut UserContext, to: *const UserContext) -> c_int {
    naked_asm!(
        "push rsi",
        "push rdi",
        "sub rsp, 8",
        "call {get}",
        "add rsp, 8",
        "pop rdi",
        "pop rsi",
        // What was saved returns from here to our own caller.
        "mov rcx, [rsp]",
        "mov [rdi + 168], rcx",
        "lea rcx, [rsp + 8]",
        "mov [rdi + 160], rcx",
        "mov rdi, rsi",
        "jmp {set}",
        get = sym getcontext,
        set = sym setcontext,
    )
}

/// Makes a context call `function` with integer arguments, on the stack that `uc_stack` names. When
/// it returns, the context in `uc_link` goes on, or the thread ends.
#[export]
pub unsafe extern "C" fn makecontext(
    context: *mut UserContext,
    function: usize,
    count: c_int,
    mut arguments: ...
) {
    // Of the first six, each has a register.
    const REGISTERS: [usize; 6] = [8, 9, 12, 14, 0, 1];
    const RBX: usize = 11;
    let count = count.max(0) as usize;
    let on_stack = count.saturating_sub(REGISTERS.len());
    // SAFETY: the caller's: a context whose stack is its own, and as many arguments as it says.
    unsafe {
        let context = &mut *context;
        let (base, _, length) = context.stack;
        // Link, arguments and, below them, the return address; the stack is aligned at the call.
        let link = ((base + length - 8 - on_stack * 8) & !15) as *mut usize;
        let top = link.sub(1);
        top.write(finish as *const () as usize);
        link.add(on_stack).write(context.link);
        for index in 0..count {
            let argument = arguments.arg::<usize>();
            match REGISTERS.get(index) {
                Some(&register) => context.registers[register] = argument as u64,
                None => link.add(index - REGISTERS.len()).write(argument),
            }
        }
        // `finish` finds the link by rbx, which the function keeps.
        context.registers[RBX] = link.add(on_stack).addr() as u64;
        context.registers[register::RSP] = top.addr() as u64;
        context.registers[register::RIP] = function as u64;
    }
}

/// Where a function of `makecontext` returns to.
#[unsafe(naked)]
unsafe extern "C-unwind" fn finish() {
    naked_asm!("mov rdi, [rbx]", "and rsp, -16", "call {go_on}", "ud2", go_on = sym go_on)
}

unsafe extern "C-unwind" fn go_on(link: *const UserContext) -> ! {
    if !link.is_null() {
        // SAFETY: the application's context.
        unsafe { setcontext(link) };
    }
    crate::start::exit(0)
}
