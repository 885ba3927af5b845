//! The input side of the terminal: a line discipline between the console and readers.

use alloc::collections::VecDeque;

use super::settings::{ECHO, ECHOCTL, ECHOE, ECHONL, ICRNL, IGNCR, INLCR, ISIG, NOFLSH, Settings, character};
use super::{Reader, SETTINGS, SOURCE, is_terminal};
use crate::console;
use crate::errno::{EAGAIN, ETIMEDOUT, Result};
use crate::sync::{Once, SpinLock, WaitQueue};
use crate::time::{Instant, now};
use crate::vfs::poll::Events;

/// Bytes that are kept until they are read; what comes after is lost.
const CAPACITY: usize = 4096;
/// Where a line ends that `END_OF_FILE` ended: the key itself is not read.
const END: u16 = 0x100;

/// What the keys of `ISIG` send: `SIGINT` 2, `SIGQUIT` 3, `SIGTSTP` 20.
const SIGNALS: [(usize, i32); 3] =
    [(character::INTERRUPT, 2), (character::QUIT, 3), (character::SUSPEND, 20)];

/// The line discipline: what was typed, as far as it was not read.
pub(super) struct Discipline {
    /// Bytes that can be read, and [`END`]s.
    finished: VecDeque<u16>,
    /// The line being typed.
    line: VecDeque<u8>,
    /// Newlines and [`END`]s in `finished`.
    lines: usize,
    /// The next byte is to be taken as it is.
    literal: bool,
}

impl Discipline {
    pub(super) const fn new() -> Self {
        Self { finished: VecDeque::new(), line: VecDeque::new(), lines: 0, literal: false }
    }

    pub(super) fn clear(&mut self) {
        self.finished.clear();
        self.line.clear();
        self.lines = 0;
    }

    fn finish_line(&mut self, end: u16) {
        if self.finished.len() >= 2 * CAPACITY {
            return;
        }
        self.finished.extend(self.line.drain(..).map(u16::from));
        self.finished.push_back(end);
        self.lines += 1;
    }

    /// Takes a byte from the console. `echo` shows bytes; gives the signal that it stands for.
    pub(super) fn take(
        &mut self,
        mut byte: u8,
        settings: &Settings,
        echo: &mut dyn FnMut(&[u8]),
    ) -> Option<i32> {
        let full = self.finished.len() + self.line.len() >= CAPACITY;
        let literal = core::mem::take(&mut self.literal);
        if !literal {
            if byte == b'\r' {
                if settings.input & IGNCR != 0 {
                    return None;
                }
                if settings.input & ICRNL != 0 {
                    byte = b'\n';
                }
            } else if byte == b'\n' && settings.input & INLCR != 0 {
                byte = b'\r';
            }
            if settings.local & ISIG != 0
                && let Some((_, signal)) = SIGNALS.iter().find(|(key, _)| settings.is(byte, *key))
            {
                if settings.local & NOFLSH == 0 {
                    self.clear();
                }
                show(byte, settings, echo);
                return Some(*signal);
            }
        }
        if !settings.canonical() {
            if full {
                return None;
            }
            self.finished.push_back(byte.into());
            show(byte, settings, echo);
            return None;
        }
        if !literal {
            if settings.is(byte, character::ERASE) || byte == 8 {
                self.erase(settings, echo);
                return None;
            }
            if settings.is(byte, character::KILL) {
                while self.erase(settings, echo) {}
                return None;
            }
            if settings.is(byte, character::ERASE_WORD) {
                while self.line.back() == Some(&b' ') && self.erase(settings, echo) {}
                while self.line.back().is_some_and(|&byte| byte != b' ') && self.erase(settings, echo) {}
                return None;
            }
            if settings.is(byte, character::LITERAL) {
                self.literal = true;
                // Shown until the next character is.
                if settings.local & ECHO != 0 && settings.local & ECHOCTL != 0 {
                    echo(b"^\x08");
                }
                return None;
            }
            if settings.is(byte, character::END_OF_FILE) {
                self.finish_line(END);
                return None;
            }
            if byte == b'\n' || settings.is(byte, character::END_OF_LINE) {
                if settings.local & (ECHO | ECHONL) != 0 {
                    echo(if settings.maps_newlines() { b"\r\n" } else { b"\n" });
                }
                self.finish_line(byte.into());
                return None;
            }
        }
        // A line that is too long can still be finished, as long as there is room at all.
        if !full {
            self.line.push_back(byte);
            show(byte, settings, echo);
        }
        None
    }

    /// Erases the last character of the line, all bytes of it; false if there is none.
    fn erase(&mut self, settings: &Settings, echo: &mut dyn FnMut(&[u8])) -> bool {
        let Some(mut byte) = self.line.pop_back() else { return false };
        // Continuation bytes of UTF-8 have nothing of their own on the screen.
        while byte & 0xc0 == 0x80 {
            match self.line.pop_back() {
                Some(next) => byte = next,
                None => break,
            }
        }
        if settings.local & ECHO != 0 && settings.local & ECHOE != 0 {
            let wide = byte < 32 && byte != b'\t' && settings.local & ECHOCTL != 0;
            echo(if wide { b"\x08 \x08\x08 \x08" } else { b"\x08 \x08" });
        }
        true
    }

    /// Bytes that reads would give now (`FIONREAD`).
    pub(super) fn available(&self, settings: &Settings) -> usize {
        let finished = self.finished.iter().filter(|&&byte| byte != END).count();
        match settings.canonical() {
            true if self.lines == 0 => 0,
            true => finished,
            false => finished + self.line.len(),
        }
    }

    /// Whether a read would not wait: an end of the file is something to read, too.
    pub(super) fn is_ready(&self, settings: &Settings) -> bool {
        if settings.canonical() { self.lines > 0 } else { self.available(settings) > 0 }
    }

    /// Gives what can be read; none if a reader has to wait.
    pub(super) fn give(&mut self, buffer: &mut [u8], settings: &Settings) -> Option<usize> {
        if !settings.canonical() {
            if !self.line.is_empty() {
                self.finished.extend(self.line.drain(..).map(u16::from));
            }
            let mut done = 0;
            for place in buffer.iter_mut() {
                match self.finished.pop_front() {
                    Some(END) => self.lines = self.lines.saturating_sub(1),
                    Some(byte) => {
                        *place = byte as u8;
                        done += 1;
                    }
                    None => break,
                }
            }
            let least = settings.characters.get(character::MINIMUM).copied().unwrap_or(1);
            return (done > 0 || least == 0 && settings.characters.get(character::TIME) == Some(&0))
                .then_some(done);
        }
        if self.lines == 0 {
            return None;
        }
        let mut done = 0;
        while done < buffer.len() {
            let Some(byte) = self.finished.pop_front() else { break };
            if byte == END {
                self.lines -= 1;
                break;
            }
            if let Some(place) = buffer.get_mut(done) {
                *place = byte as u8;
            }
            done += 1;
            if byte == u16::from(b'\n') || settings.is(byte as u8, character::END_OF_LINE) {
                self.lines -= 1;
                break;
            }
        }
        Some(done)
    }
}

/// Echoes a byte, control characters as `^X`.
fn show(byte: u8, settings: &Settings, echo: &mut dyn FnMut(&[u8])) {
    if settings.local & ECHO == 0 {
        return;
    }
    match byte {
        b'\n' if settings.maps_newlines() => echo(b"\r\n"),
        0..32 | 127 if byte != b'\n' && byte != b'\t' && settings.local & ECHOCTL != 0 => {
            echo(&[b'^', byte ^ 64]);
        }
        _ => echo(&[byte]),
    }
}

/// When a read ends that got nothing: where no byte has to come, after the time that is set.
pub(super) fn deadline(settings: &Settings) -> Option<Instant> {
    let cc = &settings.characters;
    let tenths = u64::from(cc[character::TIME]);
    (!settings.canonical() && cc[character::MINIMUM] == 0)
        .then(|| now() + core::time::Duration::from_millis(tenths * 100))
}

/// The console's input, found at the first read.
struct ConsoleReader {
    device: Once<Option<&'static dyn console::Input>>,
    discipline: SpinLock<Discipline>,
    readers: WaitQueue,
}

static CONSOLE: ConsoleReader = ConsoleReader {
    device: Once::new(),
    discipline: SpinLock::new(Discipline::new()),
    readers: WaitQueue::new(),
};

pub(super) static READER: &dyn Reader = &CONSOLE;

/// Settings under which bytes pass as they are: those of a console that is no terminal.
fn effective() -> Settings {
    let mut settings = *SETTINGS.lock();
    if !is_terminal() {
        settings.local = 0;
        settings.input = 0;
    }
    settings
}

/// The device interrupted: there may be something to read.
fn arrived() {
    let Some(Some(device)) = CONSOLE.device.get() else { return };
    let settings = effective();
    let mut any = false;
    let mut bytes = [0; 16];
    loop {
        let count = device.read(&mut bytes);
        if count == 0 {
            break;
        }
        any = true;
        for &byte in bytes.iter().take(count) {
            let signal =
                CONSOLE.discipline.lock().take(byte, &settings, &mut |bytes| console::write_emergency(bytes));
            if let Some(signal) = signal {
                super::send(signal);
            }
        }
    }
    if any {
        CONSOLE.readers.wake_all();
        SOURCE.notify(Events::READABLE);
    }
}

impl ConsoleReader {
    fn device(&self) -> Option<&'static dyn console::Input> {
        let device = *self.device.get_or_init(|| console::input(arrived));
        // What came before there was somebody to tell.
        if device.is_some() {
            arrived();
        }
        device
    }
}

impl Reader for ConsoleReader {
    fn read(&self, buffer: &mut [u8], nonblocking: bool) -> Result<usize> {
        if buffer.is_empty() || self.device().is_none() {
            // Without a device nothing will ever come: the end of the file.
            return Ok(0);
        }
        // Interrupts must not wait for a page of the caller's buffer, so bytes go by way of this.
        let mut bytes = [0; 256];
        let length = buffer.len().min(bytes.len());
        let settings = effective();
        let mut take = || {
            let bytes = bytes.get_mut(..length)?;
            self.discipline.lock().give(bytes, &effective())
        };
        let deadline = if is_terminal() { deadline(&settings) } else { None };
        let count = if nonblocking {
            take().ok_or(EAGAIN)?
        } else {
            match self.readers.wait_until(deadline, take) {
                Err(error) if error == ETIMEDOUT => 0,
                result => result?,
            }
        };
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), bytes.get(..count)) {
            to.copy_from_slice(from);
        }
        Ok(count)
    }

    fn ready(&self) -> bool {
        self.device().is_none() || self.discipline.lock().is_ready(&effective())
    }

    fn pending(&self) -> usize {
        self.device();
        self.discipline.lock().available(&effective())
    }

    fn flush(&self) {
        self.discipline.lock().clear();
    }

    fn changed(&self) {
        self.readers.wake_all();
    }
}
