//! `dlsym` names.
//!
//! Where every call of `dlsym` in an object has a constant for a name, those are the names. Where one
//! has not, every string in the data of the object counts, and every string of the application, which
//! may pass a name on to a library that looks it up.
//!
//! A string counts when it is a whole NUL-terminated run, or the tail of one (linkers merge `malloc`
//! into the end of `xmalloc`) and something refers to just that address: a RIP-relative operand, an
//! absolute address, or the addend of a relocation. A name that the program puts together at run time
//! is not found; the kernel then says so by name.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rayon::prelude::*;

use super::calls::Calls;
use super::code::{Addresses, Code};
use super::{Evidence, EvidenceKind};
use crate::app::closure::AppClosure;
use crate::app::object::AppObject;
use crate::exports::Catalogue;

const LOOKUPS: [&str; 2] = ["dlsym", "dlvsym"];

pub(super) fn collect(closure: &AppClosure, calls: &[Calls], catalogue: &Catalogue) -> Vec<Evidence> {
    let mut found = Vec::new();
    let mut open = BTreeSet::new();
    for (index, (object, calls)) in closure.objects.iter().zip(calls).enumerate() {
        for call in LOOKUPS.iter().filter_map(|function| calls.get(function)).flatten() {
            match call.argument.and_then(|address| object.text_at(address)) {
                Some(name) => {
                    found.extend(evidence(catalogue, EvidenceKind::DlsymCall, &name, index, call.address))
                }
                None => drop(open.insert(index)),
            }
        }
    }
    if open.is_empty() {
        return found;
    }
    open.insert(0);
    let names = Names::of(catalogue);
    let in_object = |index: usize| {
        let found = closure.objects.get(index).map(|object| names.in_object(object)).unwrap_or_default();
        let found = found.into_iter();
        found.filter_map(move |(name, at)| evidence(catalogue, EvidenceKind::Dlsym, &name, index, at))
    };
    found.par_extend(open.into_par_iter().flat_map_iter(in_object));
    found
}

fn evidence(
    catalogue: &Catalogue,
    kind: EvidenceKind,
    name: &str,
    object: usize,
    address: u64,
) -> Option<Evidence> {
    let entry = catalogue.provided(name)?;
    Some(Evidence {
        kind,
        symbol: entry.name.clone(),
        version: entry.version.clone(),
        kernel_symbol: entry.kernel_symbol(),
        object,
        address,
    })
}

/// The names that a kernel exports, by their last two bytes.
struct Names<'a> {
    by_end: HashMap<[u8; 2], Vec<&'a [u8]>>,
    /// Which these are: most runs are told apart by that.
    ends: Vec<bool>,
}

/// What was found so far in an object.
#[derive(Default)]
struct Found<'d> {
    whole: BTreeMap<&'d [u8], u64>,
    tails: HashMap<u64, &'d [u8]>,
}

impl<'a> Names<'a> {
    fn of(catalogue: &'a Catalogue) -> Self {
        let mut by_end: HashMap<_, Vec<_>> = HashMap::new();
        let mut ends = vec![false; 1 << 16];
        for (_, entry) in catalogue.entries().filter(|(_, entry)| entry.provided && entry.default) {
            if let Some(end) = entry.name.as_bytes().last_chunk::<2>() {
                by_end.entry(*end).or_default().push(entry.name.as_bytes());
                ends[usize::from(u16::from_le_bytes(*end))] = true;
            }
        }
        Self { by_end, ends }
    }

    /// The names that an object has as strings, with the lowest address of each.
    fn in_object(&self, object: &AppObject) -> BTreeMap<String, u64> {
        let mut found = Found::default();
        for segment in object.segments.iter().filter(|segment| !segment.executable) {
            let data = object.contents(segment);
            let mut start = 0;
            for end in memchr::memchr_iter(0, data).chain([data.len()]) {
                let address = segment.address.wrapping_add(start as u64);
                if end - start > 1 && !object.in_string_table(address) {
                    self.in_run(&data[start..end], address, &mut found);
                }
                start = end + 1;
            }
        }
        let Found { mut whole, mut tails } = found;
        tails.retain(|_, name| !whole.contains_key(*name));
        for address in referenced(object, &tails) {
            if let Some(name) = tails.get(&address) {
                note(&mut whole, name, address);
            }
        }
        whole.into_iter().map(|(name, at)| (String::from_utf8_lossy(name).into_owned(), at)).collect()
    }

    fn in_run<'d>(&self, run: &'d [u8], address: u64, found: &mut Found<'d>) {
        let Some(end) = run.last_chunk::<2>().filter(|end| self.ends[usize::from(u16::from_le_bytes(**end))])
        else {
            return;
        };
        let Some(names) = self.by_end.get(end) else { return };
        for name in names.iter().filter(|name| run.ends_with(name)) {
            let at = run.len() - name.len();
            let tail = run.get(at..).unwrap_or_default();
            if at == 0 {
                note(&mut found.whole, tail, address);
            } else {
                found.tails.insert(address + at as u64, tail);
            }
        }
    }
}

fn note<'d>(found: &mut BTreeMap<&'d [u8], u64>, name: &'d [u8], address: u64) {
    let at = found.entry(name).or_insert(address);
    *at = address.min(*at);
}

/// Those of the addresses that something in the object refers to.
fn referenced(object: &AppObject, wanted: &HashMap<u64, &[u8]>) -> BTreeSet<u64> {
    let wanted = Addresses::new(wanted.keys().copied());
    let mut found: BTreeSet<u64> =
        object.addends.iter().copied().filter(|addend| wanted.contains(*addend)).collect();
    found.extend(Code::of(object).displacements(&wanted).into_iter().map(|(_, address)| address));
    // Only objects with fixed addresses hold absolute ones.
    for segment in object.segments.iter().filter(|_| object.fixed) {
        let words = wanted.find::<false>(segment.address, object.contents(segment));
        found.extend(words.into_iter().map(|(_, address)| address));
    }
    found
}

impl AppObject {
    /// Whether an address is in the dynamic string table: the names of imports are no evidence.
    fn in_string_table(&self, address: u64) -> bool {
        let (start, size) = self.strings;
        address >= start && address - start < size
    }

    /// The NUL-terminated text at an address that is in the file.
    fn text_at(&self, address: u64) -> Option<String> {
        let segment =
            self.segments.iter().find(|s| address >= s.address && address - s.address < s.file_size)?;
        // What may be written may hold another text by then.
        if segment.writable {
            return None;
        }
        let tail = self.contents(segment).get(usize::try_from(address - segment.address).ok()?..)?;
        let text = tail.get(..tail.iter().position(|&byte| byte == 0)?)?;
        Some(std::str::from_utf8(text).ok()?.to_owned())
    }
}
