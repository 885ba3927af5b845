//! Cutting packets that are too long for a link (RFC 791, section 3.2; RFC 8200, section 4.5).

use alloc::vec::Vec;

use kcore::device::net::{Checksum, Fragment, Packet};
use kcore::errno::{EMSGSIZE, ENOMEM, Result};

use super::{Outgoing, Part, Version};
use crate::route::Way;
use crate::stack::Stack;
use crate::wire::checksum;

/// Sends a packet in parts. Their payloads are shared with it, not copied.
pub(super) fn send(
    stack: &'static Stack,
    version: &Version,
    way: &Way,
    out: &Outgoing,
    mut packet: Packet,
) -> Result<()> {
    checksum::complete(&mut packet);
    let length = packet.length();
    let room = way.mtu.checked_sub(version.headers.0 + version.headers.1).ok_or(EMSGSIZE)? & !7;
    if room == 0 || length > 65535 {
        return Err(EMSGSIZE);
    }
    let id = stack.packet_id();
    let Packet { head, fragments, flow, .. } = packet;
    let pieces: Vec<Fragment> = core::iter::once(Fragment::from(head)).chain(fragments).collect();
    let mut offset = 0;
    while offset < length {
        let count = room.min(length - offset);
        let mut part = Packet::with_room(version.headers.0 + version.headers.1)?;
        part.flow = flow;
        part.checksum = Checksum::Complete;
        let (mut skip, mut left) = (offset, count);
        for piece in &pieces {
            if skip >= piece.len() {
                skip -= piece.len();
            } else if left > 0 {
                let cut = piece.part(skip..skip + left);
                skip = 0;
                left -= cut.len();
                part.fragments.push(cut);
            }
        }
        let more = offset + count < length;
        (version.header)(stack, &mut part, out, Some(&Part { offset, more, id })).ok_or(ENOMEM)?;
        way.send(version.kind, part, more);
        offset += count;
    }
    Ok(())
}
