//! Interrupts of devices: vectors, and how a device's interrupt gets to one.

use crate::errno::Result;

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

/// Gives a vector to `handler`, which is called with `data`, in interrupt context with interrupts off.
///
/// # Errors
/// `ENOSPC` when all vectors are taken.
pub fn allocate_vector(handler: fn(usize), data: usize) -> Result<Vector> {
    let _ = (handler, data);
    Err(crate::errno::ENOSPC)
}

/// Lets the interrupt line with global number `gsi` arrive at `vector`.
///
/// # Errors
/// `ENODEV` when no interrupt controller has that line.
pub fn route_gsi(gsi: u32, vector: Vector, trigger: Trigger) -> Result<()> {
    let _ = (gsi, vector, trigger);
    Err(crate::errno::ENODEV)
}

/// The global number of an ISA interrupt line, and how it signals here.
pub fn isa_gsi(line: u8) -> (u32, Trigger) {
    (u32::from(line), Trigger::Edge)
}

/// The address and the data that a device writes (MSI, MSI-X) to raise `vector`.
pub fn message_for(vector: Vector) -> (u64, u32) {
    (0xfee0_0000, u32::from(vector.0))
}
