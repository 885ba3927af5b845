//! `sys/timerfd.h`.

use core::ffi::c_int;
use core::time::Duration;

use alloc::sync::Arc;

use kcore::errno::{EINVAL, Result};
use kcore::vfs::timerfd::{First, TimerFile};
use kcore::vfs::{OpenFlags, fd};
use macros::export;

use crate::errno;
use crate::outcome::number;
use crate::time::clock::{self, timespec};
use crate::time::timer::itimerspec;

/// `TFD_TIMER_ABSTIME`.
const ABSOLUTE: c_int = 1;
/// `TFD_TIMER_CANCEL_ON_SET`.
const CANCEL_ON_SET: c_int = 2;

/// Whether a timer's clock is the wall clock; the others all show the same here.
fn by_wall_clock(clock: c_int) -> Result<bool> {
    match clock {
        clock::REALTIME | 8 => Ok(true),
        clock::MONOTONIC | 7 | 9 => Ok(false),
        _ => Err(EINVAL),
    }
}

/// A timer as a file: of `CLOCK_REALTIME`, `CLOCK_MONOTONIC`, `CLOCK_BOOTTIME` or the alarm clocks of
/// these; `TFD_NONBLOCK`, `TFD_CLOEXEC`. The descriptor, or -1 with `EINVAL` or `EMFILE`.
#[export]
pub extern "C" fn timerfd_create(clock: c_int, flags: c_int) -> c_int {
    let open = OpenFlags::from_bits_retain(flags as u32);
    if !(OpenFlags::NONBLOCK | OpenFlags::CLOSE_ON_EXEC).contains(open) {
        return errno::set(EINVAL);
    }
    let file = by_wall_clock(clock).map(|wall| TimerFile::new(open, wall));
    number(file.and_then(|file| fd::install(file, open.contains(OpenFlags::CLOSE_ON_EXEC))))
}

/// Does `work` with the timer behind a descriptor: `EBADF`, or `EINVAL` if it is none.
fn with<T>(fd: c_int, work: impl FnOnce(&Arc<TimerFile>) -> Result<T>) -> Result<T> {
    work(&TimerFile::of(fd::get(fd)?).ok_or(EINVAL)?)
}

fn setting((left, interval): (u64, u64)) -> itimerspec {
    itimerspec { it_interval: timespec::of(interval), it_value: timespec::of(left) }
}

fn first(wall: bool, flags: c_int, value: &timespec) -> Result<First> {
    let length = value.nanoseconds()?;
    if length == 0 {
        return Ok(First::Never);
    }
    if flags & ABSOLUTE == 0 {
        return Ok(First::At(kcore::time::now() + Duration::from_nanos(length)));
    }
    if !wall {
        return Ok(First::At(clock::instant(clock::MONOTONIC, value)?));
    }
    Ok(First::AtWallClock {
        seconds: value.tv_sec,
        nanoseconds: value.tv_nsec as u32,
        cancelled_when_set: flags & CANCEL_ON_SET != 0,
    })
}

/// Arms a timer, after a time or at one (`TFD_TIMER_ABSTIME`, perhaps `TFD_TIMER_CANCEL_ON_SET`);
/// the old setting goes to `old` unless that is null. Zero, or -1 with `EBADF` or `EINVAL`.
#[export]
pub unsafe extern "C" fn timerfd_settime(
    fd: c_int,
    flags: c_int,
    new: *const itimerspec,
    old: *mut itimerspec,
) -> c_int {
    if flags & !(ABSOLUTE | CANCEL_ON_SET) != 0 {
        return errno::set(EINVAL);
    }
    // SAFETY: the caller's setting.
    let new = unsafe { &*new };
    let before = with(fd, |file| {
        let interval = new.it_interval.nanoseconds()?;
        Ok(file.set(first(file.by_wall_clock(), flags, &new.it_value)?, interval))
    });
    match before {
        Ok(before) => {
            // SAFETY: the caller's: null or room for the answer.
            if let Some(old) = unsafe { old.as_mut() } {
                *old = setting(before);
            }
            0
        }
        Err(error) => errno::set(error),
    }
}

/// What is left of a timer, and its interval. Zero, or -1 with `EBADF` or `EINVAL`.
#[export]
pub unsafe extern "C" fn timerfd_gettime(fd: c_int, to: *mut itimerspec) -> c_int {
    match with(fd, |file| Ok(file.get())) {
        Ok(now) => {
            // SAFETY: room for the answer is the caller's.
            unsafe { *to = setting(now) };
            0
        }
        Err(error) => errno::set(error),
    }
}
