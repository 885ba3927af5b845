//! Terminals by descriptor.

use alloc::ffi::CString;
use core::ffi::{c_char, c_int};

use kcore::errno::{ENOTTY, ERANGE, Result};
use kcore::sync::Mutex;
use kcore::tty;
use kcore::vfs::fd;
use macros::export;

/// `ENOTTY` unless the descriptor is a terminal.
pub(crate) fn check(descriptor: c_int) -> Result<()> {
    tty::check(&*fd::get(descriptor)?)
}

/// 1 if the descriptor is a terminal, else 0.
#[export]
pub extern "C" fn isatty(descriptor: c_int) -> c_int {
    match check(descriptor) {
        Ok(()) => 1,
        Err(error) => {
            crate::errno::set(error);
            0
        }
    }
}

/// The path of the terminal.
fn name_of(descriptor: c_int) -> Result<CString> {
    let file = fd::get(descriptor)?;
    tty::check(&*file)?;
    let path = match tty::pseudo(&*file).and_then(|_| file.place()) {
        Some(place) => place.path(),
        None => b"/dev/console".to_vec(),
    };
    CString::new(path).map_err(|_| ENOTTY)
}

/// What `ttyname` gave last.
static NAME: Mutex<Option<CString>> = Mutex::new(None);

/// The name of the terminal; null if it is none.
#[export]
pub extern "C" fn ttyname(descriptor: c_int) -> *mut c_char {
    match name_of(descriptor) {
        Ok(name) => NAME.lock().insert(name).as_ptr().cast_mut(),
        Err(error) => {
            crate::errno::set(error);
            core::ptr::null_mut()
        }
    }
}

/// The name of the terminal, in a buffer; an error number.
#[export]
pub unsafe extern "C" fn ttyname_r(descriptor: c_int, name: *mut c_char, size: usize) -> c_int {
    // glibc looks at the size first.
    if size < b"/dev/pts/".len() + 1 {
        crate::errno::set(ERANGE);
        return ERANGE.number();
    }
    let name_of = match name_of(descriptor) {
        Ok(name) => name,
        Err(error) => return crate::errno::set(error).max(error.number()),
    };
    let bytes = name_of.to_bytes_with_nul();
    if size < bytes.len() {
        return ERANGE.number();
    }
    // SAFETY: the buffer has room for it.
    unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr().cast(), name, bytes.len()) };
    0
}

/// `ttyname_r` with the size of the buffer known.
#[export]
pub unsafe extern "C" fn __ttyname_r_chk(fd: c_int, name: *mut c_char, size: usize, room: usize) -> c_int {
    crate::outcome::check_room(size, room);
    // SAFETY: the caller's buffer.
    unsafe { ttyname_r(fd, name, size) }
}

/// The name of the controlling terminal, in a buffer of `L_ctermid` (9) bytes or of the kernel's.
#[export]
pub unsafe extern "C" fn ctermid(buffer: *mut c_char) -> *mut c_char {
    const TTY: &core::ffi::CStr = c"/dev/tty";
    if buffer.is_null() {
        return TTY.as_ptr().cast_mut();
    }
    let bytes = TTY.to_bytes_with_nul();
    // SAFETY: the caller's buffer has room for it.
    unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr().cast(), buffer, bytes.len()) };
    buffer
}
