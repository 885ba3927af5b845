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
}
