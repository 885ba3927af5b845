//! The virtio console (section 5.3): its first port, output and input.
//!
//! Output goes through a buffer of its own and waits for the device by looking, since faults are
//! reported this way too.

mod device;

pub use device::{VIRTIO_CONSOLE, VIRTIO_CONSOLE_INPUT};
