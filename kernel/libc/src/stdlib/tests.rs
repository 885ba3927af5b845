#![allow(unsafe_op_in_unsafe_fn)]
use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr::null_mut;

use super::*;
use crate::test_random;

unsafe extern "C-unwind" fn by_first_byte(a: *const c_void, b: *const c_void) -> c_int {
    c_int::from(*a.cast::<u8>()) - c_int::from(*b.cast::<u8>())
}

#[test]
fn qsort_is_a_stable_sort_of_any_size() {
    let mut random = test_random(1);
    for size in [1usize, 2, 3, 4, 5, 8, 12, 16, 31, 32, 33, 40, 64, 100] {
        for n in [0usize, 1, 2, 3, 7, 50, 200, 1000] {
            let bytes: Vec<u8> = (0..n * size).map(|_| (random() % 20) as u8).collect();
            let mut mine = bytes.clone();
            unsafe { qsort(mine.as_mut_ptr().cast(), n, size, by_first_byte) };
            let mut expected: Vec<&[u8]> = bytes.chunks(size).collect();
            expected.sort_by_key(|chunk| chunk[0]);
            assert_eq!(mine, expected.concat(), "size {size}, n {n}");
        }
    }
}

#[test]
fn a_comparison_may_throw() {
    unsafe extern "C-unwind" fn throws(_: *const c_void, _: *const c_void) -> c_int {
        panic!("thrown")
    }
    let mut numbers = [3u32, 2, 1];
    let caught =
        std::panic::catch_unwind(move || unsafe { qsort(numbers.as_mut_ptr().cast(), 3, 4, throws) });
    assert!(caught.is_err());
}

#[test]
fn bsearch_finds() {
    unsafe extern "C-unwind" fn compare(a: *const c_void, b: *const c_void) -> c_int {
        (*a.cast::<i32>()).cmp(&*b.cast::<i32>()) as c_int
    }
    let numbers: Vec<i32> = (0..100).map(|i| i * 2).collect();
    for key in -1..201 {
        let found = unsafe { bsearch((&raw const key).cast(), numbers.as_ptr().cast(), 100, 4, compare) };
        assert_eq!(!found.is_null(), key % 2 == 0 && (0..200).contains(&key));
        if !found.is_null() {
            assert_eq!(unsafe { *found.cast::<i32>() }, key);
        }
    }
}

unsafe fn get(name: &CStr) -> Option<String> {
    let value = getenv(name.as_ptr());
    (!value.is_null()).then(|| CStr::from_ptr(value).to_str().unwrap().to_owned())
}

#[test]
fn the_environment() {
    let _guard = crate::test_lock();
    unsafe {
        assert_eq!(clearenv(), 0);
        assert_eq!(get(c"A"), None);
        for i in 0..100 {
            let name = std::format!("NAME{i}\0");
            assert_eq!(setenv(name.as_ptr().cast(), c"value".as_ptr(), 1), 0);
        }
        assert_eq!(get(c"NAME7").as_deref(), Some("value"));
        assert_eq!(get(c"NAME"), None);
        assert_eq!(setenv(c"NAME7".as_ptr(), c"other".as_ptr(), 0), 0);
        assert_eq!(get(c"NAME7").as_deref(), Some("value"));
        assert_eq!(setenv(c"NAME7".as_ptr(), c"other".as_ptr(), 1), 0);
        assert_eq!(get(c"NAME7").as_deref(), Some("other"));
        assert_eq!(setenv(c"A=".as_ptr(), c"x".as_ptr(), 1), -1);
        assert_eq!(unsetenv(c"NAME7".as_ptr()), 0);
        assert_eq!(get(c"NAME7"), None);
        assert_eq!(get(c"NAME99").as_deref(), Some("value"));
        let entry = c"P=1".to_owned().into_raw();
        assert_eq!(putenv(entry), 0);
        *entry.add(2) = b'2' as c_char;
        assert_eq!(get(c"P").as_deref(), Some("2"));
        assert_eq!(putenv(c"P".as_ptr().cast_mut()), 0);
        assert_eq!(get(c"P"), None);
        *environ.get() = null_mut();
    }
}

#[test]
fn quotients() {
    let q = ldiv(-7, 2);
    assert_eq!((abs(-3), labs(i64::MIN)), (3, i64::MIN));
    let _ = q;
}

mod host {
    use super::{drand48_data, random_data};
    use core::ffi::{c_char, c_int, c_long};
    unsafe extern "C" {
        pub fn srandom_r(seed: u32, data: *mut random_data) -> c_int;
        pub fn random_r(data: *mut random_data, to: *mut i32) -> c_int;
        pub fn initstate_r(seed: u32, words: *mut c_char, n: usize, data: *mut random_data) -> c_int;
        pub fn setstate_r(words: *mut c_char, data: *mut random_data) -> c_int;
        pub fn rand_r(seed: *mut u32) -> c_int;
        pub fn srand48_r(seed: c_long, data: *mut drand48_data) -> c_int;
        pub fn drand48_r(data: *mut drand48_data, to: *mut f64) -> c_int;
        pub fn nrand48_r(x: *mut u16, data: *mut drand48_data, to: *mut c_long) -> c_int;
        pub fn jrand48_r(x: *mut u16, data: *mut drand48_data, to: *mut c_long) -> c_int;
        pub fn a64l(text: *const c_char) -> c_long;
        pub fn l64a(value: c_long) -> *mut c_char;
        pub fn realpath(path: *const c_char, to: *mut c_char) -> *mut c_char;
        pub fn random() -> c_long;
    }
}

#[test]
fn random_numbers_equal_glibc() {
    for n in [8usize, 32, 64, 128, 256] {
        unsafe {
            let (mut mine, mut theirs): (random_data, random_data) = core::mem::zeroed();
            let (mut words, mut their_words) = ([0u64; 32], [0u64; 32]);
            let (mut others, mut their_others) = ([0u64; 32], [0u64; 32]);
            assert_eq!(initstate_r(5, words.as_mut_ptr().cast(), n, &mut mine), 0);
            assert_eq!(host::initstate_r(5, their_words.as_mut_ptr().cast(), n, &mut theirs), 0);
            for round in 0..2000u32 {
                let (mut a, mut b) = (0, 0);
                random_r(&mut mine, &mut a);
                host::random_r(&mut theirs, &mut b);
                assert_eq!(a, b, "{n} {round}");
                if round == 700 {
                    srandom_r(round, &mut mine);
                    host::srandom_r(round, &mut theirs);
                }
                if round == 1000 {
                    initstate_r(9, others.as_mut_ptr().cast(), 64, &mut mine);
                    host::initstate_r(9, their_others.as_mut_ptr().cast(), 64, &mut theirs);
                }
                if round == 1300 {
                    assert_eq!(setstate_r(words.as_mut_ptr().cast(), &mut mine), 0);
                    host::setstate_r(their_words.as_mut_ptr().cast(), &mut theirs);
                }
            }
        }
    }
    unsafe {
        for _ in 0..100 {
            assert_eq!(random(), host::random());
        }
        let (mut a, mut b) = (7, 7);
        for _ in 0..1000 {
            assert_eq!(rand_r(&mut a), host::rand_r(&mut b));
        }
        let (mut mine, mut theirs): (drand48_data, drand48_data) = core::mem::zeroed();
        srand48_r(-77, &mut mine);
        host::srand48_r(-77, &mut theirs);
        let (mut x, mut y) = ([1, 2, 3], [1, 2, 3]);
        for _ in 0..1000 {
            let (mut a, mut b) = (0.0, 0.0);
            drand48_r(&mut mine, &mut a);
            host::drand48_r(&mut theirs, &mut b);
            assert_eq!(a, b);
            let (mut a, mut b) = (0, 0);
            nrand48_r(x.as_mut_ptr(), &mut mine, &mut a);
            host::nrand48_r(y.as_mut_ptr(), &mut theirs, &mut b);
            assert_eq!(a, b);
            jrand48_r(x.as_mut_ptr(), &mut mine, &mut a);
            host::jrand48_r(y.as_mut_ptr(), &mut theirs, &mut b);
            assert_eq!(a, b);
        }
    }
}

#[test]
fn radix_64_equals_glibc() {
    for value in [0i64, 1, 63, 64, 4095, -1, 0x7fff_ffff, 123456789] {
        unsafe {
            let text = l64a(value);
            assert_eq!(CStr::from_ptr(text), CStr::from_ptr(host::l64a(value)));
            assert_eq!(a64l(text), host::a64l(text));
        }
    }
}

#[test]
fn realpath_equals_glibc() {
    use std::os::unix::fs::symlink;
    let root = std::env::temp_dir().join(format!("realpath-{}", std::process::id()));
    std::fs::create_dir_all(root.join("a/b")).unwrap();
    std::fs::write(root.join("a/file"), "").unwrap();
    let links = [
        ("a/b", "link"),
        ("../../a", "a/b/up"),
        ("loop", "loop"),
        ("nowhere", "dangling"),
        ("/", "root"),
        ("a/b/", "slash"),
        ("a/file", "plain"),
    ];
    for (target, name) in links {
        let _ = symlink(target, root.join(name));
    }
    let paths = "a|a/b/../file|link/..|a/b/up/b/up/file|loop|dangling|root/etc|slash/up|a//b///|./.|a/file/|a/file/.|\
        missing/x|a/b/up/b/..|link/|plain|plain/|plain/x|a/file/..|missing/..|link/../link/up/b|root|root/";
    for path in paths.split('|') {
        let path = std::ffi::CString::new(format!("{}/{path}", root.display())).unwrap();
        unsafe {
            let (mut a, mut b) = ([0 as c_char; 4096], [0 as c_char; 4096]);
            let mine = realpath(path.as_ptr(), a.as_mut_ptr());
            let theirs = host::realpath(path.as_ptr(), b.as_mut_ptr());
            assert_eq!(mine.is_null(), theirs.is_null(), "{path:?}");
            if !mine.is_null() {
                assert_eq!(CStr::from_ptr(a.as_ptr()), CStr::from_ptr(b.as_ptr()), "{path:?}");
            }
        }
    }
    std::fs::remove_dir_all(root).unwrap();
}
