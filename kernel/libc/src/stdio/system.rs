//! Everything that stdio asks of the rest of the C library and of the kernel.
//!
//! In the kernel, reading and writing go to the descriptor's file directly: a stream's lock is held,
//! so that a cancelled thread must not leave from in there, but fails, and ends when the function that
//! the program called is over (see [`leave`]). In host tests the
//! host's own functions are called, so that the logic above can be tried on real files.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::sync::atomic::AtomicU32;

use kcore::errno::{EINTR, Errno};

use crate::malloc::cells;

unsafe extern "C" {
    #[link_name = "open"]
    fn c_open(path: *const c_char, flags: c_int, ...) -> c_int;
    #[link_name = "fcntl"]
    fn c_fcntl(fd: c_int, command: c_int, ...) -> c_int;
    #[link_name = "dup3"]
    fn c_dup3(old: c_int, new: c_int, flags: c_int) -> c_int;
    #[link_name = "isatty"]
    fn c_isatty(fd: c_int) -> c_int;
    #[link_name = "lseek"]
    fn c_lseek(fd: c_int, offset: i64, whence: c_int) -> i64;
    #[link_name = "unlink"]
    fn c_unlink(path: *const c_char) -> c_int;
    #[link_name = "mkdir"]
    fn c_mkdir(path: *const c_char, mode: u32) -> c_int;
    #[link_name = "abort"]
    fn c_abort() -> !;
    #[link_name = "strerror_r"]
    fn c_strerror_r(number: c_int, buffer: *mut c_char, size: usize) -> *mut c_char;
}

#[cfg(not(kernel))]
mod descriptor {
    use super::{c_int, c_void};

    unsafe extern "C" {
        pub fn read(fd: c_int, buffer: *mut c_void, size: usize) -> isize;
        pub fn write(fd: c_int, bytes: *const c_void, size: usize) -> isize;
        pub fn close(fd: c_int) -> c_int;
    }
}

#[cfg(kernel)]
mod descriptor {
    use super::{EINTR, c_int, c_void};
    use kcore::errno::Result;
    use kcore::signal::{self, Outcome};
    use kcore::tls;
    use kcore::vfs::fd;

    use crate::outcome;

    pub unsafe fn read(descriptor: c_int, buffer: *mut c_void, size: usize) -> isize {
        kcore::tty::pull_input();
        transfer(&mut || {
            let file = fd::get(descriptor)?;
            file.status().check_read()?;
            // SAFETY: the caller's buffer.
            file.read(unsafe { outcome::buffer(buffer.cast(), size) }?)
        })
    }

    pub unsafe fn write(descriptor: c_int, bytes: *const c_void, size: usize) -> isize {
        transfer(&mut || {
            let file = fd::get(descriptor)?;
            file.status().check_write()?;
            // SAFETY: the caller's bytes.
            file.write(unsafe { outcome::bytes(bytes.cast(), size) }?)
        })
    }

    pub unsafe fn close(descriptor: c_int) -> c_int {
        outcome::unit(fd::close(descriptor))
    }

    /// Does `work`, again when signal handlers ran that ask for it; `EINTR` for a thread that is to end.
    fn transfer(work: &mut dyn FnMut() -> Result<usize>) -> isize {
        loop {
            if tls::current().is_cancelled() {
                return outcome::size(Err(EINTR));
            }
            match work() {
                Err(error) if error == EINTR && signal::handle_pending() != Outcome::Interrupted => {}
                result => return outcome::size(result),
            }
        }
    }
}

/// `read`, but no cancellation point.
///
/// # Safety
/// `size` bytes are writable there.
pub unsafe fn read(fd: c_int, buffer: *mut u8, size: usize) -> isize {
    // SAFETY: the caller's promise.
    unsafe { descriptor::read(fd, buffer.cast::<c_void>(), size) }
}

/// `write`, but no cancellation point.
///
/// # Safety
/// `size` bytes are readable there.
pub unsafe fn write(fd: c_int, bytes: *const u8, size: usize) -> isize {
    // SAFETY: the caller's promise.
    unsafe { descriptor::write(fd, bytes.cast::<c_void>(), size) }
}

/// `close`, but no cancellation point.
pub fn close(fd: c_int) -> c_int {
    // SAFETY: the stream's own descriptor.
    unsafe { descriptor::close(fd) }
}

/// Whether a call failed because the calling thread is to end.
pub fn cancelled() -> bool {
    errno() == EINTR.number() && kcore::tls::current().is_cancelled()
}

/// Ends the calling thread if that is why what it did last failed. It holds no lock, and whatever is
/// between here and the application can be unwound.
#[cfg(kernel)]
pub extern "C-unwind" fn leave() {
    if cancelled() {
        kcore::tls::cancellation_point();
    }
}

/// Threads of host tests are not cancelled.
#[cfg(not(kernel))]
pub fn leave() {}

/// `open`, with the mode that streams create files with.
///
/// # Safety
/// The path is a string.
pub unsafe fn open(path: *const c_char, flags: c_int, mode: u32) -> c_int {
    // SAFETY: the caller's promise.
    let fd = unsafe { c_open(path, flags, mode) };
    #[cfg(not(kernel))]
    if fd < 0 {
        // The host's `errno` is not ours.
        restore_errno(std::io::Error::last_os_error().raw_os_error().unwrap_or(0));
    }
    fd
}

/// `unlink`; that it fails does not matter to anyone here.
///
/// # Safety
/// The path is a string.
pub unsafe fn unlink(path: *const c_char) {
    // SAFETY: the caller's promise.
    unsafe { c_unlink(path) };
}

/// `mkdir`.
///
/// # Safety
/// The path is a string.
pub unsafe fn make_directory(path: *const c_char, mode: u32) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { c_mkdir(path, mode) }
}

/// Whether there is a directory of this name.
///
/// # Safety
/// The path is a string.
pub unsafe fn is_directory(path: *const c_char) -> bool {
    const O_PATH: c_int = 0o1000_0000;
    const O_DIRECTORY: c_int = 0o20_0000;
    // SAFETY: the caller's promise.
    let fd = unsafe { open(path, O_PATH | O_DIRECTORY, 0) };
    if fd >= 0 {
        close(fd);
    }
    fd >= 0
}

/// `fcntl` with a number.
pub fn fcntl(fd: c_int, command: c_int, argument: c_int) -> c_int {
    // SAFETY: the commands in use take a number.
    unsafe { c_fcntl(fd, command, argument) }
}

/// Linux `dup3`.
pub fn dup3(old: c_int, new: c_int, flags: c_int) -> c_int {
    // SAFETY: no conditions.
    unsafe { c_dup3(old, new, flags) }
}

/// `isatty`.
pub fn isatty(fd: c_int) -> c_int {
    // SAFETY: no conditions.
    unsafe { c_isatty(fd) }
}

/// `lseek`.
pub fn lseek(fd: c_int, offset: i64, whence: c_int) -> i64 {
    // SAFETY: no conditions.
    unsafe { c_lseek(fd, offset, whence) }
}

/// `abort`.
pub fn abort() -> ! {
    // SAFETY: no conditions.
    unsafe { c_abort() }
}

/// The text of an error number, in the buffer or elsewhere.
pub fn error_text(number: c_int, buffer: &mut [c_char; 64]) -> &[u8] {
    // SAFETY: GNU's `strerror_r` gives a string, which is in the buffer or lives for good.
    unsafe { CStr::from_ptr(c_strerror_r(number, buffer.as_mut_ptr(), buffer.len())) }.to_bytes()
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
        unsafe { write(2, part.as_ptr(), part.len()) };
    }
    abort()
}

/// Whether the memory there can be written to, which a format with `%n` in it must not be in.
pub fn is_writable(address: *const u8) -> bool {
    /// Where the kernel's view of all memory starts, and with it the heap.
    const DIRECT_MAP: usize = 0xffff_8000_0000_0000;
    /// Where the kernel itself starts.
    const KERNEL: usize = 0xffff_ffff_8000_0000;
    let address = address.addr();
    let mut writable = (DIRECT_MAP..KERNEL).contains(&address);
    kcore::memory::vm::regions(&mut |region| {
        writable |= (region.start..region.end).contains(&address) && region.protection.write;
    });
    writable
}
