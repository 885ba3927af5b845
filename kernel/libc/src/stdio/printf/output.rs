//! The narrow printf functions: each a destination and the engine.

use core::ffi::{c_char, c_int};

use kcore::errno::ENOMEM;
use macros::export;

use super::{Format, Sink, print};
use crate::stdio::arguments::{VaList, list};
use crate::stdio::file::{FILE, Locked, flag, standard_output};
use crate::stdio::system;
use crate::stdio::write::{begin_write, flush, orient_bytes, put};

impl Sink for FILE {
    fn bytes(&mut self, text: &[u8]) -> bool {
        // SAFETY: the slice is readable.
        unsafe { put(self, text.as_ptr(), text.len()) == text.len() }
    }
}

/// Prints to a locked stream. An unbuffered one is given a buffer meanwhile, so that a message is
/// one write.
pub fn print_to(file: &mut FILE, print: impl FnOnce(&mut FILE) -> c_int) -> c_int {
    let mut buffer = [core::mem::MaybeUninit::<u8>::uninit(); 512];
    let lent = lend(file, &mut buffer);
    let result = print(file);
    if lent { take_back(file, result) } else { result }
}

/// Gives an unbuffered stream a buffer; whether it did.
fn lend(file: &mut FILE, buffer: &mut [core::mem::MaybeUninit<u8>; 512]) -> bool {
    if !file.has(flag::UNBUFFERED) || !begin_write(file) {
        return false;
    }
    file.flags &= !flag::UNBUFFERED;
    file.buffer = buffer.as_mut_ptr().cast();
    file.buffer_end = file.buffer.wrapping_add(buffer.len());
    file.write_base = file.buffer;
    file.write_ptr = file.buffer;
    file.write_end = file.buffer;
    true
}

/// Writes out what is in a lent buffer, and goes back to none.
fn take_back(file: &mut FILE, result: c_int) -> c_int {
    let flushed = flush(file);
    file.flags |= flag::UNBUFFERED;
    file.buffer = (&raw mut file.short_buffer).cast();
    file.buffer_end = file.buffer.wrapping_add(1);
    file.end_write();
    if flushed == 0 { result } else { -1 }
}

/// `vfprintf`, with or without `_FORTIFY_SOURCE`'s checks.
///
/// # Safety
/// C's contract of `vfprintf`.
unsafe fn to_stream(file: *mut FILE, format: *const c_char, arguments: *mut VaList, checks: c_int) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        let mut file = Locked::new(file);
        if !orient_bytes(&mut file) {
            return -1;
        }
        print_to(&mut file, |file| print(file, Format::narrow(format), arguments, checks > 0))
    }
}

/// A buffer of a known size; what does not fit is counted and dropped.
struct Bounded {
    at: *mut u8,
    room: usize,
}

impl Sink for Bounded {
    fn bytes(&mut self, text: &[u8]) -> bool {
        let part = text.len().min(self.room);
        // SAFETY: there is room for that many.
        unsafe { self.at.copy_from_nonoverlapping(text.as_ptr(), part) };
        self.at = self.at.wrapping_add(part);
        self.room -= part;
        true
    }
}

/// `vsnprintf`, with or without `_FORTIFY_SOURCE`'s checks.
///
/// # Safety
/// C's contract of `vsnprintf`.
unsafe fn to_buffer(
    buffer: *mut c_char,
    size: usize,
    format: *const c_char,
    arguments: *mut VaList,
    checks: c_int,
) -> c_int {
    let mut sink = Bounded { at: buffer.cast(), room: size.saturating_sub(1) };
    // SAFETY: the caller's promise; the sink left room for the NUL.
    unsafe {
        let result = print(&mut sink, Format::narrow(format), arguments, checks > 0);
        if size != 0 {
            sink.at.write(0);
        }
        result
    }
}

/// A buffer from the application's allocator that grows.
struct Growing {
    memory: *mut u8,
    size: usize,
    room: usize,
}

impl Sink for Growing {
    fn bytes(&mut self, text: &[u8]) -> bool {
        if self.room - self.size <= text.len() {
            let room = (self.size + text.len() + 1).max(self.room * 2).max(64);
            // SAFETY: the memory is the allocator's.
            let memory = unsafe { system::reallocate(self.memory, room) };
            if memory.is_null() {
                system::set_errno(ENOMEM);
                return false;
            }
            self.memory = memory;
            self.room = room;
        }
        // SAFETY: there is room, and for a NUL too.
        unsafe { self.memory.add(self.size).copy_from_nonoverlapping(text.as_ptr(), text.len()) };
        self.size += text.len();
        true
    }
}

/// `vasprintf`, with or without `_FORTIFY_SOURCE`'s checks.
///
/// # Safety
/// C's contract of `vasprintf`.
unsafe fn to_memory(
    result: *mut *mut c_char,
    format: *const c_char,
    arguments: *mut VaList,
    checks: c_int,
) -> c_int {
    let mut sink = Growing { memory: core::ptr::null_mut(), size: 0, room: 0 };
    // SAFETY: the caller's promise; the sink keeps room for the NUL.
    unsafe {
        let size = print(&mut sink, Format::narrow(format), arguments, checks > 0);
        if size < 0 || (size == 0 && !sink.bytes(b"")) {
            system::release(sink.memory);
            return -1;
        }
        sink.memory.add(sink.size).write(0);
        // Give back what was taken for growth; a failure to shrink changes nothing.
        let exact = system::reallocate(sink.memory, sink.size + 1);
        *result = if exact.is_null() { sink.memory } else { exact }.cast();
        size
    }
}

/// `vdprintf`, with or without `_FORTIFY_SOURCE`'s checks.
///
/// # Safety
/// C's contract of `vdprintf`.
unsafe fn to_descriptor(fd: c_int, format: *const c_char, arguments: *mut VaList, checks: c_int) -> c_int {
    let mut file = FILE::new(flag::UNBUFFERED | flag::NO_READS | flag::LINKED, fd);
    file.flags2 = flag::SETTLED;
    // SAFETY: the caller's promise.
    unsafe { print_to(&mut file, |file| print(file, Format::narrow(format), arguments, checks > 0)) }
}

/// Formats to `stdout`.
#[export(cancellable)]
pub unsafe extern "C" fn printf(format: *const c_char, mut arguments: ...) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { to_stream(standard_output(), format, list!(arguments), 0) }
}

/// Formats to `stdout`.
#[export(cancellable)]
pub unsafe extern "C" fn vprintf(format: *const c_char, arguments: *mut VaList) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { to_stream(standard_output(), format, arguments, 0) }
}

/// Formats to a stream.
#[export(cancellable)]
pub unsafe extern "C" fn fprintf(file: *mut FILE, format: *const c_char, mut arguments: ...) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { to_stream(file, format, list!(arguments), 0) }
}

/// Formats to a stream.
#[export(cancellable)]
pub unsafe extern "C" fn vfprintf(file: *mut FILE, format: *const c_char, arguments: *mut VaList) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { to_stream(file, format, arguments, 0) }
}

/// Formats to a file descriptor.
#[export(cancellable)]
pub unsafe extern "C" fn dprintf(fd: c_int, format: *const c_char, mut arguments: ...) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { to_descriptor(fd, format, list!(arguments), 0) }
}

/// Formats to a file descriptor.
#[export(cancellable)]
pub unsafe extern "C" fn vdprintf(fd: c_int, format: *const c_char, arguments: *mut VaList) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { to_descriptor(fd, format, arguments, 0) }
}

/// Formats to a buffer without a limit.
#[export]
pub unsafe extern "C" fn sprintf(buffer: *mut c_char, format: *const c_char, mut arguments: ...) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { to_buffer(buffer, usize::MAX, format, list!(arguments), 0) }
}

/// Formats to a buffer without a limit.
#[export]
pub unsafe extern "C" fn vsprintf(
    buffer: *mut c_char,
    format: *const c_char,
    arguments: *mut VaList,
) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { to_buffer(buffer, usize::MAX, format, arguments, 0) }
}

/// Formats to a buffer of `size` bytes; gives what the whole text takes.
#[export]
pub unsafe extern "C" fn snprintf(
    buffer: *mut c_char,
    size: usize,
    format: *const c_char,
    mut arguments: ...
) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { to_buffer(buffer, size, format, list!(arguments), 0) }
}

/// Formats to a buffer of `size` bytes; gives what the whole text takes.
#[export]
pub unsafe extern "C" fn vsnprintf(
    buffer: *mut c_char,
    size: usize,
    format: *const c_char,
    arguments: *mut VaList,
) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { to_buffer(buffer, size, format, arguments, 0) }
}

/// Formats to memory that the caller frees.
#[export]
pub unsafe extern "C" fn asprintf(
    result: *mut *mut c_char,
    format: *const c_char,
    mut arguments: ...
) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { to_memory(result, format, list!(arguments), 0) }
}

/// Formats to memory that the caller frees.
#[export]
pub unsafe extern "C" fn vasprintf(
    result: *mut *mut c_char,
    format: *const c_char,
    arguments: *mut VaList,
) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { to_memory(result, format, arguments, 0) }
}

/// `printf` with checks.
#[export(cancellable)]
pub unsafe extern "C" fn __printf_chk(checks: c_int, format: *const c_char, mut arguments: ...) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { to_stream(standard_output(), format, list!(arguments), checks) }
}

/// `vprintf` with checks.
#[export(cancellable)]
pub unsafe extern "C" fn __vprintf_chk(
    checks: c_int,
    format: *const c_char,
    arguments: *mut VaList,
) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { to_stream(standard_output(), format, arguments, checks) }
}

/// `fprintf` with checks.
#[export(cancellable)]
pub unsafe extern "C" fn __fprintf_chk(
    file: *mut FILE,
    checks: c_int,
    format: *const c_char,
    mut arguments: ...
) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { to_stream(file, format, list!(arguments), checks) }
}

/// `vfprintf` with checks.
#[export(cancellable)]
pub unsafe extern "C" fn __vfprintf_chk(
    file: *mut FILE,
    checks: c_int,
    format: *const c_char,
    arguments: *mut VaList,
) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { to_stream(file, format, arguments, checks) }
}

/// `dprintf` with checks.
#[export(cancellable)]
pub unsafe extern "C" fn __dprintf_chk(
    fd: c_int,
    checks: c_int,
    format: *const c_char,
    mut arguments: ...
) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { to_descriptor(fd, format, list!(arguments), checks) }
}

/// `vdprintf` with checks.
#[export(cancellable)]
pub unsafe extern "C" fn __vdprintf_chk(
    fd: c_int,
    checks: c_int,
    format: *const c_char,
    arguments: *mut VaList,
) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { to_descriptor(fd, format, arguments, checks) }
}

/// `vsprintf` into an object of `room` bytes.
///
/// # Safety
/// C's contract of `vsprintf`.
unsafe fn checked(
    buffer: *mut c_char,
    size: usize,
    room: usize,
    format: *const c_char,
    arguments: *mut VaList,
    checks: c_int,
) -> c_int {
    if room < size {
        super::super::checked::overflow();
    }
    // SAFETY: the caller's contract.
    unsafe { to_buffer(buffer, size, format, arguments, checks) }
}

/// `vsprintf` into an object of `room` bytes: an overflow is fatal.
///
/// # Safety
/// C's contract of `vsprintf`.
unsafe fn checked_unbounded(
    buffer: *mut c_char,
    room: usize,
    format: *const c_char,
    arguments: *mut VaList,
    checks: c_int,
) -> c_int {
    // SAFETY: the caller's contract.
    let size = unsafe { to_buffer(buffer, room, format, arguments, checks) };
    if room == 0 || usize::try_from(size).is_ok_and(|size| size >= room) {
        super::super::checked::overflow();
    }
    size
}

/// `sprintf` with checks.
#[export]
pub unsafe extern "C" fn __sprintf_chk(
    buffer: *mut c_char,
    checks: c_int,
    room: usize,
    format: *const c_char,
    mut arguments: ...
) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { checked_unbounded(buffer, room, format, list!(arguments), checks) }
}

/// `vsprintf` with checks.
#[export]
pub unsafe extern "C" fn __vsprintf_chk(
    buffer: *mut c_char,
    checks: c_int,
    room: usize,
    format: *const c_char,
    arguments: *mut VaList,
) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { checked_unbounded(buffer, room, format, arguments, checks) }
}

/// `snprintf` with checks.
#[export]
pub unsafe extern "C" fn __snprintf_chk(
    buffer: *mut c_char,
    size: usize,
    checks: c_int,
    room: usize,
    format: *const c_char,
    mut arguments: ...
) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { checked(buffer, size, room, format, list!(arguments), checks) }
}

/// `vsnprintf` with checks.
#[export]
pub unsafe extern "C" fn __vsnprintf_chk(
    buffer: *mut c_char,
    size: usize,
    checks: c_int,
    room: usize,
    format: *const c_char,
    arguments: *mut VaList,
) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { checked(buffer, size, room, format, arguments, checks) }
}

/// `asprintf` with checks.
#[export]
pub unsafe extern "C" fn __asprintf_chk(
    result: *mut *mut c_char,
    checks: c_int,
    format: *const c_char,
    mut arguments: ...
) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { to_memory(result, format, list!(arguments), checks) }
}

/// `vasprintf` with checks.
#[export]
pub unsafe extern "C" fn __vasprintf_chk(
    result: *mut *mut c_char,
    checks: c_int,
    format: *const c_char,
    arguments: *mut VaList,
) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { to_memory(result, format, arguments, checks) }
}
