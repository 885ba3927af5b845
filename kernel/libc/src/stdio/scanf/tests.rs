//! The engine against the host's glibc: the same texts by the same formats.

use core::ffi::{c_char, c_int};
use std::ffi::CString;

use super::input;
use crate::stdio::arguments::VaList;
use crate::stdio::printf::tests::Random;

mod host {
    use super::*;
    unsafe extern "C" {
        pub fn __isoc99_vsscanf(text: *const c_char, format: *const c_char, list: *mut VaList) -> c_int;
        pub fn vsscanf(text: *const c_char, format: *const c_char, list: *mut VaList) -> c_int;
    }
}

type Function = unsafe extern "C" fn(*const c_char, *const c_char, *mut VaList) -> c_int;

#[repr(C, align(16))]
#[derive(Clone, PartialEq)]
struct Places([[u8; 256]; 6]);

/// What a function returns and stores.
fn run(function: Function, text: &CString, format: &CString) -> (c_int, Box<Places>) {
    let mut places = Box::new(Places([[0xaa; 256]; 6]));
    let mut pointers: Vec<*mut u8> = places.0.iter_mut().map(|place| place.as_mut_ptr()).collect();
    let mut list = VaList::of_memory(pointers.as_mut_ptr().cast());
    let result = unsafe { function(text.as_ptr(), format.as_ptr(), &raw mut list) };
    (result, places)
}

fn compare_with(ours: Function, theirs: Function, text: &str, format: &str) {
    let (text, format) = (CString::new(text).unwrap(), CString::new(format).unwrap());
    let (our_result, our_places) = run(ours, &text, &format);
    let (their_result, their_places) = run(theirs, &text, &format);
    assert_eq!(our_result, their_result, "{text:?} {format:?}");
    for (index, (a, b)) in our_places.0.iter().zip(&their_places.0).enumerate() {
        assert!(a == b, "{text:?} {format:?} item {index}: {:x?} {:x?}", &a[..24], &b[..24]);
    }
}

fn compare(text: &str, format: &str) {
    compare_with(input::__isoc99_vsscanf, host::__isoc99_vsscanf, text, format);
}

#[test]
fn chosen_texts_as_glibc() {
    for (text, format) in [
        ("", ""),
        ("", "%d"),
        ("  ", "%d"),
        ("  ", " "),
        ("x", "%d"),
        ("12 34", "%d%d"),
        ("12,34", "%d,%d"),
        ("12 ,34", "%d,%d"),
        ("12 ,34", "%d ,%d"),
        ("-0x1f", "%i"),
        ("0x", "%i"),
        ("0xg", "%x%c"),
        ("0x12", "%2x%s"),
        ("0x12", "%3x%s"),
        ("+", "%d"),
        ("- 1", "%d"),
        ("(nil)", "%p"),
        ("(nix)", "%p"),
        ("0xdeadbeef1234", "%p"),
        ("abc def", "%s%n%s%n"),
        ("abc def", "%3c%n"),
        ("ab", "%3c"),
        ("abc", "%[a-b]%s"),
        ("a-b]", "%[]a-]%s"),
        ("abc]d", "%[^]]%s"),
        ("z-a", "%[z-a]%s"),
        ("50%", "%d%%"),
        ("50 %x", "%d%%%c"),
        ("1 2 3", "%*d%d%*d"),
        ("5 6", "%2$d%1$d"),
        ("3.5e2x", "%f%c"),
        ("1e+", "%f%s"),
        ("1e", "%f"),
        (".", "%f"),
        ("-.5", "%lf"),
        ("0x1.8p3 ", "%lf"),
        ("0x", "%lf"),
        ("0xp3", "%lf"),
        ("infinity", "%lf%n"),
        ("infinix", "%lf%n"),
        ("INF", "%lf%n"),
        ("nan(12)", "%lf%s"),
        ("na", "%lf"),
        ("123456789", "%3f%3lf"),
        ("99999999999999999999999", "%ld"),
        ("-99999999999999999999999", "%ld"),
        ("-99999999999999999999999", "%lu"),
        ("-5", "%lu"),
        ("300", "%hhd"),
        ("70000", "%hd"),
        ("1", "%"),
        ("1", "%y"),
        ("1", "%[abc"),
        ("  x", "%c"),
        ("  x", " %c"),
        ("12", "%'d"),
        ("12", "%Id"),
        ("hello", "%5s%n"),
        ("hello", "%.5s"),
        ("a1b2", "a%db%d"),
        ("a 1", "a%d"),
        ("0b11", "%i%s"),
        ("1.5", "%as"),
    ] {
        compare(text, format);
    }
    compare_with(input::vsscanf, host::vsscanf, "1.5", "%a%n");
}

#[test]
fn random_texts_as_glibc() {
    let mut random = Random(21);
    for _ in 0..150_000 {
        let mut format = String::new();
        for _ in 0..1 + random.below(4) {
            format += random.pick(&["", "", " ", ",", "x", "%%"]);
            format += "%";
            format += random.pick(&["", "", "", "*"]);
            format += random.pick(&["", "", "", "1", "2", "3", "5", "9"]);
            match random.below(4) {
                0 => {
                    format += random.pick(&["", "hh", "h", "l", "ll", "q", "j", "z", "t", "L"]);
                    format += random.pick(&["d", "i", "o", "u", "x", "X", "n"]);
                }
                1 => {
                    format += random.pick(&["", "l", "L"]);
                    format += random.pick(&["e", "f", "g", "a", "E", "F", "G", "A"]);
                }
                2 => format += random.pick(&["s", "c", "p"]),
                _ => {
                    format +=
                        random.pick(&["[a-f]", "[^ ]", "[0-9.]", "[]x]", "[^]]", "[a-]", "[-a]", "[x-a]"])
                }
            }
        }
        let mut text = String::new();
        for _ in 0..1 + random.below(6) {
            text += random.pick(&[
                " ",
                "  ",
                "\t",
                ",",
                "x",
                "abc",
                "12",
                "-7",
                "0x1F",
                "0x",
                "017",
                "3.25",
                "1e5",
                "-1.5e-3",
                "inf",
                "nan",
                "0x1.8p1",
                "]",
                "(nil)",
                "%",
                "99999999999999999999",
                "e",
                ".",
                "+",
                "def",
            ]);
        }
        compare(&text, &format);
    }
}

#[test]
fn memory_is_allocated() {
    let text = CString::new(format!("{} {} zz", "w".repeat(500), "ab1")).unwrap();
    let mut pointers: [*mut c_char; 3] = [std::ptr::null_mut(); 3];
    let stored = unsafe {
        input::__isoc99_sscanf(
            text.as_ptr(),
            c"%ms %m[a-z]%*s %mc".as_ptr(),
            &raw mut pointers[0],
            &raw mut pointers[1],
            &raw mut pointers[2],
        )
    };
    assert_eq!(stored, 3);
    let string = |at: usize| unsafe { std::ffi::CStr::from_ptr(pointers[at]) }.to_str().unwrap();
    assert_eq!(string(0).len(), 500);
    assert_eq!(string(1), "ab");
    assert_eq!(unsafe { *pointers[2] } as u8, b'z');
    for pointer in pointers {
        unsafe { crate::stdio::system::release(pointer.cast()) };
    }
    let mut none = std::ptr::dangling_mut::<c_char>();
    assert_eq!(unsafe { input::__isoc99_sscanf(c"12".as_ptr(), c"%m[a-z]".as_ptr(), &raw mut none) }, 0);
    assert!(none.is_null());
}

#[test]
fn binary_numbers_are_c23s() {
    let mut values = [0i32; 2];
    let stored = unsafe {
        input::__isoc23_sscanf(
            c"0b101 110".as_ptr(),
            c"%i %b".as_ptr(),
            &raw mut values[0],
            &raw mut values[1],
        )
    };
    assert_eq!((stored, values), (2, [5, 6]));
}
