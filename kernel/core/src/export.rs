//! Exported data, and the table through which an application reaches every export.
//!
//! The specializer emits [`ROWS`] with just the symbols that the application may ask for, sorted
//! by GNU hash; the dynamic loader searches it as it would a library's `.dynsym`.

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicPtr, Ordering};

/// An exported variable, such as `stdout` or `environ`.
///
/// An executable may carry a copy relocation for it: then the variable lives in the executable,
/// and the kernel has to follow. So the kernel reaches it through `at`, which the loader repoints.
/// Aliases (`environ`, `__environ`, `_environ`) are export rows of one `Exported`, so they move
/// together. The address an export row holds is that of the `Exported`, whose first word is `at`.
#[repr(C)]
pub struct Exported<T> {
    at: AtomicPtr<T>,
    initial: UnsafeCell<T>,
}

// SAFETY: C's rules apply to an exported variable: its users synchronise as its header says.
unsafe impl<T> Sync for Exported<T> {}

impl<T> Exported<T> {
    /// A variable with this value; `at` null means it has not moved.
    pub const fn new(initial: T) -> Self {
        Self { at: AtomicPtr::new(core::ptr::null_mut()), initial: UnsafeCell::new(initial) }
    }

    /// Where the variable is now.
    pub fn get(&self) -> *mut T {
        let moved = self.at.load(Ordering::Acquire);
        if moved.is_null() { self.initial.get() } else { moved }
    }
}

/// An exported variable whose type the loader does not know.
#[repr(C)]
pub struct AnyExported {
    at: AtomicPtr<u8>,
}

impl AnyExported {
    /// Where the variable is now; `alignment` is its type's, from the export row.
    pub fn address(&'static self, alignment: usize) -> *mut u8 {
        let moved = self.at.load(Ordering::Acquire);
        if !moved.is_null() {
            return moved;
        }
        let offset = size_of::<Self>().next_multiple_of(alignment.max(1));
        (&raw const *self).cast::<u8>().wrapping_add(offset).cast_mut()
    }

    /// Tells the kernel that the variable lives at `address` from now on.
    pub fn moved_to(&self, address: *mut u8) {
        self.at.store(address, Ordering::Release);
    }
}

/// What an export row's address is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Kind {
    /// The entry of a function.
    Function = 0,
    /// An [`Exported`] variable.
    Object = 1,
    /// Not provided: its address is a stub that names the symbol and stops (`--unresolved=trap`).
    Missing = 2,
}

/// One row: 20 bytes, little endian, aligned to 4.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Row {
    /// GNU hash of the name (`h = h * 33 + c`, from 5381); rows are sorted by it.
    pub hash: u32,
    /// Offset of the NUL-terminated name in [`STRINGS`].
    pub name: u32,
    /// Offset of the NUL-terminated version (`GLIBC_2.2.5`) in [`STRINGS`].
    pub version: u32,
    /// A [`Kind`] in bits 0–1, whether this is the name's default version in bit 2, log2 of the
    /// alignment in bits 3–7 and the size in bytes of an object in bits 8–31.
    pub attributes: u32,
    /// The address; the kernel is in the top 2 GB, so sign extension gives all of it.
    pub address: i32,
}

impl Row {
    /// What the address is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self.attributes & 3 {
            0 => Kind::Function,
            1 => Kind::Object,
            _ => Kind::Missing,
        }
    }

    /// Whether a reference without a version means this row.
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.attributes & 4 != 0
    }

    /// The alignment of an object in bytes.
    #[must_use]
    pub fn alignment(&self) -> usize {
        1 << (self.attributes >> 3 & 31)
    }

    /// The size of an object in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        (self.attributes >> 8) as usize
    }

    /// The cell of an exported variable.
    #[must_use]
    pub fn cell(&self) -> Option<&'static AnyExported> {
        // SAFETY: the specializer writes an object row with the address of an `Exported`, whose
        // first field `AnyExported` is.
        (self.kind() == Kind::Object).then(|| unsafe { &*(self.address as isize as *const AnyExported) })
    }

    /// Where the function is, or where the variable is now.
    #[must_use]
    pub fn target(&self) -> usize {
        match self.cell() {
            Some(cell) => cell.address(self.alignment()) as usize,
            None => self.address as isize as usize,
        }
    }
}

/// An export table: the kernel's own, or a test's.
#[derive(Clone, Copy)]
pub struct Exports {
    /// Sorted by hash.
    pub rows: &'static [Row],
    /// NUL-terminated names and versions. Offsets into it come from the specializer and are trusted.
    pub strings: *const u8,
}

// SAFETY: the strings are never written.
unsafe impl Sync for Exports {}

impl Exports {
    /// The string at an offset, without its NUL.
    #[must_use]
    pub fn string(&self, offset: u32) -> &'static [u8] {
        // SAFETY: a row's offsets point at NUL-terminated strings of the table.
        unsafe { core::ffi::CStr::from_ptr(self.strings.add(offset as usize).cast()) }.to_bytes()
    }

    /// The row of a symbol: with exactly this version, or the default one if none is asked for.
    #[must_use]
    pub fn find(&self, name: &[u8], hash: u32, version: Option<&[u8]>) -> Option<&'static Row> {
        let start = self.rows.partition_point(|row| row.hash < hash);
        let same_hash = self.rows[start..].iter().take_while(|row| row.hash == hash);
        let mut named = same_hash.filter(|row| self.string(row.name) == name);
        match version {
            Some(version) => named.find(|row| self.string(row.version) == version),
            None => named.find(|row| row.is_default()),
        }
    }
}

#[cfg(kernel)]
unsafe extern "C" {
    /// First export row; made by the specializer, as are the next five.
    #[link_name = "specialize_exports"]
    static ROWS: Row;
    #[link_name = "specialize_exports_count"]
    static COUNT: u32;
    /// Names and versions, each NUL-terminated.
    #[link_name = "specialize_export_strings"]
    static STRINGS: u8;
    /// The sonames that the kernel stands for, each NUL-terminated, ended by an empty one.
    #[link_name = "specialize_sonames"]
    static SONAMES: u8;
    /// 32 bytes that name this specialization; its image carries the same.
    #[link_name = "specialize_identity"]
    static IDENTITY: [u8; 32];
    /// The exports of the kernel package that this kernel was made without, as [`holds`] reads them.
    #[link_name = "specialize_pruned"]
    static PRUNED: u8;
}

/// Whether the kernel package has an export of this name that this kernel was made without. (It may
/// be another name with the same low half of the hash.)
#[cfg(kernel)]
#[must_use]
pub fn was_pruned(hash: u32) -> bool {
    // SAFETY: the specializer makes the list as it is read here.
    unsafe { holds(&raw const PRUNED, hash as u16) }
}

/// Whether a list of numbers holds one. A byte below 255 is the distance from the number after the one
/// before; 255 stands for so many that are not there, and as many as reach past the last end the list.
///
/// # Safety
/// The list is as described.
#[cfg(any(kernel, test))]
unsafe fn holds(mut list: *const u8, number: u16) -> bool {
    let mut next = 0;
    while next <= u32::from(number) {
        // SAFETY: the caller's promise: the list does not end before this.
        let distance = u32::from(unsafe { list.read() });
        list = list.wrapping_add(1);
        next += distance;
        if distance < 255 {
            if next == u32::from(number) {
                return true;
            }
            next += 1;
        }
    }
    false
}

/// The table that the specializer made for this kernel.
#[cfg(kernel)]
#[must_use]
pub fn table() -> Exports {
    // SAFETY: the specializer defines these as their declarations say.
    unsafe {
        Exports {
            rows: core::slice::from_raw_parts(&raw const ROWS, COUNT as usize),
            strings: &raw const STRINGS,
        }
    }
}

/// Whether the kernel stands for the library of this name.
#[cfg(kernel)]
#[must_use]
pub fn provides(soname: &[u8]) -> bool {
    let mut at = &raw const SONAMES;
    loop {
        // SAFETY: the list is NUL-terminated strings, and ends with an empty one.
        let name = unsafe { core::ffi::CStr::from_ptr(at.cast()) }.to_bytes();
        if name.is_empty() || name == soname {
            return !name.is_empty();
        }
        at = at.wrapping_add(name.len() + 1);
    }
}

/// The identity that this kernel shares with its image.
#[cfg(kernel)]
#[must_use]
pub fn identity() -> &'static [u8; 32] {
    // SAFETY: the specializer defines it, and nothing writes it.
    unsafe { &IDENTITY }
}

#[cfg(not(kernel))]
pub use host::{identity, provides, table, was_pruned};

/// What stands for the specializer's tables where tests run.
#[cfg(not(kernel))]
mod host {
    use super::{Exports, Row};

    /// A table of one function, `kernel_function` of version `GLIBC_2.2.5`, at address 0x1000.
    pub fn table() -> Exports {
        static ROWS: [Row; 1] = [Row {
            hash: crate::loader::hash::gnu_hash(b"kernel_function"),
            name: 0,
            version: 16,
            attributes: 4,
            address: 0x1000,
        }];
        static STRINGS: [u8; 28] = *b"kernel_function\0GLIBC_2.2.5\0";
        Exports { rows: &ROWS, strings: STRINGS.as_ptr() }
    }

    /// Tests run with these sonames provided.
    pub fn provides(soname: &[u8]) -> bool {
        matches!(soname, b"libc.so.6" | b"ld-linux-x86-64.so.2")
    }

    /// Nothing was pruned.
    pub fn was_pruned(_hash: u32) -> bool {
        false
    }

    /// All zero.
    pub fn identity() -> &'static [u8; 32] {
        &[0; 32]
    }
}

#[cfg(test)]
mod tests {
    use super::holds;

    #[test]
    fn a_list_of_distances_holds_its_numbers_alone() {
        // 0, 1, 300, then past the last number possible.
        let mut list = vec![0, 0, 255, 43];
        list.extend([255; 256]);
        let held: Vec<u16> = (0..=u16::MAX)
            // SAFETY: the list ends past the last number.
            .filter(|number| unsafe { holds(list.as_ptr(), *number) })
            .collect();
        assert_eq!(held, [0, 1, 300]);
    }
}
