//! Mappings on the host: the host's own, for tests of what is built on them.

use super::{Advice, Place, Promised, Protection, RegionInfo, Request};
use crate::errno::{EEXIST, EINVAL, ENOMEM, Result};
use core::ffi::{c_int, c_void};
use core::ptr;
use hal::mem::PAGE_SIZE;
use std::sync::Mutex;

unsafe extern "C" {
    fn mmap(
        address: *mut c_void,
        length: usize,
        protection: c_int,
        flags: c_int,
        fd: c_int,
        offset: i64,
    ) -> *mut c_void;
    fn munmap(address: *mut c_void, length: usize) -> c_int;
    fn mprotect(address: *mut c_void, length: usize, protection: c_int) -> c_int;
    fn mremap(address: *mut c_void, old: usize, new: usize, flags: c_int, ...) -> *mut c_void;
    fn madvise(address: *mut c_void, length: usize, advice: c_int) -> c_int;
}

const MAP_PRIVATE_ANONYMOUS: c_int = 0x22;
const MAP_FIXED: c_int = 0x10;
const MAP_FIXED_NOREPLACE: c_int = 0x10_0000;

static MADE: Mutex<Vec<RegionInfo>> = Mutex::new(Vec::new());

fn bits(protection: Protection) -> c_int {
    c_int::from(protection.read) | c_int::from(protection.write) << 1 | c_int::from(protection.execute) << 2
}

fn rounded(length: usize) -> Result<usize> {
    length.checked_next_multiple_of(PAGE_SIZE).filter(|&length| length != 0).ok_or(EINVAL)
}

fn status(result: c_int) -> Result<()> {
    if result == 0 { Ok(()) } else { Err(EINVAL) }
}

fn at(address: usize) -> *mut c_void {
    ptr::with_exposed_provenance_mut(address)
}

/// Makes a mapping and says where it is. On the host a file's contents are copied.
///
/// # Errors
/// `EINVAL`, `ENOMEM`, `EEXIST`.
pub fn map(request: Request) -> Result<usize> {
    let length = rounded(request.length)?;
    let (address, flags) = match request.place {
        Place::Any => (0, 0),
        Place::Hint(address) => (address, 0),
        Place::Fixed(address) => (address, MAP_FIXED),
        Place::FixedNoReplace(address) => (address, MAP_FIXED_NOREPLACE),
    };
    // SAFETY: the caller of a fixed mapping answers for what is there.
    let start = unsafe { mmap(at(address), length, 3, flags | MAP_PRIVATE_ANONYMOUS, -1, 0) };
    if start.addr() == usize::MAX {
        return Err(if flags == MAP_FIXED_NOREPLACE { EEXIST } else { ENOMEM });
    }
    if let Some((backing, offset)) = &request.backing {
        // SAFETY: the mapping is new and writable.
        let contents = unsafe { core::slice::from_raw_parts_mut(start.cast::<u8>(), length) };
        let mut done = 0;
        while let Some(rest) = contents.get_mut(done..).filter(|rest| !rest.is_empty()) {
            match backing.read_at(offset + done as u64, rest)? {
                0 => break,
                read => done += read,
            }
        }
    }
    // SAFETY: the mapping is ours.
    status(unsafe { mprotect(start, length, bits(request.protection)) })?;
    let start = start.expose_provenance();
    if let Ok(mut made) = MADE.lock() {
        made.push(RegionInfo {
            start,
            end: start + length,
            protection: request.protection,
            shared: request.shared,
            backing: request.backing,
        });
    }
    Ok(start)
}

/// Removes what is mapped in a range.
///
/// # Safety
/// Nobody uses what is mapped there any more.
///
/// # Errors
/// `EINVAL`.
pub unsafe fn unmap(address: usize, length: usize) -> Result<()> {
    let length = rounded(length)?;
    // SAFETY: as the caller says.
    status(unsafe { munmap(at(address), length) })?;
    if let Ok(mut made) = MADE.lock() {
        made.retain(|region| region.end <= address || region.start >= address + length);
    }
    Ok(())
}

/// Changes what a range may be used for.
///
/// # Safety
/// Nobody relies on what is taken away.
///
/// # Errors
/// `EINVAL`; `ENOMEM` where nothing is mapped.
pub unsafe fn protect(address: usize, length: usize, protection: Protection) -> Result<()> {
    // SAFETY: as the caller says.
    status(unsafe { mprotect(at(address), rounded(length)?, bits(protection)) }).map_err(|_| ENOMEM)
}

/// Makes a mapping longer or shorter, and says where it is afterwards (mremap(2)): it stays unless
/// `may_move`, and goes to `to` if that is given.
///
/// # Safety
/// Nobody uses what goes away.
///
/// # Errors
/// `EINVAL`, `ENOMEM`.
pub unsafe fn remap(
    address: usize,
    old: usize,
    new: usize,
    may_move: bool,
    to: Option<usize>,
) -> Result<usize> {
    let flags = c_int::from(may_move) | c_int::from(to.is_some()) << 1;
    // SAFETY: as the caller says.
    let moved = unsafe { mremap(at(address), rounded(old)?, rounded(new)?, flags, at(to.unwrap_or(0))) };
    if moved.addr() == usize::MAX {
        return Err(ENOMEM);
    }
    let moved = moved.expose_provenance();
    if let Ok(mut made) = MADE.lock()
        && let Some(region) = made.iter_mut().find(|region| region.start == address)
    {
        (region.start, region.end) = (moved, moved + rounded(new)?);
    }
    Ok(moved)
}

/// Takes advice about a range.
///
/// # Safety
/// Nobody relies on contents that are forgotten.
///
/// # Errors
/// `ENOMEM` where nothing is mapped.
pub unsafe fn advise(address: usize, length: usize, advice: Advice) -> Result<()> {
    let number = match advice {
        Advice::WillNeed => 3,
        Advice::DontNeed => 4,
        Advice::Free => 8,
    };
    // SAFETY: as the caller says.
    status(unsafe { madvise(at(address), rounded(length)?, number) }).map_err(|_| ENOMEM)
}

/// Calls `each` for every mapping made here, in the order of their making.
pub fn regions(each: &mut dyn FnMut(&RegionInfo)) {
    if let Ok(made) = MADE.lock() {
        made.iter().for_each(each);
    }
}

/// Maps zeros for a large block of the heap, and says where.
pub(in crate::memory) fn map_heap(length: usize) -> Result<usize> {
    map(Request { promised: Promised::Yes, ..Request::zeros(Place::Any, length, Protection::DATA) })
}

/// The length of the block of the heap that starts at `address`.
pub(in crate::memory) fn heap_length(address: usize) -> Option<usize> {
    let made = MADE.lock().ok()?;
    made.iter().find(|region| region.start == address).map(|region| region.end - region.start)
}
