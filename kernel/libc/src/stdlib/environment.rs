//! The environment: `environ`, an array of `NAME=value` that ends with a null.
//!
//! Strings that `setenv` makes are never freed, because the application may hold their addresses.
#![allow(
    unsafe_op_in_unsafe_fn,
    reason = "each function is one unsafe contract, C's: pointers valid as it says"
)]

use core::ffi::{c_char, c_int};
use core::ptr::null_mut;

use kcore::errno::EINVAL;
use kcore::sync::Mutex;
use macros::export;

use crate::malloc::cells;
use crate::string::{memcmp, mempcpy, strchrnul, strlen};

pub use kcore::process::environ;

/// The array that this module allocated last.
struct Owned {
    address: usize,
    /// How many entries it has room for.
    room: usize,
}

/// Held by whoever changes the environment. As in glibc, reading does not wait for it.
static OWNED: Mutex<Owned> = Mutex::new(Owned { address: 0, room: 0 });

/// Whether an entry is of the variable `name`.
unsafe fn is_of(entry: *const c_char, name: &[u8]) -> bool {
    crate::string::strncmp(entry, name.as_ptr().cast(), name.len()) == 0
        && *entry.add(name.len()) == b'=' as c_char
}

/// The index of the entry of a variable, or of the null that ends the array.
unsafe fn position(array: *mut *mut c_char, name: &[u8]) -> usize {
    let mut i = 0;
    while !array.is_null() && !(*array.add(i)).is_null() && !is_of(*array.add(i), name) {
        i += 1;
    }
    i
}

/// The value of a variable as a slice.
pub(crate) fn value<'a>(name: &[u8]) -> Option<&'a [u8]> {
    // SAFETY: the environment is an array of C strings.
    unsafe { find(name).map(|value| core::ffi::CStr::from_ptr(value).to_bytes()) }
}

/// The value of a variable.
pub(crate) unsafe fn find(name: &[u8]) -> Option<*mut c_char> {
    let array = *environ.get();
    if array.is_null() || name.is_empty() {
        return None;
    }
    let entry = *array.add(position(array, name));
    (!entry.is_null()).then(|| entry.add(name.len() + 1))
}

/// The name in a C string, up to an equals sign.
unsafe fn name_of<'a>(text: *const c_char) -> &'a [u8] {
    let end = strchrnul(text, c_int::from(b'='));
    core::slice::from_raw_parts(text.cast(), end as usize - text as usize)
}

/// C `getenv`: null if the variable is not set.
#[export]
pub unsafe extern "C" fn getenv(name: *const c_char) -> *mut c_char {
    let name = core::slice::from_raw_parts(name.cast(), strlen(name));
    find(name).unwrap_or(null_mut())
}

/// GNU `secure_getenv`: nothing here runs with more rights than its caller.
#[export]
pub unsafe extern "C" fn secure_getenv(name: *const c_char) -> *mut c_char {
    getenv(name)
}

/// Makes `entry` the variable's; 0, or −1 with ENOMEM.
unsafe fn put(name: &[u8], entry: *mut c_char) -> c_int {
    let mut owned = OWNED.lock();
    let array = *environ.get();
    let at = position(array, name);
    if !array.is_null() && !(*array.add(at)).is_null() {
        *array.add(at) = entry;
        return 0;
    }
    let is_ours = !array.is_null() && array as usize == owned.address;
    let mut to = array;
    if !is_ours || at + 2 > owned.room {
        let room = (at + 2).next_power_of_two().max(16);
        let old = if is_ours { array } else { null_mut() };
        to = cells::realloc(old.cast(), room * size_of::<*mut c_char>()).cast();
        if to.is_null() {
            return -1;
        }
        if !is_ours && !array.is_null() {
            mempcpy(to.cast(), array.cast(), at * size_of::<*mut c_char>());
        }
        *owned = Owned { address: to as usize, room };
    }
    *to.add(at) = entry;
    *to.add(at + 1) = null_mut();
    *environ.get() = to;
    0
}

/// POSIX `setenv`. −1 with EINVAL (no name, or an equals sign in it) or ENOMEM.
#[export]
pub unsafe extern "C" fn setenv(name: *const c_char, value: *const c_char, replace: c_int) -> c_int {
    if name.is_null() || *name == 0 || *strchrnul(name, c_int::from(b'=')) != 0 {
        return crate::errno::set(EINVAL);
    }
    let name = name_of(name);
    if let Some(old) = find(name) {
        if replace == 0 {
            return 0;
        }
        let n = strlen(value) + 1;
        if n == strlen(old) + 1 && memcmp(old.cast(), value.cast(), n) == 0 {
            return 0;
        }
    }
    let length = strlen(value);
    let entry = cells::malloc(name.len() + length + 2).cast::<c_char>();
    if entry.is_null() {
        return -1;
    }
    let equals = mempcpy(entry.cast(), name.as_ptr().cast(), name.len()).cast::<c_char>();
    *equals = b'=' as c_char;
    mempcpy(equals.add(1).cast(), value.cast(), length + 1);
    put(name, entry)
}

/// POSIX `putenv`: the string itself becomes part of the environment; without an equals sign the
/// variable is removed, as in glibc.
#[export]
pub unsafe extern "C" fn putenv(entry: *mut c_char) -> c_int {
    let name = name_of(entry);
    if *entry.add(name.len()) == 0 {
        remove(name);
        return 0;
    }
    put(name, entry)
}

unsafe fn remove(name: &[u8]) {
    let _owned = OWNED.lock();
    let array = *environ.get();
    if array.is_null() {
        return;
    }
    let mut at = position(array, name);
    while !(*array.add(at)).is_null() {
        let mut i = at;
        while !(*array.add(i)).is_null() {
            *array.add(i) = *array.add(i + 1);
            i += 1;
        }
        at = position(array, name);
    }
}

/// POSIX `unsetenv`. −1 with EINVAL for what cannot be a name.
#[export]
pub unsafe extern "C" fn unsetenv(name: *const c_char) -> c_int {
    if name.is_null() || *name == 0 || *strchrnul(name, c_int::from(b'=')) != 0 {
        return crate::errno::set(EINVAL);
    }
    remove(name_of(name));
    0
}

/// GNU `clearenv`.
#[export]
pub unsafe extern "C" fn clearenv() -> c_int {
    *environ.get() = null_mut();
    0
}
