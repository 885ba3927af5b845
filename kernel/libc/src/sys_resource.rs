//! `<sys/resource.h>`: limits and usage. (`getpriority` is with the process's other numbers.)

use crate::errno::{self, EINVAL, EPERM, ESRCH, Errno};
use crate::time::clock::timeval;
use core::ffi::{c_int, c_long};
use core::sync::atomic::{AtomicU64, Ordering};
use kcore::loader::start::STACK_LENGTH;
use kcore::sched;
use kcore::vfs::fd;
use macros::export;

/// `RLIM_INFINITY`.
const INFINITY: u64 = u64::MAX;
/// `RLIMIT_STACK`, `RLIMIT_CORE`, `RLIMIT_NOFILE`.
const STACK: c_int = 3;
const CORE: c_int = 4;
const FILES: c_int = 7;
/// How many limits there are.
const COUNT: c_int = 16;

/// `struct rlimit`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct rlimit {
    rlim_cur: u64,
    rlim_max: u64,
}

/// The stack's limit as programs see it; the stack itself is as long as it was made.
static STACK_LIMIT: AtomicU64 = AtomicU64::new(STACK_LENGTH as u64);

fn limit(resource: c_int) -> Result<rlimit, Errno> {
    Ok(match resource {
        STACK => rlimit { rlim_cur: STACK_LIMIT.load(Ordering::Relaxed), rlim_max: INFINITY },
        CORE => rlimit { rlim_cur: 0, rlim_max: INFINITY },
        FILES => {
            let (soft, hard) = fd::limit();
            rlimit { rlim_cur: u64::from(soft), rlim_max: u64::from(hard) }
        }
        0..COUNT => rlimit { rlim_cur: INFINITY, rlim_max: INFINITY },
        _ => return Err(EINVAL),
    })
}

fn set(resource: c_int, new: rlimit) -> Result<(), Errno> {
    limit(resource)?;
    if new.rlim_cur > new.rlim_max {
        return Err(EINVAL);
    }
    match resource {
        STACK => STACK_LIMIT.store(new.rlim_cur, Ordering::Relaxed),
        FILES => {
            let (soft, hard) = (u32::try_from(new.rlim_cur), u32::try_from(new.rlim_max));
            return fd::set_limit(soft.map_err(|_| EPERM)?, hard.map_err(|_| EPERM)?);
        }
        // Nothing enforces the others.
        _ => {}
    }
    Ok(())
}

fn status(result: Result<(), Errno>) -> c_int {
    result.map_or_else(errno::set, |()| 0)
}

/// Reads a limit. Zero, or -1 with `EINVAL`. Alias: `getrlimit64`.
#[export]
pub unsafe extern "C" fn getrlimit(resource: c_int, to: *mut rlimit) -> c_int {
    // SAFETY: the caller's.
    status(limit(resource).map(|limit| unsafe { *to = limit }))
}

/// Sets a limit; only that of descriptors is enforced. Zero, or -1 with `EINVAL` or `EPERM`. Alias:
/// `setrlimit64`.
#[export]
pub unsafe extern "C" fn setrlimit(resource: c_int, new: *const rlimit) -> c_int {
    // SAFETY: the caller's.
    status(set(resource, unsafe { *new }))
}

/// Sets and reads a limit of a process, this one. Zero, or -1 with `EINVAL`, `EPERM` or `ESRCH`.
/// Alias: `prlimit64`.
#[export]
pub unsafe extern "C" fn prlimit(
    process: c_int,
    resource: c_int,
    new: *const rlimit,
    old: *mut rlimit,
) -> c_int {
    if !(0..=1).contains(&process) {
        return errno::set(ESRCH);
    }
    // SAFETY: the caller's: null or a limit, and null or room for one.
    unsafe {
        status(limit(resource).and_then(|before| {
            if let Some(&new) = new.as_ref() {
                set(resource, new)?;
            }
            if let Some(old) = old.as_mut() {
                *old = before;
            }
            Ok(())
        }))
    }
}

/// `struct rusage`, 144 bytes.
#[derive(Default)]
#[repr(C)]
pub struct rusage {
    ru_utime: timeval,
    ru_stime: timeval,
    /// `ru_maxrss` to `ru_nivcsw`: nothing counts them.
    counts: [c_long; 14],
}

const _: () = assert!(size_of::<rusage>() == 144);

/// Processor time of the process (0), its children (-1, none) or the calling thread (1). Zero, or
/// -1 with `EINVAL`.
#[export]
pub unsafe extern "C" fn getrusage(who: c_int, to: *mut rusage) -> c_int {
    let time = match who {
        0 => sched::process_cpu_time(),
        1 => sched::cpu_time(sched::current()),
        -1 => core::time::Duration::ZERO,
        _ => return errno::set(EINVAL),
    };
    let time = timeval { tv_sec: time.as_secs() as i64, tv_usec: c_long::from(time.subsec_micros()) };
    // SAFETY: the caller's.
    unsafe { *to = rusage { ru_utime: time, ..rusage::default() } };
    0
}
