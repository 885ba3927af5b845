//! The interfaces as sockets see them: the `SIOCGIF…` requests of `ioctl` (netdevice(7)), and
//! `SO_BINDTODEVICE`.

use kcore::errno::{EADDRNOTAVAIL, EFAULT, ENODEV, ENOTTY, EPERM, Result};

use super::name;
use crate::address::{Endpoint, Family as Version, IpAddress};
use crate::socket::option::give;
use crate::stack::{InterfaceInfo, stack};

/// `IFNAMSIZ`.
const NAME: usize = 16;
/// `sizeof(struct ifreq)`: a name, then a union of 24 bytes.
const REQUEST: usize = 40;

/// `IFF_UP`.
const UP: u32 = 0x1;
/// `IFF_RUNNING | IFF_LOWER_UP`.
const RUNNING: u32 = 0x1_0040;
const BROADCAST: u32 = 0x2;
const LOOPBACK: u32 = 0x8;
const MULTICAST: u32 = 0x1000;

/// `IFF_…` of an interface, as `ioctl` and `getifaddrs` tell them.
#[must_use]
pub fn flags(interface: &InterfaceInfo) -> u32 {
    let kind = if interface.loopback { LOOPBACK } else { BROADCAST | MULTICAST };
    let state = if interface.running { UP | RUNNING } else { UP };
    kind | state
}

/// `ARPHRD_…`: Ethernet, or the loopback interface.
#[must_use]
pub fn hardware_kind(interface: &InterfaceInfo) -> u16 {
    if interface.loopback { 772 } else { 1 }
}

/// The interface's name.
#[must_use]
pub fn name_of(interface: &InterfaceInfo) -> &[u8] {
    interface.name.split(|&byte| byte == 0).next().unwrap_or_default()
}

fn named(name: &[u8]) -> Result<InterfaceInfo> {
    let name = name.split(|&byte| byte == 0).next().unwrap_or_default();
    stack().interfaces().into_iter().find(|interface| name_of(interface) == name).ok_or(ENODEV)
}

fn numbered(index: u32) -> Result<InterfaceInfo> {
    stack().interfaces().into_iter().find(|interface| interface.index == index).ok_or(ENODEV)
}

/// The index of the interface that `SO_BINDTODEVICE` names; 0 for none.
pub(super) fn bound(name: &[u8]) -> Result<u32> {
    let name = name.get(..name.len().min(NAME)).unwrap_or_default();
    match name.first() {
        None | Some(0) => Ok(0),
        Some(_) => named(name).map(|interface| interface.index),
    }
}

/// Gives the name of the interface that a socket is bound to, with its NUL; nothing for none.
pub(super) fn bound_name(index: u32, to: &mut [u8]) -> Result<usize> {
    if index == 0 {
        return Ok(0);
    }
    let interface = numbered(index)?;
    let length = name_of(&interface).len() + 1;
    Ok(give(interface.name.get(..length).unwrap_or(&interface.name), to))
}

/// The index of the interface that has this address.
pub(super) fn of_address(address: IpAddress) -> Result<u32> {
    let has = |interface: &InterfaceInfo| interface.addresses.iter().any(|prefix| prefix.address == address);
    stack().interfaces().iter().find(|interface| has(interface)).map(|i| i.index).ok_or(EADDRNOTAVAIL)
}

/// The longest packet on the way to this address.
pub(super) fn mtu_to(address: &IpAddress) -> Result<u32> {
    let from = stack().source_for(address).ok_or(EADDRNOTAVAIL)?;
    numbered(of_address(from)?).map(|interface| interface.mtu)
}

/// A request to set something of an interface: the boot command line does that.
const SETTING: [u32; 9] = [0x8914, 0x8916, 0x8918, 0x891a, 0x891c, 0x891e, 0x8922, 0x8923, 0x8924];

/// Does an interface request; the argument is the address of a `struct ifreq`, or of a
/// `struct ifconf` for `SIOCGIFCONF`.
pub(super) fn ioctl(request: u32, argument: usize) -> Result<i32> {
    if !(0x8910..=0x8970).contains(&request) {
        return Err(ENOTTY);
    }
    if SETTING.contains(&request) {
        return Err(EPERM);
    }
    if argument == 0 {
        return Err(EFAULT);
    }
    if request == 0x8912 {
        // SAFETY: the argument of SIOCGIFCONF is the caller's structure.
        return unsafe { list(core::ptr::with_exposed_provenance_mut(argument)) };
    }
    let to = core::ptr::with_exposed_provenance_mut::<[u8; REQUEST]>(argument);
    // SAFETY: the argument of the other requests is the caller's `struct ifreq`.
    let structure = unsafe { &mut *to };
    let (name, value) = structure.split_at_mut(NAME);
    // SIOCGIFNAME goes from the index to the name.
    if request == 0x8910 {
        let index = value.first_chunk().map_or(0, |bytes| u32::from_ne_bytes(*bytes));
        let interface = numbered(index)?;
        name.copy_from_slice(&interface.name);
        return Ok(0);
    }
    let interface = named(name)?;
    let first = interface.addresses.iter().find(|prefix| matches!(prefix.address, IpAddress::V4(_)));
    let put = |bytes: &[u8], value: &mut [u8]| {
        give(bytes, value);
    };
    let address = |address: IpAddress, value: &mut [u8]| {
        put(name::write(Version::V4, &Endpoint::new(address, 0)).bytes(), value);
    };
    match request {
        // SIOCGIFFLAGS
        0x8913 => put(&(flags(&interface) as u16).to_ne_bytes(), value),
        // SIOCGIFADDR
        0x8915 => address(first.ok_or(EADDRNOTAVAIL)?.address, value),
        // SIOCGIFDSTADDR: that of a point-to-point link, else its own
        0x8917 => address(first.ok_or(EADDRNOTAVAIL)?.address, value),
        // SIOCGIFBRDADDR
        0x8919 => {
            let prefix = first.ok_or(EADDRNOTAVAIL)?;
            let broadcast = prefix.broadcast().filter(|_| !interface.loopback);
            address(broadcast.unwrap_or(IpAddress::ANY_V4), value);
        }
        // SIOCGIFNETMASK
        0x891b => address(IpAddress::V4(first.ok_or(EADDRNOTAVAIL)?.netmask()), value),
        // SIOCGIFMETRIC
        0x891d => put(&[0; 4], value),
        // SIOCGIFMTU
        0x8921 => put(&interface.mtu.to_ne_bytes(), value),
        // SIOCGIFHWADDR
        0x8927 => {
            put(&[0; 16], value);
            put(&hardware_kind(&interface).to_ne_bytes(), value);
            put(&interface.mac, value.get_mut(2..).unwrap_or_default());
        }
        // SIOCGIFINDEX
        0x8933 => put(&interface.index.to_ne_bytes(), value),
        // SIOCGIFTXQLEN
        0x8942 => put(&1000u32.to_ne_bytes(), value),
        // SIOCGIFMAP
        0x8970 => put(&[0; 24], value),
        _ => return Err(ENOTTY),
    }
    Ok(0)
}

/// `struct ifconf`.
#[repr(C)]
struct Configuration {
    length: i32,
    requests: *mut u8,
}

/// `SIOCGIFCONF`: name and address of each interface that has one of IPv4, as many as there is room
/// for; without a buffer, how long the list is.
unsafe fn list(configuration: *mut Configuration) -> Result<i32> {
    // SAFETY: the caller's structure.
    let configuration = unsafe { &mut *configuration };
    let mut used = 0;
    for interface in stack().interfaces() {
        for prefix in interface.addresses.iter().filter(|prefix| matches!(prefix.address, IpAddress::V4(_))) {
            let mut structure = [0; REQUEST];
            let (name, value) = structure.split_at_mut(NAME);
            name.copy_from_slice(&interface.name);
            give(name::write(Version::V4, &Endpoint::new(prefix.address, 0)).bytes(), value);
            if !configuration.requests.is_null() {
                if used + REQUEST > usize::try_from(configuration.length).unwrap_or(0) {
                    break;
                }
                // SAFETY: the caller's buffer has room up to `length`.
                unsafe {
                    let to = configuration.requests.add(used);
                    core::ptr::copy_nonoverlapping(structure.as_ptr(), to, REQUEST);
                }
            }
            used += REQUEST;
        }
    }
    configuration.length = used as i32;
    Ok(0)
}
