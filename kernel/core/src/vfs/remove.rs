//! Taking names away.

use alloc::sync::Arc;

use super::node::Node;
use super::walk::resolve;
use super::watch::{self, Changes};
use crate::errno::{EBUSY, EINVAL, EISDIR, ENOENT, ENOTDIR, ENOTEMPTY, Result};

/// Removes a name that is not a directory's: `unlinkat`. The file lives on while it is open.
pub fn unlink(base: &Arc<Node>, path: &[u8]) -> Result<()> {
    let mut found = resolve(base, path, false)?;
    let node = found.node.take().ok_or(ENOENT)?;
    if node.directory().is_some() {
        return Err(EISDIR);
    }
    drop(node);
    if found.slash {
        return Err(ENOTDIR);
    }
    let parent = found.parent.as_ref().ok_or(EISDIR)?;
    parent.volume.check_writable()?;
    let holder = parent.directory().ok_or(ENOTDIR)?;
    let removed = holder.with(parent, |entries| {
        // Between the look-up and here somebody may have renamed or removed it.
        match entries.get(&found.name) {
            Some(node) if node.directory().is_some() => Err(EISDIR),
            _ => entries.remove(&found.name).ok_or(ENOENT),
        }
    })?;
    removed.add_links(-1);
    parent.touch();
    watch::itself(&removed, Changes::ATTRIBUTES);
    // A file that nobody has open ends before its name is told of.
    drop(removed);
    watch::named(parent, &found.name, false, Changes::DELETE);
    Ok(())
}

/// Removes an empty directory: `rmdir`.
pub fn remove_directory(base: &Arc<Node>, path: &[u8]) -> Result<()> {
    let mut found = resolve(base, path, false)?;
    let node = found.node.take().ok_or(ENOENT)?;
    let directory = node.directory().ok_or(ENOTDIR)?;
    let Some(parent) = &found.parent else {
        let trimmed = path.iter().rposition(|&byte| byte != b'/').and_then(|end| path.get(..=end));
        return Err(match trimmed {
            None => EBUSY,
            Some(path) if path.ends_with(b"..") => ENOTEMPTY,
            Some(_) => EINVAL,
        });
    };
    parent.volume.check_writable()?;
    let holder = parent.directory().ok_or(ENOTDIR)?;
    holder.with(parent, |entries| {
        if !entries.get(&found.name).is_some_and(|named| Arc::ptr_eq(named, &node)) {
            // What was found is the root of something mounted on the name.
            return Err(EBUSY);
        }
        kill_if_empty(&node, directory)?;
        entries.remove(&found.name);
        Ok(())
    })?;
    node.add_links(-2);
    parent.add_links(-1);
    parent.touch();
    drop(node);
    watch::named(parent, &found.name, true, Changes::DELETE);
    Ok(())
}

/// Marks a directory as removed; `ENOTEMPTY` if it has entries.
pub(super) fn kill_if_empty(node: &Arc<Node>, directory: &super::directory::Directory) -> Result<()> {
    directory.with(node, |inner| {
        if !inner.is_empty() {
            return Err(ENOTEMPTY);
        }
        inner.kill();
        Ok(())
    })
}
