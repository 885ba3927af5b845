//! Ctrl-C and friends: a run is told to stop, so that it ends its guest and removes its files.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

static ASKED: OnceLock<Arc<AtomicU32>> = OnceLock::new();

extern "C" fn ask(signal: libc::c_int) {
    let Some(asked) = ASKED.get() else { return };
    if asked.fetch_add(1, Ordering::Relaxed) >= 2 {
        // The third time the user means it. SAFETY: _exit may be called from a signal handler.
        unsafe { libc::_exit(128 + signal) };
    }
}

/// A count for [`RunPlan::stop`](super::RunPlan::stop) of the SIGINT, SIGTERM and SIGHUP from now on,
/// in the whole process; a third one ends the process at once.
pub fn counted_signals() -> Arc<AtomicU32> {
    let count = ASKED.get_or_init(Arc::default).clone();
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
        // SAFETY: the handler touches an initialised OnceLock and an atomic only.
        unsafe { libc::signal(signal, ask as extern "C" fn(libc::c_int) as libc::sighandler_t) };
    }
    count
}
