//! Messages in several buffers.

use alloc::borrow::Cow;
use alloc::vec::Vec;

/// Bytes in all parts together.
#[must_use]
pub fn total(parts: &[&[u8]]) -> usize {
    parts.iter().map(|part| part.len()).sum()
}

/// Room in all parts together.
#[must_use]
pub fn room(parts: &[&mut [u8]]) -> usize {
    parts.iter().map(|part| part.len()).sum()
}

/// The parts as one; copies only if there are several.
#[must_use]
pub fn gather<'a>(parts: &[&'a [u8]]) -> Cow<'a, [u8]> {
    if let [only] = parts {
        return Cow::Borrowed(only);
    }
    let mut all = Vec::with_capacity(total(parts));
    parts.iter().for_each(|part| all.extend_from_slice(part));
    Cow::Owned(all)
}

/// Stores bytes in the parts, one after the other, as far as there is room.
pub fn scatter(mut bytes: &[u8], parts: &mut [&mut [u8]]) {
    for part in parts {
        let (now, later) = bytes.split_at(bytes.len().min(part.len()));
        part.iter_mut().zip(now).for_each(|(to, from)| *to = *from);
        bytes = later;
    }
}

/// The parts without their first `done` bytes.
pub(super) fn rest<'a>(parts: &[&'a [u8]], mut done: usize) -> Vec<&'a [u8]> {
    let mut rest = Vec::new();
    for part in parts {
        let (gone, left) = part.split_at(done.min(part.len()));
        done -= gone.len();
        if !left.is_empty() {
            rest.push(left);
        }
    }
    rest
}

/// The room without its first `done` bytes.
pub(super) fn rest_of_room<'a>(parts: &'a mut [&mut [u8]], mut done: usize) -> Vec<&'a mut [u8]> {
    let mut rest = Vec::new();
    for part in parts {
        let (gone, left) = part.split_at_mut(done.min(part.len()));
        done -= gone.len();
        if !left.is_empty() {
            rest.push(left);
        }
    }
    rest
}
