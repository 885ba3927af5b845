//! What the kernel knows of a thread.

use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering};

/// It runs or is ready to run; no wake-up token.
const RUNNING: u8 = 0;
/// It has a wake-up token: its next park returns at once.
const NOTIFIED: u8 = 1;
/// It sleeps; whoever brings the token makes it ready.
const PARKED: u8 = 2;

/// A thread.
#[cfg_attr(not(kernel), allow(dead_code, reason = "std schedules threads on the host"))]
pub struct Thread {
    id: u32,
    state: AtomicU8,
    signal: AtomicBool,
    /// The processor it ran on last, and whose queue it is on while it is ready.
    pub(super) processor: AtomicU32,
    affinity: AtomicU64,
    /// The next thread on the run queue that this one is on.
    pub(super) next: AtomicPtr<Thread>,
    /// What is left of its time slice, in nanoseconds; 0 when it has been used up.
    pub(super) slice: AtomicU64,
    /// How long it has run, in ticks of the time stamp counter.
    pub(super) ran: AtomicU64,
    tcb: AtomicUsize,
    /// See [`super::Spawn::clear_on_exit`].
    pub(super) clear_on_exit: AtomicUsize,
    /// What backs it: a saved context in the kernel, a `std` thread on the host.
    pub(super) backing: super::Backing,
}

impl Thread {
    pub(in crate::sched) fn new(
        affinity: u64,
        tcb: usize,
        clear_on_exit: usize,
        backing: super::Backing,
    ) -> Self {
        // The first thread's id is the process id, and programs take 1 for init's.
        static NEXT: AtomicU32 = AtomicU32::new(2);
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            state: AtomicU8::new(RUNNING),
            signal: AtomicBool::new(false),
            processor: AtomicU32::new(0),
            affinity: AtomicU64::new(affinity),
            next: AtomicPtr::new(core::ptr::null_mut()),
            slice: AtomicU64::new(super::queue::SLICE),
            ran: AtomicU64::new(0),
            tcb: AtomicUsize::new(tcb),
            clear_on_exit: AtomicUsize::new(clear_on_exit),
            backing,
        }
    }

    /// Its number, unique while the kernel runs; gettid(2).
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Its thread control block, 0 if it has none.
    #[must_use]
    pub fn tcb(&self) -> usize {
        self.tcb.load(Ordering::Relaxed)
    }

    pub(super) fn store_tcb(&self, tcb: usize) {
        self.tcb.store(tcb, Ordering::Relaxed);
    }

    /// The processors it may run on, a bit each.
    #[must_use]
    pub fn affinity(&self) -> u64 {
        self.affinity.load(Ordering::Relaxed)
    }

    pub(super) fn store_affinity(&self, mask: u64) {
        self.affinity.store(mask, Ordering::Relaxed);
    }

    /// Says at [`super::exit_current`] which word to clear and wake, instead of what
    /// [`super::Spawn::clear_on_exit`] said (set_tid_address(2)).
    pub fn set_clear_on_exit(&self, address: usize) {
        self.clear_on_exit.store(address, Ordering::Relaxed);
    }

    /// Whether [`super::interrupt`] was called and nobody has dealt with it.
    #[inline]
    #[must_use]
    pub fn signal_pending(&self) -> bool {
        self.signal.load(Ordering::Acquire)
    }

    pub(super) fn set_signal(&self) {
        self.signal.store(true, Ordering::Release);
    }

    /// The interruption has been dealt with. True if there was one.
    pub fn clear_signal(&self) -> bool {
        self.signal.swap(false, Ordering::AcqRel)
    }

    /// Gives the wake-up token; true if the thread slept, so the caller has to make it ready.
    pub(super) fn notify(&self) -> bool {
        self.state.swap(NOTIFIED, Ordering::AcqRel) == PARKED
    }

    /// Takes the token, if there is one.
    pub(super) fn take_token(&self) -> bool {
        self.state.swap(RUNNING, Ordering::AcqRel) == NOTIFIED
    }

    /// Marks it asleep, once its context has been saved; false if a token came in between.
    #[cfg_attr(not(kernel), allow(dead_code, reason = "std parks threads on the host"))]
    pub(super) fn fall_asleep(&self) -> bool {
        self.state.compare_exchange(RUNNING, PARKED, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}
