//! Relocation: every kind that x86-64 programs carry (psABI table 4.9, and `DT_RELR`).
//!
//! Binding is eager: an undefined symbol is found out before the object's code runs. Relocations
//! that call a resolver in the object (`IRELATIVE`, and references to `STT_GNU_IFUNC` symbols) come
//! after all others of the object.

use super::elf::{Range, WRITE};
use super::message::{Result, hexadecimal, join};
use super::object::Object;
use super::symbol::{self, Symbol};
use super::symbols::{self, Found, Member, Wanted};
use super::tls;
use alloc::vec::Vec;

const ENTRY_SIZE: usize = 24;

const NONE: u32 = 0;
const ADDRESS_64: u32 = 1;
const RELATIVE_32: u32 = 2;
const COPY: u32 = 5;
const GLOBAL_DATA: u32 = 6;
const JUMP_SLOT: u32 = 7;
const RELATIVE: u32 = 8;
const ADDRESS_32: u32 = 10;
const ADDRESS_32_SIGNED: u32 = 11;
const TLS_MODULE: u32 = 16;
const TLS_OFFSET: u32 = 17;
const TLS_STATIC: u32 = 18;
const RELATIVE_64: u32 = 24;
const SIZE_32: u32 = 32;
const SIZE_64: u32 = 33;
const TLS_DESCRIPTOR: u32 = 36;
const INDIRECT: u32 = 37;
const RELATIVE_X32: u32 = 38;

/// An `Elf64_Rela`.
struct Relocation {
    place: usize,
    kind: u32,
    symbol: u32,
    addend: usize,
}

/// What a relocation refers to.
#[derive(Clone, Copy)]
struct Target {
    /// Where it was found; none for symbol 0 and for weak symbols that nothing defines.
    found: Option<Found>,
    /// The symbol of the reference.
    reference: Option<Symbol>,
}

/// What relocations of an object have in common with the ones before them.
#[derive(Default)]
struct Before {
    /// The segment that the last word was in; most words have their neighbours relocated too.
    near: Near,
    /// The symbol that was looked up last; linkers sort relocations by symbol.
    last: Option<Last>,
}

/// A segment's first address, and the one after its last.
#[derive(Default)]
struct Near {
    start: usize,
    end: usize,
}

/// A symbol and what it was found to be.
struct Last {
    symbol: u32,
    strict: bool,
    target: Target,
}

/// Where an object's references are looked up, in this order.
pub struct Scopes<'a> {
    /// First.
    pub first: &'a [Member],
    /// Then.
    pub second: &'a [Member],
}

/// Relocates one object.
///
/// # Errors
/// A message that names the object, and the symbol or place that is at fault.
pub fn relocate(object: &'static Object, scopes: &Scopes) -> Result<()> {
    let mut late = Vec::new();
    let mut before = Before::default();
    packed(object, &mut before.near)?;
    for table in [object.dynamic.relocations, object.dynamic.plt_relocations] {
        for entry in entries(object, table)? {
            if entry.kind == RELATIVE {
                let value = object.memory.bias.wrapping_add(entry.addend);
                before.near.store(object, entry.place, |_| value).ok_or_else(|| misplaced(object, &entry))?;
            } else if !apply(object, scopes, &mut before, &entry, false)? {
                late.push(entry);
            }
        }
    }
    for entry in late {
        apply(object, scopes, &mut before, &entry, true)?;
    }
    Ok(())
}

/// Takes over the exported variables that the program has copies of (`R_X86_64_COPY`).
///
/// Runs before any object is relocated, so that all of them see the variable where the program has
/// it, under whichever of its names they refer to it.
///
/// # Errors
/// As [`relocate`].
pub fn take_over_exports(program: &'static Object, scopes: &Scopes) -> Result<()> {
    for entry in entries(program, program.dynamic.relocations)? {
        if entry.kind == COPY
            && let Some(Found::Kernel(row)) = target(program, scopes, &entry)?.found
        {
            let size = row.size();
            let to = program.memory.writable(entry.place, size).ok_or_else(|| misplaced(program, &entry))?;
            // SAFETY: both places hold `size` bytes: the row says so of the variable, and `writable`
            // of the copy. Nothing runs yet that would use either.
            unsafe { to.copy_from((row.target()) as *const u8, size) };
            if let Some(cell) = row.cell() {
                cell.moved_to(to);
            }
        }
    }
    Ok(())
}

/// The entries of a table.
fn entries(object: &'static Object, table: Range) -> Result<impl Iterator<Item = Relocation>> {
    let bytes = if table.length == 0 { Some(&[][..]) } else { object.memory.bytes(table) };
    let bytes = bytes.ok_or_else(|| object.message("a relocation table is not inside a segment"))?;
    Ok(bytes.as_chunks::<ENTRY_SIZE>().0.iter().map(|entry| {
        let (words, _) = entry.as_chunks::<8>();
        let word = |at: usize| words.get(at).map_or(0, |word| usize::from_le_bytes(*word));
        let info = word(1);
        Relocation { place: word(0), kind: info as u32, symbol: (info >> 32) as u32, addend: word(2) }
    }))
}

/// `DT_RELR`: addresses and bitmaps of words that the load bias is added to.
fn packed(object: &'static Object, near: &mut Near) -> Result<()> {
    let table = object.dynamic.relative_relocations;
    let mut add_bias = |place: usize| near.store(object, place, |word| word.wrapping_add(object.memory.bias));
    let mut next = 0;
    for index in 0..table.length / 8 {
        let fault = || object.message("a packed relocation is not inside a writable segment");
        let entry = object.memory.u64(table.address + index * 8).ok_or_else(fault)?;
        if entry & 1 == 0 {
            add_bias(entry).ok_or_else(fault)?;
            next = entry.wrapping_add(8);
            continue;
        }
        for bit in 0..63 {
            if entry >> (bit + 1) & 1 != 0 {
                add_bias(next.wrapping_add(bit * 8)).ok_or_else(fault)?;
            }
        }
        next = next.wrapping_add(63 * 8);
    }
    Ok(())
}

impl Near {
    /// The word at a place of the object; none if it is not inside a segment that may be written.
    fn word(&mut self, object: &Object, place: usize) -> Option<*mut u8> {
        let end = place.checked_add(8)?;
        if place < self.start || end > self.end {
            let segment = object.memory.segment(place, 8, needed(object))?;
            (self.start, self.end) = (segment.address, segment.end());
        }
        Some(object.memory.bias.wrapping_add(place) as *mut u8)
    }

    /// Replaces the word at a place.
    fn store(&mut self, object: &Object, place: usize, value: impl FnOnce(usize) -> usize) -> Option<()> {
        let word = self.word(object, place)?.cast::<usize>();
        // SAFETY: the segment holds the word, and may be written.
        unsafe { word.write_unaligned(value(word.read_unaligned())) };
        Some(())
    }
}

/// Where `length` bytes may be written.
#[inline(never)]
fn place_of(object: &Object, place: usize, length: usize) -> Option<*mut u8> {
    match needed(object) {
        0 => object.memory.pointer(place, length),
        _ => object.memory.writable(place, length),
    }
}

/// The flags of a segment that relocations may write to; text counts while `DT_TEXTREL` is being served.
fn needed(object: &Object) -> u32 {
    if object.dynamic.text_relocations { 0 } else { WRITE }
}

#[cold]
#[inline(never)]
fn misplaced(object: &Object, entry: &Relocation) -> super::message::Message {
    let place = hexadecimal(entry.place);
    join(&[object.path(), b": the relocation at 0x", &place, b" is not inside a writable segment"])
}

/// Applies one relocation; false if it has to wait until the others are done.
fn apply(
    object: &'static Object,
    scopes: &Scopes,
    before: &mut Before,
    entry: &Relocation,
    late: bool,
) -> Result<bool> {
    let bias = object.memory.bias;
    let width = match entry.kind {
        NONE => return Ok(true),
        COPY => return copy(object, scopes, entry).map(|()| true),
        RELATIVE_32 | ADDRESS_32 | ADDRESS_32_SIGNED | SIZE_32 => 4,
        TLS_DESCRIPTOR => 16,
        _ => 8,
    };
    let place = match width {
        8 => before.near.word(object, entry.place),
        _ => place_of(object, entry.place, width),
    };
    let place = place.ok_or_else(|| misplaced(object, entry))?;
    let value = match entry.kind {
        RELATIVE_X32 => bias.wrapping_add(entry.addend),
        INDIRECT if !late => return Ok(false),
        INDIRECT => resolve_indirect(bias.wrapping_add(entry.addend)),
        _ => {
            let target = match &before.last {
                Some(last) if last.symbol == entry.symbol && last.strict == strict(entry) => last.target,
                _ => {
                    let target = target(object, scopes, entry)?;
                    before.last = Some(Last { symbol: entry.symbol, strict: strict(entry), target });
                    target
                }
            };
            match value(object, entry, &target, place, late)? {
                Some(value) => value,
                None => return Ok(late),
            }
        }
    };
    let from = bias.wrapping_add(entry.place);
    let value =
        if matches!(entry.kind, RELATIVE_32 | RELATIVE_64) { value.wrapping_sub(from) } else { value };
    let fits = match entry.kind {
        RELATIVE_32 | ADDRESS_32_SIGNED => value as isize == value as i32 as isize,
        ADDRESS_32 | SIZE_32 => value == value as u32 as usize,
        _ => true,
    };
    if !fits {
        let at = hexadecimal(entry.place);
        return Err(join(&[object.path(), b": the relocation at 0x", &at, b" does not fit its 32 bits"]));
    }
    // SAFETY: `width` bytes may be written there, as was checked above.
    unsafe {
        if width == 4 {
            place.cast::<u32>().write_unaligned(value as u32);
        } else {
            place.cast::<usize>().write_unaligned(value);
        }
    }
    Ok(true)
}

/// The word that a relocation with a symbol stores; none if a resolver has to be called, but not yet.
fn value(
    object: &'static Object,
    entry: &Relocation,
    target: &Target,
    place: *mut u8,
    late: bool,
) -> Result<Option<usize>> {
    let addend = entry.addend;
    let size = match target.found {
        Some(Found::Object(_, symbol)) => symbol.size(),
        Some(Found::Kernel(row)) => row.size(),
        None => target.reference.map_or(0, |symbol| symbol.size()),
    };
    Ok(Some(match entry.kind {
        ADDRESS_64 | RELATIVE_32 | GLOBAL_DATA | JUMP_SLOT | ADDRESS_32 | ADDRESS_32_SIGNED | RELATIVE_64 => {
            match target.found {
                Some(Found::Object(_, symbol)) if symbol.kind() == symbol::IFUNC && !late => {
                    return Ok(None);
                }
                Some(found) => address(found).wrapping_add(addend),
                None => addend,
            }
        }
        SIZE_32 | SIZE_64 => size.wrapping_add(addend),
        TLS_MODULE => tls_target(object, target).map_or(0, |(owner, _)| owner.tls_module.get()),
        TLS_OFFSET => tls_target(object, target).map_or(0, |(_, value)| value).wrapping_add(addend),
        TLS_STATIC => match tls_target(object, target) {
            Some((owner, value)) => {
                let offset = tls::static_offset(owner)
                    .ok_or_else(|| object.message("cannot allocate memory in static TLS block"))?;
                value.wrapping_add(addend).wrapping_sub(offset)
            }
            None => addend,
        },
        TLS_DESCRIPTOR => {
            let (resolver, argument) = match tls_target(object, target) {
                Some((owner, value)) => tls::descriptor(owner, value.wrapping_add(addend)),
                None => tls::undefined_descriptor(addend),
            };
            // SAFETY: the caller checked for sixteen bytes; the second word is written here, the
            // first by the caller.
            unsafe { place.cast::<usize>().add(1).write_unaligned(argument) };
            resolver
        }
        kind => {
            let kind = hexadecimal(kind as usize);
            return Err(join(&[object.path(), b": unexpected relocation type 0x", &kind]));
        }
    }))
}

/// The object that has the thread-local variable, and its offset there.
fn tls_target(object: &'static Object, target: &Target) -> Option<(&'static Object, usize)> {
    match (target.found, target.reference) {
        (Some(Found::Object(owner, symbol)), _) => Some((owner, symbol.value())),
        // Symbol 0 is the object's own block.
        (None, None) => Some((object, 0)),
        _ => None,
    }
}

/// The address of a definition; calls the resolver of an indirect function.
#[must_use]
#[inline(never)]
pub fn address(found: Found) -> usize {
    match found {
        Found::Kernel(row) => row.target(),
        Found::Object(object, symbol) => {
            let address = object.address_of(&symbol);
            match symbol.kind() {
                symbol::IFUNC if symbol.is_defined() => resolve_indirect(address),
                _ => address,
            }
        }
    }
}

fn resolve_indirect(resolver: usize) -> usize {
    // SAFETY: the object says that a resolver is here; running its code is what loading it means.
    unsafe { core::mem::transmute::<usize, extern "C" fn() -> usize>(resolver)() }
}

/// Looks up what a relocation refers to.
#[inline(never)]
fn target(object: &'static Object, scopes: &Scopes, entry: &Relocation) -> Result<Target> {
    if entry.symbol == 0 {
        return Ok(Target { found: None, reference: None });
    }
    let reference = object
        .dynamic
        .symbol(entry.symbol)
        .ok_or_else(|| object.message("a relocation names a symbol outside the table"))?;
    if reference.binds_locally() {
        return Ok(Target { found: Some(Found::Object(object, reference)), reference: Some(reference) });
    }
    let (name, hash) = object
        .dynamic
        .hashed(reference.name())
        .ok_or_else(|| object.message("a symbol's name is outside the string table"))?;
    let version = reference_version(object, entry.symbol);
    let strict = strict(entry);
    let wanted = Wanted { name, hash, version, strict, newest: false };
    let skip = (entry.kind == COPY).then_some(object);
    let own: [Member; 1] = [Some(object)];
    let own: &[Member] = if object.dynamic.symbolic && skip.is_none() { &own } else { &[] };
    let found =
        [own, scopes.first, scopes.second].into_iter().find_map(|scope| symbols::find(scope, &wanted, skip));
    if found.is_none() && !reference.is_weak() {
        return Err(undefined(object, name, version));
    }
    Ok(Target { found, reference: Some(reference) })
}

/// Whether the PLT address of an executable is no answer to a reference.
fn strict(entry: &Relocation) -> bool {
    matches!(entry.kind, JUMP_SLOT | TLS_MODULE | TLS_OFFSET | TLS_STATIC | TLS_DESCRIPTOR)
}

fn reference_version(object: &Object, index: u32) -> Option<&'static [u8]> {
    let index = object.dynamic.version_index(index)? & 0x7fff;
    let version = object.versions.get(usize::from(index))?;
    (!version.name.is_empty()).then_some(version.name)
}

/// `FILE: undefined symbol: NAME, version VERSION`, as ld.so says it, and what to do about it.
#[cold]
#[inline(never)]
fn undefined(object: &Object, name: &[u8], version: Option<&[u8]>) -> super::message::Message {
    let (comma, version) = version.map_or((&b""[..], &b""[..]), |version| (b", version ", version));
    join(&[object.path(), b": undefined symbol: ", name, comma, version])
}

/// `R_X86_64_COPY`: takes the initial value of a library's variable into the program.
fn copy(object: &'static Object, scopes: &Scopes, entry: &Relocation) -> Result<()> {
    let target = target(object, scopes, entry)?;
    if let (Some(Found::Object(owner, symbol)), Some(reference)) = (target.found, target.reference) {
        let size = symbol.size().min(reference.size());
        let to = object.memory.writable(entry.place, size).ok_or_else(|| misplaced(object, entry))?;
        let from = owner.memory.pointer(symbol.value(), size).ok_or_else(|| misplaced(object, entry))?;
        // SAFETY: both places hold `size` bytes, and nothing runs yet that would use them.
        unsafe { to.copy_from(from, size) };
    }
    // A kernel variable was taken over before.
    Ok(())
}
