//! The exported ABI: glibc 2.36 on x86-64, one module a header.
//!
//! May use `kcore` and `hal`. A function is exported by `#[export]`, in the kernel only; each is
//! reachable on its own, so that what an application does not import leaves nothing behind.
#![cfg_attr(kernel, no_std)]
#![feature(c_variadic)]
#![allow(clippy::missing_safety_doc)]

extern crate alloc;

pub mod errno;
pub mod malloc;
pub mod regex;
