//! Positions, and what a stream says about itself.

use core::ffi::{c_int, c_long};

use kcore::errno::{EBADF, EINVAL, EIO};
use macros::export;

use super::file::{FILE, Locked, flag};
use super::system;
use super::write::flush;
use crate::wchar::convert::mbstate_t;

const SEEK_SET: c_int = 0;
const SEEK_CUR: c_int = 1;
const SEEK_END: c_int = 2;

/// `fpos_t`: where, and in which state of its multibyte text.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Position {
    offset: i64,
    state: mbstate_t,
}

/// Where the next byte is read or written; −1 with `errno` set if that makes no sense.
fn tell(file: &mut FILE) -> i64 {
    let writing = file.has(flag::PUTTING);
    let whence = if writing && file.has(flag::APPENDING) { SEEK_END } else { SEEK_CUR };
    let under = file.seek(0, whence);
    if under < 0 {
        return -1;
    }
    let at = if writing {
        under + file.pending() as i64
    } else {
        let behind = file.save_end as usize - file.save_base as usize;
        under - file.readable() as i64 - if file.has(flag::IN_BACKUP) { behind as i64 } else { 0 }
    };
    if at < 0 {
        system::set_errno(EIO);
        return -1;
    }
    at
}

/// Moves to an offset; 0, or −1 with `errno` set.
fn seek(file: &mut FILE, mut offset: i64, mut whence: c_int) -> c_int {
    if !matches!(whence, SEEK_SET | SEEK_CUR | SEEK_END) {
        system::set_errno(EINVAL);
        return -1;
    }
    if file.has(flag::PUTTING) {
        if flush(file) != 0 {
            return -1;
        }
        file.end_write();
    }
    if whence == SEEK_CUR {
        let here = tell(file);
        if here < 0 {
            return -1;
        }
        let Some(target) = here.checked_add(offset) else {
            system::set_errno(kcore::errno::EOVERFLOW);
            return -1;
        };
        if target < 0 {
            system::set_errno(EINVAL);
            return -1;
        }
        (offset, whence) = (target, SEEK_SET);
    }
    file.leave_backup();
    if whence == SEEK_SET && within(file, offset) {
        file.flags &= !flag::EOF_SEEN;
        return 0;
    }
    if file.seek(offset, whence) < 0 {
        return -1;
    }
    file.read_base = file.buffer;
    file.read_ptr = file.buffer;
    file.read_end = file.buffer;
    file.flags &= !flag::EOF_SEEN;
    file.decoding = mbstate_t::INITIAL;
    file.encoding = mbstate_t::INITIAL;
    0
}

/// Moves within what was read already, if the offset is there.
fn within(file: &mut FILE, offset: i64) -> bool {
    let held = file.read_end as usize - file.read_base as usize;
    if held == 0 || file.has(flag::UNBUFFERED) || !file.operations.is_null() {
        return false;
    }
    let under = file.seek(0, SEEK_CUR);
    match under.checked_sub(offset).map(usize::try_from) {
        Some(Ok(behind)) if behind <= held && under >= 0 => {
            file.read_ptr = file.read_end.wrapping_sub(behind);
            file.decoding = mbstate_t::INITIAL;
            true
        }
        _ => false,
    }
}

/// Moves to an offset from the start (0), from here (1) or from the end (2).
#[export(cancellable)]
pub unsafe extern "C" fn fseek(file: *mut FILE, offset: c_long, whence: c_int) -> c_int {
    // SAFETY: the caller's open stream.
    let mut file = unsafe { Locked::new(file) };
    seek(&mut file, offset, whence)
}

/// The offset of what is read or written next.
#[export(cancellable)]
pub unsafe extern "C" fn ftell(file: *mut FILE) -> c_long {
    // SAFETY: the caller's open stream.
    let mut file = unsafe { Locked::new(file) };
    tell(&mut file)
}

/// Moves to the start and clears the error indicator.
#[export(cancellable)]
pub unsafe extern "C" fn rewind(file: *mut FILE) {
    // SAFETY: the caller's open stream.
    let mut file = unsafe { Locked::new(file) };
    seek(&mut file, 0, SEEK_SET);
    file.flags &= !(flag::ERROR_SEEN | flag::EOF_SEEN);
}

/// Notes the position.
#[export(cancellable)]
pub unsafe extern "C" fn fgetpos(file: *mut FILE, position: *mut Position) -> c_int {
    // SAFETY: the caller's open stream and memory.
    unsafe {
        let mut file = Locked::new(file);
        let offset = tell(&mut file);
        if offset < 0 {
            return -1;
        }
        let state = if file.has(flag::PUTTING) { file.encoding } else { file.decoding };
        position.write(Position { offset, state });
        0
    }
}

/// Goes back to a position noted before.
#[export(cancellable)]
pub unsafe extern "C" fn fsetpos(file: *mut FILE, position: *const Position) -> c_int {
    // SAFETY: the caller's open stream and memory.
    unsafe {
        let mut file = Locked::new(file);
        let result = seek(&mut file, (*position).offset, SEEK_SET);
        if result == 0 {
            file.decoding = (*position).state;
        }
        result
    }
}

/// Whether the end of the file was met.
#[export]
pub unsafe extern "C" fn feof(file: *mut FILE) -> c_int {
    // SAFETY: the caller's open stream.
    c_int::from(unsafe { (*file).has(flag::EOF_SEEN) })
}

/// Whether an error was met.
#[export]
pub unsafe extern "C" fn ferror(file: *mut FILE) -> c_int {
    // SAFETY: the caller's open stream.
    c_int::from(unsafe { (*file).has(flag::ERROR_SEEN) })
}

/// Forgets that the end or an error was met.
#[export]
pub unsafe extern "C" fn clearerr(file: *mut FILE) {
    // SAFETY: the caller's open stream.
    unsafe { Locked::new(file).flags &= !(flag::EOF_SEEN | flag::ERROR_SEEN) };
}

/// `clearerr` without the lock.
#[export]
pub unsafe extern "C" fn clearerr_unlocked(file: *mut FILE) {
    // SAFETY: the caller's open stream, which it has locked if need be.
    unsafe { (*file).flags &= !(flag::EOF_SEEN | flag::ERROR_SEEN) };
}

/// The stream's descriptor.
#[export]
pub unsafe extern "C" fn fileno(file: *mut FILE) -> c_int {
    // SAFETY: the caller's open stream.
    let fd = unsafe { (*file).fileno };
    if fd < 0 {
        system::set_errno(EBADF);
        return -1;
    }
    fd
}

/// Takes the stream's lock.
#[export]
pub unsafe extern "C" fn flockfile(file: *mut FILE) {
    // SAFETY: the caller's open stream.
    unsafe { (*file).lock() };
}

/// Takes the stream's lock if it is free; 0 if so.
#[export]
pub unsafe extern "C" fn ftrylockfile(file: *mut FILE) -> c_int {
    // SAFETY: the caller's open stream.
    c_int::from(!unsafe { (*file).try_lock() })
}

/// Gives the stream's lock back.
#[export]
pub unsafe extern "C" fn funlockfile(file: *mut FILE) {
    // SAFETY: the caller's open stream, whose lock it has.
    unsafe { (*file).unlock() };
}
