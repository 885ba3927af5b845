//! What happens to files, told to whoever watches them.
//!
//! Nobody does until [`on_change`] is called, so a program that never calls it carries at most a look at
//! a null pointer in the places that tell.

use core::sync::atomic::{AtomicPtr, Ordering};

use super::file::Place;
use super::node::Node;

bitflags::bitflags! {
    /// What happened, with the values of `inotify(7)`.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Changes: u32 {
        /// `IN_ACCESS`: it was read.
        const ACCESS = 0x1;
        /// `IN_MODIFY`: it was written or truncated.
        const MODIFY = 0x2;
        /// `IN_ATTRIB`: attributes or the number of names changed.
        const ATTRIBUTES = 0x4;
        /// `IN_CLOSE_WRITE`: what had been open for writing was closed.
        const CLOSE_WRITE = 0x8;
        /// `IN_CLOSE_NOWRITE`: what had been open for reading was closed.
        const CLOSE_NOWRITE = 0x10;
        /// `IN_OPEN`.
        const OPEN = 0x20;
        /// `IN_MOVED_FROM`: a name went from the directory.
        const MOVED_FROM = 0x40;
        /// `IN_MOVED_TO`: a name came to the directory.
        const MOVED_TO = 0x80;
        /// `IN_CREATE`: a name was made.
        const CREATE = 0x100;
        /// `IN_DELETE`: a name was removed.
        const DELETE = 0x200;
        /// `IN_DELETE_SELF`: the file is gone.
        const DELETE_SELF = 0x400;
        /// `IN_MOVE_SELF`: the file has another name.
        const MOVE_SELF = 0x800;
    }
}

/// Somebody who watches files.
pub trait Watcher: Sync {
    /// Something happened to an open file, which concerns those who watch it or its directory.
    fn opened(&self, place: &Place, changes: Changes);
    /// The same of a file that was found by whatever name.
    fn found(&self, node: &Node, changes: Changes);
    /// Something happened that concerns those alone who watch the file itself.
    fn itself(&self, node: &Node, changes: Changes);
    /// Something happened to a name in a directory, perhaps of a directory. `cookie` is that of a move, or 0.
    fn named(&self, directory: &Node, name: &[u8], of_directory: bool, changes: Changes, cookie: u32);
    /// A number for the two halves of a move.
    fn cookie(&self) -> u32;
}

/// The watcher, behind a pointer to it, or null.
static WATCHER: AtomicPtr<&'static dyn Watcher> = AtomicPtr::new(core::ptr::null_mut());

/// Has `watcher` told of everything from now on.
pub fn on_change(watcher: &'static &'static dyn Watcher) {
    WATCHER.store((&raw const *watcher).cast_mut(), Ordering::Release);
}

/// Who watches, if somebody does.
#[inline]
pub(super) fn watcher() -> Option<&'static dyn Watcher> {
    // SAFETY: null, or what `on_change` stored, which is a static.
    unsafe { WATCHER.load(Ordering::Acquire).as_ref() }.copied()
}

/// Tells that something happened to an open file.
#[inline]
pub(super) fn opened(place: &Place, changes: Changes) {
    if let Some(watcher) = watcher() {
        watcher.opened(place, changes);
    }
}

/// Tells that something happened to a file.
#[inline]
pub fn found(node: &Node, changes: Changes) {
    if let Some(watcher) = watcher() {
        watcher.found(node, changes);
    }
}

/// Tells those who watch the file itself that something happened to it.
#[inline]
pub(super) fn itself(node: &Node, changes: Changes) {
    if let Some(watcher) = watcher() {
        watcher.itself(node, changes);
    }
}

/// Tells that something happened to a name in a directory.
#[inline]
pub(super) fn named(directory: &Node, name: &[u8], of_directory: bool, changes: Changes) {
    if let Some(watcher) = watcher() {
        watcher.named(directory, name, of_directory, changes, 0);
    }
}

/// Tells that a file has another name; `replaced` had that name before.
#[inline]
pub(super) fn moved(
    (from, from_name): (&Node, &[u8]),
    (to, to_name): (&Node, &[u8]),
    node: &Node,
    replaced: Option<&Node>,
) {
    if let Some(watcher) = watcher() {
        let (cookie, of_directory) = (watcher.cookie(), node.directory().is_some());
        watcher.named(from, from_name, of_directory, Changes::MOVED_FROM, cookie);
        watcher.named(to, to_name, of_directory, Changes::MOVED_TO, cookie);
        if let Some(replaced) = replaced {
            watcher.itself(replaced, Changes::ATTRIBUTES);
        }
        watcher.itself(node, Changes::MOVE_SELF);
    }
}
