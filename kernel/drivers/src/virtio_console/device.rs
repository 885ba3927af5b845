//! The two rows and the device behind them.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicUsize, Ordering};

use kcore::console::{Input, InputRow, Output, Row};
use kcore::errno::Result;
use kcore::sync::{Once, SpinLock};

use crate::virtio::{Buffer, Device, Queue, kind};

/// Console output.
pub static VIRTIO_CONSOLE: Row = Row { probe };
/// Console input.
pub static VIRTIO_CONSOLE_INPUT: InputRow = InputRow { probe: listen };

const RECEIVE: u16 = 0;
const TRANSMIT: u16 = 1;
/// Bytes in each buffer.
const SIZE: usize = 256;
/// Looks at a device that does not take a buffer before the bytes are given up.
const PATIENCE: u32 = 1 << 26;

struct Receiver {
    queue: Queue,
    buffer: Vec<u8>,
    /// What arrived and was not read yet.
    pending: core::ops::Range<usize>,
}

struct Console {
    device: Device,
    transmit: SpinLock<(Queue, Vec<u8>)>,
    receive: SpinLock<Option<Receiver>>,
}

static CONSOLE: Once<Option<Box<Console>>> = Once::new();
static ARRIVED: AtomicUsize = AtomicUsize::new(0);

fn ignore(_data: usize) {}

fn interrupt(_data: usize) {
    let arrived = ARRIVED.load(Ordering::Acquire);
    if arrived != 0 {
        // SAFETY: only `listen` stores here, and it stores a function of this type.
        let arrived: fn() = unsafe { core::mem::transmute(arrived) };
        arrived();
    }
}

/// Both queues are set up before the device starts, as the standard wants it; nothing is received
/// before somebody listens, since no buffer is offered.
fn open() -> Result<Box<Console>> {
    let device = Device::find(kind::CONSOLE, 0, 0)?;
    let (receive, interrupts) = Queue::new(device.transport(), RECEIVE, 4, interrupt, 0)?;
    let (transmit, _) = Queue::new(device.transport(), TRANSMIT, 4, ignore, 0)?;
    device.start();
    let receiver = Receiver { queue: receive, buffer: vec![0; SIZE], pending: 0..0 };
    Ok(Box::new(Console {
        device,
        transmit: SpinLock::new((transmit, vec![0; SIZE])),
        receive: SpinLock::new(interrupts.then_some(receiver)),
    }))
}

fn console() -> Option<&'static Console> {
    CONSOLE.get_or_init(|| open().ok()).as_deref()
}

fn probe() -> Option<&'static dyn Output> {
    console().map(|console| console as &dyn Output)
}

impl Output for Console {
    fn write(&self, bytes: &[u8]) {
        let mut transmit = self.transmit.lock();
        let (queue, buffer) = &mut *transmit;
        for chunk in bytes.chunks(SIZE) {
            let Some(part) = buffer.get_mut(..chunk.len()) else { return };
            part.copy_from_slice(chunk);
            let Ok(shown) = Buffer::read(&*part) else { return };
            if !queue.offer(&[shown], 0) {
                return;
            }
            queue.kick(self.device.transport());
            let mut patience = PATIENCE;
            while queue.take().is_none() {
                patience -= 1;
                if patience == 0 {
                    return;
                }
                hal::cpu::pause();
            }
        }
    }
}

impl Receiver {
    /// Lets the device fill the buffer again.
    fn offer(&mut self, device: &Device) {
        if let Ok(buffer) = Buffer::write(self.buffer.as_mut_slice())
            && self.queue.offer(&[buffer], 0)
        {
            self.queue.kick(device.transport());
        }
    }
}

fn listen(arrived: fn()) -> Option<&'static dyn Input> {
    let console = console()?;
    ARRIVED.store(arrived as usize, Ordering::Release);
    // Without interrupts nobody would notice what comes.
    console.receive.lock().as_mut()?.offer(&console.device);
    Some(console)
}

impl Input for Console {
    fn read(&self, buffer: &mut [u8]) -> usize {
        let mut receive = self.receive.lock();
        let Some(receiver) = receive.as_mut() else { return 0 };
        if receiver.pending.is_empty() {
            let Some((_, written)) = receiver.queue.take() else { return 0 };
            receiver.pending = 0..(written as usize).min(SIZE);
        }
        let count = buffer.len().min(receiver.pending.len());
        let from = receiver.pending.start;
        if let (Some(to), Some(bytes)) = (buffer.get_mut(..count), receiver.buffer.get(from..from + count)) {
            to.copy_from_slice(bytes);
        }
        receiver.pending.start += count;
        if receiver.pending.is_empty() {
            receiver.offer(&self.device);
        }
        count
    }
}
