//! Networks, from `/etc/networks`; where there is none, there are none.

use core::ffi::{CStr, c_char, c_int};

use kcore::errno::Result;
use macros::export;

use super::protocol::listed;
use super::words;
use crate::accounts::{self, Record, Room, Shared};

/// C `struct netent`.
#[repr(C)]
#[allow(missing_docs, reason = "the fields are named in getnetent(3)")]
pub struct netent {
    pub n_name: *mut c_char,
    pub n_aliases: *mut *mut c_char,
    pub n_addrtype: c_int,
    /// In the order of the machine.
    pub n_net: u32,
}

// SAFETY: the pointers are into the buffer that lives beside the record.
unsafe impl Send for netent {}

/// `AF_INET`.
const AF_INET: c_int = 2;

/// A network's number: up to four parts, the missing ones zero, as glibc reads `/etc/networks`.
fn number(text: &[u8]) -> Option<u32> {
    let mut value = 0;
    let mut count = 0;
    for part in text.split(|&byte| byte == b'.') {
        value = value << 8 | u32::from(u8::try_from(accounts::number(part)?).ok()?);
        count += 1;
        if count > 4 {
            return None;
        }
    }
    // Trailing zeros are no part of the number.
    Some(if count == 4 { value } else { value << (8 * (4 - count)) })
}

impl Record for netent {
    const FILE: (&'static CStr, &'static [u8]) = (c"/etc/networks", b"");

    fn parse(line: &[u8], room: &mut Room) -> Result<Option<Self>> {
        let mut words = words(line);
        let (Some(name), Some(number)) = (words.next(), words.next().and_then(number)) else {
            return Ok(None);
        };
        Ok(Some(Self {
            n_name: room.text(name)?,
            n_aliases: room.list(words)?,
            n_addrtype: AF_INET,
            n_net: number,
        }))
    }
}

static SHARED: Shared<netent> = Shared::new();

unsafe fn is_called(network: &netent, name: &CStr) -> bool {
    accounts::is(network.n_name, name) || listed(network.n_aliases, name)
}

/// The network of this name; null if there is none.
#[export]
pub unsafe extern "C" fn getnetbyname(name: *const c_char) -> *mut netent {
    let name = CStr::from_ptr(name);
    SHARED.find(&|network| is_called(network, name))
}

fn is_numbered(network: &netent, number: u32, kind: c_int) -> bool {
    network.n_net == number && (kind == 0 || kind == network.n_addrtype)
}

/// The network with this number; null if there is none.
#[export]
pub extern "C" fn getnetbyaddr(number: u32, kind: c_int) -> *mut netent {
    SHARED.find(&|network| is_numbered(network, number, kind))
}

/// `h_errno` of a look-up in a file.
unsafe fn note(error: c_int, found: bool, h_errno: *mut c_int) {
    // NETDB_INTERNAL, NETDB_SUCCESS, HOST_NOT_FOUND
    h_errno.write(if error != 0 { -1 } else { c_int::from(!found) });
}

/// [`getnetbyname`] with the caller's buffer; 0 or an error number.
#[export]
pub unsafe extern "C" fn getnetbyname_r(
    name: *const c_char,
    network: *mut netent,
    buffer: *mut c_char,
    size: usize,
    result: *mut *mut netent,
    h_errno: *mut c_int,
) -> c_int {
    let name = CStr::from_ptr(name);
    let error = accounts::find_r(&|entry: &netent| is_called(entry, name), network, buffer, size, result);
    note(error, !(*result).is_null(), h_errno);
    error
}

/// [`getnetbyaddr`] with the caller's buffer; 0 or an error number.
#[export]
pub unsafe extern "C" fn getnetbyaddr_r(
    number: u32,
    kind: c_int,
    network: *mut netent,
    buffer: *mut c_char,
    size: usize,
    result: *mut *mut netent,
    h_errno: *mut c_int,
) -> c_int {
    let wanted = |entry: &netent| is_numbered(entry, number, kind);
    let error = accounts::find_r(&wanted, network, buffer, size, result);
    note(error, !(*result).is_null(), h_errno);
    error
}

/// The next network; null after the last.
#[export]
pub extern "C" fn getnetent() -> *mut netent {
    SHARED.next()
}

/// [`getnetent`] with the caller's buffer; 0, `ENOENT` after the last, `ERANGE`.
#[export]
pub unsafe extern "C" fn getnetent_r(
    network: *mut netent,
    buffer: *mut c_char,
    size: usize,
    result: *mut *mut netent,
    h_errno: *mut c_int,
) -> c_int {
    let error = SHARED.next_r(network, buffer, size, result);
    note(error, !(*result).is_null(), h_errno);
    error
}

/// Starts again from the first network.
#[export]
pub extern "C" fn setnetent(_stay_open: c_int) {
    SHARED.rewind();
}

/// Ends the walk.
#[export]
pub extern "C" fn endnetent() {
    SHARED.rewind();
}
