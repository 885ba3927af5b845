//! The reference graph of a kernel: read from its object when the package is built, walked when
//! a kernel is specialized.
//!
//! Used by `package`, `reachability` and `report`; uses only `object`.

mod dominators;
mod objects;

pub use dominators::{Retained, retained_sizes};
pub use objects::{Graph, GraphError, KernelObject, read};
