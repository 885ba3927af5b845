//! Regular files: pages in memory over an origin.
//!
//! One structure serves as RAM file and as page cache. A page that is present holds the content; a
//! page that is absent is read from the origin (a file of an image), or is a hole. So a file of a
//! read-only image can be written to in memory, where its volume allows that.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::file::{File, Place, Seekable, seek_target};
use super::flags::{OpenFlags, Status};
use super::node::{Body, Node};
use super::page::{self, PAGE, Page};
use super::stat::Stat;
use super::watch::{self, Changes};
use crate::errno::{EFBIG, EINVAL, ENOSPC, ENXIO, Result};
use crate::memory::vm::Backing;
use crate::sync::Mutex;
use hal::mem::PhysAddr;

/// Where the content of a file of an image comes from.
pub trait Origin: Send + Sync {
    /// The content, if it lies in memory for good.
    fn bytes(&self) -> Option<&'static [u8]> {
        None
    }

    /// Fills `pages` with the content from `offset` on, a multiple of the page size. What lies
    /// after the end of the file may be anything.
    fn read(&self, offset: u64, pages: &mut [&mut [u8]]) -> Result<()>;
}

/// Pages read from a slow origin at once.
const READ_AHEAD: u64 = 16;
/// Pages in a leaf of the page table.
const LEAF: u64 = 4096;
/// Largest size of a file.
const SIZE_MAX: u64 = 1 << 46;

/// A page in the table: its address with flags in the low bits, 0 if absent.
#[derive(Clone, Copy)]
struct Slot(usize);

impl Slot {
    const ABSENT: Self = Self(0);
    /// The page was written to, so the origin no longer counts.
    const OWN: usize = 1;

    fn page(self) -> Option<Page> {
        Page::at(self.0 & !(PAGE - 1))
    }
}

/// The page table of a file: two levels, so that a sparse file stays small.
#[derive(Default)]
struct Pages {
    leaves: Vec<Vec<Slot>>,
    resident: u64,
    /// Bytes of the origin that still count.
    origin_size: u64,
}

impl Pages {
    fn get(&self, page: u64) -> Slot {
        let leaf = self.leaves.get((page / LEAF) as usize);
        leaf.and_then(|leaf| leaf.get((page % LEAF) as usize)).copied().unwrap_or(Slot::ABSENT)
    }

    fn set(&mut self, page: u64, slot: Slot) {
        let (high, low) = ((page / LEAF) as usize, (page % LEAF) as usize);
        while self.leaves.len() <= high {
            self.leaves.push(Vec::new());
        }
        let Some(leaf) = self.leaves.get_mut(high) else { return };
        while leaf.len() <= low {
            leaf.push(Slot::ABSENT);
        }
        if let Some(place) = leaf.get_mut(low) {
            self.resident = self.resident + u64::from(slot.0 != 0) - u64::from(place.0 != 0);
            *place = slot;
        }
    }

    /// The first page that is present and not before `from`, and its slot.
    fn next(&self, from: u64) -> Option<(u64, Slot)> {
        let (high, mut low) = ((from / LEAF) as usize, (from % LEAF) as usize);
        for (index, leaf) in self.leaves.iter().enumerate().skip(high) {
            let slots = leaf.iter().enumerate().skip(core::mem::take(&mut low));
            if let Some((at, slot)) = slots.into_iter().find(|(_, slot)| slot.0 != 0) {
                return Some((index as u64 * LEAF + at as u64, *slot));
            }
        }
        None
    }
}

/// What a page of a file is, for a reader.
enum Content {
    /// So many bytes at this address, and zeros after them.
    Bytes(*const u8, usize),
    /// All zeros.
    Hole,
}

impl Content {
    /// The frame of a whole page.
    fn frame(self) -> Option<PhysAddr> {
        match self {
            Content::Bytes(start, PAGE) => Page::at(start as usize).and_then(Page::frame),
            _ => None,
        }
    }
}

/// The body of a regular file.
pub struct Regular {
    pages: Mutex<Pages>,
    size: AtomicU64,
    /// Copies under way and mappings: while there are any, no page is freed.
    pins: AtomicUsize,
    /// One append at a time, so that none overwrites another's bytes.
    appending: Mutex<()>,
    origin: Option<Box<dyn Origin>>,
}

/// Keeps the pages of a file where they are.
struct Pin<'a>(&'a AtomicUsize);

impl Drop for Pin<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Release);
    }
}

impl Default for Regular {
    fn default() -> Self {
        Self::new(0, None)
    }
}

impl Regular {
    /// A file of `size` bytes, which `origin` holds.
    #[must_use]
    pub fn new(size: u64, origin: Option<Box<dyn Origin>>) -> Self {
        let origin_size = if origin.is_some() { size } else { 0 };
        Self {
            pages: Mutex::new(Pages { origin_size, ..Pages::default() }),
            size: AtomicU64::new(size),
            pins: AtomicUsize::new(0),
            appending: Mutex::new(()),
            origin,
        }
    }

    fn pin(&self) -> Pin<'_> {
        self.pins.fetch_add(1, Ordering::Acquire);
        Pin(&self.pins)
    }

    /// The content of a page as it is in the origin; `None` past what counts of it.
    fn origin_bytes(&self, pages: &Pages, page: u64) -> Option<&'static [u8]> {
        let start = page * PAGE as u64;
        let end = (start + PAGE as u64).min(pages.origin_size);
        let bytes = self.origin.as_ref()?.bytes()?;
        bytes.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
    }

    /// Reads absent pages from `page` on from a slow origin; at least that one is present then.
    fn load(&self, pages: &mut Pages, page: u64) -> Result<()> {
        let Some(origin) = &self.origin else { return Ok(()) };
        if self.pins.load(Ordering::Acquire) <= 1 && !page::cache_has_room() {
            self.drop_clean(pages);
        }
        let last = pages.origin_size.div_ceil(PAGE as u64).min(page + READ_AHEAD);
        let mut fresh: Vec<Page> = Vec::new();
        for next in page..last {
            if pages.get(next).0 != 0 {
                break;
            }
            match Page::allocate() {
                Some(page) => fresh.push(page),
                None => break,
            }
        }
        let result = if fresh.is_empty() {
            Err(crate::errno::ENOMEM)
        } else {
            // SAFETY: the pages were just allocated, so nothing else refers to them.
            let mut buffers: Vec<&mut [u8]> = fresh.iter().map(|page| unsafe { page.bytes_mut() }).collect();
            origin.read(page * PAGE as u64, &mut buffers)
        };
        for (index, fresh) in fresh.into_iter().enumerate() {
            if result.is_err() {
                fresh.free();
                continue;
            }
            let number = page + index as u64;
            let valid = pages.origin_size.saturating_sub(number * PAGE as u64).min(PAGE as u64);
            // SAFETY: as above.
            if let Some(tail) = unsafe { fresh.bytes_mut() }.get_mut(valid as usize..) {
                tail.fill(0);
            }
            page::cached(1);
            pages.set(number, Slot(fresh.address()));
        }
        result
    }

    /// Frees the pages that the origin still has.
    fn drop_clean(&self, pages: &mut Pages) {
        let mut at = 0;
        while let Some((number, slot)) = pages.next(at) {
            at = number + 1;
            if slot.0 & Slot::OWN == 0
                && let Some(page) = slot.page()
            {
                pages.set(number, Slot::ABSENT);
                page::cached(-1);
                page.free();
            }
        }
    }

    /// What `page` holds. The caller has a pin.
    fn content(&self, page: u64) -> Result<Content> {
        let mut pages = self.pages.lock();
        if let Some(content) = self.present(&pages, page) {
            return Ok(content);
        }
        self.load(&mut pages, page)?;
        Ok(pages.get(page).page().map_or(Content::Hole, |page| Content::Bytes(page.pointer(), PAGE)))
    }

    /// What `page` holds, if nothing has to be read for it.
    fn present(&self, pages: &Pages, page: u64) -> Option<Content> {
        if let Some(page) = pages.get(page).page() {
            return Some(Content::Bytes(page.pointer(), PAGE));
        }
        if page * PAGE as u64 >= pages.origin_size {
            return Some(Content::Hole);
        }
        let bytes = self.origin_bytes(pages, page)?;
        Some(Content::Bytes(bytes.as_ptr(), bytes.len()))
    }

    /// `page` as one that belongs to the file; `whole`: its old content will not be needed.
    fn own(&self, page: u64, whole: bool) -> Result<Page> {
        let mut pages = self.pages.lock();
        let slot = pages.get(page);
        let in_origin = page * (PAGE as u64) < pages.origin_size;
        if slot.0 == 0 && in_origin && !whole && self.origin_bytes(&pages, page).is_none() {
            self.load(&mut pages, page)?;
        }
        let slot = pages.get(page);
        if let Some(present) = slot.page() {
            if slot.0 & Slot::OWN == 0 {
                page::cached(-1);
                pages.set(page, Slot(slot.0 | Slot::OWN));
            }
            return Ok(present);
        }
        let fresh = Page::allocate().ok_or(ENOSPC)?;
        // SAFETY: just allocated, so nothing else refers to it.
        let bytes = unsafe { fresh.bytes_mut() };
        let old = if in_origin { self.origin_bytes(&pages, page).unwrap_or_default() } else { &[] };
        let (head, tail) = bytes.split_at_mut(old.len().min(PAGE));
        head.copy_from_slice(old.get(..head.len()).unwrap_or_default());
        tail.fill(0);
        pages.set(page, Slot(fresh.address() | Slot::OWN));
        Ok(fresh)
    }

    /// Reads at `offset`; 0 at and after the end.
    pub fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let _pin = self.pin();
        let left = self.size().saturating_sub(offset);
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let mut done = 0;
        while done < length {
            let at = offset + done as u64;
            let inside = (at % PAGE as u64) as usize;
            let count = (PAGE - inside).min(length - done);
            let Some(part) = buffer.get_mut(done..done + count) else { break };
            match self.content(at / PAGE as u64) {
                Ok(Content::Bytes(start, valid)) => {
                    let present = valid.saturating_sub(inside).min(count);
                    let (head, tail) = part.split_at_mut(present);
                    // SAFETY: `valid` bytes are readable at `start` while the pin is held, and the
                    // caller's buffer is not a page of a file unless the program mapped it so.
                    unsafe { core::ptr::copy(start.wrapping_add(inside), head.as_mut_ptr(), present) };
                    tail.fill(0);
                }
                Ok(Content::Hole) => part.fill(0),
                Err(error) if done == 0 => return Err(error),
                Err(_) => break,
            }
            done += count;
        }
        Ok(done)
    }

    /// Writes at `offset`, growing the file; `EFBIG`, or `ENOSPC` when memory runs out.
    pub fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        if offset >= SIZE_MAX {
            return Err(EFBIG);
        }
        let _pin = self.pin();
        let mut done = 0;
        while done < bytes.len() {
            let at = offset + done as u64;
            let inside = (at % PAGE as u64) as usize;
            let count = (PAGE - inside).min(bytes.len() - done);
            let whole = count == PAGE;
            let page = match self.own(at / PAGE as u64, whole) {
                Ok(page) => page,
                Err(error) if done == 0 => return Err(error),
                Err(_) => break,
            };
            // SAFETY: the page stays while the pin is held; `inside + count` is at most a page.
            // Concurrent writes to the same bytes mix, as on Linux.
            unsafe {
                let from = bytes.as_ptr().wrapping_add(done);
                core::ptr::copy(from, page.pointer().wrapping_add(inside), count);
            }
            done += count;
            self.size.fetch_max(at + count as u64, Ordering::AcqRel);
        }
        Ok(done)
    }

    /// Writes at the end; gives the number of bytes and the new end.
    pub fn append(&self, bytes: &[u8]) -> Result<(usize, u64)> {
        let _only = self.appending.lock();
        let end = self.size();
        let count = self.write_at(end, bytes)?;
        Ok((count, end + count as u64))
    }

    /// Makes the file `size` bytes long; what is added reads as zeros.
    pub fn truncate(&self, size: u64) -> Result<()> {
        if size > SIZE_MAX {
            return Err(EFBIG);
        }
        let mut pages = self.pages.lock();
        let old = self.size.swap(size, Ordering::AcqRel);
        if size < old {
            self.clear(&mut pages, size);
            pages.origin_size = pages.origin_size.min(size);
        }
        Ok(())
    }

    /// Makes the bytes from `start` to `end` zeros, without changing the size (`fallocate`'s
    /// `FALLOC_FL_PUNCH_HOLE` and `FALLOC_FL_ZERO_RANGE`).
    pub fn zero(&self, start: u64, end: u64) -> Result<()> {
        let _pin = self.pin();
        let end = end.min(self.size());
        let mut at = start;
        while at < end {
            let next = ((at / PAGE as u64 + 1) * PAGE as u64).min(end);
            let page = self.own(at / PAGE as u64, false)?;
            let inside = (at % PAGE as u64) as usize;
            // SAFETY: within the page, which stays while the pin is held.
            unsafe { page.pointer().wrapping_add(inside).write_bytes(0, (next - at) as usize) };
            at = next;
        }
        Ok(())
    }

    /// Frees the pages from an offset on, or zeroes them where they must stay.
    fn clear(&self, pages: &mut Pages, start: u64) {
        let pinned = self.pins.load(Ordering::Acquire) > 0;
        let mut at = start / PAGE as u64;
        while let Some((number, slot)) = pages.next(at) {
            at = number + 1;
            let Some(page) = slot.page() else { continue };
            let from = start.saturating_sub(number * PAGE as u64).min(PAGE as u64) as usize;
            if pinned || from > 0 {
                // SAFETY: a page of this file; `from` is within it.
                unsafe { page.pointer().wrapping_add(from).write_bytes(0, PAGE - from) };
                if slot.0 & Slot::OWN == 0 {
                    page::cached(-1);
                    pages.set(number, Slot(slot.0 | Slot::OWN));
                }
            } else {
                if slot.0 & Slot::OWN == 0 {
                    page::cached(-1);
                }
                pages.set(number, Slot::ABSENT);
                page.free();
            }
        }
    }

    /// Allocates the pages between two offsets (`fallocate` without flags).
    pub fn reserve(&self, start: u64, end: u64) -> Result<()> {
        if end > SIZE_MAX {
            return Err(EFBIG);
        }
        for page in start / PAGE as u64..end.div_ceil(PAGE as u64) {
            self.own(page, false)?;
        }
        Ok(())
    }

    /// Makes the file at least `size` bytes long.
    pub fn grow(&self, size: u64) {
        self.size.fetch_max(size, Ordering::AcqRel);
    }
}

impl Drop for Regular {
    fn drop(&mut self) {
        let mut pages = self.pages.lock();
        self.clear(&mut pages, 0);
    }
}

impl Body for Regular {
    fn open(&self, place: Place, flags: OpenFlags) -> Result<Arc<dyn File>> {
        watch::opened(&place, Changes::OPEN);
        Ok(Arc::new(Opened { status: Status::new(flags), place, position: Mutex::new(0) }))
    }

    fn size(&self) -> u64 {
        self.size.load(Ordering::Acquire)
    }

    fn blocks(&self) -> u64 {
        let pages = self.pages.lock();
        (pages.resident * (PAGE as u64 / 512)).max(pages.origin_size.div_ceil(512))
    }
}

/// An open regular file.
pub struct Opened {
    status: Status,
    place: Place,
    position: Mutex<u64>,
}

impl Opened {
    /// The body, which is [`Regular`] for every file opened by it.
    fn body(&self) -> Result<&Regular> {
        self.place.node.body_as().ok_or(EINVAL)
    }

    /// Notes that so many bytes were read.
    fn was_read(&self, count: usize) -> usize {
        if count > 0 {
            watch::opened(&self.place, Changes::ACCESS);
        }
        count
    }

    /// Notes that so many bytes were written.
    fn was_written(&self, count: usize) -> usize {
        if count > 0 {
            self.place.node.touch();
            watch::opened(&self.place, Changes::MODIFY);
        }
        count
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        let writes = self.status.get().writes();
        watch::opened(&self.place, if writes { Changes::CLOSE_WRITE } else { Changes::CLOSE_NOWRITE });
    }
}

impl File for Opened {
    fn status(&self) -> &Status {
        &self.status
    }

    fn stat(&self) -> Result<Stat> {
        Ok(self.place.node.stat())
    }

    fn read(&self, buffer: &mut [u8]) -> Result<usize> {
        let mut position = self.position.lock();
        let count = self.body()?.read_at(*position, buffer)?;
        *position += count as u64;
        Ok(self.was_read(count))
    }

    fn write(&self, bytes: &[u8]) -> Result<usize> {
        let mut position = self.position.lock();
        if self.status.get().contains(OpenFlags::APPEND) {
            let (count, end) = self.body()?.append(bytes)?;
            *position = end;
            return Ok(self.was_written(count));
        }
        let count = self.write_at(*position, bytes)?;
        *position += count as u64;
        Ok(count)
    }

    fn seekable(&self) -> Option<&dyn Seekable> {
        Some(self)
    }

    fn place(&self) -> Option<&Place> {
        Some(&self.place)
    }

    fn backing(&self, shared: bool) -> Result<Arc<dyn Backing>> {
        self.body()?.pins.fetch_add(1, Ordering::Acquire);
        Ok(Arc::new(Mapped { node: self.place.node.clone(), path: self.place.path().into(), shared }))
    }
}

impl Seekable for Opened {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        self.body()?.read_at(offset, buffer).map(|count| self.was_read(count))
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<usize> {
        self.body()?.write_at(offset, bytes).map(|count| self.was_written(count))
    }

    fn seek(&self, offset: i64, whence: i32) -> Result<u64> {
        let size = self.body()?.size();
        let mut position = self.position.lock();
        *position = match whence {
            // SEEK_DATA and SEEK_HOLE: the whole file counts as data, as a file system may say.
            3 | 4 => match u64::try_from(offset) {
                Ok(offset) if offset < size => {
                    if whence == 3 {
                        offset
                    } else {
                        size
                    }
                }
                _ => return Err(ENXIO),
            },
            _ => seek_target(offset, whence, *position, size)?,
        };
        Ok(*position)
    }
}

/// A regular file that is mapped.
struct Mapped {
    node: Arc<Node>,
    path: Box<[u8]>,
    shared: bool,
}

impl Drop for Mapped {
    fn drop(&mut self) {
        if let Some(body) = self.node.body_as::<Regular>() {
            body.pins.fetch_sub(1, Ordering::Release);
        }
    }
}

impl Backing for Mapped {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        self.node.body_as::<Regular>().ok_or(EINVAL)?.read_at(offset, buffer)
    }

    fn frame(&self, page: u64) -> Option<PhysAddr> {
        let body = self.node.body_as::<Regular>()?;
        // Besides the mapping's own, whose pages are not to go when others come.
        let _pin = body.pin();
        if page >= body.size().div_ceil(PAGE as u64) {
            return None;
        }
        if self.shared {
            return body.own(page, false).ok()?.frame();
        }
        body.content(page).ok()?.frame()
    }

    fn resident(&self, page: u64) -> Option<PhysAddr> {
        let body = self.node.body_as::<Regular>()?;
        if self.shared || page >= body.size().div_ceil(PAGE as u64) {
            return None;
        }
        let pages = body.pages.lock();
        body.present(&pages, page)?.frame()
    }

    fn length(&self) -> u64 {
        self.node.body().size()
    }

    fn path(&self) -> &[u8] {
        &self.path
    }
}
