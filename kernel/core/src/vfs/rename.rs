//! Moving names.

use alloc::sync::Arc;

use super::node::Node;
use super::remove::kill_if_empty;
use super::walk::resolve;
use super::watch;
use crate::errno::{EBUSY, EEXIST, EINVAL, EISDIR, ENOENT, ENOTDIR, EXDEV, Result};
use crate::sync::Mutex;

/// `RENAME_NOREPLACE`: fail if the new name exists.
pub const NO_REPLACE: u32 = 1;
/// `RENAME_EXCHANGE`: swap the two names.
pub const EXCHANGE: u32 = 2;

/// One rename at a time, so that two cannot make a directory its own ancestor.
static RENAMING: Mutex<()> = Mutex::new(());

/// Whether `node` is `ancestor` or lies below it.
fn is_below(node: &Arc<Node>, ancestor: &Arc<Node>) -> bool {
    let mut at = node.clone();
    loop {
        if Arc::ptr_eq(&at, ancestor) {
            return true;
        }
        match at.directory().and_then(|directory| directory.parent()) {
            Some(parent) if !Arc::ptr_eq(&parent, &at) => at = parent,
            _ => return false,
        }
    }
}

/// Renames: `renameat2`. What the new name named before is replaced, if it is of the same kind
/// and, for a directory, empty.
pub fn rename(
    old_base: &Arc<Node>,
    old_path: &[u8],
    new_base: &Arc<Node>,
    new_path: &[u8],
    flags: u32,
) -> Result<()> {
    if flags & !(NO_REPLACE | EXCHANGE) != 0 || flags == NO_REPLACE | EXCHANGE {
        return Err(EINVAL);
    }
    let exchange = flags & EXCHANGE != 0;
    let _only = RENAMING.lock();
    let old = resolve(old_base, old_path, false)?;
    let new = resolve(new_base, new_path, false)?;
    let (Some(old_parent), Some(new_parent)) = (&old.parent, &new.parent) else { return Err(EBUSY) };
    let node = old.node.as_ref().ok_or(ENOENT)?;
    let is_directory = node.directory().is_some();
    if (old.slash || new.slash && new.node.is_none()) && !is_directory {
        return Err(ENOTDIR);
    }
    if !Arc::ptr_eq(&old_parent.volume, &new_parent.volume) {
        return Err(EXDEV);
    }
    old_parent.volume.check_writable()?;
    if is_directory && is_below(new_parent, node) {
        return Err(EINVAL);
    }
    if let Some(target) = &new.node {
        if flags & NO_REPLACE != 0 {
            return Err(EEXIST);
        }
        if Arc::ptr_eq(target, node) {
            return Ok(());
        }
        if !Arc::ptr_eq(&target.volume, &node.volume) {
            return Err(EBUSY);
        }
        if exchange {
            if target.directory().is_some() && is_below(old_parent, target) {
                return Err(EINVAL);
            }
        } else {
            match (target.directory(), is_directory) {
                (Some(directory), true) => kill_if_empty(target, directory)?,
                (Some(_), false) => return Err(EISDIR),
                (None, true) => return Err(ENOTDIR),
                (None, false) if new.slash => return Err(ENOTDIR),
                (None, false) => {}
            }
        }
    } else if exchange {
        return Err(ENOENT);
    }
    let (from, to) = (old_parent.directory().ok_or(ENOTDIR)?, new_parent.directory().ok_or(ENOTDIR)?);
    let taken = from.with(old_parent, |entries| {
        match entries.get(&old.name) {
            Some(named) if Arc::ptr_eq(named, node) => {}
            _ => return Err(EBUSY),
        }
        Ok(if exchange { None } else { entries.remove(&old.name) })
    })?;
    let put = to.with(new_parent, |entries| match entries.swap(&new.name, node.clone()) {
        Some(replaced) => Ok(Some(replaced)),
        None => entries.add(&new.name, node.clone()).map(|()| None),
    });
    let replaced = match put {
        Ok(replaced) => replaced,
        Err(error) => {
            if let Some(taken) = taken {
                from.with(old_parent, |entries| entries.add(&old.name, taken))?;
            }
            return Err(error);
        }
    };
    if is_directory {
        old_parent.add_links(-1);
        new_parent.add_links(1);
        if let Some(directory) = node.directory() {
            directory.set_parent(new_parent);
        }
    }
    if let Some(replaced) = &replaced {
        let was_directory = replaced.directory().is_some();
        if was_directory {
            new_parent.add_links(-1);
        }
        if exchange {
            if let Some(directory) = replaced.directory() {
                directory.set_parent(old_parent);
                old_parent.add_links(1);
            }
            from.with(old_parent, |entries| Ok(entries.swap(&old.name, replaced.clone())))?;
        } else {
            replaced.add_links(if was_directory { -2 } else { -1 });
        }
    }
    node.add_links(0);
    old_parent.touch();
    new_parent.touch();
    let (from, to) = ((&**old_parent, &*old.name), (&**new_parent, &*new.name));
    match &replaced {
        Some(replaced) if exchange => {
            watch::moved(from, to, node, None);
            watch::moved(to, from, replaced, None);
        }
        _ => watch::moved(from, to, node, replaced.as_deref()),
    }
    Ok(())
}
