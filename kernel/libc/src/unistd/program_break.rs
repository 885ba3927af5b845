//! `brk` and `sbrk`: a stretch of memory that grows at its end, for programs with an allocator of their own.

use core::ffi::{c_int, c_void};
use core::ptr::{null_mut, with_exposed_provenance_mut};

use kcore::errno::{ENOMEM, Result};
use kcore::sync::Mutex;
use macros::export;

use crate::errno;
use crate::sys_mman::{mmap, mprotect};

/// Address space that is set aside, in bytes.
const SPAN: usize = 4 << 30;
const PAGE: usize = 4096;

/// The stretch: where it starts, and the program break; both 0 before the first use.
static BREAK: Mutex<(usize, usize)> = Mutex::new((0, 0));

/// Moves the break to what `place` makes of it; gives the old one.
fn shift(place: impl FnOnce(usize) -> Option<usize>) -> Result<usize> {
    const PRIVATE_ANONYMOUS: c_int = 0x22;
    const READ_WRITE: c_int = 3;
    const FIXED: c_int = 0x10;
    let mut stretch = BREAK.lock();
    if stretch.0 == 0 {
        // SAFETY: a new mapping.
        let start = unsafe { mmap(null_mut(), SPAN, 0, PRIVATE_ANONYMOUS, -1, 0) };
        if start.addr() == usize::MAX {
            return Err(ENOMEM);
        }
        *stretch = (start.expose_provenance(), start.addr());
    }
    let (start, old) = *stretch;
    let new = place(old).filter(|new| (start..=start + SPAN).contains(new)).ok_or(ENOMEM)?;
    let (from, to) = (old.next_multiple_of(PAGE), new.next_multiple_of(PAGE));
    if from != to {
        let (low, length) = (from.min(to), from.abs_diff(to));
        let low: *mut c_void = with_exposed_provenance_mut(low);
        // SAFETY: this part of the stretch is beyond one of the breaks: nobody uses it now, or is to.
        let done = unsafe {
            if to > from {
                mprotect(low, length, READ_WRITE) == 0
            } else {
                mmap(low, length, 0, PRIVATE_ANONYMOUS | FIXED, -1, 0).addr() != usize::MAX
            }
        };
        if !done {
            return Err(ENOMEM);
        }
    }
    stretch.1 = new;
    Ok(old)
}

/// Sets the end of the data segment. Zero, or -1 with `ENOMEM`.
#[export]
pub extern "C" fn brk(end: *mut c_void) -> c_int {
    shift(|_| Some(end.addr())).map_or_else(errno::set, |_| 0)
}

/// Moves the end of the data segment; gives the old one, or `(void *) -1` with `ENOMEM`.
#[export]
pub extern "C" fn sbrk(more: isize) -> *mut c_void {
    shift(|old| old.checked_add_signed(more)).map_or_else(
        |error| {
            errno::set(error);
            with_exposed_provenance_mut(usize::MAX)
        },
        with_exposed_provenance_mut,
    )
}
