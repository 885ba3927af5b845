//! `grp.h`: groups, from `/etc/group`; where there is none, root alone.

use core::ffi::{CStr, c_char, c_int};

use kcore::errno::{EINVAL, EPERM, Result};
use macros::export;

use crate::accounts::{self, Line, Record, Room};
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

accounts::walk! {
    group as "group":
    getgrent getgrent_r setgrent endgrent fgetgrent fgetgrent_r
}

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

/// Writes a group's line; -1 with `EINVAL` for what cannot be one.
#[export]
pub unsafe extern "C" fn putgrent(record: *const group, file: *mut FILE) -> c_int {
    // SAFETY: null, or the caller's structure with NUL-terminated texts, and an open stream.
    unsafe {
        let Some(record) = record.as_ref().filter(|_| !file.is_null()) else {
            return crate::errno::set(EINVAL);
        };
        let mut members = record.gr_mem;
        let mut line = Line::default();
        if record.gr_name.is_null()
            || ![record.gr_name, record.gr_passwd].iter().all(|&it| accounts::is_field(it))
        {
            return crate::errno::set(EINVAL);
        }
        let number = (!accounts::is_reference(record.gr_name)).then_some(i64::from(record.gr_gid));
        line.text(record.gr_name, b':').text(record.gr_passwd, b':').number(number, b':');
        let mut first = true;
        while let Some(&member) = members.as_ref().filter(|member| !member.is_null()) {
            if !accounts::is_field(member) || CStr::from_ptr(member).to_bytes().contains(&b',') {
                return crate::errno::set(EINVAL);
            }
            if !core::mem::take(&mut first) {
                line.end(b',');
            }
            line.part(member);
            members = members.add(1);
        }
        line.end(b'\n');
        line.put(file)
    }
}

/// [`getgroups`] with the size of the buffer known.
#[export]
pub extern "C" fn __getgroups_chk(size: c_int, groups: *mut u32, room: usize) -> c_int {
    // A negative size is an error of its own.
    if let Ok(wanted) = usize::try_from(size) {
        crate::outcome::check_room(wanted * size_of::<u32>(), room);
    }
    getgroups(size, groups)
}
