//! Opening and closing streams.

use core::ffi::{c_char, c_int};
use core::ptr::null_mut;

use kcore::errno::{EBADF, EINVAL};
use macros::export;

use super::file::{FILE, Locked, flag, unlink};
use super::system;
use super::write::{EOF, flush};
use crate::wchar::convert::mbstate_t;

const O_WRONLY: c_int = 1;
const O_RDWR: c_int = 2;
const O_ACCMODE: c_int = 3;
const O_CREAT: c_int = 0o100;
const O_EXCL: c_int = 0o200;
const O_TRUNC: c_int = 0o1000;
const O_APPEND: c_int = 0o2000;
const O_CLOEXEC: c_int = 0o200_0000;

const F_GETFL: c_int = 3;
const F_SETFL: c_int = 4;

const SEEK_END: c_int = 2;

/// What a mode string such as `"r+"` asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mode {
    /// Flags of `open`.
    pub open: c_int,
    /// The stream's [`flag`]s.
    pub flags: c_int,
    /// `,ccs=`: wide characters, in UTF-8.
    pub wide: bool,
}

/// Reads a mode string; `None` if it is none.
#[must_use]
pub fn parse_mode(mode: &[u8]) -> Option<Mode> {
    let (first, rest) = mode.split_first()?;
    let (mut open, mut flags) = match first {
        b'r' => (0, flag::NO_WRITES),
        b'w' => (O_WRONLY | O_CREAT | O_TRUNC, flag::NO_READS),
        b'a' => (O_WRONLY | O_CREAT | O_APPEND, flag::NO_READS | flag::APPENDING),
        _ => return None,
    };
    let (letters, charset) = match rest.iter().position(|&byte| byte == b',') {
        Some(comma) => (&rest[..comma], &rest[comma..]),
        None => (rest, &rest[..0]),
    };
    for letter in letters {
        match letter {
            b'+' => {
                open = open & !O_ACCMODE | O_RDWR;
                flags &= flag::APPENDING;
            }
            b'x' => open |= O_EXCL,
            b'e' => open |= O_CLOEXEC,
            // `b` and `m` (mmap) and `c` (no cancellation) make no difference here.
            _ => {}
        }
    }
    let wide = match charset.strip_prefix(b",ccs=") {
        None => false,
        Some(name) => {
            let name = name.split(|&byte| matches!(byte, b'/' | b',')).next().unwrap_or(name);
            if !name.eq_ignore_ascii_case(b"UTF-8") && !name.eq_ignore_ascii_case(b"UTF8") {
                return None;
            }
            true
        }
    };
    Some(Mode { open, flags, wide })
}

/// [`parse_mode`] for C; sets `errno`.
///
/// # Safety
/// The mode is a string.
pub unsafe fn mode_of(mode: *const c_char) -> Option<Mode> {
    // SAFETY: the caller's string.
    let parsed = parse_mode(unsafe { core::ffi::CStr::from_ptr(mode) }.to_bytes());
    if parsed.is_none() {
        system::set_errno(EINVAL);
    }
    parsed
}

/// A stream in memory of its own; null with `ENOMEM` set if there is none.
#[must_use]
pub fn create(flags: c_int, fd: c_int) -> *mut FILE {
    let file = system::allocate(size_of::<FILE>()).cast::<FILE>();
    if !file.is_null() {
        // SAFETY: the memory is large enough, and aligned as malloc's is.
        unsafe { file.write(FILE::new(flags, fd)) };
    }
    file
}

/// Opens a file as a stream.
#[export]
pub unsafe extern "C" fn fopen(path: *const c_char, mode: *const c_char) -> *mut FILE {
    // SAFETY: the caller's strings.
    unsafe {
        let Some(mode) = mode_of(mode) else { return null_mut() };
        let fd = system::open(path, mode.open, 0o666);
        if fd < 0 {
            return null_mut();
        }
        let file = create(mode.flags | flag::FILE_BUFFER, fd);
        if file.is_null() {
            system::close(fd);
        } else {
            started(&mut *file, mode);
        }
        file
    }
}

/// What a newly opened file's mode asks for beyond its flags.
fn started(file: &mut FILE, mode: Mode) {
    if mode.wide {
        file.mode = 1;
        file.flags2 |= flag::UTF8;
    }
    if file.has(flag::APPENDING) && file.has(flag::NO_READS) {
        // So that `ftell` says where writes go; what cannot seek need not.
        let errno = system::errno();
        system::lseek(file.fileno, 0, SEEK_END);
        system::restore_errno(errno);
    }
}

/// Makes a stream of a file descriptor.
#[export]
pub unsafe extern "C" fn fdopen(fd: c_int, mode: *const c_char) -> *mut FILE {
    // SAFETY: the caller's string.
    unsafe {
        let Some(mode) = mode_of(mode) else { return null_mut() };
        let status = system::fcntl(fd, F_GETFL, 0);
        if status < 0 {
            return null_mut();
        }
        let wanted = mode.open & O_ACCMODE;
        let has = status & O_ACCMODE;
        if has != O_RDWR && has != wanted {
            system::set_errno(EINVAL);
            return null_mut();
        }
        if mode.open & O_APPEND != 0
            && status & O_APPEND == 0
            && system::fcntl(fd, F_SETFL, status | O_APPEND) < 0
        {
            return null_mut();
        }
        let file = create(mode.flags | flag::FILE_BUFFER, fd);
        if let Some(file) = file.as_mut() {
            started(file, mode);
        }
        file
    }
}

/// Closes what is under a stream and forgets its buffers; 0, or −1 with `errno` set.
fn shut(file: &mut FILE) -> c_int {
    let flushed = flush(file);
    file.leave_backup();
    // SAFETY: operations are live as long as the stream; buffers are the stream's own.
    unsafe {
        let closed = match file.operations.as_ref() {
            Some(operations) => (operations.close)(file),
            None if file.fileno >= 0 => system::close(file.fileno),
            None => 0,
        };
        system::release(file.backup_base);
        if !file.has(flag::USER_BUFFER) {
            system::release(file.buffer);
        }
        flushed | closed
    }
}

/// Writes out what a stream holds and closes it.
#[export(cancellable)]
pub unsafe extern "C" fn fclose(file: *mut FILE) -> c_int {
    // SAFETY: the caller's open stream, which nobody uses afterwards.
    unsafe {
        unlink(&mut *file);
        let (result, keep) = {
            let mut file = Locked::new(file);
            let result = shut(&mut file);
            let keep = file.flags2 & flag::STATIC;
            file.forget(flag::NO_READS | flag::NO_WRITES, -1);
            (result, keep != 0)
        };
        if !keep {
            system::release(file.cast());
        }
        if result == 0 { 0 } else { EOF }
    }
}

impl FILE {
    /// Makes this a stream that was never used, but for its lock, its place in the list and where
    /// its memory is from.
    fn forget(&mut self, flags: c_int, fd: c_int) {
        self.flags = flag::MAGIC | flags | self.flags & (flag::USER_LOCK | flag::LINKED);
        self.flags2 &= flag::STATIC;
        self.fileno = fd;
        self.buffer = null_mut();
        self.buffer_end = null_mut();
        self.end_write();
        self.backup_base = null_mut();
        self.decoding = mbstate_t::INITIAL;
        self.encoding = mbstate_t::INITIAL;
        self.cookie = null_mut();
        self.mode = 0;
        self.operations = core::ptr::null();
    }
}

/// Closes a stream and opens a file in its place, or its own file in another mode.
#[export(cancellable)]
pub unsafe extern "C" fn freopen(path: *const c_char, mode: *const c_char, file: *mut FILE) -> *mut FILE {
    // SAFETY: the caller's strings and stream.
    unsafe {
        let parsed = mode_of(mode);
        let mut stream = Locked::new(file);
        let old = stream.fileno;
        flush(&mut stream);
        let mut own = *b"/proc/self/fd/\0\0\0\0\0\0\0\0\0\0\0\0";
        let opened = match parsed {
            None => -1,
            Some(mode) => {
                let path = if path.is_null() { own_path(&mut own, old) } else { path };
                if path.is_null() {
                    system::set_errno(EBADF);
                    -1
                } else {
                    system::open(path, mode.open, 0o666)
                }
            }
        };
        let errno = system::errno();
        // The descriptor's number stays the same, as programs expect of `freopen(…, stdout)`.
        let descriptor = if opened >= 0 && old >= 0 && stream.operations.is_null() {
            stream.fileno = -1;
            if opened == old {
                opened
            } else {
                let moved = system::dup3(opened, old, parsed.map_or(0, |mode| mode.open & O_CLOEXEC));
                system::close(opened);
                moved
            }
        } else {
            opened
        };
        shut(&mut stream);
        match parsed {
            Some(mode) if descriptor >= 0 => {
                stream.forget(mode.flags | flag::FILE_BUFFER, descriptor);
                started(&mut stream, mode);
                file
            }
            _ => {
                stream.forget(flag::NO_READS | flag::NO_WRITES, -1);
                system::restore_errno(errno);
                null_mut()
            }
        }
    }
}

/// The path under which a descriptor can be opened again; null if there is none.
fn own_path(buffer: &mut [u8; 26], fd: c_int) -> *const c_char {
    let Ok(mut number) = u32::try_from(fd) else { return core::ptr::null() };
    let start = 14;
    let mut size = 1;
    while number.checked_div(10u32.pow(size)).is_some_and(|rest| rest != 0) && size < 9 {
        size += 1;
    }
    for digit in (0..size as usize).rev() {
        buffer[start + digit] = b'0' + (number % 10) as u8;
        number /= 10;
    }
    buffer.as_ptr().cast()
}

/// Writes out all streams. glibc closes none of them either.
#[export(cancellable)]
pub unsafe extern "C" fn fcloseall() -> c_int {
    // SAFETY: null stands for all streams.
    unsafe { super::write::fflush(null_mut()) }
}
