//! `struct hostent`: hosts by name and by address, the old way.

use alloc::vec::Vec;
use core::ffi::{CStr, c_char, c_int, c_void};

use kcore::errno::{EAFNOSUPPORT, EINVAL, ENOENT, ERANGE};
use kcore::sync::Mutex;
use macros::export;
use net::{Family, IpAddress};

use super::hosts::{self, Host, WALK};
use crate::accounts::Room;
use crate::resolv::client::Failure;

/// C `struct hostent`.
#[repr(C)]
#[allow(missing_docs, reason = "the fields are named in gethostbyname(3)")]
pub struct hostent {
    pub h_name: *mut c_char,
    pub h_aliases: *mut *mut c_char,
    pub h_addrtype: c_int,
    pub h_length: c_int,
    pub h_addr_list: *mut *mut c_char,
}

const AF_INET: c_int = 2;
const AF_INET6: c_int = 10;
/// `NETDB_INTERNAL`.
const INTERNAL: c_int = -1;

/// Why there is no result: an error number and `h_errno`.
type Refusal = (c_int, c_int);

/// Writes a host with its strings into the caller's buffer.
fn write(host: &Host, family: Family, buffer: &mut [u8]) -> Result<hostent, Refusal> {
    let small = |_| (ERANGE.number(), INTERNAL);
    let mut room = Room::new(buffer);
    let h_name = room.text(&host.name).map_err(small)?;
    let h_aliases = room.list(host.aliases.iter().map(Vec::as_slice)).map_err(small)?;
    let addresses = host.addresses.iter().filter(|address| address.family() == family);
    let h_addr_list = room.list_aligned(addresses.map(IpAddress::bytes)).map_err(small)?;
    let (h_addrtype, h_length) = if family == Family::V4 { (AF_INET, 4) } else { (AF_INET6, 16) };
    Ok(hostent { h_name, h_aliases, h_addrtype, h_length, h_addr_list })
}

fn by_name(name: &[u8], family: c_int) -> Result<(Host, Family), Refusal> {
    let family = match family {
        AF_INET => Family::V4,
        AF_INET6 => Family::V6,
        _ => return Err((EAFNOSUPPORT.number(), INTERNAL)),
    };
    // An address stands for itself.
    if let Some(address) = super::address_info::numeric(name) {
        if address.family() != family {
            return Err((0, Failure::NotFound as c_int));
        }
        return Ok((Host { name: name.to_vec(), aliases: Vec::new(), addresses: [address].into() }, family));
    }
    match hosts::look_up(name, family == Family::V4, family == Family::V6) {
        Ok(host) => Ok((host, family)),
        Err(failure) => Err((0, failure as c_int)),
    }
}

unsafe fn by_address(address: *const c_void, length: u32, family: c_int) -> Result<(Host, Family), Refusal> {
    let bytes = match crate::outcome::bytes(address.cast(), length as usize) {
        Ok(bytes) => bytes,
        Err(error) => return Err((error.number(), INTERNAL)),
    };
    let address = match (family, bytes.len()) {
        (AF_INET, 4) => bytes.try_into().ok().map(IpAddress::V4),
        (AF_INET6, 16) => bytes.try_into().ok().map(IpAddress::V6),
        _ => None,
    };
    let Some(address) = address else { return Err((EINVAL.number(), INTERNAL)) };
    match hosts::look_up_address(&address) {
        Ok(host) => Ok((Host { addresses: [address].into(), ..host }, address.family())),
        Err(failure) => Err((0, failure as c_int)),
    }
}

/// What the `_r` functions return.
unsafe fn give(
    found: Result<(Host, Family), Refusal>,
    host: *mut hostent,
    buffer: *mut c_char,
    size: usize,
    result: *mut *mut hostent,
    h_errno: *mut c_int,
) -> c_int {
    result.write(core::ptr::null_mut());
    let buffer = core::slice::from_raw_parts_mut(buffer.cast(), size);
    match found.and_then(|(found, family)| write(&found, family, buffer)) {
        Ok(found) => {
            host.write(found);
            result.write(host);
            h_errno.write(0);
            0
        }
        Err((error, code)) => {
            h_errno.write(code);
            error
        }
    }
}

/// The host that the functions without `_r` gave last, and its strings.
struct Last {
    host: Option<hostent>,
    buffer: Vec<u8>,
}

// SAFETY: the pointers are into the buffer beside them.
unsafe impl Send for Last {}

static LAST: Mutex<Last> = Mutex::new(Last { host: None, buffer: Vec::new() });

fn give_shared(found: Result<(Host, Family), Refusal>) -> *mut hostent {
    let result = found.and_then(|(found, family)| {
        let mut last = LAST.lock();
        let Last { host, buffer } = &mut *last;
        buffer.resize(buffer.len().max(1024), 0);
        loop {
            match write(&found, family, buffer) {
                Err((error, _)) if error == ERANGE.number() => {
                    let size = buffer.len() * 2;
                    buffer.resize(size, 0);
                }
                written => return Ok(core::ptr::from_mut(host.insert(written?))),
            }
        }
    });
    match result {
        Ok(host) => host,
        Err((error, code)) => {
            if error != 0 {
                crate::errno::set_number(error);
            }
            kcore::tls::current().h_errno.set(code);
            core::ptr::null_mut()
        }
    }
}

/// The host of this name, with its IPv4 addresses; null with `h_errno` set if there is none.
#[export]
pub unsafe extern "C" fn gethostbyname(name: *const c_char) -> *mut hostent {
    give_shared(by_name(CStr::from_ptr(name).to_bytes(), AF_INET))
}

/// [`gethostbyname`] for addresses of a family.
#[export]
pub unsafe extern "C" fn gethostbyname2(name: *const c_char, family: c_int) -> *mut hostent {
    give_shared(by_name(CStr::from_ptr(name).to_bytes(), family))
}

/// The host that has this address; null with `h_errno` set if there is none.
#[export]
pub unsafe extern "C" fn gethostbyaddr(address: *const c_void, length: u32, family: c_int) -> *mut hostent {
    give_shared(by_address(address, length, family))
}

/// [`gethostbyname`] with the caller's buffer; 0 with `*result` set or null, or an error number.
#[export]
pub unsafe extern "C" fn gethostbyname_r(
    name: *const c_char,
    host: *mut hostent,
    buffer: *mut c_char,
    size: usize,
    result: *mut *mut hostent,
    h_errno: *mut c_int,
) -> c_int {
    give(by_name(CStr::from_ptr(name).to_bytes(), AF_INET), host, buffer, size, result, h_errno)
}

/// [`gethostbyname2`] with the caller's buffer.
#[export]
pub unsafe extern "C" fn gethostbyname2_r(
    name: *const c_char,
    family: c_int,
    host: *mut hostent,
    buffer: *mut c_char,
    size: usize,
    result: *mut *mut hostent,
    h_errno: *mut c_int,
) -> c_int {
    give(by_name(CStr::from_ptr(name).to_bytes(), family), host, buffer, size, result, h_errno)
}

/// [`gethostbyaddr`] with the caller's buffer.
#[export]
pub unsafe extern "C" fn gethostbyaddr_r(
    address: *const c_void,
    length: u32,
    family: c_int,
    host: *mut hostent,
    buffer: *mut c_char,
    size: usize,
    result: *mut *mut hostent,
    h_errno: *mut c_int,
) -> c_int {
    give(by_address(address, length, family), host, buffer, size, result, h_errno)
}

/// The next host of `/etc/hosts`.
fn next() -> Option<(Host, Family)> {
    if WALK.lock().0.is_none() {
        let contents = hosts::file();
        WALK.lock().0 = Some(contents);
    }
    let mut walk = WALK.lock();
    let (contents, at) = &mut *walk;
    let contents = contents.as_deref().unwrap_or_default();
    while *at < contents.len() {
        let line = contents.get(*at..)?.split(|&byte| byte == b'\n').next().unwrap_or_default();
        *at += line.len() + 1;
        if let Some(host) = hosts::entry(line) {
            let family = host.addresses.first()?.family();
            return Some((host, family));
        }
    }
    None
}

/// The next host of `/etc/hosts`; null after the last.
#[export]
pub extern "C" fn gethostent() -> *mut hostent {
    give_shared(next().ok_or((0, Failure::NotFound as c_int)))
}

/// [`gethostent`] with the caller's buffer; `ENOENT` after the last.
#[export]
pub unsafe extern "C" fn gethostent_r(
    host: *mut hostent,
    buffer: *mut c_char,
    size: usize,
    result: *mut *mut hostent,
    h_errno: *mut c_int,
) -> c_int {
    let found = next().ok_or((ENOENT.number(), Failure::NotFound as c_int));
    give(found, host, buffer, size, result, h_errno)
}

/// Starts again from the first host.
#[export]
pub extern "C" fn sethostent(_stay_open: c_int) {
    *WALK.lock() = (None, 0);
}

/// Ends the walk.
#[export]
pub extern "C" fn endhostent() {
    *WALK.lock() = (None, 0);
}
