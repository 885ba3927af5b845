//! `<sys/timex.h>`: the discipline of the clock, of which there is none.

use crate::errno::{self, EINVAL, EPERM};
use crate::time::clock::{self, timeval};
use core::ffi::{c_int, c_long};
use macros::export;

/// `struct timex`, 208 bytes.
#[repr(C)]
pub struct timex {
    modes: u32,
    offset: c_long,
    freq: c_long,
    maxerror: c_long,
    esterror: c_long,
    status: c_int,
    constant: c_long,
    precision: c_long,
    tolerance: c_long,
    time: timeval,
    tick: c_long,
    unused: [c_long; 8],
    tai: c_int,
    unused2: [c_int; 11],
}

const _: () = assert!(size_of::<timex>() == 208);

/// `STA_UNSYNC`, and what the calls return for such a clock, `TIME_ERROR`.
const UNSYNCHRONISED: c_int = 0x40;
const ERROR: c_int = 5;

/// Reads the clock's state: it is kept by no one. `TIME_ERROR`, or -1 with `EPERM` for a change.
/// Aliases: `__adjtimex`, `ntp_adjtime`.
#[export]
pub unsafe extern "C" fn adjtimex(state: *mut timex) -> c_int {
    // SAFETY: the caller's.
    let state = unsafe { &mut *state };
    if state.modes != 0 {
        return errno::set(EPERM);
    }
    let (seconds, nanoseconds) = kcore::time::realtime();
    *state = timex {
        modes: 0,
        offset: 0,
        freq: 0,
        maxerror: 16_000_000,
        esterror: 16_000_000,
        status: UNSYNCHRONISED,
        constant: 2,
        precision: 1,
        tolerance: 32_768_000,
        time: timeval { tv_sec: seconds, tv_usec: c_long::from(nanoseconds / 1000) },
        tick: 10_000,
        unused: [0; 8],
        tai: 0,
        unused2: [0; 11],
    };
    ERROR
}

/// `adjtimex` for a clock: the wall clock. As `adjtimex`, or -1 with `EINVAL`.
#[export]
pub unsafe extern "C" fn clock_adjtime(clock_id: c_int, state: *mut timex) -> c_int {
    // SAFETY: the caller's.
    if clock_id == clock::REALTIME { unsafe { adjtimex(state) } } else { errno::set(EINVAL) }
}

/// `struct ntptimeval`.
#[repr(C)]
pub struct ntptimeval {
    time: timeval,
    maxerror: c_long,
    esterror: c_long,
    tai: c_long,
    unused: [c_long; 4],
}

/// Reads the time with what is known of its error. `TIME_ERROR`.
#[export]
pub unsafe extern "C" fn ntp_gettimex(to: *mut ntptimeval) -> c_int {
    let (seconds, nanoseconds) = kcore::time::realtime();
    // SAFETY: the caller's.
    unsafe {
        *to = ntptimeval {
            time: timeval { tv_sec: seconds, tv_usec: c_long::from(nanoseconds / 1000) },
            maxerror: 16_000_000,
            esterror: 16_000_000,
            tai: 0,
            unused: [0; 4],
        };
    }
    ERROR
}
