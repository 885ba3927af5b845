//! Named semaphores (POSIX `sem_open`): as in glibc, files `/dev/shm/sem.NAME` that are mapped.

use alloc::vec::Vec;
use core::ffi::{c_char, c_int, c_uint};

use kcore::errno::{EINVAL, ENOENT, EPERM, Result};
use kcore::memory::vm;
use kcore::sync::Mutex;
use kcore::vfs::{self, OpenFlags, fd};
use macros::export;

use crate::errno;
use crate::outcome::{path, unit};
use crate::semaphore::{MAXIMUM, Semaphore};
use crate::sys_mman::mmap;

/// An open semaphore: its name, its file by volume and number, where it is mapped, and how often it was
/// opened.
struct Open {
    name: Vec<u8>,
    file: (usize, u64),
    address: usize,
    count: usize,
}

/// The open semaphores. Held while one is made, so that nobody sees it half made.
static OPEN: Mutex<Vec<Open>> = Mutex::new(Vec::new());

/// The file of a semaphore. `EINVAL` for an empty name or one of several parts, `ENAMETOOLONG`.
unsafe fn file_of(name: *const c_char) -> Result<Vec<u8>> {
    // SAFETY: the caller's string.
    let name = unsafe { path(name) }?;
    let start = name.iter().take_while(|&&byte| byte == b'/').count();
    let name = name.get(start..).unwrap_or_default();
    if name.is_empty() || name.contains(&b'/') {
        return Err(EINVAL);
    }
    if name.len() > vfs::walk::NAME_MAX - b"sem.".len() {
        return Err(kcore::errno::ENAMETOOLONG);
    }
    Ok([b"/dev/shm/sem.", name].concat())
}

fn open(name: &[u8], path: &[u8], flags: OpenFlags, mode: u32, value: c_uint) -> Result<*mut Semaphore> {
    const MAP_SHARED: c_int = 1;
    const READ_WRITE: c_int = 3;
    let mut open = OPEN.lock();
    let wanted = OpenFlags::READ_WRITE | OpenFlags::NO_FOLLOW;
    let mut created = false;
    let found = if flags.contains(OpenFlags::CREATE | OpenFlags::EXCLUSIVE) {
        Err(ENOENT)
    } else {
        vfs::open(path, wanted, 0)
    };
    let file = match found {
        Err(error) if error == ENOENT && flags.contains(OpenFlags::CREATE) => {
            if value > MAXIMUM {
                return Err(EINVAL);
            }
            created = true;
            vfs::open(path, wanted | OpenFlags::CREATE | OpenFlags::EXCLUSIVE, mode)?
        }
        file => file?,
    };
    let identity =
        file.node().map(|node| (core::ptr::from_ref(&*node.volume).addr(), node.number)).ok_or(EINVAL)?;
    if let Some(known) = open.iter_mut().find(|known| known.file == identity && known.name == name) {
        known.count += 1;
        return Ok(core::ptr::with_exposed_provenance_mut(known.address));
    }
    if created {
        let mut bytes = [0; size_of::<Semaphore>()];
        bytes[..4].copy_from_slice(&value.to_ne_bytes());
        file.write(&bytes)?;
    } else if file.stat()?.size < size_of::<Semaphore>() as i64 {
        return Err(EINVAL);
    }
    let descriptor = fd::install(file, true)?;
    // SAFETY: a new mapping, which nobody has an address of.
    let address =
        unsafe { mmap(core::ptr::null_mut(), size_of::<Semaphore>(), READ_WRITE, MAP_SHARED, descriptor, 0) };
    let _ = fd::close(descriptor);
    if address.addr() == usize::MAX {
        return Err(kcore::errno::ENOMEM);
    }
    open.push(Open { name: name.to_vec(), file: identity, address: address.expose_provenance(), count: 1 });
    Ok(address.cast())
}

/// Opens a named semaphore; `mode` and `value` count where `O_CREAT` makes it. Null with `ENOENT`,
/// `EEXIST`, `EINVAL`, `ENAMETOOLONG`, `EMFILE` or `ENOMEM`.
#[export]
pub unsafe extern "C" fn sem_open(
    name: *const c_char,
    flags: c_int,
    mode: c_uint,
    value: c_uint,
) -> *mut Semaphore {
    // SAFETY: the caller's string.
    let opened =
        unsafe { file_of(name).and_then(|file| Ok((path(name)?, file))) }.and_then(|(name, file)| {
            self::open(name, &file, OpenFlags::from_bits_retain(flags as u32), mode, value)
        });
    opened.unwrap_or_else(|error| {
        errno::set(error);
        core::ptr::null_mut()
    })
}

/// Closes a named semaphore. Zero, or -1 with `EINVAL` if it is none.
#[export]
pub unsafe extern "C" fn sem_close(semaphore: *mut Semaphore) -> c_int {
    let mut open = OPEN.lock();
    let Some(at) = open.iter().position(|known| known.address == semaphore.addr()) else {
        return errno::set(EINVAL);
    };
    let Some(known) = open.get_mut(at) else { return errno::set(EINVAL) };
    known.count -= 1;
    if known.count > 0 {
        return 0;
    }
    let address = open.swap_remove(at).address;
    // SAFETY: it was mapped by `sem_open`, and whoever opened it is done with it.
    unit(unsafe { vm::unmap(address, size_of::<Semaphore>()) })
}

/// Removes the name of a semaphore; who has it open keeps it. Zero, or -1 with `ENOENT`.
#[export]
pub unsafe extern "C" fn sem_unlink(name: *const c_char) -> c_int {
    let remove = || {
        // SAFETY: the caller's string.
        let path = unsafe { file_of(name) }?;
        vfs::remove::unlink(&vfs::walk::current()?, &path)
            .map_err(|error| if error == EPERM { ENOENT } else { error })
    };
    unit(remove())
}
