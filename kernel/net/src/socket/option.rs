//! The options of level `SOL_SOCKET`, which all sockets have.

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use kcore::errno::{EDOM, EINVAL, ENOPROTOOPT, Result};

use super::Socket;

/// `SOL_SOCKET`.
pub const SOL_SOCKET: i32 = 1;

macro_rules! names {
    ($($name:ident = $value:literal;)*) => {
        $(
            #[doc = concat!("`", stringify!($name), "` of socket(7).")]
            pub const $name: i32 = $value;
        )*
    };
}

names! {
    SO_DEBUG = 1;
    SO_REUSEADDR = 2;
    SO_TYPE = 3;
    SO_ERROR = 4;
    SO_DONTROUTE = 5;
    SO_BROADCAST = 6;
    SO_SNDBUF = 7;
    SO_RCVBUF = 8;
    SO_KEEPALIVE = 9;
    SO_OOBINLINE = 10;
    SO_NO_CHECK = 11;
    SO_PRIORITY = 12;
    SO_LINGER = 13;
    SO_REUSEPORT = 15;
    SO_PASSCRED = 16;
    SO_PEERCRED = 17;
    SO_RCVLOWAT = 18;
    SO_SNDLOWAT = 19;
    SO_RCVTIMEO = 20;
    SO_SNDTIMEO = 21;
    SO_BINDTODEVICE = 25;
    SO_TIMESTAMP = 29;
    SO_ACCEPTCONN = 30;
    SO_PEERSEC = 31;
    SO_SNDBUFFORCE = 32;
    SO_RCVBUFFORCE = 33;
    SO_PASSSEC = 34;
    SO_TIMESTAMPNS = 35;
    SO_MARK = 36;
    SO_PROTOCOL = 38;
    SO_DOMAIN = 39;
    SO_RXQ_OVFL = 40;
    SO_PEEK_OFF = 42;
    SO_BUSY_POLL = 46;
    SO_INCOMING_CPU = 49;
    SO_COOKIE = 57;
    SO_PEERGROUPS = 59;
    SO_ZEROCOPY = 60;
}

/// Smallest send buffer that can be set, as it is then reported.
const SEND_BUFFER_MIN: u32 = 4608;
/// Smallest receive buffer that can be set, as it is then reported.
const RECEIVE_BUFFER_MIN: u32 = 2304;
/// Largest buffer that can be set (`net.core.wmem_max`), before it is doubled.
const BUFFER_MAX: u32 = 4 << 20;
/// `net.core.wmem_default` and `rmem_default`.
pub const BUFFER_DEFAULT: u32 = 212_992;

/// The values of the options that all sockets have.
pub struct Settings {
    /// A bit for each yes-or-no option, by its number.
    flags: AtomicU64,
    /// `SO_RCVTIMEO` in nanoseconds; 0 is no limit.
    receive_timeout: AtomicU64,
    /// `SO_SNDTIMEO`.
    send_timeout: AtomicU64,
    receive_buffer: AtomicU32,
    send_buffer: AtomicU32,
    low_water: AtomicU32,
    /// Seconds, plus one; 0 is off.
    linger: AtomicU64,
    priority: AtomicU32,
    mark: AtomicU32,
}

impl Settings {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            flags: AtomicU64::new(0),
            receive_timeout: AtomicU64::new(0),
            send_timeout: AtomicU64::new(0),
            receive_buffer: AtomicU32::new(BUFFER_DEFAULT),
            send_buffer: AtomicU32::new(BUFFER_DEFAULT),
            low_water: AtomicU32::new(1),
            linger: AtomicU64::new(0),
            priority: AtomicU32::new(0),
            mark: AtomicU32::new(0),
        }
    }

    /// Copies all from `other`: what an accepted socket inherits.
    pub fn inherit(&self, other: &Self) {
        let wide = [
            (&self.flags, &other.flags),
            (&self.receive_timeout, &other.receive_timeout),
            (&self.send_timeout, &other.send_timeout),
            (&self.linger, &other.linger),
        ];
        for (to, from) in wide {
            to.store(from.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        let narrow = [
            (&self.receive_buffer, &other.receive_buffer),
            (&self.send_buffer, &other.send_buffer),
            (&self.low_water, &other.low_water),
            (&self.priority, &other.priority),
            (&self.mark, &other.mark),
        ];
        for (to, from) in narrow {
            to.store(from.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }

    /// Whether a yes-or-no option is on.
    pub fn is_on(&self, name: i32) -> bool {
        self.flags.load(Ordering::Relaxed) >> (name & 63) & 1 != 0
    }

    fn turn(&self, name: i32, on: bool) {
        let bit = 1 << (name & 63);
        if on {
            self.flags.fetch_or(bit, Ordering::Relaxed);
        } else {
            self.flags.fetch_and(!bit, Ordering::Relaxed);
        }
    }

    /// `SO_RCVTIMEO` in nanoseconds; 0 is no limit.
    pub fn receive_timeout(&self) -> u64 {
        self.receive_timeout.load(Ordering::Relaxed)
    }

    /// `SO_SNDTIMEO` in nanoseconds; 0 is no limit.
    pub fn send_timeout(&self) -> u64 {
        self.send_timeout.load(Ordering::Relaxed)
    }

    /// `SO_RCVBUF` in bytes, as reported: twice what was set.
    pub fn receive_buffer(&self) -> usize {
        self.receive_buffer.load(Ordering::Relaxed) as usize
    }

    /// `SO_SNDBUF` in bytes, as reported: twice what was set.
    pub fn send_buffer(&self) -> usize {
        self.send_buffer.load(Ordering::Relaxed) as usize
    }

    /// Sets the buffers' sizes as reported: a family's own defaults.
    pub fn set_buffers(&self, receive: u32, send: u32) {
        self.receive_buffer.store(receive, Ordering::Relaxed);
        self.send_buffer.store(send, Ordering::Relaxed);
    }

    /// `SO_RCVLOWAT`.
    pub fn low_water(&self) -> usize {
        self.low_water.load(Ordering::Relaxed) as usize
    }

    /// `SO_LINGER`: seconds, if it is on.
    pub fn linger(&self) -> Option<u64> {
        self.linger.load(Ordering::Relaxed).checked_sub(1)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}

/// An `int` of the caller's; `EINVAL` if it is too short.
pub fn integer(value: &[u8]) -> Result<i32> {
    value.first_chunk().map(|bytes| i32::from_ne_bytes(*bytes)).ok_or(EINVAL)
}

/// Stores as much of `value` as there is room for; gives how much.
pub fn give(value: &[u8], to: &mut [u8]) -> usize {
    let count = value.len().min(to.len());
    for (to, from) in to.iter_mut().zip(value) {
        *to = *from;
    }
    count
}

/// Stores an `int`, cut to the room there is; gives its length.
pub fn give_integer(value: i32, to: &mut [u8]) -> Result<usize> {
    Ok(give(&value.to_ne_bytes(), to))
}

/// A `struct timeval` as nanoseconds; `EDOM` if its microseconds are out of range.
fn timeout(value: &[u8]) -> Result<u64> {
    let field = |at: usize| -> Result<i64> {
        let bytes = value.get(at..).and_then(|rest| rest.first_chunk()).ok_or(EINVAL)?;
        Ok(i64::from_ne_bytes(*bytes))
    };
    let (seconds, micros) = (field(0)?, field(8)?);
    if !(0..1_000_000).contains(&micros) {
        return Err(EDOM);
    }
    // A negative time is over at once.
    let Ok(seconds) = u64::try_from(seconds) else { return Ok(1) };
    Ok(seconds.saturating_mul(1_000_000_000).saturating_add(micros as u64 * 1000))
}

fn buffer_size(value: i32, least: u32) -> u32 {
    u32::try_from(value).unwrap_or(BUFFER_MAX).min(BUFFER_MAX).saturating_mul(2).max(least)
}

/// Sets an option of level `SOL_SOCKET`; `ENOPROTOOPT` for all others.
pub fn set(settings: &Settings, level: i32, name: i32, value: &[u8]) -> Result<()> {
    if level != SOL_SOCKET {
        return Err(ENOPROTOOPT);
    }
    if name == SO_BINDTODEVICE {
        return Ok(());
    }
    let number = integer(value)?;
    match name {
        SO_DEBUG | SO_REUSEADDR | SO_DONTROUTE | SO_BROADCAST | SO_KEEPALIVE | SO_OOBINLINE | SO_NO_CHECK
        | SO_REUSEPORT | SO_PASSCRED | SO_TIMESTAMP | SO_TIMESTAMPNS | SO_RXQ_OVFL => {
            settings.turn(name, number != 0);
            // The two forms of time stamps exclude each other.
            if number != 0 && (name == SO_TIMESTAMP || name == SO_TIMESTAMPNS) {
                settings.turn(if name == SO_TIMESTAMP { SO_TIMESTAMPNS } else { SO_TIMESTAMP }, false);
            }
        }
        SO_SNDBUF | SO_SNDBUFFORCE => {
            settings.send_buffer.store(buffer_size(number, SEND_BUFFER_MIN), Ordering::Relaxed);
        }
        SO_RCVBUF | SO_RCVBUFFORCE => {
            settings.receive_buffer.store(buffer_size(number, RECEIVE_BUFFER_MIN), Ordering::Relaxed);
        }
        SO_RCVLOWAT => {
            let low = if number < 0 { i32::MAX as u32 } else { (number as u32).max(1) };
            settings.low_water.store(low, Ordering::Relaxed);
        }
        SO_RCVTIMEO => settings.receive_timeout.store(timeout(value)?, Ordering::Relaxed),
        SO_SNDTIMEO => settings.send_timeout.store(timeout(value)?, Ordering::Relaxed),
        SO_LINGER => {
            let seconds = integer(value.get(4..).unwrap_or_default())?;
            let linger = if number == 0 { 0 } else { u64::from(seconds as u32) + 1 };
            settings.linger.store(linger, Ordering::Relaxed);
        }
        SO_PRIORITY => settings.priority.store(number as u32, Ordering::Relaxed),
        SO_MARK => settings.mark.store(number as u32, Ordering::Relaxed),
        // Advice that nothing here follows.
        SO_BUSY_POLL | SO_INCOMING_CPU | SO_PEEK_OFF | SO_PASSSEC => {}
        _ => return Err(ENOPROTOOPT),
    }
    Ok(())
}

/// Gets an option of level `SOL_SOCKET`; `ENOPROTOOPT` for all others.
pub fn get(socket: &dyn Socket, level: i32, name: i32, to: &mut [u8]) -> Result<usize> {
    if level != SOL_SOCKET {
        return Err(ENOPROTOOPT);
    }
    let settings = socket.settings();
    let timeval = |nanoseconds: u64, to: &mut [u8]| {
        let micros = nanoseconds / 1000;
        let mut value = [0; 16];
        let (seconds, rest) = value.split_at_mut(8);
        seconds.copy_from_slice(&(micros / 1_000_000).to_ne_bytes());
        rest.copy_from_slice(&(micros % 1_000_000).to_ne_bytes());
        Ok(give(&value, to))
    };
    let number = match name {
        SO_DEBUG | SO_REUSEADDR | SO_DONTROUTE | SO_BROADCAST | SO_KEEPALIVE | SO_OOBINLINE | SO_NO_CHECK
        | SO_REUSEPORT | SO_PASSCRED | SO_TIMESTAMP | SO_TIMESTAMPNS | SO_RXQ_OVFL => {
            settings.is_on(name).into()
        }
        SO_TYPE => socket.kind().kind,
        SO_DOMAIN => socket.kind().family.into(),
        SO_PROTOCOL => socket.kind().protocol,
        SO_ERROR => socket.take_error(),
        SO_ACCEPTCONN => socket.listening().into(),
        SO_SNDBUF => settings.send_buffer() as i32,
        SO_RCVBUF => settings.receive_buffer() as i32,
        SO_RCVLOWAT => settings.low_water() as i32,
        SO_SNDLOWAT => 1,
        SO_PRIORITY => settings.priority.load(Ordering::Relaxed) as i32,
        SO_MARK => settings.mark.load(Ordering::Relaxed) as i32,
        SO_RCVTIMEO => return timeval(settings.receive_timeout(), to),
        SO_SNDTIMEO => return timeval(settings.send_timeout(), to),
        SO_LINGER => {
            let on = settings.linger();
            let mut value = [0; 8];
            let (state, seconds) = value.split_at_mut(4);
            state.copy_from_slice(&i32::from(on.is_some()).to_ne_bytes());
            seconds.copy_from_slice(&(on.unwrap_or(0) as i32).to_ne_bytes());
            return Ok(give(&value, to));
        }
        SO_BINDTODEVICE | SO_PEERGROUPS => return Ok(0),
        SO_COOKIE => {
            let cookie = core::ptr::from_ref(settings).addr() as u64;
            if to.len() < 8 {
                return Err(EINVAL);
            }
            return Ok(give(&cookie.to_ne_bytes(), to));
        }
        SO_INCOMING_CPU | SO_BUSY_POLL | SO_PASSSEC => 0,
        SO_PEEK_OFF => -1,
        _ => return Err(ENOPROTOOPT),
    };
    give_integer(number, to)
}
