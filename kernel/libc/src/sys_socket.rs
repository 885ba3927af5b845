//! `sys/socket.h`: there is no network in this kernel yet. A socket cannot be made
//! (`EAFNOSUPPORT`), so what needs one finds another kind of file (`ENOTSOCK`) or none (`EBADF`).

use core::ffi::{c_int, c_uint, c_void};

use kcore::errno::{EAFNOSUPPORT, ENOTSOCK};
use kcore::vfs::fd;
use macros::export;

fn not_a_socket(descriptor: c_int) -> c_int {
    crate::errno::set(fd::get(descriptor).err().unwrap_or(ENOTSOCK))
}

/// No address family is supported.
#[export]
pub extern "C" fn socket(_family: c_int, _kind: c_int, _protocol: c_int) -> c_int {
    crate::errno::set(EAFNOSUPPORT)
}

/// No address family is supported.
#[export]
pub unsafe extern "C" fn socketpair(
    _family: c_int,
    _kind: c_int,
    _protocol: c_int,
    _pair: *mut c_int,
) -> c_int {
    crate::errno::set(EAFNOSUPPORT)
}

macro_rules! need_a_socket {
    ($($name:ident($($argument:ty),*) -> $result:ty;)*) => {
        $(
            #[doc = concat!("`", stringify!($name), "`: the descriptor is no socket.")]
            #[export]
            pub unsafe extern "C-unwind" fn $name(descriptor: c_int, $(_: $argument),*) -> $result {
                not_a_socket(descriptor) as $result
            }
        )*
    };
}

need_a_socket! {
    accept(*mut c_void, *mut c_uint) -> c_int;
    accept4(*mut c_void, *mut c_uint, c_int) -> c_int;
    bind(*const c_void, c_uint) -> c_int;
    connect(*const c_void, c_uint) -> c_int;
    getpeername(*mut c_void, *mut c_uint) -> c_int;
    getsockname(*mut c_void, *mut c_uint) -> c_int;
    getsockopt(c_int, c_int, *mut c_void, *mut c_uint) -> c_int;
    isfdtype(c_int) -> c_int;
    listen(c_int) -> c_int;
    recv(*mut c_void, usize, c_int) -> isize;
    recvfrom(*mut c_void, usize, c_int, *mut c_void, *mut c_uint) -> isize;
    recvmmsg(*mut c_void, c_uint, c_int, *mut c_void) -> c_int;
    recvmsg(*mut c_void, c_int) -> isize;
    send(*const c_void, usize, c_int) -> isize;
    sendmmsg(*mut c_void, c_uint, c_int) -> c_int;
    sendmsg(*const c_void, c_int) -> isize;
    sendto(*const c_void, usize, c_int, *const c_void, c_uint) -> isize;
    setsockopt(c_int, c_int, *const c_void, c_uint) -> c_int;
    shutdown(c_int) -> c_int;
    sockatmark() -> c_int;
}

/// `recv` with the size of the buffer known.
#[export]
pub unsafe extern "C-unwind" fn __recv_chk(
    fd: c_int,
    data: *mut c_void,
    size: usize,
    room: usize,
    flags: c_int,
) -> isize {
    crate::outcome::check_room(size, room);
    // SAFETY: the caller's.
    unsafe { recv(fd, data, size, flags) }
}

/// `recvfrom` with the size of the buffer known.
#[export]
pub unsafe extern "C-unwind" fn __recvfrom_chk(
    fd: c_int,
    data: *mut c_void,
    size: usize,
    room: usize,
    flags: c_int,
    from: *mut c_void,
    length: *mut c_uint,
) -> isize {
    crate::outcome::check_room(size, room);
    // SAFETY: the caller's.
    unsafe { recvfrom(fd, data, size, flags, from, length) }
}

/// `struct msghdr`, as far as control messages need it.
#[repr(C)]
#[allow(missing_docs, reason = "the fields are named in sendmsg(2)")]
pub struct msghdr {
    pub msg_name: *mut c_void,
    pub msg_namelen: c_uint,
    pub msg_iov: *mut c_void,
    pub msg_iovlen: usize,
    pub msg_control: *mut u8,
    pub msg_controllen: usize,
    pub msg_flags: c_int,
}

/// The control message after `message`; null if there is no room for one.
#[export]
pub unsafe extern "C" fn __cmsg_nxthdr(header: *const msghdr, message: *const usize) -> *mut usize {
    const HEADER: usize = 16;
    // SAFETY: the caller's structures; a message begins with its length.
    unsafe {
        let length = *message;
        if length < HEADER {
            return core::ptr::null_mut();
        }
        let end = ((*header).msg_control as usize).wrapping_add((*header).msg_controllen);
        let Some(next) = (message as usize).checked_add(length.next_multiple_of(8)) else {
            return core::ptr::null_mut();
        };
        if next + HEADER > end {
            return core::ptr::null_mut();
        }
        let next = message.cast::<u8>().wrapping_add(length.next_multiple_of(8)).cast_mut().cast::<usize>();
        if (next as usize).checked_add(*next).is_none_or(|after| after > end) {
            return core::ptr::null_mut();
        }
        next
    }
}
