//! Page frames.

#[cfg(not(kernel))]
mod host {
    use hal::mem::{PAGE_SIZE, PhysAddr};
    use std::alloc::{Layout, alloc, dealloc};

    fn layout(order: u32) -> Layout {
        Layout::from_size_align(PAGE_SIZE << order, PAGE_SIZE << order).expect("an order is small")
    }

    /// Takes 2^`order` frames that follow each other, aligned to their size; their contents are arbitrary.
    pub fn allocate(order: u32) -> Option<PhysAddr> {
        // SAFETY: the layout's size is not zero.
        let frames = unsafe { alloc(layout(order)) };
        (!frames.is_null()).then(|| PhysAddr(frames.expose_provenance() as u64))
    }

    /// Gives 2^`order` frames back.
    ///
    /// # Safety
    /// They came from [`allocate`] with this order, and nobody uses them any more.
    pub unsafe fn release(frames: PhysAddr, order: u32) {
        // SAFETY: as the caller says.
        unsafe { dealloc(hal::mem::phys_to_virt(frames), layout(order)) };
    }
}

#[cfg(not(kernel))]
pub use host::*;
