//! TCP's header and options (RFC 9293, section 3.1; RFC 7323; RFC 2018).

use super::{array, put, u16_at, u32_at};

/// Bytes of a header without options.
pub const LENGTH: usize = 20;
/// Its number.
pub const PROTOCOL: u8 = 6;
/// Where the checksum is.
pub const CHECKSUM: u16 = 16;
/// Most bytes that options may have.
pub const OPTIONS_MAX: usize = 40;
/// Most blocks that fit in the options.
pub const SACK_MAX: usize = 4;

bitflags::bitflags! {
    /// Control bits.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct Flags: u8 {
        /// No more data from the sender.
        const FIN = 1;
        /// Synchronise sequence numbers.
        const SYN = 2;
        /// The connection is not.
        const RST = 4;
        /// Hand the data on.
        const PSH = 8;
        /// The acknowledgement number counts.
        const ACK = 16;
        /// The urgent pointer counts.
        const URG = 32;
    }
}

/// A header without its options.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// The sender's port.
    pub source: u16,
    /// The receiver's port.
    pub destination: u16,
    /// Sequence number of the first byte.
    pub sequence: u32,
    /// The byte that is expected next.
    pub acknowledgement: u32,
    /// Bytes of the header with its options.
    pub header_length: usize,
    /// Control bits.
    pub flags: Flags,
    /// The window as it was sent, unscaled.
    pub window: u16,
    /// The urgent pointer.
    pub urgent: u16,
}

impl Header {
    /// Reads one.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let [offset, flags] = array(bytes, 12)?;
        let header_length = usize::from(offset >> 4) * 4;
        if header_length < LENGTH || header_length > bytes.len() {
            return None;
        }
        Some(Self {
            source: u16_at(bytes, 0)?,
            destination: u16_at(bytes, 2)?,
            sequence: u32_at(bytes, 4)?,
            acknowledgement: u32_at(bytes, 8)?,
            header_length,
            flags: Flags::from_bits_truncate(flags),
            window: u16_at(bytes, 14)?,
            urgent: u16_at(bytes, 18)?,
        })
    }

    /// Writes one, with `sum` where the checksum goes.
    pub fn write(&self, to: &mut [u8], sum: [u8; 2]) {
        put(to, 0, &self.source.to_be_bytes());
        put(to, 2, &self.destination.to_be_bytes());
        put(to, 4, &self.sequence.to_be_bytes());
        put(to, 8, &self.acknowledgement.to_be_bytes());
        put(to, 12, &[((self.header_length / 4) as u8) << 4, self.flags.bits()]);
        put(to, 14, &self.window.to_be_bytes());
        put(to, 16, &sum);
        put(to, 18, &self.urgent.to_be_bytes());
    }
}

/// The options that matter here.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Options {
    /// The largest segment to send, without options.
    pub mss: Option<u16>,
    /// The exponent of the window's scale; at most 14.
    pub window_scale: Option<u8>,
    /// Selective acknowledgements may be sent.
    pub sack_permitted: bool,
    /// The sender's clock, and what it heard of the receiver's.
    pub timestamps: Option<(u32, u32)>,
    /// Ranges that were received beyond the acknowledgement number; an empty one ends them.
    pub sacks: [(u32, u32); SACK_MAX],
}

impl Options {
    /// Reads what follows a header; what is damaged ends them.
    #[must_use]
    pub fn parse(mut bytes: &[u8]) -> Self {
        let mut options = Self::default();
        // What nearly every segment has, and nothing else.
        if let [1, 1, 8, 10, stamps @ ..] = bytes
            && stamps.len() == 8
        {
            options.timestamps = u32_at(stamps, 0).zip(u32_at(stamps, 4));
            return options;
        }
        while let Some((&kind, rest)) = bytes.split_first() {
            match kind {
                0 => break,
                1 => {
                    bytes = rest;
                    continue;
                }
                _ => {}
            }
            let Some(length) = rest.first().map(|&length| usize::from(length)) else { break };
            let Some(option) = bytes.get(2..length) else { break };
            match (kind, option.len()) {
                (2, 2) => options.mss = u16_at(option, 0),
                (3, 1) => options.window_scale = option.first().map(|&scale| scale.min(14)),
                (4, 0) => options.sack_permitted = true,
                (5, _) => {
                    let blocks = option.as_chunks::<8>().0;
                    for (place, block) in options.sacks.iter_mut().zip(blocks) {
                        let [a, b, c, d, e, f, g, h] = *block;
                        *place = (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]));
                    }
                }
                (8, 8) => options.timestamps = u32_at(option, 0).zip(u32_at(option, 4)),
                _ => {}
            }
            bytes = bytes.get(length..).unwrap_or_default();
        }
        options
    }

    /// Writes them, padded to a multiple of four bytes; gives their length.
    pub fn write(&self, to: &mut [u8; OPTIONS_MAX]) -> usize {
        let mut at = 0;
        if let Some(mss) = self.mss {
            put(to, at, &[2, 4]);
            put(to, at + 2, &mss.to_be_bytes());
            at += 4;
        }
        if let Some((value, echo)) = self.timestamps {
            // Where SACK is permitted as well, that takes the place of the padding.
            put(to, at, if self.sack_permitted { &[4, 2, 8, 10] } else { &[1, 1, 8, 10] });
            put(to, at + 4, &value.to_be_bytes());
            put(to, at + 8, &echo.to_be_bytes());
            at += 12;
        } else if self.sack_permitted {
            put(to, at, &[1, 1, 4, 2]);
            at += 4;
        }
        if let Some(scale) = self.window_scale {
            put(to, at, &[1, 3, 3, scale]);
            at += 4;
        }
        let blocks = self.sacks.iter().take_while(|block| block.0 != block.1);
        let fit = (OPTIONS_MAX - at).saturating_sub(4) / 8;
        let count = blocks.count().min(fit);
        if count > 0 {
            put(to, at, &[1, 1, 5, (2 + count * 8) as u8]);
            at += 4;
            for (start, end) in self.sacks.iter().take(count) {
                put(to, at, &start.to_be_bytes());
                put(to, at + 4, &end.to_be_bytes());
                at += 8;
            }
        }
        at
    }
}
