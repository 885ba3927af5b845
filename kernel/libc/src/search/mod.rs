//! `search.h`: binary trees, hash tables, linear search and linked queues.
//!
//! What calls the application's functions is `extern "C-unwind"` all the way: C++ exceptions may
//! pass through.

mod hash;
mod linear;
mod queue;
mod tree;

pub use hash::*;
pub use linear::*;
pub use queue::*;
pub use tree::*;

/// A comparison function: negative, zero or positive.
pub type Compare =
    unsafe extern "C-unwind" fn(*const core::ffi::c_void, *const core::ffi::c_void) -> core::ffi::c_int;
