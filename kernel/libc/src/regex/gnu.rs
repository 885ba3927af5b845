//! The GNU interface of `regex.h`: `re_search` and its family, `re_comp` and `re_exec`.

use core::ffi::{CStr, c_char, c_int};
use core::ptr::null;

use kcore::export::Exported;
use kcore::sync::Mutex;
use macros::export;

use super::syntax::{self, Error};
use super::{
    FLAG_FASTMAP_ACCURATE, FLAG_NEWLINE_ANCHOR, FLAG_NO_SUB, FLAG_REGISTERS_SHIFT, PatternBuffer, Span,
};

/// The syntax that `re_compile_pattern` uses.
#[export]
pub static re_syntax_options: Exported<u64> = Exported::new(0);

/// `struct re_registers`: where each group matched.
#[repr(C)]
pub struct Registers {
    count: u32,
    start: *mut c_int,
    end: *mut c_int,
}

const REGS_UNALLOCATED: u32 = 0;
const REGS_REALLOCATE: u32 = 1;
const REGS_FIXED: u32 = 2;

/// Sets the syntax of `re_compile_pattern`; returns the one before.
#[export]
pub unsafe extern "C" fn re_set_syntax(syntax: u64) -> u64 {
    // SAFETY: the variable is the application's to write at any time, from one thread.
    unsafe { re_syntax_options.get().replace(syntax) }
}

/// Compiles `length` bytes of `pattern`; null, or a message.
#[export]
pub unsafe extern "C" fn re_compile_pattern(
    pattern: *const c_char,
    length: usize,
    buffer: *mut PatternBuffer,
) -> *const c_char {
    // SAFETY: the caller gives `length` readable bytes and an initialised buffer.
    let (bytes, buffer, syntax) = unsafe {
        (core::slice::from_raw_parts(pattern.cast(), length), &mut *buffer, *re_syntax_options.get())
    };
    buffer.flags &= !(FLAG_NO_SUB | FLAG_FASTMAP_ACCURATE);
    if syntax & syntax::NO_SUB != 0 {
        buffer.flags |= FLAG_NO_SUB;
    }
    buffer.flags |= FLAG_NEWLINE_ANCHOR;
    // SAFETY: `compiled` is null or from an earlier compilation, as the caller promises.
    unsafe { buffer.drop_compiled() };
    match buffer.compile(bytes, syntax) {
        Ok(()) => null(),
        Err(error) => message(error),
    }
}

fn message(error: Error) -> *const c_char {
    syntax::message(error as i32).map_or(null(), CStr::as_ptr)
}

/// Makes the fastmap; searching does not need it, so all bytes are marked as possible.
#[export]
pub unsafe extern "C" fn re_compile_fastmap(buffer: *mut PatternBuffer) -> c_int {
    // SAFETY: a fastmap has 256 bytes, as `regex.h` asks of the caller.
    unsafe {
        if !(*buffer).fastmap.is_null() {
            (*buffer).fastmap.write_bytes(1, 256);
        }
        (*buffer).flags |= FLAG_FASTMAP_ACCURATE;
    }
    0
}

/// Makes later searches store into these registers; with `count` 0 they allocate their own.
#[export]
pub unsafe extern "C" fn re_set_registers(
    buffer: *mut PatternBuffer,
    registers: *mut Registers,
    count: u32,
    starts: *mut c_int,
    ends: *mut c_int,
) {
    // SAFETY: the caller gives a buffer and registers.
    unsafe {
        let own = count == 0;
        set_mode(&mut *buffer, if own { REGS_UNALLOCATED } else { REGS_REALLOCATE });
        let (start, end) = if own { (core::ptr::null_mut(), core::ptr::null_mut()) } else { (starts, ends) };
        registers.write(Registers { count, start, end });
    }
}

fn mode(buffer: &PatternBuffer) -> u32 {
    buffer.flags >> FLAG_REGISTERS_SHIFT & 3
}

fn set_mode(buffer: &mut PatternBuffer, mode: u32) {
    buffer.flags = buffer.flags & !(3 << FLAG_REGISTERS_SHIFT) | mode << FLAG_REGISTERS_SHIFT;
}

/// Stores `groups`; false if there is no memory for it. One register more than groups, as GNU does.
unsafe fn store(buffer: &mut PatternBuffer, registers: &mut Registers, groups: &[Option<Span>]) -> bool {
    let needed = groups.len() as u32 + 1;
    let mode_now = mode(buffer);
    if mode_now != REGS_FIXED && (mode_now == REGS_UNALLOCATED || needed > registers.count) {
        let bytes = needed as usize * size_of::<c_int>();
        // SAFETY: with REGS_REALLOCATE the arrays come from malloc; else there are none yet.
        unsafe {
            if mode_now == REGS_UNALLOCATED {
                (registers.start, registers.end) = (core::ptr::null_mut(), core::ptr::null_mut());
            }
            let start = crate::malloc::cells::realloc(registers.start.cast(), bytes);
            if start.is_null() {
                return false;
            }
            registers.start = start.cast();
            let end = crate::malloc::cells::realloc(registers.end.cast(), bytes);
            if end.is_null() {
                return false;
            }
            registers.end = end.cast();
        }
        registers.count = needed;
        set_mode(buffer, REGS_REALLOCATE);
    }
    for index in 0..registers.count as usize {
        let span = groups.get(index).copied().flatten();
        let (start, end) = span.map_or((-1, -1), |(start, end)| (start as c_int, end as c_int));
        // SAFETY: both arrays hold `count` elements.
        unsafe {
            registers.start.add(index).write(start);
            registers.end.add(index).write(end);
        }
    }
    true
}

/// What the four search functions share. Start of the match, -1 for none, -2 for an error.
unsafe fn search(
    buffer: *mut PatternBuffer,
    bytes: &[u8],
    start: c_int,
    range: c_int,
    registers: *mut Registers,
) -> Option<Span> {
    // SAFETY: the caller gives a compiled buffer.
    let buffer = unsafe { &mut *buffer };
    // SAFETY: `compiled` is null or live; it is not freed while this runs.
    let compiled = unsafe { buffer.compiled.as_ref() }?;
    let length = bytes.len() as c_int;
    if start < 0 || start > length {
        return None;
    }
    let last = start.saturating_add(range).clamp(0, length) as usize;
    let start = start as usize;
    let wanted = !registers.is_null() && buffer.flags & FLAG_NO_SUB == 0;
    let mut groups = alloc::vec![None; if wanted { buffer.re_nsub + 1 } else { 0 }];
    let text = buffer.text(compiled, bytes);
    let span = if range >= 0 {
        compiled.find(&text, start..=last, &mut groups)
    } else {
        (last..=start).rev().find_map(|at| compiled.find(&text, at..=at, &mut groups))
    }?;
    if wanted {
        // SAFETY: `registers` is not null, and the caller's to write.
        let stored = unsafe { store(buffer, &mut *registers, &groups) };
        stored.then_some(span)
    } else {
        Some(span)
    }
}

unsafe fn bytes_of<'a>(string: *const c_char, length: c_int) -> &'a [u8] {
    match usize::try_from(length) {
        Ok(length) if length > 0 => {
            // SAFETY: the caller gives `length` readable bytes.
            unsafe { core::slice::from_raw_parts(string.cast(), length) }
        }
        _ => &[],
    }
}

/// Searches from `start`, forward or (negative `range`) backward; where the match starts, or -1.
#[export]
pub unsafe extern "C" fn re_search(
    buffer: *mut PatternBuffer,
    string: *const c_char,
    length: c_int,
    start: c_int,
    range: c_int,
    registers: *mut Registers,
) -> c_int {
    // SAFETY: the caller's promises are passed on.
    unsafe { search(buffer, bytes_of(string, length), start, range, registers) }
        .map_or(-1, |span| span.0 as c_int)
}

/// Matches at `start`; the length of the match, or -1.
#[export]
pub unsafe extern "C" fn re_match(
    buffer: *mut PatternBuffer,
    string: *const c_char,
    length: c_int,
    start: c_int,
    registers: *mut Registers,
) -> c_int {
    // SAFETY: the caller's promises are passed on.
    unsafe { search(buffer, bytes_of(string, length), start, 0, registers) }
        .map_or(-1, |span| (span.1 - span.0) as c_int)
}

/// The first `stop` bytes of two strings, one after the other.
unsafe fn joined(
    first: *const c_char,
    first_length: c_int,
    second: *const c_char,
    second_length: c_int,
    stop: c_int,
) -> Option<alloc::vec::Vec<u8>> {
    let mut both = alloc::vec::Vec::new();
    // SAFETY: the caller gives two strings with these lengths.
    let parts = unsafe { [bytes_of(first, first_length), bytes_of(second, second_length)] };
    both.try_reserve_exact(parts[0].len() + parts[1].len()).ok()?;
    both.extend_from_slice(parts[0]);
    both.extend_from_slice(parts[1]);
    both.truncate(usize::try_from(stop).ok()?);
    Some(both)
}

/// `re_search` in the concatenation of two strings, no further than `stop`.
#[export]
pub unsafe extern "C" fn re_search_2(
    buffer: *mut PatternBuffer,
    first: *const c_char,
    first_length: c_int,
    second: *const c_char,
    second_length: c_int,
    start: c_int,
    range: c_int,
    registers: *mut Registers,
    stop: c_int,
) -> c_int {
    // SAFETY: the caller's promises are passed on.
    unsafe {
        let Some(both) = joined(first, first_length, second, second_length, stop) else { return -2 };
        search(buffer, &both, start, range, registers).map_or(-1, |span| span.0 as c_int)
    }
}

/// `re_match` in the concatenation of two strings, no further than `stop`.
#[export]
pub unsafe extern "C" fn re_match_2(
    buffer: *mut PatternBuffer,
    first: *const c_char,
    first_length: c_int,
    second: *const c_char,
    second_length: c_int,
    start: c_int,
    registers: *mut Registers,
    stop: c_int,
) -> c_int {
    // SAFETY: the caller's promises are passed on.
    unsafe {
        let Some(both) = joined(first, first_length, second, second_length, stop) else { return -2 };
        search(buffer, &both, start, 0, registers).map_or(-1, |span| (span.1 - span.0) as c_int)
    }
}

/// The pattern of `re_comp`.
static LAST: Mutex<Option<super::Compiled>> = Mutex::new(None);

/// Compiles a pattern for [`re_exec`] (4.2 BSD); null, or a message.
#[export]
pub unsafe extern "C" fn re_comp(pattern: *const c_char) -> *const c_char {
    if pattern.is_null() {
        let none = LAST.lock().is_none();
        return if none { c"No previous regular expression".as_ptr() } else { null() };
    }
    // SAFETY: the caller gives a NUL-terminated pattern, and reads the syntax variable as it is.
    let (bytes, syntax) = unsafe { (CStr::from_ptr(pattern).to_bytes(), *re_syntax_options.get()) };
    match super::Compiled::new(bytes, syntax, None) {
        Ok(compiled) => {
            let before = LAST.lock().replace(compiled);
            drop(before);
            null()
        }
        Err(error) => message(error),
    }
}

/// Whether the pattern of [`re_comp`] matches somewhere in `string`: 1 or 0.
#[export]
pub unsafe extern "C" fn re_exec(string: *const c_char) -> c_int {
    // SAFETY: the caller gives a NUL-terminated string.
    let bytes = unsafe { CStr::from_ptr(string).to_bytes() };
    let compiled = LAST.lock();
    let Some(compiled) = compiled.as_ref() else { return 0 };
    let text = super::Text {
        bytes,
        encoding: &compiled.pattern.encoding,
        not_bol: false,
        not_eol: false,
        newline_anchor: true,
    };
    c_int::from(compiled.find(&text, 0..=bytes.len(), &mut []).is_some())
}
