//! `argz.h` and `envz.h`: vectors of strings in one piece of memory, each ended by a NUL (GNU).

use core::ffi::{CStr, c_char, c_int, c_uint};
use core::ptr::null_mut;

use kcore::errno::{EINVAL, ENOMEM};
use macros::export;

use crate::malloc::cells::{free, malloc, realloc};

/// A vector: its start and its length, as callers keep them.
unsafe fn whole<'a>(vector: *const c_char, length: usize) -> &'a [u8] {
    if length == 0 {
        return &[];
    }
    // SAFETY: the caller gives a vector of that length.
    unsafe { core::slice::from_raw_parts(vector.cast(), length) }
}

/// Makes `bytes` the vector; 0 or `ENOMEM`.
unsafe fn replace(vector: *mut *mut c_char, length: *mut usize, bytes: &[u8]) -> c_int {
    // SAFETY: the caller gives a vector of these functions; `bytes` is not part of it.
    unsafe {
        let memory = if bytes.is_empty() { null_mut() } else { malloc(bytes.len()).cast::<u8>() };
        if memory.is_null() && !bytes.is_empty() {
            return ENOMEM.number();
        }
        core::ptr::copy_nonoverlapping(bytes.as_ptr(), memory, bytes.len());
        free((*vector).cast());
        vector.write(memory.cast());
        length.write(bytes.len());
    }
    0
}

/// Makes a vector of a null-terminated array of strings.
#[export]
pub unsafe extern "C" fn argz_create(
    strings: *const *const c_char,
    vector: *mut *mut c_char,
    length: *mut usize,
) -> c_int {
    // SAFETY: the caller gives such an array, and places for the vector.
    unsafe {
        vector.write(null_mut());
        length.write(0);
        let mut at = strings;
        while !(*at).is_null() {
            let error = argz_add(vector, length, *at);
            if error != 0 {
                return error;
            }
            at = at.add(1);
        }
    }
    0
}

/// Makes a vector of the parts of `string` between `separator`s.
#[export]
pub unsafe extern "C" fn argz_create_sep(
    string: *const c_char,
    separator: c_int,
    vector: *mut *mut c_char,
    length: *mut usize,
) -> c_int {
    // SAFETY: the caller gives a string and places for the vector.
    unsafe {
        vector.write(null_mut());
        length.write(0);
        argz_add_sep(vector, length, string, separator)
    }
}

/// The strings in a vector.
#[export]
pub unsafe extern "C" fn argz_count(vector: *const c_char, length: usize) -> usize {
    // SAFETY: the caller gives a vector.
    unsafe { whole(vector, length) }.iter().filter(|&&byte| byte == 0).count()
}

/// Fills an array, which has room, with the strings and a null.
#[export]
pub unsafe extern "C" fn argz_extract(vector: *const c_char, length: usize, strings: *mut *mut c_char) {
    // SAFETY: the caller gives a vector and the room.
    unsafe {
        let mut place = strings;
        let mut at = 0;
        for part in whole(vector, length).split_inclusive(|&byte| byte == 0) {
            place.write(vector.add(at).cast_mut());
            place = place.add(1);
            at += part.len();
        }
        place.write(null_mut());
    }
}

/// Joins the strings by turning the NULs between them into `separator`.
#[export]
pub unsafe extern "C" fn argz_stringify(vector: *mut c_char, length: usize, separator: c_int) {
    for at in 0..length.saturating_sub(1) {
        // SAFETY: the caller gives a vector of that length.
        unsafe {
            if *vector.add(at) == 0 {
                vector.add(at).write(separator as c_char);
            }
        }
    }
}

/// Appends `size` bytes.
#[export]
pub unsafe extern "C" fn argz_append(
    vector: *mut *mut c_char,
    length: *mut usize,
    bytes: *const c_char,
    size: usize,
) -> c_int {
    // SAFETY: the caller gives a vector and the bytes.
    unsafe {
        let memory = realloc((*vector).cast(), *length + size).cast::<c_char>();
        if memory.is_null() {
            return if *length + size == 0 { 0 } else { ENOMEM.number() };
        }
        core::ptr::copy_nonoverlapping(bytes, memory.add(*length), size);
        vector.write(memory);
        *length += size;
    }
    0
}

/// Appends a string.
#[export]
pub unsafe extern "C" fn argz_add(
    vector: *mut *mut c_char,
    length: *mut usize,
    string: *const c_char,
) -> c_int {
    // SAFETY: the caller gives a vector and a string.
    unsafe { argz_append(vector, length, string, CStr::from_ptr(string).count_bytes() + 1) }
}

/// Appends the parts of `string` between `separator`s; empty ones are left out, but for one that ends it.
#[export]
pub unsafe extern "C" fn argz_add_sep(
    vector: *mut *mut c_char,
    length: *mut usize,
    string: *const c_char,
    separator: c_int,
) -> c_int {
    // SAFETY: the caller gives a vector and a string.
    unsafe {
        let mut parts = alloc::vec::Vec::new();
        let text = CStr::from_ptr(string).to_bytes();
        if text.is_empty() {
            return 0;
        }
        for &byte in text {
            if c_int::from(byte) != separator & 0xff {
                parts.push(byte);
            } else if parts.last().is_some_and(|&last| last != 0) {
                parts.push(0);
            }
        }
        parts.push(0);
        argz_append(vector, length, parts.as_ptr().cast(), parts.len())
    }
}

/// Removes the string that starts at `entry`.
#[export]
pub unsafe extern "C" fn argz_delete(vector: *mut *mut c_char, length: *mut usize, entry: *mut c_char) {
    if entry.is_null() {
        return;
    }
    // SAFETY: the caller gives a vector and an entry of it.
    unsafe {
        let size = CStr::from_ptr(entry).count_bytes() + 1;
        let after = (*vector).add(*length).offset_from(entry.add(size)) as usize;
        core::ptr::copy(entry.add(size), entry, after);
        *length -= size;
        if *length == 0 {
            free((*vector).cast());
            vector.write(null_mut());
        }
    }
}

/// Inserts a string before `before`, which is an entry, or null for the end.
#[export]
pub unsafe extern "C" fn argz_insert(
    vector: *mut *mut c_char,
    length: *mut usize,
    before: *mut c_char,
    string: *const c_char,
) -> c_int {
    if before.is_null() {
        // SAFETY: the caller gives a vector and a string.
        return unsafe { argz_add(vector, length, string) };
    }
    // SAFETY: the caller gives a vector, an entry of it, and a string.
    unsafe {
        let bytes = whole(*vector, *length);
        let inside = before.offset_from(*vector);
        let Some(mut at) = usize::try_from(inside).ok().filter(|at| *at < bytes.len()) else {
            return EINVAL.number();
        };
        while at > 0 && bytes[at - 1] != 0 {
            at -= 1;
        }
        let new = [&bytes[..at], CStr::from_ptr(string).to_bytes_with_nul(), &bytes[at..]].concat();
        replace(vector, length, &new)
    }
}

/// The entry after `entry`; the first for null, null after the last.
#[export]
pub unsafe extern "C" fn argz_next(
    vector: *const c_char,
    length: usize,
    entry: *const c_char,
) -> *mut c_char {
    // SAFETY: the caller gives a vector and an entry of it.
    unsafe {
        let next = if entry.is_null() { vector } else { entry.add(CStr::from_ptr(entry).count_bytes() + 1) };
        if length > 0 && next < vector.add(length) { next.cast_mut() } else { null_mut() }
    }
}

/// Replaces `string` by `with` in all entries; adds the replacements to `*count` unless null.
#[export]
pub unsafe extern "C" fn argz_replace(
    vector: *mut *mut c_char,
    length: *mut usize,
    string: *const c_char,
    with: *const c_char,
    count: *mut c_uint,
) -> c_int {
    // SAFETY: the caller gives a vector and two strings.
    unsafe {
        let (wanted, with) = (CStr::from_ptr(string).to_bytes(), CStr::from_ptr(with).to_bytes());
        let bytes = whole(*vector, *length);
        let mut new = alloc::vec::Vec::new();
        let mut replaced = 0;
        let mut at = 0;
        while at < bytes.len() {
            if !wanted.is_empty() && bytes[at..].starts_with(wanted) {
                new.extend_from_slice(with);
                at += wanted.len();
                replaced += 1;
            } else {
                new.push(bytes[at]);
                at += 1;
            }
        }
        if replaced == 0 {
            return 0;
        }
        if !count.is_null() {
            *count += replaced;
        }
        replace(vector, length, &new)
    }
}

/// The entry named `name` (`name` or `name=value`); null if there is none.
#[export]
pub unsafe extern "C" fn envz_entry(
    vector: *const c_char,
    length: usize,
    name: *const c_char,
) -> *mut c_char {
    // SAFETY: the caller gives a vector and a string, which may go on with `=value`.
    unsafe {
        let name = CStr::from_ptr(name).to_bytes().split(|&byte| byte == b'=').next().unwrap_or_default();
        let mut at = 0;
        for part in whole(vector, length).split_inclusive(|&byte| byte == 0) {
            if part.starts_with(name) && matches!(part.get(name.len()), Some(0 | b'=')) {
                return vector.add(at).cast_mut();
            }
            at += part.len();
        }
    }
    null_mut()
}

/// The value of `name`; null if it has none.
#[export]
pub unsafe extern "C" fn envz_get(vector: *const c_char, length: usize, name: *const c_char) -> *mut c_char {
    // SAFETY: the caller gives a vector and a string.
    unsafe {
        let entry = envz_entry(vector, length, name);
        if entry.is_null() {
            return null_mut();
        }
        let equals = CStr::from_ptr(entry).to_bytes().iter().position(|&byte| byte == b'=');
        equals.map_or(null_mut(), |at| entry.add(at + 1))
    }
}

/// Removes `name`.
#[export]
pub unsafe extern "C" fn envz_remove(vector: *mut *mut c_char, length: *mut usize, name: *const c_char) {
    // SAFETY: the caller gives a vector and a string.
    unsafe { argz_delete(vector, length, envz_entry(*vector, *length, name)) }
}

/// Sets `name` to `value`; to no value if null.
#[export]
pub unsafe extern "C" fn envz_add(
    vector: *mut *mut c_char,
    length: *mut usize,
    name: *const c_char,
    value: *const c_char,
) -> c_int {
    // SAFETY: the caller gives a vector and strings.
    unsafe {
        envz_remove(vector, length, name);
        if value.is_null() {
            return argz_add(vector, length, name);
        }
        let entry =
            [CStr::from_ptr(name).to_bytes(), b"=", CStr::from_ptr(value).to_bytes_with_nul()].concat();
        argz_append(vector, length, entry.as_ptr().cast(), entry.len())
    }
}

/// Adds the entries of a second vector; those that are there are replaced if `replace` is not 0.
#[export]
pub unsafe extern "C" fn envz_merge(
    vector: *mut *mut c_char,
    length: *mut usize,
    second: *const c_char,
    second_length: usize,
    replace: c_int,
) -> c_int {
    // SAFETY: the caller gives two vectors.
    unsafe {
        for part in whole(second, second_length).split_inclusive(|&byte| byte == 0) {
            let entry = part.as_ptr().cast();
            if !envz_entry(*vector, *length, entry).is_null() {
                if replace == 0 {
                    continue;
                }
                envz_remove(vector, length, entry);
            }
            let error = argz_append(vector, length, entry, part.len());
            if error != 0 {
                return error;
            }
        }
    }
    0
}

/// Removes the entries that have no value.
#[export]
pub unsafe extern "C" fn envz_strip(vector: *mut *mut c_char, length: *mut usize) {
    // SAFETY: the caller gives a vector.
    unsafe {
        let mut entry = argz_next(*vector, *length, null_mut());
        while !entry.is_null() {
            let next = argz_next(*vector, *length, entry);
            if CStr::from_ptr(entry).to_bytes().contains(&b'=') {
                entry = next;
            } else {
                let place = entry.offset_from(*vector) as usize;
                argz_delete(vector, length, entry);
                entry = if place < *length { (*vector).add(place) } else { null_mut() };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_grow_and_shrink() {
        let (mut vector, mut length) = (null_mut(), 0);
        // SAFETY: one vector, and NUL-terminated strings.
        unsafe {
            let bytes = |vector: *mut c_char, length| whole(vector, length).to_vec();
            assert_eq!(
                argz_create_sep(c"a:bc::d".as_ptr(), b':'.into(), &raw mut vector, &raw mut length),
                0
            );
            assert_eq!(bytes(vector, length), b"a\0bc\0d\0");
            assert_eq!(argz_count(vector, length), 3);
            let second = argz_next(vector, length, vector);
            assert_eq!(argz_insert(&raw mut vector, &raw mut length, second, c"x".as_ptr()), 0);
            assert_eq!(bytes(vector, length), b"a\0x\0bc\0d\0");
            let mut count = 0;
            argz_replace(&raw mut vector, &raw mut length, c"bc".as_ptr(), c"yyy".as_ptr(), &raw mut count);
            assert_eq!((bytes(vector, length), count), (b"a\0x\0yyy\0d\0".to_vec(), 1));
            argz_delete(&raw mut vector, &raw mut length, vector);
            argz_stringify(vector, length, b','.into());
            assert_eq!(bytes(vector, length), b"x,yyy,d\0");
            free(vector.cast());
        }
    }

    #[test]
    fn environments_are_looked_up() {
        let (mut vector, mut length) = (null_mut(), 0);
        // SAFETY: one vector, and NUL-terminated strings.
        unsafe {
            envz_add(&raw mut vector, &raw mut length, c"A".as_ptr(), c"1".as_ptr());
            envz_add(&raw mut vector, &raw mut length, c"B".as_ptr(), null_mut());
            envz_add(&raw mut vector, &raw mut length, c"A".as_ptr(), c"22".as_ptr());
            assert_eq!(whole(vector, length), b"B\0A=22\0");
            assert_eq!(CStr::from_ptr(envz_get(vector, length, c"A".as_ptr())), c"22");
            assert!(envz_get(vector, length, c"B".as_ptr()).is_null());
            envz_strip(&raw mut vector, &raw mut length);
            assert_eq!(whole(vector, length), b"A=22\0");
            free(vector.cast());
        }
    }
}
