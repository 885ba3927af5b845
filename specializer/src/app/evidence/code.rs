//! The code of an object: where its functions begin, and where it names addresses.

use std::collections::HashSet;

use rayon::prelude::*;

use crate::app::object::AppObject;

/// How many bytes one thread searches at a time.
const CHUNK: usize = 256 << 10;

/// How many places are told at once to lead nowhere near.
const BLOCK: usize = 256;

/// The parts of an object that hold instructions.
pub(super) struct Code<'a> {
    parts: Vec<(u64, &'a [u8])>,
    /// Addresses of instructions that functions begin with, sorted.
    starts: Vec<u64>,
}

/// Code from the start of a function to the start of the next, with its address.
pub(super) type Stretch<'a> = (u64, &'a [u8]);

impl<'a> Code<'a> {
    pub fn of(object: &'a AppObject) -> Self {
        Self { parts: parts(object).collect(), starts: function_starts(object).unwrap_or_default() }
    }

    /// The stretch that an address is in. All of a part is one where the object does not say where
    /// functions begin.
    pub fn stretch(&self, address: u64) -> Option<Stretch<'a>> {
        let &(base, part) =
            self.parts.iter().find(|(base, part)| address.wrapping_sub(*base) < part.len() as u64)?;
        let next = self.starts.partition_point(|&start| start <= address);
        let start = next.checked_sub(1).and_then(|at| self.starts.get(at)).map_or(0, |start| {
            // One of another part begins before this one.
            start.saturating_sub(base)
        });
        let end = self.starts.get(next).map_or(u64::MAX, |end| end - base).min(part.len() as u64);
        Some((base + start, part.get(start as usize..end as usize)?))
    }

    /// The bytes before an address, as far as they are in its part.
    pub fn before(&self, address: u64) -> &'a [u8] {
        let holds = |part: &&(u64, &[u8])| address.wrapping_sub(part.0) <= part.1.len() as u64;
        self.parts
            .iter()
            .find(holds)
            .and_then(|(base, part)| part.get(..(address - base) as usize))
            .unwrap_or_default()
    }

    /// Every place where four bytes, as a displacement that counts from their own end, lead to one of
    /// these addresses; with that address.
    pub fn displacements(&self, wanted: &Addresses) -> Vec<(u64, u64)> {
        self.search(4, |base, bytes| wanted.find::<true>(base, bytes))
    }

    /// The same, of calls, jumps and conditional jumps only; where a byte before only looks like one, too.
    pub fn branches(&self, wanted: &Addresses) -> Vec<(u64, u64)> {
        self.search(5, |base, bytes| wanted.branches(base, bytes))
    }

    /// Searches on every core for what is `length` bytes long.
    fn search<T: Send>(&self, length: usize, find: impl Fn(u64, &[u8]) -> Vec<T> + Sync) -> Vec<T> {
        let chunks: Vec<_> = self.parts.iter().flat_map(|part| chunks(part, length - 1)).collect();
        chunks.into_par_iter().flat_map_iter(|(base, bytes)| find(base, bytes)).collect()
    }
}

/// Chunks of a part that overlap by so many bytes, each with its address.
fn chunks<'a>((base, part): &(u64, &'a [u8]), overlap: usize) -> impl Iterator<Item = (u64, &'a [u8])> {
    (0..part.len()).step_by(CHUNK).map(move |at| {
        let end = (at + CHUNK + overlap).min(part.len());
        (base.wrapping_add(at as u64), &part[at..end])
    })
}

/// Addresses to be found among millions of others.
pub(super) struct Addresses {
    lowest: u64,
    span: u64,
    /// The low halves of the addresses: almost all others are told apart by one bit.
    low: Box<[u64; 1 << 10]>,
    all: HashSet<u64>,
}

impl Addresses {
    pub fn new(addresses: impl IntoIterator<Item = u64>) -> Self {
        let all: HashSet<u64> = addresses.into_iter().collect();
        let lowest = all.iter().min().copied().unwrap_or_default();
        let span = all.iter().max().map_or(0, |highest| highest - lowest);
        let mut low = Box::new([0; 1 << 10]);
        all.iter().for_each(|address| low[(address >> 6) as usize % (1 << 10)] |= 1_u64 << (address % 64));
        Self { lowest, span, low, all }
    }

    pub fn contains(&self, address: u64) -> bool {
        address.wrapping_sub(self.lowest) <= self.span
            && self.low[(address >> 6) as usize % (1 << 10)] & 1 << (address % 64) != 0
            && self.all.contains(&address)
    }

    /// Every place in `bytes`, which are at `base`, where four bytes give one of the addresses, with that
    /// address: as a displacement from their own end if `RELATIVE`, as an absolute address if not.
    pub fn find<const RELATIVE: bool>(&self, base: u64, bytes: &[u8]) -> Vec<(u64, u64)> {
        let mut found = Vec::new();
        if self.all.is_empty() {
            return found;
        }
        let end_of = |at: usize| base.wrapping_add(at as u64 + 4);
        let mut at = 0;
        while at + 4 <= bytes.len() {
            let count = BLOCK.min(bytes.len() - at - 3);
            if let Some(block) = bytes.get(at..at + BLOCK + 3)
                && !self.may_be_in::<RELATIVE>(end_of(at), block)
            {
                at += count;
                continue;
            }
            for at in at..at + count {
                let Some(word) = bytes.get(at..).and_then(<[u8]>::first_chunk::<4>) else { break };
                let address = match RELATIVE {
                    true => end_of(at).wrapping_add_signed(i32::from_le_bytes(*word).into()),
                    false => u32::from_le_bytes(*word).into(),
                };
                if self.contains(address) {
                    found.push((base.wrapping_add(at as u64), address));
                }
            }
            at += count;
        }
        found
    }

    /// The displacements of branches that lead to one of the addresses. Where these are far apart, looking
    /// for branches first is faster.
    fn branches(&self, base: u64, bytes: &[u8]) -> Vec<(u64, u64)> {
        let mut found = Vec::new();
        for (at, window) in bytes.windows(5).enumerate() {
            let [opcode, word @ ..] = *window.first_chunk::<5>().unwrap_or(&[0; 5]);
            let before = at.checked_sub(1).map_or(0x0f, |at| bytes[at]);
            if !matches!((before, opcode), (_, 0xe8 | 0xe9) | (0x0f, 0x80..=0x8f)) {
                continue;
            }
            let place = base.wrapping_add(at as u64 + 1);
            let address = place.wrapping_add(4).wrapping_add_signed(i32::from_le_bytes(word).into());
            if self.contains(address) {
                found.push((place, address));
            }
        }
        found
    }

    /// Whether one of the words that begin in the first [`BLOCK`] bytes leads between the lowest and the
    /// highest address, in 32 bits.
    fn may_be_in<const RELATIVE: bool>(&self, end: u64, block: &[u8]) -> bool {
        let span = u32::try_from(self.span).unwrap_or(u32::MAX);
        let first = if RELATIVE { end } else { 0 }.wrapping_sub(self.lowest) as u32;
        let mut found = false;
        // Words in a row, four times: this is the form that becomes vector instructions.
        for phase in 0..4 {
            let words = block[phase..phase + BLOCK].as_chunks::<4>().0;
            let mut counts_from = first.wrapping_add(if RELATIVE { phase as u32 } else { 0 });
            for word in words {
                found |= counts_from.wrapping_add(u32::from_le_bytes(*word)) <= span;
                counts_from = counts_from.wrapping_add(if RELATIVE { 4 } else { 0 });
            }
        }
        found
    }
}

/// The parts of an object that hold instructions, with their addresses.
pub(super) fn parts(object: &AppObject) -> impl Iterator<Item = (u64, &[u8])> {
    object.code.iter().filter_map(|&(address, size)| Some((address, object.at(address, size)?)))
}

/// What the table that unwinders search (`.eh_frame_hdr`, in the form that all linkers write) says of
/// where functions begin. Linux Standard Base, "Exception Frame Header".
fn function_starts(object: &AppObject) -> Option<Vec<u64>> {
    let (address, size) = object.unwind_index?;
    // Version 1; a pointer to `.eh_frame` of four bytes; their count; pairs of offsets from here.
    const FORM: [u8; 4] = [1, 0x1b, 0x03, 0x3b];
    let table = object.at(address, size)?.strip_prefix(&FORM)?;
    let (count, pairs) = table.get(4..)?.split_first_chunk::<4>()?;
    let pairs = pairs.as_chunks::<8>().0.iter().take(u32::from_le_bytes(*count) as usize);
    let start =
        |&[a, b, c, d, ..]: &[u8; 8]| address.wrapping_add_signed(i32::from_le_bytes([a, b, c, d]).into());
    let mut starts: Vec<u64> = pairs.map(start).collect();
    starts.sort_unstable();
    Some(starts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_give_an_address_are_found_wherever_they_are() {
        let (base, count) = (0x40_0000_u64, CHUNK + 3 * BLOCK + 5);
        for place in [0, 1, 250, 255, 256, CHUNK - 2, CHUNK, count - 4] {
            let mut bytes = vec![0x90; count];
            let target = base + 0x12_3456;
            let displacement = target.wrapping_sub(base + place as u64 + 4) as u32;
            bytes[place..place + 4].copy_from_slice(&displacement.to_le_bytes());
            let wanted = Addresses::new([target, target + 0x1_0000, 0x10]);
            let code = Code { parts: vec![(base, &bytes)], starts: Vec::new() };
            assert_eq!(code.displacements(&wanted), [(base + place as u64, target)], "{place}");
            bytes[place..place + 4].copy_from_slice(&(target as u32).to_le_bytes());
            assert_eq!(wanted.find::<false>(base, &bytes), [(base + place as u64, target)], "{place}");
        }
    }

    #[test]
    fn a_stretch_reaches_from_a_function_to_the_next() {
        let (first, second) = ([0x90; 8], [0x90; 4]);
        let code = Code { parts: vec![(0x10, &first), (0x20, &second)], starts: vec![0x12, 0x14, 0x22] };
        let stretch = |address| code.stretch(address).map(|(start, bytes)| (start, bytes.len()));
        assert_eq!(stretch(0x10), Some((0x10, 2)));
        assert_eq!(stretch(0x13), Some((0x12, 2)));
        assert_eq!(stretch(0x17), Some((0x14, 4)));
        assert_eq!(stretch(0x18), None);
        assert_eq!(stretch(0x20), Some((0x20, 2)));
        assert_eq!(stretch(0x23), Some((0x22, 2)));
        assert_eq!(code.before(0x12), [0x90; 2]);
    }
}
