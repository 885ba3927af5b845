//! `sys/socket.h`: one function a family of calls, so that each is reachable on its own. What a
//! socket does is `net::socket`'s; here are C's structures.
#![allow(
    unsafe_op_in_unsafe_fn,
    reason = "each function is one unsafe contract, C's: pointers valid as it says"
)]

mod connect;
mod create;
mod many;
mod message;
mod name;
mod option;
mod receive;
mod send;

pub use connect::{accept, accept4, bind, connect, listen, shutdown};
pub use create::{isfdtype, socket, socketpair};
pub use many::{recvmmsg, sendmmsg};
pub use message::{__cmsg_nxthdr, msghdr};
pub use name::{getpeername, getsockname};
pub use option::{getsockopt, setsockopt, sockatmark};
pub use receive::{__recv_chk, __recvfrom_chk, recv, recvfrom, recvmsg};
pub use send::{send, sendmsg, sendto};

use core::ffi::c_int;

use kcore::errno::Result;
use net::socket::SocketFile;

/// Does `work` on the socket, which may block. It is begun again after a signal handler with
/// `SA_RESTART` unless the socket has a time limit for it (signal(7)).
#[expect(improper_ctypes_definitions, reason = "called from Rust alone; the ABI is there to unwind")]
pub(crate) extern "C-unwind" fn on_socket(
    descriptor: c_int,
    receives: bool,
    work: &mut dyn FnMut(&SocketFile) -> Result<usize>,
) -> isize {
    let limited = net::socket::file::with(descriptor, |file| Ok(file.limited(receives)));
    let mut work = || net::socket::file::with(descriptor, &mut *work);
    if limited == Ok(true) {
        crate::outcome::blocking_once(&mut work)
    } else {
        crate::outcome::blocking(&mut work)
    }
}
