//! Timers of processor time: `timer_create` on such a clock, `ITIMER_VIRTUAL` and `ITIMER_PROF`.
//!
//! No interrupt comes when a thread has run for so long. A timer of the wall clock looks at the
//! processor clock as soon as that can have come so far, and waits again if it has not.

use super::clock;
use crate::errno::Errno;
use alloc::boxed::Box;
use core::ffi::c_int;
use core::time::Duration;
use kcore::signal::timer;
use kcore::sync::SpinLock;

/// The shortest wait between two looks, in nanoseconds.
const LOOK: u64 = 1_000_000;

/// What the processor clock is to reach.
#[derive(Clone, Copy)]
struct Goal {
    /// What the clock shows then, in nanoseconds; 0 while it is disarmed.
    at: u64,
    /// After how much more again; 0 for not.
    interval: u64,
}

/// A timer of processor time. It is never freed: its service may be looking at it.
pub(super) struct Countdown {
    clock: c_int,
    number: usize,
    goal: SpinLock<Goal>,
    fire: fn(usize, u32),
    data: usize,
}

impl Countdown {
    /// A timer, disarmed, that calls `fire` with `data` and how many expirations it missed.
    ///
    /// # Errors
    /// `EAGAIN`.
    pub(super) fn new(clock: c_int, fire: fn(usize, u32), data: usize) -> Result<&'static Self, Errno> {
        let goal = SpinLock::new(Goal { at: 0, interval: 0 });
        let countdown = Box::leak(Box::new(Self { clock, number: 0, goal, fire, data }));
        countdown.number = timer::create(look, core::ptr::from_ref(countdown).expose_provenance())?;
        Ok(countdown)
    }

    fn now(&self) -> u64 {
        // A thread that has ended has come as far as it will.
        clock::read(self.clock).and_then(|time| time.nanoseconds()).unwrap_or(0)
    }

    /// Arms it for when the clock shows `at`, or disarms it for 0; gives what was left and the old interval.
    pub(super) fn set(&self, at: u64, interval: u64) -> (u64, u64) {
        let now = self.now();
        let old = core::mem::replace(&mut *self.goal.lock(), Goal { at, interval });
        self.wait(now, at);
        (if old.at == 0 { 0 } else { old.at.saturating_sub(now).max(1) }, old.interval)
    }

    /// Arms it for when the clock has gone `length` on, or disarms it for 0.
    pub(super) fn start(&self, length: u64, interval: u64) -> (u64, u64) {
        self.set(if length == 0 { 0 } else { self.now() + length }, interval)
    }

    /// What is left and the interval, in nanoseconds.
    pub(super) fn get(&self) -> (u64, u64) {
        let goal = *self.goal.lock();
        (if goal.at == 0 { 0 } else { goal.at.saturating_sub(self.now()).max(1) }, goal.interval)
    }

    /// Ends it.
    pub(super) fn delete(&self) -> Result<(), Errno> {
        timer::delete(self.number).map(drop)
    }

    /// Looks again as soon as all processors together can have run for what is missing.
    fn wait(&self, now: u64, at: u64) {
        let missing = at.saturating_sub(now) / kcore::sched::cpu_count().max(1) as u64;
        let next = (at != 0).then(|| kcore::time::now() + Duration::from_nanos(missing.max(LOOK)));
        // It fails only for a timer that was deleted.
        let _ = timer::set(self.number, next, 0);
    }
}

fn look(data: usize, _missed: u32) {
    // SAFETY: `Countdown::new` passes itself, and is never freed.
    let countdown = unsafe { &*core::ptr::with_exposed_provenance::<Countdown>(data) };
    let now = countdown.now();
    let mut goal = countdown.goal.lock();
    if goal.at == 0 || now < goal.at {
        let at = goal.at;
        drop(goal);
        return countdown.wait(now, at);
    }
    let missed = (now - goal.at).checked_div(goal.interval).unwrap_or(0);
    goal.at = if goal.interval == 0 { 0 } else { goal.at + (missed + 1) * goal.interval };
    let at = goal.at;
    drop(goal);
    countdown.wait(now, at);
    (countdown.fire)(countdown.data, u32::try_from(missed).unwrap_or(u32::MAX));
}
