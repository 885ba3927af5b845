//! `sys/signalfd.h`.

use alloc::sync::Arc;
use core::ffi::c_int;

use kcore::errno::EINVAL;
use kcore::signal::deliver::UNBLOCKABLE;
use kcore::signal::file::SignalFile;
use kcore::vfs::{OpenFlags, fd};
use macros::export;

use crate::errno;
use crate::outcome::number;
use crate::signal::SignalSet;

/// A file that gives the signals of a set, which the program blocks (`SFD_NONBLOCK`, `SFD_CLOEXEC`);
/// or, unless `fd` is -1, another set for such a file. The descriptor, or -1 with `EBADF`, `EINVAL`
/// or `EMFILE`.
#[export]
pub unsafe extern "C" fn signalfd(fd: c_int, set: *const SignalSet, flags: c_int) -> c_int {
    let open = OpenFlags::from_bits_retain(flags as u32);
    if !(OpenFlags::NONBLOCK | OpenFlags::CLOSE_ON_EXEC).contains(open) {
        return errno::set(EINVAL);
    }
    // SAFETY: the caller's set.
    let set = unsafe { (*set)[0] } & !UNBLOCKABLE;
    if fd == -1 {
        let file = Arc::new(SignalFile::new(set, open));
        return number(fd::install(file, open.contains(OpenFlags::CLOSE_ON_EXEC)));
    }
    number(fd::get(fd).and_then(|file| {
        file.downcast::<SignalFile>().ok_or(EINVAL)?.set(set);
        Ok(fd)
    }))
}
