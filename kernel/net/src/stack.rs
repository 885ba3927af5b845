//! A network stack: its interfaces, addresses, routes, and the tables of its sockets.

use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
#[cfg(not(kernel))]
use core::sync::atomic::AtomicU64;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use kcore::errno::Result;
use kcore::sync::{Once, SpinLock, WaitQueue};
use kcore::time::Instant;

use crate::address::{IpAddress, Prefix};
use crate::interface::Interface;
use crate::ip::reassembly::Reassembly;
use crate::loopback::Loopback;
use crate::memory::Limits;
use crate::route::Routes;
use crate::wheel::{Handle, Timed, Wheel};

/// A network stack.
pub struct Stack {
    pub(crate) interfaces: SpinLock<Vec<Arc<Interface>>>,
    pub(crate) routes: Routes,
    pub(crate) loopback: Loopback,
    pub(crate) reassembly: Reassembly,
    pub(crate) names: SpinLock<Names>,
    pub(crate) tcp: crate::tcp::Tcp,
    pub(crate) udp: crate::udp::Udp,
    pub(crate) raw: crate::raw::Raw,
    pub(crate) memory: Limits,
    /// Error messages that may be sent before the next point in time, and that point.
    pub(crate) errors: SpinLock<(u32, u64)>,
    /// Numbers the packets that may be fragmented.
    packet_id: AtomicU32,
    wheel: Wheel,
    key: Once<[u64; 2]>,
    /// The thread that serves the wheel.
    idle: WaitQueue,
    woken: AtomicBool,
    /// A test's clock; 0 for the machine's.
    #[cfg(not(kernel))]
    time: AtomicU64,
}

/// What names are looked up with.
#[derive(Default)]
pub(crate) struct Names {
    pub servers: Vec<IpAddress>,
    pub domain: Vec<u8>,
    pub host: Vec<u8>,
}

/// What is known of an interface.
pub struct InterfaceInfo {
    /// Its index, from 1; the loopback interface has 1.
    pub index: u32,
    /// Its name: `lo`, `eth0`.
    pub name: [u8; 16],
    /// Its hardware address; all zero for the loopback interface.
    pub mac: [u8; 6],
    /// The longest packet, without a link header.
    pub mtu: u32,
    /// Whether it is the loopback interface.
    pub loopback: bool,
    /// Whether packets can go out.
    pub running: bool,
    /// Its addresses.
    pub addresses: Vec<Prefix>,
}

/// The kernel's stack. The first call starts it: finds the cards, and gets addresses for them as the
/// boot command line says (`ip=`). Waits for DHCP's answer for a few seconds at most.
pub fn stack() -> &'static Stack {
    static STACK: Stack = Stack::new();
    static STARTED: Once<()> = Once::new();
    STARTED.get_or_init(|| crate::start::start(&STACK));
    &STACK
}

impl Stack {
    const fn new() -> Self {
        Self {
            interfaces: SpinLock::new(Vec::new()),
            routes: Routes::new(),
            loopback: Loopback::new(),
            reassembly: Reassembly::new(),
            names: SpinLock::new(Names { servers: Vec::new(), domain: Vec::new(), host: Vec::new() }),
            tcp: crate::tcp::Tcp::new(),
            udp: crate::udp::Udp::new(),
            raw: crate::raw::Raw::new(),
            memory: Limits::new(),
            errors: SpinLock::new((0, 0)),
            packet_id: AtomicU32::new(0),
            wheel: Wheel::new(),
            key: Once::new(),
            idle: WaitQueue::new(),
            woken: AtomicBool::new(false),
            #[cfg(not(kernel))]
            time: AtomicU64::new(0),
        }
    }

    /// A stack of its own, whose clock stands still until [`Stack::advance_to`]; for tests.
    #[cfg(not(kernel))]
    pub fn simulated() -> &'static Self {
        let stack: &'static Self = alloc::boxed::Box::leak(alloc::boxed::Box::new(Self::new()));
        stack.time.store(1_000_000_000, Ordering::Relaxed);
        crate::interface::add_loopback(stack);
        stack
    }

    /// Sets how many bytes packets may hold, and how many have to be free for each open connection before
    /// another is accepted; 0 for the usual.
    #[cfg(not(kernel))]
    pub fn limit_memory(&self, packets: usize, connection: usize) {
        self.memory.set(packets, connection);
    }

    /// Moves a simulated stack's clock and does what is due by then.
    #[cfg(not(kernel))]
    pub fn advance_to(&'static self, now: u64) {
        self.time.store(now, Ordering::Relaxed);
        self.serve_due();
    }

    /// When something is due next, in nanoseconds.
    #[cfg(not(kernel))]
    pub fn next_due(&self) -> Option<u64> {
        self.wheel.next()
    }

    /// The monotonic clock, in nanoseconds.
    pub fn now(&self) -> u64 {
        #[cfg(not(kernel))]
        if self.time.load(Ordering::Relaxed) != 0 {
            return self.time.load(Ordering::Relaxed);
        }
        kcore::time::now().0
    }

    /// What hashes are keyed with.
    pub(crate) fn key(&self) -> &[u64; 2] {
        self.key.get_or_init(|| [kcore::random::word(), kcore::random::word()])
    }

    /// The number of a packet that may be fragmented.
    pub(crate) fn packet_id(&self) -> u32 {
        self.packet_id.fetch_add(1, Ordering::Relaxed).wrapping_add(self.key()[0] as u32)
    }

    /// Whether another error message may be sent (RFC 4443, section 2.4 (f)).
    pub(crate) fn may_report(&self) -> bool {
        let now = self.now();
        let mut errors = self.errors.lock();
        if now >= errors.1 {
            *errors = (200, now + 1_000_000_000);
        }
        errors.0 = match errors.0.checked_sub(1) {
            Some(left) => left,
            None => return false,
        };
        true
    }

    /// Has `target` called at `deadline`.
    pub(crate) fn set_timer(&self, deadline: u64, target: Weak<dyn Timed>) -> Handle {
        let (handle, first) = self.wheel.set(deadline, self.now(), target);
        if first {
            self.wake();
        }
        handle
    }

    /// Takes a timer back.
    pub(crate) fn cancel_timer(&self, handle: Handle) {
        self.wheel.cancel(handle);
    }

    /// Has the stack's thread look at what there is to do.
    pub(crate) fn wake(&self) {
        if !self.woken.swap(true, Ordering::AcqRel) {
            self.idle.wake_one();
        }
    }

    /// Does what is due.
    pub(crate) fn serve_due(&'static self) {
        let now = self.now();
        while let Some(target) = self.wheel.expire(now) {
            if let Some(target) = target.upgrade() {
                target.expired(self);
            }
        }
        self.loopback.drain(self, usize::MAX);
    }

    /// The life of the stack's thread.
    pub(crate) fn serve(&'static self) -> ! {
        loop {
            self.serve_due();
            let deadline = self.wheel.next().map(Instant);
            let _ = self.idle.wait_until(deadline, || self.woken.swap(false, Ordering::AcqRel).then_some(()));
        }
    }

    /// To be called, without a lock, by whoever may have sent something to this machine itself.
    pub(crate) fn settle(&'static self) {
        self.loopback.drain(self, crate::loopback::BUDGET);
    }

    /// The interface with an index.
    pub(crate) fn interface(&self, index: u32) -> Option<Arc<Interface>> {
        self.interfaces.lock().get((index as usize).checked_sub(1)?).cloned()
    }

    /// The interfaces, in the order of their indices.
    pub fn interfaces(&self) -> Vec<InterfaceInfo> {
        let interfaces = self.interfaces.lock().clone();
        interfaces.iter().map(|interface| interface.info()).collect()
    }

    /// Whether an address is this machine's; the interface that has it.
    pub fn owner_of(&self, address: &IpAddress) -> Option<u32> {
        let interfaces = self.interfaces.lock();
        interfaces.iter().find(|interface| interface.has(address)).map(|interface| interface.index)
    }

    /// The servers of the domain name system, as configured or as DHCP says.
    pub fn name_servers(&self) -> Vec<IpAddress> {
        self.names.lock().servers.clone()
    }

    /// The domain to search for names, as DHCP says; empty if it does not.
    pub fn search_domain(&self) -> Vec<u8> {
        self.names.lock().domain.clone()
    }

    /// The host's name, as DHCP says; empty if it does not.
    pub fn host_name(&self) -> Vec<u8> {
        self.names.lock().host.clone()
    }

    /// The address that packets to `to` come from; none if there is no way there. What
    /// `getaddrinfo` sorts by (RFC 6724).
    pub fn source_for(&self, to: &IpAddress) -> Option<IpAddress> {
        self.route(to, None, 0).ok().map(|way| way.source)
    }

    /// Gives an interface an address; a test's way to configure one.
    ///
    /// # Errors
    /// `ENODEV`.
    pub fn add_address(&self, interface: u32, prefix: Prefix) -> Result<()> {
        let interface = self.interface(interface).ok_or(kcore::errno::ENODEV)?;
        interface.add_address(prefix, u64::MAX);
        self.routes.changed();
        Ok(())
    }
}
