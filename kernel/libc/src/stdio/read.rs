//! Reading: the buffer, pushed-back bytes, and the byte input functions.

use core::ffi::{c_char, c_int, c_void};
use core::ptr::null_mut;

use kcore::errno::{EBADF, EINVAL, EOVERFLOW};
use macros::export;

use super::file::{FILE, Locked, flag, standard_input, standard_output};
use super::system;
use super::write::{EOF, flush, orient_bytes, settle};

/// Bytes that can be pushed back before more memory is asked for.
const BACKUP_SIZE: usize = 64;

/// Reads from what is under the buffer.
unsafe fn read_through(file: &mut FILE, buffer: *mut u8, size: usize) -> usize {
    // SAFETY: the caller's buffer; operations are live as long as the stream.
    let count = unsafe {
        match file.operations.as_ref() {
            Some(operations) => (operations.read)(file, buffer, size),
            None => system::read(file.fileno, buffer, size),
        }
    };
    if count <= 0 {
        if count == 0 {
            file.flags |= flag::EOF_SEEN;
        } else if !system::cancelled() {
            file.flags |= flag::ERROR_SEEN;
        }
        return 0;
    }
    count as usize
}

/// Makes the stream one that is being read; false with `errno` set if it cannot be, or is at its end.
fn begin_read(file: &mut FILE) -> bool {
    // The end of a file stays the end, until `clearerr` or a seek.
    if file.has(flag::EOF_SEEN) {
        return false;
    }
    if file.has(flag::NO_READS) {
        system::set_errno(EBADF);
        file.fail();
        return false;
    }
    if file.has(flag::PUTTING) {
        if flush(file) != 0 {
            return false;
        }
        file.end_write();
    }
    if file.buffer.is_null() {
        settle(file);
    }
    if file.has(flag::LINE_BUFFERED | flag::UNBUFFERED) {
        flush_prompt();
    }
    true
}

/// Who reads from a terminal wants to have seen what was asked: writes out a line-buffered `stdout`.
fn flush_prompt() {
    let output = standard_output();
    // SAFETY: `stdout` is open as long as the program does not close it.
    unsafe {
        if !output.is_null() && (*output).has(flag::LINE_BUFFERED) && (*output).has(flag::PUTTING) {
            flush(&mut Locked::new(output));
        }
    }
}

impl FILE {
    /// Ends writing; everything was flushed.
    pub fn end_write(&mut self) {
        self.flags &= !flag::PUTTING;
        self.write_base = self.buffer;
        self.write_ptr = self.buffer;
        self.write_end = self.buffer;
        self.read_base = self.buffer;
        self.read_ptr = self.buffer;
        self.read_end = self.buffer;
    }
}

/// Makes sure that there is a byte to read; false at the end or on an error.
pub fn fill(file: &mut FILE) -> bool {
    if file.readable() != 0 {
        return true;
    }
    if file.has(flag::IN_BACKUP) {
        file.leave_backup();
        if file.readable() != 0 {
            return true;
        }
    }
    if !begin_read(file) {
        return false;
    }
    file.read_base = file.buffer;
    file.read_ptr = file.buffer;
    file.read_end = file.buffer;
    let size = file.buffer_end as usize - file.buffer as usize;
    // SAFETY: the buffer is that large.
    let count = unsafe { read_through(file, file.buffer, size) };
    file.read_end = file.buffer.wrapping_add(count);
    count != 0
}

/// Reads one byte from a locked stream, or `EOF`.
pub fn get_byte(file: &mut FILE) -> c_int {
    if file.read_ptr >= file.read_end && !fill(file) {
        return EOF;
    }
    // SAFETY: there is a byte.
    let byte = unsafe { file.read_ptr.read() };
    file.read_ptr = file.read_ptr.wrapping_add(1);
    c_int::from(byte)
}

/// Puts a byte back; false if there is no memory for it.
pub fn push_back(file: &mut FILE, byte: u8) -> bool {
    if file.has(flag::PUTTING) {
        if flush(file) != 0 {
            return false;
        }
        file.end_write();
    }
    // What was read from the file stays as it was, for a seek may come back to it.
    let room = file.read_ptr > file.read_base;
    // SAFETY: below `read_ptr` there is a byte if there is room.
    let same = room && unsafe { file.read_ptr.sub(1).read() } == byte;
    let there = same || room && file.has(flag::IN_BACKUP);
    if !there && !make_backup(file) {
        return false;
    }
    file.read_ptr = file.read_ptr.wrapping_sub(1);
    if !same {
        // SAFETY: below `read_ptr` there was room.
        unsafe { file.read_ptr.write(byte) };
    }
    file.flags &= !flag::EOF_SEEN;
    true
}

/// Makes room below `read_ptr`: switches to the backup area, or enlarges it.
fn make_backup(file: &mut FILE) -> bool {
    let held = if file.has(flag::IN_BACKUP) { file.readable() } else { 0 };
    let size = if held == 0 { BACKUP_SIZE } else { held * 2 };
    // SAFETY: the backup area is the allocator's, or null.
    let memory = unsafe { system::reallocate(file.backup_base, size) };
    if memory.is_null() {
        return false;
    }
    if file.has(flag::IN_BACKUP) {
        // SAFETY: the bytes held are at the start of the block, which is twice as long.
        unsafe { memory.add(size - held).copy_from_nonoverlapping(memory, held) };
    } else {
        file.flags |= flag::IN_BACKUP;
        file.save_base = file.read_ptr;
        file.save_end = file.read_end;
    }
    file.backup_base = memory;
    file.read_base = memory;
    file.read_end = memory.wrapping_add(size);
    file.read_ptr = file.read_end.wrapping_sub(held);
    true
}

/// Reads bytes from a locked stream, as `fread` does; gives how many there were.
///
/// # Safety
/// `size` bytes are writable there.
pub unsafe fn get(file: &mut FILE, buffer: *mut u8, size: usize) -> usize {
    let mut done = 0;
    loop {
        let part = file.readable().min(size - done);
        // SAFETY: so many bytes are readable, and wanted.
        unsafe { buffer.add(done).copy_from_nonoverlapping(file.read_ptr, part) };
        file.read_ptr = file.read_ptr.wrapping_add(part);
        done += part;
        if done == size {
            return done;
        }
        let whole = file.buffer_end as usize - file.buffer as usize;
        if whole != 0 && size - done >= whole && !file.has(flag::IN_BACKUP) {
            if !begin_read(file) {
                return done;
            }
            let left = size - done;
            // SAFETY: the caller's buffer.
            let count = unsafe { read_through(file, buffer.add(done), left - left % whole) };
            if count == 0 {
                return done;
            }
            done += count;
        } else if !fill(file) {
            return done;
        }
    }
}

/// Copies up to and including `delimiter`, at most `size` bytes; gives how many.
///
/// # Safety
/// `size` bytes are writable there.
unsafe fn get_until(file: &mut FILE, buffer: *mut u8, size: usize, delimiter: u8) -> usize {
    let mut done = 0;
    while done < size && fill(file) {
        let part = file.readable().min(size - done);
        // SAFETY: so many bytes are readable, and wanted.
        unsafe {
            let bytes = core::slice::from_raw_parts(file.read_ptr, part);
            let found = find(bytes, delimiter);
            let part = found.map_or(part, |at| at + 1);
            buffer.add(done).copy_from_nonoverlapping(file.read_ptr, part);
            file.read_ptr = file.read_ptr.add(part);
            done += part;
            if found.is_some() {
                break;
            }
        }
    }
    done
}

fn find(bytes: &[u8], byte: u8) -> Option<usize> {
    // SAFETY: so many bytes are readable.
    let at = unsafe { crate::string::find::memchr(bytes.as_ptr().cast(), byte.into(), bytes.len()) };
    (!at.is_null()).then(|| at.addr() - bytes.as_ptr().addr())
}

/// What the `getc` macro calls when the get area is empty: makes sure that it is not, and gives
/// the next byte without taking it.
#[export(cancellable)]
pub unsafe extern "C" fn __underflow(file: *mut FILE) -> c_int {
    // SAFETY: the caller's open stream, which it has locked if need be.
    let file = unsafe { &mut *file };
    // SAFETY: after `fill` there is a byte.
    if orient_bytes(file) && fill(file) { c_int::from(unsafe { *file.read_ptr }) } else { EOF }
}

/// What the `getc` macro calls when the get area is empty: takes a byte.
#[export(cancellable)]
pub unsafe extern "C" fn __uflow(file: *mut FILE) -> c_int {
    // SAFETY: the caller's open stream.
    unsafe { getc_unlocked(file) }
}

/// Reads one byte.
#[export(cancellable)]
pub unsafe extern "C" fn getc(file: *mut FILE) -> c_int {
    // SAFETY: the caller's open stream.
    let mut file = unsafe { Locked::new(file) };
    if orient_bytes(&mut file) { get_byte(&mut file) } else { EOF }
}

/// `getc` without the lock.
#[export(cancellable)]
pub unsafe extern "C" fn getc_unlocked(file: *mut FILE) -> c_int {
    // SAFETY: the caller's open stream, which it has locked if need be.
    let file = unsafe { &mut *file };
    if orient_bytes(file) { get_byte(file) } else { EOF }
}

/// Reads one byte from `stdin`.
#[export(cancellable)]
pub unsafe extern "C" fn getchar() -> c_int {
    // SAFETY: `stdin` is open as long as the program does not close it.
    unsafe { getc(standard_input()) }
}

/// `getchar` without the lock.
#[export(cancellable)]
pub unsafe extern "C" fn getchar_unlocked() -> c_int {
    // SAFETY: as `getchar`.
    unsafe { getc_unlocked(standard_input()) }
}

/// Reads an `int`'s bytes.
#[export(cancellable)]
pub unsafe extern "C" fn getw(file: *mut FILE) -> c_int {
    let mut word: c_int = 0;
    // SAFETY: the caller's open stream.
    if unsafe { fread((&raw mut word).cast(), size_of::<c_int>(), 1, file) } == 1 { word } else { EOF }
}

/// Puts a byte back, to be read next.
#[export]
pub unsafe extern "C" fn ungetc(byte: c_int, file: *mut FILE) -> c_int {
    if byte == EOF {
        return EOF;
    }
    // SAFETY: the caller's open stream.
    let mut file = unsafe { Locked::new(file) };
    if orient_bytes(&mut file) && push_back(&mut file, byte as u8) { c_int::from(byte as u8) } else { EOF }
}

/// Reads a line of at most `size` − 1 bytes, its newline included.
#[export(cancellable)]
pub unsafe extern "C" fn fgets(buffer: *mut c_char, size: c_int, file: *mut FILE) -> *mut c_char {
    // SAFETY: the caller's buffer and open stream.
    unsafe {
        let file = Locked::new(file);
        fgets_unlocked(buffer, size, file.pointer())
    }
}

/// `fgets` without the lock.
#[export(cancellable)]
pub unsafe extern "C" fn fgets_unlocked(buffer: *mut c_char, size: c_int, file: *mut FILE) -> *mut c_char {
    let Some(room) = usize::try_from(size).ok().and_then(|size| size.checked_sub(1)) else {
        return null_mut();
    };
    // SAFETY: the caller's buffer and open stream.
    unsafe {
        let file = &mut *file;
        if room == 0 {
            *buffer = 0;
            return buffer;
        }
        // An error met before is not one of this call.
        let before = file.flags & flag::ERROR_SEEN;
        file.flags &= !flag::ERROR_SEEN;
        let count = if orient_bytes(file) { get_until(file, buffer.cast(), room, b'\n') } else { 0 };
        let failed = file.has(flag::ERROR_SEEN) && system::errno() != kcore::errno::EAGAIN.number();
        file.flags |= before;
        if count == 0 || failed {
            return null_mut();
        }
        *buffer.add(count) = 0;
        buffer
    }
}

/// Reads a line from `stdin`, without a limit and without its newline.
#[export(cancellable)]
pub unsafe extern "C" fn gets(buffer: *mut c_char) -> *mut c_char {
    // SAFETY: the caller's buffer is large enough, which only it can know.
    unsafe { gets_within(buffer, usize::MAX / 2) }
}

/// `gets` into an object of `room` bytes: an overflow is fatal.
#[export(cancellable)]
pub unsafe extern "C" fn __gets_chk(buffer: *mut c_char, room: usize) -> *mut c_char {
    // SAFETY: the caller's buffer has that room.
    unsafe { gets_within(buffer, room) }
}

unsafe fn gets_within(buffer: *mut c_char, room: usize) -> *mut c_char {
    if room == 0 {
        super::checked::overflow();
    }
    // SAFETY: the caller's buffer has that room.
    unsafe {
        let mut file = Locked::new(standard_input());
        let before = file.flags & flag::ERROR_SEEN;
        file.flags &= !flag::ERROR_SEEN;
        let mut count =
            if orient_bytes(&mut file) { get_until(&mut file, buffer.cast(), room, b'\n') } else { 0 };
        let failed = file.has(flag::ERROR_SEEN);
        file.flags |= before;
        if count == 0 || failed {
            return null_mut();
        }
        if *buffer.add(count - 1) == b'\n' as c_char {
            count -= 1;
        } else if count == room {
            super::checked::overflow();
        }
        *buffer.add(count) = 0;
        buffer
    }
}

/// Reads `count` objects of `size` bytes; gives how many were read whole.
#[export(cancellable)]
pub unsafe extern "C" fn fread(data: *mut c_void, size: usize, count: usize, file: *mut FILE) -> usize {
    // SAFETY: the caller's buffer and open stream.
    unsafe {
        let file = Locked::new(file);
        fread_unlocked(data, size, count, file.pointer())
    }
}

/// `fread` without the lock.
#[export(cancellable)]
pub unsafe extern "C" fn fread_unlocked(
    data: *mut c_void,
    size: usize,
    count: usize,
    file: *mut FILE,
) -> usize {
    let bytes = size.wrapping_mul(count);
    if bytes == 0 {
        return 0;
    }
    // SAFETY: the caller's buffer and open stream.
    unsafe {
        let file = &mut *file;
        let read = if orient_bytes(file) { get(file, data.cast(), bytes) } else { 0 };
        if read == bytes { count } else { read / size }
    }
}

/// Reads up to and including a delimiter into memory that grows; gives how many bytes, −1 at the end.
#[export(cancellable)]
pub unsafe extern "C" fn getdelim(
    line: *mut *mut c_char,
    size: *mut usize,
    delimiter: c_int,
    file: *mut FILE,
) -> isize {
    if line.is_null() || size.is_null() {
        system::set_errno(EINVAL);
        return -1;
    }
    // SAFETY: the caller's line is null, or the allocator's with that size, and its stream open.
    unsafe {
        let mut file = Locked::new(file);
        // glibc reads no line after an error, whatever the error was of.
        if !orient_bytes(&mut file) || file.has(flag::ERROR_SEEN) {
            return -1;
        }
        if ((*line).is_null() || *size == 0) && !grow(line, size, 120) {
            return -1;
        }
        let mut count = 0;
        loop {
            let room = *size - count - 1;
            count += get_until(&mut file, (*line).cast::<u8>().add(count), room, delimiter as u8);
            let ended = count == 0 || *(*line).add(count - 1) as u8 == delimiter as u8;
            if ended || count + 1 < *size {
                break;
            }
            if *size > isize::MAX as usize / 2 {
                system::set_errno(EOVERFLOW);
                return -1;
            }
            if !grow(line, size, *size * 2) {
                return -1;
            }
        }
        if count == 0 {
            return -1;
        }
        *(*line).add(count) = 0;
        count.cast_signed()
    }
}

unsafe fn grow(line: *mut *mut c_char, size: *mut usize, to: usize) -> bool {
    // SAFETY: `getdelim`'s.
    unsafe {
        let memory = system::reallocate((*line).cast(), to);
        if !memory.is_null() {
            *line = memory.cast();
            *size = to;
        }
        !memory.is_null()
    }
}

/// Reads a line into memory that grows; gives how many bytes, −1 at the end.
#[export(cancellable)]
pub unsafe extern "C" fn getline(line: *mut *mut c_char, size: *mut usize, file: *mut FILE) -> isize {
    // SAFETY: the caller's contract.
    unsafe { getdelim(line, size, c_int::from(b'\n'), file) }
}
