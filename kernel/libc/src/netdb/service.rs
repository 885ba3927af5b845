//! Services, from `/etc/services`; where there is none, the best known.

use core::ffi::{CStr, c_char, c_int};

use kcore::errno::Result;
use macros::export;

use super::words;
use crate::accounts::{self, Record, Room, Shared};

/// C `struct servent`.
#[repr(C)]
#[allow(missing_docs, reason = "the fields are named in getservent(3)")]
pub struct servent {
    pub s_name: *mut c_char,
    pub s_aliases: *mut *mut c_char,
    /// In the order of the network.
    pub s_port: c_int,
    pub s_proto: *mut c_char,
}

// SAFETY: the pointers are into the buffer that lives beside the record.
unsafe impl Send for servent {}

/// The file, and what stands for it.
const FILE: (&CStr, &[u8]) = (
    c"/etc/services",
    b"echo 7/tcp\necho 7/udp\nftp 21/tcp\nssh 22/tcp\ntelnet 23/tcp\nsmtp 25/tcp mail\n\
      domain 53/tcp\ndomain 53/udp\ntftp 69/udp\nhttp 80/tcp www\npop3 110/tcp pop-3\nntp 123/udp\n\
      imap2 143/tcp imap\nhttps 443/tcp\nhttps 443/udp\nsyslog 514/udp\nimaps 993/tcp\n",
);

/// A line: name, port and protocol, and the aliases.
struct Line<'a, A> {
    name: &'a [u8],
    port: u16,
    protocol: &'a [u8],
    aliases: A,
}

fn split(line: &[u8]) -> Option<Line<'_, impl Iterator<Item = &[u8]>>> {
    let mut words = words(line);
    let name = words.next()?;
    let place = words.next()?;
    let slash = place.iter().position(|&byte| byte == b'/')?;
    let (port, protocol) = place.split_at(slash);
    let port = u16::try_from(accounts::number(port)?).ok()?;
    Some(Line { name, port, protocol: protocol.get(1..)?, aliases: words })
}

impl Record for servent {
    const FILE: (&'static CStr, &'static [u8]) = FILE;

    fn parse(line: &[u8], room: &mut Room) -> Result<Option<Self>> {
        let Some(Line { name, port, protocol, aliases }) = split(line) else { return Ok(None) };
        Ok(Some(Self {
            s_name: room.text(name)?,
            s_proto: room.text(protocol)?,
            s_port: port.to_be().into(),
            s_aliases: room.list(aliases)?,
        }))
    }
}

/// The port of a service over this protocol; for `getaddrinfo`.
pub(super) fn port_of(service: &[u8], protocol: &[u8]) -> Result<Option<u16>> {
    let contents = accounts::read(FILE.0, FILE.1)?;
    let port = contents.split(|&byte| byte == b'\n').find_map(|line| {
        let Line { name, port, protocol: over, mut aliases } = split(line)?;
        let named = name == service || aliases.any(|alias| alias == service);
        (named && over == protocol).then_some(port)
    });
    Ok(port)
}

/// The service on a port over this protocol; for `getnameinfo`.
pub(super) fn name_of(wanted: u16, protocol: &[u8]) -> Result<Option<alloc::vec::Vec<u8>>> {
    let contents = accounts::read(FILE.0, FILE.1)?;
    let name = contents.split(|&byte| byte == b'\n').find_map(|line| {
        let Line { name, port, protocol: over, .. } = split(line)?;
        (port == wanted && over == protocol).then(|| name.to_vec())
    });
    Ok(name)
}

static SHARED: Shared<servent> = Shared::new();

/// Whether a record has this name (or alias, if `aliases`) and protocol; null is any protocol.
unsafe fn is_called(service: &servent, name: &CStr, protocol: *const c_char) -> bool {
    // SAFETY: records' strings and arrays; the caller's protocol.
    unsafe {
        over(service, protocol)
            && (accounts::is(service.s_name, name) || super::protocol::listed(service.s_aliases, name))
    }
}

unsafe fn over(service: &servent, protocol: *const c_char) -> bool {
    // SAFETY: a record's string; null or the caller's.
    unsafe { protocol.is_null() || accounts::is(service.s_proto, CStr::from_ptr(protocol)) }
}

/// The service of this name, over a protocol or any (null); null if there is none.
#[export]
pub unsafe extern "C" fn getservbyname(name: *const c_char, protocol: *const c_char) -> *mut servent {
    let name = CStr::from_ptr(name);
    SHARED.find(&|service| is_called(service, name, protocol))
}

/// The service on this port (in the order of the network); null if there is none.
#[export]
pub unsafe extern "C" fn getservbyport(port: c_int, protocol: *const c_char) -> *mut servent {
    SHARED.find(&|service| service.s_port == port && over(service, protocol))
}

/// [`getservbyname`] with the caller's buffer; 0 or an error number.
#[export]
pub unsafe extern "C" fn getservbyname_r(
    name: *const c_char,
    protocol: *const c_char,
    service: *mut servent,
    buffer: *mut c_char,
    size: usize,
    result: *mut *mut servent,
) -> c_int {
    let name = CStr::from_ptr(name);
    accounts::find_r(&|entry: &servent| is_called(entry, name, protocol), service, buffer, size, result)
}

/// [`getservbyport`] with the caller's buffer; 0 or an error number.
#[export]
pub unsafe extern "C" fn getservbyport_r(
    port: c_int,
    protocol: *const c_char,
    service: *mut servent,
    buffer: *mut c_char,
    size: usize,
    result: *mut *mut servent,
) -> c_int {
    let wanted = |entry: &servent| entry.s_port == port && over(entry, protocol);
    accounts::find_r(&wanted, service, buffer, size, result)
}

/// The next service; null after the last.
#[export]
pub extern "C" fn getservent() -> *mut servent {
    SHARED.next()
}

/// [`getservent`] with the caller's buffer; 0, `ENOENT` after the last, `ERANGE`.
#[export]
pub unsafe extern "C" fn getservent_r(
    service: *mut servent,
    buffer: *mut c_char,
    size: usize,
    result: *mut *mut servent,
) -> c_int {
    SHARED.next_r(service, buffer, size, result)
}

/// Starts again from the first service.
#[export]
pub extern "C" fn setservent(_stay_open: c_int) {
    SHARED.rewind();
}

/// Ends the walk.
#[export]
pub extern "C" fn endservent() {
    SHARED.rewind();
}
