//! Ctrl-C and friends: a run is told to stop, so that it ends its guest and removes its files.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

static CANCELLED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

extern "C" fn cancel(signal: libc::c_int) {
    let Some(cancelled) = CANCELLED.get() else { return };
    if cancelled.swap(true, Ordering::Relaxed) {
        // The second time the user means it. SAFETY: _exit may be called from a signal handler.
        unsafe { libc::_exit(128 + signal) };
    }
}

/// A flag for [`RunPlan::cancelled`](super::RunPlan::cancelled) that SIGINT, SIGTERM and SIGHUP set
/// from now on, in the whole process; a second one ends the process at once.
pub fn cancelled_by_signals() -> Arc<AtomicBool> {
    let flag = CANCELLED.get_or_init(Arc::default).clone();
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
        // SAFETY: the handler touches an initialised OnceLock and an atomic only.
        unsafe { libc::signal(signal, cancel as extern "C" fn(libc::c_int) as libc::sighandler_t) };
    }
    flag
}
