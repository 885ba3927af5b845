//! `termios.h`, and the pseudo-terminals of `stdlib.h` and `pty.h`, which are not provided.

use core::ffi::{c_char, c_int, c_uint, c_void};

use kcore::errno::{EFAULT, EINVAL, ENOENT, ENOTTY, Errno};
use kcore::tty::{self, Settings, WindowSize};
use macros::export;

use crate::outcome::{number, unit};
use crate::unistd::terminal::check;

/// The settings of a terminal.
#[export]
pub unsafe extern "C" fn tcgetattr(fd: c_int, to: *mut Settings) -> c_int {
    let get = || {
        check(fd)?;
        // SAFETY: null or the caller's structure.
        *unsafe { to.as_mut() }.ok_or(EFAULT)? = tty::settings();
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
        check(fd)?;
        // SAFETY: null or the caller's structure.
        tty::set_settings(*unsafe { from.as_ref() }.ok_or(EFAULT)?, when == 2);
        Ok(())
    };
    unit(set())
}

/// Drops what was not read or not sent yet.
#[export]
pub extern "C" fn tcflush(fd: c_int, queue: c_int) -> c_int {
    let flush = || {
        check(fd)?;
        if !(0..=2).contains(&queue) {
            return Err(EINVAL);
        }
        if queue != 1 {
            tty::flush_input();
        }
        Ok(())
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

/// Sends a break: consoles have none.
#[export]
pub extern "C" fn tcsendbreak(fd: c_int, _duration: c_int) -> c_int {
    unit(check(fd))
}

/// The session of a terminal: the one process.
#[export]
pub extern "C" fn tcgetsid(fd: c_int) -> c_int {
    number(check(fd).map(|()| 1))
}

/// The foreground process group: the one process. `unistd.h`'s.
#[export]
pub extern "C" fn tcgetpgrp(fd: c_int) -> c_int {
    number(check(fd).map(|()| 1))
}

/// Sets the foreground process group, of which there is one. `unistd.h`'s.
#[export]
pub extern "C" fn tcsetpgrp(fd: c_int, group: c_int) -> c_int {
    unit(check(fd).and(if group == 1 { Ok(()) } else { Err(EINVAL) }))
}

/// The size of a terminal's window.
#[export]
pub unsafe extern "C" fn tcgetwinsize(fd: c_int, to: *mut WindowSize) -> c_int {
    let get = || {
        check(fd)?;
        // SAFETY: null or the caller's structure.
        *unsafe { to.as_mut() }.ok_or(EFAULT)? = tty::window_size();
        Ok(())
    };
    unit(get())
}

/// Sets the size of a terminal's window.
#[export]
pub unsafe extern "C" fn tcsetwinsize(fd: c_int, from: *const WindowSize) -> c_int {
    let set = || {
        check(fd)?;
        // SAFETY: null or the caller's structure.
        tty::set_window_size(*unsafe { from.as_ref() }.ok_or(EFAULT)?);
        Ok(())
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

fn not_provided(error: Errno) -> c_int {
    crate::errno::set(error)
}

/// Pseudo-terminals are not provided: there is no `/dev/ptmx`.
#[export]
pub extern "C" fn posix_openpt(_flags: c_int) -> c_int {
    not_provided(ENOENT)
}

/// Pseudo-terminals are not provided.
#[export]
pub extern "C" fn getpt() -> c_int {
    not_provided(ENOENT)
}

/// Pseudo-terminals are not provided.
#[export]
pub extern "C" fn grantpt(fd: c_int) -> c_int {
    not_provided(kcore::vfs::fd::get(fd).err().unwrap_or(ENOTTY))
}

/// Pseudo-terminals are not provided.
#[export]
pub extern "C" fn unlockpt(fd: c_int) -> c_int {
    not_provided(kcore::vfs::fd::get(fd).err().unwrap_or(ENOTTY))
}

/// Pseudo-terminals are not provided.
#[export]
pub extern "C" fn ptsname(_fd: c_int) -> *mut c_char {
    not_provided(ENOTTY);
    core::ptr::null_mut()
}

/// Pseudo-terminals are not provided.
#[export]
pub unsafe extern "C" fn ptsname_r(fd: c_int, _name: *mut c_char, _size: usize) -> c_int {
    let error = kcore::vfs::fd::get(fd).err().unwrap_or(ENOTTY);
    not_provided(error);
    error.number()
}

/// `ptsname_r` with the size of the buffer known.
#[export]
pub unsafe extern "C" fn __ptsname_r_chk(fd: c_int, name: *mut c_char, size: usize, room: usize) -> c_int {
    crate::outcome::check_room(size, room);
    // SAFETY: the caller's.
    unsafe { ptsname_r(fd, name, size) }
}

/// Pseudo-terminals are not provided.
#[export]
pub unsafe extern "C" fn openpty(
    _master: *mut c_int,
    _slave: *mut c_int,
    _name: *mut c_char,
    _settings: *const Settings,
    _size: *const c_void,
) -> c_int {
    not_provided(ENOENT)
}

/// Pseudo-terminals, and forking, are not provided.
#[export]
pub unsafe extern "C" fn forkpty(
    _master: *mut c_int,
    _name: *mut c_char,
    _settings: *const Settings,
    _size: *const c_void,
) -> c_int {
    not_provided(ENOENT)
}

/// Makes a terminal the standard streams and the controlling terminal.
#[export]
pub extern "C-unwind" fn login_tty(fd: c_int) -> c_int {
    if let Err(error) = check(fd) {
        return not_provided(error);
    }
    for target in 0..3 {
        if crate::unistd::descriptor::dup2(fd, target) < 0 {
            return -1;
        }
    }
    if fd > 2 {
        crate::unistd::descriptor::close(fd);
    }
    0
}
