//! The conversions that `printf` and `scanf` may be asked for.
//!
//! A format is a string of some object, so every `%` in the objects' data counts as one that may begin a
//! directive, wherever it stands: linkers merge strings into the tails of others. A program that makes
//! formats itself needs a `%` for it: as a string's end, or as a constant in its code, to compare with or
//! to store. Where either is found, every conversion counts as asked for. What is left is an assumption
//! (a format may still come from outside, unlooked at), so a kernel without a conversion names it when it
//! is asked for.

use std::collections::BTreeMap;

use iced_x86::{Code, Decoder, DecoderOptions, Instruction, Mnemonic, OpKind};

use rayon::prelude::*;

use super::code;
use crate::app::object::AppObject;

/// What a directive asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Directive {
    /// The conversion's letter.
    pub letter: u8,
    /// Whether `l` comes before it.
    pub long: bool,
    /// Whether it takes an argument by number, as `%1$d` does.
    pub numbered: bool,
}

/// What the objects' bytes say of formats.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Formats {
    /// Each directive, as it was found first: its text, the object and the address.
    pub directives: BTreeMap<Directive, (String, usize, u64)>,
    /// Where formats are made: the object, and the address of a `%` that belongs to no directive.
    pub made: Option<(usize, u64)>,
}

/// Whether an import takes formats, or passes them on.
fn takes_formats(name: &str) -> bool {
    const OTHERS: [&str; 16] = [
        "error",
        "error_at_line",
        "err",
        "errx",
        "verr",
        "verrx",
        "warn",
        "warnx",
        "vwarn",
        "vwarnx",
        "syslog",
        "vsyslog",
        "__syslog_chk",
        "__vsyslog_chk",
        "argp_error",
        "argp_failure",
    ];
    name.contains("printf") || name.contains("scanf") || OTHERS.contains(&name)
}

impl Formats {
    /// Reads the objects of a closure.
    pub fn of(objects: &[AppObject]) -> Self {
        let mut found = Self::default();
        let used = |object: &AppObject| object.imports.iter().any(|import| takes_formats(&import.name));
        if !objects.iter().any(used) {
            return found;
        }
        let in_data = |(index, object): (usize, &AppObject)| {
            let mut found = Self::default();
            object.data().for_each(|(address, data)| found.strings(data, address, index));
            found
        };
        for object in objects.par_iter().enumerate().map(in_data).collect::<Vec<_>>() {
            found.made = found.made.or(object.made);
            for (directive, first) in object.directives {
                found.directives.entry(directive).or_insert(first);
            }
        }
        if found.made.is_none() {
            let code = |(index, object)| made_in_code(object).map(|address| (index, address));
            found.made = objects.par_iter().enumerate().find_map_first(code);
        }
        found
    }

    fn strings(&mut self, data: &[u8], base: u64, object: usize) {
        for at in memchr::memchr_iter(b'%', data) {
            let end = memchr::memchr(0, &data[at..]).map_or(data.len(), |length| at + length);
            let Some(tail) = text(&data[at..end]) else { continue };
            let address = base + at as u64;
            match directives(tail.as_bytes()) {
                Some(found) => {
                    for (directive, length) in found {
                        let shown = || (tail.get(..length).unwrap_or(tail).to_owned(), object, address);
                        self.directives.entry(directive).or_insert_with(shown);
                    }
                }
                None if self.made.is_none() => {
                    let start = memchr::memrchr(0, &data[..at]).map_or(0, |before| before + 1);
                    self.made = text(&data[start..end]).map(|_| (object, address));
                }
                None => {}
            }
        }
    }
}

/// Bytes that can be text: UTF-8 without the control characters that no terminal takes.
fn text(bytes: &[u8]) -> Option<&str> {
    let controls = |byte: &u8| matches!(byte, 0x20..|1| 2 | 7..=13 | 0x1b) && *byte != 0x7f;
    if bytes.iter().all(controls) { std::str::from_utf8(bytes).ok() } else { None }
}

/// The readings of the directive that begins with the `%` at the start, with their lengths; `None` if the
/// text ends before its letter. `m` and `a` are letters to `printf` and modifiers to `scanf`.
fn directives(text: &[u8]) -> Option<Vec<(Directive, usize)>> {
    let digits =
        |at: usize| text.get(at..).unwrap_or_default().iter().take_while(|b| b.is_ascii_digit()).count();
    let is = |at: usize, set: &[u8]| text.get(at).is_some_and(|byte| set.contains(byte));
    let mut numbered = false;
    let mut at = 1;
    if digits(at) > 0 && is(at + digits(at), b"$") {
        numbered = true;
        at += digits(at) + 1;
    }
    while is(at, b"-+ #0'I") {
        at += 1;
    }
    for point in [false, true] {
        if point {
            if !is(at, b".") {
                break;
            }
            at += 1;
        }
        if is(at, b"*") {
            at += 1;
            if digits(at) > 0 && is(at + digits(at), b"$") {
                numbered = true;
                at += digits(at) + 1;
            }
        }
        at += digits(at);
    }
    let mut readings = Vec::new();
    let mut long = false;
    loop {
        while is(at, b"hlLqjzZt") {
            long |= is(at, b"l");
            at += 1;
        }
        match text.get(at) {
            None if readings.is_empty() => return None,
            None => return Some(readings),
            Some(&letter) => {
                let end = if letter.is_ascii() { at + 1 } else { at };
                readings.push((Directive { letter, long, numbered }, end));
                if !matches!(letter, b'm' | b'a') {
                    return Some(readings);
                }
                at += 1;
            }
        }
    }
}

/// The address of the first instruction that has a `%` as a constant.
fn made_in_code(object: &AppObject) -> Option<u64> {
    for (base, code) in code::parts(object) {
        let mut decoder = Decoder::with_ip(64, code, base, DecoderOptions::NONE);
        let mut instruction = Instruction::new();
        while decoder.can_decode() {
            decoder.decode_out(&mut instruction);
            if has_percent(&instruction) {
                return Some(instruction.ip());
            }
        }
    }
    None
}

fn has_percent(instruction: &Instruction) -> bool {
    // A procedure linkage table pushes the numbers of its entries.
    if matches!(instruction.code(), Code::Pushq_imm8 | Code::Pushq_imm32) {
        return false;
    }
    const PERCENT: i64 = b'%' as i64;
    if instruction.mnemonic() == Mnemonic::Lea {
        return instruction.memory_displacement64() as i64 == -PERCENT;
    }
    (0..instruction.op_count()).any(|operand| {
        let size = match instruction.op_kind(operand) {
            OpKind::Immediate8 | OpKind::Immediate8to16 | OpKind::Immediate8to32 | OpKind::Immediate8to64 => {
                1
            }
            OpKind::Immediate16 => 2,
            OpKind::Immediate32 | OpKind::Immediate32to64 => 4,
            OpKind::Immediate64 => 8,
            _ => return false,
        };
        let value = instruction.immediate(operand);
        let bytes = value.to_le_bytes();
        let stored = bytes[..size].split(|&byte| byte == 0).next().unwrap_or_default();
        let rest = bytes.get(stored.len()..size).unwrap_or_default();
        let is_text = stored.contains(&b'%') && text(stored).is_some() && rest.iter().all(|&byte| byte == 0);
        is_text || size == 1 && i64::from(value as i8) == -PERCENT
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letters(format: &str) -> Option<Vec<(char, bool, bool)>> {
        let found = directives(format.as_bytes())?;
        Some(found.iter().map(|(d, _)| (char::from(d.letter), d.long, d.numbered)).collect())
    }

    #[test]
    fn a_directive_is_read_as_printf_does() {
        assert_eq!(letters("%d"), Some(vec![('d', false, false)]));
        assert_eq!(letters("%-08.3Lf rest"), Some(vec![('f', false, false)]));
        assert_eq!(letters("%2$*1$ls"), Some(vec![('s', true, true)]));
        assert_eq!(letters("%.*e"), Some(vec![('e', false, false)]));
    }

    #[test]
    fn m_and_a_are_letters_and_modifiers() {
        assert_eq!(letters("%mlc"), Some(vec![('m', false, false), ('c', true, false)]));
        assert_eq!(letters("%m"), Some(vec![('m', false, false)]));
    }

    #[test]
    fn a_string_that_ends_inside_a_directive_makes_formats() {
        for text in ["%", "%-", "%l", "%.*"] {
            assert_eq!(letters(text), None, "{text}");
        }
        let mut formats = Formats::default();
        formats.strings(b"100%\0", 0x1000, 0);
        assert_eq!(formats.made, Some((0, 0x1003)));
    }

    #[test]
    fn every_percent_may_begin_a_format() {
        let mut formats = Formats::default();
        formats.strings(b"\xff\x01%%f\0\x19%C\x03\0", 0x1000, 2);
        let (text, object, address) =
            &formats.directives[&Directive { letter: b'f', long: false, numbered: false }];
        assert_eq!((text.as_str(), *object, *address), ("%f", 2, 0x1003));
        assert!(
            !formats.directives.keys().any(|directive| directive.letter == b'C'),
            "binary data is no text"
        );
        assert_eq!(formats.made, None);
    }

    #[test]
    fn code_with_a_percent_is_told_from_other_code() {
        let has = |code: &[u8]| {
            let mut decoder = Decoder::new(64, code, 0);
            has_percent(&decoder.decode())
        };
        assert!(has(&[0x3c, 0x25]), "cmp al, '%'");
        assert!(has(&[0xc6, 0x00, 0x25]), "mov byte [rax], '%'");
        assert!(has(&[0xc7, 0x00, 0x25, 0x64, 0, 0]), "mov dword [rax], \"%d\"");
        assert!(has(&[0x8d, 0x50, 0xdb]), "lea edx, [rax-'%']");
        assert!(has(&[0x83, 0xe8, 0x25]), "sub eax, '%'");
        assert!(has(&[0x83, 0xc0, 0xdb]), "add eax, -'%'");
        assert!(!has(&[0x6a, 0x25]), "push 37");
        assert!(!has(&[0x3c, 0x26]), "cmp al, '&'");
        assert!(!has(&[0xb8, 0x00, 0x25, 0, 0]), "mov eax, 0x2500");
    }
}
