//! The control queue (section 5.1.6.5), for the one command that is used.

use alloc::boxed::Box;
use core::time::Duration;

use kcore::errno::{EIO, Result};
use kcore::{sched, time};

use crate::virtio::{Buffer, Device, Queue};

/// `VIRTIO_NET_CTRL_MQ`, `VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET`.
const PAIRS: [u8; 2] = [4, 0];
/// How long the device may take.
const PATIENCE: Duration = Duration::from_secs(1);

struct Command {
    name: [u8; 2],
    pairs: [u8; 2],
    answer: u8,
}

/// Tells a device that works how many pairs of queues to use; `EIO` if it does not want to.
pub fn set_pairs(device: &Device, queue: &mut Queue, pairs: u16) -> Result<()> {
    let mut command = Box::new(Command { name: PAIRS, pairs: pairs.to_le_bytes(), answer: u8::MAX });
    let parts =
        [Buffer::read(&command.name)?, Buffer::read(&command.pairs)?, Buffer::write(&mut command.answer)?];
    if !queue.offer(&parts, 0) {
        return Err(EIO);
    }
    queue.kick(device.transport());
    let end = time::now() + PATIENCE;
    while queue.take().is_none() {
        if time::now() > end {
            // The device may still write the answer.
            Box::leak(command);
            return Err(EIO);
        }
        sched::yield_now();
    }
    // SAFETY: the device has written it.
    if unsafe { (&raw const command.answer).read_volatile() } == 0 { Ok(()) } else { Err(EIO) }
}
