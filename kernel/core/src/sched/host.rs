//! Threads on the host: `std`'s, so that tests exercise what waits and wakes.

use super::{Spawn, Thread};
use crate::errno::{EAGAIN, EINVAL, Result};
use crate::time::{self, Instant};
use alloc::sync::Arc;
use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;
use std::cell::OnceCell;

/// What a thread is on the host.
pub type Backing = std::thread::Thread;

std::thread_local! {
    static CURRENT: OnceCell<&'static Thread> = const { OnceCell::new() };
}

/// The thread that asks.
pub fn current() -> &'static Thread {
    CURRENT.with(|current| {
        *current.get_or_init(|| Box::leak(Box::new(Thread::new(u64::MAX, 0, 0, std::thread::current()))))
    })
}

/// Starts a thread.
///
/// # Errors
/// [`EAGAIN`] if the host cannot.
pub fn spawn(spawn: Spawn) -> Result<Arc<Thread>> {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::Builder::new()
        .spawn(move || {
            let affinity = if spawn.affinity == 0 { u64::MAX } else { spawn.affinity };
            let thread =
                Arc::new(Thread::new(affinity, spawn.tcb, spawn.clear_on_exit, std::thread::current()));
            let leaked: &'static Thread = Box::leak(Box::new(thread.clone()));
            CURRENT.with(|current| current.set(leaked).ok());
            let _ = sender.send(thread);
            // SAFETY: the caller of `spawn` answers for the entry and its argument.
            unsafe { (spawn.entry)(spawn.argument) }
        })
        .map_err(|_| EAGAIN)?;
    receiver.recv().map_err(|_| EAGAIN)
}

/// Starts a thread; on the host as any other.
pub(crate) fn spawn_here(request: Spawn) -> Result<Arc<Thread>> {
    spawn(request)
}

/// Ends the calling thread. On the host its stack stays behind: `std` gives no way to end a thread
/// without unwinding it.
pub fn exit_current() -> ! {
    let word = current().clear_on_exit.load(Ordering::Relaxed);
    if word != 0 {
        // SAFETY: who gave the address answers for it.
        unsafe { AtomicU32::from_ptr(core::ptr::with_exposed_provenance_mut(word)) }
            .store(0, Ordering::SeqCst);
        crate::futex::wake_address(word, usize::MAX);
    }
    loop {
        std::thread::park();
    }
}

/// Lets others run.
pub fn yield_now() {
    std::thread::yield_now();
}

/// Sleeps until somebody unparks this thread (true) or until `deadline` (false). May return true
/// for no reason.
pub fn park_until(deadline: Option<Instant>) -> bool {
    let thread = current();
    loop {
        if thread.take_token() {
            return true;
        }
        match deadline {
            None => std::thread::park(),
            Some(deadline) => {
                let left = deadline - time::now();
                if left == Duration::ZERO {
                    return false;
                }
                std::thread::park_timeout(left);
            }
        }
    }
}

/// Gives a thread its wake-up token.
pub fn unpark(thread: &Thread) {
    thread.notify();
    thread.backing.unpark();
}

/// Makes a running thread enter the kernel soon; on the host there is nothing to enter.
pub(super) fn kick(_thread: &Thread) {}

/// The processors threads may run on, in all.
pub fn cpu_count() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The processor the calling thread is on.
pub fn current_cpu() -> usize {
    0
}

/// Says where a thread may run, a bit a processor.
///
/// # Errors
/// [`EINVAL`] if there is none of those processors.
pub fn set_affinity(thread: &Thread, mask: u64) -> Result<()> {
    let count = cpu_count().min(64);
    if mask & (u64::MAX >> (64 - count)) == 0 {
        return Err(EINVAL);
    }
    thread.store_affinity(mask);
    Ok(())
}

/// Sets the calling thread's thread control block, the base of fs. On the host only the number is kept.
///
/// # Safety
/// It lies in memory that outlives the thread's use of it.
pub unsafe fn set_tcb(tcb: usize) {
    current().store_tcb(tcb);
}

/// How long a thread has run; on the host, since the start of the process.
pub fn cpu_time(_thread: &Thread) -> Duration {
    Duration::from_nanos(time::now().0)
}

/// How long all threads together have run.
pub fn process_cpu_time() -> Duration {
    Duration::from_nanos(time::now().0)
}
