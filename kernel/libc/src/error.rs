//! `<error.h>`, the program's name, and messages on standard error that need no stream.

use crate::stdio::arguments::{VaList, list};
use core::ffi::{CStr, c_char, c_int, c_uint};
use core::ptr::null_mut;
use kcore::export::Exported;
use macros::export;

/// The name the program was called by. Aliases: `__progname_full`.
#[export]
pub static program_invocation_name: Exported<*mut c_char> = Exported::new(null_mut());
/// Its part after the last slash. Aliases: `__progname`.
#[export]
pub static program_invocation_short_name: Exported<*mut c_char> = Exported::new(null_mut());

/// Sets the program's names at its start.
///
/// # Safety
/// `name` is null or a string that stays; no other thread exists.
pub unsafe fn name_program(name: *mut c_char) {
    // SAFETY: the caller's.
    unsafe {
        let slash = text(name).iter().rposition(|&byte| byte == b'/');
        *program_invocation_name.get() = name;
        *program_invocation_short_name.get() = slash.map_or(name, |slash| name.add(slash + 1));
    }
}

/// The bytes of a C string; none for null.
///
/// # Safety
/// `string` is null or NUL-terminated, and lives as long as the result is used.
#[must_use]
pub unsafe fn text<'a>(string: *const c_char) -> &'a [u8] {
    if string.is_null() {
        return b"";
    }
    // SAFETY: the caller's.
    unsafe { CStr::from_ptr(string) }.to_bytes()
}

/// The decimal digits of a number, in `digits`.
#[must_use]
pub fn decimal(number: c_uint, digits: &mut [u8; 20]) -> &[u8] {
    kcore::console::decimal(u64::from(number), digits)
}

/// What the program is called in messages.
#[must_use]
pub fn short_name() -> &'static [u8] {
    let path = kcore::process::arguments().first().map_or(&b""[..], |path| path);
    path.rsplit(|&byte| byte == b'/').next().unwrap_or(path)
}

/// The text of an error number.
#[must_use]
pub fn error_text(error: c_int) -> &'static [u8] {
    // SAFETY: `strerror` returns a string that stays.
    unsafe { text(crate::string::strerror(error)) }
}

/// Writes parts to descriptor 2, without a stream; what cannot be written is lost.
pub fn to_stderr(parts: &[&[u8]]) {
    if let Ok(file) = kcore::vfs::fd::get(2) {
        let _ = file.write(&parts.concat());
    }
}

/// `error_print_progname`: prints the program's name in its own way, if set.
#[export]
pub static error_print_progname: Exported<Option<extern "C" fn()>> = Exported::new(None);
/// How often `error` and `error_at_line` printed a message.
#[export]
pub static error_message_count: Exported<c_uint> = Exported::new(0);
/// Whether `error_at_line` prints one message a line of input only.
#[export]
pub static error_one_per_line: Exported<c_int> = Exported::new(0);

/// `PROGRAM: MESSAGE: ERROR` on standard error; exits if `status` is not 0.
#[export]
pub unsafe extern "C-unwind" fn error(
    status: c_int,
    number: c_int,
    format: *const c_char,
    mut arguments: ...
) {
    // SAFETY: the caller's contract.
    unsafe { report(status, number, null_mut(), 0, format, list!(arguments)) }
}

/// `PROGRAM:FILE:LINE: MESSAGE: ERROR` on standard error; exits if `status` is not 0.
#[export]
pub unsafe extern "C-unwind" fn error_at_line(
    status: c_int,
    number: c_int,
    file: *const c_char,
    line: c_uint,
    format: *const c_char,
    mut arguments: ...
) {
    // SAFETY: the caller's contract.
    unsafe {
        if *error_one_per_line.get() != 0 {
            static LAST: kcore::sync::SpinLock<(usize, c_uint)> = kcore::sync::SpinLock::new((0, 0));
            let mut last = LAST.lock();
            if *last == (file.addr(), line) {
                return;
            }
            *last = (file.addr(), line);
        }
        report(status, number, file, line, format, list!(arguments));
    }
}

unsafe extern "C-unwind" fn report(
    status: c_int,
    number: c_int,
    file: *const c_char,
    line: c_uint,
    format: *const c_char,
    arguments: *mut VaList,
) {
    // SAFETY: the callers' contract.
    unsafe {
        let error = crate::stdio::file::standard_error();
        crate::stdio::write::fflush(crate::stdio::file::standard_output());
        match *error_print_progname.get() {
            Some(print) => print(),
            None if file.is_null() => put(&[text(*program_invocation_name.get()), b": "]),
            None => put(&[text(*program_invocation_name.get()), b":"]),
        }
        if !file.is_null() {
            let mut digits = [0; 20];
            put(&[text(file), b":", decimal(line, &mut digits), b": "]);
        }
        crate::stdio::printf::output::vfprintf(error, format, arguments);
        *error_message_count.get() += 1;
        if number != 0 {
            put(&[b": ", error_text(number)]);
        }
        put(&[b"\n"]);
        crate::stdio::write::fflush(error);
    }
    if status != 0 {
        crate::start::exit(status);
    }
}

/// Writes parts to the stream `stderr`.
pub(crate) fn put(parts: &[&[u8]]) {
    for part in parts {
        // SAFETY: the part is readable.
        unsafe {
            crate::stdio::write::fwrite(
                part.as_ptr().cast(),
                1,
                part.len(),
                crate::stdio::file::standard_error(),
            )
        };
    }
}
