//! Requests: each thread offers its own and sleeps until it is done, so as many are in flight as
//! there are threads that ask.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, Ordering};

use kcore::device::block::{Block, BlockDriver, SECTOR, WritableBlock};
use kcore::errno::{EIO, ENODEV, ENOSYS, EROFS, Result};
use kcore::sync::{SpinLock, WaitQueue};

use crate::virtio::{Buffer, Device, Queue, kind};

/// The row.
pub static VIRTIO_BLK: BlockDriver = BlockDriver { probe };

/// `VIRTIO_BLK_F_RO`.
const READ_ONLY: u64 = 1 << 5;
/// `VIRTIO_BLK_F_FLUSH`.
const FLUSH: u64 = 1 << 9;
/// `VIRTIO_BLK_F_SIZE_MAX`: the device limits the length of a segment.
const SIZE_MAX: u64 = 1 << 1;
/// `VIRTIO_BLK_F_SEG_MAX`: the device limits the number of segments.
const SEGMENTS_MAX: u64 = 1 << 2;

/// `VIRTIO_BLK_T_IN`.
const IN: u32 = 0;
/// `VIRTIO_BLK_T_OUT`.
const OUT: u32 = 1;
/// `VIRTIO_BLK_T_FLUSH`.
const FLUSH_ALL: u32 = 4;

/// Entries of the queue.
const ENTRIES: u16 = 64;

fn probe(index: usize) -> Option<Arc<dyn Block>> {
    let wanted = READ_ONLY | FLUSH | SIZE_MAX | SEGMENTS_MAX;
    let disk = Disk::new(Device::find(kind::BLOCK, index, wanted).ok()?);
    disk.ok().map(|disk| disk as Arc<dyn Block>)
}

/// A request on its way, in memory that the device can reach.
#[repr(C)]
struct Request {
    kind: u32,
    reserved: u32,
    sector: u64,
    status: UnsafeCell<u8>,
    done: AtomicBool,
}

/// A disk.
pub struct Disk {
    device: Device,
    queue: SpinLock<Option<Queue>>,
    /// Threads whose request is done, or that wait for room.
    waiting: WaitQueue,
    interrupts: AtomicBool,
    sectors: u64,
    /// Segments of data in a request, and bytes in a segment.
    segments: usize,
    segment: usize,
}

/// The interrupt: `data` is the disk.
fn interrupt(data: usize) {
    // SAFETY: a disk that was found is never freed.
    let disk = unsafe { &*core::ptr::with_exposed_provenance::<Disk>(data) };
    disk.collect();
}

impl Disk {
    /// Sets the disk up. It lives for as long as the kernel.
    pub fn new(device: Device) -> Result<Arc<Self>> {
        let sectors = device.config64(0);
        let limit = |feature, offset, default: u32| {
            let value =
                if device.features & feature != 0 { device.transport().config(offset, 4) } else { default };
            if value == 0 { default } else { value }
        };
        let segment = limit(SIZE_MAX, 8, 1 << 20) as usize;
        let segments = limit(SEGMENTS_MAX, 12, u32::from(ENTRIES)) as usize;
        // A request takes two descriptors besides its segments.
        let entries = device.transport().queue_size_max(0).min(ENTRIES);
        let room = usize::from(entries).checked_sub(2).filter(|&room| room > 0).ok_or(ENODEV)?;
        let disk = Arc::new(Self {
            queue: SpinLock::new(None),
            waiting: WaitQueue::new(),
            interrupts: AtomicBool::new(false),
            sectors,
            segments: segments.clamp(1, room),
            segment: (segment & !(SECTOR - 1)).max(SECTOR),
            device,
        });
        // The interrupt's data: one more reference, for good.
        let data = Arc::into_raw(disk.clone()).expose_provenance();
        let (queue, interrupts) = Queue::new(disk.device.transport(), 0, ENTRIES, interrupt, data)?;
        *disk.queue.lock() = Some(queue);
        disk.interrupts.store(interrupts, Ordering::Release);
        disk.device.start();
        Ok(disk)
    }

    /// Marks what is done.
    fn collect(&self) {
        let mut any = false;
        let mut queue = self.queue.lock();
        while let Some((token, _)) = queue.as_mut().and_then(Queue::take) {
            // SAFETY: a token is the address of a request whose owner waits until it is done.
            let request = unsafe { &*core::ptr::with_exposed_provenance::<Request>(token) };
            request.done.store(true, Ordering::Release);
            any = true;
        }
        drop(queue);
        if any {
            self.waiting.wake_all();
        }
    }

    /// Sleeps until `ready` gives a value. A device that cannot interrupt is looked at instead.
    fn wait<T>(&self, mut ready: impl FnMut() -> Option<T>) -> T {
        if self.interrupts.load(Ordering::Acquire) {
            return self.waiting.wait_uninterruptible(ready);
        }
        loop {
            self.collect();
            match ready() {
                Some(value) => return value,
                None => kcore::sched::yield_now(),
            }
        }
    }

    /// Does one request with these segments.
    fn request(&self, kind: u32, sector: u64, segments: &[Buffer]) -> Result<()> {
        let request = Box::new(Request {
            kind,
            reserved: 0,
            sector,
            status: UnsafeCell::new(u8::MAX),
            done: AtomicBool::new(false),
        });
        let header = Buffer { length: 16, ..Buffer::read(&*request)? };
        // SAFETY: only the address is taken; the device writes there.
        let status = Buffer::write(unsafe { &mut *request.status.get() })?;
        let mut buffers = Vec::with_capacity(segments.len() + 2);
        buffers.push(header);
        buffers.extend_from_slice(segments);
        buffers.push(status);
        let token = (&raw const *request).expose_provenance();
        self.wait(|| {
            let mut queue = self.queue.lock();
            let queue = queue.as_mut()?;
            queue.offer(&buffers, token).then(|| queue.kick(self.device.transport()))
        });
        self.wait(|| request.done.load(Ordering::Acquire).then_some(()));
        // SAFETY: the device is done with it.
        match unsafe { request.status.get().read_volatile() } {
            0 => Ok(()),
            2 => Err(ENOSYS),
            _ => Err(EIO),
        }
    }

    /// Does as many requests as `buffers` need; `EIO` if they are not whole sectors of the disk.
    fn transfer(
        &self,
        kind: u32,
        mut sector: u64,
        buffers: &mut dyn Iterator<Item = Result<Buffer>>,
    ) -> Result<()> {
        let mut segments: Vec<Buffer> = Vec::new();
        let mut length = 0;
        for buffer in buffers {
            let mut buffer = buffer?;
            if !(buffer.length as usize).is_multiple_of(SECTOR) {
                return Err(EIO);
            }
            while buffer.length > 0 {
                let part = Buffer { length: buffer.length.min(self.segment as u32), ..buffer };
                buffer.address += u64::from(part.length);
                buffer.length -= part.length;
                length += u64::from(part.length);
                segments.push(part);
                if segments.len() == self.segments {
                    sector = self.send(kind, sector, &mut segments, &mut length)?;
                }
            }
        }
        self.send(kind, sector, &mut segments, &mut length).map(|_| ())
    }

    /// Sends what has been put together; gives the sector after it.
    fn send(&self, kind: u32, sector: u64, segments: &mut Vec<Buffer>, length: &mut u64) -> Result<u64> {
        let end = sector.checked_add(*length / SECTOR as u64).ok_or(EIO)?;
        if end > self.sectors {
            return Err(EIO);
        }
        if !segments.is_empty() {
            self.request(kind, sector, segments)?;
        }
        segments.clear();
        *length = 0;
        Ok(end)
    }
}

impl Block for Disk {
    fn sectors(&self) -> u64 {
        self.sectors
    }

    fn read(&self, sector: u64, buffers: &mut [&mut [u8]]) -> Result<()> {
        let mut list = buffers.iter_mut().map(|buffer| Buffer::write(&mut **buffer));
        self.transfer(IN, sector, &mut list)
    }

    fn writable(&self) -> Option<&dyn WritableBlock> {
        if self.device.features & READ_ONLY != 0 { None } else { Some(self) }
    }
}

impl WritableBlock for Disk {
    fn write(&self, sector: u64, buffers: &[&[u8]]) -> Result<()> {
        if self.device.features & READ_ONLY != 0 {
            return Err(EROFS);
        }
        let mut list = buffers.iter().map(|buffer| Buffer::read(*buffer));
        self.transfer(OUT, sector, &mut list)
    }

    fn flush(&self) -> Result<()> {
        // Without the feature the device has no cache to flush.
        if self.device.features & FLUSH == 0 {
            return Ok(());
        }
        self.request(FLUSH_ALL, 0, &[])
    }
}

// SAFETY: a request's status is written by the device and read when it is done.
unsafe impl Sync for Request {}
