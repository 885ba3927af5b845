//! `fnmatch.h`: shell patterns (POSIX XCU 2.13), with the GNU flags and `FNM_EXTMATCH`.

use core::ffi::{CStr, c_char, c_int};

use macros::export;

use crate::locale;
use crate::regex::text::Encoding;

/// A `/` is matched by a `/` alone.
pub const FNM_PATHNAME: c_int = 1;
/// `\` is an ordinary character.
pub const FNM_NOESCAPE: c_int = 2;
/// A leading `.` is matched by a `.` alone.
pub const FNM_PERIOD: c_int = 4;
/// What follows a `/` after a match does not matter.
pub const FNM_LEADING_DIR: c_int = 8;
/// Letter case does not matter.
pub const FNM_CASEFOLD: c_int = 16;
/// `?(…)`, `*(…)`, `+(…)`, `@(…)` and `!(…)` are known, as in ksh.
pub const FNM_EXTMATCH: c_int = 32;
/// What `fnmatch` returns if there is no match.
pub const FNM_NOMATCH: c_int = 1;

/// Whether `pattern` matches all of `string`: 0, or [`FNM_NOMATCH`] (POSIX).
#[export]
pub unsafe extern "C" fn fnmatch(pattern: *const c_char, string: *const c_char, flags: c_int) -> c_int {
    // SAFETY: both are NUL-terminated, as POSIX asks of the caller.
    let (pattern, string) =
        unsafe { (CStr::from_ptr(pattern).to_bytes(), CStr::from_ptr(string).to_bytes()) };
    if matches(pattern, string, flags) { 0 } else { FNM_NOMATCH }
}

/// [`fnmatch`] on slices.
pub(crate) fn matches(pattern: &[u8], string: &[u8], flags: c_int) -> bool {
    let utf8 = locale::encoding() == locale::Encoding::Utf8;
    let encoding = Encoding { utf8, fold: flags & FNM_CASEFOLD != 0, translate: None };
    Matcher { string, flags, encoding }.run(pattern, 0, string.len()) == Outcome::Match
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Match,
    NoMatch,
    /// The string ended first: no star further left can help by taking more.
    Exhausted,
}

struct Matcher<'a> {
    string: &'a [u8],
    flags: c_int,
    encoding: Encoding,
}

/// A group of `FNM_EXTMATCH`: its alternatives, and the pattern after it.
struct Group<'p> {
    inside: &'p [u8],
    rest: &'p [u8],
}

impl Matcher<'_> {
    fn has(&self, flag: c_int) -> bool {
        self.flags & flag != 0
    }

    /// Whether the character at `at` is a dot that only a dot may match.
    fn protected_dot(&self, at: usize) -> bool {
        self.has(FNM_PERIOD)
            && self.string.get(at) == Some(&b'.')
            && (at == 0 || (self.has(FNM_PATHNAME) && self.string[at - 1] == b'/'))
    }

    fn is_slash(&self, at: usize) -> bool {
        self.has(FNM_PATHNAME) && self.string.get(at) == Some(&b'/')
    }

    /// Matches `pattern` with all of `string[at..end]`.
    fn run(&self, mut pattern: &[u8], mut at: usize, end: usize) -> Outcome {
        loop {
            let Some((token, length)) = self.encoding.decode(pattern) else {
                let done = at == end || (self.has(FNM_LEADING_DIR) && self.string[at] == b'/');
                return if done { Outcome::Match } else { Outcome::NoMatch };
            };
            let rest = &pattern[length..];
            let token = u8::try_from(token).unwrap_or(0);
            if self.has(FNM_EXTMATCH)
                && matches!(token, b'?' | b'*' | b'+' | b'@' | b'!')
                && let Some(group) = group(rest)
            {
                return self.group(token, &group, pattern, at, end);
            }
            let character = if at < end { self.encoding.decode(&self.string[at..end]) } else { None };
            if token == b'*' {
                return self.star(rest, at, end);
            }
            let Some((character, step)) = character else { return Outcome::Exhausted };
            match token {
                b'?' if self.is_slash(at) || self.protected_dot(at) => return Outcome::NoMatch,
                b'?' => pattern = rest,
                b'[' if self.bracket(rest, character).is_some() => {
                    if self.is_slash(at) || self.protected_dot(at) {
                        return Outcome::NoMatch;
                    }
                    match self.bracket(rest, character) {
                        Some(Some(after)) => pattern = after,
                        _ => return Outcome::NoMatch,
                    }
                }
                _ => {
                    let escaped = token == b'\\' && !self.has(FNM_NOESCAPE);
                    let literal = if escaped { rest } else { pattern };
                    // A pattern that ends in its escape matches nothing.
                    let Some((wanted, length)) = self.encoding.decode(literal) else {
                        return Outcome::NoMatch;
                    };
                    if self.encoding.folded(wanted) != self.encoding.folded(character) {
                        return Outcome::NoMatch;
                    }
                    pattern = &literal[length..];
                }
            }
            at += step;
        }
    }

    fn star(&self, mut rest: &[u8], mut at: usize, end: usize) -> Outcome {
        if self.protected_dot(at) {
            return Outcome::NoMatch;
        }
        while let [b'*', more @ ..] = rest {
            if self.has(FNM_EXTMATCH) && group(more).is_some() {
                break;
            }
            rest = more;
        }
        loop {
            match self.run(rest, at, end) {
                Outcome::NoMatch => {}
                outcome => return outcome,
            }
            if at >= end {
                return Outcome::Exhausted;
            }
            if self.is_slash(at) {
                return Outcome::NoMatch;
            }
            at += self.encoding.decode(&self.string[at..end]).map_or(1, |(_, length)| length);
        }
    }

    /// A group that starts with `kind`; `whole` is the pattern from there.
    fn group(&self, kind: u8, group: &Group, whole: &[u8], at: usize, end: usize) -> Outcome {
        let splits = (at..=end)
            .filter(|&to| !self.encoding.utf8 || self.string.get(to).is_none_or(|b| b & 0xc0 != 0x80));
        let alternative_fits = |to| alternatives(group.inside).any(|one| self.run_exact(one, at, to));
        let rest_fits = |to| self.run(group.rest, to, end) == Outcome::Match;
        let found = match kind {
            // As in glibc, what a negated group takes may hold a slash or a leading dot.
            b'!' => splits.into_iter().any(|to| !alternative_fits(to) && rest_fits(to)),
            b'@' => splits.into_iter().any(|to| alternative_fits(to) && rest_fits(to)),
            b'?' => rest_fits(at) || splits.into_iter().any(|to| alternative_fits(to) && rest_fits(to)),
            _ => {
                (kind == b'*' && rest_fits(at))
                    || splits.into_iter().any(|to| {
                        alternative_fits(to)
                            && (rest_fits(to) || (to > at && self.run(whole, to, end) == Outcome::Match))
                    })
            }
        };
        if found { Outcome::Match } else { Outcome::NoMatch }
    }

    fn run_exact(&self, pattern: &[u8], at: usize, end: usize) -> bool {
        let exact = Matcher {
            string: self.string,
            flags: self.flags & !FNM_LEADING_DIR,
            encoding: self.encoding.clone(),
        };
        exact.run(pattern, at, end) == Outcome::Match
    }

    /// Matches `character` with the bracket expression that `pattern` goes on with after its `[`.
    /// None if it is none; else the pattern after it if it matches.
    fn bracket<'p>(&self, pattern: &'p [u8], character: u32) -> Option<Option<&'p [u8]>> {
        let (negated, mut rest) = match pattern {
            [b'!' | b'^', rest @ ..] => (true, rest),
            _ => (false, pattern),
        };
        let mut found = false;
        let mut first = true;
        loop {
            match rest {
                [] => return None,
                [b']', after @ ..] if !first => return Some((found != negated).then_some(after)),
                [b'/', ..] if self.has(FNM_PATHNAME) => return None,
                [b'[', b':', inside @ ..] if let Some(end) = find(inside, *b":]") => {
                    found |= self.in_class(&inside[..end], character);
                    rest = &inside[end + 2..];
                }
                _ => {
                    let from = self.element(&mut rest)?;
                    let to = match rest {
                        [b'-', next, ..] if *next != b']' => {
                            rest = &rest[1..];
                            self.element(&mut rest)?
                        }
                        _ => from,
                    };
                    let folded = |c| (from..=to).contains(&c);
                    found |= folded(character)
                        || (self.encoding.fold
                            && (folded(crate::regex::text::lower(character))
                                || folded(crate::regex::text::upper(character))));
                }
            }
            first = false;
        }
    }

    /// One character, `[.x.]` or `[=x=]` of a bracket expression.
    fn element(&self, rest: &mut &[u8]) -> Option<u32> {
        let pattern = *rest;
        if let [b'[', kind @ (b'.' | b'='), inside @ ..] = pattern
            && let Some(end) = find(inside, [*kind, b']'])
        {
            let (character, length) = self.encoding.decode(inside)?;
            *rest = &inside[end + 2..];
            return (length == end).then_some(character);
        }
        let literal = match pattern {
            [b'\\', literal @ ..] if !self.has(FNM_NOESCAPE) => literal,
            literal => literal,
        };
        let (character, length) = self.encoding.decode(literal)?;
        *rest = &literal[length..];
        Some(character)
    }

    fn in_class(&self, name: &[u8], character: u32) -> bool {
        let mut buffer = [0; 16];
        let Some(room) = buffer.get_mut(..name.len()) else { return false };
        room.copy_from_slice(name);
        let Ok(name) = CStr::from_bytes_until_nul(&buffer) else { return false };
        // SAFETY: `name` is NUL-terminated.
        let class = unsafe { crate::wctype::wctype(name.as_ptr()) };
        class != 0 && crate::wctype::iswctype(character, class) != 0
    }
}

fn find(bytes: &[u8], pair: [u8; 2]) -> Option<usize> {
    bytes.windows(2).position(|window| window == pair)
}

/// The length of a bracket expression that starts after its `[`, with its `]`; 0 if it is none.
fn bracket_length(pattern: &[u8]) -> usize {
    let start = usize::from(matches!(pattern.first(), Some(b'!' | b'^')));
    let from = start + 1;
    pattern
        .get(from..)
        .and_then(|rest| rest.iter().position(|&byte| byte == b']'))
        .map_or(0, |at| from + at + 1)
}

/// Steps through `pattern` from `at` past one element that may hide a `|` or a parenthesis.
fn skip(pattern: &[u8], at: usize) -> usize {
    match pattern[at] {
        b'\\' => at + 2,
        b'[' => at + 1 + bracket_length(&pattern[at + 1..]),
        _ => at + 1,
    }
}

/// The group that `pattern`, after its `@` or so, starts with.
fn group(pattern: &[u8]) -> Option<Group<'_>> {
    let mut depth = 0;
    let mut at = 0;
    if pattern.first() != Some(&b'(') {
        return None;
    }
    while at < pattern.len() {
        match pattern[at] {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(Group { inside: &pattern[1..at], rest: &pattern[at + 1..] });
        }
        at = skip(pattern, at);
    }
    None
}

/// The alternatives of a group, split at `|` outside inner groups.
fn alternatives(inside: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(inside);
    core::iter::from_fn(move || {
        let pattern = rest?;
        let mut depth = 0;
        let mut at = 0;
        while at < pattern.len() {
            match pattern[at] {
                b'(' => depth += 1,
                b')' => depth -= 1,
                b'|' if depth == 0 => {
                    rest = Some(&pattern[at + 1..]);
                    return Some(&pattern[..at]);
                }
                _ => {}
            }
            at = skip(pattern, at);
        }
        rest = None;
        Some(pattern)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CString;

    mod host {
        use super::*;

        unsafe extern "C" {
            pub fn fnmatch(pattern: *const c_char, string: *const c_char, flags: c_int) -> c_int;
        }
    }

    const PATTERNS: &[&str] = &[
        "",
        "*",
        "?",
        "a",
        "*a",
        "a*",
        "*.c",
        "*/*",
        "[a-c]*",
        "[!a-c]*",
        "[^a]",
        "[]]",
        "[!]]",
        "[a",
        "[",
        "a\\*",
        "\\",
        "a\\",
        "**",
        "*a*b*",
        "a?c",
        ".*",
        "*.*",
        "?.",
        "[.]a",
        "[.a.]",
        "[[:alpha:]]*",
        "[[:digit:]]",
        "[[.-.]]",
        "[[=a=]]",
        "a/b",
        "a/*",
        "*/b",
        "a[/]b",
        "[a-",
        "[z-a]",
        "@(a|b)",
        "*(a|b)c",
        "+(ab|c)",
        "?(a)b",
        "!(a)",
        "!(a|b)*",
        "@(a|*(b|c))d",
        "+([a-c])",
        "a@(",
        "@()",
        "*@(a|b)",
        "x!(*)y",
        "[[:foo:]]",
        "[\\]]",
        "[\\a]",
        "[a\\-c]",
        "*[!x]",
        "A*",
        "[A-C]",
        "[[:upper:]]",
        "a*/",
        "*\\a",
        "?*?",
        "*?b",
    ];
    const STRINGS: &[&str] = &[
        "", "a", "b", "ab", "abc", "aab", "a.c", ".a", ".", "..", "a/b", "a/.b", "/", "a/b/c", "]", "[",
        "[a", "a*", "\\", "-", "a-c", "ABC", "Abc", "5", "cc", "abab", "bcd", "d", "xy", "xay", "abcb",
        "@(a|b)", "[.a.]", "ad", "bcbd", "a\\",
    ];

    #[test]
    fn agrees_with_the_host() {
        let mut differences = Vec::new();
        for pattern in PATTERNS {
            for string in STRINGS {
                for flags in 0..64 {
                    // With both flags glibc's answers follow from no rule.
                    if flags & FNM_EXTMATCH != 0 && flags & FNM_LEADING_DIR != 0 {
                        continue;
                    }
                    let (p, s) = (CString::new(*pattern).unwrap(), CString::new(*string).unwrap());
                    // SAFETY: both are NUL-terminated.
                    let (ours, hosts) = unsafe {
                        (fnmatch(p.as_ptr(), s.as_ptr(), flags), host::fnmatch(p.as_ptr(), s.as_ptr(), flags))
                    };
                    if ours != hosts {
                        differences.push(format!("{pattern:?} {string:?} {flags}: {ours}, host {hosts}"));
                    }
                }
            }
        }
        assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
    }
}
