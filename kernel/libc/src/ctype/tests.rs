//! Against the host's glibc, in its C locale.

mod host {
    use core::ffi::c_int;
    unsafe extern "C" {
        pub fn __ctype_b_loc() -> *const *const u16;
        pub fn __ctype_tolower_loc() -> *const *const i32;
        pub fn __ctype_toupper_loc() -> *const *const i32;
        pub fn tolower(c: c_int) -> c_int;
        pub fn toupper(c: c_int) -> c_int;
    }
}

#[test]
fn tables_equal_glibc() {
    for i in -128isize..256 {
        unsafe {
            assert_eq!(
                *(*super::__ctype_b_loc()).offset(i),
                *(*host::__ctype_b_loc()).offset(i),
                "class {i}"
            );
            assert_eq!(
                *(*super::__ctype_tolower_loc()).offset(i),
                *(*host::__ctype_tolower_loc()).offset(i),
                "lower {i}"
            );
            assert_eq!(
                *(*super::__ctype_toupper_loc()).offset(i),
                *(*host::__ctype_toupper_loc()).offset(i),
                "upper {i}"
            );
            if i >= -1 {
                assert_eq!(super::tolower(i as i32), host::tolower(i as i32));
                assert_eq!(super::toupper(i as i32), host::toupper(i as i32));
            }
        }
    }
}
