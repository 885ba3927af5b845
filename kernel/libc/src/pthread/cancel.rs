//! Cancellation and `pthread_exit`: the end of a thread from within, with its cleanup handlers.
//!
//! A thread's stack is unwound by the `_Unwind_ForcedUnwind` of the libgcc_s that the application
//! has loaded, so that C++ destructors run too. Without one, only the cleanup handlers of C code
//! run, which `pthread_cleanup_push` chains by itself.

use crate::errno::{EINVAL, ESRCH};
use alloc::boxed::Box;
use core::ffi::{c_int, c_void};
use core::sync::atomic::Ordering;
use kcore::loader::lock;
use kcore::loader::relocate;
use kcore::loader::symbols::{self, Wanted};
use kcore::sched::{self, Thread};
use kcore::tls::{
    self, CANCEL_ASYNCHRONOUS, CANCEL_DISABLED as DISABLED, CANCEL_EXITING as EXITING,
    CANCEL_REQUESTED as CANCELLED, Tcb,
};
use macros::export;

/// `PTHREAD_CANCELED`.
const RESULT: usize = usize::MAX;

/// `__pthread_unwind_buf_t`: registers, then the buffer that was innermost before.
#[repr(C)]
pub struct UnwindBuffer {
    registers: [usize; 8],
    mask_was_saved: c_int,
    previous: *mut UnwindBuffer,
    cleanup: *mut c_void,
    cancel_type: c_int,
    unused: usize,
}

const _: () = assert!(size_of::<UnwindBuffer>() == 104);
/// Where the stack pointer is in `registers`.
const STACK_POINTER: usize = 6;

/// Asks a thread to end at its next cancellation point, or at once. Zero or `ESRCH`.
#[export]
pub unsafe extern "C-unwind" fn pthread_cancel(thread: *const Tcb) -> c_int {
    // SAFETY: the caller's: a thread that has not been joined.
    let Some(thread) = (unsafe { thread.as_ref() }) else { return ESRCH.number() };
    if thread.tid.load(Ordering::Acquire) == 0 {
        return 0;
    }
    let before = thread.cancel.fetch_or(CANCELLED, Ordering::AcqRel);
    let hook: tls::Hook = act;
    thread.cancel_hook.store(hook as *mut c_void, Ordering::Release);
    if core::ptr::eq(thread, tls::current()) {
        if before & CANCEL_ASYNCHRONOUS != 0 {
            act();
        }
        return 0;
    }
    if before & CANCEL_ASYNCHRONOUS != 0 {
        kcore::signal::queue::interrupt_anywhere(thread);
    }
    let scheduled = thread.thread.load(Ordering::Acquire).cast::<Thread>();
    // SAFETY: null, or the scheduler's thread, which lives as long as the thread is not joined.
    if let Some(scheduled) = unsafe { scheduled.as_ref() } {
        sched::interrupt(scheduled);
    }
    0
}

/// Ends the calling thread if it was cancelled and may be.
extern "C-unwind" fn act() {
    let thread = tls::current();
    if thread.is_cancelled() {
        thread.result.store(RESULT, Ordering::Relaxed);
        unwind();
    }
}

/// A cancellation point of its own.
#[export]
pub extern "C-unwind" fn pthread_testcancel() {
    tls::cancellation_point();
}

/// Ends the calling thread; `value` is for `pthread_join`.
#[export]
pub extern "C-unwind" fn pthread_exit(value: *mut c_void) -> ! {
    tls::current().result.store(value.addr(), Ordering::Relaxed);
    unwind()
}

/// Enables or disables cancellation (`PTHREAD_CANCEL_ENABLE` 0, `_DISABLE` 1). Zero or `EINVAL`.
#[export]
pub unsafe extern "C-unwind" fn pthread_setcancelstate(state: c_int, old: *mut c_int) -> c_int {
    // SAFETY: the caller's.
    unsafe { change(state, DISABLED, old) }
}

/// Lets cancellation take effect at cancellation points (`PTHREAD_CANCEL_DEFERRED` 0) or anywhere
/// (`_ASYNCHRONOUS` 1). Zero or `EINVAL`.
#[export]
pub unsafe extern "C-unwind" fn pthread_setcanceltype(kind: c_int, old: *mut c_int) -> c_int {
    // SAFETY: the caller's.
    unsafe { change(kind, CANCEL_ASYNCHRONOUS, old) }
}

unsafe extern "C-unwind" fn change(value: c_int, bit: u32, old: *mut c_int) -> c_int {
    let cancel = &tls::current().cancel;
    let before = match value {
        0 => cancel.fetch_and(!bit, Ordering::AcqRel),
        1 => cancel.fetch_or(bit, Ordering::AcqRel),
        _ => return EINVAL.number(),
    };
    if !old.is_null() {
        // SAFETY: the caller's.
        unsafe { *old = c_int::from(before & bit != 0) };
    }
    if cancel.load(Ordering::Acquire) & (DISABLED | CANCEL_ASYNCHRONOUS) == CANCEL_ASYNCHRONOUS {
        tls::cancellation_point();
    }
    0
}

/// Makes a cleanup buffer the innermost: what `pthread_cleanup_push` expands to in C.
#[export]
pub unsafe extern "C" fn __pthread_register_cancel(buffer: *mut UnwindBuffer) {
    let innermost = &tls::current().cleanup;
    // SAFETY: the caller's.
    unsafe { (*buffer).previous = innermost.get().cast() };
    innermost.set(buffer.cast());
}

/// Takes the innermost cleanup buffer away: `pthread_cleanup_pop`.
#[export]
pub unsafe extern "C" fn __pthread_unregister_cancel(buffer: *mut UnwindBuffer) {
    // SAFETY: the caller's.
    tls::current().cleanup.set(unsafe { (*buffer).previous }.cast());
}

/// As `__pthread_register_cancel`, and defers cancellation (`pthread_cleanup_push_defer_np`).
#[export]
pub unsafe extern "C" fn __pthread_register_cancel_defer(buffer: *mut UnwindBuffer) {
    // SAFETY: the caller's.
    unsafe {
        __pthread_register_cancel(buffer);
        let before = tls::current().cancel.fetch_and(!CANCEL_ASYNCHRONOUS, Ordering::AcqRel);
        (*buffer).cancel_type = c_int::from(before & CANCEL_ASYNCHRONOUS != 0);
    }
}

/// As `__pthread_unregister_cancel`, and restores the cancellation type.
#[export]
pub unsafe extern "C-unwind" fn __pthread_unregister_cancel_restore(buffer: *mut UnwindBuffer) {
    // SAFETY: the caller's.
    unsafe {
        __pthread_unregister_cancel(buffer);
        if (*buffer).cancel_type != 0 {
            pthread_setcanceltype(1, core::ptr::null_mut());
        }
    }
}

/// A cleanup handler has run: goes on with those further out.
#[export]
pub unsafe extern "C-unwind" fn __pthread_unwind_next(buffer: *mut UnwindBuffer) -> ! {
    // SAFETY: the caller's.
    tls::current().cleanup.set(unsafe { (*buffer).previous }.cast());
    unwind()
}

/// Calls a cleanup handler that is a variable's `cleanup` attribute.
#[export]
pub unsafe extern "C-unwind" fn __pthread_cleanup_routine(frame: *mut CleanupFrame) {
    // SAFETY: the caller's.
    let frame = unsafe { &*frame };
    if frame.do_it != 0 {
        (frame.routine)(frame.argument);
    }
}

/// `struct __pthread_cleanup_frame`.
#[repr(C)]
pub struct CleanupFrame {
    routine: extern "C-unwind" fn(*mut c_void),
    argument: *mut c_void,
    do_it: c_int,
    cancel_type: c_int,
}

/// The function of the loaded libgcc_s (or another unwinder) of this name.
#[must_use]
pub fn unwinder(name: &[u8]) -> Option<usize> {
    let wanted = Wanted::named(name, None);
    let objects = lock::copy(&lock::OBJECTS);
    objects.into_iter().find_map(|object| {
        let symbol = symbols::find_in(object, &wanted)?;
        Some(relocate::address(symbols::Found::Object(object, symbol)))
    })
}

type Stop = extern "C-unwind" fn(c_int, c_int, u64, *mut c_void, *mut c_void, *mut c_void) -> c_int;
type Force = extern "C-unwind" fn(*mut c_void, Stop, *mut c_void) -> c_int;

/// An `_Unwind_Exception`.
#[repr(C, align(16))]
struct Exception {
    class: u64,
    cleanup: usize,
    private: [u64; 2],
}

/// Frees what the unwinding of a thread left, which is over.
pub(super) fn free_exception(thread: &Tcb) {
    let exception = thread.unwinding.swap(core::ptr::null_mut(), Ordering::Relaxed);
    if !exception.is_null() {
        // SAFETY: `unwind` made it from a box, and the unwinder is done with it.
        drop(unsafe { Box::from_raw(exception.cast::<Exception>()) });
    }
}

/// Unwinds the calling thread's stack and ends it.
extern "C-unwind" fn unwind() -> ! {
    let thread = tls::current();
    thread.cancel.fetch_or(EXITING, Ordering::AcqRel);
    if let Some(force) = unwinder(b"_Unwind_ForcedUnwind") {
        let mut exception = thread.unwinding.load(Ordering::Relaxed);
        if exception.is_null() {
            exception = Box::into_raw(Box::new(Exception { class: 0, cleanup: 0, private: [0; 2] })).cast();
            thread.unwinding.store(exception, Ordering::Relaxed);
        }
        // SAFETY: the unwinder's function of this name has this type.
        let force: Force = unsafe { core::mem::transmute(force) };
        force(exception, stop, core::ptr::null_mut());
    }
    end_of_stack()
}

/// `_UA_END_OF_STACK`.
const END_OF_STACK: c_int = 16;

/// Called by the unwinder before each frame: ends the unwinding at cleanup buffers and at the end.
extern "C-unwind" fn stop(
    _version: c_int,
    actions: c_int,
    _class: u64,
    _exception: *mut c_void,
    context: *mut c_void,
    _argument: *mut c_void,
) -> c_int {
    let buffer = tls::current().cleanup.get().cast::<UnwindBuffer>();
    if actions & END_OF_STACK != 0 {
        end_of_stack();
    }
    // SAFETY: a registered buffer lives in a frame that is not unwound yet. The unwinder's function
    // has this type.
    unsafe {
        if let Some(buffer) = buffer.as_ref()
            && let Some(address) = unwinder(b"_Unwind_GetCFA")
        {
            let frame_address: extern "C" fn(*mut c_void) -> usize = core::mem::transmute(address);
            if frame_address(context) >= buffer.registers[STACK_POINTER] {
                crate::setjmp::jump_to_registers(core::ptr::from_ref(buffer).cast());
            }
        }
    }
    0
}

/// Nothing is left to unwind: the cleanup buffers that are still there, then the end.
extern "C-unwind" fn end_of_stack() -> ! {
    let buffer = tls::current().cleanup.get();
    if !buffer.is_null() {
        // SAFETY: a registered buffer was filled by `__sigsetjmp` in a frame that still exists.
        unsafe { crate::setjmp::jump_to_registers(buffer) }
    }
    super::thread::finish()
}
