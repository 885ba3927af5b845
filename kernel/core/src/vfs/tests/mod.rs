//! Trees, pipes, readiness and locks, on the host.

mod readiness;
mod tree;
mod watching;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Node;
use super::mount::empty_tree;

/// The root, the working directory and the descriptors are the process's: one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static LOCK: Mutex<()> = Mutex::new(());
    LOCK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A fresh root in memory.
fn fresh_root() -> Arc<Node> {
    let root = empty_tree("ramfs", 0, 0o755);
    super::walk::set_root(root.clone());
    super::walk::set_current(root.clone());
    root
}
