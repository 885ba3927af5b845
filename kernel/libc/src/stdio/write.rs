//! Writing: the buffer, when it is flushed, and the byte output functions.

use core::ffi::{c_char, c_int, c_void};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, Ordering};

use kcore::errno::EBADF;
use macros::export;

use super::file::{FILE, Locked, flag, for_each, link, standard_output};
use super::system;

/// `EOF`.
pub const EOF: c_int = -1;

/// What `BUFSIZ` says is 8192; glibc's streams take the file's block size, which is this.
pub const BUFFER_SIZE: usize = 4096;

/// What `exit` has to call, as a `fn()`; null as long as no stream was written to. So a program
/// that never prints carries no stdio.
static AT_EXIT: AtomicPtr<()> = AtomicPtr::new(null_mut());

/// Writes out what streams still hold; to be called once, by `exit`, after the program's own handlers.
pub fn at_exit() {
    let hook = AT_EXIT.load(Ordering::Acquire);
    if !hook.is_null() {
        // SAFETY: only `settle` stores here, and it stores a `fn()`.
        unsafe { core::mem::transmute::<*mut (), fn()>(hook)() }
    }
}

fn flush_for_exit() {
    for_each(true, |file| {
        // SAFETY: a listed stream is open. Its lock is left alone: its holder may never run again.
        let file = unsafe { &mut *file };
        if file.has(flag::PUTTING) { flush(file) } else { 0 }
    });
}

/// Decides on the buffering of a stream at its first use, and gets it a buffer.
pub fn settle(file: &mut FILE) {
    file.leave_backup();
    if file.buffer.is_null() {
        if !file.has(flag::UNBUFFERED) {
            let memory = system::allocate(BUFFER_SIZE);
            if memory.is_null() {
                file.flags |= flag::UNBUFFERED;
            } else {
                file.buffer = memory;
                file.buffer_end = memory.wrapping_add(BUFFER_SIZE);
            }
        }
        if file.has(flag::UNBUFFERED) {
            file.buffer = (&raw mut file.short_buffer).cast();
            file.buffer_end = file.buffer.wrapping_add(1);
            file.flags |= flag::USER_BUFFER;
        }
    }
    if file.flags2 & flag::SETTLED == 0 {
        file.flags2 |= flag::SETTLED;
        if !file.has(flag::UNBUFFERED | flag::LINE_BUFFERED) && file.operations.is_null() {
            let errno = system::errno();
            if system::isatty(file.fileno) != 0 {
                file.flags |= flag::LINE_BUFFERED;
            }
            system::restore_errno(errno);
        }
    }
    file.read_base = file.buffer;
    file.read_ptr = file.buffer;
    file.read_end = file.buffer;
}

/// Makes the stream one that is being written; false with `errno` set if it cannot be.
pub fn begin_write(file: &mut FILE) -> bool {
    if file.has(flag::PUTTING) {
        return true;
    }
    if file.has(flag::NO_WRITES) {
        system::set_errno(EBADF);
        file.fail();
        return false;
    }
    if file.buffer.is_null() {
        settle(file);
    } else {
        file.drop_read();
    }
    // From now on the stream may hold what has to be written out in the end.
    link(file);
    AT_EXIT.store(flush_for_exit as fn() as *mut (), Ordering::Release);
    file.flags |= flag::PUTTING;
    file.write_base = file.buffer;
    file.reset_write();
    true
}

impl FILE {
    /// Empties the put area.
    fn reset_write(&mut self) {
        self.write_ptr = self.write_base;
        let each = self.has(flag::UNBUFFERED | flag::LINE_BUFFERED);
        self.write_end = if each { self.write_base } else { self.buffer_end };
    }

    /// Forgets what was read ahead, and puts the file back to where the reader is.
    pub fn drop_read(&mut self) {
        self.leave_backup();
        let ahead = self.readable();
        if ahead != 0 {
            let errno = system::errno();
            self.seek(-(ahead as i64), 1);
            system::restore_errno(errno);
        }
        self.read_base = self.buffer;
        self.read_ptr = self.buffer;
        self.read_end = self.buffer;
    }

    /// Goes back from pushed-back bytes to the main get area; what is left of them is lost.
    pub fn leave_backup(&mut self) {
        if self.has(flag::IN_BACKUP) {
            self.flags &= !flag::IN_BACKUP;
            self.read_base = self.buffer;
            self.read_ptr = self.save_base;
            self.read_end = self.save_end;
            self.save_base = null_mut();
            self.save_end = null_mut();
        }
    }

    /// `lseek` on what is under the buffer.
    pub fn seek(&mut self, offset: i64, whence: c_int) -> i64 {
        // SAFETY: operations are live as long as the stream.
        match unsafe { self.operations.as_ref() } {
            // SAFETY: the operation belongs to this stream.
            Some(operations) => unsafe { (operations.seek)(self, offset, whence) },
            None => system::lseek(self.fileno, offset, whence),
        }
    }
}

/// Writes to what is under the buffer, all of it; gives what was written, less after an error.
unsafe fn write_through(file: &mut FILE, bytes: *const u8, size: usize) -> usize {
    let mut done = 0;
    while done < size {
        // SAFETY: the caller's bytes; operations are live as long as the stream.
        let written = unsafe {
            let at = bytes.add(done);
            match file.operations.as_ref() {
                Some(operations) => (operations.write)(file, at, size - done),
                None => system::write(file.fileno, at, size - done),
            }
        };
        if written <= 0 {
            if !system::cancelled() {
                file.fail();
            }
            break;
        }
        done += written as usize;
    }
    done
}

/// Writes out what the put area holds; what could not be written is lost, as with glibc. 0, or −1 with
/// `errno` set.
pub fn flush(file: &mut FILE) -> c_int {
    if !file.has(flag::PUTTING) {
        return 0;
    }
    let pending = file.pending();
    if pending != 0 {
        // SAFETY: the put area is part of the buffer.
        let written = unsafe { write_through(file, file.write_base, pending) };
        if written < pending && system::cancelled() {
            // The thread ends, but not what it wrote, which waits for the next that flushes.
            // SAFETY: both are in the put area.
            unsafe { core::ptr::copy(file.write_base.add(written), file.write_base, pending - written) };
            file.write_ptr = file.write_base.wrapping_add(pending - written);
            return EOF;
        }
        file.reset_write();
        return if written < pending { EOF } else { 0 };
    }
    file.reset_write();
    0
}

/// Puts bytes into the buffer, through it where they are too many. Gives how many were taken.
unsafe fn put_buffered(file: &mut FILE, mut bytes: *const u8, size: usize) -> usize {
    let mut left = size;
    loop {
        let room = file.buffer_end as usize - file.write_ptr as usize;
        let part = left.min(room);
        // SAFETY: there is room for this part, and the caller's bytes are that many.
        unsafe { file.write_ptr.copy_from_nonoverlapping(bytes, part) };
        file.write_ptr = file.write_ptr.wrapping_add(part);
        bytes = bytes.wrapping_add(part);
        left -= part;
        if left == 0 {
            return size;
        }
        if flush(file) != 0 {
            return size - left;
        }
        let whole = file.buffer_end as usize - file.buffer as usize;
        if left >= whole {
            let direct = left - left % whole;
            // SAFETY: the caller's bytes are that many.
            let written = unsafe { write_through(file, bytes, direct) };
            bytes = bytes.wrapping_add(written);
            left -= written;
            if written < direct || left == 0 {
                return size - left;
            }
        }
    }
}

/// Writes bytes to a locked stream, as `fwrite` does; gives how many were taken.
///
/// # Safety
/// `size` bytes are readable there.
pub unsafe fn put(file: &mut FILE, bytes: *const u8, size: usize) -> usize {
    if size == 0 || !begin_write(file) {
        return 0;
    }
    // SAFETY: both parts are within the caller's bytes.
    unsafe {
        if file.has(flag::UNBUFFERED) {
            return write_through(file, bytes, size);
        }
        if !file.has(flag::LINE_BUFFERED) {
            return put_buffered(file, bytes, size);
        }
        let text = core::slice::from_raw_parts(bytes, size);
        let now = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
        if now != 0 {
            let done = put_buffered(file, bytes, now);
            if done < now {
                return done;
            }
            if flush(file) != 0 {
                return 0;
            }
        }
        now + if now < size { put_buffered(file, bytes.add(now), size - now) } else { 0 }
    }
}

/// Writes one byte to a locked stream; the byte, or `EOF`.
pub fn put_byte(file: &mut FILE, byte: u8) -> c_int {
    if file.write_ptr < file.write_end {
        // SAFETY: below `write_end` there is room in the buffer.
        unsafe { file.write_ptr.write(byte) };
        file.write_ptr = file.write_ptr.wrapping_add(1);
        return c_int::from(byte);
    }
    // SAFETY: one byte is there.
    if unsafe { put(file, &raw const byte, 1) } == 1 { c_int::from(byte) } else { EOF }
}

/// Fixes the orientation to bytes if it is undecided; false if it is to wide characters.
pub fn orient_bytes(file: &mut FILE) -> bool {
    if file.mode == 0 {
        file.mode = -1;
    }
    file.mode < 0
}

/// What the `putc` macro calls when the put area is full, or each byte has to be looked at; `EOF`
/// as the byte flushes.
#[export(cancellable)]
pub unsafe extern "C" fn __overflow(file: *mut FILE, byte: c_int) -> c_int {
    // SAFETY: the caller's stream, which it has locked if need be.
    let file = unsafe { &mut *file };
    orient_bytes(file);
    if byte == EOF { flush(file) } else { put_byte(file, byte as u8) }
}

/// Writes one byte.
#[export(cancellable)]
pub unsafe extern "C" fn fputc(byte: c_int, file: *mut FILE) -> c_int {
    // SAFETY: the caller's open stream.
    let mut file = unsafe { Locked::new(file) };
    if orient_bytes(&mut file) { put_byte(&mut file, byte as u8) } else { EOF }
}

/// `fputc` without the lock.
#[export(cancellable)]
pub unsafe extern "C" fn fputc_unlocked(byte: c_int, file: *mut FILE) -> c_int {
    // SAFETY: the caller's open stream, which it has locked if need be.
    let file = unsafe { &mut *file };
    if orient_bytes(file) { put_byte(file, byte as u8) } else { EOF }
}

/// Writes one byte to `stdout`.
#[export(cancellable)]
pub unsafe extern "C" fn putchar(byte: c_int) -> c_int {
    // SAFETY: `stdout` is open as long as the program does not close it.
    unsafe { fputc(byte, standard_output()) }
}

/// `putchar` without the lock.
#[export(cancellable)]
pub unsafe extern "C" fn putchar_unlocked(byte: c_int) -> c_int {
    // SAFETY: as `putchar`.
    unsafe { fputc_unlocked(byte, standard_output()) }
}

/// Length of a C string.
///
/// # Safety
/// The string is NUL-terminated.
pub unsafe fn length(text: *const c_char) -> usize {
    // SAFETY: the caller's promise.
    unsafe { core::ffi::CStr::from_ptr(text).count_bytes() }
}

/// Writes a string; 1, or `EOF`.
#[export(cancellable)]
pub unsafe extern "C" fn fputs(text: *const c_char, file: *mut FILE) -> c_int {
    // SAFETY: the caller's string and open stream.
    unsafe {
        let file = Locked::new(file);
        fputs_unlocked(text, file.pointer())
    }
}

/// `fputs` without the lock.
#[export(cancellable)]
pub unsafe extern "C" fn fputs_unlocked(text: *const c_char, file: *mut FILE) -> c_int {
    // SAFETY: the caller's string and open stream.
    unsafe {
        let file = &mut *file;
        let size = length(text);
        if orient_bytes(file) && put(file, text.cast(), size) == size { 1 } else { EOF }
    }
}

/// Writes a string and a newline to `stdout`.
#[export(cancellable)]
pub unsafe extern "C" fn puts(text: *const c_char) -> c_int {
    // SAFETY: the caller's string; `stdout` is open.
    unsafe {
        let mut file = Locked::new(standard_output());
        let size = length(text);
        let written = orient_bytes(&mut file) && put(&mut file, text.cast(), size) == size;
        if written && put_byte(&mut file, b'\n') != EOF {
            c_int::try_from(size + 1).unwrap_or(c_int::MAX)
        } else {
            EOF
        }
    }
}

/// Writes `count` objects of `size` bytes; gives how many were written whole.
#[export(cancellable)]
pub unsafe extern "C" fn fwrite(data: *const c_void, size: usize, count: usize, file: *mut FILE) -> usize {
    // SAFETY: the caller's data and open stream.
    unsafe {
        let file = Locked::new(file);
        fwrite_unlocked(data, size, count, file.pointer())
    }
}

/// `fwrite` without the lock.
#[export(cancellable)]
pub unsafe extern "C" fn fwrite_unlocked(
    data: *const c_void,
    size: usize,
    count: usize,
    file: *mut FILE,
) -> usize {
    // SAFETY: the caller's data and open stream.
    unsafe {
        let file = &mut *file;
        let bytes = size.wrapping_mul(count);
        if bytes == 0 || !orient_bytes(file) {
            return 0;
        }
        let written = put(file, data.cast(), bytes);
        if written == bytes { count } else { written / size }
    }
}

/// Writes out what a stream holds, or all streams if null. What was read ahead of a seekable
/// input is given back to the file, as POSIX asks.
#[export(cancellable)]
pub unsafe extern "C" fn fflush(file: *mut FILE) -> c_int {
    if file.is_null() {
        return flush_all();
    }
    // SAFETY: the caller's open stream.
    unsafe {
        let file = Locked::new(file);
        fflush_unlocked(file.pointer())
    }
}

/// `fflush` without the locks.
#[export(cancellable)]
pub unsafe extern "C" fn fflush_unlocked(file: *mut FILE) -> c_int {
    if file.is_null() {
        return flush_all();
    }
    // SAFETY: the caller's open stream.
    let file = unsafe { &mut *file };
    if file.has(flag::PUTTING) {
        return flush(file);
    }
    file.drop_read();
    0
}

fn flush_all() -> c_int {
    for_each(false, |file| flush_if(file, flag::PUTTING))
}

/// Flushes the streams that are line buffered.
#[export(cancellable)]
pub unsafe extern "C" fn _flushlbf() {
    for_each(false, |file| flush_if(file, flag::LINE_BUFFERED));
}

fn flush_if(file: *mut FILE, flags: c_int) -> c_int {
    // SAFETY: a listed stream is open. A look without the lock spares a stream that only reads,
    // whose lock a reader may hold for long.
    unsafe { if (*file).has(flags) { flush(&mut Locked::new(file)) } else { 0 } }
}

/// Writes an `int`'s bytes.
#[export(cancellable)]
pub unsafe extern "C" fn putw(word: c_int, file: *mut FILE) -> c_int {
    // SAFETY: the caller's open stream.
    if unsafe { fwrite((&raw const word).cast(), size_of::<c_int>(), 1, file) } == 1 { 0 } else { EOF }
}
