//! Against the host's glibc, with strings that end at the end of a page.
#![allow(unsafe_op_in_unsafe_fn)]

use core::ffi::{CStr, c_char, c_int, c_void};

use super::*;
use crate::test_random;

mod host {
    use core::ffi::{c_char, c_int, c_void};
    unsafe extern "C" {
        pub fn mmap(at: *mut c_void, n: usize, p: c_int, f: c_int, fd: c_int, o: i64) -> *mut c_void;
        pub fn mprotect(at: *mut c_void, n: usize, p: c_int) -> c_int;
        pub fn memchr(s: *const c_void, c: c_int, n: usize) -> *mut c_void;
        pub fn memrchr(s: *const c_void, c: c_int, n: usize) -> *mut c_void;
        pub fn memcmp(a: *const c_void, b: *const c_void, n: usize) -> c_int;
        pub fn memmem(a: *const c_void, n: usize, b: *const c_void, m: usize) -> *mut c_void;
        pub fn strlen(s: *const c_char) -> usize;
        pub fn strchr(s: *const c_char, c: c_int) -> *mut c_char;
        pub fn strrchr(s: *const c_char, c: c_int) -> *mut c_char;
        pub fn strcmp(a: *const c_char, b: *const c_char) -> c_int;
        pub fn strncmp(a: *const c_char, b: *const c_char, n: usize) -> c_int;
        pub fn strcasecmp(a: *const c_char, b: *const c_char) -> c_int;
        pub fn strverscmp(a: *const c_char, b: *const c_char) -> c_int;
        pub fn strspn(a: *const c_char, b: *const c_char) -> usize;
        pub fn strcspn(a: *const c_char, b: *const c_char) -> usize;
        pub fn strstr(a: *const c_char, b: *const c_char) -> *mut c_char;
        pub fn strcasestr(a: *const c_char, b: *const c_char) -> *mut c_char;
        pub fn strerrordesc_np(e: c_int) -> *const c_char;
        pub fn strerrorname_np(e: c_int) -> *const c_char;
        pub fn strsignal(s: c_int) -> *const c_char;
    }
}

/// Two pages with an inaccessible one after them; gives the end of the second.
fn guarded() -> *mut u8 {
    unsafe {
        let at = host::mmap(core::ptr::null_mut(), 3 * 4096, 3, 0x22, -1, 0);
        host::mprotect(at.byte_add(2 * 4096), 4096, 0);
        at.byte_add(2 * 4096).cast()
    }
}

/// A string of `n` letters out of few, ending at the guard page.
unsafe fn text(end: *mut u8, n: usize, letters: u64, random: &mut impl FnMut() -> u64) -> *mut c_char {
    let start = end.sub(n + 1);
    for i in 0..n {
        *start.add(i) = match random() % 40 {
            0 => b'A' + (random() % letters) as u8,
            1 => 200 + (random() % letters) as u8,
            _ => b'a' + (random() % letters) as u8,
        };
    }
    *start.add(n) = 0;
    start.cast()
}

fn sign(n: c_int) -> c_int {
    n.signum()
}

#[test]
fn searching_and_comparing_equal_glibc() {
    let mut random = test_random(3);
    let (a, b) = (guarded(), guarded());
    for _ in 0..60000 {
        let (n, m) = (random() as usize % 80, random() as usize % 40);
        let letters = 1 + random() % 4;
        unsafe {
            let s = text(a, n, letters, &mut random);
            let t = text(b, m, letters, &mut random);
            if random().is_multiple_of(2) {
                let shared = m.min(n);
                core::ptr::copy_nonoverlapping(s, t, shared.min(random() as usize % 80));
            }
            let c = c_int::from(b'a' + (random() % 6) as u8);
            let limit = random() as usize % 90;
            assert_eq!(strlen(s), host::strlen(s));
            assert_eq!(strnlen(s, limit), n.min(limit));
            assert_eq!(memchr(s.cast(), c, n), host::memchr(s.cast(), c, n));
            assert_eq!(memrchr(s.cast(), c, n), host::memrchr(s.cast(), c, n));
            assert_eq!(strchr(s, c), host::strchr(s, c));
            assert_eq!(strchr(s, 0), host::strchr(s, 0));
            assert_eq!(strrchr(s, c), host::strrchr(s, c));
            assert_eq!(sign(strcmp(s, t)), sign(host::strcmp(s, t)));
            assert_eq!(sign(strncmp(s, t, limit)), sign(host::strncmp(s, t, limit)));
            assert_eq!(sign(strcasecmp(s, t)), sign(host::strcasecmp(s, t)));
            assert_eq!(strspn(s, t), host::strspn(s, t));
            assert_eq!(strcspn(s, t), host::strcspn(s, t));
            let both = n.min(m);
            assert_eq!(sign(memcmp(s.cast(), t.cast(), both)), sign(host::memcmp(s.cast(), t.cast(), both)));
            // A short needle, so that it is often there.
            let short = t.add(m - m.min(random() as usize % 7));
            let k = strlen(short);
            assert_eq!(strstr(s, short), host::strstr(s, short));
            assert_eq!(strcasestr(s, short), host::strcasestr(s, short));
            assert_eq!(
                memmem(s.cast(), n, short.cast(), k),
                host::memmem(s.cast(), n, short.cast(), k),
                "{:?} {:?}",
                CStr::from_ptr(s),
                CStr::from_ptr(short)
            );
        }
    }
}

#[test]
fn versions_equal_glibc() {
    let mut random = test_random(5);
    for _ in 0..200000 {
        let mut make = || {
            let n = random() as usize % 7;
            let mut s: Vec<u8> = (0..n).map(|_| b"0019a."[random() as usize % 6]).collect();
            s.push(0);
            s
        };
        let (s, t) = (make(), make());
        let (s, t) = (s.as_ptr().cast(), t.as_ptr().cast());
        unsafe {
            assert_eq!(
                sign(strverscmp(s, t)),
                sign(host::strverscmp(s, t)),
                "{:?} {:?}",
                CStr::from_ptr(s),
                CStr::from_ptr(t)
            );
        }
    }
}

#[test]
fn copies_of_every_length_and_overlap() {
    let mut random = test_random(4);
    for _ in 0..20000 {
        let n = if random().is_multiple_of(20) { random() as usize % 2000 } else { random() as usize % 150 };
        let (from, to) = (random() as usize % 200, random() as usize % 200);
        let mut mine: Vec<u8> = (0..2300).map(|_| random() as u8).collect();
        let mut expected = mine.clone();
        expected.copy_within(from..from + n, to);
        unsafe { memmove(mine.as_mut_ptr().add(to).cast(), mine.as_ptr().add(from).cast(), n) };
        assert_eq!(mine, expected, "{n} bytes, {from} to {to}");
        let byte = random() as u8;
        expected[to..to + n].fill(byte);
        unsafe { memset(mine.as_mut_ptr().add(to).cast(), c_int::from(byte), n) };
        assert_eq!(mine, expected, "{n} bytes at {to}");
    }
}

#[test]
fn strings_are_cut_and_joined() {
    unsafe {
        let mut buffer = [1 as c_char; 16];
        let to = buffer.as_mut_ptr();
        assert_eq!(stpncpy(to, c"abc".as_ptr(), 5), to.add(3));
        assert_eq!(buffer[..6].iter().map(|c| *c as u8).collect::<Vec<_>>(), b"abc\0\0\x01");
        strcat(to, c"de".as_ptr());
        strncat(to, c"fgh".as_ptr(), 2);
        assert_eq!(CStr::from_ptr(to), c"abcdefg");
        let mut line = *b",,a;b,,c\0";
        let mut state = core::ptr::null_mut();
        let mut tokens = vec![];
        let mut s = line.as_mut_ptr().cast();
        loop {
            let token = strtok_r(s, c",;".as_ptr(), &mut state);
            if token.is_null() {
                break;
            }
            tokens.push(CStr::from_ptr(token).to_owned());
            s = core::ptr::null_mut();
        }
        assert_eq!(tokens, [c"a".to_owned(), c"b".to_owned(), c"c".to_owned()]);
        let mut line = *b"a,,b\0";
        let mut position = line.as_mut_ptr().cast();
        let mut parts = 0;
        while !strsep(&mut position, c",".as_ptr()).is_null() {
            parts += 1;
        }
        assert_eq!(parts, 3);
    }
}

#[test]
fn texts_equal_glibc() {
    let same = |a: *const c_char, b: *const c_char| unsafe {
        a.is_null() == b.is_null() && (a.is_null() || CStr::from_ptr(a) == CStr::from_ptr(b))
    };
    unsafe {
        for e in -3..200 {
            assert!(same(strerrordesc_np(e), host::strerrordesc_np(e)), "{e}");
            assert!(same(strerrorname_np(e), host::strerrorname_np(e)), "{e}");
            assert!(same(strsignal(e), host::strsignal(e)), "{e}");
        }
        assert_eq!(CStr::from_ptr(strerror(-2147483648)), c"Unknown error -2147483648");
        let mut small = [0; 5];
        assert_eq!(__xpg_strerror_r(2, small.as_mut_ptr(), 5), 34);
        assert_eq!(CStr::from_ptr(small.as_ptr()), c"No s");
        let _: *const c_void = small.as_ptr().cast();
    }
}
