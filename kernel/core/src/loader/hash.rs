//! `DT_GNU_HASH` (a GNU extension; layout as ld.so of glibc 2.36 reads it). Its parts are found once: each
//! look-up goes through the tables of all objects in scope.

use super::elf::Range;
use super::memory::Memory;

/// An object's hash table. Numbers are kept as bytes, for nothing says that the table is aligned.
#[derive(Debug, Default)]
pub struct GnuHash {
    /// A Bloom filter of words: two bits a symbol.
    filter: &'static [[u8; 8]],
    /// Where the second bit is in a hash.
    shift: u32,
    /// The index of the first symbol that is in the table.
    first: u32,
    /// The first symbol of each chain.
    buckets: &'static [[u8; 4]],
    /// A hash for each symbol from the first on; the lowest bit marks the end of a chain. How many there
    /// are is not said: these go on to the end of the segment.
    chains: &'static [[u8; 4]],
}

impl GnuHash {
    /// Finds the parts of the table at an address; none if they are not inside a segment.
    #[must_use]
    pub fn read(memory: &Memory, table: usize) -> Option<Self> {
        let (buckets, first) = (memory.u32(table)? as usize, memory.u32(table.checked_add(4)?)?);
        let (words, shift) = (memory.u32(table + 8)? as usize, memory.u32(table.checked_add(12)?)?);
        let filter = Range { address: table.checked_add(16)?, length: words * 8 };
        let heads = Range { address: filter.address.checked_add(filter.length)?, length: buckets * 4 };
        Some(Self {
            filter: memory.bytes(filter)?.as_chunks().0,
            shift,
            first,
            buckets: memory.bytes(heads)?.as_chunks().0,
            // A table of no symbols may end its segment.
            chains: memory.rest(heads.address + heads.length).unwrap_or(&[]).as_chunks().0,
        })
    }

    /// Whether the table may have a symbol of this hash, as the filter says.
    #[must_use]
    pub fn may_hold(&self, hash: u32) -> bool {
        let word = (hash as usize / 64).checked_rem(self.filter.len()).unwrap_or(0);
        let Some(word) = self.filter.get(word) else { return false };
        let word = u64::from_le_bytes(*word);
        word >> (hash % 64) & word >> (hash.wrapping_shr(self.shift) % 64) & 1 != 0
    }

    /// The first symbol whose hash is this one but for the lowest bit.
    #[must_use]
    pub fn find(&self, hash: u32) -> Option<u32> {
        if !self.may_hold(hash) {
            return None;
        }
        let bucket = self.buckets.get((hash as usize).checked_rem(self.buckets.len())?)?;
        self.in_chain(u32::from_le_bytes(*bucket), hash)
    }

    /// The next one of its chain.
    #[must_use]
    pub fn next(&self, index: u32, hash: u32) -> Option<u32> {
        if self.chain(index)? & 1 != 0 { None } else { self.in_chain(index.checked_add(1)?, hash) }
    }

    fn in_chain(&self, mut index: u32, hash: u32) -> Option<u32> {
        loop {
            let entry = self.chain(index)?;
            if (entry ^ hash) >> 1 == 0 {
                return Some(index);
            }
            if entry & 1 != 0 {
                return None;
            }
            index = index.checked_add(1)?;
        }
    }

    fn chain(&self, index: u32) -> Option<u32> {
        self.chains.get(index.checked_sub(self.first)? as usize).map(|entry| u32::from_le_bytes(*entry))
    }

    /// How many symbols the object's table has: the last chain ends with the last of them.
    #[must_use]
    pub fn count(&self) -> u32 {
        let last = self.buckets.iter().map(|bucket| u32::from_le_bytes(*bucket)).max().unwrap_or(0);
        if last < self.first {
            return self.first;
        }
        let rest = (last..).take_while(|&index| self.chain(index).is_some_and(|entry| entry & 1 == 0));
        last + rest.count() as u32 + 1
    }
}
