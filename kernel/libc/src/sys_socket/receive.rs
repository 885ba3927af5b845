//! Receiving.

use alloc::vec::Vec;
use core::ffi::{c_int, c_uint, c_void};

use kcore::errno::{EFAULT, EINVAL, Result};
use macros::export;
use net::socket::{Flags, Incoming, SocketFile};

use super::message::{msghdr, parts, rooms, write_control};
use super::name::{store, store_if_wanted};
use super::on_socket;
use crate::outcome::buffer;

/// Bytes that one call drops without a buffer of the caller's.
const DROPPED_MAX: usize = 65536;

/// Receives from where the socket is connected to.
#[export]
pub unsafe extern "C-unwind" fn recv(
    descriptor: c_int,
    data: *mut c_void,
    size: usize,
    flags: c_int,
) -> isize {
    let null = core::ptr::null_mut();
    // SAFETY: the caller's buffer.
    unsafe { recvfrom(descriptor, data, size, flags, null, core::ptr::null_mut()) }
}

/// Receives, and says from whom.
#[export]
pub unsafe extern "C-unwind" fn recvfrom(
    descriptor: c_int,
    data: *mut c_void,
    size: usize,
    flags: c_int,
    from: *mut c_void,
    length: *mut c_uint,
) -> isize {
    on_socket(descriptor, true, &mut |file| {
        let mut message = Incoming::new(Flags::from_bits_retain(flags as u32));
        // SAFETY: the caller's buffer and room.
        unsafe {
            let mut dropped = Vec::new();
            let room = if data.is_null() && message.flags.contains(Flags::TRUNC) && file.socket().is_stream()
            {
                // Bytes of a stream that are to be dropped need no buffer.
                dropped.resize(size.min(DROPPED_MAX), 0);
                &mut dropped[..]
            } else {
                buffer(data.cast(), size)?
            };
            let count = file.receive(&mut [room], &mut message)?;
            // A stream has no name to tell and leaves the caller's alone, but says that it is empty.
            store_if_wanted(message.sender(), from, length)?;
            Ok(count)
        }
    })
}

/// Receives a message into the caller's structure.
pub(super) unsafe fn receive_message(file: &SocketFile, header: &mut msghdr, flags: Flags) -> Result<usize> {
    let mut message = Incoming::new(flags);
    // SAFETY: the caller's structure and what it points to.
    unsafe {
        if header.msg_namelen > c_int::MAX as c_uint {
            return Err(EINVAL);
        }
        let count = file.receive(&mut rooms(parts(header)?)?, &mut message)?;
        if header.msg_name.is_null() {
            header.msg_namelen = 0;
        } else {
            store(message.sender(), header.msg_name, &mut header.msg_namelen)?;
        }
        write_control(header, &mut message)?;
        Ok(count)
    }
}

/// Receives the message that `header` describes.
#[export]
pub unsafe extern "C-unwind" fn recvmsg(descriptor: c_int, header: *mut msghdr, flags: c_int) -> isize {
    // SAFETY: null or the caller's structure.
    on_socket(descriptor, true, &mut |file| unsafe {
        let header = header.as_mut().ok_or(EFAULT)?;
        receive_message(file, header, Flags::from_bits_retain(flags as u32))
    })
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
