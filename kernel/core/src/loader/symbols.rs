//! Symbol tables of mapped objects: hashes, versions, and the search through a scope.
//!
//! Source: gABI chapter 5, and the GNU extensions (hash table, symbol versions) as ld.so of glibc
//! 2.36 treats them.

use super::dynamic::Dynamic;
use super::hash::{GnuHash, gnu_hash};
use super::memory::Memory;
use super::object::Object;
use super::symbol::Symbol;
use crate::export::{self, Row};
use alloc::vec::Vec;

/// The version index of an object's first version; 0 is local and 1 is unversioned.
const FIRST_VERSION: usize = 2;
const HIDDEN: u16 = 0x8000;

/// The hash of `DT_HASH` tables.
fn sysv_hash(name: &[u8]) -> u32 {
    name.iter().fold(0, |hash: u32, &byte| {
        let hash = (hash << 4).wrapping_add(u32::from(byte));
        let high = hash & 0xf000_0000;
        (hash ^ high >> 24) & !high
    })
}

/// Bytes of the shortest entry of a version table.
const ENTRY_MINIMUM: u32 = 16;

/// What a version index of an object stands for.
#[derive(Clone, Copy, Default, Debug)]
pub struct Version {
    /// The version's name, or empty for an index that stands for none.
    pub name: &'static [u8],
    /// Whether the object needs this version of another, as against defining it.
    pub needed: bool,
    /// The library it is needed from.
    pub library: &'static [u8],
}

/// Reads the versions that an object defines and needs, by index.
///
/// # Errors
/// What is wrong with the tables.
pub fn versions(memory: &Memory, dynamic: &Dynamic) -> Result<Vec<Version>, &'static str> {
    let mut versions = Vec::new();
    read_needed(memory, dynamic, &mut versions).ok_or("the version needs are damaged")?;
    read_defined(memory, dynamic, &mut versions).ok_or("the version definitions are damaged")?;
    Ok(versions)
}

#[inline(never)]
fn put(versions: &mut Vec<Version>, index: u16, version: Version) {
    let index = usize::from(index & !HIDDEN);
    if versions.len() <= index {
        versions.resize(index + 1, Version::default());
    }
    versions[index] = version;
}

fn read_needed(memory: &Memory, dynamic: &Dynamic, versions: &mut Vec<Version>) -> Option<()> {
    let mut entry = dynamic.versions_needed;
    while entry != 0 {
        let library = dynamic.string(memory.u32(entry + 4)? as usize)?;
        let mut auxiliary = entry.checked_add(memory.u32(entry + 8)? as usize)?;
        for _ in 0..memory.u16(entry + 2)? {
            let name = dynamic.string(memory.u32(auxiliary + 8)? as usize)?;
            put(versions, memory.u16(auxiliary + 6)?, Version { name, needed: true, library });
            match memory.u32(auxiliary + 12)? {
                0 => break,
                1..ENTRY_MINIMUM => return None,
                distance => auxiliary = auxiliary.checked_add(distance as usize)?,
            }
        }
        entry = next(entry, memory.u32(entry + 12)?)?;
    }
    Some(())
}

fn read_defined(memory: &Memory, dynamic: &Dynamic, versions: &mut Vec<Version>) -> Option<()> {
    let mut entry = dynamic.versions_defined;
    while entry != 0 {
        let auxiliary = entry.checked_add(memory.u32(entry + 12)? as usize)?;
        let is_file = memory.u16(entry + 2)? & 1 != 0;
        if !is_file {
            let name = dynamic.string(memory.u32(auxiliary)? as usize)?;
            put(versions, memory.u16(entry + 4)?, Version { name, ..Version::default() });
        }
        entry = next(entry, memory.u32(entry + 16)?)?;
    }
    Some(())
}

/// The next entry of a chain; chains go forward, so they end.
fn next(entry: usize, distance: u32) -> Option<usize> {
    match distance {
        0 => Some(0),
        1..ENTRY_MINIMUM => None,
        _ => entry.checked_add(distance as usize),
    }
}

/// What a reference asks for.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// The symbol's name.
    pub name: &'a [u8],
    /// [`gnu_hash`] of it.
    pub hash: u32,
    /// Its version, if the reference has one.
    pub version: Option<&'a [u8]>,
    /// Whether the PLT address that an executable gives to an undefined function does not count.
    pub strict: bool,
    /// Whether a look-up without a version prefers the default version to the object's first.
    pub newest: bool,
}

impl<'a> Wanted<'a> {
    /// A look-up by name as `dlsym` does it.
    #[must_use]
    pub fn named(name: &'a [u8], version: Option<&'a [u8]>) -> Self {
        Self { name, hash: gnu_hash(name), version, strict: true, newest: true }
    }
}

/// Looks for a symbol in one object.
#[must_use]
pub fn find_in(object: &Object, wanted: &Wanted) -> Option<Symbol> {
    // Of several versions, one that is not hidden, when the reference names none.
    let mut fallback = None;
    let mut candidate = first_candidate(object, wanted);
    while let Some(index) = candidate.index {
        let symbol = object.dynamic.symbol(index)?;
        if symbol.answers(wanted.strict) && name_is(object, &symbol, wanted.name) {
            match version_fits(object, index, wanted) {
                Fit::Yes => return Some(symbol),
                Fit::Fallback => fallback = fallback.or(Some(symbol)),
                Fit::No => {}
            }
        }
        candidate = candidate.next(object, wanted);
    }
    fallback
}

fn name_is(object: &Object, symbol: &Symbol, name: &[u8]) -> bool {
    let rest = object.dynamic.strings.get(symbol.name()..).unwrap_or(&[]);
    is_at(rest, name) || rest.starts_with(name) && rest.get(name.len()) == Some(&0)
}

/// Whether two strings start at one place, as they do where an object refers to its own symbols.
fn is_at(string: &[u8], other: &[u8]) -> bool {
    core::ptr::eq(string.as_ptr(), other.as_ptr())
}

enum Fit {
    Yes,
    Fallback,
    No,
}

fn version_fits(object: &Object, symbol: u32, wanted: &Wanted) -> Fit {
    if object.dynamic.version_indices.is_empty() {
        return Fit::Yes;
    }
    let Some(index) = object.dynamic.version_index(symbol) else { return Fit::No };
    let hidden = index & HIDDEN != 0;
    let index = usize::from(index & !HIDDEN);
    let Some(wanted_version) = wanted.version else {
        return match (index, hidden) {
            (..FIRST_VERSION, _) => Fit::Yes,
            (FIRST_VERSION, _) if !wanted.newest => Fit::Yes,
            (_, false) => Fit::Fallback,
            _ => Fit::No,
        };
    };
    match object.versions.get(index) {
        Some(version) if is_at(version.name, wanted_version) || version.name == wanted_version => Fit::Yes,
        Some(version) if !version.name.is_empty() => Fit::No,
        _ if hidden => Fit::No,
        _ => Fit::Yes,
    }
}

/// A walk through one hash chain.
#[derive(Clone, Copy)]
struct Candidate {
    index: Option<u32>,
    /// Steps left, so that a chain that loops ends.
    left: u32,
}

const NO_CANDIDATE: Candidate = Candidate { index: None, left: 0 };

impl Candidate {
    fn next(self, object: &Object, wanted: &Wanted) -> Self {
        let Some(index) = self.index else { return NO_CANDIDATE };
        let next = match self.left {
            0 => None,
            _ => match &object.hash {
                Some(table) => table.next(index, wanted.hash),
                None => sysv_next(object, index),
            },
        };
        Self { index: next, left: self.left.wrapping_sub(1) }
    }
}

fn first_candidate(object: &Object, wanted: &Wanted) -> Candidate {
    let index = match &object.hash {
        Some(table) => table.find(wanted.hash),
        None if object.dynamic.hash != 0 => sysv_first(object, wanted.name),
        None => None,
    };
    Candidate { index, left: 1 << 24 }
}

fn sysv_first(object: &Object, name: &[u8]) -> Option<u32> {
    let (memory, table) = (&object.memory, object.dynamic.hash);
    let bucket = sysv_hash(name).checked_rem(memory.u32(table)?)?;
    memory.u32(table + 8 + bucket as usize * 4).filter(|&index| index != 0)
}

fn sysv_next(object: &Object, index: u32) -> Option<u32> {
    let (memory, table) = (&object.memory, object.dynamic.hash);
    let chains = table + 8 + memory.u32(table)? as usize * 4;
    memory.u32(chains + index as usize * 4).filter(|&index| index != 0)
}

/// How many symbols an object's table has, as its hash table tells.
#[must_use]
pub fn count(object: &Object) -> u32 {
    let memory = &object.memory;
    if object.dynamic.hash != 0 {
        return memory.u32(object.dynamic.hash + 4).unwrap_or(0);
    }
    object.hash.as_ref().map_or(0, GnuHash::count)
}

/// A member of a scope: an object, or the kernel, which stands for the C library.
pub type Member = Option<&'static Object>;

/// Where a symbol was found.
#[derive(Clone, Copy)]
pub enum Found {
    /// In the kernel's export table.
    Kernel(&'static Row),
    /// In an object.
    Object(&'static Object, Symbol),
}

/// Looks for a symbol in the members of a scope in order, passing over `skip`.
#[must_use]
#[inline(never)]
pub fn find(scope: &[Member], wanted: &Wanted, skip: Option<&Object>) -> Option<Found> {
    for &member in scope {
        match member {
            None => {
                if let Some(row) = export::table().find(wanted.name, wanted.hash, wanted.version) {
                    return Some(Found::Kernel(row));
                }
            }
            // Most objects of a scope do not have the symbol, and say so at once.
            Some(object) if object.hash.as_ref().is_some_and(|table| !table.may_hold(wanted.hash)) => {}
            Some(object) if skip.is_some_and(|skip| core::ptr::eq(skip, object)) => {}
            Some(object) => {
                if let Some(symbol) = find_in(object, wanted) {
                    return Some(Found::Object(object, symbol));
                }
            }
        }
    }
    None
}
