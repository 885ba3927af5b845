//! `iconv.h`: conversion between encodings: UTF-8, UTF-16, UTF-32 and their fixed-order forms,
//! ASCII, ISO-8859-1 and `WCHAR_T`; with `//TRANSLIT` and `//IGNORE`. Others give `EINVAL`, as on a
//! system where their tables are not installed.

use alloc::boxed::Box;
use core::ffi::{CStr, c_char, c_int};

use kcore::errno::{E2BIG, EBADF, EILSEQ, EINVAL, Errno};
use macros::export;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Charset {
    Ascii,
    Latin1,
    Utf8,
    /// Two bytes a unit; whether surrogates are known, whether big endian.
    Units16 {
        surrogates: bool,
        big: bool,
    },
    /// Four bytes a character.
    Units32 {
        big: bool,
    },
}

/// One side of a conversion.
struct Side {
    charset: Charset,
    /// The byte order is told by a mark at the start, which is still to come.
    mark: bool,
    /// As above, as it was at first.
    marked: bool,
}

/// What `iconv_t` points at.
pub struct Conversion {
    from: Side,
    to: Side,
    transliterate: bool,
    ignore: bool,
}

const MARK: u32 = 0xfeff;
const SWAPPED_16: u32 = 0xfffe;
const SWAPPED_32: u32 = 0xfffe_0000;

fn side(name: &[u8]) -> Option<Side> {
    let mut buffer = [0; 24];
    let mut length = 0;
    for byte in name.iter().filter(|byte| !b"-_ ".contains(byte)) {
        *buffer.get_mut(length)? = byte.to_ascii_uppercase();
        length += 1;
    }
    let (charset, mark) = match &buffer[..length] {
        b"" => match crate::locale::encoding() {
            crate::locale::Encoding::Utf8 => (Charset::Utf8, false),
            crate::locale::Encoding::Ascii => (Charset::Ascii, false),
        },
        b"UTF8" => (Charset::Utf8, false),
        b"ASCII" | b"USASCII" | b"ANSIX3.41968" | b"ANSIX3.41986" | b"ISO646US" | b"646" | b"C"
        | b"POSIX" => (Charset::Ascii, false),
        b"ISO88591" | b"LATIN1" | b"L1" | b"88591" => (Charset::Latin1, false),
        b"UTF16" => (Charset::Units16 { surrogates: true, big: false }, true),
        b"UTF16LE" => (Charset::Units16 { surrogates: true, big: false }, false),
        b"UTF16BE" => (Charset::Units16 { surrogates: true, big: true }, false),
        b"UCS2" | b"ISO10646UCS2" | b"UCS2LE" | b"UNICODELITTLE" => {
            (Charset::Units16 { surrogates: false, big: false }, false)
        }
        b"UCS2BE" | b"UNICODEBIG" => (Charset::Units16 { surrogates: false, big: true }, false),
        b"UTF32" => (Charset::Units32 { big: false }, true),
        b"UTF32LE" | b"UCS4LE" | b"WCHART" | b"INTERNAL" => (Charset::Units32 { big: false }, false),
        b"UTF32BE" | b"UCS4" | b"UCS4BE" | b"ISO10646" | b"ISO10646/UCS4" => {
            (Charset::Units32 { big: true }, false)
        }
        _ => return None,
    };
    Some(Side { charset, mark, marked: mark })
}

/// A character and how many bytes it took; `EINVAL` if it is cut short, `EILSEQ` if it is none.
fn decode(charset: Charset, bytes: &[u8]) -> Result<(u32, usize), Errno> {
    let unit16 = |at: usize, big: bool| {
        let pair = bytes.get(at..at + 2).ok_or(EINVAL)?;
        let pair = [pair[0], pair[1]];
        Ok(u32::from(if big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }))
    };
    match charset {
        Charset::Ascii if bytes[0] < 0x80 => Ok((u32::from(bytes[0]), 1)),
        Charset::Ascii => Err(EILSEQ),
        Charset::Latin1 => Ok((u32::from(bytes[0]), 1)),
        Charset::Utf8 => match core::str::from_utf8(&bytes[..bytes.len().min(4)]) {
            Ok(text) => text.chars().next().map(|c| (c as u32, c.len_utf8())).ok_or(EINVAL),
            Err(error) if error.valid_up_to() > 0 => decode(charset, &bytes[..error.valid_up_to()]),
            Err(error) if error.error_len().is_none() => Err(EINVAL),
            Err(_) => Err(EILSEQ),
        },
        Charset::Units16 { surrogates, big } => match unit16(0, big)? {
            high @ 0xd800..=0xdbff if surrogates => match unit16(2, big)? {
                low @ 0xdc00..=0xdfff => Ok((0x1_0000 + ((high & 0x3ff) << 10) + (low & 0x3ff), 4)),
                _ => Err(EILSEQ),
            },
            0xd800..=0xdfff => Err(EILSEQ),
            unit => Ok((unit, 2)),
        },
        Charset::Units32 { big } => {
            let four = <[u8; 4]>::try_from(bytes.get(..4).ok_or(EINVAL)?).map_err(|_| EINVAL)?;
            let unit = if big { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) };
            // A swapped mark is let through: it tells the byte order.
            let valid = char::from_u32(unit).is_some() || unit == SWAPPED_32;
            if valid { Ok((unit, 4)) } else { Err(EILSEQ) }
        }
    }
}

/// The bytes of a character, and how many; none if the encoding has not got it.
fn encode(charset: Charset, character: u32) -> Option<([u8; 4], usize)> {
    let mut bytes = [0; 4];
    let length = match charset {
        Charset::Ascii | Charset::Latin1 => {
            let limit = if charset == Charset::Ascii { 0x80 } else { 0x100 };
            if character >= limit {
                return None;
            }
            bytes[0] = character as u8;
            1
        }
        Charset::Utf8 => char::from_u32(character)?.encode_utf8(&mut bytes).len(),
        Charset::Units16 { surrogates, big } => {
            let mut units = [0; 2];
            let units = char::from_u32(character)?.encode_utf16(&mut units);
            if units.len() == 2 && !surrogates {
                return None;
            }
            for (unit, place) in units.iter().zip(bytes.chunks_exact_mut(2)) {
                place.copy_from_slice(&if big { unit.to_be_bytes() } else { unit.to_le_bytes() });
            }
            units.len() * 2
        }
        Charset::Units32 { big } => {
            bytes = if big { character.to_be_bytes() } else { character.to_le_bytes() };
            4
        }
    };
    Some((bytes, length))
}

impl Side {
    /// Takes a mark at the start into account; true if `character` was one.
    fn take_mark(&mut self, character: u32) -> bool {
        if !core::mem::take(&mut self.mark) {
            return false;
        }
        let swapped = match self.charset {
            Charset::Units16 { .. } => SWAPPED_16,
            _ => SWAPPED_32,
        };
        if character == swapped {
            match &mut self.charset {
                Charset::Units16 { big, .. } | Charset::Units32 { big } => *big = true,
                _ => {}
            }
        }
        character == MARK || character == swapped
    }

    fn reset(&mut self) {
        self.mark = self.marked;
        if let (true, Charset::Units16 { big, .. } | Charset::Units32 { big }) =
            (self.marked, &mut self.charset)
        {
            *big = false;
        }
    }
}

/// What an unconvertible character becomes: close to it if something is, else `?`.
fn transliteration(character: u32) -> &'static [u8] {
    match character {
        0xa0 | 0x2000..=0x200a | 0x202f => b" ",
        0x2010..=0x2015 => b"-",
        0x2018 | 0x2019 => b"'",
        0x201c | 0x201d => b"\"",
        0x2026 => b"...",
        0x20ac => b"EUR",
        0xa9 => b"(C)",
        0xae => b"(R)",
        0xab => b"<<",
        0xbb => b">>",
        _ => b"?",
    }
}

/// Where output goes.
struct Output<'a> {
    room: &'a mut [u8],
    used: usize,
}

impl Output<'_> {
    fn put(&mut self, charset: Charset, characters: impl Iterator<Item = u32> + Clone) -> Result<(), Errno> {
        let start = self.used;
        for character in characters {
            let (bytes, length) = encode(charset, character).ok_or(EILSEQ)?;
            let Some(place) = self.room.get_mut(self.used..self.used + length) else {
                self.used = start;
                return Err(E2BIG);
            };
            place.copy_from_slice(&bytes[..length]);
            self.used += length;
        }
        Ok(())
    }
}

impl Conversion {
    /// Converts as much as it can: bytes taken, characters that were replaced, and why it stopped.
    fn run(&mut self, input: &[u8], output: &mut Output) -> (usize, usize, Result<(), Errno>) {
        let mut taken = 0;
        let mut replaced = 0;
        let mut ignored = false;
        while taken < input.len() {
            let (character, length) = match decode(self.from.charset, &input[taken..]) {
                Ok(decoded) => decoded,
                Err(error) if error == EILSEQ && self.ignore => {
                    ignored = true;
                    taken += 1;
                    continue;
                }
                Err(error) => return (taken, replaced, Err(error)),
            };
            if self.from.take_mark(character) {
                taken += length;
                continue;
            }
            if self.to.mark {
                if let Err(error) = output.put(self.to.charset, core::iter::once(MARK)) {
                    return (taken, replaced, Err(error));
                }
                self.to.mark = false;
            }
            let known = encode(self.to.charset, character).is_some();
            let result = if known {
                output.put(self.to.charset, core::iter::once(character))
            } else if self.transliterate {
                output.put(self.to.charset, transliteration(character).iter().map(|&byte| u32::from(byte)))
            } else if self.ignore {
                ignored = true;
                Ok(())
            } else {
                Err(EILSEQ)
            };
            if result.is_err() {
                return (taken, replaced, result);
            }
            replaced += usize::from(!known && self.transliterate);
            taken += length;
        }
        (taken, replaced, if ignored { Err(EILSEQ) } else { Ok(()) })
    }
}

const FAILED: *mut Conversion = core::ptr::without_provenance_mut(usize::MAX);

/// Opens a conversion (POSIX); `EINVAL` if one of the encodings is not known.
#[export]
pub unsafe extern "C" fn iconv_open(to: *const c_char, from: *const c_char) -> *mut Conversion {
    // SAFETY: the caller gives NUL-terminated names.
    let (to, from) = unsafe { (CStr::from_ptr(to).to_bytes(), CStr::from_ptr(from).to_bytes()) };
    let mut parts = to.split(|&byte| byte == b'/').filter(|part| !part.is_empty());
    let name = if to.first() == Some(&b'/') { &[][..] } else { parts.next().unwrap_or_default() };
    let (mut transliterate, mut ignore) = (false, false);
    for suffix in parts {
        transliterate |= suffix.eq_ignore_ascii_case(b"TRANSLIT");
        ignore |= suffix.eq_ignore_ascii_case(b"IGNORE");
    }
    let from = from.split(|&byte| byte == b'/').next().unwrap_or_default();
    match (side(name), side(from)) {
        (Some(to), Some(from)) => Box::into_raw(Box::new(Conversion { from, to, transliterate, ignore })),
        _ => {
            crate::errno::set(EINVAL);
            FAILED
        }
    }
}

/// Closes a conversion (POSIX).
#[export]
pub unsafe extern "C" fn iconv_close(conversion: *mut Conversion) -> c_int {
    if conversion == FAILED || conversion.is_null() {
        return crate::errno::set(EBADF);
    }
    // SAFETY: the caller gives what `iconv_open` gave, and uses it no more.
    drop(unsafe { Box::from_raw(conversion) });
    0
}

/// Converts; returns how many characters were replaced, or -1 with `EILSEQ`, `EINVAL` or `E2BIG` (POSIX).
#[export]
pub unsafe extern "C" fn iconv(
    conversion: *mut Conversion,
    input: *mut *mut u8,
    input_left: *mut usize,
    output: *mut *mut u8,
    output_left: *mut usize,
) -> usize {
    if conversion == FAILED || conversion.is_null() {
        return crate::errno::set(EBADF) as usize;
    }
    // SAFETY: the caller gives an open conversion, and pointers to buffers of the sizes they say.
    unsafe {
        let conversion = &mut *conversion;
        if input.is_null() || (*input).is_null() {
            conversion.from.reset();
            conversion.to.reset();
            return 0;
        }
        let bytes = core::slice::from_raw_parts(*input, *input_left);
        let room = core::slice::from_raw_parts_mut(*output, *output_left);
        let mut target = Output { room, used: 0 };
        let (taken, replaced, outcome) = conversion.run(bytes, &mut target);
        let used = target.used;
        *input = (*input).add(taken);
        *input_left -= taken;
        *output = (*output).add(used);
        *output_left -= used;
        match outcome {
            Ok(()) => replaced,
            Err(error) => crate::errno::set(error) as usize,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn convert(to: &CStr, from: &CStr, input: &[u8], room: usize) -> (Vec<u8>, usize, Result<usize, c_int>) {
        let mut output = vec![0; room];
        // SAFETY: the names are NUL-terminated, the buffers as large as said.
        unsafe {
            let conversion = iconv_open(to.as_ptr(), from.as_ptr());
            assert_ne!(conversion, FAILED);
            let (mut from, mut from_left) = (input.as_ptr().cast_mut(), input.len());
            let (mut to, mut to_left) = (output.as_mut_ptr(), room);
            let result = iconv(conversion, &raw mut from, &raw mut from_left, &raw mut to, &raw mut to_left);
            let result =
                if result == usize::MAX { Err(*crate::errno::__errno_location()) } else { Ok(result) };
            iconv_close(conversion);
            output.truncate(room - to_left);
            (output, from_left, result)
        }
    }

    #[test]
    fn converts_both_ways() {
        let text = "aé€😀";
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(convert(c"UTF-16LE", c"UTF-8", text.as_bytes(), 99), (utf16.clone(), 0, Ok(0)));
        assert_eq!(convert(c"utf8", c"UTF-16LE", &utf16, 99).0, text.as_bytes());
        let marked = [&[0xff, 0xfe][..], &utf16].concat();
        assert_eq!(convert(c"UTF-16", c"UTF-8", text.as_bytes(), 99).0, marked);
        assert_eq!(convert(c"UTF-8", c"UTF-16", &marked, 99).0, text.as_bytes());
        assert_eq!(convert(c"UTF-8", c"UTF-16", &[0xfe, 0xff, 0, b'a'], 99).0, b"a");
        assert_eq!(convert(c"LATIN1", c"UTF-8", "é".as_bytes(), 99).0, [0xe9]);
    }

    #[test]
    fn stops_where_it_must() {
        assert_eq!(convert(c"ASCII", c"UTF-8", "aé".as_bytes(), 9), (b"a".to_vec(), 2, Err(EILSEQ.number())));
        assert_eq!(convert(c"UTF-16LE", c"UTF-8", b"ab\xc3", 9).2, Err(EINVAL.number()));
        assert_eq!(convert(c"UTF-16LE", c"UTF-8", b"ab", 3), (b"a\0".to_vec(), 1, Err(E2BIG.number())));
        assert_eq!(
            convert(c"ASCII//TRANSLIT", c"UTF-8", "€a\u{2026}".as_bytes(), 9),
            (b"EURa...".to_vec(), 0, Ok(2))
        );
        assert_eq!(convert(c"ASCII//IGNORE", c"UTF-8", "aéb".as_bytes(), 9).0, b"ab");
    }
}
