//! Signals: actions, masks, pending signals, and the points at which handlers run.
//!
//! A program that neither handles nor sends signals carries none of this: what blocks or traps only
//! looks at hooks, and the hooks are set by those who send or handle.
//!
//! A handler runs on the thread's own stack, outside of any trap: a trap that finds a signal makes
//! its thread continue in [`trampoline`], which saves the registers and calls the handlers. A
//! thread that is inside the kernel gets them when the blocking call ends, or at the first trap
//! after it is back in the application.

pub mod action;
pub mod context;
pub mod deliver;
pub mod file;
pub mod queue;
pub mod timer;

use crate::tls;
use core::sync::atomic::{AtomicUsize, Ordering};

/// Signals are numbered from 1 to this.
pub const LAST: i32 = 64;
/// The first real-time signal of the application's (`SIGRTMIN`); glibc keeps two below.
pub const REAL_TIME: i32 = 34;

/// The bit of a signal in a set.
#[must_use]
pub const fn bit(signal: i32) -> u64 {
    1 << ((signal - 1) & 63)
}

/// A `siginfo_t`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Info {
    /// Which signal.
    pub signal: i32,
    /// An error number, usually 0.
    pub error: i32,
    /// Where it comes from (`SI_USER`, `SEGV_MAPERR` …).
    pub code: i32,
    padding: i32,
    /// What depends on `code`: sender and value, or the address of a fault.
    pub words: [u64; 14],
}

/// `SI_USER`: sent by `kill`.
pub const FROM_USER: i32 = 0;
/// `SI_QUEUE`: sent by `sigqueue`.
pub const FROM_QUEUE: i32 = -1;
/// `SI_TIMER`: a timer expired.
pub const FROM_TIMER: i32 = -2;
/// `SI_TKILL`: sent by `tgkill`, so by `raise` and `pthread_kill`.
pub const FROM_THREAD: i32 = -6;
/// `SI_KERNEL`.
pub const FROM_KERNEL: i32 = 0x80;

impl Info {
    /// A signal that the process sends to itself, or the kernel to it.
    #[must_use]
    pub fn own(signal: i32, code: i32) -> Self {
        // si_pid is the process's or none, si_uid 0.
        let sender = u64::from(code != FROM_KERNEL);
        Self { signal, error: 0, code, padding: 0, words: [sender, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] }
    }

    /// A signal whose first word is an address.
    #[must_use]
    pub fn fault(signal: i32, code: i32, address: usize) -> Self {
        let mut info = Self::own(signal, code);
        info.words[0] = address as u64;
        info
    }
}

/// Hooks that are set once somebody handles or sends signals; 0 before.
static TRAMPOLINE: AtomicUsize = AtomicUsize::new(0);
static SYNCHRONOUS: AtomicUsize = AtomicUsize::new(0);
static FORCE: AtomicUsize = AtomicUsize::new(0);

/// Lets traps and `abort` find the code that delivers.
pub fn engage() {
    TRAMPOLINE.store(context::trampoline as *const () as usize, Ordering::Release);
    SYNCHRONOUS.store(deliver::raise_at_once as *const () as usize, Ordering::Release);
    let force: fn(&Info, u64) -> u64 = deliver::force;
    FORCE.store(force as usize, Ordering::Release);
    // That it cannot be queued leaves the error that the writer gets, and a key without effect.
    crate::vfs::pipe::on_broken(|| {
        let _ = queue::send(Some(tls::current()), Info::own(crate::vfs::pipe::SIGPIPE, FROM_KERNEL));
    });
    crate::tty::on_signal(|signal| {
        let _ = queue::send(None, Info::own(signal, FROM_KERNEL));
    });
    #[cfg(kernel)]
    context::set_extended_size(if hal::fpu::has_xsave() { hal::fpu::area_size() } else { 0 });
}

/// What became of the signals that waited for a thread.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Outcome {
    /// No handler ran.
    Nothing,
    /// Handlers ran, and all of them have `SA_RESTART`.
    Restart,
    /// A handler without `SA_RESTART` ran.
    Interrupted,
}

/// A call of the thread was interrupted (`EINTR`): ends the thread if it was cancelled, and runs
/// the handlers of the signals that wait.
///
/// Returns whether the call is to be made again. A handler may unwind or jump away, so the
/// functions between this and the application are `extern "C-unwind"` and hold no lock here.
pub extern "C-unwind" fn interrupted() -> bool {
    tls::cancellation_point();
    handle_pending() != Outcome::Interrupted
}

/// Runs the handlers of the signals that wait for the calling thread; see [`interrupted`].
pub extern "C-unwind" fn handle_pending() -> Outcome {
    crate::sched::current().clear_signal();
    let hook = tls::current().signal_hook.load(Ordering::Acquire);
    if hook.is_null() {
        return Outcome::Nothing;
    }
    // SAFETY: a non-null hook is `deliver::attend`, stored by whoever sent the signal.
    let hook: extern "C-unwind" fn() -> Outcome = unsafe { core::mem::transmute(hook) };
    hook()
}

/// The calling thread's mask lets more signals through: runs the handlers of those that wait.
pub extern "C-unwind" fn mask_changed() {
    if SYNCHRONOUS.load(Ordering::Acquire) != 0 {
        deliver::unblocked();
    }
}

/// Runs the application's handler of a signal that the calling code raises, if it has one; returns
/// if it has none, or when that returned.
pub extern "C-unwind" fn synchronous(signal: i32) {
    let hook = SYNCHRONOUS.load(Ordering::Acquire);
    if hook != 0 {
        // SAFETY: a hook that is not 0 is `raise_at_once`.
        let hook: extern "C-unwind" fn(i32) = unsafe { core::mem::transmute(hook) };
        hook(signal);
    }
}

/// What a trap interrupted, as far as signals care.
pub struct Interrupted<'a> {
    /// Where it goes on.
    pub instruction: &'a mut u64,
    /// Its stack pointer.
    pub stack: &'a mut u64,
    /// Its flags.
    pub flags: u64,
}

/// Whether a trap that is about to return to the running thread has to do with signals.
#[must_use]
pub fn is_wanted() -> bool {
    // Threads that run kernel code only have no control block.
    crate::sched::current().tcb() != 0 && !tls::current().signal_hook.load(Ordering::Acquire).is_null()
}

/// A trap is about to return to a thread for which signals wait: lets it go on in the trampoline.
/// False if it is inside the kernel, where handlers do not run: then it has to be tried again.
/// Touches the thread's stack, so interrupts are on.
pub fn at_trap_return(interrupted: &mut Interrupted) -> bool {
    let in_kernel = (*interrupted.instruction as i64) < 0;
    if !in_kernel {
        // The 128 bytes below a stack pointer are the function's own (System V ABI, "red zone").
        redirect(interrupted, *interrupted.stack - 128);
    }
    !in_kernel
}

/// Makes the interrupted code go on in the trampoline, whose frame is put below `stack`.
fn redirect(interrupted: &mut Interrupted, stack: u64) {
    let to = (stack & !15) - 32;
    // SAFETY: it is the stack of the thread that was interrupted, or its alternate one, which may
    // grow further down.
    unsafe {
        (to as *mut [u64; 4]).write([*interrupted.instruction, *interrupted.stack, interrupted.flags, 0]);
    }
    *interrupted.stack = to;
    *interrupted.instruction = TRAMPOLINE.load(Ordering::Acquire) as u64;
}

/// A fault of the running thread's code: if the application handles `info.signal`, lets the thread
/// go on in its handler. False if it does not. Interrupts are on.
pub fn raise_fault(interrupted: &mut Interrupted, info: &Info) -> bool {
    let force = FORCE.load(Ordering::Acquire);
    if force == 0 {
        return false;
    }
    // SAFETY: a hook that is not 0 is `deliver::force`.
    let force: fn(&Info, u64) -> u64 = unsafe { core::mem::transmute(force) };
    match force(info, *interrupted.stack) {
        0 => false,
        stack => {
            redirect(interrupted, stack);
            true
        }
    }
}
