//! `getnameinfo`: names for an address and a port.

use alloc::vec::Vec;
use core::ffi::{c_char, c_int, c_uint, c_void};

use kcore::errno::Result as KernelResult;
use macros::export;
use net::IpAddress;

use super::codes::{BAD_FLAGS, FAMILY, NO_NAME, OVERFLOW};
use super::{hosts, service};

bitflags::bitflags! {
    /// `NI_…`.
    struct Flags: c_int {
        const NUMERIC_HOST = 1;
        const NUMERIC_SERVICE = 2;
        const LOCAL_NAME = 4;
        const NAME_REQUIRED = 8;
        const DATAGRAM = 16;
        /// `NI_IDN` and two that are deprecated: names are given as they are.
        const INTERNATIONAL = 0xe0;
    }
}

const AF_UNIX: u16 = 1;
const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;

/// Stores text with its NUL; `EAI_OVERFLOW` if it does not fit.
unsafe fn store(text: &[u8], to: *mut c_char, room: c_uint) -> Result<(), c_int> {
    if to.is_null() || room == 0 {
        return Ok(());
    }
    if text.len() >= room as usize {
        return Err(OVERFLOW);
    }
    core::ptr::copy_nonoverlapping(text.as_ptr(), to.cast(), text.len());
    to.add(text.len()).write(0);
    Ok(())
}

fn decimal(mut number: u32) -> Vec<u8> {
    let mut digits = Vec::new();
    loop {
        digits.insert(0, b'0' + (number % 10) as u8);
        number /= 10;
        if number == 0 {
            return digits;
        }
    }
}

/// The name of the host, or its address if there is none and none is required.
fn host(end: &net::Endpoint, version_6: bool, flags: &Flags) -> Result<Vec<u8>, c_int> {
    if !flags.contains(Flags::NUMERIC_HOST)
        && let Ok(found) = hosts::look_up_address(&end.address)
    {
        let mut name = found.name;
        if flags.contains(Flags::LOCAL_NAME)
            && let Some(dot) = name.iter().position(|&byte| byte == b'.')
        {
            name.truncate(dot);
        }
        return Ok(name);
    }
    if flags.contains(Flags::NAME_REQUIRED) {
        return Err(NO_NAME);
    }
    let shown = if version_6 { IpAddress::V6(net::inet::name::map(end.address)) } else { end.address };
    let mut text = crate::arpa_inet::format(&shown);
    if end.scope != 0 {
        text.push(b'%');
        let named = crate::net_if::name_of(end.scope).filter(|_| end.address.is_link_local());
        text.extend(named.unwrap_or_else(|| decimal(end.scope)));
    }
    Ok(text)
}

fn service_name(port: u16, flags: &Flags) -> KernelResult<Vec<u8>> {
    if !flags.contains(Flags::NUMERIC_SERVICE) {
        let protocol: &[u8] = if flags.contains(Flags::DATAGRAM) { b"udp" } else { b"tcp" };
        if let Some(name) = service::name_of(port, protocol)? {
            return Ok(name);
        }
    }
    Ok(decimal(port.into()))
}

/// Names for an address and a port; 0, or an `EAI_*` code.
#[export]
pub unsafe extern "C-unwind" fn getnameinfo(
    address: *const c_void,
    length: c_uint,
    host_to: *mut c_char,
    host_room: c_uint,
    service_to: *mut c_char,
    service_room: c_uint,
    flags: c_int,
) -> c_int {
    crate::outcome::cancellation_point();
    let give = || {
        let flags = Flags::from_bits(flags).ok_or(BAD_FLAGS)?;
        let wants_host = !host_to.is_null() && host_room > 0;
        let wants_service = !service_to.is_null() && service_room > 0;
        if address.is_null() || length < 2 {
            return Err(FAMILY);
        }
        if flags.contains(Flags::NAME_REQUIRED) && !wants_host && !wants_service {
            return Err(NO_NAME);
        }
        let bytes = core::slice::from_raw_parts(address.cast::<u8>(), (length as usize).min(128));
        let family = net::socket::family_of(bytes);
        match (family, bytes.len()) {
            (AF_INET, 16..) | (AF_INET6, 28..) => {}
            (AF_UNIX, _) => {
                let path = bytes.get(2..).unwrap_or_default();
                let path = path.split(|&byte| byte == 0).next().unwrap_or_default();
                store(b"localhost", host_to, host_room)?;
                return store(path, service_to, service_room);
            }
            _ => return Err(FAMILY),
        }
        let end = net::inet::name::parse_any(bytes).map_err(|_| FAMILY)?;
        if wants_host {
            store(&host(&end, family == AF_INET6, &flags)?, host_to, host_room)?;
        }
        if wants_service {
            // Without the file the number is as good a name.
            let name = service_name(end.port, &flags).unwrap_or_else(|_| decimal(end.port.into()));
            store(&name, service_to, service_room)?;
        }
        Ok(())
    };
    give().err().unwrap_or(0)
}
