//! On the host there are no interrupts, and asking for them fails as on a machine without controllers.

use super::{Trigger, Vector};
use crate::errno::{ENODEV, ENOSPC, Result};

/// Gives a vector to `handler`.
///
/// # Errors
/// `ENOSPC`: there are none.
pub fn allocate_vector(_handler: fn(usize), _data: usize) -> Result<Vector> {
    Err(ENOSPC)
}

/// Lets an interrupt line arrive at a vector.
///
/// # Errors
/// `ENODEV`: there is no controller.
pub fn route_gsi(_gsi: u32, _vector: Vector, _trigger: Trigger) -> Result<()> {
    Err(ENODEV)
}

/// The global number of an ISA interrupt line, and how it signals.
pub fn isa_gsi(line: u8) -> (u32, Trigger) {
    (u32::from(line), Trigger::Edge)
}

/// The address and the data of a message that raises `vector`.
pub fn message_for(vector: Vector) -> (u64, u32) {
    (0xfee0_0000, u32::from(vector.0))
}
