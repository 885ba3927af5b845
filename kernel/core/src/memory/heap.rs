//! The heap: one allocator for the kernel and for the application's `malloc`.

#[cfg(not(kernel))]
mod host {
    use core::alloc::Layout;
    use std::alloc::{alloc, dealloc};

    /// Sizes are kept in front of a block, since C frees by address alone.
    fn whole(layout: Layout) -> Option<(Layout, usize)> {
        let align = layout.align().max(16);
        let size = layout.size().max(1).checked_add(align)?;
        Some((Layout::from_size_align(size, align).ok()?, align))
    }

    /// Memory for the kernel; null if there is none.
    pub fn allocate(layout: Layout) -> *mut u8 {
        let Some((whole, offset)) = whole(layout) else { return core::ptr::null_mut() };
        // SAFETY: the size is not zero.
        let start = unsafe { alloc(whole) };
        if start.is_null() {
            return start;
        }
        // SAFETY: there are at least 16 bytes in front of the block.
        unsafe {
            let block = start.add(offset);
            block.cast::<usize>().sub(1).write(layout.size().max(1));
            block.cast::<usize>().sub(2).write(offset);
            block
        }
    }

    /// Memory for the application; null if there is none, also when what is left is the kernel's reserve.
    pub fn allocate_app(layout: Layout) -> *mut u8 {
        allocate(layout)
    }

    /// Gives memory back.
    ///
    /// # Safety
    /// `block` came from this heap and nobody uses it any more.
    pub unsafe fn release(block: *mut u8) {
        // SAFETY: the two words in front of a block were written when it was made.
        unsafe {
            let size = block.cast::<usize>().sub(1).read();
            let offset = block.cast::<usize>().sub(2).read();
            dealloc(block.sub(offset), Layout::from_size_align_unchecked(size + offset, offset));
        }
    }

    /// How many bytes of a block may be used: at least as many as were asked for.
    ///
    /// # Safety
    /// `block` came from this heap and is in use.
    pub unsafe fn usable_size(block: *mut u8) -> usize {
        // SAFETY: the word in front of a block is its size.
        unsafe { block.cast::<usize>().sub(1).read() }
    }
}

#[cfg(not(kernel))]
pub use host::*;
