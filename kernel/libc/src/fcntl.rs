//! `fcntl.h`: opening, descriptors' properties, record locks, space and advice.

use alloc::sync::Arc;
use core::ffi::{VaList, c_char, c_int, c_void};

use kcore::errno::{EBADF, EFBIG, EINVAL, EISDIR, ENODEV, EOPNOTSUPP, ESPIPE, Result};
use kcore::vfs::file::File;
use kcore::vfs::lock::{self, Owner, Range};
use kcore::vfs::pipe::End;
use kcore::vfs::regular::Regular;
use kcore::vfs::watch::{self, Changes};
use kcore::vfs::{OpenFlags, fd, open_at};
use macros::export;

use crate::outcome::{AT_FDCWD, base, blocking, error_number, path, unit};

/// Opens `name` from `directory` and gives its descriptor.
extern "C-unwind" fn open_name(directory: c_int, name: *const c_char, flags: c_int, mode: u32) -> c_int {
    blocking(&mut || {
        // SAFETY: the caller's string.
        let name = unsafe { path(name) }?;
        let flags = OpenFlags::from_bits_retain(flags as u32);
        if flags.bits() & 3 == 3 && !flags.contains(OpenFlags::PATH) {
            return Err(EINVAL);
        }
        let file = open_at(&base(directory, name)?, name, flags, mode)?;
        fd::install(file, flags.contains(OpenFlags::CLOSE_ON_EXEC)).map(|fd| fd as usize)
    }) as c_int
}

/// Whether `flags` make `open` take a third argument.
fn takes_mode(flags: c_int) -> bool {
    let flags = OpenFlags::from_bits_retain(flags as u32);
    flags.intersects(OpenFlags::CREATE | OpenFlags::TEMPORARY)
}

/// Opens a file: `open(name, flags, mode)`.
#[export]
pub unsafe extern "C-unwind" fn open(name: *const c_char, flags: c_int, mut arguments: ...) -> c_int {
    // SAFETY: with these flags the caller passed a mode.
    let mode = if takes_mode(flags) { unsafe { arguments.arg::<u32>() } } else { 0 };
    open_name(AT_FDCWD, name, flags, mode)
}

/// Opens a file from a directory: `openat(directory, name, flags, mode)`.
#[export]
pub unsafe extern "C-unwind" fn openat(
    directory: c_int,
    name: *const c_char,
    flags: c_int,
    mut arguments: ...
) -> c_int {
    // SAFETY: with these flags the caller passed a mode.
    let mode = if takes_mode(flags) { unsafe { arguments.arg::<u32>() } } else { 0 };
    open_name(directory, name, flags, mode)
}

/// `open` without a mode where the flags are not constant: they must not ask for one.
#[export]
pub unsafe extern "C-unwind" fn __open_2(name: *const c_char, flags: c_int) -> c_int {
    if takes_mode(flags) {
        crate::start::fail(b"invalid open call: O_CREAT or O_TMPFILE without mode");
    }
    open_name(AT_FDCWD, name, flags, 0)
}

/// `openat` without a mode where the flags are not constant.
#[export]
pub unsafe extern "C-unwind" fn __openat_2(directory: c_int, name: *const c_char, flags: c_int) -> c_int {
    if takes_mode(flags) {
        crate::start::fail(b"invalid openat call: O_CREAT or O_TMPFILE without mode");
    }
    open_name(directory, name, flags, 0)
}

/// Creates or empties a file and opens it for writing.
#[export]
pub unsafe extern "C-unwind" fn creat(name: *const c_char, mode: u32) -> c_int {
    let flags = OpenFlags::CREATE | OpenFlags::WRITE_ONLY | OpenFlags::TRUNCATE;
    open_name(AT_FDCWD, name, flags.bits() as c_int, mode)
}

/// `struct flock` on x86-64.
#[repr(C)]
#[allow(missing_docs, reason = "the fields are named in fcntl(2)")]
pub struct flock {
    pub l_type: i16,
    pub l_whence: i16,
    pub l_start: i64,
    pub l_len: i64,
    pub l_pid: i32,
}

const F_RDLCK: i16 = 0;
const F_WRLCK: i16 = 1;
const F_UNLCK: i16 = 2;

/// The bytes that a `struct flock` means.
fn range(file: &dyn File, lock: &flock) -> Result<Range> {
    let base = match lock.l_whence {
        0 => 0,
        1 => file.seekable().ok_or(ESPIPE)?.seek(0, 1)?,
        2 => file.stat()?.size.max(0) as u64,
        _ => return Err(EINVAL),
    };
    let mut start = base.checked_add_signed(lock.l_start).ok_or(EINVAL)?;
    let mut end = u64::MAX;
    if lock.l_len > 0 {
        end = start.checked_add_signed(lock.l_len).ok_or(EINVAL)?;
    } else if lock.l_len < 0 {
        end = start;
        start = start.checked_add_signed(lock.l_len).ok_or(EINVAL)?;
    }
    Ok(Range { start, end, exclusive: lock.l_type == F_WRLCK })
}

/// `F_GETLK`, `F_SETLK`, `F_SETLKW` by number 0, 1, 2; `open`: for the open file, not the process.
unsafe fn record_lock(file: &Arc<dyn File>, which: c_int, open: bool, lock: *mut flock) -> Result<i32> {
    // SAFETY: the caller passed a structure.
    let lock = unsafe { lock.as_mut() }.ok_or(kcore::errno::EFAULT)?;
    let node = file.node().ok_or(EBADF)?;
    if open && lock.l_pid != 0 {
        return Err(EINVAL);
    }
    let owner = if open { Owner::Open(Arc::downgrade(file)) } else { Owner::Process };
    let range = range(&**file, lock)?;
    if !(F_RDLCK..=F_UNLCK).contains(&lock.l_type) {
        return Err(EINVAL);
    }
    if which == 0 {
        match lock::conflict(node, &owner, range) {
            None => lock.l_type = F_UNLCK,
            Some((held, process)) => {
                lock.l_type = if held.exclusive { F_WRLCK } else { F_RDLCK };
                lock.l_whence = 0;
                lock.l_start = held.start as i64;
                lock.l_len = if held.end == u64::MAX { 0 } else { (held.end - held.start) as i64 };
                lock.l_pid = if process { 1 } else { -1 };
            }
        }
        return Ok(0);
    }
    if lock.l_type == F_UNLCK {
        lock::unlock(node, &owner, range);
        return Ok(0);
    }
    lock::check_access(&**file, range.exclusive)?;
    lock::lock(node, &owner, range, which == 2).map(|()| 0)
}

/// Properties of a descriptor or open file. Commands: those of fcntl(2) but leases and
/// notifications, which are `EINVAL`.
#[export]
pub unsafe extern "C-unwind" fn fcntl(fd: c_int, command: c_int, mut arguments: ...) -> c_int {
    // SAFETY: a command without an argument reads a register that means nothing.
    let argument = unsafe { word(&mut arguments) };
    blocking(&mut || control(fd, command, argument).map(|value| value as usize)) as c_int
}

/// The next variadic argument, as a register's worth.
unsafe fn word(arguments: &mut VaList<'_>) -> usize {
    // SAFETY: the caller's; integer and pointer arguments have the same slots.
    unsafe { arguments.arg::<usize>() }
}

fn control(descriptor: c_int, command: c_int, argument: usize) -> Result<i32> {
    let file = fd::get(descriptor)?;
    let number = argument as c_int;
    match command {
        // F_DUPFD, F_DUPFD_CLOEXEC
        0 => fd::install_from(number, file, false),
        1030 => fd::install_from(number, file, true),
        // F_GETFD, F_SETFD
        1 => fd::close_on_exec(descriptor).map(i32::from),
        2 => fd::set_close_on_exec(descriptor, number & 1 != 0).map(|()| 0),
        // F_GETFL, F_SETFL
        3 => Ok((file.status().get() | OpenFlags::LARGE_FILE).bits() as i32),
        4 => {
            file.status().set(OpenFlags::from_bits_retain(argument as u32), OpenFlags::SETTABLE);
            Ok(0)
        }
        // F_GETLK, F_SETLK, F_SETLKW, and those of open files
        // SAFETY: the caller passed a structure.
        5..=7 => unsafe { record_lock(&file, command - 5, false, argument as *mut flock) },
        // SAFETY: as above.
        36..=38 => unsafe { record_lock(&file, command - 36, true, argument as *mut flock) },
        // F_SETOWN, F_SETSIG: nothing sends SIGIO yet; F_GETOWN, F_GETSIG
        8..=11 => Ok(0),
        // F_SETPIPE_SZ, F_GETPIPE_SZ
        1031 => file.downcast::<End>().ok_or(EBADF)?.set_capacity(argument as u32 as usize).map(|n| n as i32),
        1032 => file.downcast::<End>().ok_or(EBADF).map(|end| end.capacity() as i32),
        _ => Err(EINVAL),
    }
}

/// Announces how a file will be used; files are in memory or cached, so it only checks.
#[export]
pub extern "C" fn posix_fadvise(descriptor: c_int, _offset: i64, length: i64, advice: c_int) -> c_int {
    let check = || {
        let file = fd::get(descriptor)?;
        if file.downcast::<End>().is_some() {
            return Err(ESPIPE);
        }
        if length < 0 || !(0..=5).contains(&advice) { Err(EINVAL) } else { Ok(()) }
    };
    error_number(check())
}

/// The regular file of a descriptor that is open for writing.
fn with_writable(descriptor: c_int, change: impl FnOnce(&Regular) -> Result<()>) -> Result<()> {
    let file = fd::get(descriptor)?;
    file.status().check_write()?;
    let node = file.node().ok_or(if file.downcast::<End>().is_some() { ESPIPE } else { ENODEV })?;
    let regular: &Regular = node.body_as().ok_or(if node.directory().is_some() { EISDIR } else { ENODEV })?;
    change(regular)?;
    node.touch();
    watch::found(node, Changes::MODIFY);
    Ok(())
}

/// `FALLOC_FL_KEEP_SIZE`.
const KEEP_SIZE: c_int = 1;
/// `FALLOC_FL_PUNCH_HOLE`.
const PUNCH_HOLE: c_int = 2;
/// `FALLOC_FL_ZERO_RANGE`.
const ZERO_RANGE: c_int = 16;

fn allocate(descriptor: c_int, mode: c_int, start: i64, length: i64) -> Result<()> {
    if start < 0 || length <= 0 {
        return Err(EINVAL);
    }
    let end = start.checked_add(length).ok_or(EFBIG)? as u64;
    let start = start as u64;
    with_writable(descriptor, |regular| {
        match mode & !KEEP_SIZE {
            0 => regular.reserve(start, end)?,
            PUNCH_HOLE if mode & KEEP_SIZE != 0 => return regular.zero(start, end),
            ZERO_RANGE => {
                regular.zero(start, end)?;
                regular.reserve(start, end)?;
            }
            _ => return Err(EOPNOTSUPP),
        }
        if mode & KEEP_SIZE == 0 {
            regular.grow(end);
        }
        Ok(())
    })
}

/// Allocates space, punches holes, zeroes ranges; the other modes are `EOPNOTSUPP`.
#[export]
pub extern "C-unwind" fn fallocate(descriptor: c_int, mode: c_int, start: i64, length: i64) -> c_int {
    unit(allocate(descriptor, mode, start, length))
}

/// Allocates space; an error number.
#[export]
pub extern "C-unwind" fn posix_fallocate(descriptor: c_int, start: i64, length: i64) -> c_int {
    error_number(allocate(descriptor, 0, start, length))
}

/// Reads a part of a file into the cache.
#[export]
pub extern "C" fn readahead(descriptor: c_int, start: i64, count: usize) -> isize {
    let read = || {
        let file = fd::get(descriptor)?;
        file.status().check_read()?;
        let regular: &Regular = file.node().and_then(|node| node.body_as()).ok_or(EINVAL)?;
        let start = crate::unistd::io::position(start)?;
        // A byte of each page brings the page in; an error shows when it is read for real.
        let end = regular_end(regular, start, count);
        for at in (start..end).step_by(4096) {
            let _ = regular.read_at(at, &mut [0]);
        }
        Ok(())
    };
    unit(read()) as isize
}

fn regular_end(regular: &Regular, start: u64, count: usize) -> u64 {
    use kcore::vfs::node::Body;
    start.saturating_add(count as u64).min(regular.size())
}

/// Writes a part of a file out; files are in memory, so it only checks.
#[export]
pub extern "C-unwind" fn sync_file_range(descriptor: c_int, start: i64, length: i64, flags: u32) -> c_int {
    let check = || {
        fd::get(descriptor)?;
        if start < 0 || length < 0 || flags > 7 { Err(EINVAL) } else { Ok(()) }
    };
    unit(check())
}

/// Copies `length` bytes from one file to another through a buffer; gives how many.
fn copy(from: (&dyn File, Option<u64>), to: (&dyn File, Option<u64>), length: usize) -> Result<usize> {
    from.0.status().check_read()?;
    to.0.status().check_write()?;
    let mut done = 0;
    let mut buffer = alloc::vec![0; length.min(65536)];
    while done < length {
        let part = buffer.get_mut(..(length - done).min(65536)).ok_or(EINVAL)?;
        let read = match from.1 {
            Some(at) => from.0.read_at(at + done as u64, part),
            None => from.0.read(part),
        };
        let count = match read {
            Ok(0) => break,
            Ok(count) => count,
            Err(_) if done > 0 => break,
            Err(error) => return Err(error),
        };
        let mut written = 0;
        while written < count {
            let rest = buffer.get(written..count).ok_or(EINVAL)?;
            let result = match to.1 {
                Some(at) => crate::unistd::io::write_at(to.0, at + (done + written) as u64, rest),
                None => to.0.write(rest),
            };
            match result {
                Ok(0) => return Ok(done + written),
                Ok(count) => written += count,
                Err(error) if done + written == 0 => return Err(error),
                Err(_) => return Ok(done + written),
            }
        }
        done += count;
        // A stream that has given what it had is not waited for again.
        if from.1.is_none() && from.0.seekable().is_none() {
            break;
        }
    }
    Ok(done)
}

/// Copies between two descriptors, each at an offset of the caller's, which moves, or at its
/// position.
pub(crate) unsafe fn transfer(
    from: c_int,
    from_offset: *mut i64,
    to: c_int,
    to_offset: *mut i64,
    length: usize,
) -> Result<usize> {
    kcore::tty::pull_input();
    let (source, target) = (fd::get(from)?, fd::get(to)?);
    // SAFETY: null or the caller's offset.
    let (mut from_at, mut to_at) = unsafe { (from_offset.as_mut(), to_offset.as_mut()) };
    let at =
        |offset: &Option<&mut i64>| offset.as_ref().map(|at| crate::unistd::io::position(**at)).transpose();
    let done = copy((&*source, at(&from_at)?), (&*target, at(&to_at)?), length)?;
    for offset in [&mut from_at, &mut to_at].into_iter().flatten() {
        **offset += done as i64;
    }
    Ok(done)
}

/// Moves bytes between descriptors, one of which is a pipe.
#[export]
pub unsafe extern "C-unwind" fn splice(
    from: c_int,
    from_offset: *mut i64,
    to: c_int,
    to_offset: *mut i64,
    length: usize,
    _flags: u32,
) -> isize {
    blocking(&mut || {
        let is_pipe = |descriptor| fd::get(descriptor).map(|file| file.downcast::<End>().is_some());
        let (in_pipe, out_pipe) = (is_pipe(from)?, is_pipe(to)?);
        if in_pipe && !from_offset.is_null() || out_pipe && !to_offset.is_null() {
            return Err(ESPIPE);
        }
        if !in_pipe && !out_pipe {
            return Err(EINVAL);
        }
        // SAFETY: the caller's offsets.
        unsafe { transfer(from, from_offset, to, to_offset, length.min(65536)) }
    })
}

/// Copies what is in a pipe into another without taking it. `SPLICE_F_NONBLOCK` is 2.
#[export]
pub extern "C-unwind" fn tee(from: c_int, to: c_int, length: usize, flags: u32) -> isize {
    blocking(&mut || {
        let (source, target) = (fd::get(from)?, fd::get(to)?);
        let (Some(source), true) = (source.downcast::<End>(), target.downcast::<End>().is_some()) else {
            return Err(EINVAL);
        };
        target.status().check_write()?;
        let bytes = source.peek(length.min(65536), flags & 2 != 0)?;
        if bytes.is_empty() { Ok(0) } else { target.write(&bytes) }
    })
}

/// Writes memory to a pipe.
#[export]
pub unsafe extern "C-unwind" fn vmsplice(
    descriptor: c_int,
    parts: *const crate::sys_uio::iovec,
    count: usize,
    _flags: u32,
) -> isize {
    match fd::get(descriptor) {
        Ok(file) if file.downcast::<End>().is_some() => {}
        _ => return crate::errno::set(EBADF) as isize,
    }
    // SAFETY: the caller's parts.
    unsafe { crate::sys_uio::writev(descriptor, parts, count as c_int) }
}

/// Handles of files are not provided.
#[export]
pub unsafe extern "C" fn name_to_handle_at(
    _directory: c_int,
    _name: *const c_char,
    _handle: *mut c_void,
    _mount: *mut c_int,
    _flags: c_int,
) -> c_int {
    crate::errno::set(EOPNOTSUPP)
}

/// Handles of files are not provided.
#[export]
pub unsafe extern "C" fn open_by_handle_at(_mount: c_int, _handle: *mut c_void, _flags: c_int) -> c_int {
    crate::errno::set(EOPNOTSUPP)
}

/// Locks a part of a file from its position on: `unistd.h`'s, over record locks.
#[export]
pub extern "C-unwind" fn lockf(descriptor: c_int, command: c_int, length: i64) -> c_int {
    let mut lock = flock { l_type: F_WRLCK, l_whence: 1, l_start: 0, l_len: length, l_pid: 0 };
    blocking(&mut || {
        let file = fd::get(descriptor)?;
        let which = match command {
            // F_ULOCK
            0 => {
                lock.l_type = F_UNLCK;
                1
            }
            // F_LOCK, F_TLOCK, F_TEST
            1 => 2,
            2 => 1,
            3 => 0,
            _ => return Err(EINVAL),
        };
        // SAFETY: the structure is ours.
        unsafe { record_lock(&file, which, false, &mut lock) }?;
        if which == 0 && lock.l_type != F_UNLCK && lock.l_pid != 1 {
            return Err(kcore::errno::EACCES);
        }
        Ok(0)
    }) as c_int
}
