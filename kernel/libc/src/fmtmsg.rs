//! fmtmsg.h: messages in System V's form, to standard error and the console.
#![allow(
    unsafe_op_in_unsafe_fn,
    reason = "each function is one unsafe contract, C's: pointers valid as it says"
)]

use alloc::vec::Vec;
use core::ffi::{CStr, c_char, c_int, c_long, c_void};

use kcore::sync::Mutex;
use macros::export;

const MM_PRINT: c_long = 0x100;
const MM_CONSOLE: c_long = 0x200;
const MM_OK: c_int = 0;
const MM_NOTOK: c_int = -1;
const MM_NOMSG: c_int = 1;
const MM_NOCON: c_int = 4;

/// Severities that the application added: number and text.
static ADDED: Mutex<Vec<(c_int, Vec<u8>)>> = Mutex::new(Vec::new());

/// The text of a severity; `None` if there is no such one.
fn severity_text(severity: c_int) -> Option<Vec<u8>> {
    let known: &[u8] = match severity {
        0 => b"",
        1 => b"HALT",
        2 => b"ERROR",
        3 => b"WARNING",
        4 => b"INFO",
        _ => {
            let added = ADDED.lock();
            return added.iter().find(|(number, _)| *number == severity).map(|(_, text)| text.clone());
        }
    };
    Some(Vec::from(known))
}

/// X/Open `addseverity`: adds, changes or (for a null text) removes a severity above 4.
#[export]
pub unsafe extern "C" fn addseverity(severity: c_int, text: *const c_char) -> c_int {
    if severity <= 4 {
        return MM_NOTOK;
    }
    let mut added = ADDED.lock();
    let place = added.iter().position(|(number, _)| *number == severity);
    if text.is_null() {
        let Some(place) = place else { return MM_NOTOK };
        added.remove(place);
        return MM_OK;
    }
    let text = Vec::from(CStr::from_ptr(text).to_bytes());
    match place {
        Some(place) => added[place].1 = text,
        None => added.push((severity, text)),
    }
    MM_OK
}

/// Which of the five parts `MSGVERB` asks for, as bits in the order they are written; all unless it
/// names some, and nothing else.
unsafe fn wanted() -> u8 {
    let names: [&[u8]; 5] = [b"label", b"severity", b"text", b"action", b"tag"];
    let mut bits = 0;
    if let Some(value) = crate::stdlib::environment::find(b"MSGVERB") {
        for word in CStr::from_ptr(value).to_bytes().split(|byte| *byte == b':') {
            match names.iter().position(|name| *name == word) {
                Some(place) => bits |= 1 << place,
                None => return 31,
            }
        }
    }
    if bits == 0 { 31 } else { bits }
}

/// `label: severity: text` and `TO FIX: action  tag` of those parts that are there and wanted.
unsafe fn message(parts: [Option<&[u8]>; 5], wanted: u8) -> Vec<u8> {
    let part = |i: usize| if wanted >> i & 1 == 0 { None } else { parts[i].filter(|part| !part.is_empty()) };
    let mut line = Vec::new();
    let (label, severity, text, action, tag) = (part(0), part(1), part(2), part(3), part(4));
    for (i, part) in [label, severity, text].into_iter().enumerate() {
        let Some(part) = part else { continue };
        line.extend_from_slice(part);
        let later = [severity, text, None];
        if later[i.min(2)..].iter().any(Option::is_some) || (i < 2 && (action.is_some() || tag.is_some())) {
            line.extend_from_slice(b": ");
        }
    }
    if let Some(action) = action {
        line.extend_from_slice(b"\nTO FIX: ");
        line.extend_from_slice(action);
    }
    if let Some(tag) = tag {
        line.extend_from_slice(if action.is_some() { b"  " } else { b"\n" });
        line.extend_from_slice(tag);
    }
    line.push(b'\n');
    line
}

/// X/Open `fmtmsg`: `MM_OK`, or which of the two places could not be written to.
#[export]
pub unsafe extern "C" fn fmtmsg(
    class: c_long,
    label: *const c_char,
    severity: c_int,
    text: *const c_char,
    action: *const c_char,
    tag: *const c_char,
) -> c_int {
    unsafe extern "C" {
        fn open(path: *const c_char, flags: c_int, ...) -> c_int;
        fn write(fd: c_int, from: *const c_void, n: usize) -> isize;
        fn close(fd: c_int) -> c_int;
    }
    const O_WRONLY_NOCTTY: c_int = 0o401;
    let Some(severity) = severity_text(severity) else { return MM_NOTOK };
    let bytes = |s: *const c_char| (!s.is_null()).then(|| CStr::from_ptr(s).to_bytes());
    if let Some(label) = bytes(label) {
        // Two parts of at most 10 and 14 bytes.
        let mut parts = label.splitn(2, |byte| *byte == b':');
        let first = parts.next().unwrap_or_default();
        if first.len() > 10 || parts.next().is_none_or(|second| second.len() > 14) {
            return MM_NOTOK;
        }
    }
    let parts = [bytes(label), Some(severity.as_slice()), bytes(text), bytes(action), bytes(tag)];
    let mut result = MM_OK;
    if class & MM_PRINT != 0 {
        let line = message(parts, wanted());
        if write(2, line.as_ptr().cast(), line.len()) < 0 {
            result = MM_NOMSG;
        }
    }
    if class & MM_CONSOLE != 0 {
        let line = message(parts, 31);
        let fd = open(c"/dev/console".as_ptr(), O_WRONLY_NOCTTY);
        if fd < 0 || write(fd, line.as_ptr().cast(), line.len()) < 0 {
            result = if result == MM_OK { MM_NOCON } else { MM_NOTOK };
        }
        if fd >= 0 {
            close(fd);
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_in_order() {
        let all: [Option<&[u8]>; 5] =
            [Some(b"UX:cat"), Some(b"ERROR"), Some(b"bad"), Some(b"stop"), Some(b"UX:cat:1")];
        // SAFETY: takes slices.
        unsafe {
            assert_eq!(message(all, 31), b"UX:cat: ERROR: bad\nTO FIX: stop  UX:cat:1\n");
            assert_eq!(message(all, 5), b"UX:cat: bad\n");
            assert_eq!(message([all[0], None, all[2], None, None], 31), b"UX:cat: bad\n");
        }
        assert_eq!(severity_text(3).as_deref(), Some(b"WARNING".as_slice()));
        assert_eq!(severity_text(9), None);
    }
}
