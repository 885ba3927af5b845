//! The virtio entropy source (section 5.4).

use alloc::boxed::Box;
use alloc::vec;

use kcore::device::random::Entropy;
use kcore::errno::{EIO, Result};
use kcore::sync::{Mutex, WaitQueue};

use crate::virtio::{Buffer, Device, Queue, kind};

/// The row.
pub static VIRTIO_RNG: Entropy = Entropy { fill };

struct Source {
    device: Device,
    queue: Queue,
    interrupts: bool,
}

/// The source, once it was looked for; the inner option says whether there is one.
static SOURCE: Mutex<Option<Option<Box<Source>>>> = Mutex::new(None);
static DONE: WaitQueue = WaitQueue::new();
/// Bytes asked for at once.
const CHUNK: usize = 64;

fn interrupt(_data: usize) {
    DONE.wake_all();
}

fn open() -> Result<Box<Source>> {
    let device = Device::find(kind::ENTROPY, 0, 0)?;
    let (queue, interrupts) = Queue::new(device.transport(), 0, 4, interrupt, 0)?;
    device.start();
    Ok(Box::new(Source { device, queue, interrupts }))
}

fn fill(buffer: &mut [u8]) -> usize {
    let mut source = SOURCE.lock();
    let Some(source) = source.get_or_insert_with(|| open().ok()) else { return 0 };
    let mut done = 0;
    for part in buffer.chunks_mut(CHUNK) {
        match source.read(part) {
            Ok(count) if count > 0 => done += count,
            _ => break,
        }
    }
    done
}

impl Source {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        // The caller's buffer may be anywhere; the device reaches the heap.
        let mut bytes = vec![0; buffer.len()];
        if !self.queue.offer(&[Buffer::write(bytes.as_mut_slice())?], 0) {
            return Err(EIO);
        }
        self.queue.kick(self.device.transport());
        let (_, written) = if self.interrupts {
            DONE.wait_uninterruptible(|| self.queue.take())
        } else {
            loop {
                match self.queue.take() {
                    Some(done) => break done,
                    None => kcore::sched::yield_now(),
                }
            }
        };
        let count = (written as usize).min(bytes.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), bytes.get(..count)) {
            to.copy_from_slice(from);
        }
        Ok(count)
    }
}
