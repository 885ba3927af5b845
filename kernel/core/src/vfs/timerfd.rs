//! `timerfd`: a timer as a file, which is read for the number of its expirations.
//!
//! A timer with an interval is armed again when its expirations are taken, not in between: nobody
//! can tell, and a short interval costs nothing while nobody looks.

use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::time::Duration;

use super::file::File;
use super::flags::{OpenFlags, Status};
use super::poll::{Events, Source};
use super::stat::Stat;
use crate::errno::{EAGAIN, ECANCELED, EINVAL, Result};
use crate::sync::{SpinLock, WaitQueue};
use crate::time::timer::Timer;
use crate::time::{self, Instant};

/// When a timer expires first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum First {
    /// Never: it is disarmed.
    Never,
    /// At a point of the monotonic clock.
    At(Instant),
    /// When the wall clock shows these seconds and nanoseconds, also if somebody sets it.
    AtWallClock {
        /// Seconds since 1970.
        seconds: i64,
        /// Nanoseconds of a second.
        nanoseconds: u32,
        /// Reading fails once with `ECANCELED` after the clock was set (`TFD_TIMER_CANCEL_ON_SET`).
        cancelled_when_set: bool,
    },
}

impl First {
    fn instant(self) -> Option<Instant> {
        match self {
            Self::Never => None,
            Self::At(instant) => Some(instant),
            Self::AtWallClock { seconds, nanoseconds, .. } => {
                Some(time::instant_of_realtime(seconds, nanoseconds))
            }
        }
    }
}

/// A timer as a file.
pub struct TimerFile {
    status: Status,
    /// Whether absolute times are the wall clock's.
    by_wall_clock: bool,
    state: SpinLock<State>,
    timer: Timer,
    changed: WaitQueue,
    source: Source,
}

struct State {
    /// What it was set to.
    first: First,
    /// When it expires next; none if it has expired or is disarmed.
    next: Option<Instant>,
    /// When it expired last, until its expirations are taken.
    expired: Option<Instant>,
    /// Nanoseconds after which it expires again; 0 for not.
    interval: u64,
    cancelled: bool,
}

/// Timers that go by the wall clock.
static BY_WALL_CLOCK: SpinLock<Vec<Weak<TimerFile>>> = SpinLock::new(Vec::new());

/// The timer's interrupt.
fn expire(file: usize) {
    // SAFETY: the file cancels its timer before it goes, and waits for this to be done.
    let file = unsafe { &*core::ptr::with_exposed_provenance::<TimerFile>(file) };
    {
        let mut state = file.state.lock();
        // It may have been set anew meanwhile.
        let Some(next) = state.next.filter(|&next| next <= time::now()) else { return };
        state.next = None;
        state.expired = Some(next);
    }
    file.tell();
}

impl TimerFile {
    /// A timer that is disarmed.
    #[must_use]
    pub fn new(flags: OpenFlags, by_wall_clock: bool) -> Arc<Self> {
        Arc::new_cyclic(|file: &Weak<Self>| Self {
            status: Status::new(flags.union(OpenFlags::READ_WRITE)),
            by_wall_clock,
            state: SpinLock::new(State {
                first: First::Never,
                next: None,
                expired: None,
                interval: 0,
                cancelled: false,
            }),
            timer: Timer::new(expire, file.as_ptr().expose_provenance()),
            changed: WaitQueue::new(),
            source: Source::new(),
        })
    }

    /// The timer that a file is, if it is one.
    #[must_use]
    pub fn of(file: Arc<dyn File>) -> Option<Arc<Self>> {
        let file: Arc<dyn core::any::Any + Send + Sync> = file;
        file.downcast().ok()
    }

    /// Whether absolute times are the wall clock's.
    #[must_use]
    pub fn by_wall_clock(&self) -> bool {
        self.by_wall_clock
    }

    fn tell(&self) {
        self.changed.wake_all();
        self.source.notify(Events::READABLE);
    }

    /// Lets the timer call at `next`.
    fn arm(&self, state: &mut State, next: Option<Instant>) {
        state.next = next;
        match next {
            // SAFETY: it is cancelled before the file goes; the state's lock keeps others away.
            Some(next) => unsafe { self.timer.arm(next) },
            None => drop(self.timer.disarm()),
        }
    }

    /// Sets the timer; gives the nanoseconds that it still had, and its interval.
    pub fn set(self: &Arc<Self>, first: First, interval: u64) -> (u64, u64) {
        // The clocks are found before the lock is taken.
        let next = first.instant();
        let now = time::now();
        let old = {
            let mut state = self.state.lock();
            self.go_on(&mut state, now);
            let old = (left(&state, now), state.interval);
            state.first = first;
            state.interval = interval;
            state.expired = None;
            state.cancelled = false;
            self.arm(&mut state, next);
            old
        };
        if matches!(first, First::AtWallClock { .. }) {
            time::on_set(clock_was_set);
            let mut list = BY_WALL_CLOCK.lock();
            list.retain(|file| file.strong_count() > 0 && file.as_ptr() != Arc::as_ptr(self));
            list.push(Arc::downgrade(self));
        }
        old
    }

    /// The nanoseconds that the timer still has, 0 if it is disarmed, and its interval.
    pub fn get(&self) -> (u64, u64) {
        let now = time::now();
        let state = self.state.lock();
        let next = state.expired.filter(|_| state.interval != 0).map(|last| after(last, state.interval, now));
        match next {
            Some((next, _)) => (next.0.saturating_sub(now.0).max(1), state.interval),
            None => (left(&state, now), state.interval),
        }
    }

    /// Takes the expirations so far and arms a timer with an interval again.
    fn go_on(&self, state: &mut State, now: Instant) -> u64 {
        let Some(last) = state.expired.take() else { return 0 };
        if state.interval == 0 {
            return 1;
        }
        let (next, more) = after(last, state.interval, now);
        self.arm(state, Some(next));
        1 + more
    }

    /// The wall clock was set.
    fn follow(&self) {
        let mut state = self.state.lock();
        let First::AtWallClock { cancelled_when_set, .. } = state.first else { return };
        state.cancelled |= cancelled_when_set;
        // After the first time it goes by the interval.
        if state.next.is_some() && state.interval == 0 {
            let next = state.first.instant();
            self.arm(&mut state, next);
        }
        let cancelled = state.cancelled;
        drop(state);
        if cancelled {
            self.tell();
        }
    }
}

/// The first point after `now` that is a number of intervals after `last`, and how many were before it.
fn after(last: Instant, interval: u64, now: Instant) -> (Instant, u64) {
    let missed = now.0.saturating_sub(last.0) / interval;
    (last + Duration::from_nanos(interval.saturating_mul(missed + 1)), missed)
}

fn left(state: &State, now: Instant) -> u64 {
    state.next.map_or(0, |next| next.0.saturating_sub(now.0).max(1))
}

fn clock_was_set() {
    let list: Vec<_> = BY_WALL_CLOCK.lock().iter().filter_map(Weak::upgrade).collect();
    list.iter().for_each(|file| file.follow());
}

impl Drop for TimerFile {
    fn drop(&mut self) {
        self.timer.cancel();
    }
}

impl File for TimerFile {
    fn status(&self) -> &Status {
        &self.status
    }

    fn stat(&self) -> Result<Stat> {
        Ok(Stat { inode: 1, links: 1, mode: 0o600, block_size: 4096, ..Stat::default() })
    }

    fn read(&self, buffer: &mut [u8]) -> Result<usize> {
        let to = buffer.first_chunk_mut::<8>().ok_or(EINVAL)?;
        let nonblocking = self.status.nonblocking();
        let count = self.changed.wait_until(None, || {
            let now = time::now();
            let mut state = self.state.lock();
            if core::mem::take(&mut state.cancelled) {
                return Some(Err(ECANCELED));
            }
            match self.go_on(&mut state, now) {
                0 if nonblocking => Some(Err(EAGAIN)),
                0 => None,
                count => Some(Ok(count)),
            }
        })??;
        *to = count.to_ne_bytes();
        Ok(8)
    }

    fn ready(&self) -> Events {
        let state = self.state.lock();
        if state.expired.is_some() || state.cancelled { Events::READABLE } else { Events::empty() }
    }

    fn source(&self) -> Option<&Source> {
        Some(&self.source)
    }
}
