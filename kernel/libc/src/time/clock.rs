//! `<time.h>`'s clocks and sleeps, and `gettimeofday`'s kin of `<sys/time.h>`.

use crate::errno::{self, EINVAL, ENOTSUP, EPERM, Errno};
use core::ffi::{c_int, c_long, c_void};
use core::ptr::null_mut;
use core::time::Duration;
use kcore::sched;
use kcore::signal::Outcome;
use kcore::time::{self, Instant};
use macros::export;

/// `CLOCK_REALTIME`.
pub const REALTIME: c_int = 0;
/// `CLOCK_MONOTONIC`.
pub const MONOTONIC: c_int = 1;
/// `CLOCK_PROCESS_CPUTIME_ID`.
pub const PROCESS_CPU: c_int = 2;
/// `CLOCK_THREAD_CPUTIME_ID`.
pub const THREAD_CPU: c_int = 3;

const SECOND: u64 = 1_000_000_000;

/// `struct timespec`.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct timespec {
    /// Seconds.
    pub tv_sec: i64,
    /// Nanoseconds, less than 10⁹.
    pub tv_nsec: c_long,
}

/// `struct timeval`.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct timeval {
    /// Seconds.
    pub tv_sec: i64,
    /// Microseconds, less than 10⁶.
    pub tv_usec: c_long,
}

impl timespec {
    /// A number of nanoseconds.
    #[must_use]
    pub fn of(nanoseconds: u64) -> Self {
        Self { tv_sec: (nanoseconds / SECOND) as i64, tv_nsec: (nanoseconds % SECOND) as c_long }
    }

    /// The number of nanoseconds; the longest there is if that is too many.
    ///
    /// # Errors
    /// [`EINVAL`] if it is negative or no `timespec`.
    pub fn nanoseconds(&self) -> Result<u64, Errno> {
        if self.tv_sec < 0 || !(0..SECOND as c_long).contains(&self.tv_nsec) {
            return Err(EINVAL);
        }
        Ok((self.tv_sec as u64).saturating_mul(SECOND).saturating_add(self.tv_nsec as u64))
    }
}

/// The instant at which a clock shows this time. Times before the clock's start have passed.
///
/// # Errors
/// [`EINVAL`] for a clock that cannot be waited for, or if it is no `timespec`.
pub fn instant(clock: c_int, at: &timespec) -> Result<Instant, Errno> {
    if !(0..SECOND as c_long).contains(&at.tv_nsec) {
        return Err(EINVAL);
    }
    match clock {
        REALTIME | 8 | 11 => Ok(time::instant_of_realtime(at.tv_sec, at.tv_nsec as u32)),
        MONOTONIC | 7 | 9 => Ok(Instant(at.nanoseconds().unwrap_or(0))),
        _ => Err(EINVAL),
    }
}

/// What a clock shows now, in nanoseconds.
pub(super) fn read(clock: c_int) -> Result<timespec, Errno> {
    match clock {
        // The coarse clocks, and those that count time asleep, differ from these by nothing here.
        REALTIME | 5 | 8 | 11 => {
            let (seconds, nanoseconds) = time::realtime();
            Ok(timespec { tv_sec: seconds, tv_nsec: c_long::from(nanoseconds) })
        }
        MONOTONIC | 4 | 6 | 7 | 9 => Ok(timespec::of(time::now().0)),
        PROCESS_CPU => Ok(timespec::of(sched::process_cpu_time().as_nanos() as u64)),
        THREAD_CPU => Ok(timespec::of(sched::cpu_time(sched::current()).as_nanos() as u64)),
        _ if clock < 0 => crate::pthread::clock::read(clock),
        _ => Err(EINVAL),
    }
}

fn number(result: Result<(), Errno>) -> c_int {
    result.map_or_else(errno::set, |()| 0)
}

/// What a clock shows. Zero, or -1 with `EINVAL`.
#[export]
pub unsafe extern "C" fn clock_gettime(clock: c_int, at: *mut timespec) -> c_int {
    // SAFETY: the caller's: `at` points at room for the answer.
    number(read(clock).map(|now| unsafe { *at = now }))
}

/// The resolution of a clock; none is asked for with null. Zero, or -1 with `EINVAL`.
#[export]
pub unsafe extern "C" fn clock_getres(clock: c_int, resolution: *mut timespec) -> c_int {
    number(read(clock).map(|_| {
        if !resolution.is_null() {
            // SAFETY: the caller's.
            unsafe { *resolution = timespec { tv_sec: 0, tv_nsec: 1 } };
        }
    }))
}

/// Sets the wall clock of the running machine. Zero, or -1 with `EINVAL`.
#[export]
pub unsafe extern "C" fn clock_settime(clock: c_int, at: *const timespec) -> c_int {
    // SAFETY: the caller's.
    let at = unsafe { *at };
    number(match (clock, at.nanoseconds()) {
        (REALTIME, Ok(_)) => {
            time::change_realtime(at.tv_sec, at.tv_nsec as u32);
            Ok(())
        }
        _ => Err(EINVAL),
    })
}

/// Sleeps until a clock shows `request`, or for that long. Zero or an error number; what is left
/// when a handler ran goes to `left`, unless the time was absolute.
#[export]
pub unsafe extern "C-unwind" fn clock_nanosleep(
    clock: c_int,
    flags: c_int,
    request: *const timespec,
    left: *mut timespec,
) -> c_int {
    const ABSOLUTE: c_int = 1;
    // SAFETY: the caller's.
    let request = unsafe { *request };
    let deadline = if flags & ABSOLUTE != 0 {
        instant(clock, &request)
    } else {
        match clock {
            THREAD_CPU => Err(EINVAL),
            PROCESS_CPU | 4..=6 => Err(ENOTSUP),
            ..0 | 10 | 12.. => Err(EINVAL),
            _ => request.nanoseconds().map(|length| time::now() + Duration::from_nanos(length)),
        }
    };
    let deadline = match deadline {
        Ok(deadline) => deadline,
        Err(error) => return error.number(),
    };
    kcore::tls::cancellation_point();
    // What came before the call does not interrupt it.
    kcore::signal::handle_pending();
    while let Err(error) = sched::sleep_until(deadline) {
        // A handler ends a sleep even with SA_RESTART.
        kcore::tls::cancellation_point();
        if kcore::signal::handle_pending() != Outcome::Nothing {
            if flags & ABSOLUTE == 0 && !left.is_null() {
                let rest = deadline.0.saturating_sub(time::now().0);
                // SAFETY: the caller's.
                unsafe { *left = timespec::of(rest) };
            }
            return error.number();
        }
    }
    0
}

/// Sleeps for `request`. Zero, or -1 with `EINVAL` or, if a handler ran, `EINTR` and what is left in `left`.
#[export]
pub unsafe extern "C-unwind" fn nanosleep(request: *const timespec, left: *mut timespec) -> c_int {
    // SAFETY: the caller's.
    match unsafe { clock_nanosleep(MONOTONIC, 0, request, left) } {
        0 => 0,
        error => {
            errno::set_number(error);
            -1
        }
    }
}

/// Sleeps for so many microseconds. Zero, or -1 with `EINTR`.
#[export]
pub unsafe extern "C-unwind" fn usleep(microseconds: u32) -> c_int {
    let request = timespec::of(u64::from(microseconds) * 1000);
    // SAFETY: the request is on the stack.
    unsafe { nanosleep(&raw const request, null_mut()) }
}

/// Sleeps for so many seconds. Zero, or how many are left when a handler ran.
#[export]
pub unsafe extern "C-unwind" fn sleep(seconds: u32) -> u32 {
    let mut left = timespec::of(u64::from(seconds) * SECOND);
    // SAFETY: both are on the stack.
    match unsafe { nanosleep(&raw const left, &raw mut left) } {
        0 => 0,
        _ => left.tv_sec as u32 + u32::from(left.tv_nsec >= SECOND as c_long / 2),
    }
}

/// The seconds since 1970; also in `at` unless that is null.
#[export]
pub unsafe extern "C" fn time(at: *mut i64) -> i64 {
    let (seconds, _) = time::realtime();
    if !at.is_null() {
        // SAFETY: the caller's.
        unsafe { *at = seconds };
    }
    seconds
}

/// The wall clock's time. A time zone, if asked for, is UTC. Zero.
#[export]
pub unsafe extern "C" fn gettimeofday(at: *mut timeval, zone: *mut c_void) -> c_int {
    let (seconds, nanoseconds) = time::realtime();
    // SAFETY: the caller's; a `struct timezone` is two integers.
    unsafe {
        if !at.is_null() {
            *at = timeval { tv_sec: seconds, tv_usec: c_long::from(nanoseconds / 1000) };
        }
        if !zone.is_null() {
            *zone.cast::<[c_int; 2]>() = [0; 2];
        }
    }
    0
}

/// Sets the wall clock. Zero, or -1 with `EINVAL`.
#[export]
pub unsafe extern "C" fn settimeofday(at: *const timeval, _zone: *const c_void) -> c_int {
    // SAFETY: the caller's.
    let Some(at) = (unsafe { at.as_ref() }) else { return 0 };
    if at.tv_sec < 0 || !(0..1_000_000).contains(&at.tv_usec) {
        return errno::set(EINVAL);
    }
    time::change_realtime(at.tv_sec, at.tv_usec as u32 * 1000);
    0
}

/// Slews the clock: there is nothing that would, so only asking is allowed. -1 with `EPERM`.
#[export]
pub unsafe extern "C" fn adjtime(delta: *const timeval, old: *mut timeval) -> c_int {
    if !delta.is_null() {
        return errno::set(EPERM);
    }
    // SAFETY: the caller's.
    if let Some(old) = unsafe { old.as_mut() } {
        *old = timeval::default();
    }
    0
}

/// Processor time of the process in microseconds.
#[export]
pub extern "C" fn clock() -> c_long {
    (sched::process_cpu_time().as_nanos() / 1000) as c_long
}

/// The wall clock's time (`TIME_UTC`, base 1); `base`, or 0 if there is no such.
#[export]
pub unsafe extern "C" fn timespec_get(at: *mut timespec, base: c_int) -> c_int {
    // SAFETY: the caller's.
    if base == 1 && unsafe { clock_gettime(REALTIME, at) } == 0 { base } else { 0 }
}

/// The resolution of the wall clock; `base`, or 0 if there is no such.
#[export]
pub unsafe extern "C" fn timespec_getres(resolution: *mut timespec, base: c_int) -> c_int {
    // SAFETY: the caller's.
    if base == 1 && unsafe { clock_getres(REALTIME, resolution) } == 0 { base } else { 0 }
}

/// The processor-time clock of a process; there is one.
#[export]
pub unsafe extern "C" fn clock_getcpuclockid(process: c_int, clock: *mut c_int) -> c_int {
    if process != 0 && process != 1 {
        return errno::ESRCH.number();
    }
    // SAFETY: the caller's.
    unsafe { *clock = PROCESS_CPU };
    0
}
