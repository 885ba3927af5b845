//! File descriptors: the one table of the one process.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use super::file::File;
use crate::errno::{EBADF, EINVAL, EMFILE, Result};
use crate::sync::SpinLock;
use crate::table::Tunable;

/// An entry of the table.
#[derive(Clone)]
struct Descriptor {
    file: Arc<dyn File>,
    close_on_exec: bool,
}

/// The table, in pieces: a large block would be brought in by page faults when it is touched, which
/// must not happen under a spin lock.
struct Table(Vec<Vec<Option<Descriptor>>>);

static TABLE: SpinLock<Table> = SpinLock::new(Table(Vec::new()));

/// Entries in a piece.
const PIECE: usize = 128;

impl Table {
    fn len(&self) -> usize {
        self.0.len() * PIECE
    }

    fn get(&self, at: usize) -> Option<&Option<Descriptor>> {
        self.0.get(at / PIECE)?.get(at % PIECE)
    }

    fn get_mut(&mut self, at: usize) -> Option<&mut Option<Descriptor>> {
        self.0.get_mut(at / PIECE)?.get_mut(at % PIECE)
    }

    /// Stores an entry; the one it replaces is handed back to be dropped outside the lock.
    fn put(&mut self, at: usize, entry: Descriptor) -> Option<Descriptor> {
        while self.len() <= at {
            let mut piece = Vec::new();
            piece.resize_with(PIECE, || None);
            self.0.push(piece);
        }
        self.get_mut(at)?.replace(entry)
    }
}

/// All descriptors below are in use; changed under the table's lock.
static LOWEST: AtomicUsize = AtomicUsize::new(0);

/// The soft limit of descriptors that a program starts with; Linux's.
#[cfg_attr(kernel, unsafe(no_mangle))]
pub static OPEN_FILES: Tunable<usize> = Tunable::new(1024);
/// The hard limit that it starts with.
const MOST: u32 = 1 << 20;
/// A soft limit that nobody has set.
const UNSET: u32 = u32::MAX;

/// `RLIMIT_NOFILE`: descriptors are below the soft limit, which is not above the hard one.
static LIMIT: [AtomicU32; 2] = [AtomicU32::new(UNSET), AtomicU32::new(MOST)];

/// Called with a file one of whose descriptors was closed; 0 until somebody asks.
static CLOSE_HOOK: AtomicUsize = AtomicUsize::new(0);

/// The soft and the hard limit of the number of descriptors.
pub fn limit() -> (u32, u32) {
    let soft = match LIMIT[0].load(Ordering::Relaxed) {
        UNSET => OPEN_FILES.get().min(MOST as usize) as u32,
        soft => soft,
    };
    (soft, LIMIT[1].load(Ordering::Relaxed))
}

/// Sets the limits; `EINVAL` if the soft one is above the hard one.
pub fn set_limit(soft: u32, hard: u32) -> Result<()> {
    if soft > hard || hard > MOST {
        return Err(EINVAL);
    }
    LIMIT[0].store(soft, Ordering::Relaxed);
    LIMIT[1].store(hard, Ordering::Relaxed);
    Ok(())
}

/// Has `hook` called whenever a descriptor is closed: record locks go with any of them.
pub fn on_close(hook: fn(&Arc<dyn File>)) {
    CLOSE_HOOK.store(hook as usize, Ordering::Release);
}

fn index(fd: i32) -> Result<usize> {
    usize::try_from(fd).map_err(|_| EBADF)
}

/// The file that `fd` refers to, or `EBADF`.
pub fn get(fd: i32) -> Result<Arc<dyn File>> {
    let table = TABLE.lock();
    let entry = table.get(index(fd)?).and_then(Option::as_ref);
    entry.map(|entry| entry.file.clone()).ok_or(EBADF)
}

/// `EMFILE` if there is no free descriptor now: for what must not be taken from where it waits then.
pub fn check_free() -> Result<()> {
    let limit = limit().0 as usize;
    let table = TABLE.lock();
    let mut free = LOWEST.load(Ordering::Relaxed);
    while table.get(free).is_some_and(Option::is_some) {
        free += 1;
    }
    LOWEST.store(free, Ordering::Relaxed);
    if free < limit { Ok(()) } else { Err(EMFILE) }
}

/// Gives `file` the lowest free descriptor; `EMFILE` at the limit.
pub fn install(file: Arc<dyn File>, close_on_exec: bool) -> Result<i32> {
    install_from(0, file, close_on_exec)
}

/// Gives `file` the lowest free descriptor not below `least` (`F_DUPFD`); `EINVAL` if `least` is
/// out of range, `EMFILE` if none is left.
pub fn install_from(least: i32, file: Arc<dyn File>, close_on_exec: bool) -> Result<i32> {
    let limit = limit().0 as usize;
    let least = usize::try_from(least).map_err(|_| EINVAL)?;
    if least >= limit {
        return Err(if least == 0 { EMFILE } else { EINVAL });
    }
    let mut table = TABLE.lock();
    let lowest = LOWEST.load(Ordering::Relaxed);
    let mut free = least.max(lowest);
    while table.get(free).is_some_and(Option::is_some) {
        free += 1;
    }
    if least <= lowest {
        LOWEST.store(free, Ordering::Relaxed);
    }
    if free >= limit {
        return Err(EMFILE);
    }
    table.put(free, Descriptor { file, close_on_exec });
    Ok(free as i32)
}

/// Makes `fd` refer to `file`, closing what it referred to (`dup2`); `EBADF` if out of range.
pub fn replace(fd: i32, file: Arc<dyn File>, close_on_exec: bool) -> Result<()> {
    let at = index(fd)?;
    if at >= limit().0 as usize {
        return Err(EBADF);
    }
    let old = TABLE.lock().put(at, Descriptor { file, close_on_exec });
    closed(old);
    Ok(())
}

/// Closes `fd`; `EBADF` if it is not open.
pub fn close(fd: i32) -> Result<()> {
    let at = index(fd)?;
    let mut table = TABLE.lock();
    let old = table.get_mut(at).and_then(Option::take);
    if old.is_none() {
        return Err(EBADF);
    }
    LOWEST.fetch_min(at, Ordering::Relaxed);
    drop(table);
    closed(old);
    Ok(())
}

fn closed(old: Option<Descriptor>) {
    let Some(old) = old else { return };
    let hook = CLOSE_HOOK.load(Ordering::Acquire);
    if hook != 0 {
        // SAFETY: only `on_close` stores here, and it stores a function of this type.
        let hook: fn(&Arc<dyn File>) = unsafe { core::mem::transmute(hook) };
        hook(&old.file);
    }
}

/// Whether `FD_CLOEXEC` is set.
pub fn close_on_exec(fd: i32) -> Result<bool> {
    let table = TABLE.lock();
    let entry = table.get(index(fd)?).and_then(Option::as_ref);
    entry.map(|entry| entry.close_on_exec).ok_or(EBADF)
}

/// Sets or clears `FD_CLOEXEC`. Nothing is ever executed, so it is only kept.
pub fn set_close_on_exec(fd: i32, value: bool) -> Result<()> {
    let mut table = TABLE.lock();
    let entry = table.get_mut(index(fd)?).and_then(Option::as_mut).ok_or(EBADF)?;
    entry.close_on_exec = value;
    Ok(())
}

/// The lowest open descriptor that is not below `from`: to list or close them all.
pub fn next_open(from: i32) -> Option<i32> {
    let table = TABLE.lock();
    let from = usize::try_from(from).ok()?;
    (from..table.len()).find(|&at| table.get(at).is_some_and(Option::is_some)).map(|at| at as i32)
}
