//! The lock of the thread that changes what is loaded, and the lists of what is.
//!
//! Constructors run while it is held and may open libraries themselves, so it is recursive. The
//! lists have spin locks of their own: exceptions are thrown on other threads meanwhile.

use super::message::Message;
use super::object::Object;
use super::symbols::Member;
use crate::sched;
use crate::sync::{Mutex, MutexGuard, SpinLock};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicUsize, Ordering};

static LOCK: Mutex<()> = Mutex::new(());
/// The thread that holds it, by the address of its description.
static OWNER: AtomicUsize = AtomicUsize::new(0);

/// The lock is held for as long as this lives.
pub struct Held(Option<MutexGuard<'static, ()>>);

/// Takes the lock, unless the calling thread has it.
pub fn lock() -> Held {
    let me = core::ptr::from_ref(sched::current()).addr();
    if OWNER.load(Ordering::Relaxed) == me {
        return Held(None);
    }
    let guard = LOCK.lock();
    OWNER.store(me, Ordering::Relaxed);
    Held(Some(guard))
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.0.is_some() {
            OWNER.store(0, Ordering::Relaxed);
        }
    }
}

/// All loaded objects in the order of loading; the program is the first.
pub static OBJECTS: SpinLock<Vec<&'static Object>> = SpinLock::new(Vec::new());
/// The global scope: the program with all it needs, and what was opened `RTLD_GLOBAL`.
pub static GLOBAL: SpinLock<Vec<Member>> = SpinLock::new(Vec::new());
/// Objects in the order in which their constructors ran.
pub static INITIALISED: SpinLock<Vec<&'static Object>> = SpinLock::new(Vec::new());

/// A copy of a list, so that no lock is held while it is gone through.
pub fn copy<T: Copy>(list: &SpinLock<Vec<T>>) -> Vec<T> {
    list.lock().clone()
}

/// The program, once it is loaded.
pub fn program() -> Option<&'static Object> {
    OBJECTS.lock().first().copied().filter(|object| object.is_program)
}

/// The object at whose segments the address lies.
pub fn object_at(address: usize) -> Option<&'static Object> {
    OBJECTS.lock().iter().copied().find(|object| object.contains(address))
}

/// A message for a library that the kernel's memory is short for.
pub fn no_memory(path: &[u8]) -> Message {
    super::message::about(path, "cannot map the file: Cannot allocate memory")
}
