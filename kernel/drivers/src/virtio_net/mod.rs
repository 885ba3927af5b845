//! The virtio network card (section 5.1): checksums and segmentation left to the device, received
//! frames over several buffers, a pair of queues for each processor.
//!
//! Interrupts only wake: a thread for each pair takes what has arrived, with interrupts off until
//! nothing is left. Memory that the device has been shown is checked when it comes back, and a
//! device that breaks the rules is reset.

mod control;
mod device;
mod header;
mod receive;
mod transmit;

#[cfg(test)]
mod tests;

pub use device::VIRTIO_NET;

/// What a device did that the standard rules out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Broken(&'static str);

/// An index beyond the ring, or an entry that names no request.
const RING: Broken = Broken("a ring with what was not asked for");
