//! Against the host's glibc in its C.UTF-8, and the writer of `data`.
#![allow(unsafe_op_in_unsafe_fn)]

use core::ffi::{c_char, c_int, c_void};
use core::fmt::Write;

use super::*;

mod host {
    use core::ffi::{c_char, c_int, c_void};
    unsafe extern "C" {
        pub fn newlocale(mask: c_int, name: *const c_char, base: *mut c_void) -> *mut c_void;
        pub fn uselocale(locale: *mut c_void) -> *mut c_void;
        pub fn wctype(name: *const c_char) -> usize;
        pub fn iswctype(c: u32, class: usize) -> c_int;
        pub fn towupper(c: u32) -> u32;
        pub fn towlower(c: u32) -> u32;
        pub fn wcwidth(c: u32) -> c_int;
    }
}

/// Runs with glibc and this library both in C.UTF-8, in this thread.
fn in_utf8(run: impl FnOnce()) {
    unsafe {
        let theirs = host::newlocale(1, c"C.UTF-8".as_ptr(), core::ptr::null_mut::<c_void>());
        assert!(!theirs.is_null());
        let before = host::uselocale(theirs);
        let mine = crate::locale::newlocale(1, c"C.UTF-8".as_ptr(), core::ptr::null_mut());
        crate::locale::uselocale(mine);
        run();
        crate::locale::uselocale(usize::MAX as crate::locale::locale_t);
        host::uselocale(before);
    }
}

const NAMES: [&core::ffi::CStr; 12] = [
    c"alnum", c"alpha", c"blank", c"cntrl", c"digit", c"graph", c"lower", c"print", c"punct", c"space",
    c"upper", c"xdigit",
];

#[test]
fn every_code_point_equals_glibc() {
    in_utf8(|| unsafe {
        let theirs = NAMES.map(|name| host::wctype(name.as_ptr()));
        let mine = NAMES.map(|name| wctype(name.as_ptr()));
        for c in (0..0x2_0000u32).chain((0x2_0000..0x11_0000).step_by(13)) {
            for i in 0..12 {
                let (a, b) = (iswctype(c, mine[i]), host::iswctype(c, theirs[i]));
                assert_eq!(a != 0, b != 0, "{c:x} in {:?}", NAMES[i]);
            }
            assert_eq!(towupper(c), host::towupper(c), "upper of {c:x}");
            assert_eq!(towlower(c), host::towlower(c), "lower of {c:x}");
            assert_eq!(crate::wchar::wcwidth(c as i32), host::wcwidth(c), "width of {c:x}");
        }
        let _: (c_int, *const c_char) = (iswalpha(0xe9), NAMES[0].as_ptr());
        assert_ne!(iswupper(0xc9), 0);
        assert_eq!(iswlower(0xc9), 0);
    });
}

fn put(bytes: &mut Vec<u8>, mut value: u32) {
    while value >= 128 {
        bytes.push(value as u8 | 128);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn literal(bytes: &[u8]) -> String {
    let mut text = String::from("b\"");
    for (i, byte) in bytes.iter().enumerate() {
        if i % 26 == 0 {
            text.push_str("\\\n        ");
        }
        write!(text, "\\x{byte:02x}").unwrap();
    }
    text + "\""
}

fn write_set(out: &mut String, name: &str, about: &str, member: impl Fn(u32) -> bool) {
    let (mut index, mut bytes) = (vec![], vec![]);
    let (mut last, mut inside, mut count) = (0, false, 0);
    for c in 0..=0x11_0000 {
        if (c < 0x11_0000 && member(c)) != inside {
            if count % 64 == 0 {
                index.push((last, bytes.len()));
            }
            put(&mut bytes, c - last);
            (last, inside, count) = (c, !inside, count + 1);
        }
    }
    write!(out, "\n/// {about}\npub(crate) static {name}: Set = Set {{\n    index: &{index:?},\n").unwrap();
    writeln!(out, "    changes: {},\n}};", literal(&bytes)).unwrap();
}

fn write_map(out: &mut String, name: &str, about: &str, map: impl Fn(u32) -> u32) {
    // (first, last, stride, added)
    let mut runs: Vec<(u32, u32, u32, i32)> = vec![];
    for c in 128..0x11_0000 {
        let added = map(c) as i32 - c as i32;
        if added == 0 {
            continue;
        }
        if let Some((_, last, stride, of)) = runs.last_mut() {
            let gap = c - *last;
            if *of == added && (gap == *stride || (*stride == 0 && gap <= 2)) {
                (*last, *stride) = (c, gap);
                continue;
            }
        }
        runs.push((c, c, 0, added));
    }
    let (mut index, mut bytes, mut at) = (vec![], vec![], 0);
    for (i, (first, last, stride, added)) in runs.into_iter().enumerate() {
        if i % 32 == 0 {
            index.push((at, bytes.len()));
        }
        put(&mut bytes, first - at);
        let stride = stride.max(1);
        put(&mut bytes, ((last - first) / stride) << 1 | (stride - 1));
        put(&mut bytes, (added << 1 ^ added >> 31) as u32);
        at = last;
    }
    write!(out, "\n/// {about}\npub(crate) static {name}: Map = Map {{\n    index: &{index:?},\n").unwrap();
    writeln!(out, "    runs: {},\n}};", literal(&bytes)).unwrap();
}

/// Writes `data.rs` from the host's glibc: `cargo test -p kernel-libc write_data -- --ignored`.
#[test]
#[ignore = "writes a source file"]
fn write_data() {
    in_utf8(|| unsafe {
        let class = |name: &core::ffi::CStr| {
            let class = host::wctype(name.as_ptr());
            move |c: u32| host::iswctype(c, class) != 0
        };
        let mut out = String::from(
            "//! Classes, cases and widths of glibc 2.36's C.UTF-8; written by the test `write_data`.\n\n\
             use super::set::{Map, Set};\n",
        );
        write_set(&mut out, "ALPHA", "Letters, and digits other than ASCII's.", class(c"alpha"));
        write_set(&mut out, "PRINT", "What is printed.", class(c"print"));
        let (upper, lower) = (class(c"upper"), class(c"lower"));
        write_set(&mut out, "UPPER_EXCEPTIONS", "Where `upper` is not what has a lower-case form.", |c| {
            upper(c) != (host::towlower(c) != c)
        });
        write_set(&mut out, "LOWER_EXCEPTIONS", "Where `lower` is not what has an upper-case form.", |c| {
            lower(c) != (host::towupper(c) != c)
        });
        write_set(&mut out, "ZERO_WIDTH", "What takes no column.", |c| c != 0 && host::wcwidth(c) == 0);
        write_set(&mut out, "WIDE", "What takes two columns.", |c| host::wcwidth(c) == 2);
        write_map(&mut out, "TO_LOWER", "To lower case, above ASCII.", |c| host::towlower(c));
        write_map(&mut out, "TO_UPPER", "To upper case, above ASCII.", |c| host::towupper(c));
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/wctype/data.rs");
        std::fs::write(path, out).unwrap();
    });
}
