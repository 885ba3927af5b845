//! Files with names that no other file has.

use core::ffi::{c_char, c_int};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicU64, Ordering};

use kcore::errno::{EEXIST, EINVAL, ENOENT};
use macros::export;

use super::file::FILE;
use super::system;
use super::write::length;

const O_RDWR: c_int = 2;
const O_ACCMODE: c_int = 3;
const O_CREAT: c_int = 0o100;
const O_EXCL: c_int = 0o200;
const O_NOFOLLOW: c_int = 0o40_0000;
const O_PATH: c_int = 0o1000_0000;

/// How many names are tried: `TMP_MAX`.
const TRIES: u32 = 238_328;

const LETTERS: &[u8; 62] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// Letters of a name that are chosen.
const CHOSEN: usize = 6;

/// A number that is not easily the same twice. That a name is new is made sure by creating it.
fn draw() -> u64 {
    static STATE: AtomicU64 = AtomicU64::new(0);
    // SAFETY: every x86-64 processor has a time stamp counter.
    let time = unsafe { core::arch::x86_64::_rdtsc() };
    let drawn = STATE.fetch_add(time | 1, Ordering::Relaxed).wrapping_add(time);
    let mixed = (drawn ^ drawn >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ mixed >> 31
}

/// Chooses names in a template's place of six `X` before `suffix` more bytes, until `make` makes
/// something of one, or fails for another reason than that it is there.
///
/// # Safety
/// The template is a string that can be written to.
unsafe fn choose(template: *mut c_char, suffix: c_int, make: &dyn Fn(*const c_char) -> c_int) -> c_int {
    // SAFETY: the caller's string.
    unsafe {
        let size = length(template);
        let place = usize::try_from(suffix).ok().and_then(|suffix| size.checked_sub(suffix + CHOSEN));
        let Some(place) = place.map(|place| template.add(place).cast::<[u8; CHOSEN]>()) else {
            system::set_errno(EINVAL);
            return -1;
        };
        if *place != [b'X'; CHOSEN] {
            system::set_errno(EINVAL);
            return -1;
        }
        let before = system::errno();
        for _ in 0..TRIES {
            let mut drawn = draw();
            for letter in &mut *place {
                *letter = LETTERS[(drawn % 62) as usize];
                drawn /= 62;
            }
            let made = make(template);
            if made >= 0 {
                system::restore_errno(before);
                return made;
            }
            if system::errno() != EEXIST.number() {
                return -1;
            }
        }
        system::set_errno(EEXIST);
        -1
    }
}

/// Creates and opens a file; `flags` are more of `open`'s.
unsafe fn open_new(template: *mut c_char, suffix: c_int, flags: c_int) -> c_int {
    let flags = flags & !O_ACCMODE | O_RDWR | O_CREAT | O_EXCL;
    // SAFETY: the caller's string.
    unsafe { choose(template, suffix, &|path| system::open(path, flags, 0o600)) }
}

/// Makes sure that nothing has the name.
fn is_free(path: *const c_char) -> c_int {
    // SAFETY: the path is a string.
    let fd = unsafe { system::open(path, O_PATH | O_NOFOLLOW, 0) };
    if fd >= 0 {
        system::close(fd);
        system::set_errno(EEXIST);
        return -1;
    }
    if system::errno() == ENOENT.number() { 0 } else { -1 }
}

/// Creates and opens a file whose name ends in six chosen letters.
#[export]
pub unsafe extern "C" fn mkstemp(template: *mut c_char) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { open_new(template, 0, 0) }
}

/// `mkstemp` with flags of `open`.
#[export]
pub unsafe extern "C" fn mkostemp(template: *mut c_char, flags: c_int) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { open_new(template, 0, flags) }
}

/// `mkstemp` with more bytes behind the chosen letters.
#[export]
pub unsafe extern "C" fn mkstemps(template: *mut c_char, suffix: c_int) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { open_new(template, suffix, 0) }
}

/// `mkstemps` with flags of `open`.
#[export]
pub unsafe extern "C" fn mkostemps(template: *mut c_char, suffix: c_int, flags: c_int) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { open_new(template, suffix, flags) }
}

/// Creates a directory whose name ends in six chosen letters.
#[export]
pub unsafe extern "C" fn mkdtemp(template: *mut c_char) -> *mut c_char {
    // SAFETY: the caller's contract.
    let made = unsafe { choose(template, 0, &|path| system::make_directory(path, 0o700)) };
    if made == 0 { template } else { null_mut() }
}

/// Chooses a name that nothing has yet; an empty one on failure.
#[export]
pub unsafe extern "C" fn mktemp(template: *mut c_char) -> *mut c_char {
    // SAFETY: the caller's contract.
    unsafe {
        if choose(template, 0, &is_free) < 0 {
            *template = 0;
        }
    }
    template
}

/// `P_tmpdir` and a template, `L_tmpnam` bytes.
const TEMPLATE: [u8; 20] = *b"/tmp/fileXXXXXX\0\0\0\0\0";

/// Opens a file that has no name and is gone when it is closed.
#[export]
pub unsafe extern "C" fn tmpfile() -> *mut FILE {
    let mut name = TEMPLATE;
    // SAFETY: the name is a template; the descriptor is new.
    unsafe {
        let fd = mkstemp(name.as_mut_ptr().cast());
        if fd < 0 {
            return null_mut();
        }
        system::unlink(name.as_ptr().cast());
        let file = super::open::fdopen(fd, c"w+".as_ptr());
        if file.is_null() {
            system::close(fd);
        }
        file
    }
}

/// Chooses a name in `/tmp` that nothing has yet; in the caller's memory.
#[export]
pub unsafe extern "C" fn tmpnam_r(name: *mut c_char) -> *mut c_char {
    if name.is_null() {
        return name;
    }
    // SAFETY: the caller's memory has `L_tmpnam` bytes.
    unsafe {
        name.cast::<[u8; 20]>().write(TEMPLATE);
        if choose(name, 0, &is_free) == 0 { name } else { null_mut() }
    }
}

/// Chooses a name in `/tmp` that nothing has yet; in memory that the next call overwrites if null.
#[export]
pub unsafe extern "C" fn tmpnam(name: *mut c_char) -> *mut c_char {
    static NAME: super::Shared<[u8; 20]> = super::Shared::new([0; 20]);
    // SAFETY: the caller's memory has `L_tmpnam` bytes, as has ours.
    unsafe { tmpnam_r(if name.is_null() { NAME.get().cast() } else { name }) }
}

/// Chooses a name in `$TMPDIR`, the given directory or `/tmp`, after a prefix of up to five bytes;
/// in memory that the caller frees.
#[export]
pub unsafe extern "C" fn tempnam(directory: *const c_char, prefix: *const c_char) -> *mut c_char {
    // SAFETY: the caller's strings are null or strings.
    unsafe {
        let usable = |path: *const c_char| !path.is_null() && *path != 0 && system::is_directory(path);
        let own = crate::stdlib::environment::getenv(c"TMPDIR".as_ptr());
        let directory =
            [own.cast_const(), directory, c"/tmp".as_ptr()].into_iter().find(|path| usable(*path));
        let Some(directory) = directory else {
            system::set_errno(ENOENT);
            return null_mut();
        };
        let prefix = if prefix.is_null() || *prefix == 0 { c"file".as_ptr() } else { prefix };
        let (mut size, shown) = (length(directory), length(prefix).min(5));
        while size > 1 && *directory.add(size - 1) as u8 == b'/' {
            size -= 1;
        }
        let name = system::allocate(size + 1 + shown + CHOSEN + 1);
        if name.is_null() {
            return null_mut();
        }
        name.copy_from_nonoverlapping(directory.cast(), size);
        name.add(size).write(b'/');
        name.add(size + 1).copy_from_nonoverlapping(prefix.cast(), shown);
        name.add(size + 1 + shown).write_bytes(b'X', CHOSEN);
        name.add(size + 1 + shown + CHOSEN).write(0);
        if choose(name.cast(), 0, &is_free) == 0 {
            return name.cast();
        }
        system::release(name);
        null_mut()
    }
}
