//! `dlsym` names: strings in the data of objects that could hand them to `dlsym`.
//!
//! A string counts when it starts a NUL-terminated run, or when it is the tail of one (linkers merge
//! `malloc` into the end of `xmalloc`) and something refers to just that address: a RIP-relative
//! operand, an absolute address in code or data, or the addend of a relocation. A name that the
//! program puts together at run time is not found; the kernel then says so by name.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Evidence, EvidenceKind};
use crate::app::closure::AppClosure;
use crate::app::object::AppObject;
use crate::exports::{Catalogue, Entry};

const LOOKUPS: [&str; 2] = ["dlsym", "dlvsym"];

pub(super) fn collect(closure: &AppClosure, catalogue: &Catalogue) -> Vec<Evidence> {
    let asks = |object: &AppObject| LOOKUPS.iter().any(|name| object.import(name).is_some());
    if !closure.objects.iter().any(asks) {
        return Vec::new();
    }
    let names = Names::of(catalogue);
    let mut found = Vec::new();
    for (index, object) in closure.objects.iter().enumerate() {
        // The application may pass a name on to a library that looks it up.
        if index != 0 && !asks(object) {
            continue;
        }
        for (name, address) in names.in_object(object) {
            let Some(entry) = catalogue.provided(&name) else { continue };
            found.push(Evidence {
                kind: EvidenceKind::Dlsym,
                symbol: name,
                version: entry.version.clone(),
                kernel_symbol: entry.kernel_symbol(),
                object: index,
                address,
            });
        }
    }
    found
}

/// The names that a kernel exports, ready to be looked for.
struct Names<'a> {
    all: HashSet<&'a [u8]>,
    longest: usize,
}

impl<'a> Names<'a> {
    fn of(catalogue: &'a Catalogue) -> Self {
        let provided = |(_, entry): &(&str, &Entry)| entry.provided && entry.default;
        let all: HashSet<_> = catalogue.entries().filter(provided).map(|(_, e)| e.name.as_bytes()).collect();
        let longest = all.iter().map(|name| name.len()).max().unwrap_or(0);
        Self { all, longest }
    }

    /// The names that an object has as strings, with the lowest address of each.
    fn in_object(&self, object: &AppObject) -> BTreeMap<String, u64> {
        let mut whole = BTreeMap::new();
        let mut tails: HashMap<u64, &[u8]> = HashMap::new();
        for segment in object.segments.iter().filter(|segment| !segment.executable) {
            let data = object.contents(segment);
            let mut start = 0;
            for end in memchr_nul(data) {
                let run = data.get(start..end).unwrap_or_default();
                let address = segment.address + start as u64;
                if !object.in_string_table(address) {
                    self.in_run(run, address, &mut whole, &mut tails);
                }
                start = end + 1;
            }
        }
        tails.retain(|_, name| !whole.contains_key(*name));
        let mut found = whole;
        for address in referenced(object, &tails) {
            if let Some(name) = tails.get(&address) {
                note(&mut found, name, address);
            }
        }
        found.into_iter().map(|(name, at)| (String::from_utf8_lossy(name).into_owned(), at)).collect()
    }

    fn in_run<'d>(
        &self,
        run: &'d [u8],
        address: u64,
        whole: &mut BTreeMap<&'d [u8], u64>,
        tails: &mut HashMap<u64, &'d [u8]>,
    ) {
        if self.all.contains(run) {
            note(whole, run, address);
        }
        let first = run.len().saturating_sub(self.longest).max(1);
        for at in first..run.len() {
            let tail = run.get(at..).unwrap_or_default();
            if self.all.contains(tail) {
                tails.insert(address + at as u64, tail);
            }
        }
    }
}

fn note<'d>(found: &mut BTreeMap<&'d [u8], u64>, name: &'d [u8], address: u64) {
    let at = found.entry(name).or_insert(address);
    *at = address.min(*at);
}

fn memchr_nul(data: &[u8]) -> impl Iterator<Item = usize> + '_ {
    data.iter().enumerate().filter(|(_, byte)| **byte == 0).map(|(index, _)| index)
}

/// Those of the addresses that something in the object refers to.
fn referenced(object: &AppObject, wanted: &HashMap<u64, &[u8]>) -> Vec<u64> {
    if wanted.is_empty() {
        return Vec::new();
    }
    let mut found: HashSet<u64> =
        object.addends.iter().copied().filter(|at| wanted.contains_key(at)).collect();
    for segment in &object.segments {
        let data = object.contents(segment);
        for (at, window) in data.windows(4).enumerate() {
            let Ok(word) = <[u8; 4]>::try_from(window) else { continue };
            if segment.executable {
                // The displacement of a RIP-relative `lea` counts from its own end.
                let next = segment.address.wrapping_add(at as u64 + 4);
                let target = next.wrapping_add(i64::from(i32::from_le_bytes(word)) as u64);
                if wanted.contains_key(&target) {
                    found.insert(target);
                }
            }
            // Only objects with fixed addresses hold absolute ones.
            let absolute = u64::from(u32::from_le_bytes(word));
            if object.fixed && wanted.contains_key(&absolute) {
                found.insert(absolute);
            }
        }
    }
    found.into_iter().collect()
}

impl AppObject {
    /// Whether an address is in the dynamic string table: the names of imports are no evidence.
    fn in_string_table(&self, address: u64) -> bool {
        let (start, size) = self.strings;
        address >= start && address - start < size
    }
}
