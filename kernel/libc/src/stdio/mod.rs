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
pub mod open;
pub mod printf;
pub mod read;
pub mod scanf;
pub mod seek;
pub mod system;
pub mod wide;
pub mod write;

#[cfg(test)]
mod tests;
