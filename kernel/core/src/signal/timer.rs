//! Timers that do something when they expire: behind `alarm`, `setitimer` and `timer_create`.
//!
//! One thread of the kernel waits for the next of them; it starts with the first timer.

use crate::errno::{EAGAIN, EINVAL, Result};
use crate::loader::tls as storage;
use crate::sched::{self, Spawn};
use crate::sync::{Once, SpinLock};
use crate::time::{self, Instant};
use crate::tls::Tcb;
use crate::{futex, memory};
use alloc::vec::Vec;
use core::alloc::Layout;
use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;

/// A timer.
#[derive(Clone, Copy)]
struct Timer {
    /// When it expires next; none while it is disarmed.
    next: Option<Instant>,
    /// After how many nanoseconds again; 0 for not.
    interval: u64,
    /// What it does, given `data` and how many expirations were missed since the last time.
    fire: fn(usize, u32),
    data: usize,
}

/// Timers by number.
static TIMERS: SpinLock<Vec<Option<Timer>>> = SpinLock::new(Vec::new());
/// Changes when there is something new for the service to look at.
static CHANGED: AtomicU32 = AtomicU32::new(0);
static SERVICE: Once<bool> = Once::new();

/// Bytes of the service's stack.
const STACK: usize = 16 << 10;

/// Starts a thread of the kernel's that may use what needs a control block; on this processor, so
/// that a program with one thread leaves the others alone.
///
/// # Errors
/// `EAGAIN` if there is no memory.
pub fn start_service(entry: unsafe extern "C-unwind" fn(usize) -> !) -> Result<()> {
    let layout = storage::thread_layout();
    let stack = Layout::from_size_align(STACK, 16).map_err(|_| EINVAL)?;
    let (memory, stack) = (memory::heap::allocate(layout), memory::heap::allocate(stack));
    if memory.is_null() || stack.is_null() {
        return Err(EAGAIN);
    }
    // SAFETY: the memory is as long as the layout says, and nobody else's.
    let block = unsafe {
        memory.write_bytes(0, layout.size());
        let block = storage::control_block(memory);
        Tcb::initialise(block, 0, 0);
        block
    };
    sched::spawn_here(Spawn {
        entry,
        argument: 0,
        stack_top: stack.addr() + STACK,
        tcb: block.addr(),
        clear_on_exit: 0,
        affinity: 0,
    })?;
    Ok(())
}

/// Makes a timer, disarmed: its number.
///
/// # Errors
/// `EAGAIN` if there is no memory for the thread that serves timers.
pub fn create(fire: fn(usize, u32), data: usize) -> Result<usize> {
    if !*SERVICE.get_or_init(|| start_service(serve).is_ok()) {
        return Err(EAGAIN);
    }
    let timer = Some(Timer { next: None, interval: 0, fire, data });
    let mut timers = TIMERS.lock();
    if let Some(free) = timers.iter().position(Option::is_none) {
        timers[free] = timer;
        return Ok(free);
    }
    timers.push(timer);
    Ok(timers.len() - 1)
}

/// Arms a timer, or disarms it: how long it still had, and its interval, both in nanoseconds.
///
/// # Errors
/// `EINVAL` if there is no such timer.
pub fn set(number: usize, next: Option<Instant>, interval: u64) -> Result<(u64, u64)> {
    let old = {
        let mut timers = TIMERS.lock();
        let timer = timers.get_mut(number).and_then(Option::as_mut).ok_or(EINVAL)?;
        let old = (left(timer), timer.interval);
        timer.next = next;
        timer.interval = interval;
        old
    };
    CHANGED.fetch_add(1, Ordering::Release);
    futex::wake(&CHANGED, 1);
    Ok(old)
}

/// How long a timer still has, and its interval, both in nanoseconds; 0 if it is disarmed.
///
/// # Errors
/// `EINVAL` if there is no such timer.
pub fn get(number: usize) -> Result<(u64, u64)> {
    let timers = TIMERS.lock();
    let timer = timers.get(number).and_then(Option::as_ref).ok_or(EINVAL)?;
    Ok((left(timer), timer.interval))
}

/// Deletes a timer; gives what it was made with.
///
/// # Errors
/// `EINVAL` if there is no such timer.
pub fn delete(number: usize) -> Result<usize> {
    let timer = TIMERS.lock().get_mut(number).and_then(Option::take);
    timer.map(|timer| timer.data).ok_or(EINVAL)
}

fn left(timer: &Timer) -> u64 {
    timer.next.map_or(0, |next| (next.0.saturating_sub(time::now().0)).max(1))
}

/// Takes a timer that has expired, or says when the next one will.
fn due() -> Result<(Timer, u32), Option<Instant>> {
    let now = time::now();
    let mut earliest: Option<Instant> = None;
    for timer in TIMERS.lock().iter_mut().flatten() {
        let Some(next) = timer.next else { continue };
        if next <= now {
            let mut missed = 0;
            timer.next = None;
            if let Some(count) = (now.0 - next.0).checked_div(timer.interval) {
                missed = count;
                timer.next = Some(next + Duration::from_nanos(timer.interval.saturating_mul(missed + 1)));
            }
            return Ok((*timer, u32::try_from(missed).unwrap_or(u32::MAX)));
        }
        earliest = Some(earliest.map_or(next, |known| known.min(next)));
    }
    Err(earliest)
}

unsafe extern "C-unwind" fn serve(_argument: usize) -> ! {
    loop {
        let seen = CHANGED.load(Ordering::Acquire);
        match due() {
            Ok((timer, missed)) => (timer.fire)(timer.data, missed),
            // Whatever ends the wait, the timers are looked at again.
            Err(deadline) => drop(futex::wait(&CHANGED, seen, deadline)),
        }
    }
}
