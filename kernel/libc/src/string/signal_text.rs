//! Signal numbers in words.

use core::cell::UnsafeCell;
use core::ffi::{c_char, c_int};

use macros::export;

use super::error_text::{Message, nth, numbered};

/// What glibc says for each signal number from 0, NUL-terminated; empty for none.
static TEXTS: &[u8] = b"\
    \0Hangup\0Interrupt\0Quit\0Illegal instruction\0Trace/breakpoint trap\0Aborted\0Bus error\0\
    Floating point exception\0Killed\0User defined signal 1\0Segmentation fault\0User defined signal 2\0\
    Broken pipe\0Alarm clock\0Terminated\0Stack fault\0Child exited\0Continued\0Stopped (signal)\0\
    Stopped\0Stopped (tty input)\0Stopped (tty output)\0Urgent I/O condition\0CPU time limit exceeded\0\
    File size limit exceeded\0Virtual timer expired\0Profiling timer expired\0Window changed\0\
    I/O possible\0Power failure\0Bad system call\0";

/// The name of each signal number from 0 without SIG, NUL-terminated; empty for none.
static NAMES: &[u8] = b"\
    \0HUP\0INT\0QUIT\0ILL\0TRAP\0ABRT\0BUS\0FPE\0KILL\0USR1\0SEGV\0USR2\0PIPE\0ALRM\0TERM\0STKFLT\0CHLD\0\
    CONT\0STOP\0TSTP\0TTIN\0TTOU\0URG\0XCPU\0XFSZ\0VTALRM\0PROF\0WINCH\0POLL\0PWR\0SYS\0";

static MESSAGE: Message = Message(UnsafeCell::new([0; 40]));

/// The first and the last real-time signal that an application may use, as glibc gives them.
const REALTIME: core::ops::RangeInclusive<c_int> = 34..=64;

/// POSIX `strsignal`.
#[export]
pub unsafe extern "C" fn strsignal(signal: c_int) -> *mut c_char {
    let text = nth(TEXTS, signal);
    if !text.is_null() {
        return text.cast_mut();
    }
    let message = MESSAGE.0.get().cast();
    if REALTIME.contains(&signal) {
        numbered(message, b"Real-time signal ", signal - REALTIME.start());
    } else {
        numbered(message, b"Unknown signal ", signal);
    }
    message
}

/// GNU `sigdescr_np`: null for an unknown signal.
#[export]
pub unsafe extern "C" fn sigdescr_np(signal: c_int) -> *const c_char {
    nth(TEXTS, signal)
}

/// GNU `sigabbrev_np`: `INT`; null for an unknown signal.
#[export]
pub unsafe extern "C" fn sigabbrev_np(signal: c_int) -> *const c_char {
    nth(NAMES, signal)
}
