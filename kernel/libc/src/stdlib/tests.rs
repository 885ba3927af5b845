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
