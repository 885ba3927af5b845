//! `<sched.h>`: processors and scheduling parameters.

use crate::errno::{self, EINVAL, EPERM, ESRCH, Errno};
use crate::time::clock::timespec;
use core::ffi::c_int;
use core::sync::atomic::Ordering;
use kcore::sched;
use kcore::sched::Thread;
use kcore::tls::{self, Tcb};
use macros::export;

/// Of a set of processors, those that there are.
#[must_use]
pub fn online(mask: u64) -> u64 {
    let count = sched::cpu_count();
    if count >= 64 { mask } else { mask & ((1 << count) - 1) }
}

/// Writes a set of processors to a `cpu_set_t` of `length` bytes; how many of them were needed.
///
/// # Errors
/// [`EINVAL`] if it is shorter than a word.
///
/// # Safety
/// `set` points at `length` bytes.
pub unsafe fn write_set(mask: u64, length: usize, set: *mut u8) -> Result<usize, Errno> {
    if length < 8 {
        return Err(EINVAL);
    }
    // SAFETY: the caller's.
    unsafe {
        set.write_bytes(0, length);
        set.cast::<u64>().write_unaligned(mask);
    }
    Ok(8)
}

/// Reads a set of processors from a `cpu_set_t` of `length` bytes.
///
/// # Safety
/// `set` points at `length` bytes.
pub unsafe fn read_set(length: usize, set: *const u8) -> u64 {
    let mut bytes = [0; 8];
    // SAFETY: the caller's.
    unsafe { bytes.as_mut_ptr().copy_from(set, length.min(8)) };
    u64::from_le_bytes(bytes)
}

/// Whether a policy is one that Linux has, and a priority fits it.
#[must_use]
pub fn fits(policy: c_int, priority: c_int) -> bool {
    // SCHED_RESET_ON_FORK is a flag beside the policy.
    match policy & !0x4000_0000 {
        0 | 3 | 5 => priority == 0,
        1 | 2 => (1..=99).contains(&priority),
        _ => false,
    }
}

/// The thread of this number; 0 is the calling one and 1 the first.
fn thread(number: c_int, act: &mut dyn FnMut(&Tcb)) -> Result<(), Errno> {
    if number == 0 {
        act(tls::current());
        return Ok(());
    }
    let mut found = Err(if number < 0 { EINVAL } else { ESRCH });
    tls::for_each(&mut |thread| {
        if thread.tid.load(Ordering::Relaxed) == number as u32 {
            act(thread);
            found = Ok(());
        }
    });
    found
}

fn scheduled(thread: &Tcb) -> Option<&Thread> {
    // SAFETY: null, or the scheduler's thread, which lives as long as its block is on the list.
    unsafe { thread.thread.load(Ordering::Acquire).cast::<Thread>().as_ref() }
}

fn status(result: Result<c_int, Errno>) -> c_int {
    result.unwrap_or_else(errno::set)
}

/// Lets others run. Zero.
#[export]
pub extern "C" fn sched_yield() -> c_int {
    sched::yield_now();
    0
}

/// The processor the calling thread is on.
#[export]
pub extern "C" fn sched_getcpu() -> c_int {
    sched::current_cpu() as c_int
}

/// The processor and its node, which is 0. Zero.
#[export]
pub unsafe extern "C" fn getcpu(cpu: *mut u32, node: *mut u32) -> c_int {
    // SAFETY: the caller's: null or room for a number.
    unsafe {
        if !cpu.is_null() {
            *cpu = sched::current_cpu() as u32;
        }
        if !node.is_null() {
            *node = 0;
        }
    }
    0
}

/// The processors a thread may run on. Zero, or -1 with `EINVAL` or `ESRCH`.
#[export]
pub unsafe extern "C" fn sched_getaffinity(number: c_int, length: usize, set: *mut u8) -> c_int {
    let mut mask = 0;
    let found = thread(number, &mut |thread| mask = scheduled(thread).map_or(u64::MAX, Thread::affinity));
    // SAFETY: the caller's.
    status(found.and_then(|()| unsafe { write_set(online(mask), length, set) }).map(|_| 0))
}

/// Sets the processors a thread may run on. Zero, or -1 with `EINVAL` or `ESRCH`.
#[export]
pub unsafe extern "C" fn sched_setaffinity(number: c_int, length: usize, set: *const u8) -> c_int {
    // SAFETY: the caller's.
    let mask = unsafe { read_set(length, set) };
    if number == 0 {
        return status(sched::set_affinity(sched::current(), mask).map(|()| 0));
    }
    let mut result = Err(ESRCH);
    tls::for_each(&mut |thread| {
        if thread.tid.load(Ordering::Relaxed) == number as u32
            && let Some(scheduled) = scheduled(thread)
        {
            result = sched::set_affinity(scheduled, mask).map(|()| 0);
        }
    });
    status(result)
}

/// A thread's policy, or -1 with `EINVAL` or `ESRCH`.
#[export]
pub extern "C" fn sched_getscheduler(number: c_int) -> c_int {
    let mut policy = 0;
    status(thread(number, &mut |thread| policy = thread.scheduling.get().0).map(|()| policy))
}

/// Sets a thread's policy and priority, which have no effect. Zero, or -1 with `EINVAL` or `ESRCH`.
#[export]
pub unsafe extern "C" fn sched_setscheduler(number: c_int, policy: c_int, priority: *const c_int) -> c_int {
    // SAFETY: the caller's.
    let priority = unsafe { *priority };
    if !fits(policy, priority) {
        return errno::set(EINVAL);
    }
    status(thread(number, &mut |thread| thread.scheduling.set((policy, priority))).map(|()| 0))
}

/// A thread's priority. Zero, or -1 with `EINVAL` or `ESRCH`.
#[export]
pub unsafe extern "C" fn sched_getparam(number: c_int, priority: *mut c_int) -> c_int {
    // SAFETY: the caller's.
    status(thread(number, &mut |thread| unsafe { *priority = thread.scheduling.get().1 }).map(|()| 0))
}

/// Sets a thread's priority. Zero, or -1 with `EINVAL` or `ESRCH`.
#[export]
pub unsafe extern "C" fn sched_setparam(number: c_int, priority: *const c_int) -> c_int {
    let policy = sched_getscheduler(number);
    // SAFETY: the caller's.
    if policy < 0 { -1 } else { unsafe { sched_setscheduler(number, policy, priority) } }
}

/// The highest priority of a policy, or -1 with `EINVAL`.
#[export]
pub extern "C" fn sched_get_priority_max(policy: c_int) -> c_int {
    match policy {
        0 | 3 | 5 | 6 => 0,
        1 | 2 => 99,
        _ => errno::set(EINVAL),
    }
}

/// The lowest priority of a policy, or -1 with `EINVAL`.
#[export]
pub extern "C" fn sched_get_priority_min(policy: c_int) -> c_int {
    match policy {
        0 | 3 | 5 | 6 => 0,
        1 | 2 => 1,
        _ => errno::set(EINVAL),
    }
}

/// How long a thread runs before another gets its turn. Zero, or -1 with `EINVAL` or `ESRCH`.
#[export]
pub unsafe extern "C" fn sched_rr_get_interval(number: c_int, interval: *mut timespec) -> c_int {
    // SAFETY: the caller's.
    status(thread(number, &mut |_| unsafe { *interval = timespec::of(10_000_000) }).map(|()| 0))
}

/// How many processors are in a set of `length` bytes.
#[export]
pub unsafe extern "C" fn __sched_cpucount(length: usize, set: *const u8) -> c_int {
    // SAFETY: the caller's.
    (0..length).map(|at| unsafe { *set.add(at) }.count_ones() as c_int).sum()
}

/// Memory for a set of `count` processors, or null.
#[export]
pub unsafe extern "C" fn __sched_cpualloc(count: usize) -> *mut core::ffi::c_void {
    // SAFETY: as for C's `malloc`.
    unsafe { crate::malloc::cells::malloc(count.div_ceil(64) * 8) }
}

/// Frees a set of `__sched_cpualloc`.
#[export]
pub unsafe extern "C" fn __sched_cpufree(set: *mut core::ffi::c_void) {
    // SAFETY: the caller's.
    unsafe { crate::malloc::cells::free(set) }
}

/// Leaves parts of what threads share: they share it all for good. -1 with `EPERM`, or `EINVAL`.
#[export]
pub extern "C" fn unshare(flags: c_int) -> c_int {
    if flags == 0 { 0 } else { errno::set(EPERM) }
}

/// Enters a namespace: there are none. -1 with `EINVAL`.
#[export]
pub extern "C" fn setns(_fd: c_int, _kind: c_int) -> c_int {
    errno::set(EINVAL)
}

/// Makes a process, or a thread without the C library's knowledge: neither can be. -1 with `ENOSYS`.
#[export]
pub extern "C" fn clone() -> c_int {
    errno::set(errno::ENOSYS)
}
