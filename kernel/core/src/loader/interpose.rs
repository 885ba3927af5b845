//! The allocation functions that an application may define itself.
//!
//! An application that brings its own `malloc` (jemalloc, tcmalloc) expects what `strdup` returned
//! to be of it. So the C library calls these four through cells, which the loader binds in the
//! ordinary order of look-up, like an import.

use core::ffi::c_void;
use core::sync::atomic::{AtomicPtr, Ordering};

/// A function that the application may replace; null means it did not.
pub struct Cell(AtomicPtr<c_void>);

impl Cell {
    const fn new() -> Self {
        Self(AtomicPtr::new(core::ptr::null_mut()))
    }

    /// The application's function, or null.
    #[inline]
    pub fn get(&self) -> *mut c_void {
        self.0.load(Ordering::Relaxed)
    }

    /// Tells where the application's function is.
    pub fn bind(&self, function: *mut c_void) {
        self.0.store(function, Ordering::Release);
    }
}

/// The application's `malloc`.
pub static MALLOC: Cell = Cell::new();
/// The application's `free`.
pub static FREE: Cell = Cell::new();
/// The application's `calloc`.
pub static CALLOC: Cell = Cell::new();
/// The application's `realloc`.
pub static REALLOC: Cell = Cell::new();
