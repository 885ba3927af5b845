//! Locks and waiting. [`SpinLock`] for a few instructions, also from interrupt handlers; the rest
//! may put the thread to sleep and is for threads only. All of them work on the host's threads,
//! so what is built on them is tested there.

mod mutex;
mod once;
mod rwlock;
mod spin;
pub(crate) mod wait;

pub use mutex::{Mutex, MutexGuard};
pub use once::Once;
pub use rwlock::{ReadGuard, RwLock, WriteGuard};
pub use spin::{SpinGuard, SpinLock};
pub use wait::WaitQueue;
