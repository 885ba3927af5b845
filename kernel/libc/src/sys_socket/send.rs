//! Sending.

use core::ffi::{c_int, c_uint, c_void};

use macros::export;
use net::socket::{Flags, Outgoing};

use super::message::{msghdr, parts, read_control, slices};
use super::name::given;
use super::on_socket;
use crate::outcome::bytes;

/// Sends to where the socket is connected to.
#[export]
pub unsafe extern "C-unwind" fn send(
    descriptor: c_int,
    data: *const c_void,
    size: usize,
    flags: c_int,
) -> isize {
    // SAFETY: the caller's bytes.
    unsafe { sendto(descriptor, data, size, flags, core::ptr::null(), 0) }
}

/// Sends to the socket of this name.
#[export]
pub unsafe extern "C-unwind" fn sendto(
    descriptor: c_int,
    data: *const c_void,
    size: usize,
    flags: c_int,
    to: *const c_void,
    length: c_uint,
) -> isize {
    on_socket(descriptor, false, &mut |file| {
        let mut message = Outgoing { flags: Flags::from_bits_retain(flags as u32), ..Outgoing::default() };
        // SAFETY: the caller's name and bytes.
        let bytes = unsafe {
            if !to.is_null() {
                message.to = Some(given(to, length)?);
            }
            bytes(data.cast(), size)?
        };
        file.send(&[bytes], &mut message)
    })
}

/// Sends the message that `header` describes.
#[export]
pub unsafe extern "C-unwind" fn sendmsg(descriptor: c_int, header: *const msghdr, flags: c_int) -> isize {
    on_socket(descriptor, false, &mut |file| {
        // SAFETY: null or the caller's structure and what it points to.
        unsafe {
            let header = header.as_ref().ok_or(kcore::errno::EFAULT)?;
            let mut message =
                Outgoing { flags: Flags::from_bits_retain(flags as u32), ..Outgoing::default() };
            if !header.msg_name.is_null() && header.msg_namelen > 0 {
                message.to = Some(given(header.msg_name, header.msg_namelen)?);
            }
            read_control(header, &mut message)?;
            file.send(&slices(parts(header)?)?, &mut message)
        }
    })
}
