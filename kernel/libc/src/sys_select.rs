//! `sys/select.h`.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ffi::{c_int, c_long, c_void};
use core::time::Duration;

use kcore::errno::{EINVAL, Result};
use kcore::time::{Instant, now};
use kcore::vfs::fd;
use kcore::vfs::file::File;
use kcore::vfs::poll::{Events, wait};
use kcore::vfs::stat::Timestamp;
use macros::export;

use crate::outcome::blocking_once;
use crate::poll::{deadline, replace_mask, restore_mask};
use crate::sys_time_files::timeval;

/// What each of the three sets asks for, and what makes a descriptor stay in it.
const SETS: [Events; 3] = [
    Events::IN.union(Events::RDNORM).union(Events::HUP).union(Events::ERR),
    Events::OUT.union(Events::WRNORM).union(Events::ERR),
    Events::PRI,
];

const BITS: usize = 64;

unsafe fn bit(set: *mut u64, fd: usize) -> bool {
    // SAFETY: the caller's set has this word, since it reaches to `count`.
    !set.is_null() && unsafe { *set.add(fd / BITS) } >> (fd % BITS) & 1 != 0
}

unsafe fn select_until(count: c_int, sets: [*mut u64; 3], deadline: Option<Instant>) -> Result<usize> {
    let count = usize::try_from(count).map_err(|_| EINVAL)?.min(fd::limit().0 as usize);
    let mut files: Vec<(usize, Arc<dyn File>)> = Vec::new();
    for descriptor in 0..count {
        // SAFETY: the caller's sets reach to `count`.
        if sets.iter().any(|&set| unsafe { bit(set, descriptor) }) {
            files.push((descriptor, fd::get(descriptor as c_int)?));
        }
    }
    let open: Vec<Arc<dyn File>> = files.iter().map(|(_, file)| file.clone()).collect();
    // The caller's sets stay as they are until there is an answer.
    let words = count.div_ceil(BITS);
    let mut answer = alloc::vec![0u64; 3 * words];
    let mut check = || {
        answer.fill(0);
        let mut total = 0;
        for (descriptor, file) in &files {
            let ready = file.ready();
            for (index, (&set, events)) in sets.iter().zip(SETS).enumerate() {
                // SAFETY: as above.
                if unsafe { bit(set, *descriptor) } && ready.intersects(events) {
                    if let Some(word) = answer.get_mut(index * words + descriptor / BITS) {
                        *word |= 1 << (descriptor % BITS);
                    }
                    total += 1;
                }
            }
        }
        Some(total).filter(|&total| total > 0)
    };
    let total = wait(&open, deadline, &mut check)?.unwrap_or(0);
    for (index, set) in sets.into_iter().enumerate().filter(|(_, set)| !set.is_null()) {
        for word in 0..words {
            // SAFETY: as above.
            unsafe { *set.add(word) = answer.get(index * words + word).copied().unwrap_or(0) };
        }
    }
    Ok(total)
}

#[expect(improper_ctypes_definitions, reason = "called from here alone; the ABI is there to unwind")]
unsafe extern "C-unwind" fn select_sets(
    count: c_int,
    sets: [*mut u64; 3],
    deadline: Option<Instant>,
) -> c_int {
    kcore::tty::pull_input();
    // SAFETY: the caller's sets.
    blocking_once(&mut || unsafe { select_until(count, sets, deadline) }) as c_int
}

/// Waits until one of several files is ready; `timeout` is set to what is left of it, as on Linux.
#[export]
pub unsafe extern "C-unwind" fn select(
    count: c_int,
    read: *mut u64,
    write: *mut u64,
    except: *mut u64,
    timeout: *mut timeval,
) -> c_int {
    // SAFETY: null or the caller's time.
    let end = match unsafe { timeout.as_ref() } {
        None => None,
        Some(time) => {
            let (Ok(seconds), Ok(micros)) = (u64::try_from(time.tv_sec), u64::try_from(time.tv_usec)) else {
                return crate::errno::set(EINVAL);
            };
            Some(now() + Duration::from_secs(seconds) + Duration::from_micros(micros))
        }
    };
    // SAFETY: the caller's sets.
    let result = unsafe { select_sets(count, [read, write, except], end) };
    // SAFETY: as above.
    if let (Some(end), Some(time)) = (end, unsafe { timeout.as_mut() }) {
        let left = end - now();
        *time = timeval { tv_sec: left.as_secs() as i64, tv_usec: left.subsec_micros().into() };
    }
    result
}

/// `select` with a time in nanoseconds and signals masked meanwhile.
#[export]
pub unsafe extern "C-unwind" fn pselect(
    count: c_int,
    read: *mut u64,
    write: *mut u64,
    except: *mut u64,
    timeout: *const Timestamp,
    mask: *const c_void,
) -> c_int {
    // SAFETY: null or the caller's time.
    let end = match unsafe { deadline(timeout) } {
        Ok(end) => end,
        Err(error) => return crate::errno::set(error),
    };
    // SAFETY: null or the caller's set; the caller's sets.
    unsafe {
        let old = replace_mask(mask);
        let result = select_sets(count, [read, write, except], end);
        restore_mask(&old);
        result
    }
}

/// The word of a set that a descriptor is in: stops the program if it is in none.
#[export]
pub extern "C" fn __fdelt_chk(descriptor: c_long) -> c_long {
    if !(0..1024).contains(&descriptor) {
        crate::start::fail(b"bit out of range 0 - FD_SETSIZE on fd_set");
    }
    descriptor / BITS as c_long
}
