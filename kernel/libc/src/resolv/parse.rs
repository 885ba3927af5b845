//! `ns_initparse` and its kin: walking through a message.

use core::ffi::{c_int, c_uchar, c_uint, c_ulong};

use kcore::errno::{EMSGSIZE, ENODEV};
use macros::export;

use super::message::{self, HEADER};
use super::name::dn_skipname;

/// `ns_msg`.
#[repr(C)]
pub struct ns_msg {
    start: *const c_uchar,
    end: *const c_uchar,
    id: u16,
    flags: u16,
    counts: [u16; 4],
    sections: [*const c_uchar; 4],
    section: c_int,
    record: c_int,
    pointer: *const c_uchar,
}

/// `ns_rr`.
#[repr(C)]
pub struct ns_rr {
    name: [u8; 1025],
    kind: u16,
    class: u16,
    ttl: u32,
    length: u16,
    data: *const c_uchar,
}

const _: () = assert!(size_of::<ns_msg>() == 80 && size_of::<ns_rr>() == 1048);

/// `ns_s_max`: no section.
const NO_SECTION: c_int = 4;

/// Two bytes, the higher first.
#[export]
pub unsafe extern "C" fn ns_get16(from: *const c_uchar) -> c_uint {
    u16::from_be_bytes(from.cast::<[u8; 2]>().read()).into()
}

/// Four bytes, the highest first.
#[export]
pub unsafe extern "C" fn ns_get32(from: *const c_uchar) -> c_ulong {
    u32::from_be_bytes(from.cast::<[u8; 4]>().read()).into()
}

/// Stores two bytes, the higher first.
#[export]
pub unsafe extern "C" fn ns_put16(value: c_uint, to: *mut c_uchar) {
    to.cast::<[u8; 2]>().write((value as u16).to_be_bytes());
}

/// Stores four bytes, the highest first.
#[export]
pub unsafe extern "C" fn ns_put32(value: c_ulong, to: *mut c_uchar) {
    to.cast::<[u8; 4]>().write((value as u32).to_be_bytes());
}

/// Bytes that `count` records of a section take up, or -1.
#[export]
pub unsafe extern "C" fn ns_skiprr(
    start: *const c_uchar,
    end: *const c_uchar,
    section: c_int,
    count: c_int,
) -> c_int {
    let mut at = start;
    for _ in 0..count {
        let name = dn_skipname(at, end);
        // A question has type and class, a record lifetime and data besides.
        let fixed = if section == 0 { 4 } else { 10 };
        let Ok(name) = usize::try_from(name) else { return crate::errno::set(EMSGSIZE) };
        if end.addr() - at.addr() < name + fixed {
            return crate::errno::set(EMSGSIZE);
        }
        at = at.add(name + fixed);
        if section != 0 {
            let length = ns_get16(at.sub(2)) as usize;
            if end.addr() - at.addr() < length {
                return crate::errno::set(EMSGSIZE);
            }
            at = at.add(length);
        }
    }
    (at.addr() - start.addr()) as c_int
}

unsafe fn set_section(handle: &mut ns_msg, section: c_int) {
    handle.section = section;
    let start = usize::try_from(section).ok().and_then(|at| handle.sections.get(at));
    handle.record = if start.is_some() { 0 } else { -1 };
    handle.pointer = start.copied().unwrap_or(core::ptr::null());
}

/// Begins to walk through a message: finds its sections. -1 if it is none.
#[export]
pub unsafe extern "C" fn ns_initparse(start: *const c_uchar, length: c_int, handle: *mut ns_msg) -> c_int {
    let Some(length) = usize::try_from(length).ok().filter(|&length| length >= HEADER) else {
        return crate::errno::set(EMSGSIZE);
    };
    let bytes = core::slice::from_raw_parts(start, length);
    let word = |at| message::word(bytes, at).unwrap_or(0);
    let end = start.add(length);
    let mut made = ns_msg {
        start,
        end,
        id: word(0),
        flags: word(2),
        counts: [word(4), word(6), word(8), word(10)],
        sections: [core::ptr::null(); 4],
        section: NO_SECTION,
        record: -1,
        pointer: core::ptr::null(),
    };
    let mut at = start.add(HEADER);
    for (section, (count, place)) in made.counts.iter().zip(&mut made.sections).enumerate() {
        if *count == 0 {
            continue;
        }
        let size = ns_skiprr(at, end, section as c_int, (*count).into());
        let Ok(size) = usize::try_from(size) else { return -1 };
        *place = at;
        at = at.add(size);
    }
    // Nothing may come after the last record.
    if at != end {
        return crate::errno::set(EMSGSIZE);
    }
    handle.write(made);
    set_section(&mut *handle, NO_SECTION);
    0
}

/// Reads a record of a section, the next one if `number` is -1. -1 if there is none.
#[export]
pub unsafe extern "C" fn ns_parserr(
    handle: *mut ns_msg,
    section: c_int,
    number: c_int,
    record: *mut ns_rr,
) -> c_int {
    let handle = &mut *handle;
    let Some(&count) = usize::try_from(section).ok().and_then(|at| handle.counts.get(at)) else {
        return crate::errno::set(ENODEV);
    };
    if section != handle.section {
        set_section(handle, section);
    }
    let number = if number == -1 { handle.record } else { number };
    if number < 0 || number >= c_int::from(count) {
        return crate::errno::set(ENODEV);
    }
    if number < handle.record {
        set_section(handle, section);
    }
    if number > handle.record {
        let size = ns_skiprr(handle.pointer, handle.end, section, number - handle.record);
        let Ok(size) = usize::try_from(size) else { return -1 };
        handle.pointer = handle.pointer.add(size);
        handle.record = number;
    }
    let bytes = core::slice::from_raw_parts(handle.start, handle.end.addr() - handle.start.addr());
    let at = handle.pointer.addr() - handle.start.addr();
    let read = || {
        let (name, after) = message::decode(bytes, at)?;
        let (kind, class) = (message::word(bytes, after)?, message::word(bytes, after + 2)?);
        if section == 0 {
            return Some((name, kind, class, 0, None, after + 4));
        }
        let (found, next) = message::record(bytes, at)?;
        Some((name, kind, class, found.ttl, Some((found.at, found.data.len())), next))
    };
    let Some((name, kind, class, ttl, data, next)) = read() else { return crate::errno::set(EMSGSIZE) };
    let text = message::text(&name);
    let record = &mut *record;
    record.name = [0; 1025];
    record.name.iter_mut().take(1024).zip(&text).for_each(|(to, from)| *to = *from);
    (record.kind, record.class, record.ttl) = (kind, class, ttl);
    record.length = data.map_or(0, |(_, length)| length as u16);
    record.data = data.map_or(core::ptr::null(), |(at, _)| handle.start.add(at));
    handle.pointer = handle.start.add(next);
    handle.record = number + 1;
    if handle.record > c_int::from(count) {
        set_section(handle, section + 1);
    }
    0
}

/// A flag of a message: `ns_f_qr` 0 … `ns_f_rcode` 9.
#[export]
pub unsafe extern "C" fn ns_msg_getflag(handle: ns_msg, flag: c_int) -> c_int {
    // Mask and shift of each flag in the header's second word.
    const FLAGS: [(u16, u32); 10] = [
        (0x8000, 15),
        (0x7800, 11),
        (0x0400, 10),
        (0x0200, 9),
        (0x0100, 8),
        (0x0080, 7),
        (0x0040, 6),
        (0x0020, 5),
        (0x0010, 4),
        (0x000f, 0),
    ];
    let row = usize::try_from(flag).ok().and_then(|at| FLAGS.get(at));
    row.map_or(0, |(mask, shift)| c_int::from((handle.flags & mask) >> shift))
}
