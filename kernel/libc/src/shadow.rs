//! `shadow.h`: passwords, from `/etc/shadow`; where there is none, nobody has one.

use core::ffi::{CStr, c_char, c_int, c_long, c_ulong};

use kcore::errno::Result;
use macros::export;

use crate::accounts::{self, Record, Room, Shared};
use crate::stdio::file::FILE;

/// C `struct spwd`.
#[repr(C)]
pub struct spwd {
    /// Name.
    pub sp_namp: *mut c_char,
    /// Encrypted password.
    pub sp_pwdp: *mut c_char,
    /// Day of the last change; -1 in this and the next five if the field is empty.
    pub sp_lstchg: c_long,
    /// Days before a change is allowed.
    pub sp_min: c_long,
    /// Days before a change is required.
    pub sp_max: c_long,
    /// Days of warning before that.
    pub sp_warn: c_long,
    /// Days before the account is inactive.
    pub sp_inact: c_long,
    /// Day the account expires.
    pub sp_expire: c_long,
    /// Reserved.
    pub sp_flag: c_ulong,
}

// SAFETY: the pointers are into the buffer that lives beside the record.
unsafe impl Send for spwd {}

impl Record for spwd {
    const FILE: (&'static CStr, &'static [u8]) = (c"/etc/shadow", b"");

    fn parse(line: &[u8], room: &mut Room) -> Result<Option<Self>> {
        let mut fields = line.split(|&byte| byte == b':');
        let (Some(name), Some(password)) = (fields.next(), fields.next()) else { return Ok(None) };
        if name.is_empty() || name[0] == b'#' {
            return Ok(None);
        }
        let mut days = || fields.next().and_then(accounts::number).map_or(-1, c_long::from);
        Ok(Some(Self {
            sp_namp: room.text(name)?,
            sp_pwdp: room.text(password)?,
            sp_lstchg: days(),
            sp_min: days(),
            sp_max: days(),
            sp_warn: days(),
            sp_inact: days(),
            sp_expire: days(),
            sp_flag: days() as c_ulong,
        }))
    }
}

static SHARED: Shared<spwd> = Shared::new();

/// The entry of that user; null if there is none.
#[export]
pub unsafe extern "C" fn getspnam(name: *const c_char) -> *mut spwd {
    // SAFETY: the caller gives NUL-terminated text, and so do records.
    unsafe {
        let name = CStr::from_ptr(name);
        SHARED.find(&|entry| accounts::is(entry.sp_namp, name))
    }
}

/// [`getspnam`] with the caller's buffer; 0 or an error number.
#[export]
pub unsafe extern "C" fn getspnam_r(
    name: *const c_char,
    entry: *mut spwd,
    buffer: *mut c_char,
    size: usize,
    result: *mut *mut spwd,
) -> c_int {
    // SAFETY: the caller's promises are passed on.
    unsafe {
        let name = CStr::from_ptr(name);
        accounts::find_r(&|entry: &spwd| accounts::is(entry.sp_namp, name), entry, buffer, size, result)
    }
}

/// The next entry; null after the last.
#[export]
pub extern "C" fn getspent() -> *mut spwd {
    SHARED.next()
}

/// Starts again from the first entry.
#[export]
pub extern "C" fn setspent() {
    SHARED.rewind();
}

/// Ends the walk.
#[export]
pub extern "C" fn endspent() {
    SHARED.rewind();
}

/// The next entry of a stream; null at its end.
#[export]
pub unsafe extern "C" fn fgetspent(file: *mut FILE) -> *mut spwd {
    // SAFETY: the caller gives an open stream.
    unsafe { accounts::from_stream(file, &|line| SHARED.parsed(line)) }
}

/// The entry that `text` is; null if it is none.
#[export]
pub unsafe extern "C" fn sgetspent(text: *const c_char) -> *mut spwd {
    // SAFETY: the caller gives NUL-terminated text.
    SHARED.parsed(unsafe { CStr::from_ptr(text) }.to_bytes())
}
