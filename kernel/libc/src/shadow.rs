//! `shadow.h`: passwords, from `/etc/shadow`; where there is none, nobody has one.

use core::ffi::{CStr, c_char, c_int, c_long, c_ulong};

use kcore::errno::{EINVAL, Result};
use macros::export;

use crate::accounts::{self, Line, Record, Room};
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

accounts::walk! {
    spwd as "entry":
    getspent getspent_r setspent endspent fgetspent fgetspent_r
}

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

/// The entry that `text` is; null if it is none.
#[export]
pub unsafe extern "C" fn sgetspent(text: *const c_char) -> *mut spwd {
    // SAFETY: the caller gives NUL-terminated text.
    SHARED.parsed(unsafe { CStr::from_ptr(text) }.to_bytes())
}

/// [`sgetspent`] with the caller's buffer; 0 or an error number.
#[export]
pub unsafe extern "C" fn sgetspent_r(
    text: *const c_char,
    entry: *mut spwd,
    buffer: *mut c_char,
    size: usize,
    result: *mut *mut spwd,
) -> c_int {
    // SAFETY: the caller gives NUL-terminated text, a structure and a buffer of this size.
    unsafe {
        result.write(core::ptr::null_mut());
        let room = core::slice::from_raw_parts_mut(buffer.cast(), size);
        match spwd::parse(CStr::from_ptr(text).to_bytes(), &mut Room::new(room)) {
            Ok(Some(found)) => {
                entry.write(found);
                result.write(entry);
                0
            }
            Ok(None) => EINVAL.number(),
            Err(error) => error.number(),
        }
    }
}

/// Writes an entry's line; -1 with `EINVAL` for what cannot be one.
#[export]
pub unsafe extern "C" fn putspent(entry: *const spwd, file: *mut FILE) -> c_int {
    // SAFETY: the caller's structure with NUL-terminated texts, and an open stream.
    unsafe {
        let entry = &*entry;
        if entry.sp_namp.is_null() || ![entry.sp_namp, entry.sp_pwdp].iter().all(|&it| accounts::is_field(it))
        {
            return crate::errno::set(EINVAL);
        }
        let mut line = Line::default();
        line.text(entry.sp_namp, b':').text(entry.sp_pwdp, b':');
        let days =
            [entry.sp_lstchg, entry.sp_min, entry.sp_max, entry.sp_warn, entry.sp_inact, entry.sp_expire];
        for day in days {
            line.number((day != -1).then_some(day), b':');
        }
        line.number((entry.sp_flag != c_ulong::MAX).then_some(entry.sp_flag as i64), b'\n');
        line.put(file)
    }
}
