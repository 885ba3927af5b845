//! Signals: per-thread masks, pending sets, and the points at which handlers run.
//!
//! A program that neither handles nor sends signals carries none of this: what blocks or traps only
//! looks at a hook, and the hook is set by those who send.

use crate::tls;

/// A call of the thread was interrupted (`EINTR`): runs the handlers of the signals that wait.
///
/// Returns whether the call is to be made again: handlers ran and all of them have `SA_RESTART`,
/// or nothing waited. The handler may unwind or jump away, so the functions between this and the
/// application are `extern "C-unwind"` and hold no lock here.
pub extern "C-unwind" fn interrupted() -> bool {
    let hook = tls::current().signal_hook.swap(core::ptr::null_mut(), core::sync::atomic::Ordering::AcqRel);
    if hook.is_null() {
        return true;
    }
    // SAFETY: a non-null hook is a function of this type, stored by whoever sent the signal.
    let hook: extern "C-unwind" fn() -> bool = unsafe { core::mem::transmute(hook) };
    hook()
}
