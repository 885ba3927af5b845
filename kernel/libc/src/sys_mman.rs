//! `sys/mman.h`: mappings, over `kcore::memory::vm`.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::ffi::{c_char, c_int, c_uint, c_void};

use kcore::errno::{EACCES, EBADF, EINVAL, ENAMETOOLONG, ENOENT, ENOMEM, ENOSYS, EOPNOTSUPP, EPERM, Result};
use kcore::memory::vm::{self, Advice, Place, Promised, Protection, Request};
use kcore::sync::Once;
use kcore::vfs::node::{Node, Volume};
use kcore::vfs::regular::Regular;
use kcore::vfs::stat::S_IFREG;
use kcore::vfs::{self, OpenFlags, fd};
use macros::export;

use crate::outcome::{number, path, unit};

/// `MAP_FAILED`.
const FAILED: *mut c_void = core::ptr::without_provenance_mut(usize::MAX);
const MAP_SHARED: c_int = 1;
const MAP_PRIVATE: c_int = 2;
const MAP_SHARED_VALIDATE: c_int = 3;
const MAP_FIXED: c_int = 0x10;
const MAP_ANONYMOUS: c_int = 0x20;
const MAP_HUGETLB: c_int = 0x40000;
const MAP_GROWSDOWN: c_int = 0x100;
const MAP_LOCKED: c_int = 0x2000;
const MAP_NORESERVE: c_int = 0x4000;
const MAP_POPULATE: c_int = 0x8000;
const MAP_STACK: c_int = 0x20000;
const MAP_FIXED_NOREPLACE: c_int = 0x10_0000;

fn failed(error: kcore::errno::Errno) -> *mut c_void {
    crate::errno::set(error);
    FAILED
}

fn protection(bits: c_int) -> Result<Protection> {
    // PROT_GROWSDOWN and PROT_GROWSUP need a stack that grows, which there is not.
    if bits & !7 != 0 {
        return Err(EINVAL);
    }
    Ok(Protection { read: bits & 1 != 0, write: bits & 2 != 0, execute: bits & 4 != 0 })
}

fn address(pointer: *mut c_void) -> usize {
    pointer.expose_provenance()
}

const PAGE: usize = hal::mem::PAGE_SIZE;

/// Whether memory for a mapping is promised. Stacks are made larger than they ever get.
fn promised(place: Place, flags: c_int) -> Promised {
    if flags & (MAP_NORESERVE | MAP_STACK | MAP_GROWSDOWN) != 0 {
        Promised::No
    } else if matches!(place, Place::Any | Place::Hint(_)) {
        Promised::UnlessSmall
    } else {
        Promised::Yes
    }
}

fn map(
    hint: usize,
    length: usize,
    bits: c_int,
    flags: c_int,
    descriptor: c_int,
    offset: i64,
) -> Result<usize> {
    let protection = protection(bits)?;
    let shared = match flags & 0xf {
        MAP_PRIVATE => false,
        MAP_SHARED | MAP_SHARED_VALIDATE => true,
        _ => return Err(EINVAL),
    };
    if length == 0 || offset < 0 || !(offset as usize).is_multiple_of(PAGE) {
        return Err(EINVAL);
    }
    if flags & MAP_HUGETLB != 0 {
        // No huge pages are set aside.
        return Err(ENOMEM);
    }
    let backing = if flags & MAP_ANONYMOUS != 0 {
        None
    } else {
        let file = fd::get(descriptor)?;
        let status = file.status().get();
        if status.contains(OpenFlags::PATH) {
            return Err(EBADF);
        }
        if !status.reads() || shared && protection.write && !status.writes() {
            return Err(EACCES);
        }
        file.backing(shared).map(|backing| Some((backing, offset as u64)))?
    };
    let place = match hint {
        _ if flags & MAP_FIXED_NOREPLACE != 0 => Place::FixedNoReplace(hint),
        _ if flags & MAP_FIXED != 0 => Place::Fixed(hint),
        0 => Place::Any,
        _ => Place::Hint(hint),
    };
    if !hint.is_multiple_of(PAGE) && !matches!(place, Place::Hint(_)) {
        return Err(EINVAL);
    }
    let start =
        vm::map(Request { place, length, protection, shared, promised: promised(place, flags), backing })?;
    if flags & (MAP_POPULATE | MAP_LOCKED) != 0 {
        // SAFETY: bringing pages in takes nothing away. That it fails does not fail the mapping.
        let _ = unsafe { vm::advise(start, length, Advice::WillNeed) };
    }
    Ok(start)
}

/// Maps memory or a file.
#[export]
pub unsafe extern "C" fn mmap(
    hint: *mut c_void,
    length: usize,
    protection: c_int,
    flags: c_int,
    descriptor: c_int,
    offset: i64,
) -> *mut c_void {
    map(address(hint), length, protection, flags, descriptor, offset)
        .map_or_else(failed, core::ptr::with_exposed_provenance_mut)
}

/// A range of the caller's that must start at a page.
fn check_range(start: *mut c_void, length: usize) -> Result<usize> {
    let start = address(start);
    if !start.is_multiple_of(PAGE) || start.checked_add(length).is_none() { Err(EINVAL) } else { Ok(start) }
}

/// Removes mappings.
#[export]
pub unsafe extern "C" fn munmap(start: *mut c_void, length: usize) -> c_int {
    if length == 0 {
        return crate::errno::set(EINVAL);
    }
    // SAFETY: the caller does not use the range any more.
    unit(check_range(start, length).and_then(|start| unsafe { vm::unmap(start, length) }))
}

/// Changes what mappings may be used for.
#[export]
pub unsafe extern "C" fn mprotect(start: *mut c_void, length: usize, bits: c_int) -> c_int {
    let change = || {
        let start = check_range(start, length)?;
        let protection = protection(bits)?;
        if length == 0 {
            return Ok(());
        }
        // SAFETY: the caller does not rely on what is taken away.
        unsafe { vm::protect(start, length, protection) }
    };
    unit(change())
}

/// `mprotect` with a protection key, of which there is none but -1.
#[export]
pub unsafe extern "C" fn pkey_mprotect(start: *mut c_void, length: usize, bits: c_int, key: c_int) -> c_int {
    if key != -1 {
        return crate::errno::set(EINVAL);
    }
    // SAFETY: the caller's.
    unsafe { mprotect(start, length, bits) }
}

/// Protection keys are not provided.
#[export]
pub extern "C" fn pkey_alloc(_flags: c_uint, _rights: c_uint) -> c_int {
    crate::errno::set(kcore::errno::ENOSPC)
}

/// Protection keys are not provided.
#[export]
pub extern "C" fn pkey_free(_key: c_int) -> c_int {
    crate::errno::set(EINVAL)
}

/// Protection keys are not provided.
#[export]
pub extern "C" fn pkey_get(_key: c_int) -> c_int {
    crate::errno::set(EINVAL)
}

/// Protection keys are not provided.
#[export]
pub extern "C" fn pkey_set(_key: c_int, _rights: c_uint) -> c_int {
    crate::errno::set(EINVAL)
}

/// Makes a mapping longer or shorter: `MREMAP_MAYMOVE` 1, `MREMAP_FIXED` 2 with a new address.
#[export]
pub unsafe extern "C" fn mremap(
    start: *mut c_void,
    old: usize,
    new: usize,
    flags: c_int,
    mut arguments: ...
) -> *mut c_void {
    // SAFETY: with this flag the caller passed an address.
    let to = if flags & 2 != 0 { Some(address(unsafe { arguments.arg::<*mut c_void>() })) } else { None };
    let check = || {
        let at = check_range(start, old)?;
        if flags & !3 != 0
            || flags & 3 == 2
            || old == 0
            || new == 0
            || to.is_some_and(|to| !to.is_multiple_of(PAGE))
        {
            return Err(EINVAL);
        }
        // SAFETY: the caller does not use what goes away.
        unsafe { vm::remap(at, old, new, flags & 1 != 0, to) }
    };
    check().map_or_else(failed, core::ptr::with_exposed_provenance_mut)
}

fn advise(start: *mut c_void, length: usize, advice: c_int) -> Result<()> {
    let start = check_range(start, length)?;
    if length == 0 {
        return Ok(());
    }
    let advice = match advice {
        // MADV_WILLNEED, MADV_POPULATE_READ, MADV_POPULATE_WRITE
        3 | 22 | 23 => Advice::WillNeed,
        4 => Advice::DontNeed,
        // MADV_FREE
        8 => Advice::Free,
        // Hints that change nothing: NORMAL, RANDOM, SEQUENTIAL, DONTFORK, DOFORK, MERGEABLE,
        // UNMERGEABLE, HUGEPAGE, NOHUGEPAGE, DONTDUMP, DODUMP, COLD, PAGEOUT
        0..=2 | 10..=17 | 20 | 21 => return Ok(()),
        _ => return Err(EINVAL),
    };
    // SAFETY: the caller does not rely on contents that are forgotten.
    unsafe { vm::advise(start, length, advice) }
}

/// Tells how memory will be used.
#[export]
pub unsafe extern "C" fn madvise(start: *mut c_void, length: usize, advice: c_int) -> c_int {
    unit(advise(start, length, advice))
}

/// `madvise` that returns an error number and never loses contents.
#[export]
pub unsafe extern "C" fn posix_madvise(start: *mut c_void, length: usize, advice: c_int) -> c_int {
    crate::outcome::error_number(if advice == 4 { Ok(()) } else { advise(start, length, advice) })
}

/// Advice on another process's memory: there is no other process.
#[export]
pub unsafe extern "C" fn process_madvise(
    _process: c_int,
    _parts: *const c_void,
    _count: usize,
    _advice: c_int,
    _flags: c_uint,
) -> isize {
    crate::errno::set(ENOSYS) as isize
}

/// Writes a shared mapping back: its pages are the file's own, so it only checks.
#[export]
pub unsafe extern "C-unwind" fn msync(start: *mut c_void, length: usize, flags: c_int) -> c_int {
    let check = || {
        check_range(start, length)?;
        // MS_ASYNC 1, MS_INVALIDATE 2, MS_SYNC 4
        if flags & !7 != 0 || flags & 5 == 5 { Err(EINVAL) } else { Ok(()) }
    };
    unit(check())
}

/// Brings memory in; it stays anyway, there is no swapping.
#[export]
pub unsafe extern "C" fn mlock(start: *const c_void, length: usize) -> c_int {
    let lock = || {
        let from = address(start.cast_mut()) & !(PAGE - 1);
        let end = address(start.cast_mut()).checked_add(length).ok_or(EINVAL)?;
        if length == 0 {
            return Ok(());
        }
        // SAFETY: bringing pages in takes nothing away.
        unsafe { vm::advise(from, end - from, Advice::WillNeed) }
    };
    unit(lock())
}

/// `mlock`, with `MLOCK_ONFAULT` only when touched.
#[export]
pub unsafe extern "C" fn mlock2(start: *const c_void, length: usize, flags: c_uint) -> c_int {
    match flags {
        // SAFETY: the caller's.
        0 => unsafe { mlock(start, length) },
        1 => 0,
        _ => crate::errno::set(EINVAL),
    }
}

/// Undoes `mlock`, which has no lasting effect.
#[export]
pub unsafe extern "C" fn munlock(_start: *const c_void, _length: usize) -> c_int {
    0
}

/// Keeps all memory in, which it is anyway.
#[export]
pub extern "C" fn mlockall(flags: c_int) -> c_int {
    if flags & !7 != 0 || flags & 3 == 0 { crate::errno::set(EINVAL) } else { 0 }
}

/// Undoes `mlockall`.
#[export]
pub extern "C" fn munlockall() -> c_int {
    0
}

/// Whether the pages of a range are in memory: those of a mapping are as soon as they are touched,
/// and this says that they are.
#[export]
pub unsafe extern "C" fn mincore(start: *mut c_void, length: usize, result: *mut u8) -> c_int {
    let fill = || {
        let start = check_range(start, length)?;
        let end = start.checked_add(length.next_multiple_of(PAGE)).ok_or(ENOMEM)?;
        let mut mapped = 0;
        vm::regions(&mut |region| {
            mapped += region.end.min(end).saturating_sub(region.start.max(start));
        });
        if mapped < end - start {
            return Err(ENOMEM);
        }
        // SAFETY: the caller's array, a byte a page.
        unsafe { crate::outcome::buffer(result, length.div_ceil(PAGE)) }?.fill(1);
        Ok(())
    };
    unit(fill())
}

/// Rearranged pages of a mapping are not provided (Linux emulates them too).
#[export]
pub unsafe extern "C" fn remap_file_pages(
    _start: *mut c_void,
    _size: usize,
    _protection: c_int,
    _page: usize,
    _flags: c_int,
) -> c_int {
    crate::errno::set(EOPNOTSUPP)
}

/// The volume that files without a place in the tree are on.
static NOWHERE: Once<Arc<Volume>> = Once::new();

/// A file in memory without a name in the tree: `MFD_CLOEXEC` 1; sealing (2) is `EINVAL`.
#[export]
pub unsafe extern "C" fn memfd_create(name: *const c_char, flags: c_uint) -> c_int {
    let create = || {
        // SAFETY: the caller's string.
        let name = unsafe { path(name) }?;
        if flags & !1 != 0 || name.len() > 249 {
            return Err(EINVAL);
        }
        let volume = NOWHERE.get_or_init(|| Volume::new("tmpfs", vfs::mount::TMPFS_MAGIC));
        let node = Node::new(volume, S_IFREG | 0o777, Box::new(Regular::default()));
        node.add_links(-1);
        let file = node.body().open(vfs::Place::unnamed(node.clone()), OpenFlags::READ_WRITE)?;
        fd::install(file, flags & 1 != 0)
    };
    number(create())
}

/// A file that nothing but mappings can read: not provided.
#[export]
pub extern "C" fn memfd_secret(_flags: c_uint) -> c_int {
    crate::errno::set(ENOSYS)
}

/// The path of a shared memory object: `/dev/shm` and its name.
unsafe fn shared_path(name: *const c_char) -> Result<alloc::vec::Vec<u8>> {
    // SAFETY: the caller's string.
    let name = unsafe { path(name) }?;
    let name =
        name.iter().position(|&byte| byte != b'/').and_then(|start| name.get(start..)).ok_or(EINVAL)?;
    if name.contains(&b'/') {
        return Err(EINVAL);
    }
    if name.len() > vfs::walk::NAME_MAX {
        return Err(ENAMETOOLONG);
    }
    Ok([b"/dev/shm/", name].concat())
}

/// Opens a shared memory object.
#[export]
pub unsafe extern "C" fn shm_open(name: *const c_char, flags: c_int, mode: u32) -> c_int {
    let open = || {
        // SAFETY: the caller's string.
        let path = unsafe { shared_path(name) }?;
        let flags = OpenFlags::from_bits_retain(flags as u32) | OpenFlags::NO_FOLLOW;
        let file = vfs::open(&path, flags, mode)?;
        fd::install(file, true)
    };
    number(open())
}

/// Removes the name of a shared memory object.
#[export]
pub unsafe extern "C" fn shm_unlink(name: *const c_char) -> c_int {
    let remove = || {
        // SAFETY: the caller's string.
        let path = unsafe { shared_path(name) }?;
        vfs::remove::unlink(&vfs::walk::current()?, &path)
            .map_err(|error| if error == EPERM { ENOENT } else { error })
    };
    unit(remove())
}
