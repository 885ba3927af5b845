//! getopt.h, and `getopt` of unistd.h.
#![allow(
    unsafe_op_in_unsafe_fn,
    reason = "each function is one unsafe contract, C's: pointers valid as it says"
)]

mod parse;

#[cfg(test)]
mod tests;

use core::ffi::{c_char, c_int};
use core::ptr::null_mut;

use kcore::export::Exported;
use macros::export;
use parse::{Call, Long, scan};

/// The argument of the option found last.
#[export]
pub static optarg: Exported<*mut c_char> = Exported::new(null_mut());
/// The index of the next argument; 0 or 1 starts over.
#[export]
pub static optind: Exported<c_int> = Exported::new(1);
/// Whether errors are reported on standard error.
#[export]
pub static opterr: Exported<c_int> = Exported::new(1);
/// The option that was not known or lacked an argument.
#[export]
pub static optopt: Exported<c_int> = Exported::new(b'?' as c_int);

/// GNU `struct option`.
#[repr(C)]
pub struct option {
    pub(crate) name: *const c_char,
    pub(crate) has_arg: c_int,
    pub(crate) flag: *mut c_int,
    pub(crate) val: c_int,
}

/// POSIX `getopt`, in GNU's order: arguments are permuted so that options come first.
#[export]
pub unsafe extern "C" fn getopt(argc: c_int, argv: *const *mut c_char, options: *const c_char) -> c_int {
    scan(&Call { argc, argv: argv.cast_mut(), options, long: None, posix: false })
}

/// POSIX `getopt` in POSIX's order: it stops at the first argument that is no option.
#[export]
pub unsafe extern "C" fn __posix_getopt(
    argc: c_int,
    argv: *const *mut c_char,
    options: *const c_char,
) -> c_int {
    scan(&Call { argc, argv: argv.cast_mut(), options, long: None, posix: true })
}

/// GNU `getopt_long`.
#[export]
pub unsafe extern "C" fn getopt_long(
    argc: c_int,
    argv: *const *mut c_char,
    options: *const c_char,
    long_options: *const option,
    index: *mut c_int,
) -> c_int {
    let long = find_long(long_options, index, false);
    scan(&Call { argc, argv: argv.cast_mut(), options, long, posix: false })
}

/// GNU `getopt_long_only`: long options may start with one dash.
#[export]
pub unsafe extern "C" fn getopt_long_only(
    argc: c_int,
    argv: *const *mut c_char,
    options: *const c_char,
    long_options: *const option,
    index: *mut c_int,
) -> c_int {
    let long = find_long(long_options, index, true);
    scan(&Call { argc, argv: argv.cast_mut(), options, long, posix: false })
}

fn find_long(options: *const option, index: *mut c_int, only: bool) -> Option<Long> {
    (!options.is_null()).then_some(Long { options, index, only, handle: parse::long_option })
}
