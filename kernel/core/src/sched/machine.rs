//! Threads on the machine.

use super::{Spawn, Thread};
use crate::errno::{EAGAIN, EINVAL, Result};
use crate::time::Instant;
use alloc::sync::Arc;
use core::time::Duration;

/// What a thread is on the machine.
pub struct Backing {}

/// The thread that asks.
pub fn current() -> &'static Thread {
    hal::cpu::halt_forever()
}
/// Starts a thread.
pub fn spawn(_spawn: Spawn) -> Result<Arc<Thread>> {
    Err(EAGAIN)
}
/// Ends the calling thread.
pub fn exit_current() -> ! {
    hal::cpu::halt_forever()
}
/// Lets others run.
pub fn yield_now() {}
/// Sleeps until somebody unparks this thread (true) or until `deadline` (false).
pub fn park_until(_deadline: Option<Instant>) -> bool {
    current().take_token()
}
/// Gives a thread its wake-up token.
pub fn unpark(thread: &Thread) {
    thread.notify();
}
pub(super) fn kick(_thread: &Thread) {}
/// The processors threads may run on, in all.
pub fn cpu_count() -> usize {
    1
}
/// The processor the calling thread is on.
pub fn current_cpu() -> usize {
    0
}
/// Says where a thread may run, a bit a processor.
pub fn set_affinity(_thread: &Thread, _mask: u64) -> Result<()> {
    Err(EINVAL)
}
/// Sets the calling thread's thread control block, the base of fs.
///
/// # Safety
/// It lies in memory that outlives the thread's use of it.
pub unsafe fn set_tcb(tcb: usize) {
    current().store_tcb(tcb);
}
/// How long a thread has run.
pub fn cpu_time(_thread: &Thread) -> Duration {
    Duration::ZERO
}
/// How long all threads together have run.
pub fn process_cpu_time() -> Duration {
    Duration::ZERO
}
