//! `syslog.h`: messages for the system's log, which for a unikernel is its console, by way of
//! standard error. A line is `ident[pid]: message`.

use alloc::vec::Vec;
use core::ffi::{CStr, c_char, c_int};

use kcore::sync::Mutex;
use macros::export;

use crate::stdio::arguments::{VaList, list};

const LOG_PID: c_int = 1;

struct Log {
    ident: Option<Vec<u8>>,
    options: c_int,
    /// Bit n set: messages of priority n are written.
    mask: c_int,
}

static LOG: Mutex<Log> = Mutex::new(Log { ident: None, options: 0, mask: 0xff });

/// Sets what each line begins with, and the options; `_facility` says nothing to a console.
#[export]
pub unsafe extern "C" fn openlog(ident: *const c_char, options: c_int, _facility: c_int) {
    // SAFETY: the caller gives null or NUL-terminated text.
    let ident = (!ident.is_null()).then(|| unsafe { CStr::from_ptr(ident) }.to_bytes().to_vec());
    let mut log = LOG.lock();
    let before = core::mem::replace(&mut log.ident, ident);
    log.options = options;
    drop(log);
    drop(before);
}

/// Forgets what `openlog` set.
#[export]
pub extern "C" fn closelog() {
    let mut log = LOG.lock();
    let before = log.ident.take();
    log.options = 0;
    drop(log);
    drop(before);
}

/// Sets which priorities are written, unless 0; returns the mask before.
#[export]
pub extern "C" fn setlogmask(mask: c_int) -> c_int {
    let mut log = LOG.lock();
    let before = log.mask;
    if mask != 0 {
        log.mask = mask;
    }
    before
}

unsafe fn write(priority: c_int, checks: c_int, format: *const c_char, arguments: *mut VaList) {
    let mut line = Vec::new();
    {
        let log = LOG.lock();
        if log.mask & 1 << (priority & 7) == 0 {
            return;
        }
        line.extend_from_slice(log.ident.as_deref().unwrap_or(b"syslog"));
        if log.options & LOG_PID != 0 {
            line.extend_from_slice(b"[1]");
        }
    }
    line.extend_from_slice(b": ");
    let mut text = core::ptr::null_mut();
    // SAFETY: the caller gives a format and its arguments; the text is this function's to free.
    unsafe {
        if crate::stdio::printf::output::__vasprintf_chk(&raw mut text, checks, format, arguments) < 0 {
            return;
        }
        line.extend_from_slice(CStr::from_ptr(text).to_bytes());
        crate::malloc::cells::free(text.cast());
    }
    if line.last() != Some(&b'\n') {
        line.push(b'\n');
    }
    // What cannot be logged is lost, as it is with syslog.
    if let Ok(file) = kcore::vfs::fd::get(2) {
        let _ = file.write(&line);
    }
}

/// Logs a message (POSIX).
#[export]
pub unsafe extern "C" fn syslog(priority: c_int, format: *const c_char, mut arguments: ...) {
    // SAFETY: the caller gives a format and its arguments.
    unsafe { write(priority, 0, format, list!(arguments)) }
}

/// [`syslog`] with a `va_list`.
#[export]
pub unsafe extern "C" fn vsyslog(priority: c_int, format: *const c_char, arguments: *mut VaList) {
    // SAFETY: the caller gives a format and its arguments.
    unsafe { write(priority, 0, format, arguments) }
}

/// [`syslog`] with checks.
#[export]
pub unsafe extern "C" fn __syslog_chk(
    priority: c_int,
    checks: c_int,
    format: *const c_char,
    mut arguments: ...
) {
    // SAFETY: the caller gives a format and its arguments.
    unsafe { write(priority, checks, format, list!(arguments)) }
}

/// [`vsyslog`] with checks.
#[export]
pub unsafe extern "C" fn __vsyslog_chk(
    priority: c_int,
    checks: c_int,
    format: *const c_char,
    arguments: *mut VaList,
) {
    // SAFETY: the caller gives a format and its arguments.
    unsafe { write(priority, checks, format, arguments) }
}
