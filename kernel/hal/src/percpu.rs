//! What each processor has of its own: one page, with gs pointing at its start.
//!
//! The page holds [`PerCpu`] (the first words are known to assembly), the landing stack that traps
//! arrive on for a few instructions, and the emergency stack of NMI, double fault and machine check.

use crate::cpu::write_msr;
use crate::mem::PAGE_SIZE;
use core::arch::asm;
use core::mem::offset_of;

/// Bytes of a thread's trap stack.
pub const TRAP_STACK_SIZE: usize = 16 << 10;
/// A 64-bit code segment, accessed already (so that it can be in read-only memory).
pub const CODE_DESCRIPTOR: u64 = 0x00af_9b00_0000_ffff;
/// A flat data segment.
const DATA_DESCRIPTOR: u64 = 0x00cf_9300_0000_ffff;
/// Selector of the code segment.
pub const CODE_SELECTOR: u16 = 8;
const TASK_SELECTOR: u16 = 24;
const LANDING_SIZE: usize = 256;

const IA32_GS_BASE: u32 = 0xc000_0101;

/// The task-state segment (Intel SDM volume 3, figure 8-11); in 64-bit mode a list of stacks.
#[repr(C, packed(4))]
struct TaskState {
    reserved: u32,
    privilege_stacks: [u64; 3],
    reserved2: u64,
    interrupt_stacks: [u64; 7],
    reserved3: u64,
    reserved4: u16,
    io_map_base: u16,
}

/// A processor's own data.
#[repr(C)]
pub struct PerCpu {
    this: *mut PerCpu,
    /// The running thread, `core`'s.
    current: *const (),
    /// The end of the running thread's trap stack.
    trap_top: usize,
    /// This processor's scheduler data, `core`'s.
    scheduler: *const (),
    index: u32,
    descriptors: [u64; 5],
    task: TaskState,
}

pub(crate) const CURRENT: usize = offset_of!(PerCpu, current);
pub(crate) const TRAP_TOP: usize = offset_of!(PerCpu, trap_top);
const SCHEDULER: usize = offset_of!(PerCpu, scheduler);
const INDEX: usize = offset_of!(PerCpu, index);

/// Makes `page` this processor's own and loads its segments, task register and gs. `trap_top` is
/// the end of the stack that the processor is on: it is its idle thread's trap stack as well.
///
/// # Safety
/// `page` is a page of memory in the direct map, zeroed, that nobody else uses, ever.
pub unsafe fn install(page: *mut u8, index: u32, trap_top: usize) {
    let end = page.expose_provenance() + PAGE_SIZE;
    let area = page.cast::<PerCpu>();
    let landing = (page.expose_provenance() + size_of::<PerCpu>()).next_multiple_of(16) + LANDING_SIZE;
    // SAFETY: the page is ours and large enough.
    let area = unsafe { &mut *area };
    let task = (&raw const area.task).expose_provenance() as u64;
    area.this = area;
    area.trap_top = trap_top;
    area.index = index;
    let limit = size_of::<TaskState>() as u64 - 1;
    area.descriptors = [
        0,
        CODE_DESCRIPTOR,
        DATA_DESCRIPTOR,
        limit | (task & 0xff_ffff) << 16 | 0x89 << 40 | (task >> 24 & 0xff) << 56,
        task >> 32,
    ];
    let mut stacks = [0; 7];
    stacks[0] = landing as u64;
    stacks[1] = end as u64;
    area.task.interrupt_stacks = stacks;
    area.task.io_map_base = size_of::<TaskState>() as u16;
    let pointer = TablePointer { limit: 39, base: (&raw const area.descriptors).expose_provenance() as u64 };
    // SAFETY: the descriptors are as 64-bit mode wants them and stay where they are; the far return
    // goes to the next instruction with the new code segment.
    unsafe {
        asm!(
            "lgdt [{pointer}]",
            "push {code}",
            "lea {scratch}, [rip + 2f]",
            "push {scratch}",
            "retfq",
            "2:",
            "mov ds, {data:e}",
            "mov es, {data:e}",
            "mov ss, {data:e}",
            "ltr {task:x}",
            pointer = in(reg) &raw const pointer,
            code = const CODE_SELECTOR,
            data = in(reg) 16,
            task = in(reg) TASK_SELECTOR,
            scratch = out(reg) _,
        );
        write_msr(IA32_GS_BASE, page.expose_provenance() as u64);
    }
}

/// What LGDT and LIDT take.
#[repr(C, packed)]
pub(crate) struct TablePointer {
    pub(crate) limit: u16,
    pub(crate) base: u64,
}

macro_rules! word {
    ($get:ident, $set:ident, $type:ty, $offset:ident, $what:literal) => {
        #[doc = concat!("This processor's ", $what, ".")]
        #[inline(always)]
        pub fn $get() -> $type {
            let value: $type;
            // SAFETY: gs points at this processor's area.
            unsafe {
                asm!("mov {}, gs:[{}]", out(reg) value, const $offset, options(nostack, preserves_flags, readonly));
            }
            value
        }

        #[doc = concat!("Sets this processor's ", $what, ".")]
        ///
        /// # Safety
        /// The value is what the readers of this word take it for; interrupts are off.
        #[inline(always)]
        pub unsafe fn $set(value: $type) {
            // SAFETY: as above.
            unsafe {
                asm!("mov gs:[{}], {}", const $offset, in(reg) value, options(nostack, preserves_flags));
            }
        }
    };
}

word!(current, set_current, *const (), CURRENT, "running thread");
word!(scheduler, set_scheduler, *const (), SCHEDULER, "scheduler data");
word!(trap_top, set_trap_top, usize, TRAP_TOP, "running thread's trap stack, its end");

macro_rules! number {
    ($get:ident, $offset:ident, $what:literal) => {
        #[doc = concat!("This processor's ", $what, ". A thread that may move has to have interrupts off.")]
        #[inline(always)]
        pub fn $get() -> u32 {
            let value: u32;
            // SAFETY: gs points at this processor's area.
            unsafe {
                asm!("mov {:e}, gs:[{}]", out(reg) value, const $offset, options(nostack, preserves_flags, readonly));
            }
            value
        }
    };
}

number!(index, INDEX, "number, from 0");
