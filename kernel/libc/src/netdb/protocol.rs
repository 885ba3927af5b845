//! Protocols, from `/etc/protocols`; where there is none, the best known.

use core::ffi::{CStr, c_char, c_int};

use kcore::errno::Result;
use macros::export;

use super::words;
use crate::accounts::{self, Record, Room, Shared};

/// C `struct protoent`.
#[repr(C)]
#[allow(missing_docs, reason = "the fields are named in getprotoent(3)")]
pub struct protoent {
    pub p_name: *mut c_char,
    pub p_aliases: *mut *mut c_char,
    pub p_proto: c_int,
}

// SAFETY: the pointers are into the buffer that lives beside the record.
unsafe impl Send for protoent {}

impl Record for protoent {
    const FILE: (&'static CStr, &'static [u8]) = (
        c"/etc/protocols",
        b"ip 0 IP\nicmp 1 ICMP\nigmp 2 IGMP\ntcp 6 TCP\nudp 17 UDP\nipv6 41 IPv6\nipv6-icmp 58 IPv6-ICMP\n\
          sctp 132 SCTP\nudplite 136 UDPLite\n",
    );

    fn parse(line: &[u8], room: &mut Room) -> Result<Option<Self>> {
        let mut words = words(line);
        let (Some(name), Some(number)) = (words.next(), words.next().and_then(accounts::number)) else {
            return Ok(None);
        };
        Ok(Some(Self { p_name: room.text(name)?, p_proto: number as c_int, p_aliases: room.list(words)? }))
    }
}

static SHARED: Shared<protoent> = Shared::new();

/// Whether a null-terminated array of strings has this one.
///
/// # Safety
/// It is one.
pub(super) unsafe fn listed(mut list: *mut *mut c_char, name: &CStr) -> bool {
    while !(*list).is_null() {
        if accounts::is(*list, name) {
            return true;
        }
        list = list.add(1);
    }
    false
}

unsafe fn is_called(protocol: &protoent, name: &CStr) -> bool {
    accounts::is(protocol.p_name, name) || listed(protocol.p_aliases, name)
}

/// The protocol of this name; null if there is none.
#[export]
pub unsafe extern "C" fn getprotobyname(name: *const c_char) -> *mut protoent {
    let name = CStr::from_ptr(name);
    SHARED.find(&|protocol| is_called(protocol, name))
}

/// The protocol with this number; null if there is none.
#[export]
pub extern "C" fn getprotobynumber(number: c_int) -> *mut protoent {
    SHARED.find(&|protocol| protocol.p_proto == number)
}

/// [`getprotobyname`] with the caller's buffer; 0 or an error number.
#[export]
pub unsafe extern "C" fn getprotobyname_r(
    name: *const c_char,
    protocol: *mut protoent,
    buffer: *mut c_char,
    size: usize,
    result: *mut *mut protoent,
) -> c_int {
    let name = CStr::from_ptr(name);
    accounts::find_r(&|entry: &protoent| is_called(entry, name), protocol, buffer, size, result)
}

/// [`getprotobynumber`] with the caller's buffer; 0 or an error number.
#[export]
pub unsafe extern "C" fn getprotobynumber_r(
    number: c_int,
    protocol: *mut protoent,
    buffer: *mut c_char,
    size: usize,
    result: *mut *mut protoent,
) -> c_int {
    accounts::find_r(&|entry: &protoent| entry.p_proto == number, protocol, buffer, size, result)
}

/// The next protocol; null after the last.
#[export]
pub extern "C" fn getprotoent() -> *mut protoent {
    SHARED.next()
}

/// [`getprotoent`] with the caller's buffer; 0, `ENOENT` after the last, `ERANGE`.
#[export]
pub unsafe extern "C" fn getprotoent_r(
    protocol: *mut protoent,
    buffer: *mut c_char,
    size: usize,
    result: *mut *mut protoent,
) -> c_int {
    SHARED.next_r(protocol, buffer, size, result)
}

/// Starts again from the first protocol.
#[export]
pub extern "C" fn setprotoent(_stay_open: c_int) {
    SHARED.rewind();
}

/// Ends the walk.
#[export]
pub extern "C" fn endprotoent() {
    SHARED.rewind();
}
