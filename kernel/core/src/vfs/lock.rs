//! Locks on files: POSIX record locks, those of open files (`F_OFD_…`), and `flock`.
//!
//! There is one process, so its POSIX locks never stand in each other's way; they do conflict with
//! locks of open files, and those with each other. `flock` locks are a world of their own, as on
//! Linux.

use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;

use super::fd;
use super::file::File;
use super::node::Node;
use crate::errno::{EAGAIN, EBADF, Result};
use crate::sync::{Mutex, WaitQueue};

/// Whose a lock is.
#[derive(Clone)]
pub enum Owner {
    /// The process (`F_SETLK`).
    Process,
    /// An open file (`F_OFD_SETLK`).
    Open(Weak<dyn File>),
    /// An open file (`flock`).
    Whole(Weak<dyn File>),
}

impl Owner {
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Process, Self::Process) => true,
            (Self::Open(one), Self::Open(two)) | (Self::Whole(one), Self::Whole(two)) => {
                Weak::ptr_eq(one, two)
            }
            _ => false,
        }
    }

    fn gone(&self) -> bool {
        match self {
            Self::Process => false,
            Self::Open(file) | Self::Whole(file) => file.strong_count() == 0,
        }
    }

    fn same_world(&self, other: &Self) -> bool {
        matches!(self, Self::Whole(_)) == matches!(other, Self::Whole(_))
    }
}

/// What is locked and how.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Range {
    /// First byte.
    pub start: u64,
    /// The byte after the last; `u64::MAX` for "to the end, wherever that is".
    pub end: u64,
    /// A write lock.
    pub exclusive: bool,
}

struct Lock {
    node: Arc<Node>,
    owner: Owner,
    range: Range,
}

static LOCKS: Mutex<Vec<Lock>> = Mutex::new(Vec::new());
static RELEASED: WaitQueue = WaitQueue::new();

/// The first lock that keeps `owner` from locking `range`, and whether it is the process's.
pub fn conflict(node: &Arc<Node>, owner: &Owner, range: Range) -> Option<(Range, bool)> {
    let mut locks = LOCKS.lock();
    find_conflict(&mut locks, node, owner, range)
}

fn find_conflict(
    locks: &mut Vec<Lock>,
    node: &Arc<Node>,
    owner: &Owner,
    range: Range,
) -> Option<(Range, bool)> {
    locks.retain(|lock| !lock.owner.gone());
    let blocks = |lock: &&Lock| {
        Arc::ptr_eq(&lock.node, node)
            && lock.owner.same_world(owner)
            && !lock.owner.is(owner)
            && lock.range.start < range.end
            && range.start < lock.range.end
            && (lock.range.exclusive || range.exclusive)
    };
    locks.iter().find(blocks).map(|lock| (lock.range, matches!(lock.owner, Owner::Process)))
}

/// Takes what the owner has of `range` away.
fn cut(locks: &mut Vec<Lock>, node: &Arc<Node>, owner: &Owner, range: Range) {
    let mut rest = Vec::new();
    locks.retain_mut(|lock| {
        if !Arc::ptr_eq(&lock.node, node) || !lock.owner.is(owner) {
            return true;
        }
        let old = lock.range;
        if old.end <= range.start || range.end <= old.start {
            return true;
        }
        if range.end < old.end {
            let tail = Range { start: range.end, ..old };
            rest.push(Lock { node: node.clone(), owner: owner.clone(), range: tail });
        }
        lock.range.end = range.start;
        old.start < range.start
    });
    locks.append(&mut rest);
}

/// Locks `range`, replacing what the owner had there. `wait`: sleeps while somebody else is in the
/// way, else `EAGAIN`; `EINTR` if a signal comes.
pub fn lock(node: &Arc<Node>, owner: &Owner, range: Range, wait: bool) -> Result<()> {
    fd::on_close(closed);
    let attempt = || {
        let mut locks = LOCKS.lock();
        if find_conflict(&mut locks, node, owner, range).is_some() {
            return if wait { None } else { Some(Err(EAGAIN)) };
        }
        cut(&mut locks, node, owner, range);
        locks.push(Lock { node: node.clone(), owner: owner.clone(), range });
        Some(Ok(()))
    };
    RELEASED.wait_until(None, attempt)??;
    // An exclusive lock may have become a shared one.
    RELEASED.wake_all();
    Ok(())
}

/// Unlocks what the owner has of `range`.
pub fn unlock(node: &Arc<Node>, owner: &Owner, range: Range) {
    cut(&mut LOCKS.lock(), node, owner, range);
    RELEASED.wake_all();
}

/// The whole of a file.
pub const WHOLE: Range = Range { start: 0, end: u64::MAX, exclusive: true };

/// A descriptor was closed: the process's locks on that file are gone, and those of an open file
/// that nobody has any more.
fn closed(file: &Arc<dyn File>) {
    if let Some(node) = file.node() {
        unlock(node, &Owner::Process, WHOLE);
    }
    if Arc::strong_count(file) == 1 {
        let this = Arc::downgrade(file);
        let gone = |owner: &Owner| match owner {
            Owner::Process => false,
            Owner::Open(other) | Owner::Whole(other) => Weak::ptr_eq(other, &this),
        };
        LOCKS.lock().retain(|lock| !gone(&lock.owner));
        RELEASED.wake_all();
    }
}

/// `EBADF` unless the file was opened for what a lock of that kind needs.
pub fn check_access(file: &dyn File, exclusive: bool) -> Result<()> {
    let flags = file.status().get();
    let allowed = if exclusive { flags.writes() } else { flags.reads() };
    if allowed { Ok(()) } else { Err(EBADF) }
}
