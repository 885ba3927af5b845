//! Delivery: which signal a thread handles next, and the call of its handler.

use super::action::{self, Action};
use super::context::{self, UserContext};
use super::{Info, Outcome, bit, queue};
use crate::process::{self, Ending};
use crate::sched;
use crate::tls::{self, Tcb};
use core::ptr::null_mut;
use core::sync::atomic::Ordering;

/// SIGKILL and SIGSTOP cannot be blocked.
pub const UNBLOCKABLE: u64 = bit(9) | bit(19);

/// Runs the handlers of what waits for the calling thread, which is inside a kernel function.
pub extern "C-unwind" fn attend() -> Outcome {
    let mut context = UserContext::default();
    context.capture();
    run(&raw mut context)
}

/// Runs the handlers of what waits for the calling thread, whose registers are in `context`.
pub extern "C-unwind" fn run(context: *mut UserContext) -> Outcome {
    let thread = tls::current();
    thread.signal_hook.store(null_mut(), Ordering::Release);
    sched::current().clear_signal();
    let mut outcome = Outcome::Nothing;
    loop {
        let mask = thread.signal_mask.load(Ordering::Relaxed) & !UNBLOCKABLE;
        let Some(info) = queue::take(thread, !mask) else { return outcome };
        let handled = handle(thread, &info, context);
        if handled as u32 > outcome as u32 {
            outcome = handled;
        }
    }
}

/// Does what is to be done on one signal.
extern "C-unwind" fn handle(thread: &Tcb, info: &Info, context: *mut UserContext) -> Outcome {
    let action = action::take(info.signal);
    match action.handler {
        action::IGNORE => Outcome::Nothing,
        action::DEFAULT if action::is_fatal(info.signal) => process::end(Ending::Signal(info.signal)),
        action::DEFAULT => Outcome::Nothing,
        _ => {
            call(thread, &action, info, context);
            if action.flags & action::RESTART != 0 { Outcome::Restart } else { Outcome::Interrupted }
        }
    }
}

extern "C-unwind" fn call(thread: &Tcb, action: &Action, info: &Info, context: *mut UserContext) {
    let before = thread.signal_mask.load(Ordering::Relaxed);
    // `sigsuspend` has put aside the mask that counts after the handler.
    let (restores, kept) = thread.signal_restore.take();
    let after = if restores { kept } else { before };
    let own = if action.flags & action::NO_DEFER == 0 { bit(info.signal) } else { 0 };
    thread.signal_mask.store(before | action.mask | own, Ordering::Relaxed);
    let mut info = *info;
    let errno = thread.errno.get();
    let (base, length, flags) = thread.alternate_stack.get();
    // SAFETY: the context is the caller's. The handler is the application's function.
    unsafe {
        (*context).set_mask(after);
        let here = (&raw const info).addr();
        let inside = here.wrapping_sub(base) < length;
        let switch =
            action.flags & action::ON_STACK != 0 && flags & context::DISABLED == 0 && length != 0 && !inside;
        let top = if switch { (base + length) & !15 } else { 0 };
        context::call_handler(info.signal, &raw mut info, context, action.handler, top);
        thread.signal_mask.store((*context).mask() & !UNBLOCKABLE, Ordering::Relaxed);
    }
    thread.errno.set(errno);
}

/// Runs the handler of a signal that the running code itself raises; returns if it has none.
pub extern "C-unwind" fn raise_at_once(signal: i32) {
    let thread = tls::current();
    let action = action::get(signal);
    if action.handler > action::IGNORE {
        thread.signal_mask.fetch_and(!bit(signal), Ordering::Relaxed);
        let mut context = UserContext::default();
        context.capture();
        handle(thread, &Info::own(signal, super::FROM_THREAD), &raw mut context);
    }
}

/// Queues a fault for the running thread, whose stack pointer is `stack`: where the handler's frame
/// goes, or 0 if the application does not handle it.
///
/// A fault whose signal is blocked or ignored ends the process, as on Linux.
pub fn force(info: &Info, stack: u64) -> u64 {
    let thread = tls::current();
    let action = action::get(info.signal);
    let blocked = thread.signal_mask.load(Ordering::Relaxed) & bit(info.signal) != 0;
    if action.handler <= action::IGNORE || blocked {
        return 0;
    }
    queue::put_first(thread, *info);
    let (base, length, _) = thread.alternate_stack.get();
    let inside = (stack as usize).wrapping_sub(base) < length;
    // The stack may have overflown: then there is no room but on the alternate one.
    if action.flags & action::ON_STACK != 0 && length != 0 && !inside {
        return (base + length) as u64;
    }
    stack - 128
}

/// The mask of the calling thread has changed: handles what is no longer blocked.
pub extern "C-unwind" fn unblocked() {
    let thread = tls::current();
    let mask = thread.signal_mask.load(Ordering::Relaxed) & !UNBLOCKABLE;
    if queue::pending(thread) & !mask != 0 {
        attend();
    }
}
