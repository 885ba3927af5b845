//! Reads all that an image offers: what the fuzz target and the tests do with bytes from anywhere.

use std::sync::Arc;

use kcore::vfs::node::Node;
use kcore::vfs::{OpenFlags, Place};

use super::module;

/// Mounts `image` if it can be, lists its directories four deep and reads from its files.
///
/// An image may be anything; whatever it is, this returns.
pub fn exercise(image: &[u8]) {
    // SAFETY: everything made from the image is dropped before this returns.
    let image: &'static [u8] = unsafe { std::slice::from_raw_parts(image.as_ptr(), image.len()) };
    if let Ok(root) = module::mount(image) {
        explore(&root, 4);
    }
}

/// Looks at a node and, so many directories deep, at what is in it.
pub(super) fn explore(node: &Arc<Node>, depth: usize) {
    let _ = node.stat();
    let Some(directory) = node.directory() else {
        let _ = node.body().target();
        let mut buffer = [0; 5000];
        if let Ok(file) = node.body().open(Place::unnamed(node.clone()), OpenFlags::empty()) {
            for offset in [0, 4095, u64::MAX - 10] {
                let _ = file.read_at(offset, &mut buffer);
            }
        }
        return;
    };
    let mut children = Vec::new();
    let listed = directory.with(node, |entries| {
        let mut position = 0;
        while let Some(entry) = entries.at_or_after(position) {
            position = entry.position + 1;
            children.push(entry.node.clone());
        }
        Ok(())
    });
    if listed.is_ok() && depth > 0 {
        children.iter().take(8).for_each(|child| explore(child, depth - 1));
    }
}
