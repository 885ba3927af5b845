//! Names, connections and their end.

use core::ffi::{c_int, c_uint, c_void};

use kcore::errno::EINVAL;
use macros::export;
use net::socket::{Shutdown, file};

use super::create::{SOCK_CLOEXEC, SOCK_NONBLOCK, install};
use super::name::{given, store_if_wanted};
use super::on_socket;
use crate::outcome::unit;

/// Gives a socket a name.
#[export]
pub unsafe extern "C" fn bind(descriptor: c_int, name: *const c_void, length: c_uint) -> c_int {
    // SAFETY: the caller's name.
    unit(file::with(descriptor, |file| file.socket().bind(unsafe { given(name, length) }?)))
}

/// Connects a socket to the one of this name.
#[export]
pub unsafe extern "C-unwind" fn connect(descriptor: c_int, name: *const c_void, length: c_uint) -> c_int {
    on_socket(descriptor, false, &mut |file| {
        // SAFETY: the caller's name.
        file.connect(unsafe { given(name, length) }?)?;
        Ok(0)
    }) as c_int
}

/// Lets a socket accept connections.
#[export]
pub extern "C" fn listen(descriptor: c_int, backlog: c_int) -> c_int {
    unit(file::with(descriptor, |file| file.socket().listen(backlog)))
}

/// The next connection as a new socket, with flags (`SOCK_NONBLOCK`, `SOCK_CLOEXEC`).
#[export]
pub unsafe extern "C-unwind" fn accept4(
    descriptor: c_int,
    name: *mut c_void,
    length: *mut c_uint,
    flags: c_int,
) -> c_int {
    on_socket(descriptor, true, &mut |file| {
        if flags & !(SOCK_NONBLOCK | SOCK_CLOEXEC) != 0 {
            return Err(EINVAL);
        }
        // A connection that would get no descriptor goes on waiting.
        kcore::vfs::fd::check_free()?;
        let (accepted, from) = file.accept()?;
        // SAFETY: null or the caller's room.
        unsafe { store_if_wanted(from.bytes(), name, length) }?;
        install(accepted, flags).map(|descriptor| descriptor as usize)
    }) as c_int
}

/// The next connection as a new socket.
#[export]
pub unsafe extern "C-unwind" fn accept(descriptor: c_int, name: *mut c_void, length: *mut c_uint) -> c_int {
    // SAFETY: the caller's.
    unsafe { accept4(descriptor, name, length, 0) }
}

/// Ends a connection in one direction (`SHUT_RD` 0, `SHUT_WR` 1) or in both (`SHUT_RDWR` 2).
#[export]
pub extern "C" fn shutdown(descriptor: c_int, how: c_int) -> c_int {
    let how = match how {
        0 => Ok(Shutdown { receive: true, send: false }),
        1 => Ok(Shutdown { receive: false, send: true }),
        2 => Ok(Shutdown { receive: true, send: true }),
        _ => Err(EINVAL),
    };
    unit(file::with(descriptor, |file| file.socket().shutdown(how?)))
}
