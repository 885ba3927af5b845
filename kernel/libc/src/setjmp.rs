//! `<setjmp.h>`.
//!
//! A `jmp_buf` is glibc's: eight words of registers, whether a signal mask was saved, the mask.

use core::arch::naked_asm;
use core::ffi::{c_int, c_void};
use core::mem::offset_of;
use core::sync::atomic::Ordering;
use kcore::tls::{self, Tcb};
use macros::export;

/// `struct __jmp_buf_tag`.
#[repr(C)]
pub struct JumpBuffer {
    /// rbx, rbp, r12 to r15, rsp, rip.
    registers: [usize; 8],
    /// Whether `mask` counts.
    has_mask: c_int,
    /// The signal mask, of which the first word is in use.
    mask: [u64; 16],
}

/// Saves registers and, if `save` is not 0, the signal mask. Zero; `longjmp`'s value the second time.
#[export]
#[unsafe(naked)]
pub unsafe extern "C" fn __sigsetjmp(buffer: *mut JumpBuffer, save: c_int) -> c_int {
    naked_asm!(
        "mov [rdi], rbx",
        "mov [rdi + 8], rbp",
        "mov [rdi + 16], r12",
        "mov [rdi + 24], r13",
        "mov [rdi + 32], r14",
        "mov [rdi + 40], r15",
        "lea rdx, [rsp + 8]",
        "mov [rdi + 48], rdx",
        "mov rdx, [rsp]",
        "mov [rdi + 56], rdx",
        "mov [rdi + {has_mask}], esi",
        "test esi, esi",
        "jz 2f",
        "mov rdx, fs:[{signal_mask}]",
        "mov [rdi + {mask}], rdx",
        "2:",
        "xor eax, eax",
        "ret",
        has_mask = const offset_of!(JumpBuffer, has_mask),
        mask = const offset_of!(JumpBuffer, mask),
        signal_mask = const offset_of!(Tcb, signal_mask),
    )
}

/// `__sigsetjmp` without the mask.
#[export]
#[unsafe(naked)]
pub unsafe extern "C" fn _setjmp(buffer: *mut JumpBuffer) -> c_int {
    naked_asm!("xor esi, esi", "jmp {}", sym __sigsetjmp)
}

/// `__sigsetjmp` with the mask.
#[export]
#[unsafe(naked)]
pub unsafe extern "C" fn setjmp(buffer: *mut JumpBuffer) -> c_int {
    naked_asm!("mov esi, 1", "jmp {}", sym __sigsetjmp)
}

/// Restores the registers of a `jmp_buf`; `setjmp` returns `value`.
#[unsafe(naked)]
unsafe extern "C" fn jump(buffer: *const c_void, value: c_int) -> ! {
    naked_asm!(
        "mov eax, esi",
        "mov rbx, [rdi]",
        "mov rbp, [rdi + 8]",
        "mov r12, [rdi + 16]",
        "mov r13, [rdi + 24]",
        "mov r14, [rdi + 32]",
        "mov r15, [rdi + 40]",
        "mov rsp, [rdi + 48]",
        "jmp [rdi + 56]",
    )
}

/// Returns from `setjmp` again, with `value`, or 1 if that is 0. Aliases: `_longjmp`, `siglongjmp`.
#[export]
pub unsafe extern "C" fn longjmp(buffer: *const JumpBuffer, value: c_int) -> ! {
    // SAFETY: the caller's: the buffer was filled by a function of this header whose caller's frame
    // still exists.
    unsafe {
        if (*buffer).has_mask != 0 {
            tls::current().signal_mask.store((*buffer).mask[0], Ordering::Relaxed);
        }
        jump(buffer.cast(), if value == 0 { 1 } else { value })
    }
}

/// `longjmp` to a `__pthread_unwind_buf_t`, whose registers alone are laid out as a `jmp_buf`'s.
///
/// # Safety
/// As for [`longjmp`].
pub unsafe fn jump_to_registers(buffer: *const c_void) -> ! {
    // SAFETY: the caller's.
    unsafe { jump(buffer, 1) }
}

/// `longjmp` of fortified programs: the frame jumped to must be an outer one.
#[export]
pub unsafe extern "C-unwind" fn __longjmp_chk(buffer: *const JumpBuffer, value: c_int) -> ! {
    let here = (&raw const value).addr();
    // SAFETY: the caller's, as for `longjmp`.
    unsafe {
        let (base, length, flags) = tls::current().alternate_stack.get();
        let on_alternate = flags & 2 == 0 && here.wrapping_sub(base) < length;
        if (*buffer).registers[6] < here && !on_alternate {
            crate::start::fail(b"longjmp causes uninitialized stack frame");
        }
        longjmp(buffer, value)
    }
}
