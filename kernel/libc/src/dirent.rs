//! `dirent.h`: reading directories.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ffi::{c_char, c_int, c_long, c_void};

use kcore::errno::{EBADF, EINVAL, ENOENT, ENOTDIR, Result};
use kcore::sync::Mutex;
use kcore::vfs::directory::{FIRST_POSITION, OpenDirectory};
use kcore::vfs::file::File;
use kcore::vfs::walk::NAME_MAX;
use kcore::vfs::{Node, OpenFlags, Place, fd};
use macros::export;

use crate::malloc::cells;
use crate::outcome::{AT_FDCWD, base, path, size};

/// `struct dirent` on x86-64 (that of `readdir64` is the same).
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(missing_docs, reason = "the fields are named in readdir(3)")]
pub struct dirent {
    pub d_ino: u64,
    pub d_off: i64,
    pub d_reclen: u16,
    pub d_type: u8,
    pub d_name: [c_char; NAME_MAX + 1],
}

/// Bytes before the name.
const HEADER: usize = core::mem::offset_of!(dirent, d_name);

const EMPTY: dirent = dirent { d_ino: 0, d_off: 0, d_reclen: 0, d_type: 0, d_name: [0; NAME_MAX + 1] };

/// An open directory stream.
pub struct DIR {
    fd: c_int,
    state: Mutex<(u64, dirent)>,
}

/// `d_type` of a directory.
pub(crate) const DT_DIR: u8 = 4;

/// Names and types (`DT_…`) of all that is in a directory; `dots`: of `.` and `..`, too.
pub(crate) fn entries(node: &Arc<Node>, dots: bool) -> Result<Vec<(Vec<u8>, u8)>> {
    let file = node.body().open(Place::unnamed(node.clone()), OpenFlags::DIRECTORY)?;
    let directory: &OpenDirectory = file.downcast().ok_or(ENOTDIR)?;
    let mut entries = Vec::new();
    directory.list(if dots { 0 } else { FIRST_POSITION }, &mut |name, node, _| {
        entries.push((name.to_vec(), (node.mode() >> 12) as u8));
        true
    })?;
    Ok(entries)
}

/// The entry at or after `position`; `None` at the end. Gives the position after it.
fn next(file: &dyn File, position: u64, to: &mut dirent) -> Result<Option<u64>> {
    let directory: &OpenDirectory = file.downcast().ok_or(ENOTDIR)?;
    let mut found = None;
    directory.list(position, &mut |name, node, after| {
        to.d_ino = node.number;
        to.d_off = after as i64;
        to.d_type = (node.mode() >> 12) as u8;
        to.d_reclen = (HEADER + name.len() + 1).next_multiple_of(8) as u16;
        for (place, &byte) in to.d_name.iter_mut().zip(name.iter().chain(&[0])) {
            *place = byte as c_char;
        }
        found = Some(after);
        false
    })?;
    Ok(found)
}

fn stream(fd: c_int) -> *mut DIR {
    Box::into_raw(Box::new(DIR { fd, state: Mutex::new((0, EMPTY)) }))
}

fn open_stream(directory: c_int, name: Result<&[u8]>) -> *mut DIR {
    let open = || {
        let name = name?;
        let flags = OpenFlags::DIRECTORY | OpenFlags::CLOSE_ON_EXEC;
        let file = kcore::vfs::open_at(&base(directory, name)?, name, flags, 0)?;
        fd::install(file, true)
    };
    match open() {
        Ok(fd) => stream(fd),
        Err(error) => {
            crate::errno::set(error);
            core::ptr::null_mut()
        }
    }
}

/// Opens a directory.
#[export]
pub unsafe extern "C" fn opendir(name: *const c_char) -> *mut DIR {
    // SAFETY: the caller's string.
    open_stream(AT_FDCWD, unsafe { path(name) })
}

/// A stream over a directory that is open; the descriptor is the stream's from now on.
#[export]
pub extern "C" fn fdopendir(descriptor: c_int) -> *mut DIR {
    let check = || {
        let file = fd::get(descriptor)?;
        if !file.status().get().reads() || file.status().get().contains(OpenFlags::PATH) {
            return Err(EBADF);
        }
        file.downcast::<OpenDirectory>().map(|_| ()).ok_or(ENOTDIR)
    };
    match check() {
        Ok(()) => stream(descriptor),
        Err(error) => {
            crate::errno::set(error);
            core::ptr::null_mut()
        }
    }
}

/// The next entry; null at the end, or with `errno` set on an error.
#[export]
pub unsafe extern "C" fn readdir(directory: *mut DIR) -> *mut dirent {
    // SAFETY: the caller's stream.
    let Some(directory) = (unsafe { directory.as_ref() }) else {
        crate::errno::set(EBADF);
        return core::ptr::null_mut();
    };
    let mut state = directory.state.lock();
    let (position, entry) = &mut *state;
    match fd::get(directory.fd).and_then(|file| next(&*file, *position, entry)) {
        Ok(Some(after)) => {
            *position = after;
            // It is the stream's until the next call.
            &raw mut *entry
        }
        Ok(None) => core::ptr::null_mut(),
        Err(error) => {
            // A directory that was removed reads as empty.
            if error != ENOENT {
                crate::errno::set(error);
            }
            core::ptr::null_mut()
        }
    }
}

/// The next entry in a structure of the caller's; `*result` is null at the end. An error number.
#[export]
pub unsafe extern "C" fn readdir_r(
    directory: *mut DIR,
    entry: *mut dirent,
    result: *mut *mut dirent,
) -> c_int {
    // SAFETY: the caller's stream and structures.
    unsafe {
        let before = crate::errno::get();
        crate::errno::set_number(0);
        let found = readdir(directory);
        let error = crate::errno::get();
        crate::errno::set_number(before);
        *result = core::ptr::null_mut();
        if !found.is_null() {
            core::ptr::copy_nonoverlapping(found.cast::<u8>(), entry.cast(), (*found).d_reclen.into());
            *result = entry;
            return 0;
        }
        error
    }
}

/// Closes a stream and its descriptor.
#[export]
pub unsafe extern "C-unwind" fn closedir(directory: *mut DIR) -> c_int {
    if directory.is_null() {
        return crate::errno::set(EINVAL);
    }
    // SAFETY: the caller's stream, made by `stream`, and not used any more.
    let directory = unsafe { Box::from_raw(directory) };
    crate::outcome::unit(fd::close(directory.fd))
}

/// Goes back to the first entry.
#[export]
pub unsafe extern "C" fn rewinddir(directory: *mut DIR) {
    // SAFETY: the caller's stream.
    unsafe { seekdir(directory, 0) }
}

/// Goes to a position that `telldir` gave.
#[export]
pub unsafe extern "C" fn seekdir(directory: *mut DIR, position: c_long) {
    // SAFETY: the caller's stream.
    if let Some(directory) = unsafe { directory.as_ref() } {
        directory.state.lock().0 = position as u64;
    }
}

/// The position of the next entry.
#[export]
pub unsafe extern "C" fn telldir(directory: *mut DIR) -> c_long {
    // SAFETY: the caller's stream.
    unsafe { directory.as_ref() }.map_or(-1, |directory| directory.state.lock().0 as c_long)
}

/// The descriptor of a stream.
#[export]
pub unsafe extern "C" fn dirfd(directory: *mut DIR) -> c_int {
    // SAFETY: the caller's stream.
    unsafe { directory.as_ref() }.map_or_else(|| crate::errno::set(EINVAL), |directory| directory.fd)
}

/// Entries as the kernel gives them: as many as fit into the buffer. Gives their bytes, 0 at the end.
#[export]
pub unsafe extern "C" fn getdents64(descriptor: c_int, to: *mut c_void, room: usize) -> isize {
    let read = || {
        let file = fd::get(descriptor)?;
        let directory: &OpenDirectory = file.downcast().ok_or(ENOTDIR)?;
        // SAFETY: the caller's buffer.
        let buffer = unsafe { crate::outcome::buffer(to.cast(), room) }?;
        let mut position = directory.position.lock();
        let (mut done, mut entry) = (0, EMPTY);
        while let Some(after) = next(&*file, *position, &mut entry)? {
            let length = usize::from(entry.d_reclen);
            let Some(place) = buffer.get_mut(done..done + length) else {
                return if done == 0 { Err(EINVAL) } else { Ok(done) };
            };
            // SAFETY: an entry is at least this long, and all its bytes are set.
            place.copy_from_slice(unsafe { core::slice::from_raw_parts((&raw const entry).cast(), length) });
            done += length;
            *position = after;
        }
        Ok(done)
    };
    size(read())
}

/// `getdents64` that also tells where in the directory it began.
#[export]
pub unsafe extern "C" fn getdirentries(
    descriptor: c_int,
    to: *mut c_char,
    room: usize,
    start: *mut i64,
) -> isize {
    let position = fd::get(descriptor)
        .ok()
        .and_then(|file| file.downcast::<OpenDirectory>().map(|directory| *directory.position.lock()));
    // SAFETY: the caller's buffer and offset.
    unsafe {
        let count = getdents64(descriptor, to.cast(), room);
        if count >= 0
            && let (Some(start), Some(position)) = (start.as_mut(), position)
        {
            *start = position as i64;
        }
        count
    }
}

type Select = Option<unsafe extern "C-unwind" fn(*const dirent) -> c_int>;
type Compare = Option<unsafe extern "C-unwind" fn(*mut *const dirent, *mut *const dirent) -> c_int>;

unsafe extern "C-unwind" {
    fn qsort(
        base: *mut c_void,
        count: usize,
        width: usize,
        compare: unsafe extern "C-unwind" fn(*mut *const dirent, *mut *const dirent) -> c_int,
    );
}

/// Adds a copy of `entry` to a list that grows; false if memory runs out.
unsafe fn append(list: &mut *mut *mut dirent, count: usize, entry: *const dirent) -> bool {
    if count.is_power_of_two() || count == 0 {
        let room = (count * 2).max(1) * size_of::<*mut dirent>();
        // SAFETY: null or from here before.
        let larger = unsafe { cells::realloc((*list).cast(), room) };
        if larger.is_null() {
            return false;
        }
        *list = larger.cast();
    }
    // SAFETY: the entry is as long as it says, and the list has room for one more.
    unsafe {
        let length = usize::from((*entry).d_reclen);
        let copy = cells::malloc(length);
        if copy.is_null() {
            return false;
        }
        core::ptr::copy_nonoverlapping(entry.cast::<u8>(), copy.cast(), length);
        *(*list).add(count) = copy.cast();
    }
    true
}

/// All entries that `select` takes, in the order of `compare`, in memory of the caller's.
#[export]
pub unsafe extern "C-unwind" fn scandirat(
    directory: c_int,
    name: *const c_char,
    result: *mut *mut *mut dirent,
    select: Select,
    compare: Compare,
) -> c_int {
    // SAFETY: the caller's string and functions; the stream and the list are ours.
    unsafe {
        let stream = open_stream(directory, path(name));
        if stream.is_null() {
            return -1;
        }
        let (mut list, mut count) = (core::ptr::null_mut(), 0);
        let before = crate::errno::get();
        crate::errno::set_number(0);
        loop {
            let entry = readdir(stream);
            if entry.is_null() {
                break;
            }
            if select.is_some_and(|select| select(entry) == 0) {
                continue;
            }
            if !append(&mut list, count, entry) {
                crate::errno::set(kcore::errno::ENOMEM);
                break;
            }
            count += 1;
            crate::errno::set_number(0);
        }
        let error = crate::errno::get();
        closedir(stream);
        crate::errno::set_number(if error == 0 { before } else { error });
        if error != 0 {
            for at in 0..count {
                cells::free((*list.add(at)).cast());
            }
            cells::free(list.cast());
            return -1;
        }
        if let Some(compare) = compare
            && count > 1
        {
            qsort(list.cast(), count, size_of::<*mut dirent>(), compare);
        }
        *result = list;
        count as c_int
    }
}

/// As `scandirat` from the working directory.
#[export]
pub unsafe extern "C-unwind" fn scandir(
    name: *const c_char,
    result: *mut *mut *mut dirent,
    select: Select,
    compare: Compare,
) -> c_int {
    // SAFETY: the caller's.
    unsafe { scandirat(AT_FDCWD, name, result, select, compare) }
}

unsafe extern "C" {
    fn strcoll(one: *const c_char, two: *const c_char) -> c_int;
    fn strverscmp(one: *const c_char, two: *const c_char) -> c_int;
}

/// Compares two entries by name, for `scandir`.
#[export]
pub unsafe extern "C-unwind" fn alphasort(one: *mut *const dirent, two: *mut *const dirent) -> c_int {
    // SAFETY: the caller's entries.
    unsafe { strcoll((&raw const (**one).d_name).cast(), (&raw const (**two).d_name).cast()) }
}

/// Compares two entries by name, numbers in it by value, for `scandir`.
#[export]
pub unsafe extern "C-unwind" fn versionsort(one: *mut *const dirent, two: *mut *const dirent) -> c_int {
    // SAFETY: the caller's entries.
    unsafe { strverscmp((&raw const (**one).d_name).cast(), (&raw const (**two).d_name).cast()) }
}
