//! The buddy allocator: free blocks of 2^n frames, aligned to their size, in a list for each n.
//!
//! There is a byte a frame: it says whether a free block of which size starts there, or, for a frame in use,
//! what its user noted. The list links of a small free block are in the block itself; a large one's take the
//! place of the bytes of frames inside of it, so that memory that was never used is never touched: a
//! hypervisor would have to find a page for each touch, and a large one at that.

use core::ops::Range;
use core::ptr::{self, NonNull};
use hal::mem::{PAGE_SHIFT, PAGE_SIZE, PhysAddr, phys_to_virt};

/// log2 of the frames of the largest block, and of a chunk: 128 MB.
pub const MAX_ORDER: u32 = 15;
const CHUNK_FRAMES: u64 = 1 << MAX_ORDER;
const CHUNK_SIZE: u64 = CHUNK_FRAMES << PAGE_SHIFT;

/// What is known of a frame. Values below [`Tag::FREE`] are for whoever has the frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct Tag(pub u8);

impl Tag {
    /// In use, or no memory at all; nothing noted.
    pub const NONE: Self = Self(0);
    /// A free block of 2^n frames starts here: `FREE + n`.
    const FREE: u8 = 0x80;
}

/// log2 of the frames of the smallest block that is large.
const LARGE: u32 = 5;
/// Where among the bytes of a large block's frames its links are.
const LINKS_AT: usize = 16;
/// No block: frame 0 is never given out.
const NONE: u64 = 0;

/// The links of a free block: addresses of others in its list, or [`NONE`].
#[derive(Clone, Copy)]
struct Links {
    next: u64,
    previous: u64,
}

/// Where a chunk's bytes are, null before the chunk is used.
#[derive(Clone, Copy)]
struct Chunk {
    tags: *mut u8,
    /// How many frames have a byte.
    count: u64,
}

/// Where the frames' bytes are. Who has a frame may read its byte without the allocator's lock: only
/// the owner changes it, and the chunk was there before its frames were given out.
#[derive(Clone, Copy)]
pub struct Tags {
    chunks: *mut Chunk,
    chunk_count: usize,
    /// The address that chunk 0 starts at.
    base: u64,
}

// SAFETY: the pointers are to memory that stays; see above for who reads what.
unsafe impl Send for Tags {}
// SAFETY: as above.
unsafe impl Sync for Tags {}

impl Tags {
    /// No memory at all.
    #[must_use]
    pub const fn none() -> Self {
        Self { chunks: ptr::null_mut(), chunk_count: 0, base: 0 }
    }

    fn chunk(&self, address: u64) -> Option<*mut Chunk> {
        let index = (address.checked_sub(self.base)? / CHUNK_SIZE) as usize;
        // SAFETY: the index is within the table.
        (index < self.chunk_count).then(|| unsafe { self.chunks.add(index) })
    }

    /// The byte of a frame; null where there is no memory.
    fn place(&self, frame: u64) -> *mut u8 {
        let Some(chunk) = self.chunk(frame) else { return ptr::null_mut() };
        // SAFETY: `chunk` returns entries of the table; an entry changes once, before its frames are
        // given out.
        let Chunk { tags, count } = unsafe { chunk.read() };
        let index = frame >> PAGE_SHIFT & (CHUNK_FRAMES - 1);
        if index < count { tags.wrapping_add(index as usize) } else { ptr::null_mut() }
    }

    /// What is noted of the frame at this address.
    #[inline]
    #[must_use]
    pub fn get(&self, frame: u64) -> Tag {
        let place = self.place(frame);
        // SAFETY: not null, so a byte of a chunk.
        if place.is_null() { Tag::NONE } else { Tag(unsafe { place.read_volatile() }) }
    }
}

/// All page frames.
pub struct Buddy {
    tags: Tags,
    /// Where all memory ends.
    end: u64,
    /// The first free block of each size, or [`NONE`].
    lists: [u64; MAX_ORDER as usize + 1],
    free: usize,
    total: usize,
}

// SAFETY: the pointers are to memory that the allocator owns.
unsafe impl Send for Buddy {}

impl Buddy {
    /// No memory at all.
    #[must_use]
    pub const fn new() -> Self {
        Self { tags: Tags::none(), end: 0, lists: [NONE; MAX_ORDER as usize + 1], free: 0, total: 0 }
    }

    /// Bytes of the table that [`Buddy::set_extent`] wants for this extent.
    #[must_use]
    pub fn table_size(extent: &Range<u64>) -> usize {
        let base = extent.start & !(CHUNK_SIZE - 1);
        ((extent.end - base).div_ceil(CHUNK_SIZE) as usize) * size_of::<Chunk>()
    }

    /// Sets between which addresses all memory lies.
    ///
    /// # Safety
    /// `table` is [`Buddy::table_size`] bytes of memory, aligned to 8, the allocator's from now on.
    pub unsafe fn set_extent(&mut self, extent: &Range<u64>, table: *mut u8) {
        let chunk_count = Self::table_size(extent) / size_of::<Chunk>();
        self.end = extent.end;
        self.tags = Tags { chunks: table.cast(), chunk_count, base: extent.start & !(CHUNK_SIZE - 1) };
        for index in 0..chunk_count {
            // SAFETY: the table has this many entries.
            unsafe { self.tags.chunks.add(index).write(Chunk { tags: ptr::null_mut(), count: 0 }) };
        }
    }

    /// The chunk that starts at or before `address`, as addresses.
    #[must_use]
    pub fn chunk_of(&self, address: u64) -> Range<u64> {
        let start = address & !(CHUNK_SIZE - 1);
        start..start + CHUNK_SIZE
    }

    /// Gives the allocator free memory: whole pages, within one chunk. The first range of a chunk
    /// pays for the chunk's bytes. False if it is too small for that.
    ///
    /// # Safety
    /// It is memory of the direct map that nobody uses.
    pub unsafe fn add(&mut self, range: Range<u64>) -> bool {
        let mut start = range.start.max(1).next_multiple_of(PAGE_SIZE as u64);
        let end = range.end & !(PAGE_SIZE as u64 - 1);
        let Some(chunk) = self.chunk(start) else { return false };
        // SAFETY: `chunk` returns entries of the table.
        let chunk = unsafe { &mut *chunk };
        if chunk.tags.is_null() {
            // A byte for each frame up to the end of the chunk or of all memory.
            let count = CHUNK_FRAMES.min((self.end - (start & !(CHUNK_SIZE - 1))).div_ceil(PAGE_SIZE as u64));
            let needed = count.next_multiple_of(PAGE_SIZE as u64);
            if end.saturating_sub(start) <= needed {
                return false;
            }
            *chunk = Chunk { tags: phys_to_virt(PhysAddr(start)), count };
            // SAFETY: the memory is free, and the kernel sees it.
            unsafe { chunk.tags.write_bytes(0, needed as usize) };
            start += needed;
        }
        self.total += ((end.saturating_sub(start)) >> PAGE_SHIFT) as usize;
        while start < end {
            let fits = (end - start).ilog2().min(start.trailing_zeros()).min(MAX_ORDER + PAGE_SHIFT);
            // SAFETY: the block is free memory.
            unsafe { self.release(PhysAddr(start), fits - PAGE_SHIFT) };
            start += 1 << fits;
        }
        true
    }

    fn chunk(&self, address: u64) -> Option<*mut Chunk> {
        self.tags.chunk(address)
    }

    /// Where the frames' bytes are; to be had once the extent is set.
    #[must_use]
    pub fn tags(&self) -> Tags {
        self.tags
    }

    /// What is noted of the frame at this address.
    #[must_use]
    pub fn tag(&self, frame: u64) -> Tag {
        self.tags.get(frame)
    }

    /// Notes something, less than 0x80, of `count` frames that the caller has.
    pub fn set_tag(&mut self, frame: PhysAddr, count: usize, tag: Tag) {
        let place = self.tags.place(frame.0);
        if !place.is_null() {
            // SAFETY: frames that are in use together are of one chunk, so their bytes follow each other.
            unsafe { place.write_bytes(tag.0, count) };
        }
    }

    /// Where a free block's links are; none for [`NONE`].
    fn links(&self, block: u64, order: u32) -> Option<NonNull<Links>> {
        let place = match block {
            NONE => ptr::null_mut(),
            // Frames of one block are of one chunk, whose bytes start with a page.
            _ if order >= LARGE => self.tags.place(block + (LINKS_AT << PAGE_SHIFT) as u64),
            _ => phys_to_virt(PhysAddr(block)),
        };
        NonNull::new(place.cast())
    }

    fn unlink(&mut self, block: u64, order: u32) {
        let Some(links) = self.links(block, order) else { return };
        // SAFETY: a free block has its links, and its neighbours are free blocks of the same size.
        unsafe {
            let Links { next, previous } = links.read();
            match self.links(previous, order) {
                Some(previous) => (*previous.as_ptr()).next = next,
                None => self.lists[order as usize] = next,
            }
            if let Some(next) = self.links(next, order) {
                (*next.as_ptr()).previous = previous;
            }
            if order >= LARGE {
                // They are bytes of frames again.
                links.write_bytes(Tag::NONE.0, 1);
            }
        }
        self.set_tag(PhysAddr(block), 1, Tag::NONE);
    }

    fn link(&mut self, block: u64, order: u32) {
        let Some(links) = self.links(block, order) else { return };
        let first = self.lists[order as usize];
        // SAFETY: the block is free memory, and the list's first block is free too.
        unsafe {
            links.write(Links { next: first, previous: NONE });
            if let Some(first) = self.links(first, order) {
                (*first.as_ptr()).previous = block;
            }
        }
        self.lists[order as usize] = block;
        self.set_tag(PhysAddr(block), 1, Tag(Tag::FREE + order as u8));
    }

    /// Takes 2^`order` frames, aligned to their size.
    pub fn allocate(&mut self, order: u32) -> Option<PhysAddr> {
        let found = (order..=MAX_ORDER).find(|&order| self.lists[order as usize] != NONE)?;
        let block = self.lists[found as usize];
        self.unlink(block, found);
        // What is not needed: the upper half, the upper half of the lower half, and so on.
        for half in (order..found).rev() {
            self.link(block + ((PAGE_SIZE as u64) << half), half);
        }
        self.free -= 1 << order;
        Some(PhysAddr(block))
    }

    /// Gives 2^`order` frames back, or any such part of what was taken.
    ///
    /// # Safety
    /// They were taken from here and nobody uses them any more.
    pub unsafe fn release(&mut self, block: PhysAddr, order: u32) {
        self.free += 1 << order;
        self.set_tag(block, 1 << order, Tag::NONE);
        let (mut block, mut order) = (block.0, order);
        while order < MAX_ORDER {
            let buddy = block ^ (PAGE_SIZE as u64) << order;
            if self.tag(buddy) != Tag(Tag::FREE + order as u8) {
                break;
            }
            self.unlink(buddy, order);
            block = block.min(buddy);
            order += 1;
        }
        self.link(block, order);
    }

    /// Gives `count` frames back, which need not be a power of two.
    ///
    /// # Safety
    /// As for [`Buddy::release`].
    pub unsafe fn release_range(&mut self, start: PhysAddr, count: usize) {
        let mut at = start.0 >> PAGE_SHIFT;
        let end = at + count as u64;
        while at < end {
            let order = (end - at).ilog2().min(at.trailing_zeros()).min(MAX_ORDER);
            // SAFETY: as the caller says.
            unsafe { self.release(PhysAddr(at << PAGE_SHIFT), order) };
            at += 1 << order;
        }
    }

    /// Frames under management, and how many of them are free.
    #[must_use]
    pub fn totals(&self) -> (usize, usize) {
        (self.total, self.free)
    }
}

impl Default for Buddy {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::alloc::{Layout, alloc};

    /// An allocator over `frames` frames of the host's memory, starting at an odd place of a chunk.
    pub(crate) fn arena(frames: usize) -> Buddy {
        let layout = Layout::from_size_align(frames << PAGE_SHIFT, CHUNK_SIZE as usize).unwrap();
        // SAFETY: the size is not zero; the memory is leaked to the test.
        let start = unsafe { alloc(layout) }.expose_provenance() as u64 + PAGE_SIZE as u64;
        let range = start..start + ((frames - 1) << PAGE_SHIFT) as u64;
        let mut buddy = Buddy::new();
        let table = vec![0u64; Buddy::table_size(&range) / 8].leak();
        // SAFETY: the table is large enough; the range is ours.
        unsafe {
            buddy.set_extent(&range, table.as_mut_ptr().cast());
            assert!(buddy.add(range));
        }
        buddy
    }

    #[test]
    fn blocks_are_aligned_apart_and_merge_again() {
        let mut buddy = arena(1024);
        let (total, free) = buddy.totals();
        assert_eq!(total, free);
        assert!(total >= 1024 - 3);
        let mut seed = 1u32;
        let mut taken: Vec<(u64, u32)> = Vec::new();
        for _ in 0..20_000 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if seed >> 30 != 0 {
                let order = seed >> 16 & 7;
                if let Some(block) = buddy.allocate(order) {
                    let size = (PAGE_SIZE as u64) << order;
                    assert_eq!(block.0 % size, 0);
                    assert!((0..1 << order).all(|at| buddy.tag(block.0 + (at << PAGE_SHIFT)) == Tag::NONE));
                    assert!(taken.iter().all(|&(at, o)| at + ((PAGE_SIZE as u64) << o) <= block.0 || block.0 + size <= at));
                    taken.push((block.0, order));
                }
            } else if !taken.is_empty() {
                let (block, order) = taken.swap_remove((seed as usize >> 4) % taken.len());
                // SAFETY: it was taken above.
                unsafe { buddy.release(PhysAddr(block), order) };
            }
            if taken.len() > 300 {
                for (block, order) in taken.drain(..) {
                    // SAFETY: it was taken above.
                    unsafe { buddy.release(PhysAddr(block), order) };
                }
            }
        }
        for (block, order) in taken {
            // SAFETY: it was taken above.
            unsafe { buddy.release(PhysAddr(block), order) };
        }
        assert_eq!(buddy.totals(), (total, total));
        assert!(buddy.allocate(9).is_some(), "everything has merged");
    }

    #[test]
    fn a_part_of_a_block_can_be_given_back() {
        let mut buddy = arena(256);
        let (_, free) = buddy.totals();
        let block = buddy.allocate(5).unwrap();
        // SAFETY: frames 11 to 31 of the block are unused.
        unsafe { buddy.release_range(PhysAddr(block.0 + 11 * PAGE_SIZE as u64), 21) };
        assert_eq!(buddy.totals().1, free - 11);
        // SAFETY: so are the rest.
        unsafe { buddy.release_range(block, 11) };
        assert_eq!(buddy.totals().1, free);
    }

    #[test]
    fn large_free_blocks_are_not_touched() {
        let mut buddy = arena(1024);
        let taken: Vec<PhysAddr> = (0..6).filter_map(|_| buddy.allocate(6)).collect();
        assert_eq!(taken.len(), 6);
        for block in &taken {
            // SAFETY: the block is ours, and released below with no other use of it.
            unsafe { phys_to_virt(*block).write_bytes(0xa5, PAGE_SIZE << 6) };
        }
        for block in &taken {
            // SAFETY: it was taken above.
            unsafe { buddy.release(*block, 6) };
        }
        for block in &taken {
            // SAFETY: the memory is the test's.
            let bytes = unsafe { core::slice::from_raw_parts(phys_to_virt(*block), PAGE_SIZE << 6) };
            assert!(bytes.iter().all(|&byte| byte == 0xa5));
        }
    }

    #[test]
    fn memory_that_is_not_there_has_no_tag() {
        let buddy = arena(64);
        assert_eq!(buddy.tag(0), Tag::NONE);
        assert_eq!(buddy.tag(!0xfff), Tag::NONE);
    }
}
