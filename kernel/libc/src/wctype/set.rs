//! Sets of code points and maps between them, packed.
//!
//! Numbers are little-endian base 128, the high bit of a byte meaning that more follow. An index
//! says for some positions which code point they are about, so that a look-up reads few numbers.

/// A set: the distances between the code points where membership changes.
pub(crate) struct Set {
    /// The code point of the change before each 64th, and where the next one's distance is.
    pub(super) index: &'static [(u32, u16)],
    pub(super) changes: &'static [u8],
}

/// A map that adds to code points.
pub(crate) struct Map {
    /// As in [`Set`], every 32 runs.
    pub(super) index: &'static [(u32, u16)],
    /// For each run: the distance of its first code point from the last run's last; its number of
    /// steps, doubled, and one more if it takes every second code point; what is added, doubled,
    /// and complemented if negative.
    pub(super) runs: &'static [u8],
}

/// Reads one number; `None` at the end.
fn number(bytes: &mut core::slice::Iter<'_, u8>) -> Option<u32> {
    let (mut value, mut shift) = (0, 0);
    loop {
        let byte = *bytes.next()?;
        value |= u32::from(byte & 127) << shift;
        if byte < 128 {
            return Some(value);
        }
        shift += 7;
    }
}

/// Where to start reading for `c`.
fn start(index: &[(u32, u16)], c: u32) -> (u32, usize) {
    let mut found = (0, 0);
    for &(first, offset) in index {
        if first >= c {
            break;
        }
        found = (first, usize::from(offset));
    }
    found
}

impl Set {
    /// Whether `c` is in the set.
    pub(crate) fn has(&self, c: u32) -> bool {
        let (mut at, offset) = start(self.index, c);
        let mut bytes = self.changes.get(offset..).unwrap_or_default().iter();
        let mut inside = false;
        while let Some(distance) = number(&mut bytes) {
            at += distance;
            if at > c {
                return inside;
            }
            inside = !inside;
        }
        false
    }
}

impl Map {
    /// What `c` becomes.
    pub(crate) fn apply(&self, c: u32) -> u32 {
        let (mut at, offset) = start(self.index, c);
        let mut bytes = self.runs.get(offset..).unwrap_or_default().iter();
        while let (Some(distance), Some(steps), Some(added)) =
            (number(&mut bytes), number(&mut bytes), number(&mut bytes))
        {
            at += distance;
            if at > c {
                return c;
            }
            let stride = 1 + (steps & 1);
            let last = at + (steps >> 1) * stride;
            if c <= last {
                let hit = (c - at).is_multiple_of(stride);
                return if hit { c.wrapping_add((added >> 1) ^ 0u32.wrapping_sub(added & 1)) } else { c };
            }
            at = last;
        }
        c
    }
}
