//! `regex.h`: POSIX basic and extended regular expressions, and the GNU interface under them.
//!
//! A pattern is parsed to a tree ([`parse`]), searched by an automaton in linear time
//! ([`search`]), and the groups are worked out on the match found ([`submatch`]); only a pattern
//! with back references is matched by trying ([`backtrack`]).

mod backtrack;
mod gnu;
mod parse;
mod pattern;
mod search;
mod submatch;
mod syntax;
#[cfg(test)]
mod tests;
pub(crate) mod text;

use alloc::boxed::Box;
use core::ffi::{CStr, c_char, c_int};

use macros::export;

pub use gnu::*;

use pattern::Pattern;
use search::Program;
use syntax::Error;
use text::{Encoding, Text};

/// Start and end of a match, in bytes from the start of the text.
type Span = (usize, usize);

const REG_EXTENDED: c_int = 1;
const REG_ICASE: c_int = 2;
const REG_NEWLINE: c_int = 4;
const REG_NOSUB: c_int = 8;
const REG_NOTBOL: c_int = 1;
const REG_NOTEOL: c_int = 2;
const REG_STARTEND: c_int = 4;
const REG_NOMATCH: c_int = 1;

/// `regex_t`, that is `struct re_pattern_buffer`: 64 bytes, as `regex.h` lays it out.
#[repr(C)]
pub struct PatternBuffer {
    compiled: *mut Compiled,
    allocated: usize,
    used: usize,
    syntax: u64,
    fastmap: *mut u8,
    translate: *mut u8,
    /// Number of groups.
    pub re_nsub: usize,
    /// `can_be_null:1 regs_allocated:2 fastmap_accurate:1 no_sub:1 not_bol:1 not_eol:1 newline_anchor:1`
    flags: u32,
}

const FLAG_REGISTERS_SHIFT: u32 = 1;
const FLAG_FASTMAP_ACCURATE: u32 = 1 << 3;
const FLAG_NO_SUB: u32 = 1 << 4;
const FLAG_NOT_BOL: u32 = 1 << 5;
const FLAG_NOT_EOL: u32 = 1 << 6;
const FLAG_NEWLINE_ANCHOR: u32 = 1 << 7;

/// `regmatch_t`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Match {
    /// Offset of the first byte; -1 if there is no match.
    pub rm_so: c_int,
    /// Offset of the byte after the last.
    pub rm_eo: c_int,
}

/// A pattern ready for searching.
struct Compiled {
    pattern: Pattern,
    /// None if there are back references.
    program: Option<Program>,
}

impl Compiled {
    fn new(bytes: &[u8], syntax: u64, translate: Option<Box<[u8; 256]>>) -> Result<Self, Error> {
        let utf8 = translate.is_none() && crate::locale::encoding() == crate::locale::Encoding::Utf8;
        let encoding = Encoding { utf8, fold: syntax & syntax::ICASE != 0, translate };
        let pattern = parse::parse(bytes, syntax, encoding)?;
        let program = if pattern.back_references { None } else { Some(Program::new(&pattern)?) };
        Ok(Self { pattern, program })
    }

    /// The leftmost-longest match that starts in `starts`; fills `groups`.
    fn find(
        &self,
        text: &Text,
        starts: core::ops::RangeInclusive<usize>,
        groups: &mut [Option<Span>],
    ) -> Option<Span> {
        let Some(program) = &self.program else {
            return starts.clone().find_map(|start| {
                let end = backtrack::longest_at(&self.pattern, text, start, groups)?;
                Some((start, end))
            });
        };
        let span = program.find(&self.pattern, text, starts)?;
        if groups.len() > 1 && self.pattern.groups > 0 {
            submatch::resolve(&self.pattern, text, span, groups);
        } else if let Some(whole) = groups.first_mut() {
            *whole = Some(span);
        }
        Some(span)
    }
}

impl PatternBuffer {
    /// Takes the compiled pattern out and frees it.
    unsafe fn drop_compiled(&mut self) {
        let compiled = core::mem::replace(&mut self.compiled, core::ptr::null_mut());
        if !compiled.is_null() {
            // SAFETY: `compiled` came from `Box::into_raw` in `compile`, and is forgotten here.
            drop(unsafe { Box::from_raw(compiled) });
        }
    }

    fn compile(&mut self, bytes: &[u8], syntax: u64) -> Result<(), Error> {
        let translate = match self.translate.is_null() {
            true => None,
            // SAFETY: the caller's table has 256 bytes, as `regex.h` asks.
            false => Some(Box::new(unsafe { *self.translate.cast::<[u8; 256]>() })),
        };
        let compiled = Compiled::new(bytes, syntax, translate)?;
        self.re_nsub = compiled.pattern.groups as usize;
        self.syntax = syntax;
        self.compiled = Box::into_raw(Box::new(compiled));
        self.allocated = size_of::<Compiled>();
        self.used = self.allocated;
        Ok(())
    }

    fn text<'a>(&self, compiled: &'a Compiled, bytes: &'a [u8]) -> Text<'a> {
        Text {
            bytes,
            encoding: &compiled.pattern.encoding,
            not_bol: self.flags & FLAG_NOT_BOL != 0,
            not_eol: self.flags & FLAG_NOT_EOL != 0,
            newline_anchor: self.flags & FLAG_NEWLINE_ANCHOR != 0,
        }
    }
}

/// Compiles a pattern (POSIX). Returns 0 or a `REG_*` code.
#[export]
pub unsafe extern "C" fn regcomp(buffer: *mut PatternBuffer, pattern: *const c_char, flags: c_int) -> c_int {
    // SAFETY: `pattern` is NUL-terminated and `buffer` is writable, as POSIX asks of the caller.
    let (bytes, buffer) = unsafe {
        buffer.write(PatternBuffer {
            compiled: core::ptr::null_mut(),
            allocated: 0,
            used: 0,
            syntax: 0,
            fastmap: core::ptr::null_mut(),
            translate: core::ptr::null_mut(),
            re_nsub: 0,
            flags: 0,
        });
        (CStr::from_ptr(pattern).to_bytes(), &mut *buffer)
    };
    let mut syntax = if flags & REG_EXTENDED != 0 { syntax::POSIX_EXTENDED } else { syntax::POSIX_BASIC };
    if flags & REG_ICASE != 0 {
        syntax |= syntax::ICASE;
    }
    if flags & REG_NEWLINE != 0 {
        syntax = syntax & !syntax::DOT_NEWLINE | syntax::HAT_LISTS_NOT_NEWLINE;
        buffer.flags |= FLAG_NEWLINE_ANCHOR;
    }
    if flags & REG_NOSUB != 0 {
        buffer.flags |= FLAG_NO_SUB;
    }
    match buffer.compile(bytes, syntax) {
        Ok(()) => 0,
        // glibc gives one code for both.
        Err(Error::RightParenthesis) => Error::Parenthesis as c_int,
        Err(error) => error as c_int,
    }
}

/// Searches `string`; fills `count` of `matches`. Returns 0 or `REG_NOMATCH` (POSIX).
#[export]
pub unsafe extern "C" fn regexec(
    buffer: *const PatternBuffer,
    string: *const c_char,
    count: usize,
    matches: *mut Match,
    flags: c_int,
) -> c_int {
    // SAFETY: `buffer` was compiled by `regcomp`, as POSIX asks of the caller.
    let buffer = unsafe { &*buffer };
    // SAFETY: `compiled` is null or a live `Compiled`.
    let Some(compiled) = (unsafe { buffer.compiled.as_ref() }) else { return REG_NOMATCH };
    // SAFETY: with REG_STARTEND `matches[0]` says where the text is; else it is NUL-terminated.
    let (start, bytes) = unsafe {
        if flags & REG_STARTEND != 0 {
            let bounds = *matches;
            let end = usize::try_from(bounds.rm_eo).unwrap_or(0);
            let start = usize::try_from(bounds.rm_so).unwrap_or(0).min(end);
            (start, core::slice::from_raw_parts(string.cast(), end))
        } else {
            (0, CStr::from_ptr(string).to_bytes())
        }
    };
    let mut text = buffer.text(compiled, bytes);
    text.not_bol = flags & REG_NOTBOL != 0;
    text.not_eol = flags & REG_NOTEOL != 0;
    let wanted = if buffer.flags & FLAG_NO_SUB != 0 { 0 } else { count };
    let mut groups = alloc::vec![None; wanted.min(buffer.re_nsub + 1)];
    if compiled.find(&text, start..=bytes.len(), &mut groups).is_none() {
        return REG_NOMATCH;
    }
    for index in 0..wanted {
        let span = groups.get(index).copied().flatten();
        let (rm_so, rm_eo) = span.map_or((-1, -1), |(start, end)| (start as c_int, end as c_int));
        // SAFETY: `matches` has room for `count`, and `index < wanted <= count`.
        unsafe { matches.add(index).write(Match { rm_so, rm_eo }) };
    }
    0
}

/// `regexec` of before `REG_STARTEND`: other flags than the two of POSIX are ignored.
#[export("regexec.GLIBC_2.2.5")]
pub unsafe extern "C" fn regexec_2_2_5(
    buffer: *const PatternBuffer,
    string: *const c_char,
    count: usize,
    matches: *mut Match,
    flags: c_int,
) -> c_int {
    // SAFETY: the caller's promises are those of `regexec`.
    unsafe { regexec(buffer, string, count, matches, flags & (REG_NOTBOL | REG_NOTEOL)) }
}

/// Writes the message of `code`, cut to `size` bytes; returns the bytes it needs with its NUL (POSIX).
#[export]
pub unsafe extern "C" fn regerror(
    code: c_int,
    _: *const PatternBuffer,
    text: *mut c_char,
    size: usize,
) -> usize {
    let message = syntax::message(code).unwrap_or(c"Unknown error").to_bytes_with_nul();
    let copied = message.len().min(size);
    if copied > 0 {
        // SAFETY: `text` has room for `size` bytes, and `copied <= size`.
        unsafe {
            core::ptr::copy_nonoverlapping(message.as_ptr().cast(), text, copied);
            text.add(copied - 1).write(0);
        }
    }
    message.len()
}

/// Frees what a compiled pattern holds (POSIX).
#[export]
pub unsafe extern "C" fn regfree(buffer: *mut PatternBuffer) {
    // SAFETY: `buffer` was compiled by `regcomp` or by `re_compile_pattern`, whose fastmap and
    // translate table come from `malloc`.
    unsafe {
        (*buffer).drop_compiled();
        crate::malloc::cells::free((*buffer).fastmap.cast());
        crate::malloc::cells::free((*buffer).translate.cast());
        (*buffer).fastmap = core::ptr::null_mut();
        (*buffer).translate = core::ptr::null_mut();
    }
}
