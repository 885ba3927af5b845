//! `getaddrinfo`: addresses to connect to or to listen at, for a name and a service.

use alloc::vec::Vec;
use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr::null_mut;

use macros::export;
use net::{Endpoint, Family, IpAddress};

use super::codes::{ADDRESS_FAMILY, BAD_FLAGS, FAMILY, MEMORY, NO_NAME, SERVICE, SOCKET_TYPE, of_failure};
use super::hosts::{self, Host};
use super::{order, service};
use crate::malloc::cells;
use crate::resolv::client::Failure;

/// C `struct addrinfo`.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(missing_docs, reason = "the fields are named in getaddrinfo(3)")]
pub struct addrinfo {
    pub ai_flags: c_int,
    pub ai_family: c_int,
    pub ai_socktype: c_int,
    pub ai_protocol: c_int,
    pub ai_addrlen: u32,
    pub ai_addr: *mut c_void,
    pub ai_canonname: *mut c_char,
    pub ai_next: *mut addrinfo,
}

bitflags::bitflags! {
    /// `AI_…`.
    #[derive(Clone, Copy, PartialEq, Eq)]
    struct Flags: c_int {
        const PASSIVE = 1;
        const CANONICAL_NAME = 2;
        const NUMERIC_HOST = 4;
        const V4_MAPPED = 8;
        const ALL = 0x10;
        const ADDRESS_CONFIGURED = 0x20;
        /// `AI_IDN`, `AI_CANONIDN` and two that are deprecated: names are taken as they are.
        const INTERNATIONAL = 0x3c0;
        const NUMERIC_SERVICE = 0x400;
    }
}

const AF_UNSPEC: c_int = 0;
const AF_INET: c_int = 2;
const AF_INET6: c_int = 10;

/// A kind of socket: type, protocol, and the protocol's name in `/etc/services`; without a name it
/// has no services. `offered`: also where the caller named no type.
#[derive(Clone, Copy)]
struct Kind {
    socket_type: c_int,
    protocol: c_int,
    name: &'static [u8],
    offered: bool,
    any_protocol: bool,
}

const fn kind(socket_type: c_int, protocol: c_int, name: &'static [u8], offered: bool) -> Kind {
    Kind { socket_type, protocol, name, offered, any_protocol: false }
}

const KINDS: [Kind; 7] = [
    kind(1, 6, b"tcp", true),
    kind(2, 17, b"udp", true),
    kind(6, 33, b"dccp", false),
    kind(2, 136, b"udplite", false),
    kind(1, 132, b"sctp", false),
    kind(5, 132, b"sctp", false),
    Kind { socket_type: 3, protocol: 0, name: b"", offered: true, any_protocol: true },
];

/// A socket to make, and the port.
struct Target {
    socket_type: c_int,
    protocol: c_int,
    port: u16,
}

/// The kinds of sockets that the caller can use, with the ports of the service.
fn targets(hints: &addrinfo, flags: Flags, name: Option<&[u8]>) -> Result<Vec<Target>, c_int> {
    let number = name.map(numeric_port);
    let fits = |kind: &Kind| {
        (hints.ai_socktype == 0 || hints.ai_socktype == kind.socket_type)
            && (hints.ai_protocol == 0 || kind.any_protocol || hints.ai_protocol == kind.protocol)
    };
    let open = hints.ai_socktype == 0 && hints.ai_protocol == 0;
    let chosen: Vec<&Kind> = KINDS.iter().filter(|kind| fits(kind)).collect();
    let Some(first) = chosen.first() else {
        return Err(if hints.ai_socktype != 0 { SOCKET_TYPE } else { SERVICE });
    };
    let protocol = |kind: &Kind| if kind.any_protocol { hints.ai_protocol } else { kind.protocol };
    let target = |kind: &Kind, port| Target { socket_type: kind.socket_type, protocol: protocol(kind), port };
    // A type that was named has one protocol, the first.
    let several = |kind: &&&Kind| if open { kind.offered } else { core::ptr::eq(**kind, *first) };
    match (name, number) {
        (Some(name), Some(None)) => {
            if flags.contains(Flags::NUMERIC_SERVICE) {
                return Err(NO_NAME);
            }
            let named = |kind: &&Kind| {
                let port = service::port_of(name, kind.name).ok().flatten()?;
                Some(target(kind, port))
            };
            let with_services = chosen.iter().filter(|kind| !kind.name.is_empty());
            let found: Vec<Target> =
                with_services.filter(|kind| !open || kind.offered).filter_map(named).collect();
            // A type that was named gets its first protocol that has the service.
            let found: Vec<Target> = if open { found } else { found.into_iter().take(1).collect() };
            if found.is_empty() { Err(SERVICE) } else { Ok(found) }
        }
        (_, number) => {
            let port = number.flatten().unwrap_or(0);
            Ok(chosen.iter().filter(several).map(|kind| target(kind, port)).collect())
        }
    }
}

/// A service that is a number; what does not fit a port is cut, as glibc does.
fn numeric_port(text: &[u8]) -> Option<u16> {
    let digits = text.strip_prefix(b"+").unwrap_or(text);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(
        digits
            .iter()
            .fold(0u64, |value, digit| value.saturating_mul(10).saturating_add(u64::from(digit - b'0')))
            as u16,
    )
}

/// An address as text, in any form that `getaddrinfo` takes; without a scope.
pub(super) fn numeric(text: &[u8]) -> Option<IpAddress> {
    match crate::arpa_inet::parse_loose(text) {
        Some(address) => Some(IpAddress::V4(address)),
        None => crate::arpa_inet::parse_either(text).filter(|_| !text.contains(&b'%')),
    }
}

/// An address with the index of the interface that follows `%`, by number or by name.
fn numeric_with_scope(text: &[u8]) -> Option<(IpAddress, u32)> {
    let Some(at) = text.iter().position(|&byte| byte == b'%') else { return numeric(text).map(|a| (a, 0)) };
    let (address, scope) = text.split_at(at);
    let scope = scope.get(1..)?;
    let address = crate::arpa_inet::parse_either(address).filter(|a| a.family() == Family::V6)?;
    let index = crate::accounts::number(scope).or_else(|| crate::net_if::index_of(scope))?;
    Some((address, index))
}

/// Which families a look-up is for.
#[derive(Clone, Copy)]
struct Families {
    v4: bool,
    v6: bool,
}

/// Looks a name up: its addresses of version 4, of version 6.
type LookUp<'a> = dyn Fn(&[u8], bool, bool) -> Result<Host, Failure> + 'a;

/// Addresses with their scopes, and the canonical form of the name they are for.
type Found = (Vec<(IpAddress, u32)>, Vec<u8>);

/// Addresses for a name, or for none.
fn addresses(
    hints: &addrinfo,
    flags: Flags,
    node: Option<&[u8]>,
    look_up: &LookUp<'_>,
    families: Families,
) -> Result<Found, c_int> {
    let Some(node) = node else {
        let passive = flags.contains(Flags::PASSIVE);
        let choose = |any, loopback| (if passive { any } else { loopback }, 0);
        let mut list = Vec::new();
        if families.v6 {
            list.push(choose(IpAddress::ANY_V6, IpAddress::LOOPBACK_V6));
        }
        if families.v4 {
            list.push(choose(IpAddress::ANY_V4, IpAddress::LOOPBACK_V4));
        }
        return Ok((list, Vec::new()));
    };
    let mapped = hints.ai_family == AF_INET6 && flags.contains(Flags::V4_MAPPED);
    if let Some((address, scope)) = numeric_with_scope(node) {
        let address = match (address, hints.ai_family) {
            // An IPv4 address in its form for IPv6 is one for whoever wants IPv4.
            (IpAddress::V6(bytes), AF_INET) => net::inet::name::unmap(bytes),
            (address, _) => address,
        };
        return match (address.family(), hints.ai_family) {
            (Family::V4, AF_INET6) if !mapped => Err(ADDRESS_FAMILY),
            (Family::V6, AF_INET) => Err(ADDRESS_FAMILY),
            _ => Ok(([(address, scope)].into(), node.to_vec())),
        };
    }
    if flags.contains(Flags::NUMERIC_HOST) || node.is_empty() {
        return Err(NO_NAME);
    }
    let wanted_v4 = families.v4 || mapped && flags.contains(Flags::ALL);
    let mut found = look_up(node, wanted_v4, families.v6);
    if found.is_err() && mapped && !wanted_v4 {
        found = look_up(node, true, false);
    }
    let host = found.map_err(of_failure)?;
    Ok((host.addresses.into_iter().map(|address| (address, 0)).collect(), host.name))
}

/// One result on the application's heap: the structure, then its address.
unsafe fn node(flags: c_int, target: &Target, version: Family, end: &Endpoint) -> *mut addrinfo {
    let name = net::inet::name::write(version, end);
    let length = name.bytes().len();
    let place = cells::malloc(size_of::<addrinfo>() + length).cast::<addrinfo>();
    if place.is_null() {
        return place;
    }
    let address = place.add(1).cast::<u8>();
    core::ptr::copy_nonoverlapping(name.bytes().as_ptr(), address, length);
    place.write(addrinfo {
        ai_flags: flags,
        ai_family: net::inet::name::family(version).into(),
        ai_socktype: target.socket_type,
        ai_protocol: target.protocol,
        ai_addrlen: length as u32,
        ai_addr: address.cast(),
        ai_canonname: null_mut(),
        ai_next: null_mut(),
    });
    place
}

unsafe fn copy_text(text: &[u8]) -> *mut c_char {
    let place = cells::malloc(text.len() + 1).cast::<u8>();
    if !place.is_null() {
        core::ptr::copy_nonoverlapping(text.as_ptr(), place, text.len());
        place.add(text.len()).write(0);
    }
    place.cast()
}

/// Which families the machine has addresses of, other than its own loopback's.
fn configured() -> Families {
    let mut families = Families { v4: false, v6: false };
    for interface in net::stack().interfaces() {
        for prefix in interface.addresses.iter().filter(|prefix| !prefix.address.is_loopback()) {
            match prefix.address.family() {
                Family::V4 => families.v4 = true,
                Family::V6 => families.v6 = true,
            }
        }
    }
    families
}

unsafe fn get(
    node_name: *const c_char,
    service: *const c_char,
    hints: *const addrinfo,
    result: *mut *mut addrinfo,
) -> Result<(), c_int> {
    let text = |text: *const c_char| {
        let text = (!text.is_null()).then(|| CStr::from_ptr(text).to_bytes());
        text.filter(|text| *text != b"*")
    };
    let (node_name, service) = (text(node_name), text(service));
    let default = addrinfo {
        ai_flags: (Flags::V4_MAPPED | Flags::ADDRESS_CONFIGURED).bits(),
        ai_family: AF_UNSPEC,
        ai_socktype: 0,
        ai_protocol: 0,
        ai_addrlen: 0,
        ai_addr: null_mut(),
        ai_canonname: null_mut(),
        ai_next: null_mut(),
    };
    if node_name.is_none() && service.is_none() {
        return Err(NO_NAME);
    }
    let hints = *hints.as_ref().unwrap_or(&default);
    let flags = Flags::from_bits(hints.ai_flags).ok_or(BAD_FLAGS)?;
    if flags.contains(Flags::CANONICAL_NAME) && node_name.is_none() {
        return Err(BAD_FLAGS);
    }
    let mut families = match hints.ai_family {
        AF_UNSPEC => Families { v4: true, v6: true },
        AF_INET => Families { v4: true, v6: false },
        AF_INET6 => Families { v4: false, v6: true },
        _ => return Err(FAMILY),
    };
    if flags.contains(Flags::ADDRESS_CONFIGURED) {
        let has = configured();
        match hints.ai_family {
            AF_INET if !has.v4 && has.v6 => return Err(NO_NAME),
            AF_INET6 if !has.v6 && has.v4 => return Err(NO_NAME),
            AF_UNSPEC if has.v4 != has.v6 => families = has,
            _ => {}
        }
    }
    let targets = targets(&hints, flags, service)?;
    let (list, canonical) = addresses(&hints, flags, node_name, &hosts::look_up, families)?;
    let mut order_of: Vec<IpAddress> = list.iter().map(|(address, _)| *address).collect();
    order::sort(&mut order_of, &order::source);
    let mut last = result;
    last.write(null_mut());
    let fail = |code| {
        freeaddrinfo(*result);
        Err(code)
    };
    for address in order_of {
        let scope = list.iter().find(|(other, _)| *other == address).map_or(0, |(_, scope)| *scope);
        let version = if hints.ai_family == AF_INET6 { Family::V6 } else { address.family() };
        for target in &targets {
            let place =
                node(hints.ai_flags, target, version, &Endpoint { address, port: target.port, scope });
            if place.is_null() {
                return fail(MEMORY);
            }
            if (*result).is_null() && flags.contains(Flags::CANONICAL_NAME) {
                (*place).ai_canonname = copy_text(&canonical);
                if (*place).ai_canonname.is_null() {
                    cells::free(place.cast());
                    return fail(MEMORY);
                }
            }
            last.write(place);
            last = &raw mut (*place).ai_next;
        }
    }
    if (*result).is_null() { Err(NO_NAME) } else { Ok(()) }
}

/// Addresses for a host's name and a service's; 0, or an `EAI_*` code.
#[export]
pub unsafe extern "C-unwind" fn getaddrinfo(
    node: *const c_char,
    service: *const c_char,
    hints: *const addrinfo,
    result: *mut *mut addrinfo,
) -> c_int {
    crate::outcome::cancellation_point();
    get(node, service, hints, result).err().unwrap_or(0)
}

/// Frees what `getaddrinfo` gave.
#[export]
pub unsafe extern "C" fn freeaddrinfo(mut result: *mut addrinfo) {
    while !result.is_null() {
        let next = (*result).ai_next;
        cells::free((*result).ai_canonname.cast());
        cells::free(result.cast());
        result = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hints(ai_family: c_int, ai_socktype: c_int, ai_protocol: c_int) -> addrinfo {
        addrinfo {
            ai_flags: 0,
            ai_family,
            ai_socktype,
            ai_protocol,
            ai_addrlen: 0,
            ai_addr: null_mut(),
            ai_canonname: null_mut(),
            ai_next: null_mut(),
        }
    }

    fn kinds(socktype: c_int, protocol: c_int, service: Option<&[u8]>) -> Result<Vec<(c_int, c_int)>, c_int> {
        let targets = targets(&hints(0, socktype, protocol), Flags::empty(), service)?;
        Ok(targets.iter().map(|target| (target.socket_type, target.protocol)).collect())
    }

    #[test]
    fn types_and_protocols_are_glibcs() {
        assert_eq!(kinds(0, 0, Some(b"9")).unwrap(), [(1, 6), (2, 17), (3, 0)]);
        assert_eq!(kinds(1, 0, None).unwrap(), [(1, 6)]);
        assert_eq!(kinds(3, 0, None).unwrap(), [(3, 0)]);
        assert_eq!(kinds(5, 0, None).unwrap(), [(5, 132)]);
        assert_eq!(kinds(3, 89, None).unwrap(), [(3, 89)]);
        assert_eq!(kinds(7, 0, Some(b"80")), Err(SOCKET_TYPE));
        assert_eq!(kinds(1, 17, Some(b"80")), Err(SOCKET_TYPE));
    }

    #[test]
    fn a_port_is_a_number_cut_to_sixteen_bits() {
        assert_eq!(numeric_port(b"80"), Some(80));
        assert_eq!(numeric_port(b"99999"), Some(34463));
        assert_eq!((numeric_port(b"http"), numeric_port(b"")), (None, None));
    }

    #[test]
    fn a_name_leads_to_the_families_that_are_wanted() {
        let look_up = |name: &[u8], v4: bool, v6: bool| {
            let mut addresses = Vec::new();
            if v4 {
                addresses.push(IpAddress::V4([192, 0, 2, 1]));
            }
            if v6 && name == b"both" {
                addresses.push(IpAddress::LOOPBACK_V6);
            }
            if addresses.is_empty() {
                return Err(Failure::NoData);
            }
            Ok(Host { name: b"canonical".to_vec(), aliases: Vec::new(), addresses })
        };
        let ask = |family: c_int, flags: Flags, name: &[u8]| {
            let families = Families { v4: family != AF_INET6, v6: family != AF_INET };
            addresses(&hints(family, 0, 0), flags, Some(name), &look_up, families).map(|(list, _)| list.len())
        };
        assert_eq!(ask(AF_UNSPEC, Flags::empty(), b"both"), Ok(2));
        assert_eq!(ask(AF_INET, Flags::empty(), b"both"), Ok(1));
        assert_eq!(ask(AF_INET6, Flags::empty(), b"four"), Err(super::super::codes::NO_DATA));
        assert_eq!(ask(AF_INET6, Flags::V4_MAPPED, b"four"), Ok(1));
        assert_eq!(ask(AF_INET6, Flags::V4_MAPPED | Flags::ALL, b"both"), Ok(2));
        assert_eq!(ask(AF_UNSPEC, Flags::NUMERIC_HOST, b"both"), Err(NO_NAME));
        assert_eq!(ask(AF_INET, Flags::empty(), b"::1"), Err(ADDRESS_FAMILY));
        assert_eq!(ask(AF_INET, Flags::empty(), b"::ffff:1.2.3.4"), Ok(1));
        assert_eq!(ask(AF_INET6, Flags::empty(), b"1.2.3.4"), Err(ADDRESS_FAMILY));
    }
}
