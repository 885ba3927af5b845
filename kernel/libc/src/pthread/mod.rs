//! `<pthread.h>`, one file a kind of object. The objects have glibc's sizes and static initialisers.
//!
//! There is one address space, so a process-shared object is like any other, and priorities are
//! accepted and remembered but all threads are scheduled alike.

pub mod attribute;
pub mod barrier;
pub mod cancel;
pub mod clock;
pub mod condition;
pub mod key;
pub mod mutex;
pub mod mutex_attribute;
pub mod once;
pub mod rwlock;
pub mod schedule;
pub mod spin;
pub mod thread;

#[cfg(test)]
mod tests;
