//! `sys/stat.h`: attributes of files.

use core::ffi::{c_char, c_int, c_uint};

use kcore::errno::{EFAULT, EINVAL, ENOSYS, EOPNOTSUPP, EPERM, Result};
use kcore::vfs::node::Node;
use kcore::vfs::stat::{
    S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG, S_IFSOCK, Stat, Timestamp,
};
use kcore::vfs::watch::{self, Changes};
use kcore::vfs::{OpenFlags, Place, create, fd, open_at, pipe};
use macros::export;

use crate::outcome::{AT_FDCWD, base, node_at, path, unit};
use crate::unistd::owner::{AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW};

/// `AT_NO_AUTOMOUNT`: nothing is mounted by itself.
const AT_NO_AUTOMOUNT: c_int = 0x800;

fn stat_at(directory: c_int, name: &[u8], flags: c_int) -> Result<Stat> {
    if flags & !(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT) != 0 {
        return Err(EINVAL);
    }
    if name.is_empty() && flags & AT_EMPTY_PATH != 0 && directory != AT_FDCWD {
        return fd::get(directory)?.stat();
    }
    let follow = flags & AT_SYMLINK_NOFOLLOW == 0;
    let node = node_at(directory, name, follow, flags & AT_EMPTY_PATH != 0)?;
    if follow && node.body().jump() {
        // `/dev/stdin` and its like: what the descriptor refers to.
        return node.body().open(Place::unnamed(node.clone()), OpenFlags::PATH)?.stat();
    }
    Ok(node.stat())
}

unsafe fn put(stat: Result<Stat>, to: *mut Stat) -> c_int {
    let put = |stat| {
        // SAFETY: null or the caller's structure.
        *unsafe { to.as_mut() }.ok_or(EFAULT)? = stat;
        Ok(())
    };
    unit(stat.and_then(put))
}

/// Attributes of a file found from a directory.
#[export]
pub unsafe extern "C" fn fstatat(
    directory: c_int,
    name: *const c_char,
    to: *mut Stat,
    flags: c_int,
) -> c_int {
    // SAFETY: the caller's string and structure.
    unsafe { put(path(name).and_then(|name| stat_at(directory, name, flags)), to) }
}

/// Attributes of a file.
#[export]
pub unsafe extern "C" fn stat(name: *const c_char, to: *mut Stat) -> c_int {
    // SAFETY: the caller's.
    unsafe { fstatat(AT_FDCWD, name, to, 0) }
}

/// Attributes of a file or symbolic link.
#[export]
pub unsafe extern "C" fn lstat(name: *const c_char, to: *mut Stat) -> c_int {
    // SAFETY: the caller's.
    unsafe { fstatat(AT_FDCWD, name, to, AT_SYMLINK_NOFOLLOW) }
}

/// Attributes of an open file.
#[export]
pub unsafe extern "C" fn fstat(descriptor: c_int, to: *mut Stat) -> c_int {
    // SAFETY: the caller's.
    unsafe { put(fd::get(descriptor).and_then(|file| file.stat()), to) }
}

/// `stat` as programs built before glibc 2.33 call it; the only version is 1 (or 0).
#[export]
pub unsafe extern "C" fn __xstat(version: c_int, name: *const c_char, to: *mut Stat) -> c_int {
    if !(0..=1).contains(&version) {
        return crate::errno::set(EINVAL);
    }
    // SAFETY: the caller's.
    unsafe { stat(name, to) }
}

/// `lstat` as programs built before glibc 2.33 call it.
#[export]
pub unsafe extern "C" fn __lxstat(version: c_int, name: *const c_char, to: *mut Stat) -> c_int {
    if !(0..=1).contains(&version) {
        return crate::errno::set(EINVAL);
    }
    // SAFETY: the caller's.
    unsafe { lstat(name, to) }
}

/// `fstat` as programs built before glibc 2.33 call it.
#[export]
pub unsafe extern "C" fn __fxstat(version: c_int, descriptor: c_int, to: *mut Stat) -> c_int {
    if !(0..=1).contains(&version) {
        return crate::errno::set(EINVAL);
    }
    // SAFETY: the caller's.
    unsafe { fstat(descriptor, to) }
}

/// `fstatat` as programs built before glibc 2.33 call it.
#[export]
pub unsafe extern "C" fn __fxstatat(
    version: c_int,
    directory: c_int,
    name: *const c_char,
    to: *mut Stat,
    flags: c_int,
) -> c_int {
    if !(0..=1).contains(&version) {
        return crate::errno::set(EINVAL);
    }
    // SAFETY: the caller's.
    unsafe { fstatat(directory, name, to, flags) }
}

/// `struct statx_timestamp`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct StatxTime {
    seconds: i64,
    nanoseconds: u32,
    padding: i32,
}

/// `struct statx`: 256 bytes.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct statx_structure {
    mask: u32,
    block_size: u32,
    attributes: u64,
    links: u32,
    owner: u32,
    group: u32,
    mode: u16,
    padding: u16,
    inode: u64,
    size: u64,
    blocks: u64,
    attributes_mask: u64,
    accessed: StatxTime,
    born: StatxTime,
    changed: StatxTime,
    modified: StatxTime,
    special: [u32; 2],
    device: [u32; 2],
    mount: u64,
    reserved: [u64; 13],
}

const _: () = assert!(size_of::<statx_structure>() == 256);

/// What is known of a file besides its birth: `STATX_BASIC_STATS`.
const STATX_BASIC: u32 = 0x7ff;

fn major_minor(device: u64) -> [u32; 2] {
    let major = device >> 32 & 0xffff_f000 | device >> 8 & 0xfff;
    let minor = device >> 12 & 0xffff_ff00 | device & 0xff;
    [major as u32, minor as u32]
}

/// Attributes of a file, in the newer structure; `AT_STATX_…` and the mask make no difference.
#[export]
pub unsafe extern "C" fn statx(
    directory: c_int,
    name: *const c_char,
    flags: c_int,
    mask: c_uint,
    to: *mut statx_structure,
) -> c_int {
    let read = || {
        if mask & 0x8000_0000 != 0 {
            return Err(EINVAL);
        }
        // SAFETY: the caller's string.
        let stat = stat_at(directory, unsafe { path(name) }?, flags & !0x6000)?;
        let time = |time: Timestamp| StatxTime {
            seconds: time.seconds,
            nanoseconds: time.nanoseconds as u32,
            padding: 0,
        };
        let result = statx_structure {
            mask: STATX_BASIC,
            block_size: stat.block_size as u32,
            links: stat.links as u32,
            owner: stat.owner,
            group: stat.group,
            mode: stat.mode as u16,
            inode: stat.inode,
            size: stat.size as u64,
            blocks: stat.blocks as u64,
            accessed: time(stat.accessed),
            changed: time(stat.changed),
            modified: time(stat.modified),
            special: major_minor(stat.special),
            device: major_minor(stat.device),
            ..statx_structure::default()
        };
        // SAFETY: null or the caller's structure.
        *unsafe { to.as_mut() }.ok_or(EFAULT)? = result;
        Ok(())
    };
    unit(read())
}

fn set_mode(node: &Node, mode: u32) -> Result<()> {
    node.volume.check_writable()?;
    let now = Timestamp::now();
    node.with_attributes(|attributes| {
        attributes.mode = attributes.mode & S_IFMT | mode & 0o7777;
        attributes.changed = now;
    });
    watch::found(node, Changes::ATTRIBUTES);
    Ok(())
}

/// Sets the permission bits of a file found from a directory; `EOPNOTSUPP` for a symbolic link.
#[export]
pub unsafe extern "C" fn fchmodat(directory: c_int, name: *const c_char, mode: u32, flags: c_int) -> c_int {
    let change = || {
        if flags & !(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) != 0 {
            return Err(EINVAL);
        }
        // SAFETY: the caller's string.
        let name = unsafe { path(name) }?;
        let follow = flags & AT_SYMLINK_NOFOLLOW == 0;
        let node = node_at(directory, name, follow, flags & AT_EMPTY_PATH != 0)?;
        if node.is(S_IFLNK) {
            return Err(EOPNOTSUPP);
        }
        set_mode(&node, mode)
    };
    unit(change())
}

/// Sets the permission bits of a file.
#[export]
pub unsafe extern "C" fn chmod(name: *const c_char, mode: u32) -> c_int {
    // SAFETY: the caller's string.
    unsafe { fchmodat(AT_FDCWD, name, mode, 0) }
}

/// Sets the permission bits of a file; `EOPNOTSUPP` for a symbolic link.
#[export]
pub unsafe extern "C" fn lchmod(name: *const c_char, mode: u32) -> c_int {
    // SAFETY: the caller's string.
    unsafe { fchmodat(AT_FDCWD, name, mode, AT_SYMLINK_NOFOLLOW) }
}

/// Sets the permission bits of an open file; without effect on what has no node.
#[export]
pub extern "C" fn fchmod(descriptor: c_int, mode: u32) -> c_int {
    let change = || match fd::get(descriptor)?.node() {
        Some(node) => set_mode(node, mode),
        None => Ok(()),
    };
    unit(change())
}

/// Sets the permission bits that new files do not get; gives the old ones.
#[export]
pub extern "C" fn umask(mask: u32) -> u32 {
    kcore::vfs::open::set_umask(mask)
}

/// The permission bits that new files do not get.
#[export]
pub extern "C" fn getumask() -> u32 {
    kcore::vfs::open::umask()
}

/// Makes a directory.
#[export]
pub unsafe extern "C" fn mkdirat(directory: c_int, name: *const c_char, mode: u32) -> c_int {
    let make = || {
        // SAFETY: the caller's string.
        let name = unsafe { path(name) }?;
        create::make_directory(&base(directory, name)?, name, mode)
    };
    unit(make())
}

/// Makes a directory.
#[export]
pub unsafe extern "C" fn mkdir(name: *const c_char, mode: u32) -> c_int {
    // SAFETY: the caller's string.
    unsafe { mkdirat(AT_FDCWD, name, mode) }
}

/// Makes a named pipe.
#[export]
pub unsafe extern "C" fn mkfifoat(directory: c_int, name: *const c_char, mode: u32) -> c_int {
    let make = || {
        // SAFETY: the caller's string.
        let name = unsafe { path(name) }?;
        pipe::make_fifo(&base(directory, name)?, name, mode)
    };
    unit(make())
}

/// Makes a named pipe.
#[export]
pub unsafe extern "C" fn mkfifo(name: *const c_char, mode: u32) -> c_int {
    // SAFETY: the caller's string.
    unsafe { mkfifoat(AT_FDCWD, name, mode) }
}

/// Makes a regular file or a named pipe; device files are `EPERM`: devices are where the kernel has
/// put them.
#[export]
pub unsafe extern "C" fn mknodat(directory: c_int, name: *const c_char, mode: u32, _device: u64) -> c_int {
    let make = || {
        // SAFETY: the caller's string.
        let name = unsafe { path(name) }?;
        let base = base(directory, name)?;
        match mode & S_IFMT {
            0 | S_IFREG => {
                let flags = OpenFlags::CREATE | OpenFlags::EXCLUSIVE;
                open_at(&base, name, flags, mode).map(|_| ())
            }
            S_IFIFO => pipe::make_fifo(&base, name, mode),
            // Devices, sockets and directories are nothing that this makes.
            S_IFCHR | S_IFBLK | S_IFSOCK | S_IFDIR => Err(EPERM),
            _ => Err(EINVAL),
        }
    };
    unit(make())
}

/// As `mknodat` from the working directory.
#[export]
pub unsafe extern "C" fn mknod(name: *const c_char, mode: u32, device: u64) -> c_int {
    // SAFETY: the caller's string.
    unsafe { mknodat(AT_FDCWD, name, mode, device) }
}

/// `mknod` as programs built before glibc 2.33 call it.
#[export]
pub unsafe extern "C" fn __xmknod(
    version: c_int,
    name: *const c_char,
    mode: u32,
    device: *const u64,
) -> c_int {
    if version != 0 {
        return crate::errno::set(EINVAL);
    }
    // SAFETY: the caller's string; the device number is not used for what can be made.
    unsafe { mknod(name, mode, device.as_ref().copied().unwrap_or(0)) }
}

/// `mknodat` as programs built before glibc 2.33 call it.
#[export]
pub unsafe extern "C" fn __xmknodat(
    version: c_int,
    directory: c_int,
    name: *const c_char,
    mode: u32,
    device: *const u64,
) -> c_int {
    if version != 0 {
        return crate::errno::set(EINVAL);
    }
    // SAFETY: as above.
    unsafe { mknodat(directory, name, mode, device.as_ref().copied().unwrap_or(0)) }
}

/// `UTIME_NOW`.
const UTIME_NOW: i64 = (1 << 30) - 1;
/// `UTIME_OMIT`.
const UTIME_OMIT: i64 = (1 << 30) - 2;

/// Sets access and modification time; none means now.
pub(crate) fn set_times(node: &Node, times: Option<[Timestamp; 2]>) -> Result<()> {
    node.volume.check_writable()?;
    let now = Timestamp::now();
    let times = times.unwrap_or([now; 2]);
    let special = [UTIME_NOW, UTIME_OMIT];
    if times
        .iter()
        .any(|it| !(0..1_000_000_000).contains(&it.nanoseconds) && !special.contains(&it.nanoseconds))
    {
        return Err(EINVAL);
    }
    node.with_attributes(|attributes| {
        let [accessed, modified] = times;
        for (time, place) in [(accessed, &mut attributes.accessed), (modified, &mut attributes.modified)] {
            match time.nanoseconds {
                UTIME_OMIT => {}
                UTIME_NOW => *place = now,
                _ => *place = time,
            }
        }
        attributes.changed = now;
    });
    match times.map(|time| time.nanoseconds == UTIME_OMIT) {
        [false, false] => watch::found(node, Changes::ATTRIBUTES),
        [false, true] => watch::found(node, Changes::ACCESS),
        [true, false] => watch::found(node, Changes::MODIFY),
        [true, true] => {}
    }
    Ok(())
}

/// Sets the times of a file found from a directory.
#[export]
pub unsafe extern "C" fn utimensat(
    directory: c_int,
    name: *const c_char,
    times: *const [Timestamp; 2],
    flags: c_int,
) -> c_int {
    let change = || {
        if flags & !(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) != 0 {
            return Err(EINVAL);
        }
        // SAFETY: the caller's string.
        let name = unsafe { path(name) }?;
        let follow = flags & AT_SYMLINK_NOFOLLOW == 0;
        let node = node_at(directory, name, follow, flags & AT_EMPTY_PATH != 0)?;
        // SAFETY: null or the caller's array.
        set_times(&node, unsafe { times.as_ref() }.copied())
    };
    unit(change())
}

/// Sets the times of an open file.
#[export]
pub unsafe extern "C" fn futimens(descriptor: c_int, times: *const [Timestamp; 2]) -> c_int {
    let change = || {
        let file = fd::get(descriptor)?;
        // SAFETY: null or the caller's array.
        set_times(file.node().ok_or(ENOSYS)?, unsafe { times.as_ref() }.copied())
    };
    unit(change())
}
