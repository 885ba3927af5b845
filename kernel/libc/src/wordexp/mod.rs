//! `wordexp.h`: shell expansion without a shell (POSIX).
//!
//! Tilde, parameters (`$X`, `${X}`, `${X:-word}` and its like), quotes, field splitting and path
//! names are done. Commands cannot be: there is no shell in a unikernel, so `$(…)` and backquotes
//! give `WRDE_CMDSUB`, and arithmetic `WRDE_SYNTAX`.

use alloc::vec::Vec;
use core::ffi::{CStr, c_char, c_int};
use core::ptr::null_mut;

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
}

fn variable(name: &[u8]) -> Option<Vec<u8>> {
    let mut name = name.to_vec();
    name.push(0);
    // SAFETY: the name is NUL-terminated; a value stays valid while nothing sets the variable.
    unsafe {
        let value = crate::stdlib::getenv(name.as_ptr().cast());
        (!value.is_null()).then(|| CStr::from_ptr(value).to_bytes().to_vec())
    }
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
                b' ' | b'\t' | b'\n' => self.finish()?,
                b'|' | b'&' | b';' | b'<' | b'>' | b'(' | b')' | b'{' | b'}' => return Err(BADCHAR),
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
                byte => self.word.push(byte, false),
            }
        }
        self.finish()
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
                Some(b'\\') => match self.next() {
                    Some(b'\n') => {}
                    Some(byte @ (b'$' | b'`' | b'"' | b'\\')) => self.word.push(byte, true),
                    Some(byte) => {
                        self.word.push(b'\\', true);
                        self.word.push(byte, true);
                    }
                    None => return Err(SYNTAX),
                },
                Some(byte) => self.word.push(byte, true),
                None => return Err(SYNTAX),
            }
        }
    }

    fn tilde(&mut self) {
        let rest = &self.text[self.at..];
        let length = rest.iter().position(|byte| b"/ \t\n".contains(byte)).unwrap_or(rest.len());
        let home = if length == 0 { variable(b"HOME") } else { None };
        match home {
            Some(home) => home.iter().for_each(|&byte| self.word.push(byte, true)),
            None => self.word.push(b'~', true),
        }
    }

    /// A parameter, after its `$`.
    fn parameter(&mut self, quoted: bool) -> Result<(), c_int> {
        let rest = &self.text[self.at..];
        if rest.starts_with(b"((") {
            return Err(SYNTAX);
        }
        if rest.first() == Some(&b'(') {
            return Err(CMDSUB);
        }
        let value = if rest.first() == Some(&b'{') {
            let end = rest.iter().position(|&byte| byte == b'}').ok_or(SYNTAX)?;
            self.at += end + 1;
            self.braced(&rest[1..end])?
        } else {
            let length = name_length(rest);
            if length == 0 {
                self.word.push(b'$', quoted);
                return Ok(());
            }
            self.at += length;
            self.value(&rest[..length])?
        };
        for byte in value {
            if !quoted && matches!(byte, b' ' | b'\t' | b'\n') {
                self.finish()?;
            } else {
                self.word.push(byte, quoted);
            }
        }
        Ok(())
    }

    fn value(&self, name: &[u8]) -> Result<Vec<u8>, c_int> {
        match variable(name) {
            Some(value) => Ok(value),
            None if self.flags & UNDEF != 0 => Err(BADVAL),
            None => Ok(Vec::new()),
        }
    }

    /// What stands between `${` and `}`.
    fn braced(&self, inside: &[u8]) -> Result<Vec<u8>, c_int> {
        if let [b'#', name @ ..] = inside
            && name_length(name) == name.len()
        {
            let mut digits = Vec::new();
            let mut length = self.value(name)?.len();
            while digits.is_empty() || length > 0 {
                digits.insert(0, b'0' + (length % 10) as u8);
                length /= 10;
            }
            return Ok(digits);
        }
        let (name, operation) = inside.split_at(name_length(inside));
        if name.is_empty() {
            return Err(SYNTAX);
        }
        let (empty_counts, operation) = match operation {
            [b':', operation @ ..] => (true, operation),
            operation => (false, operation),
        };
        let set = variable(name).filter(|value| !(empty_counts && value.is_empty()));
        match operation {
            [] if !empty_counts => self.value(name),
            [b'-', word @ ..] => Ok(set.unwrap_or_else(|| word.to_vec())),
            [b'+', word @ ..] => Ok(if set.is_some() { word.to_vec() } else { Vec::new() }),
            [b'?', ..] => set.ok_or(BADVAL),
            [b'=', word @ ..] => match set {
                Some(value) => Ok(value),
                None => assign(name, word),
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
    let mut expansion = Expansion { text, at: 0, flags, word: Word::default(), words: Vec::new() };
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
