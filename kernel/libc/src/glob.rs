//! `glob.h`: path names that match a pattern (POSIX, with the GNU flags).

use alloc::vec::Vec;
use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr::null_mut;

use kcore::errno::{EACCES, ENOENT, ENOTDIR};
use macros::export;

use crate::fnmatch::{self, FNM_NOESCAPE, FNM_PERIOD};
use crate::malloc::cells::{free, malloc, realloc};

const ERR: c_int = 1;
const MARK: c_int = 1 << 1;
const NOSORT: c_int = 1 << 2;
const DOOFFS: c_int = 1 << 3;
const NOCHECK: c_int = 1 << 4;
const APPEND: c_int = 1 << 5;
const NOESCAPE: c_int = 1 << 6;
const PERIOD: c_int = 1 << 7;
const MAGCHAR: c_int = 1 << 8;
const ALTDIRFUNC: c_int = 1 << 9;
const BRACE: c_int = 1 << 10;
const NOMAGIC: c_int = 1 << 11;
const TILDE: c_int = 1 << 12;
const ONLYDIR: c_int = 1 << 13;
const TILDE_CHECK: c_int = 1 << 14;

const NOSPACE: c_int = 1;
const ABORTED: c_int = 2;
const NOMATCH: c_int = 3;

/// `S_IFMT` and `S_IFDIR` of `sys/stat.h`.
const FORMAT: u32 = 0o170_000;
const DIRECTORY: u32 = 0o040_000;
/// `st_mode` in `struct stat`: at byte 24, of 144.
const STAT_SIZE: usize = 144;
const STAT_MODE: usize = 24;
/// `d_type` and `d_name` in `struct dirent`.
const DIRENT_TYPE: usize = 18;
const DIRENT_NAME: usize = 19;
const DT_UNKNOWN: u8 = 0;
const DT_DIR: u8 = 4;
const DT_LNK: u8 = 10;

type OpenDirectory = unsafe extern "C" fn(*const c_char) -> *mut c_void;
type ReadDirectory = unsafe extern "C" fn(*mut c_void) -> *mut c_void;
type CloseDirectory = unsafe extern "C" fn(*mut c_void);
type Status = unsafe extern "C" fn(*const c_char, *mut c_void) -> c_int;

/// C `glob_t`.
#[repr(C)]
pub struct Glob {
    count: usize,
    paths: *mut *mut c_char,
    offset: usize,
    flags: c_int,
    close: Option<CloseDirectory>,
    read: Option<ReadDirectory>,
    open: Option<OpenDirectory>,
    lstat: Option<Status>,
    stat: Option<Status>,
}

/// The directory functions in use: the kernel's, or the application's (`GLOB_ALTDIRFUNC`).
#[derive(Clone, Copy)]
struct Directories {
    close: CloseDirectory,
    read: ReadDirectory,
    open: OpenDirectory,
    lstat: Status,
    stat: Status,
}

type ErrorFunction = unsafe extern "C" fn(*const c_char, c_int) -> c_int;

struct Walk {
    flags: c_int,
    on_error: Option<ErrorFunction>,
    directories: Directories,
    /// Each NUL-terminated.
    found: Vec<Vec<u8>>,
}

fn is_magic(pattern: &[u8], flags: c_int) -> bool {
    let mut bytes = pattern.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'*' | b'?' | b'[' => return true,
            b'\\' if flags & NOESCAPE == 0 => {
                bytes.next();
            }
            _ => {}
        }
    }
    false
}

/// `pattern` without its escapes.
fn plain(pattern: &[u8], flags: c_int) -> Vec<u8> {
    let mut text = Vec::new();
    let mut bytes = pattern.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'\\' if flags & NOESCAPE == 0 => text.extend(bytes.next()),
            _ => text.push(byte),
        }
    }
    text
}

fn terminated(path: &[u8]) -> Vec<u8> {
    let mut path = path.to_vec();
    path.push(0);
    path
}

/// The mode of a file, by one of the two status functions; none if there is no such file.
fn mode_of(status: Status, path: &[u8]) -> Option<u32> {
    let path = terminated(path);
    let mut buffer = [0_u64; STAT_SIZE / 8];
    // SAFETY: the path is NUL-terminated, and the buffer is a `struct stat`.
    let code = unsafe { status(path.as_ptr().cast(), buffer.as_mut_ptr().cast()) };
    (code == 0).then_some(buffer[STAT_MODE / 8] as u32)
}

impl Walk {
    fn is_directory(&self, path: &[u8]) -> bool {
        mode_of(self.directories.stat, path).is_some_and(|mode| mode & FORMAT == DIRECTORY)
    }

    fn add(&mut self, mut path: Vec<u8>) {
        if self.flags & MARK != 0 && path.last() != Some(&b'/') && self.is_directory(&path) {
            path.push(b'/');
        }
        path.push(0);
        self.found.push(path);
    }

    /// Extends `prefix`, which is plain, by what matches `rest`.
    fn components(&mut self, mut prefix: Vec<u8>, mut rest: &[u8]) -> Result<(), c_int> {
        while let [b'/', more @ ..] = rest {
            prefix.push(b'/');
            rest = more;
        }
        if rest.is_empty() {
            // The pattern ends in slashes: a directory is asked for.
            if self.is_directory(&prefix) {
                self.add(prefix);
            }
            return Ok(());
        }
        let length = rest.iter().position(|&byte| byte == b'/').unwrap_or(rest.len());
        let (component, more) = rest.split_at(length);
        if is_magic(component, self.flags) {
            return self.directory(&prefix, component, more);
        }
        prefix.extend(plain(component, self.flags));
        if !more.is_empty() {
            return self.components(prefix, more);
        }
        if mode_of(self.directories.lstat, &prefix).is_some() {
            self.add(prefix);
        }
        Ok(())
    }

    /// Matches `component` with the entries of the directory `prefix`.
    fn directory(&mut self, prefix: &[u8], component: &[u8], more: &[u8]) -> Result<(), c_int> {
        let mut matched = Vec::new();
        let path = terminated(if prefix.is_empty() { b"." } else { prefix });
        // SAFETY: the path is NUL-terminated.
        let stream = unsafe { (self.directories.open)(path.as_ptr().cast()) };
        if stream.is_null() {
            return self.unreadable(&path);
        }
        let mut flags = if self.flags & NOESCAPE != 0 { FNM_NOESCAPE } else { 0 };
        if self.flags & PERIOD == 0 {
            flags |= FNM_PERIOD;
        }
        loop {
            // SAFETY: `stream` is open; an entry stays valid until the next call.
            let entry = unsafe { (self.directories.read)(stream) }.cast::<u8>();
            if entry.is_null() {
                break;
            }
            // SAFETY: `entry` is a `struct dirent`, its name NUL-terminated.
            let (kind, name) = unsafe {
                (*entry.add(DIRENT_TYPE), CStr::from_ptr(entry.add(DIRENT_NAME).cast()).to_bytes())
            };
            let needs_directory = !more.is_empty() || self.flags & ONLYDIR != 0;
            if needs_directory && !matches!(kind, DT_UNKNOWN | DT_DIR | DT_LNK) {
                continue;
            }
            if fnmatch::matches(component, name, flags) {
                matched.push([prefix, name].concat());
            }
        }
        // SAFETY: `stream` is open, and used no more.
        unsafe { (self.directories.close)(stream) };
        for path in matched {
            if more.is_empty() {
                self.add(path);
            } else if self.is_directory(&path) {
                self.components(path, more)?;
            }
        }
        Ok(())
    }

    fn unreadable(&self, path: &[u8]) -> Result<(), c_int> {
        // SAFETY: errno is this thread's.
        let error = unsafe { *crate::errno::__errno_location() };
        if error == ENOENT.number() || error == ENOTDIR.number() {
            return Ok(());
        }
        // SAFETY: the path is NUL-terminated.
        let stop =
            self.on_error.is_some_and(|function| unsafe { function(path.as_ptr().cast(), error) != 0 });
        if stop || self.flags & ERR != 0 { Err(ABORTED) } else { Ok(()) }
    }

    /// Expands `~` and `~user` at the start.
    fn tilde(&self, pattern: &[u8]) -> Result<Vec<u8>, c_int> {
        if self.flags & (TILDE | TILDE_CHECK) == 0 || pattern.first() != Some(&b'~') {
            return Ok(pattern.to_vec());
        }
        let length = pattern.iter().position(|&byte| byte == b'/').unwrap_or(pattern.len());
        let (user, rest) = pattern.split_at(length);
        let home = match user {
            // SAFETY: the name is NUL-terminated.
            [b'~'] => unsafe { crate::stdlib::getenv(c"HOME".as_ptr()) },
            _ => home_of(&plain(&user[1..], self.flags)),
        };
        if home.is_null() {
            return if self.flags & TILDE_CHECK != 0 { Err(NOMATCH) } else { Ok(pattern.to_vec()) };
        }
        // SAFETY: a home directory is NUL-terminated.
        let mut expanded = unsafe { CStr::from_ptr(home) }.to_bytes().to_vec();
        if expanded == b"/" && !rest.is_empty() {
            expanded.clear();
        }
        expanded.extend(rest);
        Ok(expanded)
    }

    /// Expands the first `{a,b}` of `pattern`, or matches it if there is none.
    fn braces(&mut self, pattern: &[u8]) -> Result<(), c_int> {
        if self.flags & BRACE != 0
            && let Some((before, alternatives, after)) = brace(pattern, self.flags)
        {
            for alternative in alternatives {
                self.braces(&[before, alternative, after].concat())?;
            }
            return Ok(());
        }
        let first = self.found.len();
        let pattern = self.tilde(pattern)?;
        self.components(Vec::new(), &pattern)?;
        if self.found.len() == first {
            let keep =
                self.flags & NOCHECK != 0 || (self.flags & NOMAGIC != 0 && !is_magic(&pattern, self.flags));
            if keep {
                self.found.push(terminated(&pattern));
            }
        } else if self.flags & NOSORT == 0 {
            self.found[first..].sort();
        }
        Ok(())
    }
}

fn home_of(user: &[u8]) -> *const c_char {
    let user = terminated(user);
    // SAFETY: the name is NUL-terminated; the record stays valid until the next call.
    unsafe {
        let record = crate::pwd::getpwnam(user.as_ptr().cast());
        if record.is_null() { core::ptr::null() } else { (*record).pw_dir }
    }
}

/// Splits `pattern` at its first brace expression: what is before, its alternatives, what is after.
#[allow(clippy::type_complexity, reason = "three parts of one text")]
fn brace(pattern: &[u8], flags: c_int) -> Option<(&[u8], Vec<&[u8]>, &[u8])> {
    let mut start = None;
    let mut depth = 0;
    let mut from = 0;
    let mut alternatives = Vec::new();
    let mut at = 0;
    while at < pattern.len() {
        match pattern[at] {
            b'\\' if flags & NOESCAPE == 0 => at += 1,
            b'{' if start.is_none() && pattern.get(at + 1) == Some(&b'}') => at += 1,
            b'{' => {
                depth += 1;
                if start.is_none() {
                    start = Some(at);
                    from = at + 1;
                }
            }
            b',' if depth == 1 => {
                alternatives.push(&pattern[from..at]);
                from = at + 1;
            }
            b'}' if depth == 1 => {
                alternatives.push(&pattern[from..at]);
                return Some((&pattern[..start?], alternatives, &pattern[at + 1..]));
            }
            b'}' if depth > 1 => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    None
}

impl Glob {
    fn directories(&self, flags: c_int) -> Option<Directories> {
        if flags & ALTDIRFUNC == 0 {
            return Some(OWN);
        }
        Some(Directories {
            close: self.close?,
            read: self.read?,
            open: self.open?,
            lstat: self.lstat?,
            stat: self.stat?,
        })
    }

    /// Appends `found` to the list, each in memory of its own, as `globfree` expects.
    unsafe fn append(&mut self, found: &[Vec<u8>]) -> Result<(), c_int> {
        let slots = self.offset + self.count + found.len() + 1;
        // SAFETY: the list came from here, or is null.
        unsafe {
            let paths = realloc(self.paths.cast(), slots * size_of::<*mut c_char>()).cast::<*mut c_char>();
            if paths.is_null() {
                return Err(NOSPACE);
            }
            if self.paths.is_null() {
                paths.write_bytes(0, self.offset);
            }
            self.paths = paths;
            for path in found {
                let copy = malloc(path.len()).cast::<u8>();
                if copy.is_null() {
                    paths.add(self.offset + self.count).write(null_mut());
                    return Err(NOSPACE);
                }
                core::ptr::copy_nonoverlapping(path.as_ptr(), copy, path.len());
                paths.add(self.offset + self.count).write(copy.cast());
                self.count += 1;
            }
            paths.add(self.offset + self.count).write(null_mut());
        }
        Ok(())
    }
}

/// The kernel's own directory functions.
const OWN: Directories =
    Directories { close: own_close, read: own_read, open: own_open, lstat: own_lstat, stat: own_stat };

/// The paths that match `pattern`, in order, each NUL-terminated; none if none does.
pub(crate) fn expand(pattern: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut walk = Walk { flags: 0, on_error: None, directories: OWN, found: Vec::new() };
    let outcome = walk.components(Vec::new(), pattern);
    walk.found.sort();
    (outcome == Ok(()) && !walk.found.is_empty()).then_some(walk.found)
}

unsafe extern "C" fn own_open(path: *const c_char) -> *mut c_void {
    // SAFETY: the caller's promises are passed on; so in the next four.
    unsafe { crate::dirent::opendir(path).cast() }
}

unsafe extern "C" fn own_read(stream: *mut c_void) -> *mut c_void {
    // SAFETY: see `own_open`.
    unsafe { crate::dirent::readdir(stream.cast()).cast() }
}

unsafe extern "C" fn own_close(stream: *mut c_void) {
    // SAFETY: see `own_open`.
    unsafe { crate::dirent::closedir(stream.cast()) };
}

unsafe extern "C" fn own_lstat(path: *const c_char, status: *mut c_void) -> c_int {
    // SAFETY: see `own_open`.
    unsafe { crate::sys_stat::lstat(path, status.cast()) }
}

unsafe extern "C" fn own_stat(path: *const c_char, status: *mut c_void) -> c_int {
    // SAFETY: see `own_open`.
    unsafe { crate::sys_stat::stat(path, status.cast()) }
}

/// Finds the paths that match `pattern`; 0, `GLOB_NOSPACE`, `GLOB_ABORTED` or `GLOB_NOMATCH` (POSIX).
#[export]
pub unsafe extern "C" fn glob(
    pattern: *const c_char,
    flags: c_int,
    on_error: Option<ErrorFunction>,
    result: *mut Glob,
) -> c_int {
    // SAFETY: the caller gives a NUL-terminated pattern and a `glob_t`, set up as the flags say.
    let (pattern, result) = unsafe { (CStr::from_ptr(pattern).to_bytes(), &mut *result) };
    if flags & DOOFFS == 0 {
        result.offset = 0;
    }
    if flags & APPEND == 0 {
        result.count = 0;
        result.paths = null_mut();
    }
    result.flags = flags & !MAGCHAR | if is_magic(pattern, flags) { MAGCHAR } else { 0 };
    let Some(directories) = result.directories(flags) else {
        crate::errno::set(EACCES);
        return ABORTED;
    };
    let mut walk = Walk { flags, on_error, directories, found: Vec::new() };
    let outcome = walk.braces(pattern);
    if outcome == Ok(()) && walk.found.is_empty() {
        return NOMATCH;
    }
    // What was found before an error is given too.
    // SAFETY: `result` is as this function left it, or empty.
    let stored = unsafe { result.append(&walk.found) };
    outcome.and(stored).err().unwrap_or(0)
}

/// The `glob` of before GLIBC_2.27, which followed no dangling links.
#[export("glob.GLIBC_2.2.5")]
pub unsafe extern "C" fn glob_2_2_5(
    pattern: *const c_char,
    flags: c_int,
    on_error: Option<ErrorFunction>,
    result: *mut Glob,
) -> c_int {
    let follow = |result: &mut Glob| result.lstat = result.stat;
    // SAFETY: the caller's promises are those of `glob`; its `gl_lstat` was unset in those days.
    unsafe {
        if flags & ALTDIRFUNC != 0 {
            follow(&mut *result);
        }
        glob(pattern, flags, on_error, result)
    }
}

/// Frees what `glob` found (POSIX).
#[export]
pub unsafe extern "C" fn globfree(result: *mut Glob) {
    // SAFETY: the caller gives what `glob` filled.
    unsafe {
        if (*result).paths.is_null() {
            return;
        }
        for index in 0..(*result).count {
            free((*(*result).paths.add((*result).offset + index)).cast());
        }
        free((*result).paths.cast());
        (*result).paths = null_mut();
        (*result).count = 0;
    }
}

/// Whether `pattern` has `*`, `?` or `[` that is not escaped (GNU `glob_pattern_p`): 1 or 0.
#[export]
pub unsafe extern "C" fn glob_pattern_p(pattern: *const c_char, quote: c_int) -> c_int {
    // SAFETY: the caller gives a NUL-terminated pattern.
    let pattern = unsafe { CStr::from_ptr(pattern) }.to_bytes();
    let mut bytes = pattern.iter();
    let mut bracket = false;
    while let Some(byte) = bytes.next() {
        match byte {
            b'*' | b'?' => return 1,
            b'\\' if quote != 0 => _ = bytes.next(),
            b'[' => bracket = true,
            b']' if bracket => return 1,
            _ => {}
        }
    }
    0
}
