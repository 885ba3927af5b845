//! Pages of files: page-aligned memory that can be mapped, and the budget of the page cache.

use core::alloc::Layout;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicIsize, Ordering};

use hal::mem::PhysAddr;

use crate::memory::heap;
use crate::table::Tunable;

/// Bytes in a page.
pub const PAGE: usize = 4096;

/// Pages of slow files kept in memory before a file that is read gives up its own again.
#[cfg_attr(kernel, unsafe(no_mangle))]
pub static PAGE_CACHE_PAGES: Tunable<usize> = Tunable::new(4096);

static CACHED: AtomicIsize = AtomicIsize::new(0);

/// Counts pages into or out of the cache.
pub fn cached(pages: isize) {
    CACHED.fetch_add(pages, Ordering::Relaxed);
}

/// Whether the cache may grow.
pub fn cache_has_room() -> bool {
    CACHED.load(Ordering::Relaxed) < PAGE_CACHE_PAGES.get() as isize
}

/// A page of memory. Whoever allocated it frees it.
#[derive(Clone, Copy)]
pub struct Page(NonNull<u8>);

const LAYOUT: Layout = match Layout::from_size_align(PAGE, PAGE) {
    Ok(layout) => layout,
    Err(_) => panic!("a page is a valid layout"),
};

impl Page {
    /// A page with any content; none if memory has run out.
    pub fn allocate() -> Option<Self> {
        NonNull::new(heap::allocate_app(LAYOUT)).map(Self)
    }

    /// The page at a page-aligned address; none for 0 and for what is not aligned.
    pub fn at(address: usize) -> Option<Self> {
        if !address.is_multiple_of(PAGE) {
            return None;
        }
        NonNull::new(address as *mut u8).map(Self)
    }

    /// Gives the page back; it came from `allocate`.
    pub fn free(self) {
        // SAFETY: it came from `allocate`.
        unsafe { heap::release(self.0.as_ptr()) }
    }

    /// Its first byte.
    pub fn pointer(self) -> *mut u8 {
        self.0.as_ptr()
    }

    /// Its address.
    pub fn address(self) -> usize {
        self.0.as_ptr() as usize
    }

    /// Its frame; none if it is neither heap nor direct map.
    pub fn frame(self) -> Option<PhysAddr> {
        hal::mem::virt_to_phys(self.0.as_ptr())
    }

    /// Its bytes.
    ///
    /// # Safety
    ///
    /// Nothing else may use the page meanwhile.
    pub unsafe fn bytes_mut<'a>(&self) -> &'a mut [u8] {
        // SAFETY: the caller owns the page, which is this long.
        unsafe { core::slice::from_raw_parts_mut(self.0.as_ptr(), PAGE) }
    }
}
