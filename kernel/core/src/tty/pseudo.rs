//! Pseudo-terminals: two files, of which one is the keyboard and screen of the other.
//!
//! What is written to the master goes through the line discipline to those who read the slave; what is
//! written to the slave, and what the discipline shows, is read from the master.

use alloc::collections::VecDeque;
use alloc::sync::{Arc, Weak};
use core::sync::atomic::{AtomicBool, Ordering};

use super::input::{Discipline, deadline};
use super::settings::{NOFLSH, Settings, WindowSize};
use super::{Pseudo, Queue};
use crate::errno::{EAGAIN, EFAULT, EINVAL, EIO, ENOTTY, ETIMEDOUT, Result};
use crate::sync::{Mutex, WaitQueue};
use crate::vfs::file::{Control, File, Place};
use crate::vfs::flags::{OpenFlags, Status};
use crate::vfs::poll::{Events, Source};
use crate::vfs::stat::Stat;
use crate::vfs::{Node, fd};

/// Bytes that wait for a reader of the master at most.
const OUTPUT_MAX: usize = 65536;

/// `SIGHUP`: the master was closed.
const SIGHUP: i32 = 1;
/// `SIGWINCH`: the window has another size.
const SIGWINCH: i32 = 28;

/// A pair.
pub struct Pair {
    /// The slave's number: its name in `/dev/pts`.
    pub number: u32,
    /// Where the slave is found.
    pub slave: Place,
    state: Mutex<State>,
    /// Its keys send signals to the process (`TIOCSCTTY`).
    controls: AtomicBool,
    /// Somebody can go on who reads the slave, or the master or writes to the slave.
    input: WaitQueue,
    output: WaitQueue,
    slave_source: Source,
    master_source: Source,
}

struct State {
    settings: Settings,
    window: WindowSize,
    discipline: Discipline,
    /// What a read of the master gives.
    output: VecDeque<u8>,
    /// The slave cannot be opened (`unlockpt`).
    locked: bool,
    /// The master is open.
    master: bool,
    /// Open slaves; none before the first.
    slaves: Option<usize>,
}

impl State {
    /// The slave was open and is not any more.
    fn abandoned(&self) -> bool {
        self.slaves == Some(0)
    }

    /// Adds what the slave shows, with the output processing that is set; gives how much of it there
    /// was room for.
    fn show(&mut self, bytes: &[u8]) -> usize {
        let maps = self.settings.maps_newlines();
        for (at, &byte) in bytes.iter().enumerate() {
            let wide = maps && byte == b'\n';
            if self.output.len() + usize::from(wide) >= OUTPUT_MAX {
                return at;
            }
            if wide {
                self.output.push_back(b'\r');
            }
            self.output.push_back(byte);
        }
        bytes.len()
    }
}

fn of(file: &dyn File) -> Option<&dyn Pseudo> {
    match file.downcast::<Master>() {
        Some(master) => Some(master),
        None => file.downcast::<Slave>().map(|slave| slave as &dyn Pseudo),
    }
}

impl Pair {
    /// A pair whose slave is locked and is found where `slave` says, which gets the pair to put it into
    /// the body of that node.
    pub fn new(number: u32, slave: impl FnOnce(&Weak<Self>) -> Place) -> Arc<Self> {
        super::on_pseudo(of);
        Arc::new_cyclic(|this| Self {
            number,
            slave: slave(this),
            state: Mutex::new(State {
                settings: Settings::new(),
                window: WindowSize::default(),
                discipline: Discipline::new(),
                output: VecDeque::new(),
                locked: true,
                master: true,
                slaves: None,
            }),
            controls: AtomicBool::new(false),
            input: WaitQueue::new(),
            output: WaitQueue::new(),
            slave_source: Source::new(),
            master_source: Source::new(),
        })
    }

    /// Whether the master is open, so that the slave has its name.
    pub fn is_open(&self) -> bool {
        self.state.lock().master
    }

    /// Opens the slave; `EIO` while it is locked or after the master was closed.
    pub fn open_slave(self: Arc<Self>, place: Place, flags: OpenFlags) -> Result<Arc<dyn File>> {
        let mut state = self.state.lock();
        if state.locked || !state.master {
            return Err(EIO);
        }
        state.slaves = Some(state.slaves.unwrap_or(0) + 1);
        drop(state);
        Ok(Arc::new(Slave { status: Status::new(flags), place, pair: self }))
    }

    fn input_changed(&self) {
        self.input.wake_all();
        self.slave_source.notify(Events::READABLE | Events::HUP);
    }

    fn output_changed(&self) {
        self.output.wake_all();
        self.master_source.notify(Events::READABLE | Events::HUP);
        self.slave_source.notify(Events::WRITABLE);
    }

    /// Sends a signal to the process, if this is its terminal.
    fn send(&self, signal: i32) {
        if self.controls.load(Ordering::Relaxed) {
            super::send(signal);
        }
    }

    /// What was typed at the master.
    fn type_in(&self, bytes: &[u8]) {
        for &byte in bytes {
            let mut state = self.state.lock();
            let State { discipline, settings, output, .. } = &mut *state;
            let before = output.len();
            let signal = discipline.take(byte, settings, &mut |shown| {
                // An echo that nobody reads is lost.
                if output.len() + shown.len() <= OUTPUT_MAX {
                    output.extend(shown);
                }
            });
            if signal.is_some() && settings.local & NOFLSH == 0 {
                output.drain(..before);
            }
            drop(state);
            if let Some(signal) = signal {
                self.send(signal);
            }
        }
        self.input_changed();
        self.output_changed();
    }

    fn flush_input(&self) {
        self.state.lock().discipline.clear();
    }

    fn flush_output(&self) {
        self.state.lock().output.clear();
        self.output_changed();
    }
}

/// The master, as an open file.
pub struct Master {
    status: Status,
    place: Place,
    pair: Arc<Pair>,
}

impl Master {
    /// The master of a new pair.
    pub fn new(pair: Arc<Pair>, place: Place, flags: OpenFlags) -> Self {
        Self { status: Status::new(flags), place, pair }
    }
}

impl Drop for Master {
    fn drop(&mut self) {
        self.pair.state.lock().master = false;
        self.pair.input_changed();
        self.pair.output_changed();
        self.pair.send(SIGHUP);
        self.pair.controls.store(false, Ordering::Relaxed);
    }
}

impl File for Master {
    fn status(&self) -> &Status {
        &self.status
    }

    fn stat(&self) -> Result<Stat> {
        Ok(self.place.node.stat())
    }

    fn read(&self, buffer: &mut [u8]) -> Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let nonblocking = self.status.nonblocking();
        let count = self.pair.output.wait_until(None, || {
            let mut state = self.pair.state.lock();
            let count = state.output.len().min(buffer.len());
            if count == 0 {
                let error = if state.abandoned() { EIO } else { EAGAIN };
                return (error == EIO || nonblocking).then_some(Err(error));
            }
            for (place, byte) in buffer.iter_mut().zip(state.output.drain(..count)) {
                *place = byte;
            }
            Some(Ok(count))
        })??;
        self.pair.output_changed();
        Ok(count)
    }

    fn write(&self, bytes: &[u8]) -> Result<usize> {
        if self.pair.state.lock().abandoned() {
            return Err(EIO);
        }
        self.pair.type_in(bytes);
        Ok(bytes.len())
    }

    fn ready(&self) -> Events {
        let state = self.pair.state.lock();
        let mut events = Events::WRITABLE;
        if !state.output.is_empty() {
            events |= Events::READABLE;
        }
        if state.abandoned() {
            events |= Events::HUP;
        }
        events
    }

    fn source(&self) -> Option<&Source> {
        Some(&self.pair.master_source)
    }

    fn place(&self) -> Option<&Place> {
        Some(&self.place)
    }

    fn control(&self) -> Option<&dyn Control> {
        Some(self)
    }
}

impl Control for Master {
    fn ioctl(&self, request: u32, argument: usize) -> Result<i32> {
        let word = core::ptr::with_exposed_provenance_mut::<i32>(argument);
        // SAFETY: the argument of the requests that use it is null or the caller's `int` (ioctl_tty(2)).
        let word = || unsafe { word.as_mut() }.ok_or(EFAULT);
        match request {
            // TIOCGPTN
            0x8004_5430 => *word()? = self.pair.number as i32,
            // TIOCSPTLCK, TIOCGPTLCK
            0x4004_5431 => self.pair.state.lock().locked = *word()? != 0,
            0x8004_5439 => *word()? = self.pair.state.lock().locked.into(),
            // TIOCGPTPEER, for which the lock does not count
            0x5441 => {
                let flags = OpenFlags::from_bits_retain(argument as u32);
                let mut state = self.pair.state.lock();
                state.slaves = Some(state.slaves.unwrap_or(0) + 1);
                drop(state);
                let slave = Slave {
                    status: Status::new(flags),
                    place: self.pair.slave.clone(),
                    pair: self.pair.clone(),
                };
                return fd::install(Arc::new(slave), flags.contains(OpenFlags::CLOSE_ON_EXEC));
            }
            _ => return Err(ENOTTY),
        }
        Ok(0)
    }
}

/// The slave, as an open file.
pub struct Slave {
    status: Status,
    place: Place,
    pair: Arc<Pair>,
}

impl Drop for Slave {
    fn drop(&mut self) {
        let mut state = self.pair.state.lock();
        state.slaves = state.slaves.map(|count| count - 1);
        drop(state);
        self.pair.output_changed();
    }
}

impl File for Slave {
    fn status(&self) -> &Status {
        &self.status
    }

    fn stat(&self) -> Result<Stat> {
        Ok(self.place.node.stat())
    }

    fn read(&self, buffer: &mut [u8]) -> Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let nonblocking = self.status.nonblocking();
        let until = deadline(&self.pair.state.lock().settings);
        let result = self.pair.input.wait_until(until, || {
            let mut state = self.pair.state.lock();
            let State { discipline, settings, master, .. } = &mut *state;
            if !*master {
                return Some(Ok(0));
            }
            let count = discipline.give(buffer, settings);
            if nonblocking { Some(count.ok_or(EAGAIN)) } else { count.map(Ok) }
        });
        match result {
            Err(error) if error == ETIMEDOUT => Ok(0),
            result => result?,
        }
    }

    fn write(&self, bytes: &[u8]) -> Result<usize> {
        let nonblocking = self.status.nonblocking();
        let mut done = 0;
        while done < bytes.len() {
            let rest = bytes.get(done..).unwrap_or_default();
            let result = self.pair.output.wait_until(None, || {
                let mut state = self.pair.state.lock();
                if !state.master {
                    return Some(Err(EIO));
                }
                match state.show(rest) {
                    0 if nonblocking => Some(Err(EAGAIN)),
                    0 => None,
                    count => Some(Ok(count)),
                }
            });
            match result.and_then(|result| result) {
                Ok(count) => done += count,
                Err(error) if done == 0 => return Err(error),
                Err(_) => break,
            }
            self.pair.output_changed();
        }
        Ok(done)
    }

    fn ready(&self) -> Events {
        let state = self.pair.state.lock();
        if !state.master {
            return Events::READABLE | Events::WRITABLE | Events::ERR | Events::HUP;
        }
        let mut events = Events::empty();
        if state.discipline.is_ready(&state.settings) {
            events |= Events::READABLE;
        }
        if state.output.len() < OUTPUT_MAX {
            events |= Events::WRITABLE;
        }
        events
    }

    fn source(&self) -> Option<&Source> {
        Some(&self.pair.slave_source)
    }

    fn place(&self) -> Option<&Place> {
        Some(&self.place)
    }
}

/// What terminals can be asked for: the same on both sides but for what can be read.
macro_rules! pseudo {
    ($side:ty, $is_master:literal, $input:ident, $output:ident) => {
        impl Pseudo for $side {
            fn node(&self) -> &Arc<Node> {
                &self.place.node
            }

            fn is_master(&self) -> bool {
                $is_master
            }

            fn settings(&self) -> Settings {
                self.pair.state.lock().settings
            }

            fn set_settings(&self, settings: Settings, flush: bool) {
                let mut state = self.pair.state.lock();
                state.settings = settings;
                if flush {
                    state.discipline.clear();
                }
                drop(state);
                self.pair.input_changed();
            }

            fn window_size(&self) -> WindowSize {
                self.pair.state.lock().window
            }

            fn set_window_size(&self, size: WindowSize) {
                let old = core::mem::replace(&mut self.pair.state.lock().window, size);
                if old != size {
                    self.pair.send(SIGWINCH);
                }
            }

            fn flush(&self, queue: Queue) {
                if queue != Queue::Output {
                    self.pair.$input();
                }
                if queue != Queue::Input {
                    self.pair.$output();
                }
            }

            fn pending(&self) -> usize {
                let state = self.pair.state.lock();
                if $is_master { state.output.len() } else { state.discipline.available(&state.settings) }
            }

            fn controls(&self) -> bool {
                !$is_master && self.pair.controls.load(Ordering::Relaxed)
            }

            fn take_control(&self) -> Result<()> {
                if $is_master {
                    return Err(EINVAL);
                }
                self.pair.controls.store(true, Ordering::Relaxed);
                Ok(())
            }
        }
    };
}

pseudo!(Master, true, flush_output, flush_input);
pseudo!(Slave, false, flush_input, flush_output);
