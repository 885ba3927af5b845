//! Pseudo-terminals: `pty.h`, and what `stdlib.h` has of them.

use alloc::ffi::CString;
use core::ffi::{c_char, c_int};

use kcore::errno::{EINVAL, ENOSYS, ENOTTY, ERANGE, Errno, Result};
use kcore::tty::{self, Settings, WindowSize};
use kcore::vfs::file::Control;
use kcore::vfs::{OpenFlags, fd};
use macros::export;

use crate::outcome::{number, unit};

/// `TIOCGPTN`: the slave's number.
const TIOCGPTN: u32 = 0x8004_5430;
/// `TIOCSPTLCK`: locks or unlocks the slave.
const TIOCSPTLCK: u32 = 0x4004_5431;
/// `TIOCGPTPEER`: opens the slave.
const TIOCGPTPEER: u32 = 0x5441;

fn open(flags: OpenFlags) -> Result<c_int> {
    let file = kcore::vfs::open(b"/dev/ptmx", flags, 0)?;
    fd::install(file, flags.contains(OpenFlags::CLOSE_ON_EXEC))
}

/// Opens the master of a new pseudo-terminal.
#[export]
pub extern "C" fn posix_openpt(flags: c_int) -> c_int {
    number(open(OpenFlags::from_bits_retain(flags as u32)))
}

/// Opens the master of a new pseudo-terminal for reading and writing.
#[export]
pub extern "C" fn getpt() -> c_int {
    number(open(OpenFlags::READ_WRITE))
}

/// A request of masters; `ENOTTY` for all other files.
fn request(master: c_int, request: u32, argument: usize) -> Result<c_int> {
    let file = fd::get(master)?;
    let is_master = tty::pseudo(&*file).is_some_and(|pseudo| pseudo.is_master());
    let control: &dyn Control = file.control().filter(|_| is_master).ok_or(ENOTTY)?;
    control.ioctl(request, argument)
}

fn slave_number(master: c_int) -> Result<c_int> {
    let mut slave: c_int = 0;
    request(master, TIOCGPTN, (&raw mut slave).expose_provenance())?;
    Ok(slave)
}

fn unlock(master: c_int) -> Result<()> {
    let mut locked: c_int = 0;
    request(master, TIOCSPTLCK, (&raw mut locked).expose_provenance()).map(|_| ())
}

/// What POSIX calls a file that is no master.
fn invalid(error: Errno) -> Errno {
    if error == ENOTTY { EINVAL } else { error }
}

/// Gives the slave to the caller, whose it is.
#[export]
pub extern "C" fn grantpt(master: c_int) -> c_int {
    unit(slave_number(master).map(|_| ()).map_err(invalid))
}

/// Lets the slave be opened.
#[export]
pub extern "C" fn unlockpt(master: c_int) -> c_int {
    unit(unlock(master).map_err(invalid))
}

fn slave_path(master: c_int) -> Result<CString> {
    let slave = slave_number(master)?;
    let mut digits = [0; 20];
    let digits = kcore::console::decimal(slave as u64, &mut digits);
    CString::new([b"/dev/pts/", digits].concat()).map_err(|_| EINVAL)
}

/// Bytes of the longest name of a slave, with its NUL.
const NAME_LENGTH: usize = 30;

/// What `ptsname` gave last.
static NAME: kcore::sync::Mutex<[u8; NAME_LENGTH]> = kcore::sync::Mutex::new([0; NAME_LENGTH]);

/// The name of the slave, until the next call; null if the file is no master.
#[export]
pub extern "C" fn ptsname(master: c_int) -> *mut c_char {
    let mut name = NAME.lock();
    // SAFETY: the buffer is as long as said.
    if unsafe { ptsname_r(master, name.as_mut_ptr().cast(), NAME_LENGTH) } == 0 {
        name.as_mut_ptr().cast()
    } else {
        core::ptr::null_mut()
    }
}

/// The name of the slave, in a buffer; an error number.
#[export]
pub unsafe extern "C" fn ptsname_r(master: c_int, name: *mut c_char, size: usize) -> c_int {
    let put = || {
        let path = slave_path(master)?;
        let bytes = path.to_bytes_with_nul();
        if bytes.len() > size {
            return Err(ERANGE);
        }
        // SAFETY: the caller's buffer has room for it.
        unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr().cast(), name, bytes.len()) };
        Ok(())
    };
    match put() {
        Ok(()) => 0,
        Err(error) => {
            crate::errno::set(error);
            error.number()
        }
    }
}

/// `ptsname_r` with the size of the buffer known.
#[export]
pub unsafe extern "C" fn __ptsname_r_chk(
    master: c_int,
    name: *mut c_char,
    size: usize,
    room: usize,
) -> c_int {
    crate::outcome::check_room(size, room);
    // SAFETY: the caller's.
    unsafe { ptsname_r(master, name, size) }
}

/// Opens both sides of a new pseudo-terminal, with the settings and the size given.
#[export]
pub unsafe extern "C" fn openpty(
    master: *mut c_int,
    slave: *mut c_int,
    name: *mut c_char,
    settings: *const Settings,
    size: *const WindowSize,
) -> c_int {
    let open = || {
        let ours = open(OpenFlags::READ_WRITE)?;
        let others = || {
            unlock(ours)?;
            let flags = OpenFlags::READ_WRITE | OpenFlags::NO_CONTROLLING_TERMINAL;
            let others = request(ours, TIOCGPTPEER, flags.bits() as usize)?;
            let file = fd::get(others)?;
            // SAFETY: null or the caller's structures and buffers.
            unsafe {
                if let Some(settings) = settings.as_ref() {
                    tty::set_settings(&*file, *settings, true)?;
                }
                if let Some(size) = size.as_ref() {
                    tty::set_window_size(&*file, *size)?;
                }
                (*master, *slave) = (ours, others);
                if !name.is_null() {
                    let path = slave_path(ours)?;
                    let bytes = path.to_bytes_with_nul();
                    core::ptr::copy_nonoverlapping(bytes.as_ptr().cast(), name, bytes.len());
                }
            }
            Ok(())
        };
        let result = others();
        if result.is_err() {
            let _ = fd::close(ours);
        }
        result
    };
    unit(open())
}

/// Forking is not provided.
#[export]
pub unsafe extern "C" fn forkpty(
    _master: *mut c_int,
    _name: *mut c_char,
    _settings: *const Settings,
    _size: *const WindowSize,
) -> c_int {
    crate::errno::set(ENOSYS)
}

fn take_control(fd: c_int) -> Result<()> {
    let file = fd::get(fd)?;
    match tty::pseudo(&*file) {
        Some(pseudo) => pseudo.take_control(),
        None => tty::check(&*file),
    }
}

/// Makes a terminal the standard streams and the controlling terminal.
#[export]
pub extern "C-unwind" fn login_tty(fd: c_int) -> c_int {
    if let Err(error) = take_control(fd) {
        return crate::errno::set(error);
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
