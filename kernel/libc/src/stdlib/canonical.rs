//! `realpath`: the absolute name of a file without links, `.` and `..`.
#![allow(
    unsafe_op_in_unsafe_fn,
    reason = "each function is one unsafe contract, C's: pointers valid as it says"
)]

use alloc::vec::Vec;
use core::ffi::{CStr, c_char, c_int};
use core::ptr::null_mut;

use kcore::errno::{EACCES, EINVAL, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR, Errno};
use macros::export;

use crate::string::mempcpy;

/// The longest name, with its NUL.
const PATH_MAX: usize = 4096;
/// Links followed at most.
const LINKS: usize = 40;

unsafe extern "C" {
    fn getcwd(to: *mut c_char, n: usize) -> *mut c_char;
    fn readlink(path: *const c_char, to: *mut c_char, n: usize) -> isize;
    fn access(path: *const c_char, mode: c_int) -> c_int;
}

/// What the last of the file functions failed with; in tests those are the host's.
fn last_error() -> c_int {
    #[cfg(kernel)]
    let error = crate::errno::get();
    #[cfg(not(kernel))]
    let error = std::io::Error::last_os_error().raw_os_error().unwrap_or(0);
    error
}

/// Why there is no name; `None`: `errno` says it already.
type Failure = Option<Errno>;

/// Whether the file `name` (without its NUL) is a directory that can be searched.
unsafe fn is_directory(name: &mut Vec<u8>) -> bool {
    let n = name.len();
    name.extend_from_slice(b"/.\0");
    let result = access(name.as_ptr().cast(), 0) == 0;
    name.truncate(n);
    result
}

/// Resolves `path` into `name`, which after a failure says how far that went.
unsafe fn resolve(path: &[u8], name: &mut Vec<u8>) -> Result<(), Failure> {
    let mut buffer = [0u8; PATH_MAX];
    if path.first() != Some(&b'/') {
        if getcwd(buffer.as_mut_ptr().cast(), PATH_MAX).is_null() {
            return Err(None);
        }
        let directory = CStr::from_ptr(buffer.as_ptr().cast()).to_bytes();
        name.extend_from_slice(directory.strip_suffix(b"/").unwrap_or(directory));
    }
    let mut rest = Vec::from(path);
    let mut links = 0;
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'/').unwrap_or(rest.len());
        let part = Vec::from(&rest[..end]);
        // A slash after a name asks for a directory, even if nothing follows it.
        let slash = end < rest.len();
        rest.drain(..(end + 1).min(rest.len()));
        match part.as_slice() {
            b"" | b"." => continue,
            b".." => {
                let parent = name.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
                name.truncate(parent);
                continue;
            }
            part => {
                name.push(b'/');
                name.extend_from_slice(part);
            }
        }
        if name.len() >= PATH_MAX {
            return Err(Some(ENAMETOOLONG));
        }
        name.push(0);
        let n = readlink(name.as_ptr().cast(), buffer.as_mut_ptr().cast(), PATH_MAX);
        name.pop();
        let Ok(n) = usize::try_from(n) else {
            // EINVAL: it exists and is no link.
            if last_error() != EINVAL.number() {
                return Err(None);
            }
            if slash && !is_directory(name) {
                return Err(Some(ENOTDIR));
            }
            continue;
        };
        links += 1;
        if links > LINKS {
            return Err(Some(ELOOP));
        }
        let target = buffer.get(..n).unwrap_or_default();
        let parent = name.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        name.truncate(if target.first() == Some(&b'/') { 0 } else { parent });
        let mut next = Vec::from(target);
        if slash {
            next.push(b'/');
        }
        next.extend_from_slice(&rest);
        if next.len() >= PATH_MAX {
            return Err(Some(ENAMETOOLONG));
        }
        rest = next;
    }
    if name.is_empty() {
        name.push(b'/');
    }
    Ok(())
}

/// POSIX `realpath`: into `to` (4096 bytes), or for a null `to` into memory that the caller frees.
/// Null with EINVAL, ENOENT, ENOTDIR, ELOOP, EACCES, ENAMETOOLONG or ENOMEM.
#[export]
pub unsafe extern "C" fn realpath(path: *const c_char, to: *mut c_char) -> *mut c_char {
    if path.is_null() {
        crate::errno::set(EINVAL);
        return null_mut();
    }
    let path = CStr::from_ptr(path).to_bytes();
    let errno = crate::errno::get();
    let mut name = Vec::new();
    let result = if path.is_empty() { Err(Some(ENOENT)) } else { resolve(path, &mut name) };
    let failed = result.is_err();
    match result {
        Ok(()) => crate::errno::set_number(errno),
        Err(Some(failure)) => _ = crate::errno::set(failure),
        Err(None) => {}
    }
    if to.is_null() {
        return if failed {
            null_mut()
        } else {
            crate::string::copy::duplicate(name.as_ptr().cast(), name.len())
        };
    }
    // As glibc does: how far it came, where a part of the path is missing.
    if !failed
        || !path.is_empty()
            && matches!(last_error(), error if error == ENOENT.number() || error == EACCES.number())
    {
        *mempcpy(to.cast(), name.as_ptr().cast(), name.len()).cast::<u8>() = 0;
    }
    if failed { null_mut() } else { to }
}

/// `realpath` before glibc 2.3: refuses a null buffer.
#[export("realpath.GLIBC_2.2.5")]
pub unsafe extern "C" fn realpath_2_2_5(path: *const c_char, to: *mut c_char) -> *mut c_char {
    if to.is_null() {
        crate::errno::set(EINVAL);
        return null_mut();
    }
    realpath(path, to)
}

/// GNU `canonicalize_file_name`: `realpath` into memory that the caller frees.
#[export]
pub unsafe extern "C" fn canonicalize_file_name(path: *const c_char) -> *mut c_char {
    realpath(path, null_mut())
}

/// Checked `realpath`: a buffer shorter than the longest name is refused.
#[export]
pub unsafe extern "C" fn __realpath_chk(path: *const c_char, to: *mut c_char, size: usize) -> *mut c_char {
    crate::string::checked::fits(PATH_MAX, size);
    realpath(path, to)
}
