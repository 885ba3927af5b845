//! What a connection sends, and when (RFC 9293, section 3.8.6; RFC 1122, section 4.2.3.4).

use kcore::device::net::{Buffer, Checksum, Gso, GsoKind, HEADROOM, Packet};

use super::connection::{Connection, Context, State, ip_header, stamp};
use super::recovery::Phase;
use super::sequence::{after, before, distance};
use super::timers::CORKED;
use crate::address::Family;
use crate::ip::{self, Outgoing};
use crate::wire::checksum;
use crate::wire::tcp::{self, Flags, Header, OPTIONS_MAX, Options, SACK_MAX};

/// Payload up to so many bytes is copied behind the headers; more goes as pieces of its own.
const SMALL: usize = 512;
/// Room for the headers under TCP's.
const BELOW: usize = 48;

/// Packets on their way out, the last of them held back until it is known whether more follow.
#[derive(Default)]
struct Burst(Option<Packet>);

impl Connection {
    /// Bytes of payload in a full segment now, with the options that it will have.
    pub fn payload_size(&self, settings: &super::Settings) -> u32 {
        let path = self.way.as_ref().map_or(u32::MAX, |way| {
            (way.mtu as u32).saturating_sub(ip_header(self.remote.address.family()) + tcp::LENGTH as u32)
        });
        let asked = if settings.max_segment == 0 { u32::MAX } else { u32::from(settings.max_segment) };
        let mss = self.send.mss.min(path).min(asked);
        mss.saturating_sub(self.options_length()).max(64)
    }

    fn options_length(&self) -> u32 {
        let stamps = if self.stamps.on { 12 } else { 0 };
        if !self.has_blocks() {
            return stamps;
        }
        let room = (OPTIONS_MAX as u32 - stamps - 4) / 8;
        let mut blocks = [(0, 0); SACK_MAX];
        let count = self.blocks(&mut blocks).min(room);
        stamps + if count > 0 { 4 + 8 * count } else { 0 }
    }

    /// Whether there is something to report of what was received.
    fn has_blocks(&self) -> bool {
        self.sack && (self.receive.duplicate.is_some() || self.receive.pieces.is_some())
    }

    /// What to report of the pieces that were received; gives the number of blocks.
    fn blocks(&self, blocks: &mut [(u32, u32); SACK_MAX]) -> u32 {
        if !self.has_blocks() {
            return 0;
        }
        let (first, rest) = blocks.split_at_mut(usize::from(self.receive.duplicate.is_some()));
        if let (Some(place), Some(range)) = (first.first_mut(), self.receive.duplicate) {
            *place = range;
        }
        if let Some(pieces) = &self.receive.pieces {
            pieces.blocks(rest);
        }
        blocks.iter().take_while(|block| block.0 != block.1).count() as u32
    }

    /// The MSS to tell the peer: what fits our link.
    pub fn own_mss(&self, settings: &super::Settings) -> u16 {
        let mtu = self.way.as_ref().map_or(576, |way| way.interface.mtu());
        own_mss(mtu, self.remote.address.family(), settings)
    }

    /// Finds the way to the peer again if it may have changed.
    fn find_way(&mut self, settings: &super::Settings) -> bool {
        if self.way.as_ref().is_some_and(|way| way.is_current(self.stack)) {
            return true;
        }
        let interface = if self.remote.scope != 0 { self.remote.scope } else { settings.interface };
        match self.stack.route(&self.remote.address, Some(&self.local.address), interface) {
            Ok(way) => self.way = Some(way),
            // Without an address there is no way; the time-out tries again.
            Err(error) => {
                self.way = None;
                self.soft_error = Some(error);
            }
        }
        self.way.is_some()
    }

    /// Moves the window's end as far as there is room, in steps that are worth a segment (RFC 1122,
    /// section 4.2.3.3); gives the window as it goes into the header. It never moves back.
    fn advertise(&mut self) -> u16 {
        let limit = self.receive_limit();
        let receive = &mut self.receive;
        let waiting = receive.queue.len() + receive.pieces.as_ref().map_or(0, |pieces| pieces.len());
        let free = limit.saturating_sub(waiting as u32);
        let scale = if receive.scaled { receive.scale } else { 0 };
        let most = u32::from(u16::MAX) << scale;
        let edge = receive.next.wrapping_add(free.min(most) >> scale << scale);
        let step = receive.mss.min(limit / 2).max(1);
        if distance(receive.edge, edge) >= step
            || !after(receive.edge, receive.next) && after(edge, receive.edge) && free >= step
        {
            receive.edge = edge;
        }
        (distance(receive.next, receive.edge) >> scale).min(u32::from(u16::MAX)) as u16
    }

    /// Whether the window could be opened so far that the peer should be told.
    pub fn window_opens(&self) -> bool {
        let receive = &self.receive;
        let waiting = receive.queue.len() + receive.pieces.as_ref().map_or(0, |pieces| pieces.len());
        let limit = self.receive_limit();
        let edge = receive.next.wrapping_add(limit.saturating_sub(waiting as u32));
        let step = (2 * receive.mss).max(limit / 4).min(limit / 2);
        distance(receive.edge, edge) >= step
    }

    /// Makes a segment. The sequence number says where its payload lies in the queue.
    fn segment(&mut self, sequence: u32, length: u32, flags: Flags, cx: &Context<'_>) -> Option<Packet> {
        let window = if flags.contains(Flags::SYN) {
            // Never scaled.
            self.receive.limit.min(u32::from(u16::MAX)) as u16
        } else {
            self.advertise()
        };
        let mut options = Options::default();
        if flags.contains(Flags::SYN) {
            options.mss = Some(self.own_mss(cx.settings));
            let answer = flags.contains(Flags::ACK);
            options.window_scale = (!answer || self.receive.scaled).then_some(self.receive.scale);
            options.sack_permitted = !answer || self.sack;
            if !answer || self.stamps.on {
                options.timestamps = Some((stamp(cx.now, self.stamps.offset), self.stamps.recent));
            }
        } else {
            if self.stamps.on {
                options.timestamps = Some((stamp(cx.now, self.stamps.offset), self.stamps.recent));
            }
            self.blocks(&mut options.sacks);
        }
        let mut bytes = [0; OPTIONS_MAX];
        let options_length = options.write(&mut bytes);
        let header_length = tcp::LENGTH + options_length;
        let inline = if length as usize <= SMALL { length as usize } else { 0 };
        let headroom = HEADROOM + BELOW + header_length;
        let mut packet = Packet::new(Buffer::with_headroom(headroom + inline, headroom).ok()?);
        if length > 0 {
            let offset = distance(self.queue_start(), sequence) as usize;
            if inline > 0 {
                self.send.queue.append_to(offset, inline, &mut packet.head);
            } else {
                self.send.queue.share(offset, length as usize, &mut packet.fragments);
            }
        }
        let mut header = Header {
            source: self.local.port,
            destination: self.remote.port,
            sequence,
            acknowledgement: if flags.contains(Flags::ACK) { self.receive.next } else { 0 },
            header_length,
            flags,
            window,
            urgent: 0,
        };
        if let Some(urgent) = self.send.urgent.filter(|&urgent| after(urgent, sequence)) {
            header.flags |= Flags::URG;
            header.urgent = distance(sequence, urgent).min(u32::from(u16::MAX)) as u16;
        }
        let way = self.way.as_ref()?;
        let total = packet.length() + header_length;
        let sum = checksum::pseudo(&self.local.address, &self.remote.address, tcp::PROTOCOL, total).folded();
        let start = packet.push_header(header_length)?;
        header.write(start, sum);
        crate::wire::put(start, tcp::LENGTH, bytes.get(..options_length)?);
        packet.checksum = Checksum::Partial { start: 0, offset: tcp::CHECKSUM };
        packet.flow = u32::from(self.local.port) ^ u32::from(self.remote.port);
        let family = self.remote.address.family();
        let room = (way.mtu as u32).saturating_sub(ip_header(family) + header_length as u32);
        let size = self.send.mss.saturating_sub(options_length as u32).min(room).max(64);
        if length > size {
            let kind = if family == Family::V4 { GsoKind::Tcp4 } else { GsoKind::Tcp6 };
            packet.gso =
                Some(Gso { kind, size: size as u16, headers: header_length as u16, congestion: false });
        }
        if flags.contains(Flags::ACK) {
            self.acknowledged();
        }
        Some(packet)
    }

    /// Notes that an acknowledgement is on its way.
    fn acknowledged(&mut self) {
        self.last_ack = self.receive.next;
        self.receive.pending = 0;
        self.receive.ack_now = false;
        self.receive.duplicate = None;
        self.timers.delay = 0;
    }

    fn transmit(&mut self, burst: &mut Burst, packet: Option<Packet>, cx: &Context<'_>) {
        let Some(packet) = core::mem::replace(&mut burst.0, packet) else { return };
        self.hand_down(packet, burst.0.is_some(), cx);
    }

    fn hand_down(&mut self, packet: Packet, more: bool, cx: &Context<'_>) {
        let Some(way) = &self.way else { return };
        let out = Outgoing {
            source: self.local.address,
            destination: self.remote.address,
            protocol: tcp::PROTOCOL,
            ttl: cx.settings.ttl,
            tos: cx.settings.tos,
            dont_fragment: true,
        };
        // What does not get out is lost, and comes again as such.
        let _ = ip::output(self.stack, way, &out, packet, more);
    }

    /// Sends one segment by itself.
    pub fn send_segment(&mut self, sequence: u32, length: u32, flags: Flags, cx: &Context<'_>) {
        if self.find_way(cx.settings)
            && let Some(packet) = self.segment(sequence, length, flags, cx)
        {
            self.hand_down(packet, false, cx);
        }
    }

    /// Sends an acknowledgement.
    pub fn send_ack(&mut self, cx: &Context<'_>) {
        self.send_segment(self.send.next, 0, Flags::ACK, cx);
    }

    /// Resets the connection, as far as the peer is concerned.
    pub fn send_reset(&mut self, cx: &Context<'_>) {
        let sequence = self.send.next;
        self.send_segment(sequence, 0, Flags::RST | Flags::ACK, cx);
    }

    /// Sends the SYN, with an acknowledgement if it answers one.
    pub fn send_syn(&mut self, cx: &Context<'_>) {
        let flags = if self.state == State::SynReceived { Flags::SYN | Flags::ACK } else { Flags::SYN };
        self.send_segment(self.send.initial, 0, flags, cx);
        if self.send.next == self.send.initial {
            self.send.next = self.send.initial.wrapping_add(1);
        }
        self.send.last = cx.now;
        self.timers.retransmit_in(self.rtt.timeout(), cx.now);
    }

    /// Sends what may be sent.
    pub fn output(&mut self, cx: &Context<'_>) {
        if !self.state.is_synchronized() || !self.find_way(cx.settings) {
            return;
        }
        let size = self.payload_size(cx.settings);
        if self.recovery.is_empty()
            && self.unsent() > 0
            && cx.now.saturating_sub(self.send.last) > u64::from(self.rtt.timeout()) * 1000
        {
            self.control.restart(size);
        }
        let mut burst = Burst::default();
        self.send_again(&mut burst, size, cx);
        self.send_new(&mut burst, size, cx);
        if self.receive.ack_now {
            let ack = self.segment(self.send.next, 0, Flags::ACK, cx);
            self.transmit(&mut burst, ack, cx);
        }
        self.transmit(&mut burst, None, cx);
    }

    /// Bytes that congestion allows now.
    fn allowance(&self) -> u32 {
        self.control.window.saturating_sub(self.recovery.in_flight())
    }

    fn send_again(&mut self, burst: &mut Burst, size: u32, cx: &Context<'_>) {
        if self.recovery.phase == Phase::Open {
            return;
        }
        let longest = self.longest(size);
        let mut first = self.recovery.again == 0;
        loop {
            let room = self.allowance();
            // The first lost segment goes in any case, or nothing would ever move.
            if room < size && !core::mem::replace(&mut first, false) {
                break;
            }
            first = false;
            let Some((start, end)) = self.recovery.next_lost(room.min(longest), size, cx.now) else { break };
            let (length, fin) = self.payload_of(start, end);
            let mut flags = Flags::ACK;
            if fin {
                flags |= Flags::FIN;
            }
            self.retransmits += length.div_ceil(size).max(1);
            let packet = self.segment(start, length, flags, cx);
            self.transmit(burst, packet, cx);
            self.send.last = cx.now;
            if self.timers.retransmit == 0 {
                self.timers.retransmit_in(self.rtt.timeout(), cx.now);
            }
        }
    }

    /// How much of a range is payload, and whether the rest is the FIN.
    pub fn payload_of(&self, start: u32, end: u32) -> (u32, bool) {
        let fin = self.send.fin_sent && end == self.send.next;
        (end.wrapping_sub(start).wrapping_sub(u32::from(fin)), fin)
    }

    /// The longest payload of a packet that the card cuts, a multiple of a segment's.
    fn longest(&self, size: u32) -> u32 {
        let Some(way) = &self.way else { return size };
        let (kind, below) = match self.remote.address.family() {
            Family::V4 => (GsoKind::Tcp4, 20),
            Family::V6 => (GsoKind::Tcp6, 40),
        };
        let most = way.interface.longest_send(kind, below + tcp::LENGTH + OPTIONS_MAX) as u32;
        (most / size * size).max(size)
    }

    fn send_new(&mut self, burst: &mut Burst, size: u32, cx: &Context<'_>) {
        let longest = self.longest(size);
        let flight = self.recovery.outstanding();
        loop {
            let unsent = self.unsent();
            let window_end = self.send.una.wrapping_add(self.send.window);
            let usable = distance(self.send.next, window_end);
            let fin = self.send.fin && !self.send.fin_sent;
            if unsent == 0 && !fin || self.send.fin_sent {
                break;
            }
            let room = self.allowance();
            let mut length = unsent.min(usable).min(longest);
            if unsent > 0 && length > room {
                length = room / size * size;
            }
            if length > size && length < unsent {
                length -= length % size;
            }
            if unsent > 0 && (length == 0 || !self.worth_sending(length, size, cx)) {
                break;
            }
            let last = length == unsent;
            let mut flags = Flags::ACK;
            if last {
                flags |= Flags::PSH;
            }
            let ends = fin && last;
            if ends {
                flags |= Flags::FIN;
            }
            let start = self.send.next;
            let packet = self.segment(start, length, flags, cx);
            if packet.is_none() && flight == 0 {
                // No memory, and nothing on its way that would bring us back here.
                self.timers.retransmit_in(self.rtt.timeout(), cx.now);
            }
            let Some(packet) = packet else { break };
            let end = start.wrapping_add(length + u32::from(ends));
            self.send.next = end;
            self.send.fin_sent |= ends;
            self.recovery.sent(start, end, cx.now);
            self.transmit(burst, Some(packet), cx);
            self.send.last = cx.now;
            self.send.forced = false;
            // An application that answers what it hears need not acknowledge it apart.
            self.receive.quick = 0;
            if ends {
                self.state = if self.state == State::CloseWait { State::LastAck } else { State::FinWait1 };
            }
            if ends || last {
                break;
            }
        }
        if self.recovery.is_empty() {
            self.wait_for_window(cx);
        } else if self.recovery.outstanding() != flight || self.timers.retransmit == 0 {
            self.arm_retransmission(cx);
        }
    }

    /// Nagle's algorithm, the cork, and the sender's side of silly window avoidance.
    fn worth_sending(&mut self, length: u32, size: u32, cx: &Context<'_>) -> bool {
        let unsent = self.unsent();
        if length >= size || length >= self.send.window_max / 2 && length < unsent || self.send.forced {
            return true;
        }
        if length < unsent {
            return false;
        }
        if self.send.fin || self.send.urgent.is_some_and(|urgent| after(urgent, self.send.next)) {
            return true;
        }
        if cx.settings.cork || self.send.more {
            let due = self.timers.cork != 0 && self.timers.cork <= cx.now;
            if self.timers.cork == 0 {
                self.timers.cork = cx.now + CORKED;
            }
            if !due {
                return false;
            }
        }
        self.timers.cork = 0;
        cx.settings.no_delay || self.recovery.is_empty()
    }

    /// Where nothing is on its way and the window is closed, the peer is asked about it now and then.
    fn wait_for_window(&mut self, cx: &Context<'_>) {
        let wants = self.unsent() > 0 || self.send.fin && !self.send.fin_sent;
        let usable = distance(self.send.next, self.send.una.wrapping_add(self.send.window));
        if wants && usable < self.unsent().max(1) && self.timers.cork == 0 {
            if self.timers.persist == 0 {
                self.timers.persist_in(self.rtt.timeout(), cx.now);
            }
        } else {
            self.timers.persist = 0;
        }
    }

    /// Asks about the window: with what fits, though it is little, or with a number before the window,
    /// which is answered and takes no place.
    pub fn send_window_probe(&mut self, cx: &Context<'_>) {
        let start = self.send.next;
        if before(start, self.send.una.wrapping_add(self.send.window)) {
            self.send.forced = true;
        } else {
            self.send_segment(self.send.una.wrapping_sub(1), 0, Flags::ACK, cx);
        }
    }

    /// The application took bytes: tell the peer if that opens the window by much.
    pub fn taken(&mut self, count: u32, cx: &Context<'_>) {
        self.grow_window(count, cx);
        if self.state.receives() && self.window_opens() {
            self.receive.ack_now = true;
            self.output(cx);
        }
    }

    /// Lets more wait if the application takes a window's worth in a round trip: the window is what holds
    /// the peer back then.
    fn grow_window(&mut self, count: u32, cx: &Context<'_>) {
        let (taken, since) = self.receive.taken;
        let taken = taken.saturating_add(count);
        let round = u64::from(self.rtt.smoothed.max(1000)) * 1000;
        if cx.settings.receive_buffer == 0 && taken >= self.receive.limit / 2 {
            if cx.now.saturating_sub(since) <= 2 * round && !self.stack.memory.packets_are_many() {
                self.receive.limit = (self.receive.limit * 2).min(super::connection::RECEIVE_MOST);
            }
            self.receive.taken = (0, cx.now);
        } else if cx.now.saturating_sub(since) > 2 * round {
            self.receive.taken = (count, cx.now);
        } else {
            self.receive.taken = (taken, since);
        }
    }
}

/// The MSS that goes with a link.
pub(super) fn own_mss(mtu: usize, family: Family, settings: &super::Settings) -> u16 {
    let mss = (mtu as u32).saturating_sub(ip_header(family) + tcp::LENGTH as u32).min(65483);
    let asked = if settings.max_segment == 0 { u32::MAX } else { u32::from(settings.max_segment) };
    mss.min(asked).max(64) as u16
}
