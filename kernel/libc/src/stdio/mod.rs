//! `stdio.h`, `stdio_ext.h`, `printf.h` and the wide streams of `wchar.h`.
//!
//! Used by the application and by other headers that print; uses files through `unistd` and
//! `fcntl` only (see [`system`]).
//!
//! A stream begins with the fields of glibc's `struct _IO_FILE`, because `getc` and `putc` were macros
//! over them for decades and gnulib still reads them. What glibc keeps behind pointers from there
//! (lock, wide data, virtual functions) is this module's own.
#![allow(clippy::missing_safety_doc, reason = "C functions: their contract is their header's")]

pub mod arguments;
pub mod buffering;
pub mod checked;
pub mod file;
pub mod memory;
pub mod message;
pub mod open;
pub mod pipe;
pub mod printf;
pub mod read;
pub mod scanf;
pub mod seek;
pub mod system;
pub mod temporary;
pub mod wide;
pub mod write;

#[cfg(test)]
mod tests;

/// A variable of a function that C allows one thread at a time to call.
pub struct Shared<T>(core::cell::UnsafeCell<T>);

// SAFETY: C says that such functions need not be safe among threads.
unsafe impl<T> Sync for Shared<T> {}

impl<T> Shared<T> {
    /// The variable with its first value.
    pub const fn new(value: T) -> Self {
        Self(core::cell::UnsafeCell::new(value))
    }

    /// Where it is.
    pub const fn get(&self) -> *mut T {
        self.0.get()
    }
}
