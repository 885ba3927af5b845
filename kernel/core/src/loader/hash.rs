//! `DT_GNU_HASH` (a GNU extension; layout as ld.so of glibc 2.36 reads it). Its parts are found once: each
//! look-up goes through the tables of all objects in scope.

use super::elf::Range;
use super::memory::Memory;

/// What the hash starts from.
const START: u32 = 5381;

/// The hash of `DT_GNU_HASH` tables and of export rows: 33 to the power of a byte's distance from the end,
/// times the byte, summed up.
#[must_use]
pub const fn gnu_hash(name: &[u8]) -> u32 {
    let mut hash = START;
    let mut index = 0;
    while index < name.len() {
        hash = step(hash, name[index]);
        index += 1;
    }
    hash
}

const fn step(hash: u32, byte: u8) -> u32 {
    hash.wrapping_mul(33).wrapping_add(byte as u32)
}

/// The string that `bytes` start with, up to its NUL, and [`gnu_hash`] of it: in one pass, of eight bytes at
/// a time, since every reference of every object comes by here.
#[must_use]
pub fn hashed(bytes: &[u8]) -> Option<(&[u8], u32)> {
    const POWER_8: u32 = 33u32.wrapping_pow(8);
    let (mut hash, mut rest) = (START, bytes);
    while let Some((word, more)) = rest.split_first_chunk::<8>() {
        let word = u64::from_le_bytes(*word);
        let zeros = word.wrapping_sub(0x0101_0101_0101_0101) & !word & 0x8080_8080_8080_8080;
        if zeros != 0 {
            break;
        }
        hash = hash.wrapping_mul(POWER_8).wrapping_add(weighed(word));
        rest = more;
    }
    let words = bytes.len() - rest.len();
    for (index, &byte) in rest.iter().enumerate() {
        if byte == 0 {
            return bytes.get(..words + index).map(|string| (string, hash));
        }
        hash = step(hash, byte);
    }
    None
}

/// The sum of eight bytes, the first of them times 33 to the seventh power, the last times one.
fn weighed(word: u64) -> u32 {
    const BYTES: u64 = 0x00ff_00ff_00ff_00ff;
    const PAIRS: u64 = 0x0000_ffff_0000_ffff;
    let pairs = (word & BYTES) * 33 + (word >> 8 & BYTES);
    let fours = (pairs & PAIRS) * (33 * 33) + (pairs >> 16 & PAIRS);
    (fours as u32).wrapping_mul(33 * 33 * 33 * 33).wrapping_add((fours >> 32) as u32)
}

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
    /// Finds the parts of the table at an address; none if they are not inside a segment, or the
    /// filter's length is not a power of two.
    #[must_use]
    pub fn read(memory: &Memory, table: usize) -> Option<Self> {
        let (buckets, first) = (memory.u32(table)? as usize, memory.u32(table.checked_add(4)?)?);
        let (words, shift) = (memory.u32(table + 8)? as usize, memory.u32(table.checked_add(12)?)?);
        if !words.is_power_of_two() {
            return None;
        }
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
        // The length is a power of two.
        let word = hash as usize / 64 & self.filter.len().wrapping_sub(1);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_hashed_by_words_as_by_bytes() {
        let bytes: std::vec::Vec<u8> = (0..60u8).map(|at| at.wrapping_mul(151) | 1).collect();
        for start in 0..10 {
            for length in 0..40 {
                for behind in [0, 1, 7, 9] {
                    let mut table = bytes.clone();
                    table[start + length] = 0;
                    table.truncate(start + length + 1 + behind);
                    let name = &bytes[start..start + length];
                    assert_eq!(hashed(&table[start..]), Some((name, gnu_hash(name))), "{start} {length}");
                }
                assert_eq!(hashed(&bytes[start..start + length]), None);
            }
        }
    }
}
