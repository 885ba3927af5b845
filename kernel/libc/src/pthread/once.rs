//! `pthread_once`.

use core::ffi::{c_int, c_void};
use core::sync::atomic::{AtomicU32, Ordering};
use kcore::futex;
use macros::export;

const NEW: u32 = 0;
const RUNNING: u32 = 1;
const DONE: u32 = 2;

/// Calls `routine` if nobody has done so for this word, and waits until it has returned. Zero.
///
/// If `routine` unwinds (an exception, or the thread is cancelled), the next call tries again.
#[export]
pub unsafe extern "C-unwind" fn pthread_once(once: *mut AtomicU32, routine: extern "C-unwind" fn()) -> c_int {
    // SAFETY: the caller's.
    let word = unsafe { &*once };
    loop {
        match word.compare_exchange(NEW, RUNNING, Ordering::Acquire, Ordering::Acquire) {
            Ok(_) => {
                // SAFETY: the word and the routine are the caller's.
                unsafe { run(once, routine) };
                return 0;
            }
            Err(DONE) => return 0,
            Err(_) => {
                if futex::wait(word, RUNNING, None) == Err(crate::errno::EINTR) {
                    kcore::signal::handle_pending();
                }
            }
        }
    }
}

unsafe extern "C" fn finish(once: *const AtomicU32, state: u32) {
    // SAFETY: `pthread_once`'s word.
    let word = unsafe { &*once };
    word.store(state, Ordering::Release);
    futex::wake(word, usize::MAX);
}

#[cfg(not(kernel))]
unsafe extern "C-unwind" fn run(once: *mut AtomicU32, routine: extern "C-unwind" fn()) {
    routine();
    // SAFETY: the caller's.
    unsafe { finish(once, DONE) };
}

/// Calls the routine, then marks it done. If it unwinds, an exception handler of our own marks it
/// new: the frame's personality function, in the language of the unwinder.
#[cfg(kernel)]
unsafe extern "C-unwind" fn run(once: *mut AtomicU32, routine: extern "C-unwind" fn()) {
    // SAFETY: the caller's.
    unsafe { super::once::call_guarded(once, routine) };
    // SAFETY: the caller's.
    unsafe { finish(once, DONE) };
}

/// Calls `routine` in a frame whose personality routine resets the word when it is unwound.
#[cfg(kernel)]
#[unsafe(naked)]
unsafe extern "C-unwind" fn call_guarded(once: *mut AtomicU32, routine: extern "C-unwind" fn()) {
    core::arch::naked_asm!(
        // Where this function is pruned its unwind table may stay, but its personality does not.
        ".weak {personality}",
        ".cfi_startproc",
        ".cfi_personality 0x1b, {personality}",
        "push rdi",
        ".cfi_def_cfa_offset 16",
        "call rsi",
        "pop rdi",
        ".cfi_def_cfa_offset 8",
        "ret",
        // For those who follow references in code only.
        ".long {personality} - .",
        ".cfi_endproc",
        personality = sym personality,
    )
}

/// `_URC_CONTINUE_UNWIND`.
const CONTINUE: c_int = 8;
/// `_UA_CLEANUP_PHASE`.
const CLEANUP: c_int = 2;

/// The personality routine of [`call_guarded`] (Itanium C++ ABI, "Exception Handling", 1.6).
#[cfg_attr(not(kernel), allow(dead_code, reason = "only the kernel's frame refers to it"))]
unsafe extern "C" fn personality(
    _version: c_int,
    actions: c_int,
    _class: u64,
    _exception: *mut c_void,
    context: *mut c_void,
) -> c_int {
    if actions & CLEANUP != 0
        && let Some(address) = super::cancel::unwinder(b"_Unwind_GetCFA")
    {
        // SAFETY: the unwinder's function of this name has this type. What it gives is the stack
        // pointer at the frame's call, where `call_guarded` pushed the word's address.
        unsafe {
            let frame_address: extern "C" fn(*mut c_void) -> usize = core::mem::transmute(address);
            let once = *(frame_address(context) as *const *const AtomicU32);
            finish(once, NEW);
        }
    }
    CONTINUE
}
