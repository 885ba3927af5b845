//! `poll.h`, and what `sys/select.h` and `sys/epoll.h` share with it.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ffi::{c_int, c_ulong, c_void};
use core::time::Duration;

use kcore::errno::{EFAULT, EINVAL, Result};
use kcore::time::{Instant, now};
use kcore::vfs::fd;
use kcore::vfs::file::File;
use kcore::vfs::poll::{Events, wait};
use kcore::vfs::stat::Timestamp;
use macros::export;

use crate::outcome::blocking_once;

/// `struct pollfd`.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(missing_docs, reason = "the fields are named in poll(2)")]
pub struct pollfd {
    pub fd: c_int,
    pub events: u16,
    pub revents: u16,
}

/// When a wait of so many milliseconds ends; none for a negative number.
pub(crate) fn milliseconds(timeout: c_int) -> Option<Instant> {
    u64::try_from(timeout).ok().map(|timeout| now() + Duration::from_millis(timeout))
}

/// When a wait of this length ends; none for null, `EINVAL` for what is no length of time.
pub(crate) unsafe fn deadline(timeout: *const Timestamp) -> Result<Option<Instant>> {
    // SAFETY: null or the caller's structure.
    let Some(timeout) = (unsafe { timeout.as_ref() }) else { return Ok(None) };
    let seconds = u64::try_from(timeout.seconds).map_err(|_| EINVAL)?;
    let nanoseconds = u32::try_from(timeout.nanoseconds).map_err(|_| EINVAL)?;
    if nanoseconds >= 1_000_000_000 {
        return Err(EINVAL);
    }
    Ok(Some(now() + Duration::new(seconds, nanoseconds)))
}

unsafe extern "C-unwind" {
    fn pthread_sigmask(how: c_int, set: *const c_void, old: *mut c_void) -> c_int;
}

/// `SIG_SETMASK`.
const SIG_SETMASK: c_int = 2;

/// The signal mask that was, if it was replaced.
pub(crate) type OldMask = Option<[u64; 16]>;

/// Replaces the signal mask by a `sigset_t`; null leaves it. Handlers may run here and leave.
pub(crate) unsafe extern "C-unwind" fn replace_mask(mask: *const c_void) -> OldMask {
    if mask.is_null() {
        return None;
    }
    let mut old = [0; 16];
    // SAFETY: the caller's set, and room for one.
    unsafe { pthread_sigmask(SIG_SETMASK, mask, (&raw mut old).cast()) };
    Some(old)
}

/// Puts the signal mask back. Handlers may run here and leave.
pub(crate) extern "C-unwind" fn restore_mask(old: &OldMask) {
    if let Some(old) = old {
        let error = crate::errno::get();
        // SAFETY: a set of our own.
        unsafe { pthread_sigmask(SIG_SETMASK, (&raw const *old).cast(), core::ptr::null_mut()) };
        crate::errno::set_number(error);
    }
}

fn poll_until(list: &mut [pollfd], deadline: Option<Instant>) -> Result<usize> {
    let files: Vec<Option<Arc<dyn File>>> =
        list.iter().map(|entry| if entry.fd < 0 { None } else { fd::get(entry.fd).ok() }).collect();
    let open: Vec<Arc<dyn File>> = files.iter().flatten().cloned().collect();
    let mut check = || {
        let mut count = 0;
        for (entry, file) in list.iter_mut().zip(&files) {
            let wanted = Events::from_bits_retain(entry.events.into()) | Events::ALWAYS;
            let events = match file {
                Some(file) => file.ready() & wanted,
                None if entry.fd < 0 => Events::empty(),
                None => Events::NVAL,
            };
            entry.revents = events.bits() as u16;
            count += usize::from(!events.is_empty());
        }
        Some(count).filter(|&count| count > 0)
    };
    Ok(wait(&open, deadline, &mut check)?.unwrap_or(0))
}

unsafe extern "C-unwind" fn poll_list(list: *mut pollfd, count: c_ulong, deadline: Option<Instant>) -> c_int {
    kcore::tty::pull_input();
    blocking_once(&mut || {
        if count > fd::limit().0.into() {
            return Err(EINVAL);
        }
        if list.is_null() && count > 0 {
            return Err(EFAULT);
        }
        let list = if count == 0 {
            &mut []
        } else {
            // SAFETY: the caller's array of this length.
            unsafe { core::slice::from_raw_parts_mut(list, count as usize) }
        };
        poll_until(list, deadline)
    }) as c_int
}

/// Waits until one of several files is ready, `timeout` milliseconds or with a negative one for ever.
#[export]
pub unsafe extern "C-unwind" fn poll(list: *mut pollfd, count: c_ulong, timeout: c_int) -> c_int {
    // SAFETY: the caller's.
    unsafe { poll_list(list, count, milliseconds(timeout)) }
}

/// `poll` with a time in nanoseconds and signals masked meanwhile.
#[export]
pub unsafe extern "C-unwind" fn ppoll(
    list: *mut pollfd,
    count: c_ulong,
    timeout: *const Timestamp,
    mask: *const c_void,
) -> c_int {
    // SAFETY: null or the caller's time.
    let deadline = match unsafe { deadline(timeout) } {
        Ok(deadline) => deadline,
        Err(error) => return crate::errno::set(error),
    };
    // SAFETY: null or the caller's set; the caller's list.
    unsafe {
        let old = replace_mask(mask);
        let result = poll_list(list, count, deadline);
        restore_mask(&old);
        result
    }
}

/// `poll` with the size of the array known.
#[export]
pub unsafe extern "C-unwind" fn __poll_chk(
    list: *mut pollfd,
    count: c_ulong,
    timeout: c_int,
    room: usize,
) -> c_int {
    crate::outcome::check_room(count as usize, room / size_of::<pollfd>());
    // SAFETY: the caller's.
    unsafe { poll(list, count, timeout) }
}

/// `ppoll` with the size of the array known.
#[export]
pub unsafe extern "C-unwind" fn __ppoll_chk(
    list: *mut pollfd,
    count: c_ulong,
    timeout: *const Timestamp,
    mask: *const c_void,
    room: usize,
) -> c_int {
    crate::outcome::check_room(count as usize, room / size_of::<pollfd>());
    // SAFETY: the caller's.
    unsafe { ppoll(list, count, timeout, mask) }
}
