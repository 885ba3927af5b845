//! Devices in ACPI's DSDT.
//!
//! What machines write there for these devices is constant: the identity, and resources as one
//! memory range and one interrupt (ACPI 6.5, section 6.4.3.4).

use kcore::acpi::resource::{after, interrupt};

use super::find::Location;

const IDENTITY: &[u8] = b"LNRO0005\0";
/// Fixed 32-bit memory range: tag and length.
const MEMORY: &[u8] = &[0x86, 9, 0];
/// Bytes behind the identity in which a device's resources lie.
const REACH: usize = 256;

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
    let (memory, (interrupt, trigger)) = (after(device, MEMORY)?, interrupt(device)?);
    let (address, size) = (number(memory, 1)?.into(), number(memory, 5)?.into());
    Some(Location { address, size, interrupt, trigger })
}
