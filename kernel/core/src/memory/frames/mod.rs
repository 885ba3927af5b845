//! Page frames: which of them are free.
//!
//! A buddy allocator over chunks of 128 MB. A chunk costs a byte a frame, taken from the chunk
//! itself when it is first needed, so a large machine costs nothing until its memory is used.

mod buddy;
#[cfg(not(kernel))]
mod host;
#[cfg(kernel)]
mod machine;

pub use buddy::{Buddy, MAX_ORDER, Tag, Tags};
#[cfg(not(kernel))]
pub use host::*;
#[cfg(kernel)]
pub use machine::*;
