//! What an end of a cable is plugged into.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::time::Duration;

use super::{End, LATE};

/// A place that frames come from and go to.
pub enum Plug {
    /// A guest's card: the socket here, and where QEMU has its own.
    Guest(UnixDatagram, PathBuf),
    /// An interface of this host.
    Tap(File),
}

impl Plug {
    pub(super) fn guest(end: &End) -> io::Result<Self> {
        for path in [&end.guest, &end.link] {
            match std::fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        let socket = UnixDatagram::bind(&end.link)?;
        socket.set_read_timeout(Some(LATE))?;
        // A guest that does not take its frames loses them, as on any cable.
        socket.set_write_timeout(Some(Duration::from_millis(100)))?;
        Ok(Self::Guest(socket, end.guest.clone()))
    }

    /// A tap interface that is there already, or can be made.
    pub(super) fn tap(name: &str) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open("/dev/net/tun")?;
        // SAFETY: zeros are a valid request.
        let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
        for (to, from) in request.ifr_name.iter_mut().zip(name.bytes().take(libc::IFNAMSIZ - 1)) {
            *to = from.cast_signed();
        }
        request.ifr_ifru.ifru_flags = (libc::IFF_TAP | libc::IFF_NO_PI) as libc::c_short;
        // SAFETY: the request lives as long as the call.
        if unsafe { libc::ioctl(file.as_raw_fd(), libc::TUNSETIFF, &raw mut request) } < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self::Tap(file))
    }

    pub(super) fn try_clone(&self) -> io::Result<Self> {
        Ok(match self {
            Self::Guest(socket, guest) => Self::Guest(socket.try_clone()?, guest.clone()),
            Self::Tap(file) => Self::Tap(file.try_clone()?),
        })
    }

    /// Waits for a frame, but not longer than one may be late.
    pub(super) fn receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Guest(socket, _) => socket.recv(buffer),
            Self::Tap(file) => {
                let mut ready = libc::pollfd { fd: file.as_raw_fd(), events: libc::POLLIN, revents: 0 };
                // SAFETY: there is one entry.
                match unsafe { libc::poll(&raw mut ready, 1, LATE.as_millis() as libc::c_int) } {
                    0 => Err(io::ErrorKind::TimedOut.into()),
                    1.. => (&*file).read(buffer),
                    _ => Err(io::Error::last_os_error()),
                }
            }
        }
    }

    pub(super) fn send(&self, frame: &[u8]) -> io::Result<usize> {
        match self {
            Self::Guest(socket, guest) => socket.send_to(frame, guest),
            Self::Tap(file) => (&*file).write(frame),
        }
    }
}
