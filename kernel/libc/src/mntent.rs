//! `mntent.h`: tables of mounted file systems as text. Reads and writes any such file through stdio.

use core::ffi::{CStr, c_char, c_int, c_void};

use macros::export;

/// `struct mntent`.
#[repr(C)]
#[allow(missing_docs, reason = "the fields are named in getmntent(3)")]
pub struct mntent {
    pub mnt_fsname: *mut c_char,
    pub mnt_dir: *mut c_char,
    pub mnt_type: *mut c_char,
    pub mnt_opts: *mut c_char,
    pub mnt_freq: c_int,
    pub mnt_passno: c_int,
}

unsafe extern "C" {
    fn fopen(name: *const c_char, mode: *const c_char) -> *mut c_void;
    fn fclose(stream: *mut c_void) -> c_int;
    fn fgets(line: *mut c_char, size: c_int, stream: *mut c_void) -> *mut c_char;
    fn fputs(text: *const c_char, stream: *mut c_void) -> c_int;
    fn fputc(byte: c_int, stream: *mut c_void) -> c_int;
}

/// Opens a table.
#[export]
pub unsafe extern "C" fn setmntent(name: *const c_char, mode: *const c_char) -> *mut c_void {
    // SAFETY: the caller's strings.
    unsafe { fopen(name, mode) }
}

/// Closes a table; always 1.
#[export]
pub unsafe extern "C" fn endmntent(stream: *mut c_void) -> c_int {
    if !stream.is_null() {
        // SAFETY: the caller's stream.
        unsafe { fclose(stream) };
    }
    1
}

/// Cuts the next field off, in which `\040` and its like stand for bytes.
unsafe fn field(at: &mut *mut u8) -> *mut c_char {
    // SAFETY: the line is a C string, and what is written is not longer than what was read.
    unsafe {
        while matches!(**at, b' ' | b'\t') {
            *at = at.add(1);
        }
        let start = *at;
        let mut to = start;
        loop {
            let byte = **at;
            if matches!(byte, 0 | b' ' | b'\t' | b'\n') {
                if byte != 0 {
                    *at = at.add(1);
                }
                to.write(0);
                return start.cast();
            }
            let mut value = byte;
            if byte == b'\\' && (1..4).all(|digit| matches!(*at.add(digit), b'0'..=b'7')) {
                value = (1..4).fold(0u8, |value, digit| value << 3 | (*at.add(digit) - b'0'));
                *at = at.add(3);
            }
            to.write(value);
            to = to.add(1);
            *at = at.add(1);
        }
    }
}

unsafe fn digits(text: *const c_char) -> c_int {
    // SAFETY: a field is a C string.
    let bytes = unsafe { CStr::from_ptr(text) }.to_bytes();
    bytes
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .fold(0i32, |value, byte| value.saturating_mul(10).saturating_add(i32::from(byte - b'0')))
}

/// The next line of a table, in a structure and a buffer of the caller's; null at the end.
#[export]
pub unsafe extern "C" fn getmntent_r(
    stream: *mut c_void,
    entry: *mut mntent,
    buffer: *mut c_char,
    size: c_int,
) -> *mut mntent {
    // SAFETY: the caller's stream, structure and buffer.
    unsafe {
        loop {
            if fgets(buffer, size, stream).is_null() {
                return core::ptr::null_mut();
            }
            let mut at = buffer.cast::<u8>();
            while matches!(*at, b' ' | b'\t') {
                at = at.add(1);
            }
            if matches!(*at, 0 | b'\n' | b'#') {
                continue;
            }
            *entry = mntent {
                mnt_fsname: field(&mut at),
                mnt_dir: field(&mut at),
                mnt_type: field(&mut at),
                mnt_opts: field(&mut at),
                mnt_freq: 0,
                mnt_passno: 0,
            };
            (*entry).mnt_freq = digits(field(&mut at));
            (*entry).mnt_passno = digits(field(&mut at));
            return entry;
        }
    }
}

struct Shared(core::cell::UnsafeCell<(mntent, [c_char; 1024])>);
// SAFETY: `getmntent` is not safe to call from several threads, and says so.
unsafe impl Sync for Shared {}

static SHARED: Shared = Shared(core::cell::UnsafeCell::new((
    mntent {
        mnt_fsname: core::ptr::null_mut(),
        mnt_dir: core::ptr::null_mut(),
        mnt_type: core::ptr::null_mut(),
        mnt_opts: core::ptr::null_mut(),
        mnt_freq: 0,
        mnt_passno: 0,
    },
    [0; 1024],
)));

/// The next line of a table, valid until the next call; null at the end.
#[export]
pub unsafe extern "C" fn getmntent(stream: *mut c_void) -> *mut mntent {
    let shared = SHARED.0.get();
    // SAFETY: the one user at a time that the interface allows.
    unsafe { getmntent_r(stream, &raw mut (*shared).0, (&raw mut (*shared).1).cast(), 1024) }
}

/// Adds a line to a table; 1 if it could not be written.
#[export]
pub unsafe extern "C" fn addmntent(stream: *mut c_void, entry: *const mntent) -> c_int {
    let mut failed = false;
    // SAFETY: the caller's stream and structure.
    unsafe {
        let entry = &*entry;
        for text in [entry.mnt_fsname, entry.mnt_dir, entry.mnt_type, entry.mnt_opts] {
            for &byte in CStr::from_ptr(text).to_bytes() {
                if matches!(byte, b' ' | b'\t' | b'\n' | b'\\') {
                    for part in [b'\\', b'0' + (byte >> 6), b'0' + (byte >> 3 & 7), b'0' + (byte & 7)] {
                        failed |= fputc(part.into(), stream) < 0;
                    }
                } else {
                    failed |= fputc(byte.into(), stream) < 0;
                }
            }
            failed |= fputc(b' '.into(), stream) < 0;
        }
        for (number, end) in [(entry.mnt_freq, c" "), (entry.mnt_passno, c"\n")] {
            let mut digits = [0; 20];
            for &digit in kcore::console::decimal(number.max(0) as u64, &mut digits) {
                failed |= fputc(digit.into(), stream) < 0;
            }
            failed |= fputs(end.as_ptr(), stream) < 0;
        }
    }
    c_int::from(failed)
}

/// The option `option` in the entry's list, or null.
#[export]
pub unsafe extern "C" fn hasmntopt(entry: *const mntent, option: *const c_char) -> *mut c_char {
    // SAFETY: the caller's structure and string.
    unsafe {
        let list = (*entry).mnt_opts;
        let (bytes, wanted) = (CStr::from_ptr(list).to_bytes(), CStr::from_ptr(option).to_bytes());
        let mut start = 0;
        for part in bytes.split(|&byte| byte == b',') {
            let name = part.split(|&byte| byte == b'=').next().unwrap_or_default();
            if name == wanted || part == wanted {
                return list.add(start);
            }
            start += part.len() + 1;
        }
        core::ptr::null_mut()
    }
}
