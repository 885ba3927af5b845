//! `ioctl` on sockets.

use kcore::errno::{EFAULT, Result};

use super::Socket;

/// `FIONREAD`, `SIOCINQ`.
const FIONREAD: u32 = 0x541b;
/// `TIOCOUTQ`, `SIOCOUTQ`.
const TIOCOUTQ: u32 = 0x5411;
/// `SIOCATMARK`.
const SIOCATMARK: u32 = 0x8905;

/// Does `request`, whose argument is an address of the application's.
pub(super) fn ioctl(socket: &dyn Socket, request: u32, argument: usize) -> Result<i32> {
    let value = match request {
        FIONREAD => socket.incoming()?,
        TIOCOUTQ => socket.outgoing()?,
        SIOCATMARK => socket.at_mark()?.into(),
        _ => return socket.ioctl(request, argument),
    };
    let to = core::ptr::with_exposed_provenance_mut::<i32>(argument);
    if to.is_null() {
        return Err(EFAULT);
    }
    // SAFETY: the argument of these requests is the caller's `int`.
    unsafe { to.write_unaligned(i32::try_from(value).unwrap_or(i32::MAX)) };
    Ok(0)
}
