//! Names in messages: `dn_*` and `ns_name_*`.

use alloc::vec::Vec;
use core::ffi::{CStr, c_char, c_int, c_uchar};

use kcore::errno::{EMSGSIZE, Errno};
use macros::export;

use super::message;

/// A message from `start` up to `end`, and where in it `at` is.
unsafe fn place<'a>(
    start: *const c_uchar,
    end: *const c_uchar,
    at: *const c_uchar,
) -> Option<(&'a [u8], usize)> {
    let length = end.addr().checked_sub(start.addr())?;
    let offset = at.addr().checked_sub(start.addr()).filter(|&offset| offset < length)?;
    Some((core::slice::from_raw_parts(start, length), offset))
}

fn no() -> c_int {
    let error: Errno = EMSGSIZE;
    crate::errno::set(error)
}

/// Stores bytes; none if they do not fit.
unsafe fn store(bytes: &[u8], to: *mut c_uchar, room: usize) -> Option<()> {
    if bytes.len() > room {
        return None;
    }
    core::ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len());
    Some(())
}

/// Reads a name in a message as text; gives the bytes it takes up there, or -1.
#[export]
pub unsafe extern "C" fn ns_name_uncompress(
    start: *const c_uchar,
    end: *const c_uchar,
    from: *const c_uchar,
    to: *mut c_char,
    room: usize,
) -> c_int {
    let read = || {
        let (message, at) = place(start, end, from)?;
        let (wire, after) = message::decode(message, at)?;
        let mut text = message::text(&wire);
        text.push(0);
        store(&text, to.cast(), room)?;
        Some((after - at) as c_int)
    };
    read().unwrap_or_else(no)
}

/// As [`ns_name_uncompress`], where the root is an empty string.
#[export]
pub unsafe extern "C" fn dn_expand(
    start: *const c_uchar,
    end: *const c_uchar,
    from: *const c_uchar,
    to: *mut c_char,
    room: c_int,
) -> c_int {
    let count = ns_name_uncompress(start, end, from, to, usize::try_from(room).unwrap_or(0));
    if count > 0 && *to == b'.' as c_char {
        to.write(0);
    }
    count
}

/// Reads a name in a message without compression; gives the bytes it takes up there, or -1.
#[export]
pub unsafe extern "C" fn ns_name_unpack(
    start: *const c_uchar,
    end: *const c_uchar,
    from: *const c_uchar,
    to: *mut c_uchar,
    room: usize,
) -> c_int {
    let read = || {
        let (message, at) = place(start, end, from)?;
        let (wire, after) = message::decode(message, at)?;
        store(&wire, to, room)?;
        Some((after - at) as c_int)
    };
    read().unwrap_or_else(no)
}

/// Moves `*from` behind a name; -1 if there is none before `end`.
#[export]
pub unsafe extern "C" fn ns_name_skip(from: *mut *const c_uchar, end: *const c_uchar) -> c_int {
    match skipped(*from, end) {
        Some(after) => {
            from.write(after);
            0
        }
        None => no(),
    }
}

unsafe fn skipped(mut at: *const c_uchar, end: *const c_uchar) -> Option<*const c_uchar> {
    while at.addr() < end.addr() {
        let length = *at;
        let step = match length >> 6 {
            0 => 1 + usize::from(length),
            3 => 2,
            _ => return None,
        };
        if end.addr() - at.addr() < step {
            return None;
        }
        at = at.add(step);
        if length == 0 || length >> 6 == 3 {
            return Some(at);
        }
    }
    None
}

/// Bytes that a name takes up; -1 if there is none before `end`.
#[export]
pub unsafe extern "C" fn dn_skipname(from: *const c_uchar, end: *const c_uchar) -> c_int {
    skipped(from, end).map_or_else(no, |after| (after.addr() - from.addr()) as c_int)
}

/// The length of a name without compression, with its end; none if it has none within 255 bytes.
unsafe fn wire<'a>(from: *const c_uchar) -> Option<&'a [u8]> {
    let mut length = 0;
    loop {
        let label = *from.add(length);
        if label >> 6 != 0 {
            return None;
        }
        length += 1 + usize::from(label);
        if length > message::NAME_MAX {
            return None;
        }
        if label == 0 {
            return Some(core::slice::from_raw_parts(from, length));
        }
    }
}

/// A name without compression as text; gives its length with the NUL, or -1.
#[export]
pub unsafe extern "C" fn ns_name_ntop(from: *const c_uchar, to: *mut c_char, room: usize) -> c_int {
    let write = || {
        let mut text = message::text(wire(from)?);
        text.push(0);
        store(&text, to.cast(), room)?;
        Some(text.len() as c_int)
    };
    write().unwrap_or_else(no)
}

/// A name as text in its form without compression: 1 if it ended in a dot, 0 if not, -1 if it is
/// none or does not fit.
#[export]
pub unsafe extern "C" fn ns_name_pton(from: *const c_char, to: *mut c_uchar, room: usize) -> c_int {
    let text = CStr::from_ptr(from).to_bytes();
    let write = || {
        store(&message::encode(text)?, to, room)?;
        let dots = text.ends_with(b".") && !text.ends_with(b"\\.");
        Some(c_int::from(dots))
    };
    write().unwrap_or_else(no)
}

/// Stores a name in a message, using names that are there already (`names`, ended by null, up to
/// `last`); gives the bytes that it took, or -1.
unsafe fn compress(
    wire: &[u8],
    to: *mut c_uchar,
    room: usize,
    names: *mut *const c_uchar,
    last: *mut *const c_uchar,
) -> Option<c_int> {
    let mut known: Vec<(Vec<u8>, usize)> = Vec::new();
    let start = if names.is_null() { core::ptr::null() } else { *names };
    let mut end = names;
    if !start.is_null() {
        end = end.add(1);
        while !(*end).is_null() {
            let length = to.addr().saturating_sub(start.addr());
            let message = core::slice::from_raw_parts(start, length);
            let at = (*end).addr().wrapping_sub(start.addr());
            if let Some((name, _)) = message::decode(message, at) {
                known.push((name, at));
            }
            end = end.add(1);
        }
    }
    let mut out: Vec<u8> = Vec::new();
    let mut labels = Vec::new();
    let mut rest = wire;
    loop {
        let fits = |(name, at): &&(Vec<u8>, usize)| message::same(name, rest) && *at < 0x4000;
        if rest.len() > 1
            && let Some((_, at)) = known.iter().find(fits)
        {
            out.extend_from_slice(&(0xc000 | *at as u16).to_be_bytes());
            break;
        }
        let (label, after) = rest.split_at_checked(1 + usize::from(*rest.first()?))?;
        if label.len() > 1 {
            labels.push(out.len());
        }
        out.extend_from_slice(label);
        if label.len() == 1 {
            break;
        }
        rest = after;
    }
    store(&out, to, room)?;
    // The next name may use this one, or the end of it, as far as there is room in the list.
    if !start.is_null() && !last.is_null() {
        for label in labels {
            if end.add(1).addr() >= last.addr() {
                break;
            }
            end.write(to.add(label));
            end = end.add(1);
            end.write(core::ptr::null());
        }
    }
    Some(out.len() as c_int)
}

/// Stores a name without compression in a message, compressed.
#[export]
pub unsafe extern "C" fn ns_name_pack(
    from: *const c_uchar,
    to: *mut c_uchar,
    room: c_int,
    names: *mut *const c_uchar,
    last: *mut *const c_uchar,
) -> c_int {
    let room = usize::try_from(room).unwrap_or(0);
    wire(from).and_then(|wire| compress(wire, to, room, names, last)).unwrap_or_else(no)
}

/// Stores a name given as text in a message, compressed.
#[export]
pub unsafe extern "C" fn ns_name_compress(
    from: *const c_char,
    to: *mut c_uchar,
    room: usize,
    names: *mut *const c_uchar,
    last: *mut *const c_uchar,
) -> c_int {
    let wire = message::encode(CStr::from_ptr(from).to_bytes());
    wire.and_then(|wire| compress(&wire, to, room, names, last)).unwrap_or_else(no)
}

/// As [`ns_name_compress`].
#[export]
pub unsafe extern "C" fn dn_comp(
    from: *const c_char,
    to: *mut c_uchar,
    room: c_int,
    names: *mut *mut c_uchar,
    last: *mut *mut c_uchar,
) -> c_int {
    let room = usize::try_from(room).unwrap_or(0);
    ns_name_compress(from, to, room, names.cast(), last.cast())
}
