//! Tables of pluggable parts, and tunables: the two things a specializer decides.
//!
//! A table is a static array of `Option<&'static Row>`, one line a row, defined by the top crate
//! and declared by the module that reads it. A row's name is the name of the static it points at,
//! in lower case with dashes (`VIRTIO_BLK` is `virtio-blk`). The specializer blanks the rows that
//! a profile does not list and makes the table constant. Its cell keeps the compiler from folding
//! a table before that.

use core::cell::UnsafeCell;

/// A table of `N` rows. Rows are tried in order, so the order is a priority.
#[repr(transparent)]
pub struct Table<T: 'static, const N: usize>(UnsafeCell<[Option<&'static T>; N]>);

// SAFETY: nothing writes a table at run time; the cell only hides its contents from the compiler.
unsafe impl<T: Sync, const N: usize> Sync for Table<T, N> {}

impl<T, const N: usize> Table<T, N> {
    /// A table with these rows.
    pub const fn new(rows: [Option<&'static T>; N]) -> Self {
        Self(UnsafeCell::new(rows))
    }

    /// The rows that are left, in order.
    pub fn rows(&'static self) -> impl Iterator<Item = &'static T> {
        // SAFETY: nothing writes a table at run time.
        unsafe { &*self.0.get() }.iter().copied().flatten()
    }
}

/// A value that the specializer may set (`--set NAME=VALUE`) and then makes constant.
#[repr(transparent)]
pub struct Tunable<T>(UnsafeCell<T>);

// SAFETY: nothing writes a tunable at run time; the cell only hides its value from the compiler.
unsafe impl<T: Sync> Sync for Tunable<T> {}

impl<T: Copy> Tunable<T> {
    /// A tunable with this default.
    pub const fn new(default: T) -> Self {
        Self(UnsafeCell::new(default))
    }

    /// Its value.
    pub fn get(&'static self) -> T {
        // SAFETY: nothing writes a tunable at run time.
        unsafe { *self.0.get() }
    }
}
