//! `sys/utsname.h`, and the host and domain names of `unistd.h` that it shows.

use core::ffi::{CStr, c_char, c_int};

use kcore::errno::{EINVAL, ENAMETOOLONG};
use kcore::sync::Mutex;
use macros::export;

/// Bytes of a name with its NUL.
const LENGTH: usize = 65;

/// C `struct utsname`.
#[repr(C)]
pub struct utsname {
    sysname: [u8; LENGTH],
    nodename: [u8; LENGTH],
    release: [u8; LENGTH],
    version: [u8; LENGTH],
    machine: [u8; LENGTH],
    domainname: [u8; LENGTH],
}

/// A name that can be set.
struct Name {
    text: [u8; LENGTH],
    length: usize,
}

impl Name {
    const fn new(initial: &[u8]) -> Self {
        let mut text = [0; LENGTH];
        let (head, _) = text.split_at_mut(initial.len());
        head.copy_from_slice(initial);
        Self { text, length: initial.len() }
    }
}

static HOST: Mutex<Name> = Mutex::new(Name::new(b"localhost"));
static DOMAIN: Mutex<Name> = Mutex::new(Name::new(b"(none)"));

fn padded(text: &[u8]) -> [u8; LENGTH] {
    Name::new(text).text
}

/// Names the system (POSIX). A Linux of the time of glibc 2.36, since programs compare the release.
#[export]
pub unsafe extern "C" fn uname(name: *mut utsname) -> c_int {
    let names = utsname {
        sysname: padded(b"Linux"),
        nodename: HOST.lock().text,
        release: padded(b"6.1.0-specialize"),
        version: padded(b"#1 SMP PREEMPT"),
        machine: padded(b"x86_64"),
        domainname: DOMAIN.lock().text,
    };
    // SAFETY: the caller gives a `struct utsname`.
    unsafe { name.write(names) };
    0
}

unsafe fn get(name: &Mutex<Name>, buffer: *mut c_char, size: usize) -> c_int {
    let name = name.lock();
    let whole = name.length + 1;
    // SAFETY: the caller gives `size` writable bytes.
    unsafe { core::ptr::copy_nonoverlapping(name.text.as_ptr().cast(), buffer, whole.min(size)) };
    if whole > size { crate::errno::set(ENAMETOOLONG) } else { 0 }
}

unsafe fn set(name: &Mutex<Name>, text: *const c_char, length: usize) -> c_int {
    if length >= LENGTH {
        return crate::errno::set(EINVAL);
    }
    // SAFETY: the caller gives `length` readable bytes.
    *name.lock() = Name::new(unsafe { core::slice::from_raw_parts(text.cast(), length) });
    0
}

/// The host's name (POSIX).
#[export]
pub unsafe extern "C" fn gethostname(buffer: *mut c_char, size: usize) -> c_int {
    // SAFETY: the caller gives `size` writable bytes.
    unsafe { get(&HOST, buffer, size) }
}

/// Sets the host's name.
#[export]
pub unsafe extern "C" fn sethostname(name: *const c_char, length: usize) -> c_int {
    // SAFETY: the caller gives `length` readable bytes.
    unsafe { set(&HOST, name, length) }
}

/// The NIS domain's name; cut to `size`, as glibc does.
#[export]
pub unsafe extern "C" fn getdomainname(buffer: *mut c_char, size: usize) -> c_int {
    let name = DOMAIN.lock();
    // SAFETY: the caller gives `size` writable bytes.
    unsafe { core::ptr::copy_nonoverlapping(name.text.as_ptr().cast(), buffer, (name.length + 1).min(size)) };
    0
}

/// Sets the NIS domain's name.
#[export]
pub unsafe extern "C" fn setdomainname(name: *const c_char, length: usize) -> c_int {
    // SAFETY: the caller gives `length` readable bytes.
    unsafe { set(&DOMAIN, name, length) }
}

/// [`gethostname`] that knows the size of its buffer.
#[export]
pub unsafe extern "C" fn __gethostname_chk(buffer: *mut c_char, size: usize, room: usize) -> c_int {
    crate::outcome::check_room(size, room);
    // SAFETY: as for `gethostname`.
    unsafe { gethostname(buffer, size) }
}

/// [`getdomainname`] that knows the size of its buffer.
#[export]
pub unsafe extern "C" fn __getdomainname_chk(buffer: *mut c_char, size: usize, room: usize) -> c_int {
    crate::outcome::check_room(size, room);
    // SAFETY: as for `getdomainname`.
    unsafe { getdomainname(buffer, size) }
}

/// A number for the host, from its name (POSIX); where there is no `/etc/hostid`, glibc uses its address.
#[export]
pub extern "C" fn gethostid() -> core::ffi::c_long {
    let name = HOST.lock();
    let text = CStr::from_bytes_until_nul(&name.text).unwrap_or_default();
    text.to_bytes().iter().fold(5381_u32, |hash, &byte| hash.wrapping_mul(33) ^ u32::from(byte)).into()
}

/// `EPERM`: the number follows from the name.
#[export]
pub extern "C" fn sethostid(_id: core::ffi::c_long) -> c_int {
    crate::errno::set(kcore::errno::EPERM)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_set_and_cut() {
        let mut buffer = [1_u8; 16];
        // SAFETY: every buffer has the size given.
        unsafe {
            assert_eq!(sethostname(c"unit".as_ptr(), 4), 0);
            assert_eq!(gethostname(buffer.as_mut_ptr().cast(), 16), 0);
            assert_eq!(&buffer[..6], b"unit\0\x01");
            assert_eq!(gethostname(buffer.as_mut_ptr().cast(), 3), -1);
            assert_eq!(sethostname(buffer.as_ptr().cast(), LENGTH), -1);
            let mut names = core::mem::MaybeUninit::uninit();
            assert_eq!(uname(names.as_mut_ptr()), 0);
            let names = names.assume_init();
            assert_eq!(&names.nodename[..5], b"unit\0");
            assert_eq!(&names.machine[..7], b"x86_64\0");
        }
    }
}
