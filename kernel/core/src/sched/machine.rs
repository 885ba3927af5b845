//! Threads on the machine: switching, sleeping, and what each processor has for that.

use super::queue::{RunQueue, SLICE};
use super::{Spawn, Thread, smp};
use crate::errno::{EAGAIN, EINVAL, Result};
use crate::memory::{frames, heap};
use crate::sync::SpinLock;
use crate::time::timer::{Timer, Timers};
use crate::time::{self, Instant};
use alloc::sync::Arc;
use core::cell::{Cell, UnsafeCell};
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use core::time::Duration;
use hal::mem::{PAGE_SIZE, PhysAddr, phys_to_virt};
use hal::percpu::{self, TRAP_STACK_SIZE};

/// The most processors that are used; affinities are words with a bit each.
pub const MAX_CPUS: usize = 64;
const TRAP_STACK_ORDER: u32 = (TRAP_STACK_SIZE / PAGE_SIZE).ilog2();

/// What a thread is on the machine.
pub struct Backing {
    /// The stack pointer of its saved context, while it does not run.
    context: UnsafeCell<usize>,
    /// The frames of its trap stack; none for a processor's idle thread, which traps on its own.
    trap_stack: Option<PhysAddr>,
    trap_top: usize,
}

// SAFETY: `context` belongs to whoever switches to or from the thread, one processor at a time.
unsafe impl Sync for Backing {}
// SAFETY: nothing in it is tied to a thread.
unsafe impl Send for Backing {}

impl Drop for Backing {
    fn drop(&mut self) {
        if let Some(stack) = self.trap_stack {
            // SAFETY: the thread is gone, so its trap stack is unused.
            unsafe { frames::release(stack, TRAP_STACK_ORDER) };
        }
    }
}

/// What becomes of the thread that is switched from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    /// It is ready and goes back to a queue.
    Ready,
    /// It sleeps, unless it has been given a token.
    Sleep,
    /// It is gone.
    Gone,
    /// It is the idle thread: nothing.
    Idle,
}

/// What a processor has for its threads.
pub(crate) struct Cpu {
    pub(super) index: u32,
    pub(super) apic_id: AtomicU32,
    queue: SpinLock<RunQueue>,
    /// The queue's length, for a look without the lock.
    ready: AtomicUsize,
    /// The thread that runs when no other is ready.
    idle: AtomicPtr<Thread>,
    /// The thread just switched from, and what becomes of it.
    previous: Cell<(*const Thread, After)>,
    /// Set when the running thread should make room.
    reschedule: AtomicBool,
    /// When the running thread was switched to, by the time stamp counter.
    since: AtomicU64,
    /// When the running thread's slice ends, in nanoseconds; `u64::MAX` while nobody else is ready.
    slice_end: Cell<u64>,
    /// When the running thread is to be interrupted once more because signals wait for it, in
    /// nanoseconds; `u64::MAX` for not.
    look_again: Cell<u64>,
    pub(crate) timers: SpinLock<Timers>,
    heap_cache: UnsafeCell<heap::Cache>,
}

// SAFETY: what is not behind a lock or atomic is used by its own processor only, interrupts off.
unsafe impl Sync for Cpu {}

impl Cpu {
    pub(super) const fn new(index: u32, apic_id: u32) -> Self {
        Self {
            index,
            apic_id: AtomicU32::new(apic_id),
            queue: SpinLock::new(RunQueue::new()),
            ready: AtomicUsize::new(0),
            idle: AtomicPtr::new(core::ptr::null_mut()),
            previous: Cell::new((core::ptr::null(), After::Idle)),
            reschedule: AtomicBool::new(false),
            since: AtomicU64::new(0),
            slice_end: Cell::new(u64::MAX),
            look_again: Cell::new(u64::MAX),
            timers: SpinLock::new(Timers::new()),
            heap_cache: UnsafeCell::new(heap::Cache::new()),
        }
    }
}

static FIRST_CPU: Cpu = Cpu::new(0, 0);
/// The processors that run; null beyond the last.
static CPUS: [AtomicPtr<Cpu>; MAX_CPUS] = [const { AtomicPtr::new(core::ptr::null_mut()) }; MAX_CPUS];
/// The processors that are in their idle loop, a bit each.
static IDLE: AtomicU64 = AtomicU64::new(0);
/// The processors that have to flush their translations before they leave their idle loop, a bit each.
static STALE: AtomicU64 = AtomicU64::new(0);
/// The processors that run, a bit each.
static ONLINE: AtomicU64 = AtomicU64::new(0);
/// How long all threads but the idle ones have run, in ticks, up to their last switch.
static ALL_RAN: AtomicU64 = AtomicU64::new(0);

/// This processor's data; interrupts have to be off while it is used.
#[inline]
pub(crate) fn this_cpu() -> &'static Cpu {
    // SAFETY: set before the first use, to data that is never freed.
    unsafe { &*percpu::scheduler().cast::<Cpu>() }
}

/// This processor's cache of free objects.
#[inline]
pub(crate) fn this_cpu_heap_cache() -> *mut heap::Cache {
    this_cpu().heap_cache.get()
}

pub(crate) fn cpu(index: u32) -> Option<&'static Cpu> {
    // SAFETY: published when complete, never freed.
    unsafe { CPUS.get(index as usize)?.load(Ordering::Acquire).as_ref() }
}

/// The processors that run, but for this one, a bit each.
pub(crate) fn other_cpus() -> u64 {
    ONLINE.load(Ordering::SeqCst) & !(1 << percpu::index())
}

/// Lets the idle ones of a set of processors flush their translations when they wake; returns the
/// others, which have to be told.
pub(crate) fn flush_at_wake(set: u64) -> u64 {
    STALE.fetch_or(set, Ordering::SeqCst);
    // One that leaves its idle loop clears its bit of IDLE first and looks at STALE then.
    let awake = set & !IDLE.load(Ordering::SeqCst);
    STALE.fetch_and(!awake, Ordering::SeqCst);
    awake
}

/// Calls `each` with the APIC identifier of every processor of a set.
pub(crate) fn for_each_cpu(mut set: u64, each: fn(u32)) {
    while set != 0 {
        if let Some(cpu) = cpu(set.trailing_zeros()) {
            each(cpu.apic_id.load(Ordering::Relaxed));
        }
        set &= set - 1;
    }
}

/// Whether a processor runs.
pub(super) fn is_online(index: u32) -> bool {
    ONLINE.load(Ordering::SeqCst) & 1 << index != 0
}

/// Notes the first processor's APIC identifier, which is known when its APIC is.
pub(super) fn set_first_apic_id(id: u32) {
    FIRST_CPU.apic_id.store(id, Ordering::Relaxed);
}

/// Makes the code that runs this processor's idle thread, on whose stack it is.
///
/// # Safety
/// Called once on each processor, interrupts off; `page` is a zeroed page for `percpu`, nobody
/// else's; `stack_top` is the end of this stack.
pub(super) unsafe fn become_idle(page: *mut u8, cpu: &'static Cpu, stack_top: usize) {
    // SAFETY: as the caller says; the gates are there.
    unsafe {
        percpu::install(page, cpu.index, stack_top);
        percpu::set_scheduler(core::ptr::from_ref(cpu).cast());
    }
    hal::trap::load();
    hal::fpu::enable();
    let backing = Backing { context: UnsafeCell::new(0), trap_stack: None, trap_top: stack_top };
    let idle = Arc::into_raw(Arc::new(Thread::new(1 << cpu.index, 0, 0, backing)));
    cpu.idle.store(idle.cast_mut(), Ordering::Relaxed);
    // SAFETY: the thread is never freed; interrupts are off.
    unsafe { percpu::set_current(idle.cast()) };
    cpu.since.store(hal::cpu::tsc(), Ordering::Relaxed);
    if let Some(place) = CPUS.get(cpu.index as usize) {
        place.store(core::ptr::from_ref(cpu).cast_mut(), Ordering::Release);
    }
    ONLINE.fetch_or(1 << cpu.index, Ordering::SeqCst);
}

/// Sets up the first processor, on its boot stack.
///
/// # Safety
/// Called once, when frames can be allocated.
pub unsafe fn initialise() {
    let Some(page) = frames::allocate(0) else { hal::cpu::halt_forever() };
    let page = phys_to_virt(page);
    hal::trap::initialise();
    // SAFETY: the page is new; this is the first processor on its boot stack.
    unsafe {
        page.write_bytes(0, PAGE_SIZE);
        percpu::install(page, 0, hal::boot::stack_top());
        percpu::set_scheduler((&raw const FIRST_CPU).cast());
        become_idle(page, &FIRST_CPU, hal::boot::stack_top());
    }
}

/// The thread that asks.
#[inline]
pub fn current() -> &'static Thread {
    // SAFETY: set before the first use; a thread is alive while it runs.
    unsafe { &*percpu::current().cast::<Thread>() }
}

/// Starts a thread.
///
/// # Errors
/// [`EAGAIN`] without memory for it.
pub fn spawn(request: Spawn) -> Result<Arc<Thread>> {
    smp::start_processors();
    spawn_here(request)
}

/// Starts a thread, without starting the other processors for it.
pub(crate) fn spawn_here(request: Spawn) -> Result<Arc<Thread>> {
    let affinity = if request.affinity == 0 { current().affinity_for_children() } else { request.affinity };
    let trap_stack = frames::allocate(TRAP_STACK_ORDER).ok_or(EAGAIN)?;
    let trap_top = phys_to_virt(trap_stack).expose_provenance() + TRAP_STACK_SIZE;
    // Brought in now: the thread's first steps are with interrupts off.
    let ahead: *const u8 = core::ptr::with_exposed_provenance(request.stack_top - PAGE_SIZE);
    // SAFETY: the caller's stack is at least a page.
    let context = unsafe {
        ahead.read_volatile();
        hal::context::prepare(request.stack_top, arrived, request.entry, request.argument)
    };
    let backing = Backing { context: UnsafeCell::new(context), trap_stack: Some(trap_stack), trap_top };
    let thread = Arc::new(Thread::new(affinity, request.tcb, request.clear_on_exit, backing));
    thread.processor.store(current().processor.load(Ordering::Relaxed), Ordering::Relaxed);
    enqueue(thread.clone());
    Ok(thread)
}

/// The first thing a new thread does.
extern "C" fn arrived() {
    finish_switch();
}

/// Ends the calling thread. Its stack is left before [`Spawn::clear_on_exit`]'s word is cleared.
pub fn exit_current() -> ! {
    let _ = hal::irq::disable();
    schedule(After::Gone);
    hal::cpu::halt_forever()
}

/// Lets others run.
pub fn yield_now() {
    let interrupts = hal::irq::disable();
    schedule(After::Ready);
    hal::irq::restore(interrupts);
}

/// Sleeps until somebody unparks this thread (true) or until `deadline` (false). May return true
/// for no reason.
pub fn park_until(deadline: Option<Instant>) -> bool {
    let thread = current();
    if thread.take_token() {
        return true;
    }
    let Some(deadline) = deadline else {
        sleep(thread);
        return true;
    };
    if time::now() >= deadline {
        return false;
    }
    let timer = Timer::new(wake_sleeper, core::ptr::from_ref(thread).expose_provenance());
    // SAFETY: the timer is cancelled before it goes out of scope.
    unsafe { timer.arm(deadline) };
    sleep(thread);
    timer.cancel();
    time::now() < deadline
}

/// A sleeper's timer has expired; it cannot be gone, since it cancels the timer first.
fn wake_sleeper(thread: usize) {
    // SAFETY: as above.
    unpark(unsafe { &*core::ptr::with_exposed_provenance::<Thread>(thread) });
}

fn sleep(thread: &Thread) {
    let interrupts = hal::irq::disable();
    schedule(After::Sleep);
    hal::irq::restore(interrupts);
    thread.take_token();
}

/// Gives a thread its wake-up token. Works in interrupt handlers.
pub fn unpark(thread: &Thread) {
    if thread.notify() {
        // SAFETY: the reference that was kept back when the thread fell asleep.
        enqueue(unsafe { Arc::from_raw(thread) });
    }
}

/// Puts a ready thread on the queue of a processor it may run on, an idle one if there is one.
fn enqueue(thread: Arc<Thread>) {
    let interrupts = hal::irq::disable();
    let this = this_cpu();
    let online = ONLINE.load(Ordering::Relaxed);
    let allowed = match thread.affinity() & online {
        0 => online,
        some => some,
    };
    let last = thread.processor.load(Ordering::Relaxed);
    let idle = IDLE.load(Ordering::SeqCst) & allowed;
    let target = if idle & 1 << last != 0 || (idle == 0 && allowed & 1 << last != 0) {
        last
    } else if idle != 0 {
        idle.trailing_zeros()
    } else {
        allowed.trailing_zeros()
    };
    let target = cpu(target).unwrap_or(this);
    thread.processor.store(target.index, Ordering::Relaxed);
    let first = {
        let mut queue = target.queue.lock();
        queue.push(thread);
        target.ready.store(queue.length(), Ordering::SeqCst);
        queue.length() == 1
    };
    if target.index == this.index {
        if first {
            competition(this);
        }
    } else if first {
        // It is idle, or has to begin to count its thread's slice.
        crate::irq::send_reschedule(target.apic_id.load(Ordering::Relaxed));
    }
    hal::irq::restore(interrupts);
}

/// Somebody else is ready on this processor: the running thread's slice begins to count.
fn competition(cpu: &Cpu) {
    let running = percpu::current().cast::<Thread>();
    if core::ptr::eq(running, cpu.idle.load(Ordering::Relaxed)) {
        cpu.reschedule.store(true, Ordering::Relaxed);
        return;
    }
    if cpu.slice_end.get() == u64::MAX {
        // SAFETY: the running thread is alive.
        let left = unsafe { (*running).slice.load(Ordering::Relaxed) }.max(SLICE / 8);
        cpu.slice_end.set(time::now().0.saturating_add(left));
        time::timer::rearm(cpu);
    }
}

/// The reschedule interrupt: look at the queue.
pub(crate) fn reschedule_interrupt() {
    let cpu = this_cpu();
    if cpu.ready.load(Ordering::Relaxed) != 0 {
        competition(cpu);
    }
}

/// When this processor's running thread has to make room or to be interrupted, in nanoseconds.
pub(crate) fn slice_end(cpu: &Cpu) -> u64 {
    cpu.slice_end.get().min(cpu.look_again.get())
}

/// Interrupts this processor soon: the running thread has signals waiting and is inside the kernel,
/// where handlers do not run. Interrupts are off.
pub(crate) fn look_again() {
    /// Long against a trap, short against what a person or a program notices.
    const SOON: u64 = 100_000;
    let cpu = this_cpu();
    cpu.look_again.set(time::now().0.saturating_add(SOON));
    time::timer::rearm(cpu);
}

/// The timer interrupt has come: is the slice over?
pub(crate) fn check_slice(cpu: &Cpu, now: u64) {
    if now >= cpu.look_again.get() {
        cpu.look_again.set(u64::MAX);
    }
    if now >= cpu.slice_end.get() {
        cpu.slice_end.set(u64::MAX);
        if cpu.ready.load(Ordering::Relaxed) != 0 {
            // SAFETY: the running thread is alive.
            unsafe { (*percpu::current().cast::<Thread>()).slice.store(0, Ordering::Relaxed) };
            cpu.reschedule.store(true, Ordering::Relaxed);
        }
    }
}

/// At the end of a trap: makes room if that is due. Interrupts are off, and were on before the trap.
pub(crate) fn preempt() {
    if this_cpu().reschedule.swap(false, Ordering::Relaxed) {
        schedule(After::Ready);
    }
}

/// Takes a thread that waits for another processor.
fn steal(this: &Cpu) -> Option<Arc<Thread>> {
    let others = (0..MAX_CPUS as u32).map_while(cpu).filter(|cpu| cpu.index != this.index);
    for other in others {
        if other.ready.load(Ordering::Relaxed) == 0 {
            continue;
        }
        let Some(mut queue) = other.queue.try_lock() else { continue };
        let thread = queue.pop(1 << this.index);
        other.ready.store(queue.length(), Ordering::SeqCst);
        if thread.is_some() {
            return thread;
        }
    }
    None
}

/// Switches to the next thread. Interrupts are off, before and after.
fn schedule(after: After) {
    let cpu = this_cpu();
    cpu.reschedule.store(false, Ordering::Relaxed);
    let running = percpu::current().cast::<Thread>();
    let idle = cpu.idle.load(Ordering::Relaxed).cast_const();
    let next = {
        let mut queue = cpu.queue.lock();
        let next = queue.pop(1 << cpu.index);
        cpu.ready.store(queue.length(), Ordering::SeqCst);
        next
    };
    let next = match next {
        Some(next) => Arc::into_raw(next),
        None if after == After::Ready => return,
        None => match steal(cpu) {
            Some(next) => Arc::into_raw(next),
            None if after == After::Idle => return,
            None => idle,
        },
    };
    let now = hal::cpu::tsc();
    // SAFETY: both threads are alive: the one runs, the other one's reference was just taken.
    let (from, to) = unsafe { (&*running, &*next) };
    let ran = now.wrapping_sub(cpu.since.swap(now, Ordering::Relaxed));
    from.ran.fetch_add(ran, Ordering::Relaxed);
    if core::ptr::eq(running, idle) {
        // It may be left from an interrupt in its sleep.
        IDLE.fetch_and(!(1 << cpu.index), Ordering::SeqCst);
        if STALE.fetch_and(!(1 << cpu.index), Ordering::SeqCst) & 1 << cpu.index != 0 {
            hal::paging::flush_all();
        }
    } else {
        ALL_RAN.fetch_add(ran, Ordering::Relaxed);
    }
    let busy = cpu.ready.load(Ordering::Relaxed) != 0;
    let slice_end = cpu.slice_end.get();
    if busy || slice_end != u64::MAX {
        let now = time::now().0;
        if slice_end != u64::MAX {
            from.slice.store(slice_end.saturating_sub(now).min(SLICE), Ordering::Relaxed);
        }
        let left = to.slice.load(Ordering::Relaxed).max(SLICE / 8);
        cpu.slice_end.set(if busy && next != idle { now + left } else { u64::MAX });
        time::timer::rearm(cpu);
    }
    to.processor.store(cpu.index, Ordering::Relaxed);
    cpu.previous.set((running, after));
    // SAFETY: interrupts are off; the other thread's context is complete, since a thread gets on a
    // queue only after it has been switched from.
    unsafe {
        percpu::set_current(next.cast());
        percpu::set_trap_top(to.backing.trap_top);
        if to.tcb() != 0 {
            hal::context::set_fs(to.tcb());
        }
        hal::context::switch(from.backing.context.get(), *to.backing.context.get());
    }
    finish_switch();
}

/// What is left to do for the thread that was switched from, now that its context is saved. It
/// runs in the thread that was switched to, possibly on another processor than before.
fn finish_switch() {
    let cpu = this_cpu();
    let (thread, after) = cpu.previous.replace((core::ptr::null(), After::Idle));
    // SAFETY: the reference that the processor had while the thread ran is passed on.
    let take = || unsafe { Arc::from_raw(thread) };
    match after {
        After::Idle => {}
        After::Ready if core::ptr::eq(thread, cpu.idle.load(Ordering::Relaxed)) => {}
        After::Ready => {
            let mut queue = cpu.queue.lock();
            queue.push(take());
            cpu.ready.store(queue.length(), Ordering::SeqCst);
            drop(queue);
            competition(cpu);
        }
        After::Sleep => {
            // SAFETY: its reference is with us until it has fallen asleep.
            if unsafe { !(*thread).fall_asleep() } {
                enqueue(take());
            }
        }
        After::Gone => bury(take()),
    }
}

/// A thread has left its stack for good.
fn bury(thread: Arc<Thread>) {
    let word = thread.clear_on_exit.load(Ordering::Relaxed);
    if word != 0 {
        // SAFETY: who gave the address keeps the word there until it is cleared. It was written
        // when the thread was made, so its page is there.
        unsafe { AtomicU32::from_ptr(core::ptr::with_exposed_provenance_mut(word)) }
            .store(0, Ordering::SeqCst);
        crate::futex::wake_address(word, usize::MAX);
    }
}

/// The idle loop: runs what is ready, and sleeps while nothing is.
pub fn idle() -> ! {
    loop {
        let _ = hal::irq::disable();
        schedule(After::Idle);
        let cpu = this_cpu();
        let bit = 1 << cpu.index;
        IDLE.fetch_or(bit, Ordering::SeqCst);
        // Whoever adds a thread looks at IDLE afterwards, so one of the two notices.
        if cpu.ready.load(Ordering::SeqCst) == 0 {
            hal::irq::enable_and_halt();
        }
        IDLE.fetch_and(!bit, Ordering::SeqCst);
    }
}

/// Makes a thread on another processor come by the signal hook of the trap return.
pub(super) fn kick(thread: &Thread) {
    let interrupts = hal::irq::disable();
    let on = thread.processor.load(Ordering::Relaxed);
    if on != this_cpu().index
        && let Some(cpu) = cpu(on)
    {
        crate::irq::send_reschedule(cpu.apic_id.load(Ordering::Relaxed));
    }
    hal::irq::restore(interrupts);
}

/// The processors threads may run on, in all.
pub fn cpu_count() -> usize {
    smp::count()
}

/// The processor the calling thread is on; it may be another one a moment later.
pub fn current_cpu() -> usize {
    percpu::index() as usize
}

impl Thread {
    /// What a new thread inherits; the idle thread's own bit is not meant for anybody else.
    fn affinity_for_children(&self) -> u64 {
        if self.backing.trap_stack.is_none() { u64::MAX } else { self.affinity() }
    }
}

/// Says where a thread may run, a bit a processor.
///
/// # Errors
/// [`EINVAL`] if there is none of those processors.
pub fn set_affinity(thread: &Thread, mask: u64) -> Result<()> {
    let count = cpu_count().min(MAX_CPUS);
    if mask & (u64::MAX >> (MAX_CPUS - count)) == 0 {
        return Err(EINVAL);
    }
    thread.store_affinity(mask);
    let on = thread.processor.load(Ordering::Relaxed);
    if mask & 1 << on == 0 && core::ptr::eq(thread, current()) {
        // Asleep for a moment, it is woken on a processor of the mask.
        let interrupts = hal::irq::disable();
        thread.notify();
        schedule(After::Sleep);
        hal::irq::restore(interrupts);
        thread.take_token();
    }
    Ok(())
}

/// Sets the calling thread's thread control block, the base of fs.
///
/// # Safety
/// It lies in memory that outlives the thread's use of it.
pub unsafe fn set_tcb(tcb: usize) {
    let interrupts = hal::irq::disable();
    current().store_tcb(tcb);
    // SAFETY: as the caller says.
    unsafe { hal::context::set_fs(tcb) };
    hal::irq::restore(interrupts);
}

/// How long a thread has run.
pub fn cpu_time(thread: &Thread) -> Duration {
    let interrupts = hal::irq::disable();
    let mut ticks = thread.ran.load(Ordering::Relaxed);
    if core::ptr::eq(thread, current()) {
        ticks += hal::cpu::tsc().wrapping_sub(this_cpu().since.load(Ordering::Relaxed));
    }
    hal::irq::restore(interrupts);
    time::duration_of_ticks(ticks)
}

/// How long all threads together have run.
pub fn process_cpu_time() -> Duration {
    /// The most that was given: while processors switch, a sum of theirs may fall short of an earlier one.
    static MOST: AtomicU64 = AtomicU64::new(0);
    let mut ticks = ALL_RAN.load(Ordering::Relaxed);
    let now = hal::cpu::tsc();
    for cpu in (0..MAX_CPUS as u32).map_while(cpu) {
        if IDLE.load(Ordering::Relaxed) >> cpu.index & 1 == 0 {
            ticks += now.saturating_sub(cpu.since.load(Ordering::Relaxed));
        }
    }
    let before = MOST.fetch_max(ticks, Ordering::Relaxed);
    time::duration_of_ticks(ticks.max(before))
}
