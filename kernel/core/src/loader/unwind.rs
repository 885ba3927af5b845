//! What unwinders ask: which object's unwind tables cover an address.
//!
//! The kernel's own tables are among them, for its functions that call back into the application:
//! an exception thrown in a comparison function passes through `qsort`.

use super::lock::OBJECTS;
use super::open;

/// A range of code and its unwind tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unwind {
    /// First address of the object.
    pub start: usize,
    /// The address after its last.
    pub end: usize,
    /// Its handle.
    pub link: usize,
    /// Its `.eh_frame_hdr`.
    pub header: usize,
}

#[cfg(kernel)]
unsafe extern "C" {
    /// First byte of the kernel's image; the linker script defines it, as the next two.
    static image_start: u8;
    /// The byte after the kernel's image.
    static image_end: u8;
    /// `.eh_frame_hdr` of the kernel.
    static eh_frame_hdr_start: u8;
}

/// The kernel's own tables.
#[cfg(kernel)]
#[must_use]
pub fn kernel() -> Option<Unwind> {
    Some(Unwind {
        start: (&raw const image_start).addr(),
        end: (&raw const image_end).addr(),
        link: open::handle(None).addr(),
        header: (&raw const eh_frame_hdr_start).addr(),
    })
}

/// There is no kernel on the host.
#[cfg(not(kernel))]
#[must_use]
pub fn kernel() -> Option<Unwind> {
    let _ = open::handle(None);
    None
}

/// The object at an address, if it has unwind tables. Takes no lock that is held for long.
#[must_use]
pub fn find(address: usize) -> Option<Unwind> {
    if let Some(kernel) = kernel().filter(|kernel| (kernel.start..kernel.end).contains(&address)) {
        return Some(kernel);
    }
    let objects = OBJECTS.lock();
    let object = objects.iter().copied().find(|object| object.contains(address))?;
    let header = object.layout.eh_frame_header?;
    let (start, end) = object.range();
    Some(Unwind {
        start,
        end,
        link: object.handle().addr(),
        header: object.memory.bias.wrapping_add(header.address),
    })
}
