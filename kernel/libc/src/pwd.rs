//! `pwd.h`: users, from `/etc/passwd`; where there is none, root alone.

use core::ffi::{CStr, c_char, c_int};

use kcore::errno::{EINVAL, Result};
use macros::export;

use crate::accounts::{self, Line, Record, Room};
use crate::stdio::file::FILE;

/// C `struct passwd`.
#[repr(C)]
pub struct passwd {
    /// Name.
    pub pw_name: *mut c_char,
    /// Encrypted password.
    pub pw_passwd: *mut c_char,
    /// User ID.
    pub pw_uid: u32,
    /// Group ID.
    pub pw_gid: u32,
    /// Real name.
    pub pw_gecos: *mut c_char,
    /// Home directory.
    pub pw_dir: *mut c_char,
    /// Shell.
    pub pw_shell: *mut c_char,
}

// SAFETY: the pointers are into the buffer that lives beside the record.
unsafe impl Send for passwd {}

impl Record for passwd {
    const FILE: (&'static CStr, &'static [u8]) = (
        c"/etc/passwd",
        // Servers ask for the second when they could leave the first.
        b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    );

    fn parse(line: &[u8], room: &mut Room) -> Result<Option<Self>> {
        let mut fields = [&line[..0]; 7];
        let mut count = 0;
        for (place, field) in fields.iter_mut().zip(line.splitn(7, |&byte| byte == b':')) {
            *place = field;
            count += 1;
        }
        let (Some(uid), Some(gid)) = (accounts::number(fields[2]), accounts::number(fields[3])) else {
            return Ok(None);
        };
        if count < 7 || fields[0].is_empty() || fields[0][0] == b'#' {
            return Ok(None);
        }
        Ok(Some(Self {
            pw_name: room.text(fields[0])?,
            pw_passwd: room.text(fields[1])?,
            pw_uid: uid,
            pw_gid: gid,
            pw_gecos: room.text(fields[4])?,
            pw_dir: room.text(fields[5])?,
            pw_shell: room.text(fields[6])?,
        }))
    }
}

accounts::walk! {
    passwd as "user":
    getpwent getpwent_r setpwent endpwent fgetpwent fgetpwent_r
}

/// The user of that name; null if there is none.
#[export]
pub unsafe extern "C" fn getpwnam(name: *const c_char) -> *mut passwd {
    // SAFETY: the caller gives NUL-terminated text, and so do records.
    unsafe {
        let name = CStr::from_ptr(name);
        SHARED.find(&|user| accounts::is(user.pw_name, name))
    }
}

/// The user with that ID; null if there is none.
#[export]
pub extern "C" fn getpwuid(uid: u32) -> *mut passwd {
    SHARED.find(&|user| user.pw_uid == uid)
}

/// [`getpwnam`] with the caller's buffer; 0 or an error number.
#[export]
pub unsafe extern "C" fn getpwnam_r(
    name: *const c_char,
    user: *mut passwd,
    buffer: *mut c_char,
    size: usize,
    result: *mut *mut passwd,
) -> c_int {
    // SAFETY: the caller's promises are passed on.
    unsafe {
        let name = CStr::from_ptr(name);
        accounts::find_r(&|user: &passwd| accounts::is(user.pw_name, name), user, buffer, size, result)
    }
}

/// [`getpwuid`] with the caller's buffer; 0 or an error number.
#[export]
pub unsafe extern "C" fn getpwuid_r(
    uid: u32,
    user: *mut passwd,
    buffer: *mut c_char,
    size: usize,
    result: *mut *mut passwd,
) -> c_int {
    // SAFETY: the caller's promises are passed on.
    unsafe { accounts::find_r(&|user: &passwd| user.pw_uid == uid, user, buffer, size, result) }
}

/// Writes a user's line; -1 with `EINVAL` for what cannot be one.
#[export]
pub unsafe extern "C" fn putpwent(user: *const passwd, file: *mut FILE) -> c_int {
    // SAFETY: null, or the caller's structure with NUL-terminated texts, and an open stream.
    unsafe {
        let Some(user) = user.as_ref().filter(|_| !file.is_null()) else {
            return crate::errno::set(EINVAL);
        };
        let fields = [user.pw_name, user.pw_passwd, user.pw_dir, user.pw_shell];
        if user.pw_name.is_null() || !fields.iter().all(|&field| accounts::is_field(field)) {
            return crate::errno::set(EINVAL);
        }
        let numbers = !accounts::is_reference(user.pw_name);
        let number = |id: u32| numbers.then_some(i64::from(id));
        let gecos = if user.pw_gecos.is_null() { b"" } else { CStr::from_ptr(user.pw_gecos).to_bytes() };
        // What would end the field becomes a blank.
        let mut gecos = gecos.to_vec();
        gecos.iter_mut().filter(|byte| b":\n".contains(byte)).for_each(|byte| *byte = b' ');
        gecos.push(0);
        let mut line = Line::default();
        line.text(user.pw_name, b':').text(user.pw_passwd, b':');
        line.number(number(user.pw_uid), b':').number(number(user.pw_gid), b':');
        line.text(gecos.as_ptr().cast(), b':').text(user.pw_dir, b':').text(user.pw_shell, b'\n');
        line.put(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_user_or_none() {
        let mut buffer = [0; 64];
        let user =
            passwd::parse(b"redis:x:105:114:,,:/var/lib/redis:/bin/false", &mut Room::new(&mut buffer));
        let user = user.unwrap().unwrap();
        assert_eq!((user.pw_uid, user.pw_gid), (105, 114));
        // SAFETY: the strings are in the buffer.
        unsafe {
            assert!(accounts::is(user.pw_name, c"redis"));
            assert!(accounts::is(user.pw_dir, c"/var/lib/redis"));
            assert!(accounts::is(user.pw_shell, c"/bin/false"));
        }
        for line in [&b""[..], b"a:b", b"a:x:1:y:::", b"#a:x:1:1:::"] {
            assert!(passwd::parse(line, &mut Room::new(&mut buffer)).unwrap().is_none());
        }
        let long =
            passwd::parse(b"redis:x:105:114:,,:/var/lib/redis:/bin/false", &mut Room::new(&mut buffer[..20]));
        assert_eq!(long.err(), Some(kcore::errno::ERANGE));
    }
}
