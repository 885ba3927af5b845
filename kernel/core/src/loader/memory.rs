//! A mapped object's bytes, by the addresses its own tables use, with every access checked.
//!
//! Tables in an object are bytes from outside: an offset may point anywhere. So they are read only
//! through [`Memory`], which knows the segments.

use super::elf::{self, Range, Segment};
use alloc::vec::Vec;

/// Where an object's segments are.
#[derive(Debug, Default)]
pub struct Memory {
    /// What is added to an address of the object's to give one of the process.
    pub bias: usize,
    /// The segments, ascending.
    pub segments: Vec<Segment>,
}

impl Memory {
    /// The place of `length` bytes at `address`, if one segment that can be read holds them all.
    #[must_use]
    pub fn pointer(&self, address: usize, length: usize) -> Option<*mut u8> {
        self.place(address, length, 0)
    }

    /// The place of `length` bytes that may be written.
    #[must_use]
    pub fn writable(&self, address: usize, length: usize) -> Option<*mut u8> {
        self.place(address, length, elf::WRITE)
    }

    /// The place of `length` bytes in one segment that has these flags. Not inlined: it is behind
    /// every access to a table.
    #[inline(never)]
    fn place(&self, address: usize, length: usize, flags: u32) -> Option<*mut u8> {
        self.segment(address, length, flags).map(|_| self.bias.wrapping_add(address) as *mut u8)
    }

    /// The segment that holds all of `length` bytes at `address`, can be read, and has these flags.
    #[must_use]
    pub fn segment(&self, address: usize, length: usize, flags: u32) -> Option<&Segment> {
        let end = address.checked_add(length)?;
        let flags = flags | elf::READ;
        let holds = |segment: &&Segment| {
            address >= segment.address && end <= segment.end() && segment.flags & flags == flags
        };
        self.segments.iter().find(holds)
    }

    /// The bytes of a range. They must not be written while the slice is in use.
    #[must_use]
    #[inline(never)]
    pub fn bytes(&self, range: Range) -> Option<&'static [u8]> {
        let pointer = self.pointer(range.address, range.length)?;
        // SAFETY: a segment holds the range, and is mapped and readable while the object is loaded;
        // callers keep the object alive, and read tables that nothing writes after relocation.
        Some(unsafe { core::slice::from_raw_parts(pointer, range.length) })
    }

    /// From `address` to the end of the file-backed or zeroed bytes of its segment.
    #[must_use]
    #[inline(never)]
    pub fn rest(&self, address: usize) -> Option<&'static [u8]> {
        let segment =
            self.segments.iter().find(|segment| address >= segment.address && address < segment.end())?;
        self.bytes(Range { address, length: segment.end() - address })
    }

    /// The number of two bytes at `address`.
    #[must_use]
    #[inline(never)]
    pub fn u16(&self, address: usize) -> Option<u16> {
        let pointer = self.pointer(address, 2)?;
        // SAFETY: `pointer` checked that the bytes are there.
        Some(unsafe { pointer.cast::<u16>().read_unaligned() })
    }

    /// The number of four bytes at `address`.
    #[must_use]
    #[inline(never)]
    pub fn u32(&self, address: usize) -> Option<u32> {
        let pointer = self.pointer(address, 4)?;
        // SAFETY: `pointer` checked that the bytes are there.
        Some(unsafe { pointer.cast::<u32>().read_unaligned() })
    }

    /// The number of eight bytes at `address`.
    #[must_use]
    #[inline(never)]
    pub fn u64(&self, address: usize) -> Option<usize> {
        let pointer = self.pointer(address, 8)?;
        // SAFETY: `pointer` checked that the bytes are there.
        Some(unsafe { pointer.cast::<usize>().read_unaligned() })
    }

    /// The string at `address`, without its NUL.
    #[must_use]
    #[inline(never)]
    pub fn string(&self, address: usize) -> Option<&'static [u8]> {
        let rest = self.rest(address)?;
        rest.iter().position(|&byte| byte == 0).map(|length| &rest[..length])
    }
}
