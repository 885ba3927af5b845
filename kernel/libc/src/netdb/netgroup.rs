//! Netgroups (`netdb.h`): triples of host, user and domain, by groups in `/etc/netgroup`.

use alloc::vec::Vec;
use core::ffi::{CStr, c_char, c_int};
use core::ptr::null_mut;

use kcore::errno::{ERANGE, Result};
use kcore::sync::Mutex;
use macros::export;

use crate::accounts::{self, Room};

/// Groups within groups are followed so far.
const DEPTH: usize = 16;

/// Host, user and domain; an empty one stands for all.
type Triple = [Vec<u8>; 3];

/// The triple of a word `(host,user,domain)`.
fn triple(word: &[u8]) -> Option<Triple> {
    let inside = word.strip_prefix(b"(")?.strip_suffix(b")")?;
    let mut fields = inside.split(|&byte| byte == b',').map(|field| field.trim_ascii().to_vec());
    let triple = [fields.next()?, fields.next()?, fields.next()?];
    fields.next().is_none().then_some(triple)
}

/// The words of a group's line, where a triple is one word whatever spaces it has.
fn words(line: &[u8]) -> Vec<&[u8]> {
    let (mut words, mut start, mut depth) = (Vec::new(), None, 0usize);
    for (at, &byte) in line.iter().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        let ends = byte.is_ascii_whitespace() && depth == 0;
        match (ends, start) {
            (false, None) => start = Some(at),
            (true, Some(from)) => {
                words.extend(line.get(from..at));
                start = None;
            }
            _ => {}
        }
    }
    words.extend(start.and_then(|from| line.get(from..)));
    words
}

/// Adds the triples of `group` and of the groups that it names.
fn collect(contents: &[u8], group: &[u8], depth: usize, triples: &mut Vec<Triple>) {
    if depth == 0 {
        return;
    }
    for line in contents.split(|&byte| byte == b'\n').filter(|line| !line.starts_with(b"#")) {
        let words = words(line);
        let Some((name, members)) = words.split_first() else { continue };
        if *name != group {
            continue;
        }
        for member in members {
            match triple(member) {
                Some(triple) => triples.push(triple),
                None => collect(contents, member, depth - 1, triples),
            }
        }
    }
}

/// All triples of a group; none where there is no such group, or no file.
fn triples_of(group: &[u8]) -> Result<Vec<Triple>> {
    let mut triples = Vec::new();
    collect(&accounts::read(c"/etc/netgroup", b"")?, group, DEPTH, &mut triples);
    Ok(triples)
}

/// Whether a group has a triple of these; a null argument is not asked about. 1 or 0.
#[export]
pub unsafe extern "C" fn innetgr(
    group: *const c_char,
    host: *const c_char,
    user: *const c_char,
    domain: *const c_char,
) -> c_int {
    // SAFETY: the caller's strings; only the group's name must not be null.
    let text = |text: *const c_char| (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_bytes());
    let wanted = [text(host), text(user), text(domain)];
    let triples = text(group).map_or(Ok(Vec::new()), triples_of).unwrap_or_default();
    let matches = |triple: &Triple| {
        let mut fields = triple.iter().zip(wanted);
        fields.all(|(field, wanted)| wanted.is_none_or(|wanted| field.is_empty() || field == wanted))
    };
    c_int::from(triples.iter().any(matches))
}

/// What `setnetgrent` chose, and how much of it was given; strings of the last are kept.
static CHOSEN: Mutex<(Vec<Triple>, usize)> = Mutex::new((Vec::new(), 0));
static TEXTS: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Chooses a group for `getnetgrent`. 1, or 0 if it has no triples.
#[export]
pub unsafe extern "C" fn setnetgrent(group: *const c_char) -> c_int {
    // SAFETY: the caller's string.
    let triples = triples_of(unsafe { CStr::from_ptr(group) }.to_bytes()).unwrap_or_default();
    let found = !triples.is_empty();
    *CHOSEN.lock() = (triples, 0);
    c_int::from(found)
}

/// Lets the chosen group go.
#[export]
pub extern "C" fn endnetgrent() {
    *CHOSEN.lock() = (Vec::new(), 0);
}

/// The next triple of the chosen group, its strings in `buffer`; null for an empty field. 1, or 0 at the
/// end and, with `ERANGE`, if the buffer is too small.
#[export]
pub unsafe extern "C" fn getnetgrent_r(
    host: *mut *mut c_char,
    user: *mut *mut c_char,
    domain: *mut *mut c_char,
    buffer: *mut c_char,
    size: usize,
) -> c_int {
    let mut chosen = CHOSEN.lock();
    let at = chosen.1;
    let Some(triple) = chosen.0.get(at) else { return 0 };
    // SAFETY: the caller's buffer.
    let mut room = Room::new(unsafe { core::slice::from_raw_parts_mut(buffer.cast(), size) });
    for (field, to) in triple.iter().zip([host, user, domain]) {
        let text = if field.is_empty() { Ok(null_mut()) } else { room.text(field) };
        match text {
            // SAFETY: the caller's variables.
            Ok(text) => unsafe { to.write(text) },
            Err(_) => {
                crate::errno::set(ERANGE);
                return 0;
            }
        }
    }
    chosen.1 += 1;
    1
}

/// `getnetgrent_r` with strings that the next call overwrites.
#[export]
pub unsafe extern "C" fn getnetgrent(
    host: *mut *mut c_char,
    user: *mut *mut c_char,
    domain: *mut *mut c_char,
) -> c_int {
    let mut texts = TEXTS.lock();
    texts.resize(1024, 0);
    // SAFETY: the caller's variables; the buffer stays until it is used again.
    unsafe { getnetgrent_r(host, user, domain, texts.as_mut_ptr().cast(), texts.len()) }
}
