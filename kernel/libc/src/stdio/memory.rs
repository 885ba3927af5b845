//! Streams over memory: `fmemopen`, `open_memstream`, `open_wmemstream`; and over functions: `fopencookie`.

use core::ffi::{c_char, c_int, c_void};
use core::ptr::null_mut;

use kcore::errno::{EINVAL, ENOSPC, ESPIPE};
use macros::export;

use super::file::{FILE, Operations, flag};
use super::open::{create, mode_of};
use super::system;
use crate::locale::Encoding;
use crate::wchar::convert::{decode, mbstate_t};

const SEEK_SET: c_int = 0;
const SEEK_CUR: c_int = 1;
const SEEK_END: c_int = 2;

/// A stream with operations on a copy of `cookie`; null, with `errno` set, if there is no memory.
fn over<T>(flags: c_int, operations: &'static Operations, cookie: T) -> *mut FILE {
    let memory = system::allocate(size_of::<T>()).cast::<T>();
    if memory.is_null() {
        return null_mut();
    }
    let file = create(flags, -1);
    // SAFETY: both blocks are large enough, and aligned as malloc's are.
    unsafe {
        match file.as_mut() {
            Some(file) => {
                memory.write(cookie);
                file.cookie = memory.cast();
                file.operations = operations;
                // As with glibc, such a stream is one of bytes.
                file.mode = -1;
            }
            None => system::release(memory.cast()),
        }
    }
    file
}

/// The offset that a seek in memory leads to, if it is not beyond `end`.
fn target(offset: i64, whence: c_int, here: usize, length: usize, end: usize) -> Option<usize> {
    let base = match whence {
        SEEK_SET => 0,
        SEEK_CUR => here,
        SEEK_END => length,
        _ => return None,
    };
    let to = usize::try_from(i64::try_from(base).ok()?.checked_add(offset)?).ok()?;
    (to <= end).then_some(to)
}

/// What `fmemopen` reads and writes.
struct Fixed {
    memory: *mut u8,
    size: usize,
    position: usize,
    /// End of what was written, or was there.
    length: usize,
    append: bool,
    own: bool,
}

static FIXED: Operations =
    Operations { read: fixed_read, write: fixed_write, seek: fixed_seek, close: fixed_close };

/// # Safety
/// The stream's cookie is a `T`.
unsafe fn cookie<'a, T>(file: &mut FILE) -> &'a mut T {
    // SAFETY: the caller's promise; nobody else has it while the stream is locked.
    unsafe { &mut *file.cookie.cast() }
}

unsafe extern "C" fn fixed_read(file: &mut FILE, buffer: *mut u8, size: usize) -> isize {
    // SAFETY: `FIXED` goes with this cookie; the caller's buffer.
    unsafe {
        let fixed: &mut Fixed = cookie(file);
        let count = size.min(fixed.length.saturating_sub(fixed.position));
        buffer.copy_from_nonoverlapping(fixed.memory.add(fixed.position), count);
        fixed.position += count;
        count.cast_signed()
    }
}

unsafe extern "C" fn fixed_write(file: &mut FILE, bytes: *const u8, size: usize) -> isize {
    // SAFETY: `FIXED` goes with this cookie; the caller's bytes.
    unsafe {
        let fixed: &mut Fixed = cookie(file);
        let at = if fixed.append { fixed.length } else { fixed.position };
        let terminate = size == 0 || *bytes.add(size - 1) != 0;
        let count = size.min(fixed.size - at.min(fixed.size));
        if count < size && at + usize::from(terminate) >= fixed.size {
            system::set_errno(ENOSPC);
            return 0;
        }
        fixed.memory.add(at).copy_from(bytes, count);
        fixed.position = at + count;
        if fixed.position > fixed.length {
            fixed.length = fixed.position;
            if fixed.length < fixed.size && terminate {
                *fixed.memory.add(fixed.length) = 0;
            } else if !fixed.append && terminate {
                *fixed.memory.add(fixed.size - 1) = 0;
            }
        }
        count.cast_signed()
    }
}

unsafe extern "C" fn fixed_seek(file: &mut FILE, offset: i64, whence: c_int) -> i64 {
    // SAFETY: `FIXED` goes with this cookie.
    let fixed: &mut Fixed = unsafe { cookie(file) };
    match target(offset, whence, fixed.position, fixed.length, fixed.size) {
        Some(to) => {
            fixed.position = to;
            to as i64
        }
        None => {
            system::set_errno(EINVAL);
            -1
        }
    }
}

unsafe extern "C" fn fixed_close(file: &mut FILE) -> c_int {
    // SAFETY: `FIXED` goes with this cookie, which is not used again.
    unsafe {
        let fixed: &mut Fixed = cookie(file);
        if fixed.own {
            system::release(fixed.memory);
        }
        system::release(file.cookie.cast());
    }
    0
}

/// A stream over `size` bytes of memory, the caller's or, if null, its own.
#[export]
pub unsafe extern "C" fn fmemopen(memory: *mut c_void, size: usize, mode: *const c_char) -> *mut FILE {
    // SAFETY: the caller's memory and string.
    unsafe {
        let Some(parsed) = mode_of(mode) else { return null_mut() };
        let own = memory.is_null();
        let memory = if own { system::allocate(size.max(1)) } else { memory.cast() };
        if memory.is_null() {
            return null_mut();
        }
        let letter = *mode as u8;
        if own || letter == b'w' && parsed.flags & flag::NO_READS == 0 && size != 0 {
            *memory = 0;
        }
        let append = letter == b'a';
        let length = match letter {
            b'r' => size,
            b'a' => (0..size).find(|&at| *memory.add(at) == 0).unwrap_or(size),
            _ => 0,
        };
        let position = if append { length } else { 0 };
        let file = over(parsed.flags, &FIXED, Fixed { memory, size, position, length, append, own });
        if file.is_null() && own {
            system::release(memory);
        }
        file
    }
}

/// What `open_memstream` and `open_wmemstream` write: elements of one or of four bytes.
struct Growing {
    memory: *mut u8,
    /// Elements.
    length: usize,
    room: usize,
    position: usize,
    unit: usize,
    state: mbstate_t,
    /// Where the caller wants to see the memory and its length.
    memory_out: *mut *mut u8,
    length_out: *mut usize,
}

static GROWING: Operations =
    Operations { read: no_read, write: growing_write, seek: growing_seek, close: growing_close };

unsafe extern "C" fn no_read(_: &mut FILE, _: *mut u8, _: usize) -> isize {
    0
}

impl Growing {
    /// Makes room for so many elements and a NUL.
    fn reserve(&mut self, length: usize) -> bool {
        if length >= self.room {
            let room = (length + 1).max(self.room * 2).max(64);
            // SAFETY: the memory is the allocator's, or null.
            let memory = unsafe { system::reallocate(self.memory, room.saturating_mul(self.unit)) };
            if memory.is_null() {
                return false;
            }
            self.memory = memory;
            self.room = room;
        }
        true
    }

    /// Puts one element at the position.
    fn put(&mut self, value: u32) -> bool {
        if !self.reserve(self.position + 1) {
            return false;
        }
        while self.length < self.position {
            self.set(self.length, 0);
            self.length += 1;
        }
        self.set(self.position, value);
        self.position += 1;
        self.length = self.length.max(self.position);
        true
    }

    fn set(&mut self, at: usize, value: u32) {
        // SAFETY: `reserve` made room.
        unsafe {
            if self.unit == 1 {
                self.memory.add(at).write(value as u8);
            } else {
                self.memory.cast::<u32>().add(at).write(value);
            }
        }
    }

    /// Shows the caller what there is.
    fn show(&mut self) {
        self.set(self.length, 0);
        // SAFETY: the caller's variables live as long as the stream.
        unsafe {
            *self.memory_out = self.memory;
            *self.length_out = self.length.min(self.position);
        }
    }
}

unsafe extern "C" fn growing_write(file: &mut FILE, bytes: *const u8, size: usize) -> isize {
    // SAFETY: `GROWING` goes with this cookie; the caller's bytes.
    unsafe {
        let growing: &mut Growing = cookie(file);
        if growing.unit == 1 {
            if !growing.reserve(growing.position + size) {
                return -1;
            }
            while growing.length < growing.position {
                growing.set(growing.length, 0);
                growing.length += 1;
            }
            growing.memory.add(growing.position).copy_from_nonoverlapping(bytes, size);
            growing.position += size;
            growing.length = growing.length.max(growing.position);
        } else {
            for index in 0..size {
                // What does not end a character yet is kept in the state; it always becomes one.
                if let Ok((character, _)) = decode(Encoding::Utf8, bytes.add(index), 1, &mut growing.state)
                    && !growing.put(character)
                {
                    return -1;
                }
            }
        }
        growing.show();
        size.cast_signed()
    }
}

unsafe extern "C" fn growing_seek(file: &mut FILE, offset: i64, whence: c_int) -> i64 {
    // SAFETY: `GROWING` goes with this cookie.
    let growing: &mut Growing = unsafe { cookie(file) };
    let most = isize::MAX as usize / 4;
    match target(offset, whence, growing.position, growing.length, most) {
        Some(to) => {
            growing.position = to;
            growing.show();
            to as i64
        }
        None => {
            system::set_errno(EINVAL);
            -1
        }
    }
}

unsafe extern "C" fn growing_close(file: &mut FILE) -> c_int {
    // SAFETY: `GROWING` goes with this cookie, which is not used again; the memory is the caller's now.
    unsafe { system::release(file.cookie.cast()) };
    0
}

fn growing(memory_out: *mut *mut u8, length_out: *mut usize, unit: usize, flags: c_int) -> *mut FILE {
    let mut growing = Growing {
        memory: null_mut(),
        length: 0,
        room: 0,
        position: 0,
        unit,
        state: mbstate_t::INITIAL,
        memory_out,
        length_out,
    };
    if !growing.reserve(0) {
        return null_mut();
    }
    growing.show();
    let memory = growing.memory;
    let file = over(flags | flag::NO_READS, &GROWING, growing);
    if file.is_null() {
        // SAFETY: nobody else knows the memory.
        unsafe { system::release(memory) };
    }
    file
}

/// A stream that writes to memory, which grows. Where it is and how long, the caller's variables
/// say after each flush; it is the caller's to free when the stream is closed.
#[export]
pub unsafe extern "C" fn open_memstream(memory: *mut *mut c_char, size: *mut usize) -> *mut FILE {
    growing(memory.cast(), size, 1, 0)
}

/// `open_memstream` of wide characters.
#[export]
pub unsafe extern "C" fn open_wmemstream(memory: *mut *mut u32, size: *mut usize) -> *mut FILE {
    // Without a buffer of bytes, positions are those of characters.
    let file = growing(memory.cast(), size, 4, flag::UNBUFFERED);
    // SAFETY: the new stream, if there is one.
    if let Some(file) = unsafe { file.as_mut() } {
        file.mode = 1;
        file.flags2 |= flag::UTF8;
    }
    file
}

/// `cookie_io_functions_t`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct CookieFunctions {
    read: Option<unsafe extern "C" fn(*mut c_void, *mut u8, usize) -> isize>,
    write: Option<unsafe extern "C" fn(*mut c_void, *const u8, usize) -> isize>,
    seek: Option<unsafe extern "C" fn(*mut c_void, *mut i64, c_int) -> c_int>,
    close: Option<unsafe extern "C" fn(*mut c_void) -> c_int>,
}

struct Custom {
    cookie: *mut c_void,
    functions: CookieFunctions,
}

static CUSTOM: Operations =
    Operations { read: custom_read, write: custom_write, seek: custom_seek, close: custom_close };

unsafe extern "C" fn custom_read(file: &mut FILE, buffer: *mut u8, size: usize) -> isize {
    // SAFETY: `CUSTOM` goes with this cookie; the function is the application's.
    unsafe {
        let custom: &mut Custom = cookie(file);
        custom.functions.read.map_or(-1, |read| read(custom.cookie, buffer, size))
    }
}

unsafe extern "C" fn custom_write(file: &mut FILE, bytes: *const u8, size: usize) -> isize {
    // SAFETY: as `custom_read`.
    unsafe {
        let custom: &mut Custom = cookie(file);
        custom.functions.write.map_or(0, |write| write(custom.cookie, bytes, size))
    }
}

unsafe extern "C" fn custom_seek(file: &mut FILE, offset: i64, whence: c_int) -> i64 {
    // SAFETY: as `custom_read`.
    unsafe {
        let custom: &mut Custom = cookie(file);
        let mut position = offset;
        match custom.functions.seek {
            Some(seek) if seek(custom.cookie, &raw mut position, whence) == 0 => position,
            Some(_) => -1,
            None => {
                system::set_errno(ESPIPE);
                -1
            }
        }
    }
}

unsafe extern "C" fn custom_close(file: &mut FILE) -> c_int {
    // SAFETY: as `custom_read`; the cookie is not used again.
    unsafe {
        let custom: &mut Custom = cookie(file);
        let result = custom.functions.close.map_or(0, |close| close(custom.cookie));
        system::release(file.cookie.cast());
        result
    }
}

/// A stream over the caller's functions.
#[export]
pub unsafe extern "C" fn fopencookie(
    cookie: *mut c_void,
    mode: *const c_char,
    functions: CookieFunctions,
) -> *mut FILE {
    // SAFETY: the caller's string.
    match unsafe { mode_of(mode) } {
        Some(mode) => over(mode.flags, &CUSTOM, Custom { cookie, functions }),
        None => null_mut(),
    }
}
