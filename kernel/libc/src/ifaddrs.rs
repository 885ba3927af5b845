//! `ifaddrs.h`: all addresses of all interfaces.
#![allow(
    unsafe_op_in_unsafe_fn,
    reason = "each function is one unsafe contract, C's: pointers valid as it says"
)]

use alloc::vec::Vec;
use core::ffi::{c_char, c_int, c_uint, c_void};
use core::ptr::null_mut;

use kcore::errno::ENOMEM;
use macros::export;
use net::stack::InterfaceInfo;
use net::{Endpoint, IpAddress, Prefix};

use crate::malloc::cells;

/// C `struct ifaddrs`.
#[repr(C)]
#[allow(missing_docs, reason = "the fields are named in getifaddrs(3)")]
pub struct ifaddrs {
    pub ifa_next: *mut ifaddrs,
    pub ifa_name: *mut c_char,
    pub ifa_flags: c_uint,
    pub ifa_addr: *mut c_void,
    pub ifa_netmask: *mut c_void,
    pub ifa_broadaddr: *mut c_void,
    pub ifa_data: *mut c_void,
}

/// One entry in one block: the structure, the name, up to three addresses, and statistics.
#[repr(C)]
struct Block {
    entry: ifaddrs,
    name: [u8; 16],
    addresses: [[u8; 32]; 3],
    /// `struct rtnl_link_stats`, which nobody counts.
    statistics: [u32; 24],
}

/// `AF_PACKET`.
const AF_PACKET: u16 = 17;

/// `struct sockaddr_ll` of an interface, with this hardware address.
fn link(interface: &InterfaceInfo, address: [u8; 6]) -> Vec<u8> {
    let mut name = Vec::new();
    name.extend_from_slice(&AF_PACKET.to_ne_bytes());
    name.extend_from_slice(&[0; 2]);
    name.extend_from_slice(&interface.index.to_ne_bytes());
    name.extend_from_slice(&net::inet::interface::hardware_kind(interface).to_ne_bytes());
    name.extend_from_slice(&[0, 6]);
    name.extend_from_slice(&address);
    name.extend_from_slice(&[0; 2]);
    name
}

/// The address of a prefix with all bits of the network set, and none of the host.
fn mask(prefix: &Prefix) -> IpAddress {
    match prefix.address {
        IpAddress::V4(_) => IpAddress::V4(prefix.netmask()),
        IpAddress::V6(_) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix.length.min(128))).unwrap_or(0);
            IpAddress::V6(mask.to_be_bytes())
        }
    }
}

fn socket_name(interface: &InterfaceInfo, address: IpAddress) -> Vec<u8> {
    let scope =
        if address.is_link_local() && matches!(address, IpAddress::V6(_)) { interface.index } else { 0 };
    net::inet::name::write(address.family(), &Endpoint { address, port: 0, scope }).bytes().to_vec()
}

/// Makes an entry; null if there is no memory.
unsafe fn entry(interface: &InterfaceInfo, addresses: [Option<Vec<u8>>; 3], data: bool) -> *mut Block {
    let block = cells::calloc(1, size_of::<Block>()).cast::<Block>();
    if block.is_null() {
        return block;
    }
    (*block).name = interface.name;
    (*block).entry.ifa_name = (&raw mut (*block).name).cast();
    (*block).entry.ifa_flags = net::inet::interface::flags(interface);
    let mut places = [null_mut(); 3];
    for ((address, place), at) in addresses.iter().zip(&mut places).zip(0..) {
        if let Some(address) = address {
            let to = (&raw mut (*block).addresses).cast::<[u8; 32]>().add(at).cast::<u8>();
            core::ptr::copy_nonoverlapping(address.as_ptr(), to, address.len().min(32));
            *place = to.cast::<c_void>();
        }
    }
    [(*block).entry.ifa_addr, (*block).entry.ifa_netmask, (*block).entry.ifa_broadaddr] = places;
    if data {
        (*block).entry.ifa_data = (&raw mut (*block).statistics).cast();
    }
    block
}

/// All addresses: of each interface its hardware address first, then those of IPv4, then those of
/// IPv6. To be freed by `freeifaddrs`.
#[export]
pub unsafe extern "C" fn getifaddrs(list: *mut *mut ifaddrs) -> c_int {
    let interfaces = net::stack().interfaces();
    let mut last = list;
    last.write(null_mut());
    let mut blocks = Vec::new();
    for interface in &interfaces {
        let broadcast = if interface.loopback { [0; 6] } else { [0xff; 6] };
        let addresses = [Some(link(interface, interface.mac)), None, Some(link(interface, broadcast))];
        blocks.push(entry(interface, addresses, true));
    }
    for version in [net::Family::V4, net::Family::V6] {
        for interface in &interfaces {
            for prefix in interface.addresses.iter().filter(|prefix| prefix.address.family() == version) {
                // The loopback interface shows its own address there.
                let broadcast = prefix
                    .broadcast()
                    .map(|broadcast| if interface.loopback { prefix.address } else { broadcast });
                let name = |address| socket_name(interface, address);
                let addresses = [Some(name(prefix.address)), Some(name(mask(prefix))), broadcast.map(name)];
                blocks.push(entry(interface, addresses, false));
            }
        }
    }
    let whole = blocks.iter().all(|block| !block.is_null());
    for block in blocks.into_iter().filter(|block| !block.is_null()) {
        last.write(block.cast());
        last = &raw mut (*block).entry.ifa_next;
    }
    if !whole {
        freeifaddrs(*list);
        return crate::errno::set(ENOMEM);
    }
    0
}

/// Frees what `getifaddrs` gave.
#[export]
pub unsafe extern "C" fn freeifaddrs(mut list: *mut ifaddrs) {
    while !list.is_null() {
        let next = (*list).ifa_next;
        cells::free(list.cast());
        list = next;
    }
}
