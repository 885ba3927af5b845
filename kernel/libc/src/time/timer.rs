//! Timers: `alarm`, `setitimer` and `timer_create`.

use super::countdown::Countdown;
use crate::errno::{self, EAGAIN, EINVAL, Errno};
use crate::pthread::attribute::{self, Attributes};
use crate::pthread::clock::pthread_getcpuclockid;
use crate::time::clock::{self, timespec, timeval};
use alloc::boxed::Box;
use core::ffi::{c_int, c_long};
use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;
use kcore::signal::{FROM_KERNEL, FROM_TIMER, Info, queue, timer};
use kcore::sync::SpinLock;
use kcore::time::Instant;
use kcore::tls::{self, Tcb};
use macros::export;

const SIGALRM: c_int = 14;
/// The service's number of the timer behind `alarm` and `setitimer(ITIMER_REAL)`, once there is one.
static REAL: SpinLock<Option<usize>> = SpinLock::new(None);

fn send_alarm(_data: usize, _missed: u32) {
    // If it cannot be queued, as many wait as may.
    let _ = queue::send(None, Info::own(SIGALRM, FROM_KERNEL));
}

/// Arms the process's timer: what was left of it and its interval, in nanoseconds.
fn arm(length: u64, interval: u64) -> Result<(u64, u64), Errno> {
    let known = *REAL.lock();
    let number = match known {
        Some(number) => number,
        None => {
            let number = timer::create(send_alarm, 0)?;
            *REAL.lock() = Some(number);
            number
        }
    };
    let next = (length != 0).then(|| kcore::time::now() + Duration::from_nanos(length));
    timer::set(number, next, interval)
}

/// Sends `SIGALRM` after so many seconds; 0 for not. The seconds that were left of the last time.
#[export]
pub extern "C" fn alarm(seconds: u32) -> u32 {
    let (left, _) = arm(u64::from(seconds) * 1_000_000_000, 0).unwrap_or((0, 0));
    left.div_ceil(1_000_000_000) as u32
}

/// Sends `SIGALRM` after so many microseconds, and then each `interval`. The microseconds that were left.
#[export]
pub extern "C" fn ualarm(microseconds: u32, interval: u32) -> u32 {
    let (left, _) = arm(u64::from(microseconds) * 1000, u64::from(interval) * 1000).unwrap_or((0, 0));
    left.div_ceil(1000) as u32
}

/// `struct itimerval`.
#[repr(C)]
pub struct itimerval {
    it_interval: timeval,
    it_value: timeval,
}

impl itimerval {
    fn of(left: u64, interval: u64) -> Self {
        let part = |nanoseconds: u64| timeval {
            tv_sec: (nanoseconds / 1_000_000_000) as i64,
            tv_usec: (nanoseconds % 1_000_000_000 / 1000) as c_long,
        };
        Self { it_interval: part(interval), it_value: part(left) }
    }
}

fn nanoseconds(time: &timeval) -> Result<u64, Errno> {
    if !(0..1_000_000).contains(&time.tv_usec) {
        return Err(EINVAL);
    }
    timespec { tv_sec: time.tv_sec, tv_nsec: time.tv_usec * 1000 }.nanoseconds()
}

/// `ITIMER_REAL`.
const ITIMER_REAL: c_int = 0;

/// `ITIMER_VIRTUAL` and `ITIMER_PROF`, once there are any. All of a program's time is the program's.
static PROCESSOR: SpinLock<[Option<&'static Countdown>; 2]> = SpinLock::new([None; 2]);

fn send(signal: usize, _missed: u32) {
    // If it cannot be queued, as many wait as may.
    let _ = queue::send(None, Info::own(signal as c_int, FROM_KERNEL));
}

/// The countdown behind a timer of `setitimer`, made at its first use.
fn processor(which: c_int) -> Result<&'static Countdown, Errno> {
    let (at, signal) = match which {
        1 => (0, 26),
        2 => (1, 27),
        _ => return Err(EINVAL),
    };
    let known = PROCESSOR.lock()[at];
    if let Some(known) = known {
        return Ok(known);
    }
    let made = Countdown::new(clock::PROCESS_CPU, send, signal)?;
    Ok(PROCESSOR.lock()[at].get_or_insert(made))
}

/// Arms a timer of the process. Zero, or -1 with `EINVAL`.
#[export]
pub unsafe extern "C" fn setitimer(which: c_int, new: *const itimerval, old: *mut itimerval) -> c_int {
    // SAFETY: the caller's.
    let Some(new) = (unsafe { new.as_ref() }) else {
        // SAFETY: the caller's. Linux takes null for all zero.
        return unsafe { setitimer(which, &itimerval::of(0, 0), old) };
    };
    let armed = nanoseconds(&new.it_value).and_then(|value| {
        nanoseconds(&new.it_interval).and_then(|interval| match which {
            ITIMER_REAL => arm(value, interval),
            _ => processor(which).map(|countdown| countdown.start(value, interval)),
        })
    });
    match armed {
        Ok((left, interval)) => {
            // SAFETY: the caller's: null or room for the answer.
            if let Some(old) = unsafe { old.as_mut() } {
                *old = itimerval::of(left, interval);
            }
            0
        }
        Err(error) => errno::set(error),
    }
}

/// What is left of a timer of the process. Zero, or -1 with `EINVAL`.
#[export]
pub unsafe extern "C" fn getitimer(which: c_int, to: *mut itimerval) -> c_int {
    let (left, interval) = match which {
        ITIMER_REAL => REAL.lock().and_then(|number| timer::get(number).ok()).unwrap_or((0, 0)),
        1 | 2 => PROCESSOR.lock()[which as usize - 1].map_or((0, 0), Countdown::get),
        _ => return errno::set(EINVAL),
    };
    // SAFETY: the caller's.
    unsafe { *to = itimerval::of(left, interval) };
    0
}

/// `struct sigevent`, 64 bytes.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sigevent {
    value: u64,
    signal: c_int,
    notify: c_int,
    /// The function and its attributes, or the number of a thread.
    function: usize,
    attributes: usize,
    unused: [u64; 4],
}

const _: () = assert!(size_of::<sigevent>() == 64);

/// `SIGEV_SIGNAL`, `SIGEV_NONE`, `SIGEV_THREAD`, `SIGEV_THREAD_ID`.
const BY_SIGNAL: c_int = 0;
const NOT: c_int = 1;
const BY_THREAD: c_int = 2;
const TO_THREAD: c_int = 4;

/// A timer of `timer_create`: what a `timer_t` points at.
pub struct Timer {
    number: usize,
    clock: c_int,
    /// What does the work for a clock of processor time.
    countdown: Option<&'static Countdown>,
    event: sigevent,
    /// How often it expired without the application being told, at the last time it was.
    overrun: AtomicU32,
}

fn expire(data: usize, missed: u32) {
    // SAFETY: `timer_create` passes the timer, which lives until the service has forgotten it.
    let timer = unsafe { &*(data as *const Timer) };
    timer.overrun.store(missed.min(i32::MAX as u32), Ordering::Relaxed);
    let event = &timer.event;
    if event.notify == BY_THREAD {
        // SAFETY: the caller of `timer_create` gave null or attributes that stay.
        let attributes = unsafe { (event.attributes as *const Attributes).as_ref() };
        let mut attributes = attributes.copied().unwrap_or_else(attribute::default);
        attributes.flags |= attribute::DETACHED;
        // A notification for which there is no memory is lost, as on Linux.
        let _ = crate::pthread::thread::create(&attributes, event.function, event.value as usize);
        return;
    }
    let mut info = Info::own(event.signal, FROM_TIMER);
    info.words[0] = u64::from(missed) << 32;
    info.words[1] = event.value;
    let mut target: *const Tcb = core::ptr::null();
    if event.notify == TO_THREAD {
        tls::for_each(&mut |block| {
            if block.tid.load(Ordering::Relaxed) == event.function as u32 {
                target = block;
            }
        });
    }
    // SAFETY: null, or a block that was on the list of threads just now.
    let _ = queue::send(unsafe { target.as_ref() }, info);
}

/// Makes a timer. Zero, or -1 with `EINVAL` or `EAGAIN`.
#[export]
pub unsafe extern "C" fn timer_create(
    mut clock: c_int,
    event: *const sigevent,
    to: *mut *mut Timer,
) -> c_int {
    if clock == clock::THREAD_CPU {
        // The thread that asks, by a number that others understand.
        // SAFETY: the calling thread's block, and a local.
        unsafe { pthread_getcpuclockid(core::ptr::from_ref(tls::current()), &raw mut clock) };
    }
    let counts_processor = clock == clock::PROCESS_CPU || clock < 0;
    if !matches!(clock, clock::REALTIME | clock::MONOTONIC | 7 | 8 | 9 | 11) && !counts_processor
        || clock < 0 && clock::read(clock).is_err()
    {
        return errno::set(EINVAL);
    }
    let default =
        sigevent { value: 0, signal: SIGALRM, notify: BY_SIGNAL, function: 0, attributes: 0, unused: [0; 4] };
    // SAFETY: the caller's: null or an event.
    let event = unsafe { event.as_ref() }.copied().unwrap_or(default);
    let signals = matches!(event.notify, BY_SIGNAL | TO_THREAD);
    if !matches!(event.notify, BY_SIGNAL | NOT | BY_THREAD | TO_THREAD)
        || signals && !(1..=64).contains(&event.signal)
    {
        return errno::set(EINVAL);
    }
    let overrun = AtomicU32::new(0);
    let timer = Box::into_raw(Box::new(Timer { number: 0, clock, countdown: None, event, overrun }));
    let fire = if event.notify == NOT { ignore as fn(usize, u32) } else { expire };
    if counts_processor {
        return match Countdown::new(clock, fire, timer.addr()) {
            // SAFETY: as below.
            Ok(countdown) => unsafe {
                (*timer).countdown = Some(countdown);
                *to = timer;
                0
            },
            Err(_) => {
                // SAFETY: nobody has seen it.
                drop(unsafe { Box::from_raw(timer) });
                errno::set(EAGAIN)
            }
        };
    }
    match timer::create(fire, timer.addr()) {
        // SAFETY: fresh, and not armed; room for the answer is the caller's.
        Ok(number) => unsafe {
            (*timer).number = number;
            *to = timer;
            0
        },
        Err(_) => {
            // SAFETY: nobody has seen it.
            drop(unsafe { Box::from_raw(timer) });
            errno::set(EAGAIN)
        }
    }
}

fn ignore(_data: usize, _missed: u32) {}

/// `struct itimerspec`.
#[repr(C)]
pub struct itimerspec {
    /// After how long it expires again; 0 for not.
    pub it_interval: timespec,
    /// When it expires first; 0 for never.
    pub it_value: timespec,
}

/// Arms a timer, after a time or at one (`TIMER_ABSTIME` 1). Zero, or -1 with `EINVAL`.
#[export]
pub unsafe extern "C" fn timer_settime(
    timer: *mut Timer,
    flags: c_int,
    new: *const itimerspec,
    old: *mut itimerspec,
) -> c_int {
    // SAFETY: the caller's: a timer, and a setting.
    let (timer, new) = unsafe { (&*timer, &*new) };
    let armed = (|| {
        let (value, interval) = (new.it_value.nanoseconds()?, new.it_interval.nanoseconds()?);
        if let Some(countdown) = timer.countdown {
            return Ok(if flags & 1 == 0 {
                countdown.start(value, interval)
            } else {
                countdown.set(value, interval)
            });
        }
        let next: Option<Instant> = match (value, flags & 1) {
            (0, _) => None,
            (_, 0) => Some(kcore::time::now() + Duration::from_nanos(value)),
            _ => Some(clock::instant(timer.clock, &new.it_value)?),
        };
        timer::set(timer.number, next, interval)
    })();
    match armed {
        Ok((left, interval)) => {
            // SAFETY: the caller's: null or room for the answer.
            if let Some(old) = unsafe { old.as_mut() } {
                *old = itimerspec { it_interval: timespec::of(interval), it_value: timespec::of(left) };
            }
            0
        }
        Err(error) => errno::set(error),
    }
}

/// What is left of a timer. Zero, or -1 with `EINVAL`.
#[export]
pub unsafe extern "C" fn timer_gettime(timer: *mut Timer, to: *mut itimerspec) -> c_int {
    // SAFETY: the caller's.
    let timer = unsafe { &*timer };
    match timer.countdown.map_or_else(|| timer::get(timer.number), |countdown| Ok(countdown.get())) {
        Ok((left, interval)) => {
            // SAFETY: the caller's.
            unsafe { *to = itimerspec { it_interval: timespec::of(interval), it_value: timespec::of(left) } };
            0
        }
        Err(error) => errno::set(error),
    }
}

/// How often a timer expired beyond the last notification.
#[export]
pub unsafe extern "C" fn timer_getoverrun(timer: *mut Timer) -> c_int {
    // SAFETY: the caller's.
    unsafe { (*timer).overrun.load(Ordering::Relaxed) as c_int }
}

/// Deletes a timer. Zero, or -1 with `EINVAL`.
#[export]
pub unsafe extern "C" fn timer_delete(timer: *mut Timer) -> c_int {
    // SAFETY: the caller's. The timer itself stays: the service may be firing it this moment.
    let timer = unsafe { &*timer };
    let deleted = timer.countdown.map_or_else(|| timer::delete(timer.number).map(drop), Countdown::delete);
    deleted.map_or_else(errno::set, |()| 0)
}
