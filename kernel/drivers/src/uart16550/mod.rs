//! The serial port COM1, a 16550 (National Semiconductor PC16550D): console output and input.

mod device;

pub use device::{UART16550, UART16550_INPUT};
