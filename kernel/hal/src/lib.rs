//! x86-64 hardware: what needs an instruction, a register or a port of the machine.
//!
//! Used by `core` and `drivers`; uses nothing of theirs. Policy (which frame, which thread, which
//! clock) is `core`'s. On the host, where tests run, there is no machine: what logic above needs
//! (address arithmetic, interrupt state, the time stamp counter) is emulated, the rest is absent.
#![cfg_attr(kernel, no_std)]

#[cfg(kernel)]
pub mod boot;
#[cfg(kernel)]
pub mod context;
pub mod cpu;
#[cfg(kernel)]
pub mod fpu;
pub mod irq;
pub mod mem;
pub mod mmio;
pub mod paging;
#[cfg(kernel)]
pub mod percpu;
pub mod port;
#[cfg(kernel)]
pub mod startup;
#[cfg(kernel)]
pub mod trap;
