//! Against the host's glibc, argument list by argument list.
#![allow(unsafe_op_in_unsafe_fn)]

use core::ffi::{CStr, c_char, c_int};
use core::ptr::null_mut;
use std::ffi::CString;

use super::*;
use crate::test_random;

mod host {
    use super::option;
    use core::ffi::{c_char, c_int};
    unsafe extern "C" {
        pub static mut optarg: *mut c_char;
        pub static mut optind: c_int;
        pub static mut opterr: c_int;
        pub static mut optopt: c_int;
        pub fn getopt_long(
            argc: c_int,
            argv: *const *mut c_char,
            options: *const c_char,
            long: *const option,
            index: *mut c_int,
        ) -> c_int;
        pub fn getopt_long_only(
            argc: c_int,
            argv: *const *mut c_char,
            options: *const c_char,
            long: *const option,
            index: *mut c_int,
        ) -> c_int;
        pub fn getopt(argc: c_int, argv: *const *mut c_char, options: *const c_char) -> c_int;
    }
}

fn words() -> Vec<CString> {
    let words = "-a -b -bx -c -cx -ab -acb -- - file other --alpha --alpha=1 --be --beta --beta=2 --gamma \
        --gam=3 --al --g= --nope --nope=4 -z -az -alpha -beta=1 -W alpha -Wbeta=2 --a --b --beta2 -gam x";
    words.split(' ').map(|word| CString::new(word).unwrap()).collect()
}

#[test]
fn sequences_equal_glibc() {
    let _guard = crate::test_lock();
    let mut random = test_random(9);
    let words = words();
    let long =
        |name: &'static CStr, has_arg, val| option { name: name.as_ptr(), has_arg, flag: null_mut(), val };
    let options = [
        long(c"alpha", 0, 1000),
        long(c"beta", 1, 1001),
        long(c"beta2", 1, 1002),
        long(c"gamma", 2, 1003),
        option { name: core::ptr::null(), has_arg: 0, flag: null_mut(), val: 0 },
    ];
    for round in 0..60000 {
        let short = [c"ab:c::", c"+ab:c::", c"-ab:c::", c":ab:c::", c"ab:c::W;"][random() as usize % 5];
        let kind = random() % 3;
        let count = 1 + random() as usize % 6;
        let program = c"prog".to_owned();
        let mut arguments = vec![program.as_ptr().cast_mut()];
        for _ in 1..count {
            arguments.push(words[random() as usize % words.len()].as_ptr().cast_mut());
        }
        arguments.push(null_mut());
        let (mut mine, mut theirs) = (arguments.clone(), arguments.clone());
        unsafe {
            *opterr.get() = 0;
            host::opterr = 0;
            *optind.get() = 0;
            host::optind = 0;
            for _ in 0..12 {
                let (mut i, mut j) = (-1, -1);
                let (m, t): (*const *mut c_char, *const *mut c_char) =
                    (mine.as_mut_ptr(), theirs.as_mut_ptr());
                let n = count as c_int;
                let (a, b) = match kind {
                    0 => (getopt(n, m, short.as_ptr()), host::getopt(n, t, short.as_ptr())),
                    1 => (
                        getopt_long(n, m, short.as_ptr(), options.as_ptr(), &mut i),
                        host::getopt_long(n, t, short.as_ptr(), options.as_ptr(), &mut j),
                    ),
                    _ => (
                        getopt_long_only(n, m, short.as_ptr(), options.as_ptr(), &mut i),
                        host::getopt_long_only(n, t, short.as_ptr(), options.as_ptr(), &mut j),
                    ),
                };
                let shown = || {
                    arguments[..count]
                        .iter()
                        .map(|a| CStr::from_ptr(*a).to_str().unwrap())
                        .collect::<Vec<_>>()
                };
                assert_eq!(
                    (a, i, *optind.get()),
                    (b, j, { host::optind }),
                    "{round} {kind} {short:?} {:?}",
                    shown()
                );
                assert_eq!(*optarg.get(), { host::optarg }, "{:?}", shown());
                if a == c_int::from(b'?') || a == c_int::from(b':') {
                    assert_eq!(*optopt.get(), { host::optopt }, "{:?}", shown());
                }
                assert_eq!(mine, theirs, "{:?}", shown());
                if a == -1 {
                    break;
                }
            }
        }
    }
}
