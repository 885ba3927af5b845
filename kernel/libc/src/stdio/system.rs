//! Everything that stdio asks of the rest of the C library, by the C names of those functions.
//!
//! In the kernel these are the sibling modules' exports; in host tests they are the host's own,
//! so that the logic above can be tried on real files.

use core::ffi::{c_char, c_int, c_void};
use kcore::errno::Errno;

unsafe extern "C" {
    safe fn __errno_location() -> *mut c_int;
    /// POSIX `read`.
    pub fn read(fd: c_int, buffer: *mut u8, size: usize) -> isize;
    /// POSIX `write`.
    pub fn write(fd: c_int, bytes: *const u8, size: usize) -> isize;
    /// POSIX `lseek`.
    pub safe fn lseek(fd: c_int, offset: i64, whence: c_int) -> i64;
    /// POSIX `close`.
    pub safe fn close(fd: c_int) -> c_int;
    /// POSIX `isatty`.
    pub safe fn isatty(fd: c_int) -> c_int;
    /// POSIX `abort`.
    pub safe fn abort() -> !;
    /// GNU `strerror_r`: the text of an error number, in the buffer or elsewhere.
    #[cfg_attr(not(kernel), link_name = "strerror_r")]
    pub fn strerror_r(number: c_int, buffer: *mut c_char, size: usize) -> *mut c_char;
    #[cfg(not(kernel))]
    fn malloc(size: usize) -> *mut c_void;
    #[cfg(not(kernel))]
    fn realloc(memory: *mut c_void, size: usize) -> *mut c_void;
    #[cfg(not(kernel))]
    fn free(memory: *mut c_void);
}

#[cfg(kernel)]
unsafe extern "C" {
    fn malloc(size: usize) -> *mut c_void;
    fn realloc(memory: *mut c_void, size: usize) -> *mut c_void;
    fn free(memory: *mut c_void);
}

/// Sets `errno`.
pub fn set_errno(error: Errno) {
    restore_errno(error.number());
}

/// The calling thread's `errno`.
pub fn errno() -> c_int {
    // SAFETY: the thread's own errno is always there.
    unsafe { *__errno_location() }
}

/// Puts back an `errno` that [`errno`] gave.
pub fn restore_errno(number: c_int) {
    // SAFETY: the thread's own errno is always there.
    unsafe { *__errno_location() = number }
}

/// Memory from the application's allocator, null with `ENOMEM` set if there is none.
pub fn allocate(size: usize) -> *mut u8 {
    // SAFETY: no conditions.
    unsafe { malloc(size).cast() }
}

/// Grows or shrinks what [`allocate`] gave; null leaves the old block as it was.
///
/// # Safety
/// `memory` is null or the application's allocator's.
pub unsafe fn reallocate(memory: *mut u8, size: usize) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe { realloc(memory.cast(), size).cast() }
}

/// Gives memory back to the application's allocator.
///
/// # Safety
/// As [`reallocate`].
pub unsafe fn release(memory: *mut u8) {
    // SAFETY: the caller's promise.
    unsafe { free(memory.cast()) }
}

/// Something that is the same for the calling thread only: the address of its control block.
pub fn thread() -> usize {
    let address: usize;
    // SAFETY: the SysV TLS ABI keeps the control block's own address in its third word (glibc: `self`).
    unsafe {
        core::arch::asm!("mov {}, fs:[0x10]", out(reg) address, options(nostack, readonly, preserves_flags))
    };
    address
}

/// Writes a line about a fatal misuse on descriptor 2, then aborts, as `__libc_message` does.
pub fn fatal(parts: &[&[u8]]) -> ! {
    for part in parts {
        // SAFETY: the part is readable; a failing write cannot be reported any better.
        unsafe { write(2, part.as_ptr(), part.len()) };
    }
    abort()
}

/// Sleeps until `word` may no longer be `value`.
pub fn wait(word: &core::sync::atomic::AtomicU32, value: u32) {
    #[cfg(kernel)]
    {
        let _ = (word, value);
        // SAFETY: no conditions.
        unsafe { sched_yield() };
    }
    #[cfg(not(kernel))]
    {
        let _ = (word, value);
        std::thread::yield_now();
    }
}

/// Wakes one thread that [`wait`]s for `word`.
pub fn wake(word: &core::sync::atomic::AtomicU32) {
    let _ = word;
}

#[cfg(kernel)]
unsafe extern "C" {
    fn sched_yield() -> c_int;
}

unsafe extern "C" {
    /// C11 `mbrtowc`.
    pub fn mbrtowc(
        character: *mut u32,
        bytes: *const c_char,
        size: usize,
        state: *mut super::file::MultibyteState,
    ) -> usize;
    /// C11 `wcrtomb`.
    pub fn wcrtomb(bytes: *mut c_char, character: u32, state: *mut super::file::MultibyteState) -> usize;
    /// C11 `btowc`.
    pub fn btowc(byte: c_int) -> u32;
}

/// Whether the memory there can be written to, which a format with `%n` in it must not be in.
pub fn is_writable(address: *const u8) -> bool {
    let _ = address;
    false
}
