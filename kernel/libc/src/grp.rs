//! `grp.h`: groups, from `/etc/group`; where there is none, root alone.

use core::ffi::{CStr, c_char, c_int};

use kcore::errno::{EINVAL, EPERM, Result};
use macros::export;

use crate::accounts::{self, Record, Room, Shared};
use crate::stdio::file::FILE;

/// C `struct group`.
#[repr(C)]
pub struct group {
    /// Name.
    pub gr_name: *mut c_char,
    /// Encrypted password.
    pub gr_passwd: *mut c_char,
    /// Group ID.
    pub gr_gid: u32,
    /// Names of its members, ended by null.
    pub gr_mem: *mut *mut c_char,
}

// SAFETY: the pointers are into the buffer that lives beside the record.
unsafe impl Send for group {}

impl Record for group {
    const FILE: (&'static CStr, &'static [u8]) = (c"/etc/group", b"root:x:0:\nnogroup:x:65534:\n");

    fn parse(line: &[u8], room: &mut Room) -> Result<Option<Self>> {
        let mut fields = line.split(|&byte| byte == b':');
        let (Some(name), Some(password), Some(gid), Some(members)) =
            (fields.next(), fields.next(), fields.next().and_then(accounts::number), fields.next())
        else {
            return Ok(None);
        };
        if name.is_empty() || name[0] == b'#' {
            return Ok(None);
        }
        Ok(Some(Self {
            gr_name: room.text(name)?,
            gr_passwd: room.text(password)?,
            gr_gid: gid,
            gr_mem: room.list(members.split(|&byte| byte == b',').filter(|name| !name.is_empty()))?,
        }))
    }
}

static SHARED: Shared<group> = Shared::new();

/// The group of that name; null if there is none.
#[export]
pub unsafe extern "C" fn getgrnam(name: *const c_char) -> *mut group {
    // SAFETY: the caller gives NUL-terminated text, and so do records.
    unsafe {
        let name = CStr::from_ptr(name);
        SHARED.find(&|group| accounts::is(group.gr_name, name))
    }
}

/// The group with that ID; null if there is none.
#[export]
pub extern "C" fn getgrgid(gid: u32) -> *mut group {
    SHARED.find(&|group| group.gr_gid == gid)
}

/// [`getgrnam`] with the caller's buffer; 0 or an error number.
#[export]
pub unsafe extern "C" fn getgrnam_r(
    name: *const c_char,
    record: *mut group,
    buffer: *mut c_char,
    size: usize,
    result: *mut *mut group,
) -> c_int {
    // SAFETY: the caller's promises are passed on.
    unsafe {
        let name = CStr::from_ptr(name);
        accounts::find_r(&|group: &group| accounts::is(group.gr_name, name), record, buffer, size, result)
    }
}

/// [`getgrgid`] with the caller's buffer; 0 or an error number.
#[export]
pub unsafe extern "C" fn getgrgid_r(
    gid: u32,
    record: *mut group,
    buffer: *mut c_char,
    size: usize,
    result: *mut *mut group,
) -> c_int {
    // SAFETY: the caller's promises are passed on.
    unsafe { accounts::find_r(&|group: &group| group.gr_gid == gid, record, buffer, size, result) }
}

/// The next group; null after the last.
#[export]
pub extern "C" fn getgrent() -> *mut group {
    SHARED.next()
}

/// Starts again from the first group.
#[export]
pub extern "C" fn setgrent() {
    SHARED.rewind();
}

/// Ends the walk.
#[export]
pub extern "C" fn endgrent() {
    SHARED.rewind();
}

/// The next group of a stream; null at its end.
#[export]
pub unsafe extern "C" fn fgetgrent(file: *mut FILE) -> *mut group {
    // SAFETY: the caller gives an open stream.
    unsafe { accounts::from_stream(file, &|line| SHARED.parsed(line)) }
}

/// The groups of `user` and `gid`: stores at most `*count`, sets it to how many there are, and
/// returns that, or -1 if they did not fit (GNU).
#[export]
pub unsafe extern "C" fn getgrouplist(
    user: *const c_char,
    gid: u32,
    groups: *mut u32,
    count: *mut c_int,
) -> c_int {
    // SAFETY: the caller gives NUL-terminated text and room for `*count` groups.
    unsafe {
        let user = CStr::from_ptr(user).to_bytes();
        let room = usize::try_from(*count).unwrap_or(0);
        let mut found = 0;
        let mut add = |gid: u32| {
            if found < room {
                groups.add(found).write(gid);
            }
            found += 1;
        };
        add(gid);
        let contents = accounts::read(group::FILE.0, group::FILE.1).unwrap_or_default();
        for line in contents.split(|&byte| byte == b'\n') {
            let mut fields = line.split(|&byte| byte == b':').skip(2);
            let (Some(number), Some(members)) = (fields.next().and_then(accounts::number), fields.next())
            else {
                continue;
            };
            if number != gid && members.split(|&byte| byte == b',').any(|name| name == user) {
                add(number);
            }
        }
        count.write(found as c_int);
        if found <= room { found as c_int } else { -1 }
    }
}

/// The supplementary groups: none (POSIX).
#[export]
pub extern "C" fn getgroups(size: c_int, _groups: *mut u32) -> c_int {
    if size < 0 { crate::errno::set(EINVAL) } else { 0 }
}

/// Only having no supplementary groups can be had: else `EPERM`.
#[export]
pub extern "C" fn setgroups(count: usize, _groups: *const u32) -> c_int {
    // `NGROUPS_MAX`
    if count > 65536 {
        return crate::errno::set(EINVAL);
    }
    if count == 0 { 0 } else { crate::errno::set(EPERM) }
}

/// `EPERM`, unless `user` is in no group but `gid`.
#[export]
pub unsafe extern "C" fn initgroups(user: *const c_char, gid: u32) -> c_int {
    let mut count = 0;
    // SAFETY: the caller gives NUL-terminated text; with no room nothing is stored.
    unsafe { getgrouplist(user, gid, core::ptr::null_mut(), &raw mut count) };
    if count <= 1 { 0 } else { crate::errno::set(EPERM) }
}

/// Whether the process is in that group: 1 or 0 (GNU).
#[export]
pub extern "C" fn group_member(gid: u32) -> c_int {
    c_int::from(gid == 0)
}
