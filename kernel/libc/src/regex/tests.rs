//! Compared with the host's glibc, which is what applications expect.

use core::ffi::{CStr, c_char, c_int};
use std::ffi::CString;

use super::{Match, PatternBuffer};

#[allow(improper_ctypes)]
mod host {
    use super::*;

    unsafe extern "C" {
        pub fn regcomp(buffer: *mut PatternBuffer, pattern: *const c_char, flags: c_int) -> c_int;
        pub fn regexec(
            buffer: *const PatternBuffer,
            text: *const c_char,
            count: usize,
            matches: *mut Match,
            flags: c_int,
        ) -> c_int;
        pub fn regfree(buffer: *mut PatternBuffer);
        pub fn regerror(code: c_int, buffer: *const PatternBuffer, text: *mut c_char, size: usize) -> usize;
    }
}

type Compile = unsafe extern "C" fn(*mut PatternBuffer, *const c_char, c_int) -> c_int;
type Execute = unsafe extern "C" fn(*const PatternBuffer, *const c_char, usize, *mut Match, c_int) -> c_int;
type Free = unsafe extern "C" fn(*mut PatternBuffer);

/// Where each group of a match starts and ends.
type Groups = Vec<(c_int, c_int)>;

/// The code of `regcomp`, or the groups of each text; none where it does not match.
fn run(
    (compile, execute, free): (Compile, Execute, Free),
    pattern: &str,
    flags: c_int,
    texts: &[&str],
) -> Result<Vec<Option<Groups>>, c_int> {
    let pattern = CString::new(pattern).unwrap();
    let mut buffer = core::mem::MaybeUninit::zeroed();
    // SAFETY: the three functions are of one implementation, used as POSIX says.
    unsafe {
        let code = compile(buffer.as_mut_ptr(), pattern.as_ptr(), flags);
        if code != 0 {
            return Err(code);
        }
        let outcomes = texts.iter().map(|text| {
            let text = CString::new(*text).unwrap();
            let mut matches = [Match { rm_so: -7, rm_eo: -7 }; 6];
            let code = execute(buffer.as_ptr(), text.as_ptr(), 6, matches.as_mut_ptr(), 0);
            (code == 0).then(|| matches.iter().map(|found| (found.rm_so, found.rm_eo)).collect())
        });
        let outcomes = outcomes.collect();
        free(buffer.as_mut_ptr());
        Ok(outcomes)
    }
}

/// Where POSIX and glibc differ: of two alternatives glibc takes the first for a group, POSIX the
/// longest. We do as POSIX says.
#[test]
fn groups_are_longest_as_posix_says() {
    let groups = |pattern, text| run(OURS, pattern, 1, &[text]).unwrap()[0].clone().unwrap();
    assert_eq!(groups("(a|ab)(c|bcd)(d*)", "abcd")[..4], [(0, 4), (0, 2), (2, 3), (3, 4)]);
    assert_eq!(groups("(a*)(a|ab)(b*)", "aab")[..4], [(0, 3), (0, 1), (1, 3), (3, 3)]);
    assert_eq!(groups("(()|a)+", "aa")[..3], [(0, 2), (1, 2), (-1, -1)]);
}

const OURS: (Compile, Execute, Free) = (super::regcomp, super::regexec, super::regfree);
const HOSTS: (Compile, Execute, Free) = (host::regcomp, host::regexec, host::regfree);

const TEXTS: &[&str] = &[
    "",
    "a",
    "b",
    "ab",
    "aab",
    "abc",
    "abcd",
    "aaaa",
    "abab",
    "ababab",
    "a\nb",
    "foo bar",
    "foobar baz",
    "xyz-12.5e3",
    "ABC",
    "aBc",
    "[]",
    "a]b",
    "a-b",
    "{}",
    "a{2}",
    "aaaaabbbbb",
    "the quick brown fox",
    "xabcabcy",
    "a*b",
    "a+b?c",
    "^a$",
    "(a)",
    "a|b",
    "\\",
    "_x1 ",
    "\t tab",
];

const PATTERNS: &[&str] = &[
    "",
    "a",
    "ab",
    "a*",
    "a\\+",
    "a\\?b",
    "a+",
    "a?b",
    "(a)",
    "\\(a\\)",
    "(a|b)",
    "a\\|b",
    "(a*)*",
    "(a*)+",
    "(a+|b)*",
    "(a|b)*abb",
    "^a",
    "a$",
    "^$",
    "a^",
    "$a",
    "x*",
    "[abc]",
    "[^abc]",
    "[]a]",
    "[^]a]",
    "[a-c]",
    "[c-a]",
    "[a-",
    "[",
    "[[:alpha:]]+",
    "[[:digit:].]+",
    "[[:foo:]]",
    "[[.a.]]",
    "[[=a=]]",
    "[[.foo.]]",
    "[a-]",
    "[-a]",
    "[a-c-e]",
    "a{2}",
    "a{2,}",
    "a{,2}",
    "a{2,1}",
    "a{",
    "a{x}",
    "{1}",
    "a\\{2\\}",
    "a\\{2",
    "\\{1\\}",
    "(",
    ")",
    "\\(",
    "\\)",
    "()",
    "\\(\\)",
    "a||b",
    "|a",
    "*",
    "*a",
    "+a",
    "a**",
    "a*+",
    "a+*",
    "^*",
    "^*a",
    "(*a)",
    "\\(*a\\)",
    "\\(^a\\)",
    "\\(^*a\\)",
    "a\\|*b",
    "\\",
    "a\\",
    "\\1",
    "(a)\\1",
    "\\(a\\)\\1",
    "\\(ab*\\)\\1",
    "(a*)\\1",
    "(a|b)\\1",
    "((a)(b)?)*",
    "((a)|(b))*",
    "(a(b)?)+",
    "(ab|a)(bc|c)?",
    "(foo|foob)(ar|r)",
    "\\w+",
    "\\W",
    "\\s\\S",
    "\\bfoo\\b",
    "\\<b",
    "r\\>",
    "\\Bo",
    "\\`f",
    "x\\'",
    ".*",
    ".+b",
    "(.*)(b+)",
    "(a{1,2}){2}",
    "(a{0,1}b){2,3}",
    "a{0}",
    "(a){0}",
    "(a)|(b)",
    "(a|b|c)+d",
    "[0-9]+\\.[0-9]+(e[0-9]+)?",
    "(^|[^a])b",
    "b($|c)",
    "(a?)(a?)(a?)",
    "(a?)*b",
    "((a?)b)*",
    "(a|())*",
    "(|a)*",
    "(|a)+",
    "x(abc)*y",
    "a{1,2}b{1,2}",
    "[^\n]*",
    "a.b",
    "[\\n]",
    "[[:upper:]]",
    "[[:lower:]]+",
    "[a-z]*",
    "(([a-z]+) )+",
    "^(.*)$",
    "a{1}{2}",
    "(ab){2}{1}",
    "a{99999}",
    "a{1,2,3}",
];

#[test]
fn agrees_with_the_host_on_a_battery() {
    let mut differences = Vec::new();
    for pattern in PATTERNS {
        for flags in 0..8 {
            let ours = run(OURS, pattern, flags, TEXTS);
            let hosts = run(HOSTS, pattern, flags, TEXTS);
            match (&ours, &hosts) {
                (Ok(ours), Ok(hosts)) => {
                    for ((ours, hosts), text) in ours.iter().zip(hosts).zip(TEXTS) {
                        if ours != hosts {
                            differences.push(format!(
                                "{pattern:?} flags {flags} on {text:?}: {ours:?}, host {hosts:?}"
                            ));
                        }
                    }
                }
                _ if ours != hosts => {
                    let code = |outcome: &Result<_, c_int>| outcome.as_ref().err().copied();
                    differences.push(format!(
                        "{pattern:?} flags {flags}: {:?}, host {:?}",
                        code(&ours),
                        code(&hosts)
                    ));
                }
                _ => {}
            }
        }
    }
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn messages_are_those_of_the_host() {
    for code in 0..17 {
        let text =
            |function: unsafe extern "C" fn(c_int, *const PatternBuffer, *mut c_char, usize) -> usize| {
                let mut buffer = [0; 64];
                // SAFETY: the buffer has the size given.
                let length = unsafe { function(code, core::ptr::null(), buffer.as_mut_ptr(), 64) };
                // SAFETY: both end the message with a NUL.
                (length, unsafe { CStr::from_ptr(buffer.as_ptr()) }.to_owned())
            };
        assert_eq!(text(super::regerror), text(host::regerror), "code {code}");
    }
}

#[test]
fn a_hostile_pattern_takes_linear_time() {
    let pattern = format!("{}{}", "(a*)*".repeat(8), "b");
    let text = "a".repeat(20_000);
    assert_eq!(run(OURS, &pattern, 1 | 8, &[&text]), Ok(vec![None]));
}
