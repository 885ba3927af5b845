//! Devices on the command line, or in ACPI's tables.

use alloc::boxed::Box;

use hal::mem::PhysAddr;
use kcore::acpi;
use kcore::device::bus::Virtio;
use kcore::irq::Trigger;

use super::transport::Mmio;

/// Where a device is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Location {
    /// Physical address of its registers.
    pub address: u64,
    /// Bytes of registers.
    pub size: u64,
    /// Its interrupt's global number.
    pub interrupt: u32,
    /// How it signals.
    pub trigger: Trigger,
}

/// A number as `strtoull` reads it with base 0, and what follows it.
fn number(text: &[u8]) -> Option<(u64, &[u8])> {
    let (base, digits) = match text.strip_prefix(b"0x") {
        Some(digits) => (16, digits),
        None => (10, text),
    };
    let end = digits.iter().position(|&byte| !char::from(byte).is_digit(base)).unwrap_or(digits.len());
    let (digits, rest) = digits.split_at(end);
    let mut value = 0u64;
    for &digit in digits {
        let digit = char::from(digit).to_digit(base)?;
        value = value.checked_mul(base.into())?.checked_add(digit.into())?;
    }
    if digits.is_empty() { None } else { Some((value, rest)) }
}

/// Reads `size@address:interrupt`, where the size may end in K, M or G and an id may follow.
pub fn parse(text: &[u8]) -> Option<Location> {
    let (size, rest) = number(text)?;
    let (shift, rest) = match rest.split_first()? {
        (b'K' | b'k', rest) => (10, rest),
        (b'M' | b'm', rest) => (20, rest),
        (b'G' | b'g', rest) => (30, rest),
        _ => (0, rest),
    };
    let (address, rest) = number(rest.strip_prefix(b"@")?)?;
    let (interrupt, rest) = number(rest.strip_prefix(b":")?)?;
    if !rest.is_empty() && !rest.starts_with(b":") {
        return None;
    }
    Some(Location {
        address,
        size: size << shift,
        interrupt: u32::try_from(interrupt).ok()?,
        trigger: Trigger::Edge,
    })
}

/// The devices that a command line names.
pub fn locations(line: &[u8]) -> impl Iterator<Item = Location> {
    line.split(|byte| byte.is_ascii_whitespace() || *byte == 0)
        .filter_map(|word| parse(word.strip_prefix(b"virtio_mmio.device=")?))
}

/// The command line.
fn command_line() -> &'static [u8] {
    #[cfg(kernel)]
    return kcore::boot::info().command_line;
    #[cfg(not(kernel))]
    &[]
}

/// Device number `index` of a type.
pub fn find(device_type: u32, index: usize) -> Option<Box<dyn Virtio>> {
    let named = &mut locations(command_line());
    let table = if locations(command_line()).next().is_none() { acpi::definition_block() } else { None };
    let described = &mut super::dsdt::locations(table.unwrap_or_default());
    let all: [&mut dyn Iterator<Item = Location>; 2] = [named, described];
    all.into_iter()
        .flatten()
        .filter_map(|location| {
            let registers = map(PhysAddr(location.address), location.size as usize)?;
            Mmio::new(registers, location, device_type)
        })
        .nth(index)
        .map(|device| Box::new(device) as Box<dyn Virtio>)
}

fn map(address: PhysAddr, length: usize) -> Option<*mut u8> {
    #[cfg(kernel)]
    return kcore::memory::map_device(address, length);
    #[cfg(not(kernel))]
    {
        let _ = (address, length);
        None
    }
}
