//! A network stack: its interfaces, addresses, routes, and the tables of its sockets.

use alloc::vec::Vec;

use crate::address::{IpAddress, Prefix};

/// A network stack.
pub struct Stack {}

/// What is known of an interface.
pub struct InterfaceInfo {
    /// Its index, from 1; the loopback interface has 1.
    pub index: u32,
    /// Its name: `lo`, `eth0`.
    pub name: [u8; 16],
    /// Its hardware address; all zero for the loopback interface.
    pub mac: [u8; 6],
    /// The longest packet, without a link header.
    pub mtu: u32,
    /// Whether it is the loopback interface.
    pub loopback: bool,
    /// Whether packets can go out.
    pub running: bool,
    /// Its addresses.
    pub addresses: Vec<Prefix>,
}

/// The kernel's stack. The first call starts it: finds the cards, and gets addresses for them as the
/// boot command line says (`ip=`). Waits for DHCP's answer for a few seconds at most.
pub fn stack() -> &'static Stack {
    static STACK: Stack = Stack {};
    &STACK
}

impl Stack {
    /// The interfaces, in the order of their indices.
    pub fn interfaces(&self) -> Vec<InterfaceInfo> {
        Vec::new()
    }

    /// The servers of the domain name system, as configured or as DHCP says.
    pub fn name_servers(&self) -> Vec<IpAddress> {
        Vec::new()
    }

    /// The domain to search for names, as DHCP says; empty if it does not.
    pub fn search_domain(&self) -> Vec<u8> {
        Vec::new()
    }

    /// The host's name, as DHCP says; empty if it does not.
    pub fn host_name(&self) -> Vec<u8> {
        Vec::new()
    }

    /// The address that packets to `to` come from; none if there is no way there. What
    /// `getaddrinfo` sorts by (RFC 6724).
    pub fn source_for(&self, to: &IpAddress) -> Option<IpAddress> {
        let _ = to;
        None
    }
}
