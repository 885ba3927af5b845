//! `sys/ioctl.h`: requests that all files and terminals have; other files bring their own.

use core::ffi::{c_int, c_ulong, c_void};

use kcore::errno::{EFAULT, ENOTTY, Result};
use kcore::tty::{self, WindowSize};
use kcore::vfs::file::File;
use kcore::vfs::pipe::End;
use kcore::vfs::regular::Regular;
use kcore::vfs::{OpenFlags, fd};
use macros::export;

use crate::outcome::blocking;

/// The kernel's `struct termios`: 36 bytes, the first 19 control characters.
#[repr(C)]
struct KernelSettings {
    flags: [u32; 4],
    line: u8,
    characters: [u8; 19],
}

/// Does `request` on a file; `argument` is a pointer or a number, as the request has it.
#[export]
pub unsafe extern "C-unwind" fn ioctl(descriptor: c_int, request: c_ulong, mut arguments: ...) -> c_int {
    // SAFETY: a request without an argument reads a register that means nothing.
    let argument = unsafe { arguments.arg::<*mut c_void>() };
    // SAFETY: the caller's argument.
    blocking(&mut || unsafe { control(descriptor, request as u32, argument) }.map(|value| value as usize))
        as c_int
}

unsafe fn place<'a, T>(argument: *mut c_void) -> Result<&'a mut T> {
    // SAFETY: null or the caller's structure.
    unsafe { argument.cast::<T>().as_mut() }.ok_or(EFAULT)
}

unsafe fn control(descriptor: c_int, request: u32, argument: *mut c_void) -> Result<i32> {
    let file = fd::get(descriptor)?;
    // SAFETY: what each request's argument is, ioctl(2) and ioctl_tty(2) say.
    unsafe {
        match request {
            // FIONBIO
            0x5421 => {
                let on =
                    if *place::<c_int>(argument)? != 0 { OpenFlags::NONBLOCK } else { OpenFlags::empty() };
                file.status().set(on, OpenFlags::NONBLOCK);
                return Ok(0);
            }
            // FIOCLEX, FIONCLEX
            0x5451 | 0x5450 => return fd::set_close_on_exec(descriptor, request == 0x5451).map(|()| 0),
            // FIONREAD
            0x541b => {
                let count = if let Some(end) = file.downcast::<End>() {
                    end.pending()
                } else if let Some(pending) = {
                    tty::pull_input();
                    tty::pending(&*file)
                } {
                    pending
                } else if let Some(regular) = file.node().and_then(|node| node.body_as::<Regular>()) {
                    use kcore::vfs::node::Body;
                    let position = file.seekable().map_or(Ok(0), |file| file.seek(0, 1))?;
                    regular.size().saturating_sub(position) as usize
                } else {
                    let control = file.control().ok_or(ENOTTY)?;
                    return control.ioctl(request, argument.expose_provenance());
                };
                *place::<c_int>(argument)? = c_int::try_from(count).unwrap_or(c_int::MAX);
                return Ok(0);
            }
            _ => {}
        }
        if tty::check(&*file).is_ok() {
            match terminal(&*file, request, argument) {
                Err(error) if error == ENOTTY => {}
                result => return result,
            }
        }
    }
    file.control().ok_or(ENOTTY)?.ioctl(request, argument.expose_provenance())
}

/// Requests of all terminals; `ENOTTY` for one that is none of these.
unsafe fn terminal(file: &dyn File, request: u32, argument: *mut c_void) -> Result<i32> {
    // SAFETY: as above.
    unsafe {
        match request {
            // TCGETS
            0x5401 => {
                let settings = tty::settings(file)?;
                let to: &mut KernelSettings = place(argument)?;
                to.flags = [settings.input, settings.output, settings.control, settings.local];
                to.line = settings.line;
                for (to, from) in to.characters.iter_mut().zip(settings.characters) {
                    *to = from;
                }
            }
            // TCSETS, TCSETSW, TCSETSF
            0x5402..=0x5404 => {
                let from: &mut KernelSettings = place(argument)?;
                let mut settings = tty::settings(file)?;
                [settings.input, settings.output, settings.control, settings.local] = from.flags;
                for (to, from) in settings.characters.iter_mut().zip(from.characters) {
                    *to = from;
                }
                tty::set_settings(file, settings, request == 0x5404)?;
            }
            // TCFLSH
            0x540b => tty::flush(file, crate::termios::queue(argument.addr() as c_int)?)?,
            // TIOCGWINSZ, TIOCSWINSZ
            0x5413 => *place::<WindowSize>(argument)? = tty::window_size(file)?,
            0x5414 => tty::set_window_size(file, *place::<WindowSize>(argument)?)?,
            // TIOCGPGRP, TIOCGSID: the one process
            0x540f | 0x5429 => {
                tty::check_controls(file)?;
                *place::<c_int>(argument)? = 1;
            }
            // TIOCOUTQ: all is written
            0x5411 => *place::<c_int>(argument)? = 0,
            // TIOCSCTTY
            0x540e => return tty::pseudo(file).map_or(Ok(()), |pseudo| pseudo.take_control()).map(|()| 0),
            // TCSBRK, TCXONC, TIOCSPGRP, TIOCNOTTY, TCSBRKP: nothing to do
            0x5409 | 0x540a | 0x5410 | 0x5422 | 0x5425 => {}
            _ => return Err(ENOTTY),
        }
    }
    Ok(0)
}
