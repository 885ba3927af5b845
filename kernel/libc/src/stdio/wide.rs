//! Streams of wide characters: multibyte text in the file, converted a character at a time.
//!
//! The byte buffer is the only one; so positions, pushed-back characters and flushing are those of
//! the bytes.

use core::ffi::c_int;
use core::ptr::null_mut;

use kcore::errno::EILSEQ;
use macros::export;

use super::file::{FILE, Locked, flag, standard_input, standard_output};
use super::read::{get_byte, push_back};
use super::system;
use super::write::{EOF, put, put_byte};
use crate::locale::Encoding;
use crate::wchar::convert::{Failure, decode, encode, mbstate_t};

/// `WEOF`.
pub const WEOF: u32 = u32::MAX;

/// Fixes the orientation to wide characters if it is undecided; false if it is to bytes.
pub fn orient_wide(file: &mut FILE) -> bool {
    if file.mode == 0 {
        file.mode = 1;
    }
    file.mode > 0
}

fn illegal(file: &mut FILE) -> u32 {
    system::set_errno(EILSEQ);
    file.fail();
    WEOF
}

/// Reads one character from a locked stream, or `WEOF`.
pub fn get_wide(file: &mut FILE) -> u32 {
    let encoding = file.encoding();
    let mut bytes = [0u8; 8];
    for size in 0..bytes.len() {
        let byte = get_byte(file);
        if byte == EOF {
            return if size == 0 { WEOF } else { illegal(file) };
        }
        bytes[size] = byte as u8;
        // SAFETY: one byte is there.
        match unsafe { decode(encoding, bytes.as_ptr().add(size), 1, &mut file.decoding) } {
            Ok((character, _)) => return character,
            Err(Failure::Incomplete) => {}
            Err(Failure::Illegal) => {
                // What is no character stays to be read, as bytes or after a seek.
                for &byte in bytes[..=size].iter().rev() {
                    push_back(file, byte);
                }
                break;
            }
        }
    }
    file.decoding = mbstate_t::INITIAL;
    illegal(file)
}

/// Writes one character to a locked stream; the character, or `WEOF`.
pub fn put_wide(file: &mut FILE, character: u32) -> u32 {
    if character < 0x80 {
        return if put_byte(file, character as u8) == EOF { WEOF } else { character };
    }
    let mut bytes = [0u8; 8];
    // SAFETY: no character takes more bytes; so many are written from there.
    unsafe {
        match encode(file.encoding(), bytes.as_mut_ptr(), character) {
            Some(size) if put(file, bytes.as_ptr(), size) == size => character,
            Some(_) => WEOF,
            // glibc's streams transliterate: in the C locale that leaves a question mark.
            None if file.encoding() == Encoding::Ascii => {
                if put_byte(file, b'?') == EOF {
                    WEOF
                } else {
                    character
                }
            }
            None => illegal(file),
        }
    }
}

/// Puts a character back; false if it has no bytes, or there is no memory for them.
pub fn push_back_wide(file: &mut FILE, character: u32) -> bool {
    let mut bytes = [0u8; 8];
    // SAFETY: no character takes more bytes.
    match unsafe { encode(file.encoding(), bytes.as_mut_ptr(), character) } {
        Some(size) => bytes[..size].iter().rev().all(|&byte| push_back(file, byte)),
        None => false,
    }
}

/// Reads one character.
#[export(cancellable)]
pub unsafe extern "C" fn getwc(file: *mut FILE) -> u32 {
    // SAFETY: the caller's open stream.
    let mut file = unsafe { Locked::new(file) };
    if orient_wide(&mut file) { get_wide(&mut file) } else { WEOF }
}

/// `getwc` without the lock.
#[export(cancellable)]
pub unsafe extern "C" fn getwc_unlocked(file: *mut FILE) -> u32 {
    // SAFETY: the caller's open stream, which it has locked if need be.
    let file = unsafe { &mut *file };
    if orient_wide(file) { get_wide(file) } else { WEOF }
}

/// Reads one character from `stdin`.
#[export(cancellable)]
pub unsafe extern "C" fn getwchar() -> u32 {
    // SAFETY: `stdin` is open as long as the program does not close it.
    unsafe { getwc(standard_input()) }
}

/// `getwchar` without the lock.
#[export(cancellable)]
pub unsafe extern "C" fn getwchar_unlocked() -> u32 {
    // SAFETY: as `getwchar`.
    unsafe { getwc_unlocked(standard_input()) }
}

/// Writes one character.
#[export(cancellable)]
pub unsafe extern "C" fn fputwc(character: u32, file: *mut FILE) -> u32 {
    // SAFETY: the caller's open stream.
    let mut file = unsafe { Locked::new(file) };
    if orient_wide(&mut file) { put_wide(&mut file, character) } else { WEOF }
}

/// `fputwc` without the lock.
#[export(cancellable)]
pub unsafe extern "C" fn fputwc_unlocked(character: u32, file: *mut FILE) -> u32 {
    // SAFETY: the caller's open stream, which it has locked if need be.
    let file = unsafe { &mut *file };
    if orient_wide(file) { put_wide(file, character) } else { WEOF }
}

/// `fputwc`; but on a byte stream, as glibc does, it writes the character's lowest byte.
#[export(cancellable)]
pub unsafe extern "C" fn putwc(character: u32, file: *mut FILE) -> u32 {
    // SAFETY: the caller's open stream.
    let mut file = unsafe { Locked::new(file) };
    if orient_wide(&mut file) {
        return put_wide(&mut file, character);
    }
    // SAFETY: the stream is open and locked.
    let written = unsafe { super::write::fputc_unlocked((character & 0xff).cast_signed(), &raw mut *file) };
    if written < 0 { WEOF } else { character }
}

/// Writes one character to `stdout`.
#[export(cancellable)]
pub unsafe extern "C" fn putwchar(character: u32) -> u32 {
    // SAFETY: `stdout` is open as long as the program does not close it.
    unsafe { fputwc(character, standard_output()) }
}

/// `putwchar` without the lock.
#[export(cancellable)]
pub unsafe extern "C" fn putwchar_unlocked(character: u32) -> u32 {
    // SAFETY: as `putwchar`.
    unsafe { fputwc_unlocked(character, standard_output()) }
}

/// Reads a line of at most `size` − 1 characters, its newline included.
#[export(cancellable)]
pub unsafe extern "C" fn fgetws(buffer: *mut u32, size: c_int, file: *mut FILE) -> *mut u32 {
    // SAFETY: the caller's buffer and open stream.
    unsafe {
        let file = Locked::new(file);
        fgetws_unlocked(buffer, size, file.pointer())
    }
}

/// `fgetws` without the lock.
#[export(cancellable)]
pub unsafe extern "C" fn fgetws_unlocked(buffer: *mut u32, size: c_int, file: *mut FILE) -> *mut u32 {
    let Some(room) = usize::try_from(size).ok().and_then(|size| size.checked_sub(1)) else {
        return null_mut();
    };
    // SAFETY: the caller's buffer and open stream.
    unsafe {
        let file = &mut *file;
        if room == 0 {
            *buffer = 0;
            return buffer;
        }
        let before = file.flags & flag::ERROR_SEEN;
        file.flags &= !flag::ERROR_SEEN;
        let mut count = 0;
        if orient_wide(file) {
            while count < room {
                let character = get_wide(file);
                if character == WEOF {
                    break;
                }
                *buffer.add(count) = character;
                count += 1;
                if character == u32::from(b'\n') {
                    break;
                }
            }
        }
        let failed = file.has(flag::ERROR_SEEN) && system::errno() != kcore::errno::EAGAIN.number();
        file.flags |= before;
        if count == 0 || failed {
            return null_mut();
        }
        *buffer.add(count) = 0;
        buffer
    }
}

/// Writes a string; not negative, or −1.
#[export(cancellable)]
pub unsafe extern "C" fn fputws(text: *const u32, file: *mut FILE) -> c_int {
    // SAFETY: the caller's string and open stream.
    unsafe {
        let file = Locked::new(file);
        fputws_unlocked(text, file.pointer())
    }
}

/// `fputws` without the lock.
#[export(cancellable)]
pub unsafe extern "C" fn fputws_unlocked(mut text: *const u32, file: *mut FILE) -> c_int {
    // SAFETY: the caller's string and open stream.
    unsafe {
        let file = &mut *file;
        if !orient_wide(file) {
            return EOF;
        }
        while *text != 0 {
            if put_wide(file, *text) == WEOF {
                return EOF;
            }
            text = text.add(1);
        }
        1
    }
}

/// Puts a character back, to be read next.
#[export]
pub unsafe extern "C" fn ungetwc(character: u32, file: *mut FILE) -> u32 {
    if character == WEOF {
        return WEOF;
    }
    // SAFETY: the caller's open stream.
    let mut file = unsafe { Locked::new(file) };
    if orient_wide(&mut file) && push_back_wide(&mut file, character) { character } else { WEOF }
}

/// Decides on, or tells, a stream's orientation: above 0 wide characters, below 0 bytes.
#[export]
pub unsafe extern "C" fn fwide(file: *mut FILE, mode: c_int) -> c_int {
    // SAFETY: the caller's open stream.
    let mut file = unsafe { Locked::new(file) };
    if file.mode == 0 {
        file.mode = mode.signum();
    }
    file.mode
}

/// What old macros called when the put area is full.
#[export(cancellable)]
pub unsafe extern "C" fn __woverflow(file: *mut FILE, character: u32) -> u32 {
    // SAFETY: the caller's open stream.
    unsafe {
        if character == WEOF {
            return if super::write::flush(&mut *file) == 0 { 0 } else { WEOF };
        }
        fputwc_unlocked(character, file)
    }
}

/// What old macros called when the get area is empty: takes a character.
#[export(cancellable)]
pub unsafe extern "C" fn __wuflow(file: *mut FILE) -> u32 {
    // SAFETY: the caller's open stream.
    unsafe { getwc_unlocked(file) }
}

/// What old macros called when the get area is empty: gives the next character without taking it.
#[export(cancellable)]
pub unsafe extern "C" fn __wunderflow(file: *mut FILE) -> u32 {
    // SAFETY: the caller's open stream.
    unsafe {
        let character = getwc_unlocked(file);
        if character != WEOF {
            push_back_wide(&mut *file, character);
        }
        character
    }
}
