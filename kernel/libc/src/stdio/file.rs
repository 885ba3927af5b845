//! `FILE`: its layout, its lock, the list of open streams and the three that always exist.

use core::ffi::{c_int, c_void};
use core::ptr::{self, null, null_mut};
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use kcore::export::Exported;
use macros::export;

use super::system;
use crate::locale::{Encoding, encoding};
use crate::wchar::convert::mbstate_t;

/// Values of [`FILE::flags`], those of glibc's `libio.h`.
pub mod flag {
    /// Upper half of every stream's flags.
    pub const MAGIC: i32 = 0xfbad_0000_u32 as i32;
    /// The buffer is the caller's (`setvbuf`).
    pub const USER_BUFFER: i32 = 1;
    /// No buffering.
    pub const UNBUFFERED: i32 = 2;
    /// Not open for reading.
    pub const NO_READS: i32 = 4;
    /// Not open for writing.
    pub const NO_WRITES: i32 = 8;
    /// End of file was met.
    pub const EOF_SEEN: i32 = 0x10;
    /// An error was met.
    pub const ERROR_SEEN: i32 = 0x20;
    /// The stream is in the list of streams.
    pub const LINKED: i32 = 0x80;
    /// The get area is the backup area, which holds pushed-back bytes.
    pub const IN_BACKUP: i32 = 0x100;
    /// A newline flushes.
    pub const LINE_BUFFERED: i32 = 0x200;
    /// The buffer holds bytes to be written.
    pub const PUTTING: i32 = 0x800;
    /// Writes go to the end of the file.
    pub const APPENDING: i32 = 0x1000;
    /// The stream has a file descriptor.
    pub const FILE_BUFFER: i32 = 0x2000;
    /// `__fsetlocking(FSETLOCKING_BYCALLER)`.
    pub const USER_LOCK: i32 = 0x8000;

    /// In [`super::FILE::flags2`]: the memory is not to be freed by `fclose`.
    pub const STATIC: i32 = 0x1;
    /// In [`super::FILE::flags2`]: ours; the text is UTF-8 whatever the locale (`,ccs=UTF-8`).
    pub const UTF8: i32 = 0x200;
    /// In [`super::FILE::flags2`]: ours; whether buffering was decided on.
    pub const SETTLED: i32 = 0x100;
}

/// What a stream without a file descriptor does; the calls return −1 with `errno` set on failure.
#[repr(C)]
pub struct Operations {
    /// As `read`.
    pub read: unsafe extern "C" fn(&mut FILE, *mut u8, usize) -> isize,
    /// As `write`.
    pub write: unsafe extern "C" fn(&mut FILE, *const u8, usize) -> isize,
    /// As `lseek`.
    pub seek: unsafe extern "C" fn(&mut FILE, i64, c_int) -> i64,
    /// As `close`.
    pub close: unsafe extern "C" fn(&mut FILE) -> c_int,
}

/// A stream. The fields up to `offset` are where glibc's `struct _IO_FILE` has them, `mode` too;
/// the first 216 bytes are what C sees as `FILE`, and 224 are glibc's `struct _IO_FILE_plus`.
#[repr(C)]
pub struct FILE {
    /// See [`flag`].
    pub flags: c_int,
    /// Next byte to read.
    pub read_ptr: *mut u8,
    /// End of what can be read.
    pub read_end: *mut u8,
    /// Start of what was read.
    pub read_base: *mut u8,
    /// Start of what is to be written.
    pub write_base: *mut u8,
    /// Where the next byte goes.
    pub write_ptr: *mut u8,
    /// Where the `putc` macro stops; the start if each byte, or each line, has to be looked at.
    pub write_end: *mut u8,
    /// The buffer.
    pub buffer: *mut u8,
    /// Its end.
    pub buffer_end: *mut u8,
    /// While pushed-back bytes are read: the next byte of the main get area.
    pub save_base: *mut u8,
    /// Memory for pushed-back bytes, or null.
    pub backup_base: *mut u8,
    /// While pushed-back bytes are read: the end of the main get area.
    pub save_end: *mut u8,
    markers: *mut c_void,
    /// The next stream of the list.
    pub chain: *mut FILE,
    /// The descriptor, or −1.
    pub fileno: c_int,
    /// See [`flag`].
    pub flags2: c_int,
    old_offset: i64,
    cur_column: u16,
    vtable_offset: i8,
    /// The buffer of an unbuffered stream.
    pub short_buffer: [u8; 1],
    lock: *mut c_void,
    /// glibc's idea of the descriptor's offset; kept for programs that set it, never read.
    pub offset: i64,
    /// State of the bytes read as wide characters so far (glibc: `_codecvt`).
    pub decoding: mbstate_t,
    /// State of the wide characters written so far (glibc: `_wide_data`).
    pub encoding: mbstate_t,
    /// The thread that holds the lock (glibc: `_freeres_list`).
    owner: usize,
    /// What [`Operations`] work on (glibc: `_freeres_buf`).
    pub cookie: *mut c_void,
    pad5: usize,
    /// Orientation: below 0 bytes, above 0 wide characters, 0 undecided.
    pub mode: c_int,
    /// 0 free, 1 held, 2 held and waited for.
    locked: AtomicU32,
    /// How often its owner holds the lock.
    depth: u32,
    unused: [u32; 3],
    /// Null for a stream over a descriptor (glibc: the virtual functions).
    pub operations: *const Operations,
}

const _: () = {
    assert!(core::mem::offset_of!(FILE, fileno) == 112);
    assert!(core::mem::offset_of!(FILE, offset) == 144);
    assert!(core::mem::offset_of!(FILE, mode) == 192);
    assert!(core::mem::offset_of!(FILE, operations) == 216);
    assert!(size_of::<FILE>() == 224);
};

impl FILE {
    /// A closed stream's fields, with these flags and descriptor.
    #[must_use]
    pub const fn new(flags: c_int, fileno: c_int) -> Self {
        Self {
            flags: flag::MAGIC | flags,
            read_ptr: null_mut(),
            read_end: null_mut(),
            read_base: null_mut(),
            write_base: null_mut(),
            write_ptr: null_mut(),
            write_end: null_mut(),
            buffer: null_mut(),
            buffer_end: null_mut(),
            save_base: null_mut(),
            backup_base: null_mut(),
            save_end: null_mut(),
            markers: null_mut(),
            chain: null_mut(),
            fileno,
            flags2: 0,
            old_offset: 0,
            cur_column: 0,
            vtable_offset: 0,
            short_buffer: [0],
            lock: null_mut(),
            offset: -1,
            decoding: mbstate_t::INITIAL,
            encoding: mbstate_t::INITIAL,
            owner: 0,
            cookie: null_mut(),
            pad5: 0,
            mode: 0,
            locked: AtomicU32::new(0),
            depth: 0,
            unused: [0; 3],
            operations: null(),
        }
    }

    const fn standard(flags: c_int, fileno: c_int) -> Self {
        let mut file = Self::new(flags | flag::FILE_BUFFER, fileno);
        file.flags2 = flag::STATIC;
        file
    }

    /// How characters are bytes in this file.
    pub(crate) fn encoding(&self) -> Encoding {
        if self.flags2 & flag::UTF8 != 0 { Encoding::Utf8 } else { encoding() }
    }

    /// Whether any of these flags is set.
    #[must_use]
    pub fn has(&self, flags: c_int) -> bool {
        self.flags & flags != 0
    }

    /// What can be read without asking the file, pushed-back bytes first.
    #[must_use]
    pub fn readable(&self) -> usize {
        self.read_end as usize - self.read_ptr as usize
    }

    /// What was written and is still here.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.write_ptr as usize - self.write_base as usize
    }

    /// Marks an error and returns −1.
    pub fn fail(&mut self) -> c_int {
        self.flags |= flag::ERROR_SEEN;
        -1
    }

    /// Takes the lock; the thread that has it may take it again.
    pub fn lock(&mut self) {
        let thread = system::thread();
        if self.owner != thread {
            if self.locked.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed).is_err() {
                while self.locked.swap(2, Ordering::Acquire) != 0 {
                    system::wait(&self.locked, 2);
                }
            }
            self.owner = thread;
        }
        self.depth += 1;
    }

    /// Takes the lock if that needs no waiting.
    pub fn try_lock(&mut self) -> bool {
        let thread = system::thread();
        if self.owner != thread {
            if self.locked.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed).is_err() {
                return false;
            }
            self.owner = thread;
        }
        self.depth += 1;
        true
    }

    /// Gives the lock back.
    pub fn unlock(&mut self) {
        self.depth = self.depth.wrapping_sub(1);
        if self.depth == 0 {
            self.owner = 0;
            if self.locked.swap(0, Ordering::Release) == 2 {
                system::wake(&self.locked);
            }
        }
    }
}

/// A stream whose lock is held as long as this lives.
pub struct Locked(*mut FILE);

impl Locked {
    /// Locks the stream, unless its user locks it (`__fsetlocking`).
    ///
    /// # Safety
    /// The stream is open, and stays so.
    pub unsafe fn new(file: *mut FILE) -> Self {
        // SAFETY: the caller's promise; the fields that are not the lock are used under it only.
        unsafe {
            if !(*file).has(flag::USER_LOCK) {
                (*file).lock();
            }
        }
        Self(file)
    }

    /// The stream, to hand on to an `_unlocked` function.
    #[must_use]
    pub fn pointer(&self) -> *mut FILE {
        self.0
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        if !self.has(flag::USER_LOCK) {
            self.unlock();
        }
    }
}

impl core::ops::Deref for Locked {
    type Target = FILE;

    fn deref(&self) -> &FILE {
        // SAFETY: `new`'s promise.
        unsafe { &*self.0 }
    }
}

impl core::ops::DerefMut for Locked {
    fn deref_mut(&mut self) -> &mut FILE {
        // SAFETY: `new`'s promise.
        unsafe { &mut *self.0 }
    }
}

/// The stream behind `stdin`.
#[export]
#[allow(non_upper_case_globals, reason = "a C name")]
pub static _IO_2_1_stdin_: Exported<FILE> = Exported::new(FILE::standard(flag::NO_WRITES, 0));
/// The stream behind `stdout`.
#[export]
#[allow(non_upper_case_globals, reason = "a C name")]
pub static _IO_2_1_stdout_: Exported<FILE> = Exported::new(FILE::standard(flag::NO_READS, 1));
/// The stream behind `stderr`.
#[export]
#[allow(non_upper_case_globals, reason = "a C name")]
pub static _IO_2_1_stderr_: Exported<FILE> =
    Exported::new(FILE::standard(flag::NO_READS | flag::UNBUFFERED, 2));

/// Where an [`Exported`] stream starts out, as a constant: after the word that may repoint it.
const fn initial(stream: *const Exported<FILE>) -> *mut FILE {
    stream.cast::<u8>().wrapping_add(align_of::<FILE>()).cast_mut().cast()
}

/// The standard input stream.
#[export]
#[allow(non_upper_case_globals, reason = "a C name")]
pub static stdin: Exported<*mut FILE> = Exported::new(initial(&raw const _IO_2_1_stdin_));
/// The standard output stream.
#[export]
#[allow(non_upper_case_globals, reason = "a C name")]
pub static stdout: Exported<*mut FILE> = Exported::new(initial(&raw const _IO_2_1_stdout_));
/// The standard error stream.
#[export]
#[allow(non_upper_case_globals, reason = "a C name")]
pub static stderr: Exported<*mut FILE> = Exported::new(initial(&raw const _IO_2_1_stderr_));

/// What `stdin` holds now; the application may assign to it.
pub fn standard_input() -> *mut FILE {
    // SAFETY: the cell always points at a live variable.
    unsafe { *stdin.get() }
}

/// What `stdout` holds now.
pub fn standard_output() -> *mut FILE {
    // SAFETY: the cell always points at a live variable.
    unsafe { *stdout.get() }
}

/// What `stderr` holds now.
pub fn standard_error() -> *mut FILE {
    // SAFETY: the cell always points at a live variable.
    unsafe { *stderr.get() }
}

/// Streams that are, or were, written to. A stream is found here from its first write to `fclose`,
/// so that a program which never prints carries no list of streams.
static LIST: AtomicPtr<FILE> = AtomicPtr::new(null_mut());

/// Guards the links of [`LIST`] behind its head. Taken before a stream's own lock, never after.
static LIST_LOCK: AtomicU32 = AtomicU32::new(0);

struct ListGuard;

impl ListGuard {
    fn new() -> Self {
        if LIST_LOCK.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed).is_err() {
            while LIST_LOCK.swap(2, Ordering::Acquire) != 0 {
                system::wait(&LIST_LOCK, 2);
            }
        }
        Self
    }
}

impl Drop for ListGuard {
    fn drop(&mut self) {
        if LIST_LOCK.swap(0, Ordering::Release) == 2 {
            system::wake(&LIST_LOCK);
        }
    }
}

/// Puts a stream into the list, once. Its lock may be held: a push at the head needs no guard.
pub fn link(file: &mut FILE) {
    if file.has(flag::LINKED) {
        return;
    }
    file.flags |= flag::LINKED;
    let mut head = LIST.load(Ordering::Relaxed);
    loop {
        file.chain = head;
        match LIST.compare_exchange(head, file, Ordering::Release, Ordering::Relaxed) {
            Ok(_) => return,
            Err(now) => head = now,
        }
    }
}

/// Takes a stream out of the list. Its lock is not held.
pub fn unlink(file: &mut FILE) {
    if !file.has(flag::LINKED) {
        return;
    }
    let _guard = ListGuard::new();
    file.flags &= !flag::LINKED;
    let wanted = &raw mut *file;
    if LIST.compare_exchange(wanted, file.chain, Ordering::AcqRel, Ordering::Acquire).is_ok() {
        return;
    }
    let mut at = LIST.load(Ordering::Acquire);
    // SAFETY: listed streams are live until they are unlinked under the same guard.
    while let Some(previous) = unsafe { at.as_mut() } {
        if ptr::eq(previous.chain, wanted) {
            previous.chain = file.chain;
            return;
        }
        at = previous.chain;
    }
}

/// Calls `each` on every listed stream, newest first; 0 if it gave 0 for all. The streams are not
/// locked.
///
/// `exiting` does without the guard: a thread that holds it may never run again.
pub fn for_each(exiting: bool, each: fn(*mut FILE) -> c_int) -> c_int {
    let mut result = 0;
    let _guard = (!exiting).then(ListGuard::new);
    let mut at = LIST.load(Ordering::Acquire);
    while !at.is_null() {
        // SAFETY: listed streams are live until they are unlinked under the same guard.
        let next = unsafe { (*at).chain };
        result |= each(at);
        at = next;
    }
    result
}
