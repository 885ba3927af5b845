//! The terminal: the console as a file, with line discipline when it is one (`tty=1`).
//!
//! Output is always here. Input is pulled in by those who read ([`pull_input`]), so that a program
//! that only prints carries neither a receive path nor line editing.

mod input;
mod settings;
#[cfg(test)]
mod tests;

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};

use crate::console;
use crate::errno::{EIO, Result};
use crate::sync::SpinLock;
use crate::vfs::file::{File, Place};
use crate::vfs::flags::{OpenFlags, Status};
use crate::vfs::poll::{Events, Source};
use crate::vfs::stat::{S_IFCHR, Stat, Timestamp, device_number};

pub use settings::{Settings, WindowSize, character};

/// The input side, once somebody has asked for it.
trait Reader: Sync {
    fn read(&self, buffer: &mut [u8], nonblocking: bool) -> Result<usize>;
    fn ready(&self) -> bool;
    fn pending(&self) -> usize;
    fn flush(&self);
    /// The settings changed.
    fn changed(&self);
}

static IS_TERMINAL: AtomicBool = AtomicBool::new(false);
static SETTINGS: SpinLock<Settings> = SpinLock::new(Settings::new());
static WINDOW: SpinLock<WindowSize> = SpinLock::new(WindowSize { rows: 0, columns: 0, width: 0, height: 0 });
static SOURCE: Source = Source::new();
/// The [`Reader`], behind a pointer to it, or null.
static READER: AtomicPtr<&'static dyn Reader> = AtomicPtr::new(core::ptr::null_mut());

/// Stops a process, where there is somebody who could continue it.
const SIGTSTP: i32 = 20;
/// Sends a signal to the process; 0 until there is a function for it.
static SIGNAL: AtomicUsize = AtomicUsize::new(0);

/// Has `send` called, in interrupt context, with the signals that keys stand for.
pub fn on_signal(send: fn(i32)) {
    SIGNAL.store(send as usize, Ordering::Release);
}

fn send(signal: i32) {
    let send = SIGNAL.load(Ordering::Acquire);
    if send != 0 {
        // SAFETY: only `on_signal` stores here, and it stores a function of this type.
        let send: fn(i32) = unsafe { core::mem::transmute(send) };
        send(signal);
    } else if signal != SIGTSTP {
        // Nobody can have ignored or handled it, so it does what it does by default.
        crate::process::end(crate::process::Ending::Signal(signal));
    }
}

/// Makes the console a terminal: line editing, echo, signals from keys, carriage returns.
pub fn set_terminal(value: bool) {
    IS_TERMINAL.store(value, Ordering::Release);
}

/// Whether the console is a terminal (`isatty`).
pub fn is_terminal() -> bool {
    IS_TERMINAL.load(Ordering::Acquire)
}

/// Makes the console readable. Every function that can read from a descriptor calls this first.
pub fn pull_input() {
    READER.store((&raw const input::READER).cast_mut(), Ordering::Release);
}

fn reader() -> Option<&'static dyn Reader> {
    // SAFETY: null, or what `pull_input` stored, which is a static.
    unsafe { READER.load(Ordering::Acquire).as_ref() }.copied()
}

/// The settings now (`tcgetattr`).
pub fn settings() -> Settings {
    *SETTINGS.lock()
}

/// Changes the settings (`tcsetattr`); `flush`: drops what was typed and not yet read.
pub fn set_settings(settings: Settings, flush: bool) {
    *SETTINGS.lock() = settings;
    if let Some(reader) = reader() {
        if flush {
            reader.flush();
        }
        reader.changed();
    }
}

/// The size of the window; zeros as long as nobody said.
pub fn window_size() -> WindowSize {
    *WINDOW.lock()
}

/// Sets the size of the window.
pub fn set_window_size(size: WindowSize) {
    *WINDOW.lock() = size;
}

/// Drops what was typed and not yet read (`tcflush`).
pub fn flush_input() {
    if let Some(reader) = reader() {
        reader.flush();
    }
}

/// Bytes that a read would give now (`FIONREAD`).
pub fn pending() -> usize {
    reader().map_or(0, |reader| reader.pending())
}

/// Writes to the console, with the output processing that is set.
fn write(bytes: &[u8]) {
    if is_terminal() && SETTINGS.lock().maps_newlines() {
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            match line.split_last() {
                Some((b'\n', text)) => {
                    console::write(text);
                    console::write(b"\r\n");
                }
                _ => console::write(line),
            }
        }
    } else {
        console::write(bytes);
    }
}

/// The console as an open file.
pub struct Terminal {
    status: Status,
    place: Option<Place>,
}

impl Terminal {
    /// The console, opened at `place` (a device node) or from the start.
    #[must_use]
    pub const fn new(place: Option<Place>, flags: OpenFlags) -> Self {
        Self { status: Status::new(flags), place }
    }
}

impl File for Terminal {
    fn status(&self) -> &Status {
        &self.status
    }

    fn stat(&self) -> Result<Stat> {
        if let Some(place) = &self.place {
            return Ok(place.node.stat());
        }
        let now = Timestamp::now();
        let special = device_number(5, 1);
        let times = Stat { accessed: now, modified: now, changed: now, ..Stat::default() };
        Ok(Stat { inode: 1, links: 1, mode: S_IFCHR | 0o620, special, block_size: 1024, ..times })
    }

    fn read(&self, buffer: &mut [u8]) -> Result<usize> {
        // Nobody types at a standard input that is no terminal: it is empty, unless `stdin=` names a file.
        if self.place.is_none() && !is_terminal() {
            return Ok(0);
        }
        reader().ok_or(EIO)?.read(buffer, self.status.nonblocking())
    }

    fn write(&self, bytes: &[u8]) -> Result<usize> {
        write(bytes);
        Ok(bytes.len())
    }

    fn ready(&self) -> Events {
        let empty = self.place.is_none() && !is_terminal();
        let input = empty || reader().is_some_and(|reader| reader.ready());
        if input { Events::READABLE | Events::WRITABLE } else { Events::WRITABLE }
    }

    fn source(&self) -> Option<&Source> {
        Some(&SOURCE)
    }

    fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }
}

/// Opens descriptors 0, 1 and 2: on the console, or descriptor 0 on the file `input`. Without a
/// terminal and without a file, descriptor 0 is at its end.
pub fn open_standard(input: Option<&[u8]>) -> Result<()> {
    let console = Arc::new(Terminal::new(None, OpenFlags::READ_WRITE));
    let first: Arc<dyn File> = match input {
        Some(path) => crate::vfs::open(path, OpenFlags::empty(), 0)?,
        None => console.clone(),
    };
    // The table is empty, so each gets the number it is for.
    for file in [first, console.clone(), console] {
        crate::vfs::fd::install(file, false)?;
    }
    Ok(())
}
