//! Making sockets.

use alloc::sync::Arc;
use core::ffi::c_int;

use kcore::errno::{EFAULT, EINVAL, Result};
use kcore::vfs::fd;
use macros::export;
use net::socket::{Socket, SocketFile, family};

use crate::outcome::{number, unit};

/// `SOCK_NONBLOCK`.
pub(super) const SOCK_NONBLOCK: c_int = 0o4000;
/// `SOCK_CLOEXEC`.
pub(super) const SOCK_CLOEXEC: c_int = 0o2_000_000;
/// The bits of a type that are the type.
const TYPE: c_int = 0xf;

/// The type without its flags; `EINVAL` for flags that are none.
fn split(kind: c_int) -> Result<(c_int, c_int)> {
    let flags = kind & !TYPE;
    if flags & !(SOCK_NONBLOCK | SOCK_CLOEXEC) != 0 {
        return Err(EINVAL);
    }
    Ok((kind & TYPE, flags))
}

/// Gives a socket a descriptor.
pub(super) fn install(socket: Arc<dyn Socket>, flags: c_int) -> Result<c_int> {
    fd::install(SocketFile::new(socket, flags & SOCK_NONBLOCK != 0), flags & SOCK_CLOEXEC != 0)
}

/// Makes a socket.
#[export]
pub extern "C" fn socket(domain: c_int, kind: c_int, protocol: c_int) -> c_int {
    let make = || {
        let (kind, flags) = split(kind)?;
        install(family::create(domain, kind, protocol)?, flags)
    };
    number(make())
}

/// Makes two sockets that are connected with each other.
#[export]
pub unsafe extern "C" fn socketpair(
    domain: c_int,
    kind: c_int,
    protocol: c_int,
    descriptors: *mut c_int,
) -> c_int {
    let make = || {
        let (kind, flags) = split(kind)?;
        let [one, other] = family::pair(domain, kind, protocol)?;
        // SAFETY: null or the caller's two integers.
        let to = unsafe { descriptors.cast::<[c_int; 2]>().as_mut() }.ok_or(EFAULT)?;
        let first = install(one, flags)?;
        match install(other, flags) {
            Ok(second) => *to = [first, second],
            Err(error) => {
                fd::close(first)?;
                return Err(error);
            }
        }
        Ok(())
    };
    unit(make())
}

/// Whether a descriptor is of this file type (`S_IFSOCK` …).
#[export]
pub extern "C" fn isfdtype(descriptor: c_int, kind: c_int) -> c_int {
    let check = || {
        let mode = fd::get(descriptor)?.stat()?.mode;
        Ok(c_int::from(mode & kcore::vfs::stat::S_IFMT == kind as u32))
    };
    number(check())
}
