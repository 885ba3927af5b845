//! `struct msghdr`, and the control messages in it.

use alloc::vec::Vec;
use core::ffi::{c_int, c_uint, c_void};

use kcore::errno::{EBADF, EINVAL, EMSGSIZE, Result};
use kcore::vfs::fd;
use macros::export;
use net::socket::option::SOL_SOCKET;
use net::socket::{Credentials, Flags, Incoming, Note, Outgoing};

use crate::outcome::{buffer, bytes};
use crate::sys_uio::iovec;

/// `struct msghdr`.
#[repr(C)]
#[allow(missing_docs, reason = "the fields are named in sendmsg(2)")]
pub struct msghdr {
    pub msg_name: *mut c_void,
    pub msg_namelen: c_uint,
    pub msg_iov: *mut iovec,
    pub msg_iovlen: usize,
    pub msg_control: *mut u8,
    pub msg_controllen: usize,
    pub msg_flags: c_int,
}

/// `sizeof(struct cmsghdr)`: length, level and type.
const HEADER: usize = 16;
/// What messages and the data after a header are aligned to.
const ALIGNMENT: usize = 8;
/// `SCM_RIGHTS`.
const SCM_RIGHTS: i32 = 1;
/// `SCM_CREDENTIALS`.
const SCM_CREDENTIALS: i32 = 2;
/// Files that one message may hand over.
const RIGHTS_MAX: usize = 253;
/// `UIO_MAXIOV`.
const PARTS_MAX: usize = 1024;
/// Longest control data that is taken (`net.core.optmem_max`).
const CONTROL_MAX: usize = 131_072;

/// The parts of a message, checked.
pub(super) unsafe fn parts<'a>(header: &msghdr) -> Result<&'a [iovec]> {
    if header.msg_iovlen > PARTS_MAX {
        return Err(EMSGSIZE);
    }
    // SAFETY: the caller's array; a count within the limit.
    unsafe { crate::sys_uio::parts(header.msg_iov, header.msg_iovlen as c_int) }
}

/// The bytes to send.
pub(super) unsafe fn slices<'a>(parts: &[iovec]) -> Result<Vec<&'a [u8]>> {
    // SAFETY: the caller's bytes.
    parts.iter().map(|part| unsafe { bytes(part.iov_base.cast(), part.iov_len) }).collect()
}

/// The room to receive into.
pub(super) unsafe fn rooms<'a>(parts: &[iovec]) -> Result<Vec<&'a mut [u8]>> {
    // SAFETY: the caller's buffers.
    parts.iter().map(|part| unsafe { buffer(part.iov_base.cast(), part.iov_len) }).collect()
}

fn number(bytes: &[u8], at: usize) -> Option<i32> {
    bytes.get(at..)?.first_chunk().map(|bytes| i32::from_ne_bytes(*bytes))
}

/// Reads the control messages of a message to send: files and credentials, and those of the
/// protocol as they are. `EINVAL` for what is none.
pub(super) unsafe fn read_control(header: &msghdr, message: &mut Outgoing<'_>) -> Result<()> {
    if header.msg_controllen > CONTROL_MAX {
        return Err(kcore::errno::ENOBUFS);
    }
    if header.msg_control.is_null() {
        return Ok(());
    }
    // SAFETY: the caller's bytes.
    let mut rest = unsafe { bytes(header.msg_control, header.msg_controllen) }?;
    while rest.len() >= HEADER {
        let length = rest.first_chunk().map_or(0, |bytes| usize::from_ne_bytes(*bytes));
        let data = rest.get(HEADER..length).ok_or(EINVAL)?;
        let level = number(rest, 8).ok_or(EINVAL)?;
        let kind = number(rest, 12).ok_or(EINVAL)?;
        match (level, kind) {
            (SOL_SOCKET, SCM_RIGHTS) => {
                if message.rights.len() + data.len() / 4 > RIGHTS_MAX {
                    return Err(EINVAL);
                }
                for descriptor in data.chunks_exact(4) {
                    message.rights.push(fd::get(number(descriptor, 0).ok_or(EBADF)?)?);
                }
            }
            (SOL_SOCKET, SCM_CREDENTIALS) => {
                let field = |at| number(data, at).ok_or(EINVAL);
                if data.len() != 12 {
                    return Err(EINVAL);
                }
                let (process, user, group) = (field(0)?, field(4)? as u32, field(8)? as u32);
                message.credentials = Some(Credentials { process, user, group });
            }
            (SOL_SOCKET, _) => return Err(EINVAL),
            _ => message.notes.push(Note { level, kind, data: data.to_vec() }),
        }
        rest = rest.get(length.next_multiple_of(ALIGNMENT)..).unwrap_or_default();
    }
    Ok(())
}

/// Writes control messages one after the other into the caller's room.
struct ControlWriter<'a> {
    room: &'a mut [u8],
    used: usize,
    cut: bool,
}

impl ControlWriter<'_> {
    /// Room that is left for the data of one more message.
    fn left(&self) -> usize {
        self.room.len().saturating_sub(self.used + HEADER)
    }

    /// One message; cut to the room there is.
    fn put(&mut self, level: i32, kind: i32, data: &[u8]) {
        if self.room.len().saturating_sub(self.used) < HEADER {
            self.cut = true;
            return;
        }
        let count = data.len().min(self.left());
        self.cut |= count < data.len();
        let length = HEADER + count;
        let fields = [&length.to_ne_bytes()[..], &level.to_ne_bytes(), &kind.to_ne_bytes(), data];
        let from = fields.into_iter().flatten().take(length);
        let to = self.room.get_mut(self.used..).unwrap_or_default();
        to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
        self.used = (self.used + length.next_multiple_of(ALIGNMENT)).min(self.room.len());
    }
}

/// Writes what came with a message into the caller's control data, and its flags. Files get
/// descriptors here.
pub(super) unsafe fn write_control(header: &mut msghdr, message: &mut Incoming) -> Result<()> {
    let length =
        if header.msg_control.is_null() { 0 } else { header.msg_controllen.min(isize::MAX as usize) };
    // SAFETY: the caller's room.
    let room = unsafe { buffer(header.msg_control, length) }?;
    let mut writer = ControlWriter { room, used: 0, cut: false };
    if let Some(Credentials { process, user, group }) = message.credentials {
        let fields = [process.to_ne_bytes(), user.to_ne_bytes(), group.to_ne_bytes()];
        writer.put(SOL_SOCKET, SCM_CREDENTIALS, fields.as_flattened());
    }
    for note in &message.notes {
        writer.put(note.level, note.kind, &note.data);
    }
    if !message.rights.is_empty() {
        let fit = writer.left() / 4;
        let close_on_exec = message.flags.contains(Flags::CMSG_CLOEXEC);
        let mut descriptors = Vec::new();
        let mut cut = message.rights.len() > fit;
        for file in message.rights.drain(..).take(fit) {
            match fd::install(file, close_on_exec) {
                Ok(descriptor) => descriptors.extend_from_slice(&descriptor.to_ne_bytes()),
                Err(_) => {
                    cut = true;
                    break;
                }
            }
        }
        if !descriptors.is_empty() {
            writer.put(SOL_SOCKET, SCM_RIGHTS, &descriptors);
        }
        writer.cut |= cut;
    }
    if writer.cut {
        message.outcome |= Flags::CTRUNC;
    }
    header.msg_controllen = writer.used;
    let shown = message.flags & Flags::CMSG_CLOEXEC;
    header.msg_flags = (message.outcome | shown).bits() as c_int;
    Ok(())
}

/// The control message after `message`; null if there is no room for one.
#[export]
pub unsafe extern "C" fn __cmsg_nxthdr(header: *const msghdr, message: *const usize) -> *mut usize {
    // SAFETY: the caller's structures; a message begins with its length.
    unsafe {
        let length = *message;
        if length < HEADER {
            return core::ptr::null_mut();
        }
        let end = ((*header).msg_control as usize).wrapping_add((*header).msg_controllen);
        let Some(next) = (message as usize).checked_add(length.next_multiple_of(ALIGNMENT)) else {
            return core::ptr::null_mut();
        };
        if next + HEADER > end {
            return core::ptr::null_mut();
        }
        let next =
            message.cast::<u8>().wrapping_add(length.next_multiple_of(ALIGNMENT)).cast_mut().cast::<usize>();
        if (next as usize).checked_add((*next).next_multiple_of(ALIGNMENT)).is_none_or(|after| after > end) {
            return core::ptr::null_mut();
        }
        next
    }
}
