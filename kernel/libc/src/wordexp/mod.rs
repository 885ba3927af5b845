//! `wordexp.h`: shell expansion without a shell (POSIX).
//!
//! Tilde, parameters (`$X`, `${X:-word}`, `${X#pattern}` and their like), arithmetic, quotes, field
//! splitting and path names are done. Commands cannot be: there is no shell in a unikernel, so `$(…)` and
//! backquotes give `WRDE_CMDSUB`.

mod arithmetic;

use alloc::vec::Vec;
use core::ffi::{CStr, c_char, c_int};
use core::ptr::null_mut;

use kcore::console::decimal;
use macros::export;

use crate::malloc::cells::{free, malloc, realloc};

const DOOFFS: c_int = 1;
const APPEND: c_int = 2;
const REUSE: c_int = 8;
const UNDEF: c_int = 32;

const NOSPACE: c_int = 1;
const BADCHAR: c_int = 2;
const BADVAL: c_int = 3;
const CMDSUB: c_int = 4;
const SYNTAX: c_int = 5;

/// C `wordexp_t`.
#[repr(C)]
pub struct Words {
    count: usize,
    words: *mut *mut c_char,
    offset: usize,
}

/// A word being built: its bytes, and which of them are quoted.
#[derive(Default)]
struct Word {
    bytes: Vec<u8>,
    quoted: Vec<bool>,
    /// There is a word, even if it is empty.
    begun: bool,
}

impl Word {
    fn push(&mut self, byte: u8, quoted: bool) {
        self.bytes.push(byte);
        self.quoted.push(quoted);
        self.begun = true;
    }

    /// As a pattern: what was quoted is escaped.
    fn pattern(&self) -> Vec<u8> {
        let mut pattern = Vec::new();
        for (&byte, &quoted) in self.bytes.iter().zip(&self.quoted) {
            if quoted && b"*?[\\".contains(&byte) {
                pattern.push(b'\\');
            }
            pattern.push(byte);
        }
        pattern
    }
}

struct Expansion<'a> {
    text: &'a [u8],
    at: usize,
    flags: c_int,
    word: Word,
    words: Vec<Vec<u8>>,
    /// A word inside of a parameter: it stays one, and blanks and operators belong to it.
    inner: bool,
    depth: u32,
}

/// Parameters in parameters at most, for each is a call.
const DEPTH_MAX: u32 = 100;

fn variable(name: &[u8]) -> Option<Vec<u8>> {
    let mut name = name.to_vec();
    name.push(0);
    // SAFETY: the name is NUL-terminated; a value stays valid while nothing sets the variable.
    unsafe {
        let value = crate::stdlib::getenv(name.as_ptr().cast());
        (!value.is_null()).then(|| CStr::from_ptr(value).to_bytes().to_vec())
    }
}

/// The value of a parameter: of a variable, an argument, their number or all of them, or the process.
fn parameter(name: &[u8]) -> Option<Vec<u8>> {
    let arguments = kcore::process::arguments();
    match name {
        b"$" => Some(decimal(1, &mut [0; 20]).to_vec()),
        b"#" => Some(decimal(arguments.len().saturating_sub(1) as u64, &mut [0; 20]).to_vec()),
        b"@" | b"*" => Some(arguments.get(1..).unwrap_or_default().join(&b' ')),
        [b'0'..=b'9', ..] => {
            let at = name
                .iter()
                .try_fold(0usize, |at, &digit| at.checked_mul(10)?.checked_add(usize::from(digit - b'0')));
            arguments.get(at?).cloned()
        }
        _ => variable(name),
    }
}

/// How long the name of a parameter is that stands there, 0 if there is none.
fn parameter_length(text: &[u8]) -> usize {
    match text {
        [b'$' | b'#' | b'@' | b'*', ..] => 1,
        [b'0'..=b'9', ..] => 1,
        _ => name_length(text),
    }
}

/// The home directory of a user.
fn home_of(user: &[u8]) -> Option<Vec<u8>> {
    let user = [user, b"\0"].concat();
    let mut entry = core::mem::MaybeUninit::uninit();
    let (mut buffer, mut found) = (alloc::vec![0u8; 1024], null_mut());
    // SAFETY: the name is NUL-terminated, the buffer as long as said; an entry that was found is ours.
    unsafe {
        let name = user.as_ptr().cast();
        crate::pwd::getpwnam_r(
            name,
            entry.as_mut_ptr(),
            buffer.as_mut_ptr().cast(),
            buffer.len(),
            &raw mut found,
        );
        (!found.is_null()).then(|| CStr::from_ptr((*found).pw_dir).to_bytes().to_vec())
    }
}

/// Where the brace ends that a parameter began with, past quotes and other parameters.
fn braced_length(text: &[u8]) -> Result<usize, c_int> {
    let (mut at, mut depth, mut quote) = (0, 0u32, None);
    loop {
        let byte = *text.get(at).ok_or(SYNTAX)?;
        match (byte, quote) {
            (b'\\', None | Some(b'"')) => at += 1,
            (b'\'' | b'"', None) => quote = Some(byte),
            (_, Some(open)) if open == byte => quote = None,
            (b'$', None | Some(b'"')) if text.get(at + 1) == Some(&b'{') => {
                depth += 1;
                at += 1;
            }
            (b'}', None | Some(b'"')) if depth > 0 => depth -= 1,
            (b'}', None) => return Ok(at),
            _ => {}
        }
        at += 1;
    }
}

/// How long the expression is that stands there, and what ends it: `))` or `]`.
fn arithmetic_length(text: &[u8], close: u8) -> Result<(usize, usize), c_int> {
    let (mut at, mut depth) = (0, 0u32);
    loop {
        match *text.get(at).ok_or(SYNTAX)? {
            b'$' if text.get(at + 1) == Some(&b'{') => {
                at += 2 + braced_length(text.get(at + 2..).unwrap_or_default())?;
            }
            b'\n' | b';' | b'{' | b'}' => return Err(BADCHAR),
            b'(' => depth += 1,
            b']' if close == b']' && depth == 0 => return Ok((at, 1)),
            b')' if depth > 0 => depth -= 1,
            b')' if close == b')' && text.get(at + 1) == Some(&b')') => return Ok((at, 2)),
            b')' => return Err(SYNTAX),
            _ => {}
        }
        at += 1;
    }
}

/// `value` without what matches the pattern at its start or end: as little or as much as does.
fn without<'a>(value: &'a [u8], pattern: &[u8], at_end: bool, most: bool) -> &'a [u8] {
    let length = value.len();
    let parts = |count: usize| if at_end { value.split_at(length - count) } else { value.split_at(count) };
    let matches = |&count: &usize| {
        let (first, second) = parts(count);
        crate::fnmatch::matches(pattern, if at_end { second } else { first }, 0)
    };
    let count = if most { (0..=length).rev().find(matches) } else { (0..=length).find(matches) };
    let (first, second) = parts(count.unwrap_or(0));
    if at_end { first } else { second }
}

fn name_length(text: &[u8]) -> usize {
    if text.first().is_none_or(u8::is_ascii_digit) {
        return 0;
    }
    text.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count()
}

impl Expansion<'_> {
    fn next(&mut self) -> Option<u8> {
        let byte = *self.text.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn run(&mut self) -> Result<(), c_int> {
        while let Some(byte) = self.next() {
            match byte {
                b'\\' => match self.next() {
                    Some(b'\n') => {}
                    Some(escaped) => self.word.push(escaped, true),
                    None => return Err(SYNTAX),
                },
                b'\'' => self.single_quotes()?,
                b'"' => self.double_quotes()?,
                b'`' => return Err(CMDSUB),
                b'$' => self.parameter(false)?,
                b'~' if !self.word.begun => self.tilde(),
                byte if self.inner => self.word.push(byte, false),
                b' ' | b'\t' => self.finish()?,
                b'\n' | b'|' | b'&' | b';' | b'<' | b'>' | b'(' | b')' | b'{' | b'}' => return Err(BADCHAR),
                byte => self.word.push(byte, false),
            }
        }
        if self.inner { Ok(()) } else { self.finish() }
    }

    fn single_quotes(&mut self) -> Result<(), c_int> {
        self.word.begun = true;
        loop {
            match self.next() {
                Some(b'\'') => return Ok(()),
                Some(byte) => self.word.push(byte, true),
                None => return Err(SYNTAX),
            }
        }
    }

    fn double_quotes(&mut self) -> Result<(), c_int> {
        self.word.begun = true;
        loop {
            match self.next() {
                Some(b'"') => return Ok(()),
                Some(b'`') => return Err(CMDSUB),
                Some(b'$') => self.parameter(true)?,
                Some(b'\\') => self.quoted_escape()?,
                Some(byte) => self.word.push(byte, true),
                None => return Err(SYNTAX),
            }
        }
    }

    /// What follows a backslash in double quotes.
    fn quoted_escape(&mut self) -> Result<(), c_int> {
        match self.next() {
            Some(b'\n') => {}
            Some(byte @ (b'$' | b'`' | b'"' | b'\\')) => self.word.push(byte, true),
            Some(byte) => {
                self.word.push(b'\\', true);
                self.word.push(byte, true);
            }
            None => return Err(SYNTAX),
        }
        Ok(())
    }

    fn tilde(&mut self) {
        let rest = &self.text[self.at..];
        let length = rest.iter().position(|byte| b"/ \t\n".contains(byte)).unwrap_or(rest.len());
        let home = if length == 0 { variable(b"HOME") } else { home_of(&rest[..length]) };
        match home {
            Some(home) => {
                self.at += length;
                home.iter().for_each(|&byte| self.word.push(byte, true));
            }
            None => self.word.push(b'~', true),
        }
    }

    /// Adds what came of a parameter: its blanks separate words, unless it is quoted.
    fn add(&mut self, value: &[u8], quoted: bool) -> Result<(), c_int> {
        let separators = variable(b"IFS").unwrap_or_else(|| b" \t\n".to_vec());
        for &byte in value {
            if quoted || self.inner || !separators.contains(&byte) {
                self.word.push(byte, quoted);
                continue;
            }
            // Only white space may stand there more than once without anything between.
            self.word.begun |= !byte.is_ascii_whitespace();
            self.finish()?;
        }
        Ok(())
    }

    /// A parameter, after its `$`.
    fn parameter(&mut self, quoted: bool) -> Result<(), c_int> {
        let rest = &self.text[self.at..];
        let value = match rest {
            [b'(', b'(', inside @ ..] => {
                let (length, end) = arithmetic_length(inside, b')')?;
                self.at += 2 + length + end;
                self.arithmetic(&inside[..length])?
            }
            [b'(', ..] => return Err(CMDSUB),
            [b'[', inside @ ..] => {
                let (length, end) = arithmetic_length(inside, b']')?;
                self.at += 1 + length + end;
                self.arithmetic(&inside[..length])?
            }
            [b'{', inside @ ..] => {
                let length = braced_length(inside)?;
                self.at += length + 2;
                let value = self.braced(&inside[..length], quoted)?;
                return self.add(&value, quoted);
            }
            _ => {
                let length = parameter_length(rest);
                if length == 0 {
                    self.word.push(b'$', quoted);
                    return Ok(());
                }
                self.at += length;
                let value = self.value(&rest[..length])?;
                return self.add(&value, quoted);
            }
        };
        value.iter().for_each(|&byte| self.word.push(byte, true));
        Ok(())
    }

    /// The digits of an expression's value.
    fn arithmetic(&self, text: &[u8]) -> Result<Vec<u8>, c_int> {
        let text = self.expanded(text, true)?;
        let value = arithmetic::evaluate(&text.bytes).ok_or(SYNTAX)?;
        let sign: &[u8] = if value < 0 { b"-" } else { b"" };
        Ok([sign, decimal(value.unsigned_abs(), &mut [0; 20])].concat())
    }

    /// A word inside of a parameter, with its own parameters expanded; `quoted`: in double quotes.
    fn expanded(&self, text: &[u8], quoted: bool) -> Result<Word, c_int> {
        if self.depth == DEPTH_MAX {
            return Err(NOSPACE);
        }
        let (word, words) = (Word::default(), Vec::new());
        let mut inner =
            Expansion { text, at: 0, flags: self.flags, word, words, inner: true, depth: self.depth + 1 };
        if quoted {
            while let Some(byte) = inner.next() {
                match byte {
                    b'`' => return Err(CMDSUB),
                    b'$' => inner.parameter(true)?,
                    b'"' => {}
                    b'\\' => inner.quoted_escape()?,
                    byte => inner.word.push(byte, true),
                }
            }
        } else {
            inner.run()?;
        }
        Ok(inner.word)
    }

    fn value(&self, name: &[u8]) -> Result<Vec<u8>, c_int> {
        match parameter(name) {
            Some(value) => Ok(value),
            None if self.flags & UNDEF != 0 => Err(BADVAL),
            None => Ok(Vec::new()),
        }
    }

    /// What stands between `${` and `}`.
    fn braced(&self, inside: &[u8], quoted: bool) -> Result<Vec<u8>, c_int> {
        if let [b'#', name @ ..] = inside
            && !name.is_empty()
            && parameter_length(name) == name.len()
        {
            return Ok(decimal(self.value(name)?.len() as u64, &mut [0; 20]).to_vec());
        }
        let (name, operation) = inside.split_at(parameter_length(inside));
        if name.is_empty() {
            return Err(SYNTAX);
        }
        let removal = match operation {
            [b'#', b'#', pattern @ ..] => Some((pattern, false, true)),
            [b'#', pattern @ ..] => Some((pattern, false, false)),
            [b'%', b'%', pattern @ ..] => Some((pattern, true, true)),
            [b'%', pattern @ ..] => Some((pattern, true, false)),
            _ => None,
        };
        if let Some((pattern, at_end, most)) = removal {
            let pattern = self.expanded(pattern, false)?.pattern();
            return Ok(without(&self.value(name)?, &pattern, at_end, most).to_vec());
        }
        let (empty_counts, operation) = match operation {
            [b':', operation @ ..] => (true, operation),
            operation => (false, operation),
        };
        let set = parameter(name).filter(|value| !(empty_counts && value.is_empty()));
        let word = |text: &[u8]| self.expanded(text, quoted).map(|word| word.bytes);
        match operation {
            [] if !empty_counts => self.value(name),
            [b'-', text @ ..] => set.map_or_else(|| word(text), Ok),
            [b'+', text @ ..] => set.map_or(Ok(Vec::new()), |_| word(text)),
            [b'?', ..] => set.ok_or(BADVAL),
            [b'=', text @ ..] => match set {
                Some(value) => Ok(value),
                None => assign(name, &word(text)?),
            },
            _ => Err(SYNTAX),
        }
    }

    /// Ends the word: path names that match it, or the word itself.
    fn finish(&mut self) -> Result<(), c_int> {
        let word = core::mem::take(&mut self.word);
        if !word.begun {
            return Ok(());
        }
        let magic =
            word.bytes.iter().zip(&word.quoted).any(|(byte, quoted)| !quoted && b"*?[".contains(byte));
        if magic && let Some(paths) = crate::glob::expand(&word.pattern()) {
            self.words.extend(paths);
            return Ok(());
        }
        let mut plain = word.bytes;
        plain.push(0);
        self.words.push(plain);
        Ok(())
    }
}

fn assign(name: &[u8], word: &[u8]) -> Result<Vec<u8>, c_int> {
    let terminated = |bytes: &[u8]| [bytes, b"\0"].concat();
    let (name, value) = (terminated(name), terminated(word));
    // SAFETY: both are NUL-terminated.
    let code = unsafe { crate::stdlib::setenv(name.as_ptr().cast(), value.as_ptr().cast(), 1) };
    if code == 0 { Ok(word.to_vec()) } else { Err(NOSPACE) }
}

/// Expands `text` as a shell would; 0 or a `WRDE_*` code (POSIX).
#[export]
pub unsafe extern "C" fn wordexp(text: *const c_char, result: *mut Words, flags: c_int) -> c_int {
    // SAFETY: the caller gives NUL-terminated text and a `wordexp_t`, set up as the flags say.
    let (text, result) = unsafe { (CStr::from_ptr(text).to_bytes(), &mut *result) };
    if flags & REUSE != 0 {
        // SAFETY: with WRDE_REUSE `result` is from an earlier call.
        unsafe { wordfree(result) };
    }
    if flags & DOOFFS == 0 {
        result.offset = 0;
    }
    if flags & APPEND == 0 || flags & REUSE != 0 {
        result.count = 0;
        result.words = null_mut();
    }
    let mut expansion =
        Expansion { text, at: 0, flags, word: Word::default(), words: Vec::new(), inner: false, depth: 0 };
    if let Err(code) = expansion.run() {
        return code;
    }
    // SAFETY: `result` is empty or as an earlier call left it.
    unsafe { append(result, &expansion.words) }
}

/// Appends `words`, each NUL-terminated and in memory of its own.
unsafe fn append(result: &mut Words, words: &[Vec<u8>]) -> c_int {
    let slots = result.offset + result.count + words.len() + 1;
    // SAFETY: the list came from here, or is null; it has room for `slots` pointers.
    unsafe {
        let list = realloc(result.words.cast(), slots * size_of::<*mut c_char>()).cast::<*mut c_char>();
        if list.is_null() {
            return NOSPACE;
        }
        if result.words.is_null() {
            list.write_bytes(0, result.offset);
        }
        result.words = list;
        for word in words {
            let copy = malloc(word.len()).cast::<u8>();
            list.add(result.offset + result.count).write(copy.cast());
            if copy.is_null() {
                return NOSPACE;
            }
            core::ptr::copy_nonoverlapping(word.as_ptr(), copy, word.len());
            result.count += 1;
        }
        list.add(result.offset + result.count).write(null_mut());
    }
    0
}

/// Frees what `wordexp` gave (POSIX).
#[export]
pub unsafe extern "C" fn wordfree(result: *mut Words) {
    // SAFETY: the caller gives what `wordexp` filled.
    unsafe {
        if (*result).words.is_null() {
            return;
        }
        for index in 0..(*result).count {
            free((*(*result).words.add((*result).offset + index)).cast());
        }
        free((*result).words.cast());
        (*result).words = null_mut();
        (*result).count = 0;
    }
}
