//! Going through the buses.

use hal::mem::PhysAddr;

use super::config::Function;

/// A header's type: a bridge to another bus.
const BRIDGE: u8 = 1;
/// Bridges deep.
const DEPTH_MAX: usize = 8;

/// Calls `visit` for each function until it gives something.
pub fn find<T>(visit: &mut dyn FnMut(Function) -> Option<T>) -> Option<T> {
    scan(0, 0, visit)
}

fn scan<T>(bus: u8, depth: usize, visit: &mut dyn FnMut(Function) -> Option<T>) -> Option<T> {
    for device in 0..32u8 {
        let first = Function { bus, number: device << 3 };
        if first.identity().is_none() {
            continue;
        }
        let several = first.read(12) >> 16 & 0x80 != 0;
        for number in 0..if several { 8 } else { 1 } {
            let function = Function { bus, number: device << 3 | number };
            if function.identity().is_none() {
                continue;
            }
            if function.header() == BRIDGE {
                let below = (function.read(0x18) >> 8) as u8;
                // Buses below have higher numbers: a bridge that leads back is passed over.
                if below > bus
                    && depth < DEPTH_MAX
                    && let Some(found) = scan(below, depth + 1, visit)
                {
                    return Some(found);
                }
            } else if let Some(found) = visit(function) {
                return Some(found);
            }
        }
    }
    None
}

/// Maps device memory.
pub fn map(address: PhysAddr, length: usize) -> Option<*mut u8> {
    #[cfg(kernel)]
    return kcore::memory::map_device(address, length);
    #[cfg(not(kernel))]
    {
        let _ = (address, length);
        None
    }
}
