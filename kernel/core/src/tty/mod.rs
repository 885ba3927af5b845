//! The terminal: the console as a file, with line discipline when it is one (`tty=1`).
//!
//! Output is always here. Input is pulled in by those who read ([`pull_input`]), so that a program
//! that only prints carries neither a receive path nor line editing.

mod input;
pub mod pseudo;
mod settings;
#[cfg(test)]
mod tests;

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};

use crate::console;
use crate::errno::{EIO, ENOTTY, Result};
use crate::sync::SpinLock;
use crate::vfs::Node;
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

/// What `tcflush` drops.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Queue {
    /// What was typed and not yet read.
    Input,
    /// What was written and not yet shown.
    Output,
    /// Both.
    Both,
}

/// A side of a pseudo-terminal.
pub trait Pseudo {
    /// The file it was opened as.
    fn node(&self) -> &Arc<Node>;
    /// Whether it is the side of the keyboard and the screen.
    fn is_master(&self) -> bool;
    /// The settings, which both sides share.
    fn settings(&self) -> Settings;
    /// Changes them; `flush`: drops what was typed and not yet read.
    fn set_settings(&self, settings: Settings, flush: bool);
    /// The size of the window.
    fn window_size(&self) -> WindowSize;
    /// Sets it.
    fn set_window_size(&self, size: WindowSize);
    /// Drops what waits on the way to this side or from it.
    fn flush(&self, queue: Queue);
    /// Bytes that a read would give now.
    fn pending(&self) -> usize;
    /// Whether it is the process's own terminal.
    fn controls(&self) -> bool;
    /// Makes it that; `EINVAL` for a master.
    fn take_control(&self) -> Result<()>;
}

/// Tells whether a file is a side of a pseudo-terminal; 0 as long as there is none.
static PSEUDO: AtomicUsize = AtomicUsize::new(0);

type Find = for<'a> fn(&'a dyn File) -> Option<&'a dyn Pseudo>;

fn on_pseudo(find: Find) {
    PSEUDO.store(find as usize, Ordering::Release);
}

/// The side of a pseudo-terminal that a file is.
pub fn pseudo(file: &dyn File) -> Option<&dyn Pseudo> {
    let find = PSEUDO.load(Ordering::Acquire);
    if find == 0 {
        return None;
    }
    // SAFETY: only `on_pseudo` stores here, and it stores a function of this type.
    let find: Find = unsafe { core::mem::transmute(find) };
    find(file)
}

/// `ENOTTY` unless the file is the console, as a terminal.
fn check_console(file: &dyn File) -> Result<()> {
    if file.downcast::<Terminal>().is_some() && is_terminal() { Ok(()) } else { Err(ENOTTY) }
}

/// `ENOTTY` unless the file is a terminal.
pub fn check(file: &dyn File) -> Result<()> {
    if pseudo(file).is_some() { Ok(()) } else { check_console(file) }
}

/// `ENOTTY` unless the file is the terminal of the process.
pub fn check_controls(file: &dyn File) -> Result<()> {
    match pseudo(file) {
        Some(pseudo) if pseudo.controls() => Ok(()),
        Some(_) => Err(ENOTTY),
        None => check_console(file),
    }
}

/// The settings now (`tcgetattr`); `ENOTTY` unless the file is a terminal, as for all that follows.
pub fn settings(file: &dyn File) -> Result<Settings> {
    if let Some(pseudo) = pseudo(file) {
        return Ok(pseudo.settings());
    }
    check_console(file)?;
    Ok(*SETTINGS.lock())
}

/// Changes the settings (`tcsetattr`); `flush`: drops what was typed and not yet read.
pub fn set_settings(file: &dyn File, settings: Settings, flush: bool) -> Result<()> {
    if let Some(pseudo) = pseudo(file) {
        pseudo.set_settings(settings, flush);
        return Ok(());
    }
    check_console(file)?;
    *SETTINGS.lock() = settings;
    if let Some(reader) = reader() {
        if flush {
            reader.flush();
        }
        reader.changed();
    }
    Ok(())
}

/// The size of the window; zeros as long as nobody said.
pub fn window_size(file: &dyn File) -> Result<WindowSize> {
    if let Some(pseudo) = pseudo(file) {
        return Ok(pseudo.window_size());
    }
    check_console(file)?;
    Ok(*WINDOW.lock())
}

/// Sets the size of the window.
pub fn set_window_size(file: &dyn File, size: WindowSize) -> Result<()> {
    if let Some(pseudo) = pseudo(file) {
        pseudo.set_window_size(size);
        return Ok(());
    }
    check_console(file)?;
    *WINDOW.lock() = size;
    Ok(())
}

/// Drops what waits (`tcflush`); what is written to the console is shown at once.
pub fn flush(file: &dyn File, queue: Queue) -> Result<()> {
    if let Some(pseudo) = pseudo(file) {
        pseudo.flush(queue);
        return Ok(());
    }
    check_console(file)?;
    if queue != Queue::Output
        && let Some(reader) = reader()
    {
        reader.flush();
    }
    Ok(())
}

/// Bytes that a read would give now (`FIONREAD`), also of a console that is no terminal; none for
/// other files.
pub fn pending(file: &dyn File) -> Option<usize> {
    if let Some(pseudo) = pseudo(file) {
        return Some(pseudo.pending());
    }
    file.downcast::<Terminal>()?;
    Some(reader().map_or(0, |reader| reader.pending()))
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
