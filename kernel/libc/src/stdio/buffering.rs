//! `setvbuf` and its kin, and `stdio_ext.h`.

use core::ffi::{c_char, c_int};

use macros::export;

use super::file::{FILE, Locked, flag};
use super::system;
use super::write::{BUFFER_SIZE, EOF, fflush_unlocked};

const FULLY: c_int = 0;
const BY_LINE: c_int = 1;
const NOT: c_int = 2;

/// Says how a stream is buffered, and in which memory; null leaves that to the stream.
#[export]
pub unsafe extern "C" fn setvbuf(file: *mut FILE, buffer: *mut c_char, mode: c_int, size: usize) -> c_int {
    if !(FULLY..=NOT).contains(&mode) {
        return EOF;
    }
    // SAFETY: the caller's open stream, and memory that outlives it.
    unsafe {
        let mut file = Locked::new(file);
        if !file.buffer.is_null() {
            if fflush_unlocked(file.pointer()) != 0 {
                return EOF;
            }
            file.end_write();
        }
        file.flags &= !(flag::LINE_BUFFERED | flag::UNBUFFERED);
        match mode {
            BY_LINE => file.flags |= flag::LINE_BUFFERED,
            NOT => file.flags |= flag::UNBUFFERED,
            _ => {}
        }
        file.flags2 |= flag::SETTLED;
        let given = mode != NOT && !buffer.is_null() && size != 0;
        if given || mode == NOT {
            if !file.has(flag::USER_BUFFER) {
                system::release(file.buffer);
            }
            if given {
                file.flags |= flag::USER_BUFFER;
                file.buffer = buffer.cast();
            } else {
                file.flags &= !flag::USER_BUFFER;
                file.buffer = core::ptr::null_mut();
            }
            file.buffer_end = file.buffer.wrapping_add(if given { size } else { 0 });
            file.end_write();
        } else if file.buffer_end as usize == file.buffer as usize + 1 {
            // It was unbuffered: a buffer is made at the next use.
            file.flags &= !flag::USER_BUFFER;
            file.buffer = core::ptr::null_mut();
            file.buffer_end = core::ptr::null_mut();
            file.end_write();
        }
        0
    }
}

/// `setvbuf` with a buffer of `size` bytes, or none.
#[export]
pub unsafe extern "C" fn setbuffer(file: *mut FILE, buffer: *mut c_char, size: usize) {
    // SAFETY: the caller's contract.
    unsafe { setvbuf(file, buffer, if buffer.is_null() { NOT } else { FULLY }, size) };
}

/// `setvbuf` with a buffer of `BUFSIZ` bytes, or none.
#[export]
pub unsafe extern "C" fn setbuf(file: *mut FILE, buffer: *mut c_char) {
    // SAFETY: the caller's contract.
    unsafe { setbuffer(file, buffer, 2 * BUFFER_SIZE) };
}

/// Makes a stream line buffered.
#[export]
pub unsafe extern "C" fn setlinebuf(file: *mut FILE) {
    // SAFETY: the caller's contract.
    unsafe { setvbuf(file, core::ptr::null_mut(), BY_LINE, 0) };
}

/// Bytes in the buffer in use.
#[export]
pub unsafe extern "C" fn __fbufsize(file: *mut FILE) -> usize {
    // SAFETY: the caller's open stream.
    unsafe { (*file).buffer_end as usize - (*file).buffer as usize }
}

/// Whether the last operation was a read, or the stream can only be read.
#[export]
pub unsafe extern "C" fn __freading(file: *mut FILE) -> c_int {
    // SAFETY: the caller's open stream.
    let file = unsafe { &*file };
    c_int::from(file.has(flag::NO_WRITES) || (!file.has(flag::PUTTING) && !file.read_base.is_null()))
}

/// Whether the last operation was a write, or the stream can only be written.
#[export]
pub unsafe extern "C" fn __fwriting(file: *mut FILE) -> c_int {
    // SAFETY: the caller's open stream.
    c_int::from(unsafe { (*file).has(flag::NO_READS | flag::PUTTING) })
}

/// Whether the stream can be read.
#[export]
pub unsafe extern "C" fn __freadable(file: *mut FILE) -> c_int {
    // SAFETY: the caller's open stream.
    c_int::from(unsafe { !(*file).has(flag::NO_READS) })
}

/// Whether the stream can be written.
#[export]
pub unsafe extern "C" fn __fwritable(file: *mut FILE) -> c_int {
    // SAFETY: the caller's open stream.
    c_int::from(unsafe { !(*file).has(flag::NO_WRITES) })
}

/// Whether the stream is line buffered.
#[export]
pub unsafe extern "C" fn __flbf(file: *mut FILE) -> c_int {
    // SAFETY: the caller's open stream.
    unsafe { (*file).flags & flag::LINE_BUFFERED }
}

/// Drops what the buffer holds, read ahead or not yet written.
#[export]
pub unsafe extern "C" fn __fpurge(file: *mut FILE) {
    // SAFETY: the caller's open stream.
    let file = unsafe { &mut *file };
    file.leave_backup();
    if file.has(flag::PUTTING) {
        file.write_ptr = file.write_base;
    } else {
        file.read_ptr = file.read_base;
        file.read_end = file.read_base;
    }
}

/// Bytes waiting to be written.
#[export]
pub unsafe extern "C" fn __fpending(file: *mut FILE) -> usize {
    // SAFETY: the caller's open stream.
    unsafe { (*file).pending() }
}

/// Who locks the stream: each function (1), or the caller (2); 0 asks.
#[export]
pub unsafe extern "C" fn __fsetlocking(file: *mut FILE, how: c_int) -> c_int {
    // SAFETY: the caller's open stream.
    let file = unsafe { &mut *file };
    let before = if file.has(flag::USER_LOCK) { 2 } else { 1 };
    match how {
        1 => file.flags &= !flag::USER_LOCK,
        2 => file.flags |= flag::USER_LOCK,
        _ => {}
    }
    before
}
