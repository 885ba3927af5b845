//! A virtio device made of plain memory: what drivers are tested against.

use std::sync::atomic::{AtomicU8, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use kcore::device::bus::{QueueSetup, Virtio};
use kcore::errno::Result;

/// Queues that the device has.
const QUEUES: usize = 6;

/// What a queue was set up with.
#[derive(Clone, Copy)]
pub struct Set {
    pub size: u16,
    pub descriptors: u64,
    pub available: u64,
    pub used: u64,
    handler: fn(usize),
    data: usize,
}

/// A buffer as the device sees it.
pub struct Part {
    pub address: u64,
    pub length: usize,
    pub writable: bool,
}

impl Part {
    /// The bytes behind it.
    pub fn bytes(&self) -> &'static mut [u8] {
        // SAFETY: on the host a physical address is a pointer, and the test's driver made the buffer.
        unsafe { std::slice::from_raw_parts_mut(self.address as *mut u8, self.length) }
    }
}

/// What the device does when queue number so-and-so is notified.
pub type Serve = Box<dyn Fn(&Model, u16) + Send + Sync>;

/// A device with these features; what it does with a request is up to the test.
pub struct Model {
    pub features: u64,
    pub accepted: [AtomicU32; 2],
    pub status: AtomicU8,
    pub resets: AtomicUsize,
    pub queue_size: u16,
    pub config: Vec<u32>,
    pub queues: Mutex<Vec<Option<Set>>>,
    /// Called when the driver notifies.
    pub serve: Serve,
}

/// The model as a transport.
pub struct Shared(pub Arc<Model>);

unsafe fn load<T>(address: u64) -> T {
    // SAFETY: the driver set the queue up there.
    unsafe { (address as *const T).read_volatile() }
}

impl Model {
    pub fn new(features: u64, config: Vec<u32>, serve: Serve) -> Arc<Self> {
        Arc::new(Self {
            features,
            accepted: [AtomicU32::new(0), AtomicU32::new(0)],
            status: AtomicU8::new(0),
            resets: AtomicUsize::new(0),
            queue_size: 64,
            config,
            queues: Mutex::new(vec![None; QUEUES]),
            serve,
        })
    }

    pub fn set(&self, queue: u16) -> Set {
        self.queues.lock().unwrap()[usize::from(queue)].expect("the queue is set up")
    }

    /// The requests offered from number `from` on: each with its first descriptor's number.
    pub fn offered(&self, queue: u16, from: u16) -> Vec<(u16, Vec<Part>)> {
        let set = self.set(queue);
        let mut list = Vec::new();
        // SAFETY: the driver set the queue up, and it is of this size.
        unsafe {
            let index: u16 = load(set.available + 2);
            let mut at = from;
            while at != index {
                let head: u16 = load(set.available + 4 + 2 * u64::from(at % set.size));
                let (mut parts, mut next) = (Vec::new(), head);
                loop {
                    assert!(next < set.size && parts.len() < usize::from(set.size));
                    let descriptor = set.descriptors + 16 * u64::from(next);
                    let flags: u16 = load(descriptor + 12);
                    parts.push(Part {
                        address: load(descriptor),
                        length: load::<u32>(descriptor + 8) as usize,
                        writable: flags & 2 != 0,
                    });
                    if flags & 1 == 0 {
                        break;
                    }
                    next = load(descriptor + 14);
                }
                list.push((head, parts));
                at = at.wrapping_add(1);
            }
        }
        list
    }

    /// Puts an entry into the used ring.
    pub fn finish(&self, queue: u16, head: u32, written: u32) {
        let set = self.set(queue);
        // SAFETY: as above.
        unsafe {
            let index: u16 = load(set.used + 2);
            let slot = set.used + 4 + 8 * u64::from(index % set.size);
            (slot as *mut u32).write_volatile(head);
            ((slot + 4) as *mut u32).write_volatile(written);
            self.set_used(queue, index.wrapping_add(1));
        }
    }

    /// Requests offered so far.
    pub fn index(&self, queue: u16) -> u16 {
        // SAFETY: as above.
        unsafe { load(self.set(queue).available + 2) }
    }

    /// Asks to be notified of request number `index`, where event indices are used.
    pub fn want(&self, queue: u16, index: u16) {
        let set = self.set(queue);
        // SAFETY: as above.
        unsafe { ((set.used + 4 + 8 * u64::from(set.size)) as *mut u16).write_volatile(index) }
    }

    /// Whether the driver lets the device work.
    pub fn is_working(&self) -> bool {
        self.status.load(Ordering::SeqCst) & 4 != 0
    }

    /// Sets the used ring's index, right or wrong.
    pub fn set_used(&self, queue: u16, index: u16) {
        // SAFETY: as above.
        unsafe { ((self.set(queue).used + 2) as *mut u16).write_volatile(index) }
    }

    /// Interrupts.
    pub fn interrupt(&self, queue: u16) {
        let set = self.set(queue);
        (set.handler)(set.data);
    }
}

impl Virtio for Shared {
    fn device_features(&self, select: u32) -> u32 {
        (self.0.features >> (32 * select)) as u32
    }

    fn set_driver_features(&self, select: u32, features: u32) {
        self.0.accepted[select as usize].store(features, Ordering::Relaxed);
    }

    fn status(&self) -> u8 {
        self.0.status.load(Ordering::Relaxed)
    }

    fn set_status(&self, status: u8) {
        if status == 0 {
            self.0.resets.fetch_add(1, Ordering::SeqCst);
        }
        self.0.status.store(status, Ordering::SeqCst);
    }

    fn queue_size_max(&self, index: u16) -> u16 {
        if usize::from(index) < QUEUES { self.0.queue_size } else { 0 }
    }

    fn enable_queue(&self, queue: &QueueSetup, handler: fn(usize), data: usize) -> Result<bool> {
        let set = Set {
            size: queue.size,
            descriptors: queue.descriptors,
            available: queue.available,
            used: queue.used,
            handler,
            data,
        };
        self.0.queues.lock().unwrap()[usize::from(queue.index)] = Some(set);
        Ok(true)
    }

    fn notify(&self, index: u16) {
        (self.0.serve)(&self.0, index);
    }

    fn config(&self, offset: usize, width: usize) -> u32 {
        let bytes: Vec<u8> = self.0.config.iter().flat_map(|word| word.to_le_bytes()).collect();
        assert!(offset.is_multiple_of(width));
        let mut value = [0; 4];
        match bytes.get(offset..offset + width) {
            Some(field) => value[..width].copy_from_slice(field),
            None => value = [0xff; 4],
        }
        u32::from_le_bytes(value)
    }
}
