//! What sockets do with packets.

use kcore::device::net::{Buffer, HEADROOM, Packet};
use kcore::errno::Result;

/// Bytes of headers that are left room for.
const HEADERS: usize = 64;

/// Bytes of memory that a packet in a queue keeps in use.
pub fn footprint(packet: &Packet) -> usize {
    let shared: usize = packet.fragments.iter().map(|fragment| fragment.footprint()).sum();
    packet.head.len() + packet.head.headroom() + packet.head.tailroom() + shared + 256
}

/// A packet of an application's bytes, with room for headers: one copy.
pub fn payload(parts: &[&[u8]], length: usize) -> Result<Packet> {
    let headroom = HEADROOM + HEADERS;
    let mut head = Buffer::with_headroom(headroom + length, headroom)?;
    parts.iter().for_each(|part| {
        head.append(part);
    });
    Ok(Packet::new(head))
}

/// Copies a packet to where an application wants it; gives the number of bytes.
pub fn copy(packet: &Packet, parts: &mut [&mut [u8]]) -> usize {
    let mut done = 0;
    for part in parts {
        let count = packet.copy_to(done, part);
        done += count;
        if count < part.len() {
            break;
        }
    }
    done
}

/// The same bytes again, after a header.
pub fn duplicate(packet: &Packet, header: &[u8]) -> Result<Packet> {
    let headroom = HEADROOM + HEADERS;
    let mut head = Buffer::with_headroom(headroom + header.len() + packet.length(), headroom)?;
    head.append(header);
    packet.parts().for_each(|part| {
        head.append(part);
    });
    let mut copy = Packet::new(head);
    copy.checksum = packet.checksum;
    Ok(copy)
}

/// Whether memory is left that is nobody's yet, as there has to be when a stranger or the application wants
/// another object of the kernel's.
pub fn has_memory() -> bool {
    kcore::memory::frames::available() > 0
}
