//! `libgen.h`: `dirname` and the POSIX `basename`; and GNU's `basename` of `string.h`.

use core::ffi::{CStr, c_char};

use macros::export;

const DOT: &CStr = c".";
const SLASHES: [&CStr; 3] = [c".", c"/", c"//"];

/// The length of `path` without the slashes at its end.
fn trimmed(path: &[u8]) -> usize {
    path.iter().rposition(|&byte| byte != b'/').map_or(0, |last| last + 1)
}

/// What is before the last component of `path`, which is cut there (POSIX).
#[export]
pub unsafe extern "C" fn dirname(path: *mut c_char) -> *mut c_char {
    if path.is_null() {
        return DOT.as_ptr().cast_mut();
    }
    // SAFETY: the caller gives NUL-terminated text.
    let text = unsafe { CStr::from_ptr(path) }.to_bytes();
    let without_component = &text[..trimmed(text)];
    let Some(slash) = without_component.iter().rposition(|&byte| byte == b'/') else {
        // No slash before a component: the root if there are slashes alone, else the working directory.
        let root = without_component.is_empty() && !text.is_empty();
        return root_or_dot(path, text, root);
    };
    let end = trimmed(&text[..slash]);
    if end == 0 {
        return root_or_dot(path, text, true);
    }
    // SAFETY: `end` is inside the caller's text.
    unsafe { path.add(end).write(0) };
    path
}

/// `/` (or `//`, which POSIX leaves to the system and Linux keeps), or `.`.
fn root_or_dot(path: *mut c_char, text: &[u8], root: bool) -> *mut c_char {
    if !root {
        return DOT.as_ptr().cast_mut();
    }
    let slashes = text.iter().take_while(|&&byte| byte == b'/').count();
    let keep = if slashes == 2 { 2 } else { 1 };
    // SAFETY: `keep` is at most the number of slashes the text begins with.
    unsafe { path.add(keep).write(0) };
    path
}

/// The last component of `path`, whose trailing slashes are cut (POSIX).
#[export("__xpg_basename")]
pub unsafe extern "C" fn xpg_basename(path: *mut c_char) -> *mut c_char {
    if path.is_null() {
        return DOT.as_ptr().cast_mut();
    }
    // SAFETY: the caller gives NUL-terminated text.
    let text = unsafe { CStr::from_ptr(path) }.to_bytes();
    let end = trimmed(text);
    if end == 0 {
        return SLASHES[usize::from(!text.is_empty())].as_ptr().cast_mut();
    }
    let start = text[..end].iter().rposition(|&byte| byte == b'/').map_or(0, |slash| slash + 1);
    // SAFETY: both offsets are inside the caller's text.
    unsafe {
        if end < text.len() {
            path.add(end).write(0);
        }
        path.add(start)
    }
}

/// What is after the last slash of `path`, which is not changed (GNU).
#[export]
pub unsafe extern "C" fn basename(path: *const c_char) -> *mut c_char {
    // SAFETY: the caller gives NUL-terminated text; the offset is inside it.
    unsafe {
        let text = CStr::from_ptr(path).to_bytes();
        let start = text.iter().rposition(|&byte| byte == b'/').map_or(0, |slash| slash + 1);
        path.add(start).cast_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CString;

    mod host {
        use super::*;

        unsafe extern "C" {
            pub fn dirname(path: *mut c_char) -> *mut c_char;
            pub fn __xpg_basename(path: *mut c_char) -> *mut c_char;
        }
    }

    #[test]
    fn both_agree_with_the_host() {
        type Function = unsafe extern "C" fn(*mut c_char) -> *mut c_char;
        let run = |function: Function, path: &str| {
            let copy = CString::new(path).unwrap().into_raw();
            // SAFETY: the copy is writable and NUL-terminated; the answer is copied before it goes.
            unsafe {
                let answer = CStr::from_ptr(function(copy)).to_owned();
                drop(CString::from_raw(copy));
                answer
            }
        };
        let paths = [
            "", "/", "//", "///", "a", "a/", "/a", "/a/", "a/b", "a/b/", "a//b", "/a//b//", "//a", "///a",
            "//a/b", ".", "..", "a/.",
        ];
        for path in paths {
            assert_eq!(run(dirname, path), run(host::dirname, path), "dirname {path:?}");
            assert_eq!(run(xpg_basename, path), run(host::__xpg_basename, path), "basename {path:?}");
        }
    }
}
