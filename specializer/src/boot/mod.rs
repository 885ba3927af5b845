//! Images and hypervisors: puts an application and its files on a ROFS image, and boots a kernel
//! with it under QEMU.
//!
//! Used by the command line, the boot tests and the benches; uses nothing of the specializer.

pub mod accelerator;
pub mod command_line;
pub mod console;
pub mod fault;
pub mod image;
pub mod interrupt;
pub mod machine;
mod monitor;
pub mod network;
pub mod rofs;
pub mod run;

pub use accelerator::Accelerator;
pub use command_line::CommandLine;
pub use console::{ConsoleFilter, ExitStatus};
pub use fault::{FaultReport, Symbols};
pub use image::{ImageError, ImagePlan, Source};
pub use machine::{Machine, RootMedium};
pub use network::{Network, NetworkError, Publish, Transport};
pub use run::{Outcome, RunError, RunPlan, run};
