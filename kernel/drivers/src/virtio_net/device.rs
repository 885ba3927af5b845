//! The card: what was agreed on, its pairs of queues, and the threads that serve them.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::alloc::Layout;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use core::time::Duration;

use kcore::console::{Part, message};
use kcore::device::bus::{Virtio, find_virtio};
use kcore::device::net::{Checksum, GsoKind, Nic, NicDriver, Offloads, Packet, Receiver};
use kcore::errno::{EBUSY, ENOMEM, Result};
use kcore::memory::heap;
use kcore::sched::{self, Spawn};
use kcore::sync::{Mutex, Once, SpinLock, WaitQueue};
use kcore::{random, time};

use super::control;
use super::receive::{CAPACITY, Receive};
use super::transmit::Transmit;
use super::{Broken, RING};
use crate::virtio::events::EVENT_INDEX;
use crate::virtio::{Device, Queue, kind, offered};

/// The row.
pub static VIRTIO_NET: NicDriver = NicDriver { probe };

mod feature {
    /// The device fills in checksums.
    pub const CHECKSUM: u64 = 1 << 0;
    /// It leaves them partial on packets that never left the machine, and says which ones are right.
    pub const GUEST_CHECKSUM: u64 = 1 << 1;
    pub const MTU: u64 = 1 << 3;
    pub const MAC: u64 = 1 << 5;
    /// It sends TCP segments that it has put together, or never cut.
    pub const GUEST_TSO4: u64 = 1 << 7;
    pub const GUEST_TSO6: u64 = 1 << 8;
    pub const GUEST_ECN: u64 = 1 << 9;
    /// It cuts TCP segments.
    pub const HOST_TSO4: u64 = 1 << 11;
    pub const HOST_TSO6: u64 = 1 << 12;
    pub const HOST_ECN: u64 = 1 << 13;
    /// A frame may take several buffers.
    pub const MERGEABLE: u64 = 1 << 15;
    pub const STATUS: u64 = 1 << 16;
    pub const CONTROL: u64 = 1 << 17;
    pub const PAIRS: u64 = 1 << 22;
}

/// Fields of the configuration, after the address.
const STATUS_AT: usize = 6;
const PAIRS_AT: usize = 8;
const MTU_AT: usize = 10;
/// The most pairs that a device may have (section 5.1.4).
const PAIRS_MAX: u16 = 0x8000;

/// Entries of a queue.
const ENTRIES: u16 = 256;
/// Frames taken before others get their turn.
const BATCH: usize = 64;
/// Bytes of a link header.
const LINK_HEADER: usize = 14;
/// The longest frame that is cut, as the length field of IPv4 allows.
const LONGEST: usize = LINK_HEADER + 65535;
/// Bytes of a worker's stack.
const STACK: usize = 32 << 10;
/// How often a device that cannot interrupt is looked at.
const INTERVAL: Duration = Duration::from_millis(1);
/// How often the link is looked at, at most, when there is something to do anyway.
const LINK_INTERVAL: Duration = Duration::from_secs(1);
/// After so many resets the device is given up.
const RESETS: u32 = 8;

/// What to ask of a device that offers these features: one builds on another.
fn wanted(offered: u64) -> u64 {
    let mut wanted =
        feature::MAC | feature::STATUS | EVENT_INDEX | feature::CHECKSUM | feature::GUEST_CHECKSUM;
    if offered & feature::CHECKSUM != 0 {
        wanted |= feature::HOST_TSO4 | feature::HOST_TSO6 | feature::HOST_ECN;
    }
    if offered & feature::MERGEABLE != 0 {
        // Without, each buffer would have to hold the longest frame.
        wanted |= feature::MERGEABLE | feature::MTU;
        if offered & feature::GUEST_CHECKSUM != 0 {
            wanted |= feature::GUEST_TSO4 | feature::GUEST_TSO6 | feature::GUEST_ECN;
        }
    }
    if offered & feature::CONTROL != 0 && sched::cpu_count() > 1 {
        wanted |= feature::CONTROL | feature::PAIRS;
    }
    wanted
}

fn probe(index: usize) -> Option<Arc<dyn Nic>> {
    let transport = find_virtio(kind::NETWORK, index)?;
    let card = Card::new(transport, sched::cpu_count());
    card.ok().map(|card| card as Arc<dyn Nic>)
}

/// Two queues, and who serves them.
struct Pair {
    receive: SpinLock<Option<Receive>>,
    transmit: SpinLock<Option<Transmit>>,
    work: WaitQueue,
    interrupts: AtomicBool,
}

/// A network card.
pub struct Card {
    device: Device,
    mac: [u8; 6],
    mtu: usize,
    pairs: Vec<Pair>,
    /// Where the control queue is, if there is more than one pair.
    control: u16,
    /// Pairs that are used for transmission.
    used: AtomicUsize,
    receiver: Once<Arc<dyn Receiver>>,
    started: AtomicBool,
    up: AtomicBool,
    /// Resets so far; held by who resets.
    resets: Mutex<u32>,
    /// Counts the same, for a look without the lock.
    generation: AtomicU32,
}

/// An interrupt: `data` is the pair.
fn interrupt(data: usize) {
    // SAFETY: a card is never freed.
    let pair = unsafe { &*core::ptr::with_exposed_provenance::<Pair>(data) };
    pair.work.wake_one();
}

/// The control queue's, which is waited for.
fn nothing(_data: usize) {}

/// A worker's argument: the card and the number of the pair it serves.
struct Worker {
    card: &'static Card,
    number: usize,
}

unsafe extern "C-unwind" fn work(argument: usize) -> ! {
    // SAFETY: `start` made it for this thread alone.
    let worker = unsafe { Box::from_raw(core::ptr::with_exposed_provenance_mut::<Worker>(argument)) };
    worker.card.serve(worker.number);
    sched::exit_current()
}

impl Card {
    /// Agrees with the device behind `transport` on features, for `processors` processors.
    pub fn new(transport: Box<dyn Virtio>, processors: usize) -> Result<Arc<Self>> {
        let wanted = wanted(offered(&*transport));
        let device = Device::negotiate(transport, wanted)?;
        let mut mac = [0; 6];
        if device.features & feature::MAC != 0 {
            for (offset, byte) in mac.iter_mut().enumerate() {
                *byte = device.transport().config(offset, 1) as u8;
            }
        } else {
            random::fill(&mut mac);
            // One card's, and locally administered.
            mac[0] = mac[0] & !1 | 2;
        }
        let field = |feature, offset, default: u16| {
            if device.features & feature == 0 { default } else { device.transport().config(offset, 2) as u16 }
        };
        let most = field(feature::PAIRS, PAIRS_AT, 1).clamp(1, PAIRS_MAX);
        let mtu = field(feature::MTU, MTU_AT, 1500);
        let pair = |_| Pair {
            receive: SpinLock::new(None),
            transmit: SpinLock::new(None),
            work: WaitQueue::new(),
            interrupts: AtomicBool::new(false),
        };
        let card = Arc::new(Self {
            mac,
            // RFC 791's least; a device that says less says nothing.
            mtu: if mtu < 68 { 1500 } else { mtu.into() },
            pairs: (0..usize::from(most).min(processors.max(1))).map(pair).collect(),
            control: most.saturating_mul(2),
            used: AtomicUsize::new(1),
            receiver: Once::new(),
            started: AtomicBool::new(false),
            up: AtomicBool::new(true),
            resets: Mutex::new(0),
            generation: AtomicU32::new(0),
            device,
        });
        // Interrupts and workers name it: it lives for as long as the kernel.
        core::mem::forget(card.clone());
        Ok(card)
    }

    fn has(&self, feature: u64) -> bool {
        self.device.features & feature != 0
    }

    /// Sets all queues up and lets the device work.
    fn set_up(&self) -> Result<()> {
        let transport = self.device.transport();
        let affinity = sched::current().affinity();
        for (number, pair) in self.pairs.iter().enumerate() {
            // A message goes to the processor that asks for it.
            if self.pairs.len() > 1 {
                let _ = sched::set_affinity(sched::current(), 1 << number);
            }
            let made = self.set_up_pair(number as u16, pair);
            let _ = sched::set_affinity(sched::current(), affinity);
            made?;
        }
        let mut control = None;
        if self.pairs.len() > 1 {
            control = Queue::new(transport, self.control, 4, nothing, 0).ok();
        }
        self.device.start();
        let pairs = self.pairs.len() as u16;
        let several =
            control.as_mut().is_some_and(|(queue, _)| control::set_pairs(&self.device, queue, pairs).is_ok());
        // The device shares this memory for as long as it works.
        core::mem::forget(control);
        self.used.store(if several { self.pairs.len() } else { 1 }, Ordering::Release);
        for pair in &self.pairs {
            if let Some(receive) = pair.receive.lock().as_mut() {
                receive.queue.announce(transport);
            }
        }
        Ok(())
    }

    fn set_up_pair(&self, number: u16, pair: &Pair) -> Result<()> {
        let transport = self.device.transport();
        let data = core::ptr::from_ref(pair).expose_provenance();
        let queue = |index| {
            let (mut queue, interrupts) = Queue::new(transport, index, ENTRIES, interrupt, data)?;
            queue.use_events(self.has(EVENT_INDEX));
            Ok((queue, interrupts))
        };
        let (receive, first) = queue(2 * number)?;
        let (transmit, second) = queue(2 * number + 1)?;
        pair.interrupts.store(first && second, Ordering::Release);
        *pair.receive.lock() = Some(Receive::new(receive, self.has(feature::MERGEABLE))?);
        *pair.transmit.lock() = Some(Transmit::new(transmit));
        Ok(())
    }

    /// What a worker does, for good.
    fn serve(&self, number: usize) {
        let (Some(pair), Some(receiver)) = (self.pairs.get(number), self.receiver.get()) else { return };
        let mut packets = Vec::new();
        let mut look = time::now();
        loop {
            let generation = self.generation.load(Ordering::Acquire);
            if let Err(broken) = self.poll(pair, number, &**receiver, &mut packets) {
                self.reset(generation, broken);
                receiver.writable();
                continue;
            }
            if number == 0 && time::now() >= look {
                look = time::now() + LINK_INTERVAL;
                let up = self.link();
                if self.up.swap(up, Ordering::Relaxed) != up {
                    receiver.link(up);
                }
            }
            if pair.interrupts.load(Ordering::Acquire) {
                pair.work.wait_uninterruptible(|| pair.ready());
            } else {
                let _ = pair.work.wait_until(Some(time::now() + INTERVAL), || pair.ready());
            }
        }
    }

    /// Takes what has arrived, until nothing is left.
    fn poll(
        &self,
        pair: &Pair,
        number: usize,
        receiver: &dyn Receiver,
        packets: &mut Vec<Packet>,
    ) -> core::result::Result<(), Broken> {
        loop {
            let mut writable = false;
            if let Some(transmit) = pair.transmit.lock().as_mut() {
                transmit.reclaim();
                if transmit.queue.is_broken() {
                    return Err(RING);
                }
                if transmit.full && transmit.has_room() {
                    transmit.full = false;
                    writable = true;
                }
            }
            if writable {
                receiver.writable();
            }
            let taken = match pair.receive.lock().as_mut() {
                Some(receive) => receive.collect(self.device.transport(), packets, BATCH),
                None => Ok(()),
            };
            if packets.is_empty() {
                return taken;
            }
            for mut packet in packets.drain(..) {
                packet.flow = number as u32;
                receiver.receive(packet);
            }
            receiver.done();
            taken?;
        }
    }

    /// Resets the device after it broke the rules in `generation`, unless that was done since.
    fn reset(&self, generation: u32, broken: Broken) {
        let mut resets = self.resets.lock();
        if *resets != generation {
            return;
        }
        *resets += 1;
        message(&[Part::Text("virtio-net: "), Part::Text(broken.0), Part::Text("; the card is reset\n")]);
        let back = self.device.reset();
        // The device has let go of all memory, or is ignored from here on.
        for pair in &self.pairs {
            let (receive, transmit) = (pair.receive.lock().take(), pair.transmit.lock().take());
            if back.is_err() {
                core::mem::forget((receive, transmit));
            }
        }
        if *resets > RESETS || back.and_then(|()| self.set_up()).is_err() {
            message(&[Part::Text("virtio-net: the card is given up\n")]);
            self.started.store(false, Ordering::Release);
        }
        self.generation.store(*resets, Ordering::Release);
    }

    /// Whether the device can do what the packet asks for.
    fn can(&self, packet: &Packet) -> bool {
        let cut = match packet.gso {
            None => packet.length() <= LINK_HEADER + self.mtu + 4,
            Some(gso) if gso.kind == GsoKind::Tcp4 => self.has(feature::HOST_TSO4),
            Some(_) => self.has(feature::HOST_TSO6),
        };
        let sum = self.has(feature::CHECKSUM) || !matches!(packet.checksum, Checksum::Partial { .. });
        cut && sum && packet.length() <= LONGEST
    }
}

impl Pair {
    /// Asks for interrupts; something if there is work already.
    fn ready(&self) -> Option<()> {
        let mut ready = false;
        if let Some(receive) = self.receive.lock().as_mut() {
            ready |= receive.queue.listen(0);
        }
        if let Some(transmit) = self.transmit.lock().as_mut() {
            ready |= transmit.queue.is_broken() || (transmit.waits && transmit.listen());
        }
        ready.then_some(())
    }
}

impl Nic for Card {
    fn mac(&self) -> [u8; 6] {
        self.mac
    }

    fn mtu(&self) -> usize {
        if self.has(feature::MERGEABLE) { self.mtu } else { self.mtu.min(CAPACITY - 64) }
    }

    fn offloads(&self) -> Offloads {
        let (tso4, tso6) = (self.has(feature::HOST_TSO4), self.has(feature::HOST_TSO6));
        Offloads {
            checksum: self.has(feature::CHECKSUM),
            checked: self.has(feature::GUEST_CHECKSUM),
            tso4,
            tso6,
            gso: if tso4 || tso6 { LONGEST } else { 0 },
        }
    }

    fn link(&self) -> bool {
        const UP: u32 = 1;
        !self.has(feature::STATUS) || self.device.transport().config(STATUS_AT, 2) & UP != 0
    }

    fn queues(&self) -> usize {
        self.used.load(Ordering::Acquire)
    }

    fn transmit(&self, packet: Packet, more: bool) -> core::result::Result<(), Packet> {
        if !self.can(&packet) {
            return Ok(());
        }
        let flow = if packet.flow != 0 { packet.flow as usize } else { sched::current_cpu() };
        let Some(pair) = self.pairs.get(flow % self.queues()) else { return Ok(()) };
        match pair.transmit.lock().as_mut() {
            Some(transmit) => transmit.send(self.device.transport(), packet, more),
            // Not started, or given up: no cable.
            None => Ok(()),
        }
    }

    fn is_idle(&self) -> bool {
        self.pairs.iter().all(|pair| pair.transmit.lock().as_mut().is_none_or(Transmit::is_idle))
    }

    fn start(&self, receiver: Arc<dyn Receiver>) -> Result<()> {
        if self.started.swap(true, Ordering::AcqRel) {
            return Err(EBUSY);
        }
        self.receiver.get_or_init(|| receiver);
        // SAFETY: `new` keeps a reference for good.
        let card: &'static Self = unsafe { &*core::ptr::from_ref(self) };
        for number in 0..self.pairs.len() {
            let layout = Layout::from_size_align(STACK, 16).map_err(|_| ENOMEM)?;
            let stack = heap::allocate(layout);
            if stack.is_null() {
                return Err(ENOMEM);
            }
            let worker = Box::into_raw(Box::new(Worker { card, number }));
            let request = Spawn {
                entry: work,
                argument: worker.expose_provenance(),
                stack_top: stack.expose_provenance() + STACK,
                tcb: 0,
                clear_on_exit: 0,
                affinity: u64::MAX,
            };
            sched::spawn(request).map_err(|_| ENOMEM)?;
        }
        self.set_up()
    }
}
