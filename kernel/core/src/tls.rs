//! The thread control block at `%fs`, and the per-thread state of the C library in it.
//!
//! The first 0x80 bytes are laid out as in glibc (`sysdeps/x86_64/nptl/tls.h`): compilers and
//! libgcc know the offsets of the self pointer, the stack canary and the pointer guard. What
//! follows is this kernel's. All of it is plain data, so that a field costs no code to those who
//! do not use it.

use crate::sync::SpinLock;
use core::cell::Cell;
use core::ffi::c_void;
use core::sync::atomic::{AtomicI32, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering};

/// What runs at a safe point of a thread that was asked to do something; see [`Tcb::signal_hook`].
pub type Hook = extern "C-unwind" fn();

/// The thread control block. `%fs:0` and a `pthread_t` are its address; static TLS ends there.
#[repr(C, align(64))]
pub struct Tcb {
    /// `%fs:0x00`: the address of this block.
    pub this: Cell<*const Tcb>,
    /// `%fs:0x08`: the dynamic thread vector, or null before the first dynamic access.
    pub dtv: AtomicPtr<c_void>,
    /// `%fs:0x10`: the address of this block, which glibc calls `self`.
    pub this_thread: Cell<*const Tcb>,
    /// `%fs:0x18`: non-zero once the process has had a second thread.
    pub multiple_threads: AtomicI32,
    gscope: i32,
    sysinfo: usize,
    /// `%fs:0x28`: the stack protector's canary.
    pub canary: Cell<usize>,
    /// `%fs:0x30`: what pointers in a `jmp_buf` are mixed with.
    pub pointer_guard: Cell<usize>,
    reserved: [usize; 9],

    /// `errno`.
    pub errno: Cell<i32>,
    /// `h_errno`.
    pub h_errno: Cell<i32>,
    /// The scheduler's thread, as `Arc::into_raw` gives it.
    pub thread: AtomicPtr<c_void>,
    /// The number that `gettid` returns; 1 in the first thread.
    pub tid: AtomicU32,
    /// Join and detach state; see `libc::pthread::thread`.
    pub join: AtomicU32,
    /// What the start function returned or `pthread_exit` was given.
    pub result: AtomicUsize,
    /// Who waits in `pthread_join`, or null.
    pub joiner: AtomicPtr<Tcb>,
    /// The start function and its argument.
    pub start: Cell<(usize, usize)>,
    /// Lowest address of the mapping that holds guard, stack, static TLS and this block; 0 if the
    /// application brought the stack, or in the first thread.
    pub mapping: Cell<usize>,
    /// Length in bytes of that mapping.
    pub mapping_length: Cell<usize>,
    /// Lowest usable address of the stack.
    pub stack_base: Cell<usize>,
    /// Length in bytes of the stack.
    pub stack_length: Cell<usize>,
    /// Length in bytes of the guard below the stack.
    pub guard_length: Cell<usize>,
    /// Scheduling policy and priority, as told to `pthread_setschedparam`.
    pub scheduling: Cell<(i32, i32)>,
    /// `pthread_setname_np`, NUL-terminated.
    pub name: Cell<[u8; 16]>,

    /// Cancellation state bits; see `libc::pthread::cancel`.
    pub cancel: AtomicU32,
    /// Set while something waits to be done at the thread's next safe point for cancellation.
    pub cancel_hook: AtomicPtr<c_void>,
    /// The innermost `__pthread_unwind_buf_t` (or cleanup buffer) of the thread.
    pub cleanup: Cell<*mut c_void>,
    /// The `_Unwind_Exception` of a forced unwind in progress (32 bytes, 16-aligned by the field order).
    pub unwinding: AtomicPtr<c_void>,

    /// Set while a signal waits to be handled: runs the handlers. See [`crate::signal`].
    pub signal_hook: AtomicPtr<c_void>,
    /// Signals that are blocked; bit `n - 1` is signal `n`.
    pub signal_mask: AtomicU64,
    /// Signals that `sigwait` waits for, so that senders prefer this thread.
    pub signal_waiting: AtomicU64,
    /// The mask that counts again once `sigsuspend` and its kin have had their signal.
    pub signal_restore: Cell<(bool, u64)>,
    /// `sigaltstack`: base, length, flags.
    pub alternate_stack: Cell<(usize, usize, i32)>,

    /// Destructors of C++ `thread_local` objects; see `libc::start::thread_atexit`.
    pub destructors: AtomicPtr<c_void>,
    /// Values of `pthread_key_create` keys; see `libc::pthread::key`.
    pub specific: AtomicPtr<c_void>,
    /// The list of robust mutexes held; see `libc::pthread::mutex`.
    pub robust: AtomicPtr<c_void>,
    /// The calling thread's message for `dlerror`.
    pub dlerror: AtomicPtr<c_void>,
    /// `uselocale`: null means the global locale.
    pub locale: AtomicPtr<c_void>,
    /// What `__ctype_b_loc`, `__ctype_tolower_loc` and `__ctype_toupper_loc` return the address of.
    pub ctype: [Cell<*const c_void>; 3],
    /// A buffer that a function such as `strerror` keeps for the thread; freed with the thread.
    pub text: AtomicPtr<c_void>,

    /// The next control block in the list of threads, by the list's lock.
    pub next: Cell<*const Tcb>,
}

// SAFETY: plain `Cell` fields are used by the thread itself, or before it starts and after it ended.
unsafe impl Sync for Tcb {}
// SAFETY: as above; a block is handed over with the thread.
unsafe impl Send for Tcb {}

impl Tcb {
    /// Makes the all-zero memory at `this` a control block.
    ///
    /// # Safety
    /// `this` points at writable, zeroed memory of the size and alignment of a [`Tcb`].
    pub unsafe fn initialise(this: *mut Tcb, canary: usize, pointer_guard: usize) {
        // SAFETY: the caller's; all-zero bytes are a valid block.
        let block = unsafe { &*this };
        block.this.set(this);
        block.this_thread.set(this);
        block.canary.set(canary);
        block.pointer_guard.set(pointer_guard);
        block.name.set(*b"main\0\0\0\0\0\0\0\0\0\0\0\0");
    }
}

/// The calling thread's control block.
#[cfg(kernel)]
#[inline(always)]
#[must_use]
pub fn current() -> &'static Tcb {
    let block: *const Tcb;
    // SAFETY: every thread that runs application or C library code has its block at %fs:0, and the
    // block outlives what the thread does.
    unsafe {
        core::arch::asm!("mov {}, fs:[0]", out(reg) block, options(pure, readonly, nostack, preserves_flags));
        &*block
    }
}

/// The calling thread's control block, one for each host thread.
#[cfg(not(kernel))]
#[must_use]
pub fn current() -> &'static Tcb {
    std::thread_local! {
        static BLOCK: &'static Tcb = {
            let memory = std::boxed::Box::leak(std::boxed::Box::new(core::mem::MaybeUninit::<Tcb>::zeroed()));
            let block = memory.as_mut_ptr();
            // SAFETY: fresh zeroed memory of the right type, never freed.
            unsafe {
                Tcb::initialise(block, 0, 0);
                (*block).tid.store(1, Ordering::Relaxed);
                &*block
            }
        };
    }
    BLOCK.with(|block| *block)
}

/// All control blocks of threads that run application code, newest first, linked by `next`.
static THREADS: SpinLock<Threads> = SpinLock::new(Threads(core::ptr::null()));

struct Threads(*const Tcb);

// SAFETY: linked blocks are alive; the list is used under its lock.
unsafe impl Send for Threads {}

/// Enters a thread that is about to run into the list of all.
pub fn enlist(block: &Tcb) {
    let mut threads = THREADS.lock();
    block.next.set(threads.0);
    threads.0 = block;
}

/// Takes a thread that ends from the list of all.
pub fn delist(block: &Tcb) {
    let mut threads = THREADS.lock();
    if core::ptr::eq(threads.0, block) {
        threads.0 = block.next.get();
        return;
    }
    let mut at = threads.0;
    // SAFETY: linked blocks are alive, and the lock is held.
    while let Some(entry) = unsafe { at.as_ref() } {
        if core::ptr::eq(entry.next.get(), block) {
            entry.next.set(block.next.get());
            return;
        }
        at = entry.next.get();
    }
}

/// Calls `visit` for every thread. It must be short and must not allocate: a spin lock is held.
pub fn for_each(visit: &mut dyn FnMut(&Tcb)) {
    let threads = THREADS.lock();
    let mut at = threads.0;
    // SAFETY: linked blocks are alive, and the lock is held.
    while let Some(entry) = unsafe { at.as_ref() } {
        visit(entry);
        at = entry.next.get();
    }
}

/// Acts on a cancellation request for the calling thread, if there is one.
///
/// Unwinds the thread's stack when it is cancelled, so the functions between this and the
/// application are `extern "C-unwind"`.
#[inline]
pub extern "C-unwind" fn cancellation_point() {
    run(&current().cancel_hook);
}

/// [`cancellation_point`] for a thread that may be cancelled anywhere (`PTHREAD_CANCEL_ASYNCHRONOUS`).
pub extern "C-unwind" fn cancellation_point_asynchronous() {
    let thread = current();
    if thread.cancel.load(Ordering::Acquire) & CANCEL_ASYNCHRONOUS != 0 {
        run(&thread.cancel_hook);
    }
}

/// Bit of [`Tcb::cancel`]: the thread is not to be cancelled now.
pub const CANCEL_DISABLED: u32 = 1;
/// Bit of [`Tcb::cancel`]: the thread may be cancelled anywhere.
pub const CANCEL_ASYNCHRONOUS: u32 = 2;
/// Bit of [`Tcb::cancel`]: somebody wants the thread to end.
pub const CANCEL_REQUESTED: u32 = 4;
/// Bit of [`Tcb::cancel`]: the thread is ending.
pub const CANCEL_EXITING: u32 = 8;

impl Tcb {
    /// Whether the thread is to end at its next cancellation point.
    pub fn is_cancelled(&self) -> bool {
        let state = self.cancel.load(Ordering::Acquire);
        state & (CANCEL_DISABLED | CANCEL_REQUESTED | CANCEL_EXITING) == CANCEL_REQUESTED
    }
}

#[inline]
extern "C-unwind" fn run(hook: &AtomicPtr<c_void>) {
    let hook = hook.load(Ordering::Acquire);
    if !hook.is_null() {
        // SAFETY: a non-null hook is a `Hook`, stored by whoever asked.
        let hook: Hook = unsafe { core::mem::transmute(hook) };
        hook();
    }
}
