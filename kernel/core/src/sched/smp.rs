//! The other processors: started when a second thread is, not before. So a program with one thread
//! runs no such code, and the processors it would not use stay with the host.

use super::machine::{Cpu, MAX_CPUS, become_idle, idle, is_online, set_first_apic_id};
use crate::acpi::{self, madt::Madt};
use crate::irq::lapic;
use crate::memory::frames;
use crate::sync::Mutex;
use crate::time;
use alloc::boxed::Box;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use core::time::Duration;
use hal::mem::{PAGE_SIZE, PhysAddr, phys_to_virt};
use hal::percpu::TRAP_STACK_SIZE;

/// log2 of the frames of an idle thread's stack.
const STACK_ORDER: u32 = (TRAP_STACK_SIZE / PAGE_SIZE).ilog2();
/// Commands of the local APIC (Intel SDM volume 3, section 11.6): INIT, and start-up at a page.
const INIT: u32 = 0x4500;
const START_UP: u32 = 0x4600;
/// How long a processor may take to its first instructions, before it is told again and in all.
const PATIENCE: [Duration; 2] = [Duration::from_millis(10), Duration::from_millis(500)];

/// Identifiers of the processors' APICs, from ACPI's table; without it there is the one that asks.
fn processors() -> Option<Madt<'static>> {
    Madt::of_table(acpi::table(b"APIC")?)
}

/// The processors there are.
pub(super) fn count() -> usize {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    if COUNT.load(Ordering::Relaxed) == 0 {
        let count = processors().map_or(1, |madt| madt.processors().count().clamp(1, MAX_CPUS));
        COUNT.store(count, Ordering::Relaxed);
    }
    COUNT.load(Ordering::Relaxed)
}

/// Starts the processors that do not run yet.
pub(super) fn start_processors() {
    static DONE: AtomicBool = AtomicBool::new(false);
    static STARTING: Mutex<()> = Mutex::new(());
    if DONE.load(Ordering::Acquire) {
        return;
    }
    let _starting = STARTING.lock();
    if DONE.load(Ordering::Acquire) {
        return;
    }
    if count() > 1
        && let Some(madt) = processors()
    {
        // The clock and this processor's APIC are made ready before others may want them.
        let _ = time::now();
        let own = lapic::id();
        set_first_apic_id(own);
        let others = madt.processors().filter(|&id| id != own);
        for (index, apic_id) in (1..MAX_CPUS as u32).zip(others) {
            if start(index, apic_id).is_none() {
                break;
            }
        }
    }
    DONE.store(true, Ordering::Release);
}

/// What a processor needs to begin.
struct Beginning {
    page: PhysAddr,
    cpu: &'static Cpu,
    stack_top: usize,
}

/// Starts one processor and waits until it runs; `None` without memory, or if it does not come.
fn start(index: u32, apic_id: u32) -> Option<()> {
    let page = frames::allocate(0)?;
    let stack = frames::allocate(STACK_ORDER)?;
    let tables = frames::allocate(0).filter(|tables| tables.0 < 1 << 32)?;
    let stack_top = phys_to_virt(stack).expose_provenance() + TRAP_STACK_SIZE;
    let cpu = Box::leak(Box::new(Cpu::new(index, apic_id)));
    let beginning = Box::leak(Box::new(Beginning { page, cpu, stack_top }));
    // SAFETY: the frames are new; processors are started one after the other.
    unsafe {
        phys_to_virt(page).write_bytes(0, PAGE_SIZE);
        hal::startup::prepare(tables, stack_top, begin, core::ptr::from_ref(beginning).expose_provenance());
    }
    lapic::command(apic_id, INIT);
    for patience in PATIENCE {
        lapic::command(apic_id, START_UP | (hal::startup::PAGE >> 12) as u32);
        let until = time::now() + patience;
        while time::now() < until {
            if is_online(index) {
                // SAFETY: the processor has left these tables for the kernel's.
                unsafe { frames::release(tables, 0) };
                return Some(());
            }
            hal::cpu::pause();
        }
    }
    // It may still come: what it needs stays.
    None
}

/// A processor's first steps in the kernel.
extern "C" fn begin(beginning: usize) -> ! {
    hal::startup::load_kernel_tables();
    // Others may send interrupts as soon as it counts among those that run.
    lapic::enable();
    // SAFETY: what `start` made, and keeps.
    let beginning = unsafe { &*core::ptr::with_exposed_provenance::<Beginning>(beginning) };
    // SAFETY: the page is zeroed and this processor's, the stack is the one it is on.
    unsafe { become_idle(phys_to_virt(beginning.page), beginning.cpu, beginning.stack_top) };
    idle()
}
