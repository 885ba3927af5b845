//! Against the host's glibc, on bytes that are mostly UTF-8.
#![allow(unsafe_op_in_unsafe_fn)]

use core::ffi::{c_char, c_int, c_void};
use core::ptr::null_mut;

use super::*;
use crate::test_random;

mod host {
    use core::ffi::{c_char, c_int, c_void};
    unsafe extern "C" {
        pub fn newlocale(mask: c_int, name: *const c_char, base: *mut c_void) -> *mut c_void;
        pub fn uselocale(locale: *mut c_void) -> *mut c_void;
        pub fn mbrtowc(to: *mut i32, s: *const c_char, n: usize, state: *mut u64) -> usize;
        pub fn wcrtomb(to: *mut c_char, c: i32, state: *mut u64) -> usize;
        pub fn mbsnrtowcs(to: *mut i32, s: *mut *const c_char, b: usize, n: usize, state: *mut u64) -> usize;
        pub fn wcsnrtombs(to: *mut c_char, s: *mut *const i32, c: usize, n: usize, state: *mut u64) -> usize;
        pub fn mbrtoc16(to: *mut u16, s: *const c_char, n: usize, state: *mut u64) -> usize;
        pub fn mbrtoc8(to: *mut u8, s: *const c_char, n: usize, state: *mut u64) -> usize;
        pub fn c8rtomb(to: *mut c_char, unit: u8, state: *mut u64) -> usize;
        pub fn c16rtomb(to: *mut c_char, unit: u16, state: *mut u64) -> usize;
    }
}

fn in_locale(name: &core::ffi::CStr, run: impl FnOnce()) {
    unsafe {
        let before = host::uselocale(host::newlocale(1, name.as_ptr(), null_mut::<c_void>()));
        let mine = crate::locale::newlocale(1, name.as_ptr(), null_mut());
        crate::locale::uselocale(mine);
        run();
        crate::locale::uselocale(usize::MAX as crate::locale::locale_t);
        host::uselocale(before);
        let _: c_int = 0;
    }
}

fn bytes(random: &mut impl FnMut() -> u64) -> Vec<u8> {
    let mut text = vec![];
    for _ in 0..random() % 8 {
        let c = random() as u32 >> (random() % 31);
        match random() % 12 {
            0 => text.push(random() as u8),
            1 => text.push(0),
            _ => {
                let c = char::from_u32(c & 0x1f_ffff).unwrap_or('x');
                text.extend_from_slice(c.to_string().as_bytes());
            }
        }
    }
    if random().is_multiple_of(3) {
        let n = random() as usize % (text.len() + 1);
        text.truncate(n);
    }
    text.push(0);
    text
}

#[test]
fn characters_equal_glibc() {
    for name in [c"C", c"C.UTF-8"] {
        let mut random = test_random(11);
        in_locale(name, || unsafe {
            for _ in 0..100000 {
                let text = bytes(&mut random);
                let (mut mine, mut theirs) = (mbstate_t::default(), 0u64);
                let mut at = 0;
                while at < text.len() {
                    let n = 1 + random() as usize % (text.len() - at);
                    let (mut a, mut b) = (7, 7);
                    let s = text.as_ptr().add(at).cast();
                    let (r, t) = (mbrtowc(&mut a, s, n, &mut mine), host::mbrtowc(&mut b, s, n, &mut theirs));
                    assert_eq!((r, a), (t, b), "{name:?} {text:x?} at {at}, {n} bytes");
                    if r == usize::MAX {
                        break;
                    }
                    assert_eq!(mine.count, theirs as u32);
                    at += if r == usize::MAX - 1 { n } else { r.max(1) };
                }
                let c = (random() as u32 >> (random() % 32)) as i32;
                let (mut a, mut b) = ([0; 8], [0; 8]);
                let mut state = 0;
                assert_eq!(
                    wcrtomb(a.as_mut_ptr(), c, null_mut()),
                    host::wcrtomb(b.as_mut_ptr(), c, &mut state),
                    "{c:x}"
                );
                assert_eq!(a, b, "{c:x}");
            }
        });
    }
}

#[test]
fn strings_equal_glibc() {
    for name in [c"C", c"C.UTF-8"] {
        let mut random = test_random(12);
        in_locale(name, || unsafe {
            for _ in 0..100000 {
                let text = bytes(&mut random);
                let (limit, n) = (random() as usize % (text.len() + 1), random() as usize % 9);
                for null in [true, false] {
                    let (mut a, mut b) = ([0i32; 40], [0i32; 40]);
                    let (mut p, mut q): (*const c_char, *const c_char) =
                        (text.as_ptr().cast(), text.as_ptr().cast());
                    let (mut mine, mut theirs) = (mbstate_t::default(), 0u64);
                    let (x, y) =
                        if null { (null_mut(), null_mut()) } else { (a.as_mut_ptr(), b.as_mut_ptr()) };
                    assert_eq!(
                        mbsnrtowcs(x, &mut p, limit, n, &mut mine),
                        host::mbsnrtowcs(y, &mut q, limit, n, &mut theirs),
                        "{name:?} {text:x?} {limit} {n} {null}"
                    );
                    assert_eq!((p, a), (q, b), "{name:?} {text:x?} {limit} {n} {null}");
                    let mut wide: Vec<i32> =
                        (0..random() % 6).map(|_| (random() as u32 >> (11 + random() % 21)) as i32).collect();
                    wide.push(0);
                    let (mut a, mut b) = ([0 as c_char; 40], [0 as c_char; 40]);
                    let (mut p, mut q) = (wide.as_ptr(), wide.as_ptr());
                    let (x, y) =
                        if null { (null_mut(), null_mut()) } else { (a.as_mut_ptr(), b.as_mut_ptr()) };
                    let limit = random() as usize % (wide.len() + 1);
                    assert_eq!(
                        wcsnrtombs(x, &mut p, limit, n, null_mut()),
                        host::wcsnrtombs(y, &mut q, limit, n, &mut 0),
                        "{name:?} {wide:x?} {limit} {n} {null}"
                    );
                    assert_eq!((p, a), (q, b), "{name:?} {wide:x?} {limit} {n} {null}");
                }
            }
        });
    }
}

#[test]
fn surrogates_equal_glibc() {
    let mut random = test_random(13);
    in_locale(c"C.UTF-8", || unsafe {
        for _ in 0..50000 {
            let text = bytes(&mut random);
            let (mut mine, mut theirs, mut back) = (mbstate_t::default(), 0u64, mbstate_t::default());
            let mut back_theirs = 0u64;
            let mut at = 0;
            while at < text.len() {
                let (mut a, mut b) = (7, 7);
                let (s, n) = (text.as_ptr().add(at).cast(), text.len() - at);
                let (r, t) = (mbrtoc16(&mut a, s, n, &mut mine), host::mbrtoc16(&mut b, s, n, &mut theirs));
                if t == usize::MAX {
                    assert_eq!(r, t);
                    break;
                }
                assert_eq!((r, a), (t, b), "{text:x?} at {at}");
                let (mut x, mut y) = ([0; 8], [0; 8]);
                assert_eq!(
                    c16rtomb(x.as_mut_ptr(), a, &mut back),
                    host::c16rtomb(y.as_mut_ptr(), b, &mut back_theirs)
                );
                assert_eq!(x, y);
                at += if r == usize::MAX - 2 { 0 } else { r.max(1) };
            }
        }
    });
}

#[test]
fn wide_strings() {
    unsafe {
        let text: Vec<i32> = "one two  three\0".chars().map(|c| c as i32).collect();
        let mut line = text.clone();
        let delimiters = [32, 0];
        let (mut s, mut position, mut lengths) = (line.as_mut_ptr(), null_mut(), vec![]);
        loop {
            let token = wcstok(s, delimiters.as_ptr(), &mut position);
            if token.is_null() {
                break;
            }
            lengths.push(wcslen(token));
            s = null_mut();
        }
        assert_eq!(lengths, [3, 3, 5]);
        let needle: Vec<i32> = "thr\0".chars().map(|c| c as i32).collect();
        assert_eq!(wcsstr(text.as_ptr(), needle.as_ptr()).offset_from(text.as_ptr()), 9);
        assert_eq!(wcsrchr(text.as_ptr(), 32).offset_from(text.as_ptr()), 8);
    }
}

#[test]
fn utf_8_units_equal_glibc() {
    let mut random = test_random(14);
    in_locale(c"C.UTF-8", || unsafe {
        for _ in 0..50000 {
            let text = bytes(&mut random);
            let (mut mine, mut theirs) = (mbstate_t::default(), 0u64);
            let (mut back, mut back_theirs) = (mbstate_t::default(), 0u64);
            let mut at = 0;
            while at < text.len() {
                let (mut a, mut b) = (7, 7);
                let (s, n) = (text.as_ptr().add(at).cast(), text.len() - at);
                let (r, t) = (mbrtoc8(&mut a, s, n, &mut mine), host::mbrtoc8(&mut b, s, n, &mut theirs));
                if t == usize::MAX {
                    assert_eq!(r, t);
                    break;
                }
                assert_eq!((r, a), (t, b), "{text:x?} at {at}");
                let first = if r == usize::MAX - 1 { break } else { r };
                let (mut x, mut y) = ([0; 8], [0; 8]);
                let (r, t) = (
                    c8rtomb(x.as_mut_ptr(), a, &mut back),
                    host::c8rtomb(y.as_mut_ptr(), b, &mut back_theirs),
                );
                assert_eq!(r, t, "{text:x?} at {at}");
                if t != 0 && t != usize::MAX {
                    assert_eq!(x, y);
                }
                at += if first == usize::MAX - 2 { 0 } else { first.max(1) };
            }
        }
    });
}
