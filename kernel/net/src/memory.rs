//! How much of the machine's memory the network may take. A program that is refused memory usually ends, so the
//! network is to run short before it: sockets hold a quarter at most, and connections wait to be accepted while
//! there is little for what the program will want for them.

use core::sync::atomic::{AtomicUsize, Ordering};

use hal::mem::PAGE_SIZE;
use kcore::device::net::bytes_in_use;
use kcore::memory::frames;
use kcore::table::Tunable;

/// Bytes that have to be free for each connection that is open before another one is accepted: redis takes
/// 17 KB for a client when it comes, and 20 more while it is busy.
#[cfg_attr(kernel, unsafe(no_mangle))]
pub static CONNECTION_MEMORY: Tunable<usize> = Tunable::new(24 << 10);

/// Bytes that wait in a socket, in each direction, while there is little room.
pub const LITTLE: u32 = 16 << 10;

/// A stack's limits.
pub(crate) struct Limits {
    /// Bytes of packets; 0 for a quarter of memory.
    packets: AtomicUsize,
    /// Bytes a connection; 0 for what the tunable says.
    connection: AtomicUsize,
}

impl Limits {
    pub const fn new() -> Self {
        Self { packets: AtomicUsize::new(0), connection: AtomicUsize::new(0) }
    }

    /// Other limits, for tests; 0 for the usual one.
    #[cfg(not(kernel))]
    pub fn set(&self, packets: usize, connection: usize) {
        self.packets.store(packets, Ordering::Relaxed);
        self.connection.store(connection, Ordering::Relaxed);
    }

    /// Whether packets hold as much memory as they may.
    pub fn packets_are_many(&self) -> bool {
        let mut most = self.packets.load(Ordering::Relaxed);
        if most == 0 {
            most = (frames::totals().0 / 4).saturating_mul(PAGE_SIZE);
            self.packets.store(most, Ordering::Relaxed);
        }
        bytes_in_use() > most
    }

    /// Whether another connection may be accepted where so many are open.
    pub fn fits_connection(&self, open: usize) -> bool {
        let each = match self.connection.load(Ordering::Relaxed) {
            0 => CONNECTION_MEMORY.get(),
            each => each,
        };
        frames::available() >= each.saturating_mul(open + 1) / PAGE_SIZE
    }
}
