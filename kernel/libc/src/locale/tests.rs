#![allow(unsafe_op_in_unsafe_fn)]
use core::ffi::{CStr, c_char, c_int};
use core::ptr::{null, null_mut};

use super::*;

unsafe fn set(which: c_int, name: *const c_char) -> Option<String> {
    let text = setlocale(which, name);
    (!text.is_null()).then(|| CStr::from_ptr(text).to_str().unwrap().to_owned())
}

#[test]
fn setlocale_names_and_composites() {
    let _guard = crate::test_lock();
    unsafe {
        assert_eq!(set(LC_ALL, c"C.UTF-8".as_ptr()).as_deref(), Some("C.UTF-8"));
        assert_eq!(encoding(), Encoding::Utf8);
        assert_eq!(__ctype_get_mb_cur_max(), 6);
        assert_eq!(set(LC_ALL, c"C.utf8".as_ptr()).as_deref(), Some("C.utf8"));
        assert_eq!(set(LC_CTYPE, c"C".as_ptr()).as_deref(), Some("C"));
        let mixed = "LC_CTYPE=C;LC_NUMERIC=C.utf8;LC_TIME=C.utf8;LC_COLLATE=C.utf8;LC_MONETARY=C.utf8;\
            LC_MESSAGES=C.utf8;LC_PAPER=C.utf8;LC_NAME=C.utf8;LC_ADDRESS=C.utf8;LC_TELEPHONE=C.utf8;\
            LC_MEASUREMENT=C.utf8;LC_IDENTIFICATION=C.utf8\0";
        assert_eq!(set(LC_ALL, null()).as_deref(), Some(mixed.trim_end_matches('\0')));
        assert_eq!(set(LC_ALL, c"POSIX".as_ptr()).as_deref(), Some("C"));
        assert_eq!(set(LC_ALL, mixed.as_ptr().cast()).as_deref(), Some(mixed.trim_end_matches('\0')));
        assert_eq!(set(LC_ALL, c"LC_CTYPE=C.UTF-8;LC_TIME=C".as_ptr()), None);
        assert_eq!(set(LC_ALL, c"de_DE.UTF-8".as_ptr()), None);
        assert_eq!(set(13, null()), None);
        set(LC_ALL, c"C".as_ptr());
    }
}

#[test]
fn a_thread_may_have_a_locale_of_its_own() {
    let _guard = crate::test_lock();
    unsafe {
        let utf8 = newlocale(1, c"C.UTF-8".as_ptr(), null_mut());
        assert_eq!(uselocale(utf8), usize::MAX as locale_t);
        assert_eq!(encoding(), Encoding::Utf8);
        let copy = duplocale(utf8);
        assert_eq!(uselocale(usize::MAX as locale_t), utf8);
        assert_eq!(encoding(), Encoding::Ascii);
        assert!(newlocale(1, c"xx".as_ptr(), null_mut()).is_null());
        assert_eq!(object::encoding_of(copy), Encoding::Utf8);
        freelocale(copy);
        freelocale(utf8);
    }
}
