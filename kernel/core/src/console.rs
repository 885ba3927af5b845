//! The console: where the kernel's own words and the application's output go, and where its input
//! comes from.
//!
//! Output and input are tables of their own, so that a program that reads nothing carries no
//! receive path. This layer moves bytes as they are; line discipline is the tty's.

use crate::sync::Mutex;
use crate::table::Table;
use core::sync::atomic::{AtomicU8, Ordering};

/// Rows in each of the two tables.
pub const ROWS: usize = 3;

/// A row of the console table.
pub struct Row {
    /// Finds the device and makes it ready to send; no memory may be needed for that.
    pub probe: fn() -> Option<&'static dyn Output>,
}

/// A console that sends.
pub trait Output: Sync {
    /// Sends all the bytes, waiting for the device without sleeping: fault reports come this way
    /// too, with interrupts off.
    fn write(&self, bytes: &[u8]);
}

/// A row of the console input table.
pub struct InputRow {
    /// Finds the device and lets it interrupt. `arrived` is called, in interrupt context, whenever
    /// there may be something to read.
    pub probe: fn(arrived: fn()) -> Option<&'static dyn Input>,
}

/// A console that receives.
pub trait Input: Sync {
    /// Takes what has arrived, at most `buffer.len()` bytes; 0 if nothing has.
    fn read(&self, buffer: &mut [u8]) -> usize;
}

#[cfg(kernel)]
unsafe extern "Rust" {
    /// The consoles that send, in order of preference.
    safe static table_console: Table<Row, ROWS>;
    /// The consoles that receive, in order of preference.
    safe static table_console_input: Table<InputRow, ROWS>;
}
#[cfg(not(kernel))]
#[allow(non_upper_case_globals, reason = "the name that the top crate defines in the kernel")]
static table_console: Table<Row, ROWS> = Table::new([None; ROWS]);
#[cfg(not(kernel))]
#[allow(non_upper_case_globals, reason = "the name that the top crate defines in the kernel")]
static table_console_input: Table<InputRow, ROWS> = Table::new([None; ROWS]);

/// The row in use, plus one; 0 before the first use, [`NONE`] if there is no console.
static CHOSEN: AtomicU8 = AtomicU8::new(0);
const NONE: u8 = u8::MAX;
static WRITING: Mutex<()> = Mutex::new(());

fn output() -> Option<&'static dyn Output> {
    let chosen = CHOSEN.load(Ordering::Acquire);
    if chosen == NONE {
        return None;
    }
    // A device is cheap to find again (its driver keeps what it found), so only the row is kept.
    let rows = table_console.rows().enumerate();
    for (index, row) in rows.skip(usize::from(chosen.saturating_sub(1))) {
        if let Some(output) = (row.probe)() {
            CHOSEN.store(index as u8 + 1, Ordering::Release);
            return Some(output);
        }
    }
    CHOSEN.store(NONE, Ordering::Release);
    None
}

/// Sends bytes; those of one call stay together. For threads.
pub fn write(bytes: &[u8]) {
    let _writing = WRITING.lock();
    write_emergency(bytes);
}

/// Sends bytes at once, whoever else is in the middle of it: for fault reports.
pub fn write_emergency(bytes: &[u8]) {
    match output() {
        Some(output) => output.write(bytes),
        #[cfg(not(kernel))]
        None => std::io::Write::write_all(&mut std::io::stdout(), bytes).unwrap_or(()),
        #[cfg(kernel)]
        None => {}
    }
}

/// The console's input, made ready at the first call; see [`InputRow::probe`].
pub fn input(arrived: fn()) -> Option<&'static dyn Input> {
    table_console_input.rows().find_map(|row| (row.probe)(arrived))
}

/// Sends a message of the kernel's, made of parts, each as its bytes or as a number.
pub fn message(parts: &[Part<'_>]) {
    for part in parts {
        let mut digits = [0; 20];
        write_emergency(match *part {
            Part::Text(text) => text.as_bytes(),
            Part::Bytes(bytes) => bytes,
            Part::Hex(value) => hexadecimal(value, &mut digits),
            Part::Decimal(value) => decimal(value, &mut digits),
        });
    }
}

/// A part of a [`message`]; there is no formatting machinery in the kernel.
#[derive(Clone, Copy)]
pub enum Part<'a> {
    /// A text.
    Text(&'a str),
    /// Bytes as they are.
    Bytes(&'a [u8]),
    /// A number as 0x and hexadecimal digits.
    Hex(u64),
    /// A number as decimal digits.
    Decimal(u64),
}

/// The decimal digits of a number, at the end of `digits`.
pub fn decimal(mut value: u64, digits: &mut [u8; 20]) -> &[u8] {
    let mut start = digits.len();
    for (index, digit) in digits.iter_mut().enumerate().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
        start = index;
        if value == 0 {
            break;
        }
    }
    digits.get(start..).unwrap_or(&[])
}

/// 0x and the hexadecimal digits of a number, at the end of `digits`.
pub fn hexadecimal(mut value: u64, digits: &mut [u8; 20]) -> &[u8] {
    let mut start = digits.len();
    let mut put = |digit: u8| {
        start -= 1;
        if let Some(place) = digits.get_mut(start) {
            *place = digit;
        }
    };
    loop {
        let nibble = (value & 15) as u8;
        put(if nibble < 10 { b'0' + nibble } else { b'a' - 10 + nibble });
        value >>= 4;
        if value == 0 {
            break;
        }
    }
    put(b'x');
    put(b'0');
    digits.get(start..).unwrap_or(&[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_whole() {
        let mut digits = [0; 20];
        assert_eq!(decimal(0, &mut digits), b"0");
        assert_eq!(decimal(u64::MAX, &mut digits), b"18446744073709551615");
        assert_eq!(hexadecimal(0, &mut digits), b"0x0");
        assert_eq!(hexadecimal(u64::MAX, &mut digits), b"0xffffffffffffffff");
    }
}
