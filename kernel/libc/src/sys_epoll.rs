//! `sys/epoll.h`.

use core::ffi::{c_int, c_void};

use kcore::errno::{EBADF, EFAULT, EINVAL};
use kcore::vfs::epoll::{Epoll, Event};
use kcore::vfs::poll::Events;
use kcore::vfs::{OpenFlags, fd};
use macros::export;

use crate::outcome::{blocking_once, number, unit};
use crate::poll::{deadline, milliseconds, replace_mask, restore_mask};

/// An empty set.
#[export]
pub extern "C" fn epoll_create1(flags: c_int) -> c_int {
    let flags = OpenFlags::from_bits_retain(flags as u32);
    if !OpenFlags::CLOSE_ON_EXEC.contains(flags) {
        return crate::errno::set(EINVAL);
    }
    number(fd::install(Epoll::new(), !flags.is_empty()))
}

/// An empty set; the size is a hint of old that must be positive.
#[export]
pub extern "C" fn epoll_create(size: c_int) -> c_int {
    if size <= 0 { crate::errno::set(EINVAL) } else { epoll_create1(0) }
}

/// Adds (1), takes out (2) or changes (3) a file.
#[export]
pub unsafe extern "C" fn epoll_ctl(
    set: c_int,
    operation: c_int,
    descriptor: c_int,
    event: *const Event,
) -> c_int {
    let change = || {
        let (holder, file) = (fd::get(set)?, fd::get(descriptor)?);
        let epoll: &Epoll = holder.downcast().ok_or(EINVAL)?;
        if operation == 2 {
            return epoll.remove(descriptor, &file);
        }
        // SAFETY: null or the caller's structure.
        let event = *unsafe { event.as_ref() }.ok_or(EFAULT)?;
        let events = Events::from_bits_retain(event.events);
        match operation {
            1 => epoll.add(descriptor, &file, events, event.data),
            3 => epoll.modify(descriptor, &file, events, event.data),
            _ => Err(EINVAL),
        }
    };
    unit(change())
}

#[expect(improper_ctypes_definitions, reason = "called from here alone; the ABI is there to unwind")]
extern "C-unwind" fn wait(
    set: c_int,
    events: *mut Event,
    count: c_int,
    deadline: Option<kcore::time::Instant>,
) -> isize {
    kcore::tty::pull_input();
    blocking_once(&mut || {
        let file = fd::get(set).map_err(|_| EBADF)?;
        let epoll: &Epoll = file.downcast().ok_or(EINVAL)?;
        let count = usize::try_from(count).ok().filter(|&count| count > 0).ok_or(EINVAL)?;
        if events.is_null() {
            return Err(EFAULT);
        }
        // SAFETY: the caller's array of this length.
        epoll.wait(unsafe { core::slice::from_raw_parts_mut(events, count) }, deadline)
    })
}

/// Waits for ready files, `timeout` milliseconds or with -1 for ever.
#[export]
pub unsafe extern "C-unwind" fn epoll_wait(
    set: c_int,
    events: *mut Event,
    count: c_int,
    timeout: c_int,
) -> c_int {
    wait(set, events, count, milliseconds(timeout)) as c_int
}

/// `epoll_wait` with signals masked meanwhile.
#[export]
pub unsafe extern "C-unwind" fn epoll_pwait(
    set: c_int,
    events: *mut Event,
    count: c_int,
    timeout: c_int,
    mask: *const c_void,
) -> c_int {
    // SAFETY: null or the caller's set.
    let old = unsafe { replace_mask(mask) };
    let result = wait(set, events, count, milliseconds(timeout)) as c_int;
    restore_mask(&old);
    result
}

/// `epoll_pwait` with a time in nanoseconds.
#[export]
pub unsafe extern "C-unwind" fn epoll_pwait2(
    set: c_int,
    events: *mut Event,
    count: c_int,
    timeout: *const kcore::vfs::stat::Timestamp,
    mask: *const c_void,
) -> c_int {
    // SAFETY: null or the caller's time.
    let deadline = match unsafe { deadline(timeout) } {
        Ok(deadline) => deadline,
        Err(error) => return crate::errno::set(error),
    };
    // SAFETY: null or the caller's set.
    let old = unsafe { replace_mask(mask) };
    let result = wait(set, events, count, deadline) as c_int;
    restore_mask(&old);
    result
}
