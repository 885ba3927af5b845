//! Any bytes as packets: what the fuzz targets and a test of random bytes do to a stack. Errors are fine,
//! nothing else is.

use std::sync::{Arc, Mutex};

use kcore::device::net::{Buffer, Checksum, Nic, Offloads, Packet, Receiver};

use crate::address::{Endpoint, Family, IpAddress, Prefix};
use crate::stack::Stack;
use crate::wire::ethernet;
use crate::wire::{checksum, dhcp, put};
use crate::{Receive, Send, interface, raw, tcp, udp};

const SECOND: u64 = 1_000_000_000;

/// A card whose cable ends here.
struct Card {
    last: u8,
    receiver: Mutex<Option<Arc<dyn Receiver>>>,
    sent: Mutex<Vec<Vec<u8>>>,
}

impl Nic for Card {
    fn mac(&self) -> [u8; 6] {
        [2, 0, 0, 0, 0, self.last]
    }

    fn mtu(&self) -> usize {
        1500
    }

    fn offloads(&self) -> Offloads {
        Offloads::default()
    }

    fn link(&self) -> bool {
        true
    }

    fn queues(&self) -> usize {
        1
    }

    fn transmit(&self, packet: Packet, _more: bool) -> Result<(), Packet> {
        let frame = packet.parts().flatten().copied().collect();
        if let Ok(mut sent) = self.sent.lock()
            && sent.len() < 12
        {
            sent.push(frame);
        }
        Ok(())
    }

    fn start(&self, receiver: Arc<dyn Receiver>) -> kcore::errno::Result<()> {
        *self.receiver.lock().unwrap_or_else(|lock| lock.into_inner()) = Some(receiver);
        Ok(())
    }
}

impl Card {
    fn take(&self) -> Vec<Vec<u8>> {
        self.sent.lock().map(|mut sent| core::mem::take(&mut *sent)).unwrap_or_default()
    }

    /// Gives the stack a frame whose checksums do not matter.
    fn deliver(&self, frame: &[u8]) {
        let mut frame = frame.to_vec();
        let ip = frame.get(ethernet::LENGTH..).unwrap_or_default();
        let length = ip.first().map_or(0, |first| usize::from(first & 15) * 4);
        if frame.get(12..14) == Some(&[8, 0]) && ip.len() >= length && length >= 20 {
            put(&mut frame, ethernet::LENGTH + 10, &[0, 0]);
            let sum =
                checksum::of(frame.get(ethernet::LENGTH..ethernet::LENGTH + length).unwrap_or_default());
            put(&mut frame, ethernet::LENGTH + 10, &sum);
        }
        let Ok(mut head) = Buffer::new(frame.len()) else { return };
        head.append(&frame);
        let mut packet = Packet::new(head);
        packet.checksum = Checksum::Valid;
        let receiver = self.receiver.lock().ok().and_then(|receiver| receiver.clone());
        if let Some(receiver) = receiver {
            receiver.receive(packet);
            receiver.done();
        }
    }
}

fn host(last: u8) -> (&'static Stack, Arc<Card>) {
    let stack = Stack::simulated();
    let card = Arc::new(Card { last, receiver: Mutex::new(None), sent: Mutex::new(Vec::new()) });
    let _ = interface::add_card(stack, card.clone());
    let _ = stack.add_address(2, Prefix { address: IpAddress::V4([10, 0, 0, last]), length: 24 });
    let mut six = [0; 16];
    (six[0], six[15]) = (0xfd, last);
    let _ = stack.add_address(2, Prefix { address: IpAddress::V6(six), length: 64 });
    (stack, card)
}

std::thread_local! {
    /// Two hosts, of which the second listens; the same ones each time, since stacks stay for good.
    static HOSTS: [(&'static Stack, Arc<Card>); 2] = [host(1), host(2)];
}

/// The start of a frame to the second host, of some kind; the rest is for the bytes to say.
fn start(kind: u8) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1];
    let v4 = |frame: &mut Vec<u8>, fragment: u8, protocol: u8| {
        frame.extend_from_slice(&[
            8, 0, 0x45, 0, 0, 0, 0, 1, fragment, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
        ]);
    };
    let v6 = |frame: &mut Vec<u8>, next: u8| {
        frame.extend_from_slice(&[0x86, 0xdd, 0x60, 0, 0, 0, 0, 0, next, 255]);
        for last in [1, 2] {
            frame.extend_from_slice(&[0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
        }
    };
    match kind % 16 {
        0 => frame.clear(),
        1 => frame.extend_from_slice(&[8, 6, 0, 1, 8, 0, 6, 4, 0]),
        2 => v4(&mut frame, 0, 6),
        3 => v4(&mut frame, 0, 17),
        4 => v4(&mut frame, 0, 1),
        5 => v4(&mut frame, 0x20, 17),
        6 => {
            v4(&mut frame, 0, 6);
            frame.extend_from_slice(&[9, 9, 0, 80]);
        }
        7 => {
            v4(&mut frame, 0, 17);
            frame.extend_from_slice(&[9, 9, 0, 80]);
        }
        8 => v6(&mut frame, 6),
        9 => v6(&mut frame, 17),
        10 => v6(&mut frame, 58),
        11 => v6(&mut frame, 0),
        12 => v6(&mut frame, 43),
        13 => v6(&mut frame, 44),
        14 => {
            v6(&mut frame, 58);
            // A router speaks from its own link.
            put(&mut frame, 22, &[0xfe, 0x80]);
        }
        _ => {
            v6(&mut frame, 6);
            frame.extend_from_slice(&[9, 9, 0, 80]);
        }
    }
    frame
}

/// Frames, each after two bytes of its length and one of its kind, to a host with sockets of all kinds.
pub fn frames(mut bytes: &[u8]) {
    HOSTS.with(|[_, (stack, card)]| {
        let any = Endpoint { port: 80, ..Endpoint::any(Family::V6) };
        let (Ok(listener), Ok(datagrams)) =
            (tcp::Socket::new(stack, Family::V6), udp::Socket::new(stack, Family::V6))
        else {
            return;
        };
        let _ = (listener.bind(any), listener.listen(4), datagrams.bind(any));
        let _ = datagrams.join(IpAddress::V4([224, 0, 0, 251]), 2);
        let ping = raw::Socket::new(stack, Family::V4, 1);
        while let Some((&[high, low, kind], rest)) = bytes.split_first_chunk::<3>() {
            let length = usize::from(u16::from_be_bytes([high, low])).min(rest.len()).min(9000);
            let (own, rest) = rest.split_at(length);
            let mut frame = start(kind);
            frame.extend_from_slice(own);
            let whole = frame.len().saturating_sub(ethernet::LENGTH) as u16;
            match kind % 16 {
                2..=7 => put(&mut frame, 16, &whole.to_be_bytes()),
                8.. => put(&mut frame, 18, &whole.saturating_sub(40).to_be_bytes()),
                _ => {}
            }
            card.deliver(&frame);
            bytes = rest;
            if let Ok((child, _)) = listener.accept() {
                child.close();
            }
        }
        let mut buffer = [0; 64];
        let _ = datagrams.receive_from(&mut [&mut buffer], Receive::empty());
        stack.advance_to(stack.now() + 100 * SECOND);
        listener.close();
        datagrams.close();
        if let Ok(ping) = ping {
            ping.close();
        }
        card.take();
    });
}

/// A conversation of two hosts over TCP, in which each frame meets what three bytes say: it is lost,
/// comes twice or later, or is changed at a place.
pub fn conversation(bytes: &[u8]) {
    HOSTS.with(|hosts| {
        let [(first, _), (second, _)] = hosts;
        let family = if bytes.len().is_multiple_of(2) { Family::V4 } else { Family::V6 };
        let Ok(listener) = tcp::Socket::new(second, family) else { return };
        let _ = (listener.bind(Endpoint { port: 81, ..Endpoint::any(family) }), listener.listen(4));
        let mut to = second.interfaces().get(1).map(|card| card.addresses.clone()).unwrap_or_default();
        to.retain(|prefix| prefix.address.family() == family);
        let (Ok(client), Some(to)) = (tcp::Socket::new(first, family), to.first()) else { return };
        let _ = client.connect(Endpoint::new(to.address, 81));
        let mut server = None;
        let mut late: Vec<(usize, Vec<u8>)> = Vec::new();
        let mut choices = bytes.chunks(3);
        let mut buffer = vec![0; 700];
        for round in 0..40u64 {
            if server.is_none() {
                server = listener.accept().ok().map(|accepted| accepted.0);
            }
            for socket in [Some(&client), server.as_ref()].into_iter().flatten() {
                let urgent = if round % 7 == 0 { Send::URGENT } else { Send::empty() };
                let _ = socket.send(&[&buffer.clone()], urgent);
                let _ = socket.receive(&mut [&mut buffer], Receive::empty());
            }
            let mut quiet = true;
            for (side, (_, card)) in hosts.iter().enumerate() {
                for mut frame in card.take() {
                    quiet = false;
                    let other = &hosts[1 - side].1;
                    match choices.next() {
                        Some(&[0..=15, ..]) => {}
                        Some(&[16..=31, ..]) => late.push((1 - side, frame)),
                        Some(&[32..=47, ..]) => {
                            other.deliver(&frame);
                            other.deliver(&frame);
                        }
                        Some(&[choice @ 48..=79, at, by]) => {
                            // Mostly in the headers.
                            let at = if choice < 76 { usize::from(at) % 100 } else { usize::from(at) * 7 };
                            if let Some(byte) = frame.get_mut(at) {
                                *byte = byte.wrapping_add(by);
                            }
                            other.deliver(&frame);
                        }
                        Some(&[80..=87, at, by]) => {
                            frame.truncate(usize::from(at) * usize::from(by) % 1600);
                            other.deliver(&frame);
                        }
                        _ => other.deliver(&frame),
                    }
                }
            }
            if quiet && late.is_empty() && choices.len() == 0 {
                break;
            }
            for (side, frame) in late.split_off(late.len() / 2) {
                hosts[side].1.deliver(&frame);
            }
            let now = first.now().max(second.now()) + SECOND / 20 * (1 + round % 5);
            first.advance_to(now);
            second.advance_to(now);
        }
        for socket in [Some(client), server, Some(listener)].into_iter().flatten() {
            socket.configure(&mut |settings| settings.linger = Some(0));
            socket.close();
        }
        let now = first.now().max(second.now()) + 200 * SECOND;
        first.advance_to(now);
        second.advance_to(now);
        hosts.iter().for_each(|host| {
            host.1.take();
        });
    });
}

/// A message of DHCP, as it is and as the answer to a client's question.
pub fn dhcp(bytes: &[u8]) {
    std::thread_local! {
        static CLIENT: (&'static Stack, Arc<Card>) = {
            let (stack, card) = (Stack::simulated(), Arc::new(Card {
                last: 7,
                receiver: Mutex::new(None),
                sent: Mutex::new(Vec::new()),
            }));
            let _ = crate::start::add_card_with_dhcp(stack, card.clone());
            (stack, card)
        };
    }
    let _ = dhcp::Answer::parse(bytes);
    CLIENT.with(|(stack, card)| {
        let question = card.take().into_iter().rfind(|frame| frame.get(36..38) == Some(&[0, 67]));
        let mut message = bytes.to_vec();
        message.resize(message.len().max(240), 0);
        put(&mut message, 0, &[2, 1, 6]);
        put(&mut message, 28, &[2, 0, 0, 0, 0, 7]);
        put(&mut message, 236, &[99, 130, 83, 99]);
        if let Some(id) = question.as_deref().and_then(|frame| frame.get(46..50)) {
            put(&mut message, 4, id);
        }
        let length = 28 + message.len();
        let mut frame = vec![0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 9, 8, 0, 0x45, 0];
        frame.extend_from_slice(&(length as u16).to_be_bytes());
        frame.extend_from_slice(&[0, 0, 0, 0, 64, 17, 0, 0, 10, 1, 0, 2, 255, 255, 255, 255, 0, 67, 0, 68]);
        frame.extend_from_slice(&((length - 20) as u16).to_be_bytes());
        frame.extend_from_slice(&[0, 0]);
        frame.extend_from_slice(&message);
        card.deliver(&frame);
        stack.advance_to(stack.now() + 30 * SECOND);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_bytes_do_no_harm() {
        let mut seed = 42u64;
        let mut random = move || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 40) as u8
        };
        for round in 0..300 {
            let mut bytes = Vec::new();
            for number in 0..4 {
                let length = 20 + random() / 2;
                bytes.extend_from_slice(&[0, length, (round + number) as u8]);
                bytes.extend((0..length).map(|_| random()));
            }
            frames(&bytes);
            let choices: Vec<u8> = (0..(round % 300)).map(|_| random() % 128).collect();
            conversation(&choices);
            let message: Vec<u8> = (0..240 + usize::from(random())).map(|_| random() % 64).collect();
            dhcp(&message);
        }
    }
}
