//! Limits and options: `sysconf`, `pathconf`, `confstr`; names of the machine and the user.
#![allow(
    unsafe_op_in_unsafe_fn,
    reason = "each function is one unsafe contract, C's: pointers valid as it says"
)]

use core::ffi::{c_char, c_int, c_long};

use kcore::errno::EINVAL;
use macros::export;

use crate::string::memcpy;

/// Options of which the answer is the version of POSIX.
static POSIX_2008: &[u8] = &[
    9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 29, 46, 47, 48, 51, 52, 67, 68, 77, 78, 79, 80,
    81, 82, 95, 96, 132, 133, 137, 138, 139, 149, 153, 154, 159, 164, 235, 236,
];

/// Options of which the answer is 1.
static SUPPORTED: &[u8] = &[7, 8, 91, 93, 94, 98, 99, 100, 127, 129, 130, 131, 155, 157, 178, 239];

/// Limits as large as an `int` can be.
static LARGEST: &[u8] = &[26, 33, 87, 104, 121, 122, 123, 124];

/// Other limits.
static LIMITS: &[(u8, i32)] = &[
    (0, 2097152),
    (2, 100),
    (3, 65536),
    (5, 16),
    (25, 20),
    (28, 32768),
    (30, 4096),
    (31, 32),
    (36, 99),
    (37, 2048),
    (38, 99),
    (39, 1000),
    (40, 255),
    (42, 32),
    (43, 2048),
    (44, 32767),
    (45, 2048),
    (60, 1024),
    (69, 1024),
    (70, 1024),
    (71, 256),
    (72, 32),
    (73, 4),
    (74, 1024),
    (75, 16384),
    (88, 8192),
    (89, 700),
    (90, 4),
    (101, 8),
    (102, 127),
    (103, -128),
    (105, -2147483648),
    (106, 64),
    (107, 32),
    (108, 16),
    (109, 20),
    (110, 32767),
    (111, 127),
    (112, -128),
    (113, 32767),
    (114, -32768),
    (115, 255),
    (118, 65535),
    (119, 4096),
    (120, 2048),
    (180, 64),
    (249, 3376),
    (250, 13504),
];

/// A member of what `getrlimit` and `sysinfo` fill in, which belong to other headers.
mod elsewhere {
    use core::ffi::c_int;

    #[repr(C)]
    pub(super) struct Limit {
        pub current: u64,
        pub maximum: u64,
    }

    /// Linux's `struct sysinfo`, up to the unit its sizes are in.
    #[repr(C)]
    pub(super) struct Information {
        pub uptime: i64,
        pub loads: [u64; 3],
        pub total: u64,
        pub free: u64,
        pub other: [u64; 4],
        pub processes: u16,
        pub padding: u16,
        pub high: [u64; 2],
        pub unit: u32,
        pub rest: u32,
    }

    unsafe extern "C" {
        pub(super) fn getrlimit(which: c_int, to: *mut Limit) -> c_int;
        pub(super) fn sysinfo(to: *mut Information) -> c_int;
    }
}

/// `_SC_` numbers with an answer that is not constant.
const CHILD_MAX: c_int = 1;
const OPEN_MAX: c_int = 4;
const SIGQUEUE_MAX: c_int = 34;
const NPROCESSORS_CONF: c_int = 83;
const NPROCESSORS_ONLN: c_int = 84;
const PHYS_PAGES: c_int = 85;
const AVPHYS_PAGES: c_int = 86;
const UINT_AND_ULONG_MAX: [c_int; 2] = [116, 117];
/// Size, associativity and line size of each of five caches.
const CACHES: core::ops::RangeInclusive<c_int> = 185..=199;
const PAGE_SIZE: c_long = 4096;

/// POSIX `sysconf` (and `__sysconf`): −1 without an error for no limit, with EINVAL for no such name.
#[export]
pub unsafe extern "C" fn sysconf(name: c_int) -> c_long {
    match name {
        // One process, for ever.
        CHILD_MAX => return 1,
        SIGQUEUE_MAX => return 1 << 15,
        OPEN_MAX => return open_files(),
        NPROCESSORS_CONF | NPROCESSORS_ONLN => return kcore::sched::cpu_count() as c_long,
        PHYS_PAGES | AVPHYS_PAGES => return pages(name == AVPHYS_PAGES),
        n if CACHES.contains(&n) => return if n % 3 == 1 { 64 } else { 0 },
        n if n == UINT_AND_ULONG_MAX[0] => return u32::MAX.into(),
        n if n == UINT_AND_ULONG_MAX[1] => return -1,
        _ => {}
    }
    let known = |name: &u8| !matches!(name, 41 | 200..=234 | 241 | 247 | 248 | 251..);
    let Some(name) = u8::try_from(name).ok().filter(known) else {
        return crate::errno::set(EINVAL).into();
    };
    if POSIX_2008.contains(&name) {
        return 200_809;
    }
    if SUPPORTED.contains(&name) {
        return 1;
    }
    if LARGEST.contains(&name) {
        return i32::MAX.into();
    }
    LIMITS.iter().find(|(number, _)| *number == name).map_or(-1, |(_, limit)| (*limit).into())
}

unsafe fn open_files() -> c_long {
    const RLIMIT_NOFILE: c_int = 7;
    let mut limit = elsewhere::Limit { current: 0, maximum: 0 };
    elsewhere::getrlimit(RLIMIT_NOFILE, &mut limit);
    let _ = limit.maximum;
    c_long::try_from(limit.current).unwrap_or(-1)
}

unsafe fn pages(free: bool) -> c_long {
    let mut information: elsewhere::Information = core::mem::zeroed();
    elsewhere::sysinfo(&mut information);
    let bytes = if free { information.free } else { information.total } * u64::from(information.unit.max(1));
    (bytes / PAGE_SIZE as u64) as c_long
}

/// BSD `getpagesize`.
#[export]
pub extern "C" fn getpagesize() -> c_int {
    PAGE_SIZE as c_int
}

/// BSD `getdtablesize`.
#[export]
pub unsafe extern "C" fn getdtablesize() -> c_int {
    open_files() as c_int
}

fn path_limit(name: c_int) -> c_long {
    // Linux's file systems all answer alike: links, input lines, name, path, pipe, and so on.
    const LIMITS: [i32; 21] =
        [65000, 255, 255, 255, 4096, 4096, 1, 1, 0, -1, -1, -1, -1, 64, -1, -1, 4096, 4096, 4096, -1, 1];
    match usize::try_from(name) {
        Ok(index) if index < LIMITS.len() => LIMITS[index].into(),
        _ => crate::errno::set(EINVAL).into(),
    }
}

/// POSIX `pathconf`. −1 with EINVAL, or with an error of the path (as of `access`).
#[export]
pub unsafe extern "C" fn pathconf(path: *const c_char, name: c_int) -> c_long {
    unsafe extern "C" {
        fn access(path: *const c_char, mode: c_int) -> c_int;
    }
    if access(path, 0) < 0 { -1 } else { path_limit(name) }
}

/// POSIX `fpathconf`. −1 with EINVAL or EBADF.
#[export]
pub unsafe extern "C" fn fpathconf(fd: c_int, name: c_int) -> c_long {
    unsafe extern "C" {
        fn fcntl(fd: c_int, command: c_int, ...) -> c_int;
    }
    const F_GETFD: c_int = 1;
    if fcntl(fd, F_GETFD) < 0 { -1 } else { path_limit(name) }
}

/// POSIX `confstr`: the length with the NUL, 0 with EINVAL for no such name.
#[export]
pub unsafe extern "C" fn confstr(name: c_int, to: *mut c_char, n: usize) -> usize {
    let text = match name {
        0 => c"/bin:/usr/bin",
        1 => c"POSIX_V6_LP64_OFF64",
        2 => c"glibc 2.36",
        3 => c"NPTL 2.36",
        4 => c"XBS5_LP64_OFF64",
        5 => c"POSIX_V7_LP64_OFF64",
        1004 | 1007 => c"-D_LARGEFILE64_SOURCE",
        1108 | 1109 | 1124 | 1125 | 1140 | 1141 => c"-m64",
        1148 | 1149 => c"POSIXLY_CORRECT=1",
        1000..=1007 | 1100..=1147 => c"",
        _ => {
            crate::errno::set(EINVAL);
            return 0;
        }
    };
    let length = text.count_bytes() + 1;
    if n != 0 {
        let copied = length.min(n);
        memcpy(to.cast(), text.as_ptr().cast(), copied);
        *to.add(copied - 1) = 0;
    }
    length
}

/// Checked `confstr`.
#[export]
pub unsafe extern "C" fn __confstr_chk(name: c_int, to: *mut c_char, n: usize, size: usize) -> usize {
    crate::string::checked::fits(n, size);
    confstr(name, to, n)
}

#[cfg(test)]
mod tests {
    use super::*;

    mod host {
        use core::ffi::{c_char, c_int, c_long};
        unsafe extern "C" {
            pub fn sysconf(name: c_int) -> c_long;
            pub fn confstr(name: c_int, to: *mut c_char, n: usize) -> usize;
        }
    }

    #[test]
    fn constants_equal_glibc() {
        let not_constant =
            |name| matches!(name, 1 | 4 | 34 | 83..=86) || CACHES.contains(&name) || name > 248;
        for name in (-2..300).filter(|name| !not_constant(*name)) {
            // SAFETY: takes any number.
            unsafe { assert_eq!(sysconf(name), host::sysconf(name), "{name}") };
        }
        for name in -1..1200 {
            let (mut a, mut b) = ([0; 30], [0; 30]);
            // SAFETY: the buffers are as long as they are said to be.
            unsafe {
                let n = 1 + (name as u32 as usize) % 30;
                assert_eq!(
                    confstr(name, a.as_mut_ptr(), n),
                    host::confstr(name, b.as_mut_ptr(), n),
                    "{name}"
                );
            }
            assert_eq!(a, b);
        }
    }
}
