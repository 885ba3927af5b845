//! Compiled zones (RFC 8536), as in /usr/share/zoneinfo.
//!
//! The file is kept as it was read and searched in place. Everything that is read from it is
//! checked, because the file is the application's.

use super::rule::{self, Kind, Rule};

/// A file's tables, in its 64-bit part (32-bit in version 1).
#[derive(Clone, Copy, Debug)]
pub(super) struct Tzif<'a> {
    /// Times of change, 4 or 8 bytes each, big-endian, in order.
    times: &'a [u8],
    wide: bool,
    /// For each change, the number of what begins then.
    kinds: &'a [u8],
    /// Six bytes each: offset, whether summer, index of the name.
    types: &'a [u8],
    names: &'a [u8],
    /// The rule for times after the last change.
    footer: Option<Rule<'a>>,
}

fn big(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// Takes `n` bytes off the front.
fn take<'a>(bytes: &mut &'a [u8], n: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(n)?;
    *bytes = rest;
    Some(taken)
}

impl<'a> Tzif<'a> {
    /// The tables of a file; `None` if it is no such file.
    pub(super) fn parse(file: &'a [u8]) -> Option<Self> {
        let mut bytes = file;
        let version = file.get(4)?;
        let first = Self::part(&mut bytes, false)?;
        if *version < b'2' {
            return Some(first);
        }
        let mut second = Self::part(&mut bytes, true)?;
        let text = bytes.strip_prefix(b"\n")?;
        let end = text.iter().position(|byte| *byte == b'\n')?;
        second.footer = rule::parse(&text[..end]);
        Some(second)
    }

    fn part(bytes: &mut &'a [u8], wide: bool) -> Option<Self> {
        let header = take(bytes, 44)?;
        if !header.starts_with(b"TZif") {
            return None;
        }
        let count = |i: usize| big(&header[20 + 4 * i..24 + 4 * i]) as usize;
        let width = if wide { 8 } else { 4 };
        let (utc, standard, leaps, changes, types, names) =
            (count(0), count(1), count(2), count(3), count(4), count(5));
        let part = Self {
            times: take(bytes, changes.checked_mul(width)?)?,
            wide,
            kinds: take(bytes, changes)?,
            types: take(bytes, types.checked_mul(6)?)?,
            names: take(bytes, names)?,
            footer: None,
        };
        take(bytes, leaps.checked_mul(width + 4)?)?;
        take(bytes, standard)?;
        take(bytes, utc)?;
        (types != 0).then_some(part)
    }

    fn time(&self, i: usize) -> i64 {
        if self.wide {
            big(&self.times[8 * i..8 * i + 8]) as i64
        } else {
            i64::from(big(&self.times[4 * i..4 * i + 4]) as i32)
        }
    }

    fn kind(&self, number: usize) -> Kind<'a> {
        let Some(record) = self.types.get(6 * number..6 * number + 6) else {
            return Kind { name: b"UTC", offset: 0, summer: false };
        };
        let name = self.names.get(usize::from(record[5])..).unwrap_or_default();
        let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
        Kind { name: &name[..end], offset: big(&record[..4]) as i32, summer: record[4] != 0 }
    }

    /// What is in force at a time.
    pub(super) fn at(&self, time: i64) -> Kind<'a> {
        let n = self.kinds.len();
        let (mut low, mut high) = (0, n);
        while low < high {
            let middle = (low + high) / 2;
            if self.time(middle) <= time {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if low == n
            && let Some(rule) = &self.footer
        {
            return rule.at(time);
        }
        match low.checked_sub(1) {
            Some(change) => self.kind(self.kinds[change].into()),
            // Before the first change: the first kind that is not summer time, as glibc has it.
            None => {
                let types = self.types.len() / 6;
                let first = (0..types).find(|number| !self.kind(*number).summer).unwrap_or(0);
                self.kind(first)
            }
        }
    }

    /// The kinds of standard and of summer time in use last.
    pub(super) fn latest(&self) -> (Option<Kind<'a>>, Option<Kind<'a>>) {
        let find = |summer: bool| {
            self.kinds
                .iter()
                .rev()
                .map(|number| self.kind((*number).into()))
                .find(|kind| kind.summer == summer)
        };
        let first = self.kind(0);
        match &self.footer {
            Some(rule) => (Some(rule.standard), rule.summer.or_else(|| find(true))),
            None => (find(false).or((!first.summer).then_some(first)), find(true)),
        }
    }
}
