//! What was sent to a socket and not received yet.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use kcore::errno::{EAGAIN, ECONNRESET, EPIPE, Errno, Result};
use kcore::sync::Mutex;
use kcore::vfs::File;
use kcore::vfs::poll::Events;

use crate::socket::{Credentials, Flags, Incoming, Outgoing, Readiness, SocketName, room, scatter};

/// One thing that was sent: a message, or bytes of a stream with what goes with them.
pub(super) struct Packet {
    data: Vec<u8>,
    /// Bytes that were received already.
    taken: usize,
    rights: Vec<Arc<dyn File>>,
    credentials: Credentials,
    /// The sender's name, for datagrams.
    from: SocketName,
}

impl Packet {
    /// Takes the rights out of `message`.
    pub(super) fn new(bytes: &[u8], message: &mut Outgoing<'_>, from: SocketName) -> Self {
        Self {
            data: bytes.to_vec(),
            taken: 0,
            rights: core::mem::take(&mut message.rights),
            credentials: message.credentials.unwrap_or(Credentials::OWN),
            from,
        }
    }

    fn left(&self) -> &[u8] {
        self.data.get(self.taken..).unwrap_or_default()
    }
}

#[derive(Default)]
struct Queue {
    packets: VecDeque<Packet>,
    bytes: usize,
    /// Nothing more is put in: the senders are done, or the receiver is.
    closed: bool,
    /// What the owner is told once.
    error: Option<Errno>,
}

/// The receiving side of a socket. Whoever sends to it holds it too.
pub(super) struct Inbox {
    queue: Mutex<Queue>,
    /// The owner's.
    pub(super) readiness: Readiness,
}

/// Least room that a stream has to have to be called writable, as a part of its buffer.
const ROOM: usize = 4;
/// Small pieces of a stream are joined up to this many bytes.
const JOINED_MAX: usize = 4096;

impl Inbox {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { queue: Mutex::new(Queue::default()), readiness: Readiness::new() })
    }

    /// Puts in bytes of a stream, as many as there is room for below `capacity`; `EPIPE` if it is
    /// closed, `EAGAIN` if it is full.
    pub(super) fn put_bytes(
        &self,
        bytes: &[u8],
        message: &mut Outgoing<'_>,
        capacity: usize,
    ) -> Result<usize> {
        let mut queue = self.queue.lock();
        if queue.closed {
            return Err(EPIPE);
        }
        if bytes.is_empty() {
            return Ok(0);
        }
        let count = bytes.len().min(capacity.saturating_sub(queue.bytes));
        if count == 0 {
            return Err(EAGAIN);
        }
        let bytes = bytes.get(..count).unwrap_or_default();
        queue.bytes += count;
        let shown = message.credentials.unwrap_or(Credentials::OWN);
        let joins = |last: &Packet| {
            last.rights.is_empty() && last.credentials == shown && last.data.len() + count <= JOINED_MAX
        };
        match queue.packets.back_mut() {
            Some(last) if message.rights.is_empty() && joins(last) => last.data.extend_from_slice(bytes),
            _ => queue.packets.push_back(Packet::new(bytes, message, SocketName::NONE)),
        }
        drop(queue);
        self.readiness.notify(Events::READABLE);
        Ok(count)
    }

    /// Puts in a message; `EPIPE` if it is closed, `EAGAIN` if there are `limit` messages already or
    /// more than `capacity` bytes would be in it.
    pub(super) fn put_message(
        &self,
        make: &mut dyn FnMut() -> Packet,
        length: usize,
        limit: usize,
        capacity: usize,
    ) -> Result<usize> {
        let mut queue = self.queue.lock();
        if queue.closed {
            return Err(EPIPE);
        }
        if queue.packets.len() >= limit || !queue.packets.is_empty() && queue.bytes + length > capacity {
            return Err(EAGAIN);
        }
        queue.bytes += length;
        queue.packets.push_back(make());
        drop(queue);
        self.readiness.notify(Events::READABLE);
        Ok(length)
    }

    /// Receives bytes of a stream, up to the next piece that came with something; `EAGAIN` if there
    /// are none, 0 at the end.
    pub(super) fn take_bytes(&self, buffer: &mut [u8], message: &mut Incoming) -> Result<usize> {
        let mut queue = self.queue.lock();
        if queue.packets.is_empty() {
            return queue.empty();
        }
        let peek = message.flags.contains(Flags::PEEK);
        let (mut done, mut at) = (0, 0);
        let mut shown = None;
        while done < buffer.len() {
            let Some(packet) = queue.packets.get_mut(at) else { break };
            if shown.is_some_and(|shown| shown != packet.credentials) {
                break;
            }
            shown = Some(packet.credentials);
            let rest = buffer.get_mut(done..).unwrap_or_default();
            let count = rest.len().min(packet.left().len());
            rest.iter_mut().zip(packet.left()).for_each(|(to, from)| *to = *from);
            done += count;
            let had_rights = !packet.rights.is_empty();
            if peek {
                message.rights.extend(packet.rights.iter().cloned());
                at += 1;
            } else {
                message.rights.append(&mut packet.rights);
                packet.taken += count;
                if packet.left().is_empty() {
                    queue.packets.pop_front();
                }
                queue.bytes -= count;
            }
            if had_rights {
                break;
            }
        }
        message.credentials = shown;
        Ok(done)
    }

    /// Receives a message; `EAGAIN` if there is none, 0 at the end.
    pub(super) fn take_message(&self, buffer: &mut [u8], message: &mut Incoming) -> Result<usize> {
        let mut queue = self.queue.lock();
        let Some(packet) = queue.packets.front_mut() else { return queue.empty() };
        buffer.iter_mut().zip(&packet.data).for_each(|(to, from)| *to = *from);
        let length = packet.data.len();
        message.from = Some(packet.from);
        message.credentials = Some(packet.credentials);
        if length > buffer.len() {
            message.outcome |= Flags::TRUNC;
        }
        if message.flags.contains(Flags::PEEK) {
            message.rights.extend(packet.rights.iter().cloned());
        } else {
            message.rights.append(&mut packet.rights);
            queue.packets.pop_front();
            queue.bytes -= length;
        }
        Ok(if message.flags.contains(Flags::TRUNC) { length } else { length.min(buffer.len()) })
    }

    /// Ends it: nothing more is put in, what is there can still be received.
    pub(super) fn close(&self) {
        self.queue.lock().closed = true;
        self.readiness.notify(Events::READABLE | Events::RDHUP | Events::HUP);
        self.readiness.senders.wake_all();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.queue.lock().closed
    }

    /// Whether nothing is in it.
    pub(super) fn is_empty(&self) -> bool {
        self.queue.lock().packets.is_empty()
    }

    /// Throws away what is in it: the owner is gone. The files that were on their way are dropped
    /// outside the lock, since that may close sockets.
    pub(super) fn discard(&self) {
        let packets = core::mem::take(&mut self.queue.lock().packets);
        drop(packets);
    }

    /// Tells the owner that the other side went away with data unread.
    pub(super) fn reset(&self) {
        self.queue.lock().error = Some(ECONNRESET);
        self.readiness.notify(Events::ERR);
    }

    pub(super) fn take_error(&self) -> Option<Errno> {
        self.queue.lock().error.take()
    }

    pub(super) fn has_error(&self) -> bool {
        self.queue.lock().error.is_some()
    }

    /// Bytes in it, and bytes of the first message.
    pub(super) fn pending(&self) -> (usize, usize) {
        let queue = self.queue.lock();
        (queue.bytes, queue.packets.front().map_or(0, |packet| packet.left().len()))
    }

    /// Whether a stream with this capacity is to be called writable.
    pub(super) fn has_room(&self, capacity: usize) -> bool {
        self.queue.lock().bytes <= capacity / ROOM
    }

    /// Messages in it.
    pub(super) fn messages(&self) -> usize {
        self.queue.lock().packets.len()
    }
}

impl Queue {
    /// What receiving from an empty queue gives.
    fn empty(&mut self) -> Result<usize> {
        match self.error.take() {
            Some(error) => Err(error),
            None if self.closed => Ok(0),
            None => Err(EAGAIN),
        }
    }
}

/// The longest message that is received into several parts.
const PARTS_MAX: usize = 1 << 20;

/// Receives by `take` into one buffer, and from there into the parts if they are several.
pub(super) fn into_one(
    parts: &mut [&mut [u8]],
    take: &mut dyn FnMut(&mut [u8]) -> Result<usize>,
) -> Result<usize> {
    if let [only] = parts {
        return take(only);
    }
    let mut all = vec![0; room(parts).min(PARTS_MAX)];
    let count = take(&mut all)?;
    scatter(all.get(..count).unwrap_or(&all), parts);
    Ok(count)
}
