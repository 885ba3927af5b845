//! Several messages at once.

use core::ffi::{c_int, c_uint, c_void};

use kcore::errno::{EFAULT, Result};
use kcore::vfs::stat::Timestamp;
use macros::export;
use net::socket::Flags;

use super::message::msghdr;
use super::on_socket;
use super::receive::receive_message;
use super::send::sendmsg;

/// `struct mmsghdr`: a message, and how many bytes of it were sent or received.
#[repr(C)]
pub struct mmsghdr {
    header: msghdr,
    length: c_uint,
}

/// Messages that one call deals with at most (`UIO_MAXIOV`).
const MESSAGES_MAX: c_uint = 1024;

unsafe fn messages<'a>(list: *mut mmsghdr, count: c_uint) -> Result<&'a mut [mmsghdr]> {
    if count == 0 {
        return Ok(&mut []);
    }
    if list.is_null() {
        return Err(EFAULT);
    }
    // SAFETY: the caller's array of this length.
    Ok(unsafe { core::slice::from_raw_parts_mut(list, count.min(MESSAGES_MAX) as usize) })
}

/// Sends messages, one after the other; gives how many were sent.
#[export]
pub unsafe extern "C-unwind" fn sendmmsg(
    descriptor: c_int,
    list: *mut mmsghdr,
    count: c_uint,
    flags: c_int,
) -> c_int {
    // SAFETY: the caller's array.
    let list = match unsafe { messages(list, count) } {
        Ok(list) => list,
        Err(error) => return crate::errno::set(error),
    };
    let mut done = 0;
    for message in list {
        // SAFETY: the caller's structure.
        let sent = unsafe { sendmsg(descriptor, &raw const message.header, flags) };
        if sent < 0 {
            return if done > 0 { done } else { -1 };
        }
        message.length = sent as c_uint;
        done += 1;
    }
    done
}

/// Receives messages, one after the other; gives how many were received. `timeout`, a length of
/// time, is looked at after each message, as on Linux.
#[export]
pub unsafe extern "C-unwind" fn recvmmsg(
    descriptor: c_int,
    list: *mut mmsghdr,
    count: c_uint,
    flags: c_int,
    timeout: *mut c_void,
) -> c_int {
    // SAFETY: null or the caller's `struct timespec`.
    let deadline = match unsafe { crate::poll::deadline(timeout.cast::<Timestamp>()) } {
        Ok(deadline) => deadline,
        Err(error) => return crate::errno::set(error),
    };
    let mut flags = Flags::from_bits_retain(flags as u32);
    on_socket(descriptor, true, &mut |file| {
        // SAFETY: the caller's array and what it points to.
        unsafe {
            let mut done = 0;
            for message in messages(list, count)? {
                let one = flags - Flags::WAITFORONE;
                match receive_message(file, &mut message.header, one) {
                    Ok(count) => message.length = count as c_uint,
                    Err(error) if done == 0 => return Err(error),
                    // What has come counts, whatever ended the wait for more.
                    Err(_) => break,
                }
                done += 1;
                if flags.contains(Flags::WAITFORONE) {
                    flags |= Flags::DONTWAIT;
                }
                if deadline.is_some_and(|deadline| kcore::time::now() >= deadline) {
                    break;
                }
            }
            Ok(done)
        }
    }) as c_int
}
