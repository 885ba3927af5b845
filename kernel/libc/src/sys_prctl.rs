//! `<sys/prctl.h>`.

use crate::errno::{self, EINVAL};
use core::ffi::{c_int, c_ulong, c_void};
use core::sync::atomic::{AtomicUsize, Ordering};
use kcore::tls;
use macros::export;

/// Whether the process may be dumped, its timer slack, and whether it gains no rights by `execve`:
/// kept for the program that set them.
static DUMPABLE: AtomicUsize = AtomicUsize::new(1);
static SLACK: AtomicUsize = AtomicUsize::new(50_000);
static NO_NEW_RIGHTS: AtomicUsize = AtomicUsize::new(0);

/// Reads and sets properties of the process and the calling thread. -1 with `EINVAL` for those that
/// mean nothing here.
///
/// glibc declares it variadic; on x86-64 five integers are passed alike either way.
#[export]
pub unsafe extern "C" fn prctl(
    option: c_int,
    two: c_ulong,
    three: c_ulong,
    _four: c_ulong,
    _five: c_ulong,
) -> c_int {
    const SET_DEATH_SIGNAL: c_int = 1;
    const GET_DEATH_SIGNAL: c_int = 2;
    const GET_DUMPABLE: c_int = 3;
    const SET_DUMPABLE: c_int = 4;
    const SET_NAME: c_int = 15;
    const GET_NAME: c_int = 16;
    const SET_TIMER_SLACK: c_int = 29;
    const GET_TIMER_SLACK: c_int = 30;
    const SET_NO_NEW_RIGHTS: c_int = 38;
    const GET_NO_NEW_RIGHTS: c_int = 39;
    let thread = tls::current();
    match option {
        // There is no parent that could die, and none of the process's own children either.
        SET_DEATH_SIGNAL => 0,
        GET_DEATH_SIGNAL => {
            // SAFETY: the caller's.
            unsafe { *(two as *mut c_int) = 0 };
            0
        }
        GET_DUMPABLE => DUMPABLE.load(Ordering::Relaxed) as c_int,
        SET_DUMPABLE if two <= 1 => store(&DUMPABLE, two),
        SET_NAME => {
            let mut name = [0; 16];
            // SAFETY: the caller's: a string.
            let text = unsafe { crate::error::text(two as *const _) };
            let length = text.len().min(15);
            name[..length].copy_from_slice(&text[..length]);
            thread.name.set(name);
            0
        }
        GET_NAME => {
            // SAFETY: the caller's: room for 16 bytes.
            unsafe { (two as *mut [u8; 16]).write(thread.name.get()) };
            0
        }
        SET_TIMER_SLACK => store(&SLACK, two),
        GET_TIMER_SLACK => SLACK.load(Ordering::Relaxed) as c_int,
        SET_NO_NEW_RIGHTS if two == 1 && three == 0 => store(&NO_NEW_RIGHTS, 1),
        GET_NO_NEW_RIGHTS => NO_NEW_RIGHTS.load(Ordering::Relaxed) as c_int,
        _ => errno::set(EINVAL),
    }
}

fn store(to: &AtomicUsize, value: c_ulong) -> c_int {
    to.store(value as usize, Ordering::Relaxed);
    0
}

/// Sets or reads segment bases. The thread pointer must stay, so only reading it is allowed. Zero,
/// or -1 with `EINVAL`.
#[export]
pub unsafe extern "C" fn arch_prctl(option: c_int, address: *mut c_void) -> c_int {
    const GET_FS: c_int = 0x1003;
    if option != GET_FS {
        return errno::set(EINVAL);
    }
    // SAFETY: the caller's: room for an address.
    unsafe { *address.cast::<usize>() = core::ptr::from_ref(tls::current()).addr() };
    0
}
