//! The dynamic loader: what `ld.so` is on Linux.

pub mod interpose;
