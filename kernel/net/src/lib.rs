//! The network: interfaces, the Internet protocols in both versions, and what sockets stand on.
//!
//! May use `kcore` and `hal`; names no card, which come by `kcore::device::net`'s table. Everything
//! here starts when the first socket is made. A [`Stack`] is a value, so that tests connect two of
//! them; a kernel has one, [`stack()`].
//!
//! Sockets here never block: they give `EAGAIN` and tell of changes by their source. Blocking,
//! time limits and signals are the socket layer's.
#![cfg_attr(kernel, no_std)]

extern crate alloc;

pub mod address;
mod config;
pub mod datagram;
mod dhcp;
#[cfg(not(kernel))]
pub mod exercise;
pub mod hash;
pub mod inet;
pub mod interface;
pub mod ip;
mod loopback;
mod memory;
mod neighbor;
mod packet;
pub mod ports;
pub mod protocol;
pub mod queue;
pub mod raw;
pub mod route;
pub mod socket;
pub mod stack;
pub mod start;
mod table;
pub mod tcp;
pub mod udp;
pub mod unix;
pub mod wheel;
pub mod wire;

pub use address::{Endpoint, Family, IpAddress, Prefix};
pub use stack::{Stack, stack};

bitflags::bitflags! {
    /// How to receive.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct Receive: u32 {
        /// Leave what was received where it is (`MSG_PEEK`).
        const PEEK = 1;
        /// Drop it without copying it anywhere (`MSG_TRUNC` on a TCP socket).
        const DISCARD = 2;
        /// The urgent byte (`MSG_OOB`).
        const URGENT = 4;
    }

    /// How to send.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct Send: u32 {
        /// More follows: hold back what does not fill a packet (`MSG_MORE`).
        const MORE = 1;
        /// The last byte is urgent (`MSG_OOB`).
        const URGENT = 2;
    }
}
