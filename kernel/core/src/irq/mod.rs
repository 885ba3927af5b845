//! Interrupts: traps and who handles them, vectors for devices, and how a device's interrupt gets
//! to one.

#[cfg(kernel)]
mod ioapic;
#[cfg_attr(not(kernel), allow(dead_code, reason = "the machine's; its logic is tested on the host"))]
pub mod lapic;
#[cfg(kernel)]
mod machine;
#[cfg(kernel)]
mod trap;

#[cfg(not(kernel))]
mod host;
#[cfg(not(kernel))]
pub use host::*;
#[cfg(kernel)]
pub use machine::*;

/// A vector of the processor's, allocated to one handler.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Vector(pub u8);

/// How a line signals.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trigger {
    /// An edge, active high: ISA's way.
    Edge,
    /// A level, active high.
    LevelHigh,
    /// A level, active low: PCI's way.
    LevelLow,
}
