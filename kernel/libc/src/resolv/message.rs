//! Messages of the domain name system (RFC 1035): made and read. Nothing here trusts what it reads,
//! and nothing panics.

use alloc::vec::Vec;

/// `HFIXEDSZ`: bytes of the header.
pub const HEADER: usize = 12;
/// Longest name as sent, with its lengths and its end.
pub const NAME_MAX: usize = 255;
/// Longest label.
const LABEL_MAX: usize = 63;
/// Pointers that one name may lead through: each goes backwards, so there cannot be many.
const JUMPS_MAX: usize = 64;

/// Record types (`ns_t_…`).
pub const A: u16 = 1;
/// Name server.
pub const CNAME: u16 = 5;
/// Name of an address.
pub const PTR: u16 = 12;
/// IPv6 address.
pub const AAAA: u16 = 28;
/// `ns_c_in`.
pub const CLASS_IN: u16 = 1;

/// Answer codes.
pub const NO_ERROR: u8 = 0;
/// The server failed.
pub const SERVER_FAILURE: u8 = 2;
/// There is no such name.
pub const NAME_ERROR: u8 = 3;

/// A name as sent, without compression: labels with their lengths, and an empty one.
pub type Wire = Vec<u8>;

/// Two bytes, the higher first.
#[must_use]
pub fn word(message: &[u8], at: usize) -> Option<u16> {
    message.get(at..)?.first_chunk().map(|bytes| u16::from_be_bytes(*bytes))
}

/// Four bytes, the highest first.
#[must_use]
pub fn long(message: &[u8], at: usize) -> Option<u32> {
    message.get(at..)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}

/// Turns a name as text (`www.example.org`, with or without a dot at its end; `\.` and `\DDD`
/// quote) into its form as sent. None if a label is empty or too long, or the name is.
#[must_use]
pub fn encode(text: &[u8]) -> Option<Wire> {
    let mut wire = Vec::new();
    let mut rest = text;
    if rest == b"." {
        rest = b"";
    }
    while !rest.is_empty() {
        let mut label = Vec::new();
        loop {
            match rest {
                [] => break,
                [b'.', after @ ..] => {
                    rest = after;
                    break;
                }
                [b'\\', a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', after @ ..] => {
                    let digit = |byte: &u8| u16::from(byte - b'0');
                    label.push(u8::try_from(digit(a) * 100 + digit(b) * 10 + digit(c)).ok()?);
                    rest = after;
                }
                [b'\\', byte, after @ ..] if !byte.is_ascii_digit() => {
                    label.push(*byte);
                    rest = after;
                }
                [b'\\', ..] => return None,
                [byte, after @ ..] => {
                    label.push(*byte);
                    rest = after;
                }
            }
        }
        if label.is_empty() || label.len() > LABEL_MAX {
            return None;
        }
        wire.push(label.len() as u8);
        wire.extend_from_slice(&label);
    }
    wire.push(0);
    (wire.len() <= NAME_MAX).then_some(wire)
}

/// Reads the name at `at`, following pointers. Gives it without compression, and where what comes
/// after it begins; none if it is no name.
#[must_use]
pub fn decode(message: &[u8], at: usize) -> Option<(Wire, usize)> {
    let mut wire = Vec::new();
    let (mut at, mut end) = (at, None);
    for _ in 0..JUMPS_MAX + NAME_MAX {
        let length = *message.get(at)?;
        match length >> 6 {
            0 if length == 0 => {
                wire.push(0);
                return Some((wire, end.unwrap_or(at + 1)));
            }
            0 => {
                let label = message.get(at..at + 1 + usize::from(length))?;
                if wire.len() + label.len() >= NAME_MAX {
                    return None;
                }
                wire.extend_from_slice(label);
                at += label.len();
            }
            3 => {
                let target = usize::from(word(message, at)? & 0x3fff);
                end = end.or(Some(at + 2));
                // Only backwards, so that no pointer is met twice.
                if target >= at {
                    return None;
                }
                at = target;
            }
            _ => return None,
        }
    }
    None
}

/// A name as text, without a dot at its end; the root is `.`.
#[must_use]
pub fn text(wire: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let mut rest = wire;
    while let Some((&length, after)) = rest.split_first()
        && length != 0
    {
        if !text.is_empty() {
            text.push(b'.');
        }
        let (label, later) = after.split_at(after.len().min(length.into()));
        for &byte in label {
            match byte {
                b'.' | b';' | b'\\' | b'(' | b')' | b'@' | b'$' | b'"' => {
                    text.extend_from_slice(&[b'\\', byte])
                }
                b'!'..=b'~' => text.push(byte),
                _ => {
                    text.extend_from_slice(&[
                        b'\\',
                        b'0' + byte / 100,
                        b'0' + byte / 10 % 10,
                        b'0' + byte % 10,
                    ]);
                }
            }
        }
        rest = later;
    }
    if text.is_empty() {
        text.push(b'.');
    }
    text
}

/// Whether names are the same: case does not count.
#[must_use]
pub fn same(one: &[u8], other: &[u8]) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// A question for records of a type, recursion wanted.
#[must_use]
pub fn question(identifier: u16, name: &[u8], kind: u16, class: u16) -> Vec<u8> {
    let mut message = Vec::with_capacity(HEADER + name.len() + 4);
    message.extend_from_slice(&identifier.to_be_bytes());
    // Recursion desired; one question and nothing else.
    message.extend_from_slice(&[1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    message.extend_from_slice(name);
    message.extend_from_slice(&kind.to_be_bytes());
    message.extend_from_slice(&class.to_be_bytes());
    message
}

/// Whether `answer` is one to `question`: same identifier, same question, an answer at all.
#[must_use]
pub fn answers(answer: &[u8], question: &[u8]) -> bool {
    let is_answer = answer.get(2).is_some_and(|flags| flags & 0x80 != 0);
    if !is_answer || answer.get(..2) != question.get(..2) {
        return false;
    }
    // A server that could not read the question sends none back.
    if word(answer, 4) == Some(0) && code(answer) != NO_ERROR {
        return true;
    }
    let (Some((name, end)), Some((asked, asked_end))) = (decode(answer, HEADER), decode(question, HEADER))
    else {
        return false;
    };
    same(&name, &asked) && answer.get(end..end + 4) == question.get(asked_end..asked_end + 4)
}

/// The answer code.
#[must_use]
pub fn code(message: &[u8]) -> u8 {
    message.get(3).map_or(SERVER_FAILURE, |flags| flags & 15)
}

/// Whether it was cut and is to be asked for over TCP.
#[must_use]
pub fn truncated(message: &[u8]) -> bool {
    message.get(2).is_some_and(|flags| flags & 2 != 0)
}

/// A record: its parts, and where its data lies in the message.
pub struct Record<'a> {
    /// Whose it is.
    pub owner: Wire,
    /// Its type.
    pub kind: u16,
    /// Its class.
    pub class: u16,
    /// Seconds it is good for.
    pub ttl: u32,
    /// Where its data begins.
    pub at: usize,
    /// Its data.
    pub data: &'a [u8],
}

/// The record at `at`, and where the next one begins.
#[must_use]
pub fn record(message: &[u8], at: usize) -> Option<(Record<'_>, usize)> {
    let (owner, at) = decode(message, at)?;
    let length = usize::from(word(message, at + 8)?);
    let data = message.get(at + 10..at + 10 + length)?;
    let record = Record {
        owner,
        kind: word(message, at)?,
        class: word(message, at + 2)?,
        ttl: long(message, at + 4)?,
        at: at + 10,
        data,
    };
    Some((record, at + 10 + length))
}

/// The records of the answer section, as far as they can be read.
pub fn records(message: &[u8]) -> impl Iterator<Item = Record<'_>> {
    let mut at = HEADER;
    let mut broken = false;
    for _ in 0..word(message, 4).unwrap_or(0) {
        match decode(message, at) {
            Some((_, end)) => at = end + 4,
            None => {
                broken = true;
                break;
            }
        }
    }
    let mut left = if broken { 0 } else { word(message, 6).unwrap_or(0) };
    core::iter::from_fn(move || {
        left = left.checked_sub(1)?;
        let (record, next) = record(message, at)?;
        at = next;
        Some(record)
    })
}

/// What a message answers to the question of this type for `name`: the name that the aliases lead
/// to, and the data of the records.
#[must_use]
pub fn answer(message: &[u8], name: &[u8], kind: u16) -> (Wire, Vec<Vec<u8>>) {
    let mut owner = name.to_vec();
    let mut found = Vec::new();
    // Aliases usually come in order; a second look finds those that do not.
    for _ in 0..8 {
        let before = owner.clone();
        for record in records(message).filter(|record| record.class == CLASS_IN) {
            if !same(&record.owner, &owner) {
                continue;
            }
            if record.kind == kind {
                found.push(match kind {
                    PTR | CNAME => decode(message, record.at).map(|(name, _)| name).unwrap_or_default(),
                    _ => record.data.to_vec(),
                });
            } else if record.kind == CNAME
                && let Some((target, _)) = decode(message, record.at)
            {
                owner = target;
            }
        }
        if !found.is_empty() || same(&owner, &before) {
            break;
        }
    }
    (owner, found)
}

/// Reads a message in every way there is: for fuzzing.
#[doc(hidden)]
pub fn exercise(message: &[u8]) {
    for record in records(message) {
        let _ = (text(&record.owner), decode(message, record.at));
    }
    for kind in [A, AAAA, PTR] {
        if let Some((name, _)) = decode(message, HEADER) {
            let _ = answer(message, &name, kind);
            let text = text(&name);
            if let Some(again) = encode(&text) {
                assert!(same(&again, &name), "a name is what its text says");
            }
        }
    }
    let _ = (answers(message, message), code(message), truncated(message));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer to `www.example.org A?`: an alias, then two addresses, names compressed.
    pub(crate) fn sample() -> Vec<u8> {
        let name = encode(b"www.example.org").unwrap();
        let mut message = question(0x1234, &name, A, CLASS_IN);
        message[2] |= 0x80;
        message[7] = 3;
        let record = |message: &mut Vec<u8>, owner: &[u8], kind: u16, data: &[u8]| {
            message.extend_from_slice(owner);
            message.extend_from_slice(&[0, kind as u8, 0, 1, 0, 0, 0, 60, 0, data.len() as u8]);
            message.extend_from_slice(data);
        };
        // www is an alias of host.example.org
        record(&mut message, &[0xc0, 12], CNAME, &[4, b'h', b'o', b's', b't', 0xc0, 16]);
        let host = message.len() - 7;
        let owner = [0xc0, host as u8];
        record(&mut message, &owner, A, &[192, 0, 2, 1]);
        record(&mut message, &owner, A, &[192, 0, 2, 2]);
        message
    }

    #[test]
    fn aliases_lead_to_addresses() {
        let message = sample();
        let asked = encode(b"WWW.example.org.").unwrap();
        let (owner, found) = answer(&message, &asked, A);
        assert_eq!(text(&owner), b"host.example.org");
        assert_eq!(found, [[192, 0, 2, 1], [192, 0, 2, 2]]);
        assert_eq!(answer(&message, &asked, AAAA).1, Vec::<Vec<u8>>::new());
        assert!(answers(&message, &question(0x1234, &asked, A, CLASS_IN)));
        assert!(!answers(&message, &question(0x1235, &asked, A, CLASS_IN)));
        assert!(!answers(&message, &question(0x1234, &asked, AAAA, CLASS_IN)));
    }

    #[test]
    fn names_have_limits() {
        assert_eq!(encode(b"a..b"), None);
        assert_eq!(encode(&[b'a'; 64]), None);
        assert_eq!(encode(&[[b'a'; 63], [b'b'; 63], [b'c'; 63], [b'd'; 63]].join(&b'.')), None);
        assert_eq!(encode(b"").unwrap(), [0]);
        assert_eq!(encode(b"a\\.b\\046c").unwrap(), b"\x05a.b.c\0");
        assert_eq!(text(b"\x05a.b\x07c\0"), b"a\\.b\\007c");
        assert_eq!(text(&[0]), b".");
    }

    #[test]
    fn pointers_that_go_round_are_no_names() {
        assert!(decode(&[0xc0, 0], 0).is_none());
        assert!(decode(&[1, b'a', 0xc0, 0], 2).is_none());
        assert!(decode(&[0xc0, 2, 0xc0, 0], 2).is_none());
        assert!(decode(&[3, b'a'], 0).is_none());
        assert!(decode(&[0x80, 0], 0).is_none());
    }

    #[test]
    fn damaged_messages_are_read_as_far_as_they_go() {
        let message = sample();
        for length in 0..message.len() {
            exercise(&message[..length]);
        }
        let mut next = crate::test_random(9);
        for _ in 0..20_000 {
            let mut damaged = message.clone();
            for _ in 0..1 + next() % 4 {
                let at = next() as usize % damaged.len();
                damaged[at] = next() as u8;
            }
            exercise(&damaged);
        }
    }
}
