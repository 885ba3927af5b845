//! Signals that wait, for one thread or for the process.

use super::{Info, REAL_TIME, action, bit, deliver};
use crate::errno::{EAGAIN, Result};
use crate::sched::{self, Thread};
use crate::sync::SpinLock;
use crate::tls::{self, Tcb};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicUsize, Ordering};

/// As many real-time signals may wait (`RLIMIT_SIGPENDING`).
const MAXIMUM: usize = 1024;

/// A signal that waits.
struct Waiting {
    /// The control block of the thread it is for, 0 for the process.
    target: usize,
    info: Info,
}

static QUEUE: SpinLock<Vec<Waiting>> = SpinLock::new(Vec::new());

/// Sends a signal to a thread, or to the process.
///
/// # Errors
/// [`EAGAIN`] if too many wait.
pub fn send(target: Option<&Tcb>, info: Info) -> Result<()> {
    super::engage();
    let wanted = bit(info.signal);
    let waited_for = target.map_or_else(
        || any(&mut |thread| thread.signal_waiting.load(Ordering::Relaxed) & wanted != 0),
        |thread| thread.signal_waiting.load(Ordering::Relaxed) & wanted != 0,
    );
    let blocked = tls::current().signal_mask.load(Ordering::Relaxed) & wanted != 0;
    if action::is_ignored(info.signal) && !waited_for && !blocked {
        return Ok(());
    }
    let to = target.map_or(0, |thread| core::ptr::from_ref(thread).addr());
    {
        let mut queue = QUEUE.lock();
        let known = queue.iter().any(|entry| entry.target == to && entry.info.signal == info.signal);
        if info.signal >= REAL_TIME || !known {
            if queue.len() >= MAXIMUM {
                return Err(EAGAIN);
            }
            queue.push(Waiting { target: to, info });
        }
    }
    match target {
        Some(thread) => notify(thread),
        None => choose(wanted),
    }
    let hook = ON_SEND.load(Ordering::Acquire);
    if hook != 0 {
        // SAFETY: a hook that is not 0 came from `on_send`.
        let hook: fn() = unsafe { core::mem::transmute(hook) };
        hook();
    }
    Ok(())
}

/// Called when a signal was queued; 0 before somebody asks for that.
static ON_SEND: AtomicUsize = AtomicUsize::new(0);

/// Lets `hook` be called whenever a signal was queued.
pub fn on_send(hook: fn()) {
    ON_SEND.store(hook as usize, Ordering::Release);
}

fn any(test: &mut dyn FnMut(&Tcb) -> bool) -> bool {
    let mut found = false;
    tls::for_each(&mut |thread| found |= test(thread));
    found
}

/// Tells a thread that can take a signal of the process: one that waits for it, the caller, or
/// whichever does not block it. If all block it, the first that unblocks it takes it.
fn choose(wanted: u64) {
    let me = tls::current();
    let mut best: Option<(u8, *const Tcb)> = None;
    tls::for_each(&mut |thread| {
        let rank = if thread.signal_waiting.load(Ordering::Relaxed) & wanted != 0 {
            4
        } else if thread.signal_mask.load(Ordering::Relaxed) & wanted != 0 {
            return;
        } else if core::ptr::eq(thread, me) {
            3
        } else if thread.tid.load(Ordering::Relaxed) == 1 {
            2
        } else {
            1
        };
        if best.is_none_or(|(known, _)| rank > known) {
            best = Some((rank, thread));
        }
    });
    let Some((_, chosen)) = best else { return };
    tls::for_each(&mut |thread| {
        if core::ptr::eq(thread, chosen) {
            notify(thread);
        }
    });
}

/// Makes a thread stop wherever it is in the application and look at what waits for it: for
/// cancellation that may happen anywhere.
pub fn interrupt_anywhere(thread: &Tcb) {
    super::engage();
    notify(thread);
}

/// Makes a thread look at what waits for it.
pub fn notify(thread: &Tcb) {
    thread.signal_hook.store(deliver::attend as *const () as *mut _, Ordering::Release);
    let scheduled = thread.thread.load(Ordering::Acquire).cast::<Thread>();
    // SAFETY: null, or the scheduler's thread, which lives as long as its block is on the list.
    if let Some(scheduled) = unsafe { scheduled.as_ref() } {
        sched::interrupt(scheduled);
    }
}

/// Takes a signal of `set` that waits for the thread or the process: the thread's own and the
/// lowest numbers first.
pub fn take(thread: &Tcb, set: u64) -> Option<Info> {
    let me = core::ptr::from_ref(thread).addr();
    let mut queue = QUEUE.lock();
    let mut best: Option<(usize, (bool, i32))> = None;
    for (index, entry) in queue.iter().enumerate() {
        if (entry.target == me || entry.target == 0) && set & bit(entry.info.signal) != 0 {
            let key = (entry.target == 0, entry.info.signal);
            if best.is_none_or(|(_, known)| key < known) {
                best = Some((index, key));
            }
        }
    }
    best.map(|(index, _)| queue.remove(index).info)
}

/// Lets a fault of the running thread's be the next that it handles.
pub fn put_first(thread: &Tcb, info: Info) {
    let target = core::ptr::from_ref(thread).addr();
    QUEUE.lock().insert(0, Waiting { target, info });
    thread.signal_hook.store(deliver::attend as *const () as *mut _, Ordering::Release);
}

/// The signals that wait for the thread or the process.
#[must_use]
pub fn pending(thread: &Tcb) -> u64 {
    let me = core::ptr::from_ref(thread).addr();
    let queue = QUEUE.lock();
    let mine = queue.iter().filter(|entry| entry.target == me || entry.target == 0);
    mine.fold(0, |set, entry| set | bit(entry.info.signal))
}

/// Forgets what waits for a thread that ends.
pub fn forget(thread: &Tcb) {
    let me = core::ptr::from_ref(thread).addr();
    QUEUE.lock().retain(|entry| entry.target != me);
}

/// Takes signals away that are ignored from now on.
pub fn discard(signal: i32) {
    QUEUE.lock().retain(|entry| entry.info.signal != signal);
}
