//! Resources of devices in the DSDT. The table is AML, but what machines write there for the devices
//! that the kernel knows is constant; so it is searched, and no interpreter is needed (ACPI 6.5,
//! section 6.4).

use crate::irq::Trigger;

use super::u32_at;

/// Extended interrupt with one number: tag and length (section 6.4.3.6).
const INTERRUPT: &[u8] = &[0x89, 6, 0];

/// What follows the first `tag` in `bytes`.
#[must_use]
pub fn after<'a>(bytes: &'a [u8], tag: &[u8]) -> Option<&'a [u8]> {
    let at = bytes.windows(tag.len()).position(|window| window == tag)?;
    bytes.get(at + tag.len()..)
}

/// The first interrupt that a device's resources name: its global number, and how it signals.
#[must_use]
pub fn interrupt(device: &[u8]) -> Option<(u32, Trigger)> {
    let interrupt = after(device, INTERRUPT)?;
    // Flags: edge in bit 1, active low in bit 2. Then the count, 1.
    let trigger = match interrupt.first()? >> 1 & 3 {
        0 => Trigger::LevelHigh,
        2 => Trigger::LevelLow,
        _ => Trigger::Edge,
    };
    Some((u32_at(interrupt, 2)?, trigger))
}
