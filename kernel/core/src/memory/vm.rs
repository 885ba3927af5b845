//! The application's half of the address space.

use crate::errno::Result;
use alloc::sync::Arc;
use hal::mem::PhysAddr;

/// What a mapping may be used for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Protection {
    /// Loads.
    pub read: bool,
    /// Stores.
    pub write: bool,
    /// Instruction fetches.
    pub execute: bool,
}

impl Protection {
    /// Data that is written.
    pub const DATA: Self = Self { read: true, write: true, execute: false };
}

/// Where a mapping goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// Anywhere.
    Any,
    /// Here if it is free, else anywhere.
    Hint(usize),
    /// Here, replacing what is there (MAP_FIXED).
    Fixed(usize),
    /// Here, or not at all (MAP_FIXED_NOREPLACE).
    FixedNoReplace(usize),
}

/// A mapping to make.
pub struct Request {
    /// Where.
    pub place: Place,
    /// Bytes; rounded up to pages.
    pub length: usize,
    /// What it may be used for.
    pub protection: Protection,
    /// Whether stores reach the backing (MAP_SHARED) or a copy (MAP_PRIVATE).
    pub shared: bool,
    /// Whether memory for all of its pages is promised.
    pub promised: Promised,
    /// What its pages contain at first, and from which offset on (a multiple of the page size);
    /// none for zeros.
    pub backing: Option<(Arc<dyn Backing>, u64)>,
}

impl Request {
    /// Zeros, private, for which no memory is promised.
    #[must_use]
    pub fn zeros(place: Place, length: usize, protection: Protection) -> Self {
        Self { place, length, protection, shared: false, promised: Promised::No, backing: None }
    }
}

/// Whether memory for all pages of a mapping is promised, as soon as they may be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Promised {
    /// No: a page that is touched when there is none left is SIGBUS (MAP_NORESERVE).
    No,
    /// Not for the first small ones: allocators make some at start that they hardly touch.
    UnlessSmall,
    /// It is, or the mapping is refused.
    Yes,
}

/// What a mapping's pages come from: a file.
pub trait Backing: Send + Sync {
    /// Reads what is at `offset`; fewer bytes than asked for only at the end.
    ///
    /// # Errors
    /// Those of the device or file system.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize>;

    /// The frame that holds page number `page`, if there is one that stays for as long as this backing
    /// is referred to; it is then mapped in place. It may have to be read first.
    fn frame(&self, page: u64) -> Option<PhysAddr> {
        let _ = page;
        None
    }

    /// The same, if nothing has to be read or allocated for it.
    fn resident(&self, page: u64) -> Option<PhysAddr> {
        let _ = page;
        None
    }

    /// Its length in bytes; touching a page beyond it is SIGBUS.
    fn length(&self) -> u64;

    /// Its path, for `/proc/self/maps` and fault reports; empty if it has none.
    fn path(&self) -> &[u8] {
        &[]
    }
}

/// What is mapped somewhere, for `/proc/self/maps` and for fault reports.
pub struct RegionInfo {
    /// The first address.
    pub start: usize,
    /// The address after the last.
    pub end: usize,
    /// What it may be used for.
    pub protection: Protection,
    /// Whether stores reach the backing.
    pub shared: bool,
    /// What is behind it, and at which offset.
    pub backing: Option<(Arc<dyn Backing>, u64)>,
}

/// What [`advise`] is told about a range (madvise(2)).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Advice {
    /// Forget the contents: they read as at first (MADV_DONTNEED).
    DontNeed,
    /// The contents may be forgotten (MADV_FREE).
    Free,
    /// It will be used soon: bring it in (MADV_WILLNEED, MADV_POPULATE_*, mlock).
    WillNeed,
}

#[cfg(not(kernel))]
mod host;
#[cfg(kernel)]
mod machine;
#[cfg_attr(not(kernel), allow(dead_code, reason = "the machine's; tested on the host"))]
mod regions;

#[cfg(not(kernel))]
pub use host::*;
#[cfg(kernel)]
pub use machine::*;
