//! Vectors, and the interrupts that processors send each other.

use super::{Vector, lapic};
use crate::errno::{ENOSPC, Result};
use crate::sync::SpinLock;
use alloc::vec::Vec;

/// The first vector that is not an exception's.
const FIRST_VECTOR: u8 = 32;
/// Vectors for devices.
const DEVICE_VECTORS: usize = 88;
/// Forget translations.
pub(super) const FLUSH_VECTOR: u8 = 124;
/// Look at the run queue.
pub(super) const RESCHEDULE_VECTOR: u8 = 125;
/// The local APIC's timer.
pub(super) const TIMER_VECTOR: u8 = 126;
/// An interrupt that went away before it was taken.
pub(super) const SPURIOUS_VECTOR: u8 = 127;

#[derive(Clone, Copy)]
struct Handler {
    function: fn(usize),
    data: usize,
}

/// By vector, from [`FIRST_VECTOR`] on.
static HANDLERS: SpinLock<Vec<Handler>> = SpinLock::new(Vec::new());

/// Gives a vector to `handler`, which is called with `data`, in interrupt context with interrupts off.
///
/// # Errors
/// `ENOSPC` when all vectors are taken.
pub fn allocate_vector(handler: fn(usize), data: usize) -> Result<Vector> {
    // Switched on here, in a thread, since that may need memory.
    lapic::id();
    let mut handlers = HANDLERS.lock();
    if handlers.len() >= DEVICE_VECTORS {
        return Err(ENOSPC);
    }
    handlers.push(Handler { function: handler, data });
    Ok(Vector(FIRST_VECTOR + (handlers.len() - 1) as u8))
}

/// A device's interrupt.
pub(super) fn device(vector: u8) {
    let handler = HANDLERS.lock().get(usize::from(vector - FIRST_VECTOR)).copied();
    if let Some(handler) = handler {
        (handler.function)(handler.data);
    }
    lapic::end();
}

/// The address and the data that a device writes (MSI, MSI-X) to raise `vector`, on the processor
/// that asks.
pub fn message_for(vector: Vector) -> (u64, u32) {
    (0xfee0_0000 | u64::from(lapic::id() & 0xff) << 12, u32::from(vector.0))
}

/// Makes another processor look at its run queue.
pub(crate) fn send_reschedule(apic_id: u32) {
    lapic::command(apic_id, u32::from(RESCHEDULE_VECTOR));
}

/// Makes another processor forget translations.
pub(crate) fn send_flush(apic_id: u32) {
    lapic::command(apic_id, u32::from(FLUSH_VECTOR));
}

pub(crate) use lapic::set_timer;

pub use super::ioapic::{isa_gsi, route_gsi};
