//! `termios.h`.

use core::ffi::{c_int, c_uint};

use kcore::errno::{EFAULT, EINVAL, Result};
use kcore::tty::{self, Queue, Settings, WindowSize};
use kcore::vfs::fd::get;
use macros::export;

use crate::outcome::{number, unit};
use crate::unistd::terminal::check;

/// The settings of a terminal.
#[export]
pub unsafe extern "C" fn tcgetattr(fd: c_int, to: *mut Settings) -> c_int {
    let get = || {
        let settings = tty::settings(&*get(fd)?)?;
        // SAFETY: null or the caller's structure.
        *unsafe { to.as_mut() }.ok_or(EFAULT)? = settings;
        Ok(())
    };
    unit(get())
}

/// Changes the settings: `TCSANOW` 0, `TCSADRAIN` 1, `TCSAFLUSH` 2.
#[export]
pub unsafe extern "C-unwind" fn tcsetattr(fd: c_int, when: c_int, from: *const Settings) -> c_int {
    let set = || {
        if !(0..=2).contains(&when) {
            return Err(EINVAL);
        }
        let file = get(fd)?;
        tty::check(&*file)?;
        // SAFETY: null or the caller's structure.
        tty::set_settings(&*file, *unsafe { from.as_ref() }.ok_or(EFAULT)?, when == 2)
    };
    unit(set())
}

/// What `TCIFLUSH` 0, `TCOFLUSH` 1 and `TCIOFLUSH` 2 drop.
pub(crate) fn queue(number: c_int) -> Result<Queue> {
    match number {
        0 => Ok(Queue::Input),
        1 => Ok(Queue::Output),
        2 => Ok(Queue::Both),
        _ => Err(EINVAL),
    }
}

/// Drops what was not read or not sent yet.
#[export]
pub extern "C" fn tcflush(fd: c_int, which: c_int) -> c_int {
    let flush = || {
        let file = get(fd)?;
        tty::check(&*file)?;
        tty::flush(&*file, queue(which)?)
    };
    unit(flush())
}

/// Waits until all is sent, which it is.
#[export]
pub extern "C-unwind" fn tcdrain(fd: c_int) -> c_int {
    unit(check(fd))
}

/// Stops or starts the flow: there is no flow control.
#[export]
pub extern "C" fn tcflow(fd: c_int, action: c_int) -> c_int {
    unit(check(fd).and(if (0..=3).contains(&action) { Ok(()) } else { Err(EINVAL) }))
}

/// Sends a break: neither consoles nor pseudo-terminals have one.
#[export]
pub extern "C" fn tcsendbreak(fd: c_int, _duration: c_int) -> c_int {
    unit(check(fd))
}

/// `ENOTTY` unless the descriptor is the terminal of the process.
fn check_controls(fd: c_int) -> Result<()> {
    tty::check_controls(&*get(fd)?)
}

/// The session of a terminal: the one process.
#[export]
pub extern "C" fn tcgetsid(fd: c_int) -> c_int {
    number(check_controls(fd).map(|()| 1))
}

/// The foreground process group: the one process. `unistd.h`'s.
#[export]
pub extern "C" fn tcgetpgrp(fd: c_int) -> c_int {
    number(check_controls(fd).map(|()| 1))
}

/// Sets the foreground process group, of which there is one. `unistd.h`'s.
#[export]
pub extern "C" fn tcsetpgrp(fd: c_int, group: c_int) -> c_int {
    unit(check_controls(fd).and(if group == 1 { Ok(()) } else { Err(EINVAL) }))
}

/// The size of a terminal's window.
#[export]
pub unsafe extern "C" fn tcgetwinsize(fd: c_int, to: *mut WindowSize) -> c_int {
    let get = || {
        let size = tty::window_size(&*get(fd)?)?;
        // SAFETY: null or the caller's structure.
        *unsafe { to.as_mut() }.ok_or(EFAULT)? = size;
        Ok(())
    };
    unit(get())
}

/// Sets the size of a terminal's window.
#[export]
pub unsafe extern "C" fn tcsetwinsize(fd: c_int, from: *const WindowSize) -> c_int {
    let set = || {
        let file = get(fd)?;
        tty::check(&*file)?;
        // SAFETY: null or the caller's structure.
        tty::set_window_size(&*file, *unsafe { from.as_ref() }.ok_or(EFAULT)?)
    };
    unit(set())
}

/// `CBAUD`: the bits of the speed in `c_cflag`.
const CBAUD: u32 = 0o10017;

/// The output speed, as `B…`.
#[export]
pub unsafe extern "C" fn cfgetospeed(settings: *const Settings) -> c_uint {
    // SAFETY: the caller's structure.
    unsafe { (*settings).control & CBAUD }
}

/// The input speed, as `B…`: the output speed.
#[export]
pub unsafe extern "C" fn cfgetispeed(settings: *const Settings) -> c_uint {
    // SAFETY: the caller's structure.
    unsafe { cfgetospeed(settings) }
}

/// Sets the output speed.
#[export]
pub unsafe extern "C" fn cfsetospeed(settings: *mut Settings, speed: c_uint) -> c_int {
    if speed & !CBAUD != 0 {
        return crate::errno::set(EINVAL);
    }
    // SAFETY: the caller's structure.
    let settings = unsafe { &mut *settings };
    settings.output_speed = speed;
    settings.control = settings.control & !CBAUD | speed;
    0
}

/// Sets the input speed; 0 means the output speed.
#[export]
pub unsafe extern "C" fn cfsetispeed(settings: *mut Settings, speed: c_uint) -> c_int {
    if speed == 0 {
        return 0;
    }
    // SAFETY: the caller's structure.
    unsafe {
        (*settings).input_speed = speed;
        cfsetospeed(settings, speed)
    }
}

/// Sets both speeds.
#[export]
pub unsafe extern "C" fn cfsetspeed(settings: *mut Settings, speed: c_uint) -> c_int {
    /// Speeds in bauds, at their `B…` constants: 0 to 15, and 0o10001 on.
    const SLOW: [c_uint; 16] =
        [0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400];
    const FAST: [c_uint; 15] = [
        57_600, 115_200, 230_400, 460_800, 500_000, 576_000, 921_600, 1_000_000, 1_152_000, 1_500_000,
        2_000_000, 2_500_000, 3_000_000, 3_500_000, 4_000_000,
    ];
    // A number of bauds does as well as its constant.
    let slow = SLOW.iter().position(|&bauds| bauds == speed).map(|at| at as c_uint);
    let fast = FAST.iter().position(|&bauds| bauds == speed).map(|at| at as c_uint + 0o10001);
    let constant = slow.or(fast).unwrap_or(speed);
    // SAFETY: the caller's structure.
    unsafe { if cfsetispeed(settings, constant) == 0 { cfsetospeed(settings, constant) } else { -1 } }
}

/// Settings under which bytes pass as they are.
#[export]
pub unsafe extern "C" fn cfmakeraw(settings: *mut Settings) {
    // SAFETY: the caller's structure.
    let settings = unsafe { &mut *settings };
    // IGNBRK BRKINT PARMRK ISTRIP INLCR IGNCR ICRNL IXON; OPOST; ECHO ECHONL ICANON ISIG IEXTEN
    settings.input &= !0o2753;
    settings.output &= !1;
    settings.local &= !0o100_113;
    settings.control = settings.control & !0o460 | 0o60;
    for (index, value) in [(tty::character::MINIMUM, 1), (tty::character::TIME, 0)] {
        if let Some(place) = settings.characters.get_mut(index) {
            *place = value;
        }
    }
}
