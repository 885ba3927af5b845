//! Threads: which of them runs where, and how they sleep.
//!
//! The primitive under every wait is the pair [`park_until`] and [`unpark`], with one wake-up token
//! per thread: an unpark that comes first makes the next park return at once, so none is lost.

#[cfg(not(kernel))]
mod host;
#[cfg(kernel)]
mod machine;
mod queue;
#[cfg(kernel)]
mod smp;
mod thread;

#[cfg(not(kernel))]
pub use host::*;
#[cfg(kernel)]
pub use machine::*;
pub use thread::Thread;

use crate::errno::{EINTR, Result};
use crate::time::Instant;

/// What a new thread starts with.
#[derive(Clone, Copy)]
pub struct Spawn {
    /// Where it starts; it ends by [`exit_current`].
    pub entry: unsafe extern "C-unwind" fn(usize) -> !,
    /// Given to `entry`.
    pub argument: usize,
    /// The end of its stack, which the caller provides and which outlives the thread. On the host
    /// the thread has a stack of its own.
    pub stack_top: usize,
    /// Its thread control block, the base of fs; 0 for a thread that runs kernel code only.
    pub tcb: usize,
    /// Address of a word that is set to 0, with a futex wake, when the thread has left its stack
    /// for good (as CLONE_CHILD_CLEARTID, clone(2)); 0 for none.
    pub clear_on_exit: usize,
    /// The processors it may run on, a bit each; 0 for those the creator may run on.
    pub affinity: u64,
}

/// Makes a thread's wait return `EINTR`, now or at its next interruptible wait, until
/// [`Thread::clear_signal`]; if it runs, it comes by the signal hook of the trap return soon.
pub fn interrupt(thread: &Thread) {
    thread.set_signal();
    unpark(thread);
    kick(thread);
}

/// Sleeps until `deadline`.
///
/// # Errors
/// [`EINTR`] when the thread is interrupted.
pub fn sleep_until(deadline: Instant) -> Result<()> {
    loop {
        if current().signal_pending() {
            return Err(EINTR);
        }
        if !park_until(Some(deadline)) {
            return Ok(());
        }
    }
}
