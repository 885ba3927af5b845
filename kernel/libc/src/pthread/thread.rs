//! Threads: create, join, detach and the end of one.

use super::attribute::{self, Attributes, HAS_MASK, HAS_STACK};
use super::{key, mutex};
use crate::errno::{EAGAIN, EBUSY, EDEADLK, EINTR, EINVAL, ESRCH, ETIMEDOUT, Errno};
use crate::time::clock::{self, timespec};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ffi::{c_int, c_void};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use kcore::futex;
use kcore::loader::tls as storage;
use kcore::memory::vm::{self, Place, Protection, Request};
use kcore::sched::{self, Spawn, Thread};
use kcore::sync::SpinLock;
use kcore::time::Instant;
use kcore::tls::{self, Tcb};
use macros::export;

/// `Tcb::join`: the thread can be joined.
const JOINABLE: u32 = 0;
/// It was detached.
pub(super) const DETACHED: u32 = 1;
/// It has ended, or is about to leave its stack.
const ENDED: u32 = 2;

/// Threads that run application code.
static RUNNING: AtomicUsize = AtomicUsize::new(1);

/// Blocks of threads that ended detached, or were joined: their memory is used again or given back,
/// once they have left it.
struct Ended(Vec<&'static Tcb>);

// SAFETY: the blocks belong to threads that have ended.
unsafe impl Send for Ended {}

static ENDED_BLOCKS: SpinLock<Ended> = SpinLock::new(Ended(Vec::new()));
/// So many stacks are kept for new threads.
const KEPT: usize = 8;

/// Starts a thread. Zero, `EAGAIN` or `EINVAL`.
#[export]
pub unsafe extern "C" fn pthread_create(
    thread: *mut *const Tcb,
    attributes: *const Attributes,
    start: extern "C-unwind" fn(*mut c_void) -> *mut c_void,
    argument: *mut c_void,
) -> c_int {
    // SAFETY: the caller's: null or attributes.
    let attributes = unsafe { attributes.as_ref() }.copied().unwrap_or_else(attribute::default);
    match create(&attributes, start as *const () as usize, argument.addr()) {
        Ok(block) => {
            // SAFETY: the caller's.
            unsafe { *thread = block };
            0
        }
        Err(error) => error.number(),
    }
}

/// Makes a thread's memory and starts it.
pub(crate) fn create(attributes: &Attributes, start: usize, argument: usize) -> Result<*const Tcb, Errno> {
    let block = memory(attributes)?;
    let creator = tls::current();
    // The flag that lets libstdc++ and the application do without atomics is over.
    creator.multiple_threads.store(1, Ordering::Relaxed);
    block.multiple_threads.store(1, Ordering::Relaxed);
    // SAFETY: an exported variable that only ever goes from 1 to 0.
    unsafe { &*crate::start::__libc_single_threaded.get() }.store(0, Ordering::Relaxed);
    block.start.set((start, argument));
    block.name.set(creator.name.get());
    block.scheduling.set((attributes.policy, attributes.priority));
    let inherited = creator.signal_mask.load(Ordering::Relaxed);
    let mask = if attributes.flags & HAS_MASK != 0 { attributes.signal_mask } else { inherited };
    block.signal_mask.store(mask, Ordering::Relaxed);
    let detached = attributes.flags & attribute::DETACHED != 0;
    block.join.store(if detached { DETACHED } else { JOINABLE }, Ordering::Relaxed);
    // Not 0 until it has left its stack; its own number is set by itself.
    block.tid.store(u32::MAX, Ordering::Relaxed);
    RUNNING.fetch_add(1, Ordering::Relaxed);
    tls::enlist(block);
    let spawned = sched::spawn(Spawn {
        entry: begin,
        argument: core::ptr::from_ref(block).addr(),
        stack_top: block.stack_base.get() + block.stack_length.get(),
        tcb: core::ptr::from_ref(block).addr(),
        clear_on_exit: block.tid.as_ptr().addr(),
        affinity: attributes.affinity,
    });
    match spawned {
        Ok(scheduled) => {
            block.thread.store(Arc::into_raw(scheduled).cast_mut().cast(), Ordering::Release);
            Ok(block)
        }
        Err(_) => {
            tls::delist(block);
            RUNNING.fetch_sub(1, Ordering::Relaxed);
            block.tid.store(0, Ordering::Relaxed);
            retire(block);
            Err(EAGAIN)
        }
    }
}

/// Where a new thread starts.
unsafe extern "C-unwind" fn begin(block: usize) -> ! {
    // SAFETY: `create` passes the thread's block.
    let block = unsafe { &*(block as *const Tcb) };
    let own = sched::current();
    block.thread.store(core::ptr::from_ref(own).cast_mut().cast(), Ordering::Release);
    // The word may be cleared by the scheduler only, so it still holds what `create` put there.
    block.tid.store(own.id(), Ordering::Release);
    let (start, argument) = block.start.get();
    // SAFETY: the application's start function, of this type.
    let start: extern "C-unwind" fn(usize) -> usize = unsafe { core::mem::transmute(start) };
    let result = start(argument);
    block.result.store(result, Ordering::Relaxed);
    finish()
}

/// Ends the calling thread, whose result is set: destructors, then the rest of the process goes on.
pub(crate) extern "C-unwind" fn finish() -> ! {
    let block = tls::current();
    block.cancel.fetch_or(1, Ordering::Relaxed);
    crate::start::__call_tls_dtors();
    key::destroy_all();
    if RUNNING.fetch_sub(1, Ordering::AcqRel) == 1 {
        // The last thread ends the process, as the first does when it returns from `main`.
        crate::start::exit(0);
    }
    mutex::abandon_all();
    block.signal_mask.store(u64::MAX, Ordering::Relaxed);
    tls::delist(block);
    super::cancel::free_exception(block);
    storage::release(block);
    if block.join.swap(ENDED, Ordering::AcqRel) == DETACHED {
        ENDED_BLOCKS.lock().0.push(block);
    }
    // The scheduler clears and wakes `tid` when the stack is no longer in use.
    sched::exit_current()
}

/// Memory for a thread: guard, stack, static TLS and control block, or the last two at the end of
/// the stack that the application brings.
fn memory(attributes: &Attributes) -> Result<&'static Tcb, Errno> {
    const PAGE: usize = 4096;
    let layout = storage::thread_layout();
    let guard = attributes.guard.next_multiple_of(PAGE);
    let default = if attributes.stack_length == 0 {
        attribute::default().stack_length
    } else {
        attributes.stack_length
    };
    let (bottom, end, mapping) = if attributes.flags & HAS_STACK != 0 {
        (attributes.stack_end - default, attributes.stack_end, 0)
    } else {
        let length = default.checked_next_multiple_of(PAGE).ok_or(EINVAL)?;
        let whole = length.checked_add(guard).and_then(|sum| sum.checked_add(layout.size())).ok_or(EAGAIN)?;
        let whole = whole.next_multiple_of(PAGE);
        let mapping = match reuse(whole, guard) {
            Some(mapping) => mapping,
            None => map(whole, guard)?,
        };
        (mapping + guard, mapping + whole, mapping)
    };
    let start = (end - layout.size()) & !(layout.align() - 1);
    // SAFETY: the end of the thread's own memory, which is as long as the layout says.
    let block = unsafe {
        (start as *mut u8).write_bytes(0, layout.size());
        let block = storage::control_block(start as *mut u8);
        let own = tls::current();
        Tcb::initialise(block, own.canary.get(), own.pointer_guard.get());
        storage::fill(block);
        &*block
    };
    if mapping != 0 {
        block.mapping.set(mapping);
        block.mapping_length.set(end - mapping);
    }
    block.stack_base.set(bottom);
    block.stack_length.set((start & !15) - bottom);
    block.guard_length.set(guard);
    Ok(block)
}

fn map(length: usize, guard: usize) -> Result<usize, Errno> {
    let mapping = vm::map(Request::zeros(Place::Any, length, Protection::DATA)).map_err(|_| EAGAIN)?;
    if guard != 0 {
        // SAFETY: just mapped, and nobody uses it.
        unsafe { vm::protect(mapping, guard, Protection::default()) }.map_err(|_| EAGAIN)?;
    }
    Ok(mapping)
}

/// Takes a mapping of this length from a thread that has left it; gives others back if too many wait.
fn reuse(length: usize, guard: usize) -> Option<usize> {
    let mut ended = ENDED_BLOCKS.lock();
    let mut gone = Vec::new();
    let mut found = None;
    let mut index = 0;
    while let Some(&block) = ended.0.get(index) {
        let left = block.tid.load(Ordering::Acquire) == 0;
        let fits = block.mapping_length.get() == length && block.guard_length.get() == guard;
        if left && fits && found.is_none() {
            found = Some(block);
            ended.0.swap_remove(index);
        } else if left && (ended.0.len() > KEPT || block.mapping.get() == 0) {
            gone.push(block);
            ended.0.swap_remove(index);
        } else {
            index += 1;
        }
    }
    drop(ended);
    for block in gone {
        give_back(block);
    }
    let block = found?;
    let mapping = block.mapping.get();
    forget_thread(block);
    Some(mapping)
}

/// Lets go of the scheduler's thread and of what the block holds.
fn forget_thread(block: &Tcb) {
    let scheduled = block.thread.swap(null_mut(), Ordering::AcqRel).cast::<Thread>();
    if !scheduled.is_null() {
        // SAFETY: `create` stored what `Arc::into_raw` gave, and the thread has ended.
        drop(unsafe { Arc::from_raw(scheduled) });
    }
}

/// Unmaps the memory of a thread that has left it.
fn give_back(block: &'static Tcb) {
    let (mapping, length) = (block.mapping.get(), block.mapping_length.get());
    forget_thread(block);
    if mapping != 0 {
        // What was mapped in one piece can be unmapped, so there is no error to report.
        // SAFETY: the thread has left it, and nobody else may use it.
        let _ = unsafe { vm::unmap(mapping, length) };
    }
}

/// A thread's block that nobody can ask for any more.
fn retire(block: &'static Tcb) {
    ENDED_BLOCKS.lock().0.push(block);
}

/// Waits for a thread's end. A cancellation point. Zero, `EDEADLK`, `EINVAL` or `ESRCH`.
#[export]
pub unsafe extern "C-unwind" fn pthread_join(thread: *const Tcb, result: *mut *mut c_void) -> c_int {
    // SAFETY: the caller's.
    unsafe { join(thread, result, None) }
}

/// As `pthread_join`, or `EBUSY` if the thread has not ended.
#[export]
pub unsafe extern "C-unwind" fn pthread_tryjoin_np(thread: *const Tcb, result: *mut *mut c_void) -> c_int {
    // SAFETY: the caller's.
    unsafe {
        if !thread.is_null() && (*thread).tid.load(Ordering::Acquire) != 0 {
            return EBUSY.number();
        }
        join(thread, result, None)
    }
}

/// As `pthread_join`, until the wall clock shows `until` at most.
#[export]
pub unsafe extern "C-unwind" fn pthread_timedjoin_np(
    thread: *const Tcb,
    result: *mut *mut c_void,
    until: *const timespec,
) -> c_int {
    // SAFETY: the caller's.
    unsafe { pthread_clockjoin_np(thread, result, clock::REALTIME, until) }
}

/// As `pthread_join`, until `clock` shows `until` at most.
#[export]
pub unsafe extern "C-unwind" fn pthread_clockjoin_np(
    thread: *const Tcb,
    result: *mut *mut c_void,
    clock: c_int,
    until: *const timespec,
) -> c_int {
    // SAFETY: the caller's.
    unsafe {
        match until.as_ref().map(|until| clock::instant(clock, until)).transpose() {
            Ok(deadline) => join(thread, result, deadline),
            Err(error) => error.number(),
        }
    }
}

unsafe extern "C-unwind" fn join(
    thread: *const Tcb,
    result: *mut *mut c_void,
    deadline: Option<Instant>,
) -> c_int {
    // SAFETY: the callers': a thread that has not been joined, so its block exists.
    let Some(block) = (unsafe { thread.as_ref::<'static>() }) else { return ESRCH.number() };
    let me = tls::current();
    if block.join.load(Ordering::Acquire) == DETACHED {
        return EINVAL.number();
    }
    if core::ptr::eq(block, me) || core::ptr::eq(me.joiner.load(Ordering::Relaxed), block) {
        return EDEADLK.number();
    }
    let own = core::ptr::from_ref(me).cast_mut();
    if block.joiner.compare_exchange(null_mut(), own, Ordering::AcqRel, Ordering::Acquire).is_err() {
        return EINVAL.number();
    }
    // A thread that is cancelled here leaves the other joinable.
    loop {
        let tid = block.tid.load(Ordering::Acquire);
        if tid == 0 {
            break;
        }
        if !me.cancel_hook.load(Ordering::Acquire).is_null() {
            block.joiner.store(null_mut(), Ordering::Release);
            tls::cancellation_point();
            block.joiner.store(own, Ordering::Release);
        }
        match futex::wait(&block.tid, tid, deadline) {
            Err(ETIMEDOUT) => {
                block.joiner.store(null_mut(), Ordering::Release);
                return ETIMEDOUT.number();
            }
            Err(EINTR) => drop(kcore::signal::handle_pending()),
            _ => {}
        }
    }
    if !result.is_null() {
        // SAFETY: the caller's.
        unsafe { *result = block.result.load(Ordering::Relaxed) as *mut c_void };
    }
    retire(block);
    0
}

/// Lets a thread's memory go when it ends. Zero, `EINVAL` or `ESRCH`.
#[export]
pub unsafe extern "C" fn pthread_detach(thread: *const Tcb) -> c_int {
    // SAFETY: the caller's: a thread that has not been joined.
    let Some(block) = (unsafe { thread.as_ref::<'static>() }) else { return ESRCH.number() };
    match block.join.compare_exchange(JOINABLE, DETACHED, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => 0,
        Err(DETACHED) => EINVAL.number(),
        Err(_) => {
            retire(block);
            0
        }
    }
}

/// The calling thread.
#[export]
pub extern "C" fn pthread_self() -> *const Tcb {
    tls::current()
}

/// Whether two threads are the same. Non-zero if so.
#[export]
pub extern "C" fn pthread_equal(one: *const Tcb, other: *const Tcb) -> c_int {
    c_int::from(core::ptr::eq(one, other))
}

/// Registers functions to be called around `fork`, which always fails here. Zero.
#[export]
pub extern "C" fn pthread_atfork(
    _prepare: Option<extern "C" fn()>,
    _parent: Option<extern "C" fn()>,
    _child: Option<extern "C" fn()>,
) -> c_int {
    0
}

/// How many threads the application wants to run at once: a hint that has no effect. Zero.
#[export]
pub extern "C" fn pthread_setconcurrency(level: c_int) -> c_int {
    if level < 0 {
        return EINVAL.number();
    }
    CONCURRENCY.store(level as u32, Ordering::Relaxed);
    0
}

static CONCURRENCY: AtomicU32 = AtomicU32::new(0);

/// What was set by `pthread_setconcurrency`, or 0.
#[export]
pub extern "C" fn pthread_getconcurrency() -> c_int {
    CONCURRENCY.load(Ordering::Relaxed) as c_int
}
