//! Everything that stdio asks of the rest of the C library and of the kernel.
//!
//! C functions are called by their C names: in the kernel these are the sibling modules' exports,
//! in host tests the host's own, so that the logic above can be tried on real files.

use core::ffi::{c_char, c_int, c_void};
use core::sync::atomic::AtomicU32;

use kcore::errno::Errno;

use crate::malloc::cells;

unsafe extern "C" {
    /// POSIX `read`.
    pub fn read(fd: c_int, buffer: *mut c_void, size: usize) -> isize;
    /// POSIX `write`.
    pub fn write(fd: c_int, bytes: *const c_void, size: usize) -> isize;
    /// POSIX `lseek`.
    pub safe fn lseek(fd: c_int, offset: i64, whence: c_int) -> i64;
    /// POSIX `close`.
    pub safe fn close(fd: c_int) -> c_int;
    /// POSIX `open`.
    pub fn open(path: *const c_char, flags: c_int, ...) -> c_int;
    /// POSIX `fcntl`.
    pub fn fcntl(fd: c_int, command: c_int, ...) -> c_int;
    /// Linux `dup3`.
    pub safe fn dup3(old: c_int, new: c_int, flags: c_int) -> c_int;
    /// POSIX `isatty`.
    pub safe fn isatty(fd: c_int) -> c_int;
    /// POSIX `abort`.
    pub safe fn abort() -> !;
    /// GNU `strerror_r`: the text of an error number, in the buffer or elsewhere.
    pub fn strerror_r(number: c_int, buffer: *mut c_char, size: usize) -> *mut c_char;
}

/// Sets `errno`.
pub fn set_errno(error: Errno) {
    crate::errno::set(error);
}

/// The calling thread's `errno`.
pub fn errno() -> c_int {
    crate::errno::get()
}

/// Puts back an `errno` that [`errno`] gave.
pub fn restore_errno(number: c_int) {
    crate::errno::set_number(number);
}

/// Memory from the application's allocator, null with `ENOMEM` set if there is none.
pub fn allocate(size: usize) -> *mut u8 {
    // SAFETY: no conditions.
    unsafe { cells::malloc(size).cast() }
}

/// Grows or shrinks what [`allocate`] gave; null leaves the old block as it was.
///
/// # Safety
/// `memory` is null or the application's allocator's.
pub unsafe fn reallocate(memory: *mut u8, size: usize) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe { cells::realloc(memory.cast(), size).cast() }
}

/// Gives memory back to the application's allocator.
///
/// # Safety
/// As [`reallocate`].
pub unsafe fn release(memory: *mut u8) {
    // SAFETY: the caller's promise.
    unsafe { cells::free(memory.cast()) }
}

/// Something that is the same for the calling thread only: the address of its control block.
pub fn thread() -> usize {
    core::ptr::from_ref(kcore::tls::current()).addr()
}

/// Sleeps until `word` may no longer be `value`. Signals do not end it.
pub fn wait(word: &AtomicU32, value: u32) {
    // Whatever it returns for, the caller looks at the word again.
    let _ = kcore::futex::wait(word, value, None);
}

/// Wakes one thread that [`wait`]s for `word`.
pub fn wake(word: &AtomicU32) {
    kcore::futex::wake(word, 1);
}

/// Writes a line about a fatal misuse on descriptor 2, then aborts, as `__libc_message` does.
pub fn fatal(parts: &[&[u8]]) -> ! {
    for part in parts {
        // SAFETY: the part is readable; a failing write cannot be reported any better.
        unsafe { write(2, part.as_ptr().cast(), part.len()) };
    }
    abort()
}

/// Whether the memory there can be written to, which a format with `%n` in it must not be in.
pub fn is_writable(address: *const u8) -> bool {
    let _ = address;
    false
}
