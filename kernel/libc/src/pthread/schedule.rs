//! Names, processors and scheduling parameters of threads.

use crate::errno::{EINVAL, ERANGE, ESRCH, Errno};
use core::ffi::{CStr, c_char, c_int};
use core::sync::atomic::Ordering;
use kcore::sched::{self, Thread};
use kcore::tls::Tcb;
use macros::export;

/// The scheduler's thread behind a control block.
pub(super) fn scheduled(thread: &Tcb) -> Option<&Thread> {
    // SAFETY: null, or the scheduler's thread, which lives as long as the thread is not joined.
    unsafe { thread.thread.load(Ordering::Acquire).cast::<Thread>().as_ref() }
}

/// Names a thread, with 15 bytes at most. Zero or `ERANGE`.
#[export]
pub unsafe extern "C" fn pthread_setname_np(thread: *const Tcb, name: *const c_char) -> c_int {
    // SAFETY: the caller's.
    let (thread, name) = unsafe { (&*thread, CStr::from_ptr(name).to_bytes()) };
    let mut bytes = [0; 16];
    match bytes.get_mut(..name.len()) {
        Some(room) if name.len() < 16 => room.copy_from_slice(name),
        _ => return ERANGE.number(),
    }
    thread.name.set(bytes);
    0
}

/// A thread's name; `length` is at least 16. Zero or `ERANGE`.
#[export]
pub unsafe extern "C" fn pthread_getname_np(thread: *const Tcb, name: *mut c_char, length: usize) -> c_int {
    if length < 16 {
        return ERANGE.number();
    }
    // SAFETY: the caller's.
    unsafe { name.cast::<[u8; 16]>().write((*thread).name.get()) };
    0
}

/// The processors a thread may run on, a bit each.
pub(super) fn affinity(thread: &Tcb) -> u64 {
    scheduled(thread).map_or(0, Thread::affinity)
}

/// The processors a thread may run on. Zero, `EINVAL` or `ESRCH`.
#[export]
pub unsafe extern "C" fn pthread_getaffinity_np(thread: *const Tcb, length: usize, set: *mut u8) -> c_int {
    // SAFETY: the caller's.
    let Some(scheduled) = scheduled(unsafe { &*thread }) else { return ESRCH.number() };
    let mask = crate::sched::online(scheduled.affinity());
    // SAFETY: the caller's.
    unsafe { crate::sched::write_set(mask, length, set) }.map_or_else(Errno::number, |_| 0)
}

/// Sets the processors a thread may run on. Zero, `EINVAL` or `ESRCH`.
#[export]
pub unsafe extern "C" fn pthread_setaffinity_np(thread: *const Tcb, length: usize, set: *const u8) -> c_int {
    // SAFETY: the caller's.
    let (thread, mask) = unsafe { (&*thread, crate::sched::read_set(length, set)) };
    let Some(scheduled) = scheduled(thread) else { return ESRCH.number() };
    sched::set_affinity(scheduled, mask).map_or_else(Errno::number, |()| 0)
}

/// A thread's policy and priority. Zero.
#[export]
pub unsafe extern "C" fn pthread_getschedparam(
    thread: *const Tcb,
    policy: *mut c_int,
    priority: *mut c_int,
) -> c_int {
    // SAFETY: the caller's.
    unsafe { (*policy, *priority) = (*thread).scheduling.get() };
    0
}

/// Sets a thread's policy and priority, which have no effect. Zero or `EINVAL`.
#[export]
pub unsafe extern "C" fn pthread_setschedparam(
    thread: *const Tcb,
    policy: c_int,
    priority: *const c_int,
) -> c_int {
    // SAFETY: the caller's.
    let (thread, priority) = unsafe { (&*thread, *priority) };
    if !crate::sched::fits(policy, priority) {
        return EINVAL.number();
    }
    thread.scheduling.set((policy, priority));
    0
}

/// Sets a thread's priority. Zero or `EINVAL`.
#[export]
pub unsafe extern "C" fn pthread_setschedprio(thread: *const Tcb, priority: c_int) -> c_int {
    // SAFETY: the caller's.
    unsafe { pthread_setschedparam(thread, (*thread).scheduling.get().0, &raw const priority) }
}
