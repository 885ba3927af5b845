//! Memory of packets: a block of the heap with a count of those who use it, its one writer, and its
//! readers.

use core::alloc::Layout;
use core::ops::{Deref, DerefMut, Range};
use core::ptr::NonNull;
use core::slice;
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering, fence};

use crate::errno::{ENOMEM, Result};
use crate::memory::heap;

/// Bytes of all blocks.
static IN_USE: AtomicUsize = AtomicUsize::new(0);

/// Bytes of memory that packets take just now, those that cards wait with included.
pub fn bytes_in_use() -> usize {
    IN_USE.load(Ordering::Relaxed)
}

/// What is in front of a block's bytes.
#[repr(C, align(16))]
struct Header {
    users: AtomicU32,
    /// Bytes after the header.
    capacity: u32,
}

/// A share in a block.
struct Block(NonNull<Header>);

// SAFETY: the count is atomic; who may touch which bytes is settled by `Buffer` and `Fragment`.
unsafe impl Send for Block {}
// SAFETY: as above.
unsafe impl Sync for Block {}

impl Block {
    fn allocate(capacity: usize) -> Result<Self> {
        let length = u32::try_from(capacity).map_err(|_| ENOMEM)?;
        let size = size_of::<Header>().checked_add(capacity).ok_or(ENOMEM)?;
        let layout = Layout::from_size_align(size, align_of::<Header>()).map_err(|_| ENOMEM)?;
        let start = NonNull::new(heap::allocate_app(layout)).ok_or(ENOMEM)?.cast::<Header>();
        // SAFETY: just allocated, large and aligned enough.
        unsafe { start.write(Header { users: AtomicU32::new(1), capacity: length }) };
        IN_USE.fetch_add(size, Ordering::Relaxed);
        Ok(Self(start))
    }

    fn header(&self) -> &Header {
        // SAFETY: alive for as long as there is a share.
        unsafe { self.0.as_ref() }
    }

    fn capacity(&self) -> usize {
        self.header().capacity as usize
    }

    fn start(&self) -> *mut u8 {
        // SAFETY: the bytes follow the header.
        unsafe { self.0.add(1).cast::<u8>().as_ptr() }
    }
}

impl Clone for Block {
    fn clone(&self) -> Self {
        self.header().users.fetch_add(1, Ordering::Relaxed);
        Self(self.0)
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        if self.header().users.fetch_sub(1, Ordering::Release) == 1 {
            fence(Ordering::Acquire);
            IN_USE.fetch_sub(size_of::<Header>() + self.capacity(), Ordering::Relaxed);
            // SAFETY: this was the last share.
            unsafe { heap::release(self.0.cast::<u8>().as_ptr()) };
        }
    }
}

/// Bytes with room before and after them. All bytes of the block that no [`Fragment`] shows are this
/// buffer's alone, to read and to write.
pub struct Buffer {
    block: Block,
    /// Where the bytes start and end.
    start: u32,
    end: u32,
    /// What is before this has been shared.
    floor: u32,
}

impl Buffer {
    /// An empty buffer for `capacity` bytes.
    ///
    /// # Errors
    /// `ENOMEM`.
    pub fn new(capacity: usize) -> Result<Self> {
        Self::with_headroom(capacity, 0)
    }

    /// An empty buffer for `capacity` bytes, of which `headroom` are before the ones that are
    /// appended.
    ///
    /// # Errors
    /// `ENOMEM`, also if there are not that many.
    pub fn with_headroom(capacity: usize, headroom: usize) -> Result<Self> {
        if headroom > capacity {
            return Err(ENOMEM);
        }
        let block = Block::allocate(capacity)?;
        Ok(Self { block, start: headroom as u32, end: headroom as u32, floor: 0 })
    }

    /// Bytes that fit in front.
    #[must_use]
    pub fn headroom(&self) -> usize {
        (self.start - self.floor) as usize
    }

    /// Bytes that fit behind.
    #[must_use]
    pub fn tailroom(&self) -> usize {
        self.block.capacity() - self.end as usize
    }

    /// Puts `length` zero bytes in front; none if they do not fit.
    pub fn prepend(&mut self, length: usize) -> Option<&mut [u8]> {
        if length > self.headroom() {
            return None;
        }
        self.start -= length as u32;
        let header = self.get_mut(..length)?;
        header.fill(0);
        Some(header)
    }

    /// Puts bytes behind, as many as fit; gives their number.
    pub fn append(&mut self, bytes: &[u8]) -> usize {
        let count = bytes.len().min(self.tailroom());
        // SAFETY: the room behind is within the block and this buffer's alone.
        unsafe { self.block.start().add(self.end as usize).copy_from_nonoverlapping(bytes.as_ptr(), count) };
        self.end += count as u32;
        count
    }

    /// The room behind as it is, for somebody else to write: a device, or the application's `read`.
    /// Null bytes or old ones may be there.
    pub fn room(&mut self) -> (*mut u8, usize) {
        // SAFETY: within the block, or at its end.
        (unsafe { self.block.start().add(self.end as usize) }, self.tailroom())
    }

    /// Counts `length` bytes of the room behind, as far as there is any.
    ///
    /// # Safety
    /// They have been written.
    pub unsafe fn written(&mut self, length: usize) {
        self.end += length.min(self.tailroom()) as u32;
    }

    /// Drops bytes at the start, as far as there are any; they become headroom.
    pub fn advance(&mut self, length: usize) {
        self.start += length.min(self.len()) as u32;
    }

    /// Drops bytes at the end, so that at most `length` are left.
    pub fn truncate(&mut self, length: usize) {
        self.end = self.start + length.min(self.len()) as u32;
    }

    /// Shares all bytes there are; the buffer is empty then, and goes on in the room behind them.
    pub fn share(&mut self) -> Fragment {
        let fragment = Fragment { block: self.block.clone(), start: self.start, end: self.end };
        self.start = self.end;
        self.floor = self.end;
        fragment
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: within the block, written, and nobody else writes there.
        unsafe {
            slice::from_raw_parts(
                self.block.start().add(self.start as usize),
                (self.end - self.start) as usize,
            )
        }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        let length = (self.end - self.start) as usize;
        // SAFETY: as above, and no fragment shows them.
        unsafe { slice::from_raw_parts_mut(self.block.start().add(self.start as usize), length) }
    }
}

impl From<Buffer> for Fragment {
    fn from(buffer: Buffer) -> Self {
        let Buffer { block, start, end, .. } = buffer;
        Self { block, start, end }
    }
}

/// Bytes that nobody writes any more, shared by all clones.
#[derive(Clone)]
pub struct Fragment {
    block: Block,
    start: u32,
    end: u32,
}

impl Fragment {
    /// A part of it; the range is cut to what there is.
    #[must_use]
    pub fn part(&self, range: Range<usize>) -> Self {
        let mut part = self.clone();
        part.truncate(range.end);
        part.advance(range.start);
        part
    }

    /// Drops bytes at the start, as far as there are any.
    pub fn advance(&mut self, length: usize) {
        self.start += length.min(self.len()) as u32;
    }

    /// Drops bytes at the end, so that at most `length` are left.
    pub fn truncate(&mut self, length: usize) {
        self.end = self.start + length.min(self.len()) as u32;
    }

    /// Appends `next` if it continues this one in the same block; gives it back if not.
    pub fn join(&mut self, next: Self) -> core::result::Result<(), Self> {
        if self.block.0 != next.block.0 || self.end != next.start {
            return Err(next);
        }
        self.end = next.end;
        Ok(())
    }

    /// Bytes of memory that it keeps in use.
    #[must_use]
    pub fn footprint(&self) -> usize {
        size_of::<Header>() + self.block.capacity()
    }
}

impl Deref for Fragment {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: within the block, written, and nobody writes there any more.
        unsafe {
            slice::from_raw_parts(
                self.block.start().add(self.start as usize),
                (self.end - self.start) as usize,
            )
        }
    }
}
