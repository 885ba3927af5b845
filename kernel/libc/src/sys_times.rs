//! `<sys/times.h>`.

use core::ffi::c_long;
use kcore::{sched, time};
use macros::export;

/// Clock ticks a second (`sysconf(_SC_CLK_TCK)`).
const TICKS: u64 = 100;

/// `struct tms`: user, system, children's user, children's system time, in ticks.
pub type tms = [c_long; 4];

/// Processor time of the process in ticks; the ticks since boot.
#[export]
pub unsafe extern "C" fn times(to: *mut tms) -> c_long {
    let tick = 1_000_000_000 / TICKS;
    if !to.is_null() {
        let user = sched::process_cpu_time().as_nanos() as u64 / tick;
        // SAFETY: the caller's.
        unsafe { *to = [user as c_long, 0, 0, 0] };
    }
    (time::now().0 / tick) as c_long
}
