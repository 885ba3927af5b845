//! Devices in ACPI's DSDT.
//!
//! The table is AML, but what machines write there for these devices is constant: the identity, and
//! resources as one memory range and one interrupt (ACPI 6.5, sections 6.4.3.4 and 6.4.3.6). So it
//! is searched for that, and no interpreter is needed.

use kcore::irq::Trigger;

use super::find::Location;

const IDENTITY: &[u8] = b"LNRO0005\0";
/// Fixed 32-bit memory range: tag and length.
const MEMORY: &[u8] = &[0x86, 9, 0];
/// Extended interrupt with one number: tag and length.
const INTERRUPT: &[u8] = &[0x89, 6, 0];
/// Bytes behind the identity in which a device's resources lie.
const REACH: usize = 256;

/// What follows the first `tag` in `bytes`.
fn after<'a>(bytes: &'a [u8], tag: &[u8]) -> Option<&'a [u8]> {
    let at = bytes.windows(tag.len()).position(|window| window == tag)?;
    bytes.get(at + tag.len()..)
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// The devices that a table describes.
pub fn locations(table: &[u8]) -> impl Iterator<Item = Location> {
    let mut rest = table;
    core::iter::from_fn(move || {
        loop {
            rest = after(rest, IDENTITY)?;
            let own = rest.get(..REACH).unwrap_or(rest);
            // Up to the next device.
            let end = own.windows(IDENTITY.len()).position(|window| window == IDENTITY);
            let own = own.get(..end.unwrap_or(own.len())).unwrap_or(own);
            if let Some(location) = location(own) {
                return Some(location);
            }
        }
    })
}

fn location(device: &[u8]) -> Option<Location> {
    let (memory, interrupt) = (after(device, MEMORY)?, after(device, INTERRUPT)?);
    // Flags: edge in bit 1, active low in bit 2. Then the count, 1.
    let trigger = match interrupt.first()? >> 1 & 3 {
        0 => Trigger::LevelHigh,
        2 => Trigger::LevelLow,
        _ => Trigger::Edge,
    };
    let (address, size) = (number(memory, 1)?.into(), number(memory, 5)?.into());
    Some(Location { address, size, interrupt: number(interrupt, 2)?, trigger })
}
