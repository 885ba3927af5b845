//! Names of the machine and of who is logged in.
#![allow(
    unsafe_op_in_unsafe_fn,
    reason = "each function is one unsafe contract, C's: pointers valid as it says"
)]

use alloc::vec::Vec;
use core::cell::UnsafeCell;
use core::ffi::{c_char, c_int, c_long};
use core::sync::atomic::{AtomicU32, Ordering};

use kcore::errno::{EINVAL, ENAMETOOLONG, ENOENT, ERANGE};
use kcore::sync::Mutex;
use macros::export;

use crate::string::checked::fits;
use crate::string::mempcpy;

/// The longest name, without its NUL.
const LONGEST: usize = 64;

static HOST: Mutex<Option<Vec<u8>>> = Mutex::new(None);
static DOMAIN: Mutex<Option<Vec<u8>>> = Mutex::new(None);

/// Calls with the host's name: what it was set to, else the first line of /etc/hostname, else
/// `localhost`.
pub(crate) fn with_host_name<T>(take: impl FnOnce(&[u8]) -> T) -> T {
    let mut name = HOST.lock();
    take(name.get_or_insert_with(|| configured().unwrap_or_else(|| Vec::from(b"localhost"))))
}

fn configured() -> Option<Vec<u8>> {
    use core::ffi::c_void;
    unsafe extern "C" {
        fn open(path: *const c_char, flags: c_int, ...) -> c_int;
        fn read(fd: c_int, to: *mut c_void, n: usize) -> isize;
        fn close(fd: c_int) -> c_int;
    }
    let errno = crate::errno::get();
    let mut text = [0u8; LONGEST];
    // SAFETY: the path is NUL-terminated and the buffer as long as it is told.
    let n = unsafe {
        let fd = open(c"/etc/hostname".as_ptr(), 0);
        if fd < 0 {
            crate::errno::set_number(errno);
            return None;
        }
        let n = read(fd, text.as_mut_ptr().cast(), text.len());
        close(fd);
        n
    };
    let line = text.get(..usize::try_from(n).ok()?)?.split(|byte| *byte == b'\n').next()?;
    (!line.is_empty()).then(|| Vec::from(line))
}

unsafe fn store(name: &Mutex<Option<Vec<u8>>>, from: *const c_char, n: usize) -> c_int {
    if n > LONGEST {
        return crate::errno::set(EINVAL);
    }
    *name.lock() = Some(Vec::from(core::slice::from_raw_parts(from.cast::<u8>(), n)));
    0
}

/// POSIX `gethostname`. −1 with ENAMETOOLONG if it was cut off, as in glibc.
#[export]
pub unsafe extern "C" fn gethostname(to: *mut c_char, n: usize) -> c_int {
    with_host_name(|name| {
        let length = name.len().min(n);
        mempcpy(to.cast(), name.as_ptr().cast(), length);
        if length < n {
            *to.add(length) = 0;
            return 0;
        }
        crate::errno::set(ENAMETOOLONG)
    })
}

/// BSD `sethostname`. −1 with EINVAL for more than 64 bytes.
#[export]
pub unsafe extern "C" fn sethostname(name: *const c_char, n: usize) -> c_int {
    store(&HOST, name, n)
}

/// BSD `getdomainname`: `(none)` until it is set, as on Linux. −1 with EINVAL if it does not fit.
#[export]
pub unsafe extern "C" fn getdomainname(to: *mut c_char, n: usize) -> c_int {
    let name = DOMAIN.lock();
    let name = name.as_deref().unwrap_or(b"(none)");
    if name.len() >= n {
        return crate::errno::set(EINVAL);
    }
    *mempcpy(to.cast(), name.as_ptr().cast(), name.len()).cast::<u8>() = 0;
    0
}

/// BSD `setdomainname`. −1 with EINVAL for more than 64 bytes.
#[export]
pub unsafe extern "C" fn setdomainname(name: *const c_char, n: usize) -> c_int {
    store(&DOMAIN, name, n)
}

/// Checked `gethostname`.
#[export]
pub unsafe extern "C" fn __gethostname_chk(to: *mut c_char, n: usize, size: usize) -> c_int {
    fits(n, size);
    gethostname(to, n)
}

/// Checked `getdomainname`.
#[export]
pub unsafe extern "C" fn __getdomainname_chk(to: *mut c_char, n: usize, size: usize) -> c_int {
    fits(n, size);
    getdomainname(to, n)
}

static HOST_ID: AtomicU32 = AtomicU32::new(0);

/// POSIX `gethostid`: 0 until `sethostid` is called.
#[export]
pub extern "C" fn gethostid() -> c_long {
    HOST_ID.load(Ordering::Relaxed) as i32 as c_long
}

/// BSD `sethostid`.
#[export]
pub extern "C" fn sethostid(id: c_long) -> c_int {
    HOST_ID.store(id as u32, Ordering::Relaxed);
    0
}

/// POSIX `getlogin_r`: nobody logs in here. ENOENT, or ERANGE for no room.
#[export]
pub unsafe extern "C" fn getlogin_r(_: *mut c_char, n: usize) -> c_int {
    if n == 0 { ERANGE.number() } else { ENOENT.number() }
}

/// POSIX `getlogin`: null with ENOENT.
#[export]
pub extern "C" fn getlogin() -> *mut c_char {
    crate::errno::set(ENOENT);
    core::ptr::null_mut()
}

/// Checked `getlogin_r`.
#[export]
pub unsafe extern "C" fn __getlogin_r_chk(to: *mut c_char, n: usize, size: usize) -> c_int {
    fits(n, size);
    getlogin_r(to, n)
}

/// BSD `setlogin`: not on Linux. −1 with ENOSYS.
#[export]
pub extern "C" fn setlogin(_: *const c_char) -> c_int {
    crate::errno::set(kcore::errno::ENOSYS)
}

struct Name(UnsafeCell<[c_char; 9]>);

// SAFETY: written once with the same bytes by whoever asks.
unsafe impl Sync for Name {}

/// Old `cuserid`: the name of the effective user, root.
#[export]
pub unsafe extern "C" fn cuserid(to: *mut c_char) -> *mut c_char {
    static NAME: Name = Name(UnsafeCell::new([0; 9]));
    let to = if to.is_null() { NAME.0.get().cast() } else { to };
    mempcpy(to.cast(), c"root".as_ptr().cast(), 5);
    to
}
