//! Clocks of the processor time that one thread has used.
//!
//! As on Linux, such a clock is the complement of the thread's number, shifted, with 6 in the low bits.

use super::schedule::scheduled;
use crate::errno::{EINVAL, ESRCH, Errno};
use crate::time::clock::timespec;
use core::ffi::c_int;
use core::sync::atomic::Ordering;
use kcore::tls::{self, Tcb};
use macros::export;

const THREAD: c_int = 6;

/// The clock of a thread. Zero or `ESRCH`.
#[export]
pub unsafe extern "C" fn pthread_getcpuclockid(thread: *const Tcb, clock: *mut c_int) -> c_int {
    // SAFETY: the caller's.
    unsafe {
        match (*thread).tid.load(Ordering::Relaxed) {
            0 => ESRCH.number(),
            tid => {
                *clock = !(tid as c_int) << 3 | THREAD;
                0
            }
        }
    }
}

/// What such a clock shows.
///
/// # Errors
/// `EINVAL` if there is no thread of that number.
pub fn read(clock: c_int) -> Result<timespec, Errno> {
    if clock & 7 != THREAD {
        return Err(EINVAL);
    }
    let tid = !(clock >> 3) as u32;
    let mut time = Err(EINVAL);
    tls::for_each(&mut |thread| {
        if thread.tid.load(Ordering::Relaxed) == tid
            && let Some(scheduled) = scheduled(thread)
        {
            time = Ok(timespec::of(kcore::sched::cpu_time(scheduled).as_nanos() as u64));
        }
    });
    time
}
