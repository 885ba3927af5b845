//! Network interfaces: the rows of `table_net`, what a network stack asks of a card and a card of
//! its stack, and the packets that go between them.
//!
//! Memory of a packet is shared, not copied: what a stack keeps for another transmission is a
//! [`Fragment`], which any number of packets may show to a device at once.

mod buffer;
mod packet;

use alloc::sync::Arc;

use crate::errno::Result;

pub use buffer::{Buffer, Fragment, bytes_in_use};
pub use packet::{Checksum, Gso, GsoKind, HEADROOM, Packet};

/// What a card does for its stack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offloads {
    /// It fills in [`Checksum::Partial`].
    pub checksum: bool,
    /// It checks checksums of what it receives: packets may come with [`Checksum::Valid`] or
    /// [`Checksum::Partial`].
    pub checked: bool,
    /// It cuts TCP over IPv4 into segments.
    pub tso4: bool,
    /// It cuts TCP over IPv6 into segments.
    pub tso6: bool,
    /// The longest packet that it cuts, link header included, in bytes; 0 without either.
    pub gso: usize,
}

/// A network interface card of the Ethernet kind.
pub trait Nic: Send + Sync {
    /// Its address.
    fn mac(&self) -> [u8; 6];

    /// The longest packet without the 14 bytes of its link header.
    fn mtu(&self) -> usize;

    /// What it does for the stack.
    fn offloads(&self) -> Offloads;

    /// Whether the cable is plugged in.
    fn link(&self) -> bool;

    /// Pairs of queues. Packets whose [`Packet::flow`] is the same modulo this number go out in order.
    fn queues(&self) -> usize;

    /// Sends a frame that starts with its link header. `more` promises that another one with the same
    /// [`Packet::flow`] follows at once; the device may learn of both together. Never sleeps.
    ///
    /// # Errors
    /// The packet, when the queue has no room; [`Receiver::writable`] tells when it has. What
    /// was queued before is on its way then, whatever `more` said. A packet that the card cannot
    /// take at all (too long, an offload that it has not got) is dropped, as a cable would.
    fn transmit(&self, packet: Packet, more: bool) -> core::result::Result<(), Packet>;

    /// Whether all that it was given has gone out.
    fn is_idle(&self) -> bool {
        true
    }

    /// Starts to receive, for good. Once only.
    ///
    /// # Errors
    /// `ENOMEM` or `EIO`; the card is of no use then.
    fn start(&self, receiver: Arc<dyn Receiver>) -> Result<()>;
}

/// What receives from a card. Called on the card's threads, one for each pair of queues, so several
/// calls may run at a time; it may lock and allocate, but should not wait for an application.
pub trait Receiver: Send + Sync {
    /// A frame that starts with its link header, in [`Packet::head`] as far as headers go in
    /// general: at least the first 128 bytes, or all of it.
    fn receive(&self, packet: Packet);

    /// The end of a batch: nothing more is there for now.
    fn done(&self);

    /// There is room again after a `transmit` that had none.
    fn writable(&self);

    /// The cable was plugged in or pulled.
    fn link(&self, up: bool);
}

/// A driver of network cards.
pub struct NicDriver {
    /// The card number `index` that this driver finds; none when there are no more.
    pub probe: fn(index: usize) -> Option<Arc<dyn Nic>>,
}

super::table!("table_net", NicDriver, 2);

/// The cards that there are, over all drivers in order, each found and set up as it is asked for. To
/// be gone through once: looking again would set up again what is in use.
pub fn cards() -> impl Iterator<Item = Arc<dyn Nic>> {
    rows().flat_map(|row| (0..).map_while(row.probe))
}

#[cfg(test)]
mod tests;
