//! `ftw.h`: walking a tree.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ffi::{c_char, c_int};

use kcore::errno::{EINVAL, Errno};
use kcore::vfs::stat::{S_IFDIR, S_IFLNK, S_IFMT, Stat};
use kcore::vfs::{Node, walk};
use macros::export;

use crate::dirent::entries;
use crate::outcome::path;

/// `struct FTW`.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(missing_docs, reason = "the fields are named in nftw(3)")]
pub struct FTW {
    pub base: c_int,
    pub level: c_int,
}

const FTW_F: c_int = 0;
const FTW_D: c_int = 1;
const FTW_NS: c_int = 3;
const FTW_SL: c_int = 4;
const FTW_DP: c_int = 5;
const FTW_SLN: c_int = 6;

/// Does not follow symbolic links.
const FTW_PHYS: c_int = 1;
/// Stays on one file system.
const FTW_MOUNT: c_int = 2;
/// Works in the directory of each file.
const FTW_CHDIR: c_int = 4;
/// Directories after what is in them.
const FTW_DEPTH: c_int = 8;
/// What the function returns steers the walk.
const FTW_ACTIONRETVAL: c_int = 16;

const FTW_SKIP_SUBTREE: c_int = 2;
const FTW_SKIP_SIBLINGS: c_int = 3;

type Old = unsafe extern "C-unwind" fn(*const c_char, *const Stat, c_int) -> c_int;
type New = unsafe extern "C-unwind" fn(*const c_char, *const Stat, c_int, *mut FTW) -> c_int;

/// The two kinds of function.
#[derive(Clone, Copy)]
enum Function {
    Old(Old),
    New(New),
}

struct Walk {
    function: Function,
    flags: c_int,
    device: u64,
    /// Directories on the way, against loops of symbolic links.
    above: Vec<(u64, u64)>,
    path: Vec<u8>,
    error: Option<Errno>,
}

unsafe extern "C-unwind" fn call(walk: &mut Walk, stat: &Stat, kind: c_int, base: usize) -> c_int {
    walk.path.push(0);
    let mut place = FTW { base: base as c_int, level: walk.above.len() as c_int };
    // SAFETY: the path is a C string now, and the function is the caller's.
    let result = unsafe {
        match walk.function {
            // The old interface knows no kinds of its own for what it does not follow.
            Function::Old(function) => function(walk.path.as_ptr().cast(), stat, kind.min(FTW_SL)),
            Function::New(function) => function(walk.path.as_ptr().cast(), stat, kind, &mut place),
        }
    };
    walk.path.pop();
    result
}

/// Visits what `walk.path` names, whose last part starts at `base` and is found from `from`.
unsafe extern "C-unwind" fn visit(walk: &mut Walk, from: &Arc<Node>, start: usize, base: usize) -> c_int {
    let physical = walk.flags & FTW_PHYS != 0;
    let name = walk.path.get(start..).unwrap_or_default();
    let find = |follow| walk::resolve(from, name, follow).and_then(walk::Found::existing);
    let (node, dangling) = match find(!physical) {
        Ok(node) => (Ok(node), false),
        Err(error) if !physical => (find(false).map_err(|_| error), true),
        Err(error) => (Err(error), false),
    };
    let node = match node {
        Ok(node) => node,
        Err(error) if walk.above.is_empty() => {
            walk.error = Some(error);
            return -1;
        }
        // SAFETY: the function is the caller's.
        Err(_) => return unsafe { call(walk, &Stat::default(), FTW_NS, base) },
    };
    let stat = node.stat();
    if walk.flags & FTW_MOUNT != 0 && stat.device != walk.device {
        return 0;
    }
    if stat.mode & S_IFMT != S_IFDIR {
        let link = stat.mode & S_IFMT == S_IFLNK;
        let kind = if !link {
            FTW_F
        } else if dangling {
            FTW_SLN
        } else {
            FTW_SL
        };
        // SAFETY: the function is the caller's.
        return unsafe { call(walk, &stat, kind, base) };
    }
    let identity = (stat.device, stat.inode);
    if !physical && walk.above.contains(&identity) {
        return 0;
    }
    let deep = walk.flags & FTW_DEPTH != 0;
    if !deep {
        // SAFETY: the function is the caller's.
        let result = unsafe { call(walk, &stat, FTW_D, base) };
        if result != 0 {
            let skip = walk.flags & FTW_ACTIONRETVAL != 0 && result == FTW_SKIP_SUBTREE;
            return if skip { 0 } else { result };
        }
    }
    let Ok(names) = entries(&node, false) else { return 0 };
    walk.above.push(identity);
    let length = walk.path.len();
    let changes = walk.flags & FTW_CHDIR != 0;
    if changes {
        walk::set_current(node.clone());
    }
    let mut result = 0;
    for (name, _) in names {
        if walk.path.last() != Some(&b'/') {
            walk.path.push(b'/');
        }
        let base = walk.path.len();
        walk.path.extend_from_slice(&name);
        // SAFETY: the function is the caller's.
        result = unsafe { visit(walk, &node, base, base) };
        walk.path.truncate(length);
        if changes {
            walk::set_current(node.clone());
        }
        if result != 0 {
            break;
        }
    }
    walk.above.pop();
    if walk.flags & FTW_ACTIONRETVAL != 0 && result == FTW_SKIP_SIBLINGS {
        result = 0;
    }
    if changes
        && !walk.above.is_empty()
        && let Some(parent) = node.directory().and_then(|directory| directory.parent())
    {
        walk::set_current(parent);
    }
    if result == 0 && deep {
        // SAFETY: the function is the caller's.
        result = unsafe { call(walk, &stat, FTW_DP, base) };
    }
    result
}

#[expect(improper_ctypes_definitions, reason = "called from here alone; the ABI is there to unwind")]
unsafe extern "C-unwind" fn start(name: *const c_char, function: Function, flags: c_int) -> c_int {
    let prepare = || {
        // SAFETY: the caller's string.
        let mut name = unsafe { path(name) }?.to_vec();
        while name.len() > 1 && name.last() == Some(&b'/') {
            name.pop();
        }
        let current = walk::current()?;
        let follow = flags & FTW_PHYS == 0;
        let node = walk::resolve(&current, &name, follow)?.node;
        let device = node.map_or(0, |node| node.stat().device);
        Ok((current, name, device))
    };
    let (current, path, device) = match prepare() {
        Ok(ready) => ready,
        Err(error) => return crate::errno::set(error),
    };
    let base =
        path.iter().rposition(|&byte| byte == b'/').map_or(0, |at| if path.len() > 1 { at + 1 } else { at });
    let mut walk = Walk { function, flags, device, above: Vec::new(), path, error: None };
    // SAFETY: the function is the caller's.
    let result = unsafe { visit(&mut walk, &current, 0, base) };
    if flags & FTW_CHDIR != 0 {
        walk::set_current(current);
    }
    if let Some(error) = walk.error {
        crate::errno::set(error);
    }
    result
}

/// Calls `function` for everything below `name`, following symbolic links; the number of descriptors
/// makes no difference, none is used.
#[export]
pub unsafe extern "C-unwind" fn ftw(name: *const c_char, function: Old, _descriptors: c_int) -> c_int {
    // SAFETY: the caller's.
    unsafe { start(name, Function::Old(function), 0) }
}

/// Calls `function` for everything below `name`, as the flags have it.
#[export]
pub unsafe extern "C-unwind" fn nftw(
    name: *const c_char,
    function: New,
    _descriptors: c_int,
    flags: c_int,
) -> c_int {
    if flags & !(FTW_PHYS | FTW_MOUNT | FTW_CHDIR | FTW_DEPTH | FTW_ACTIONRETVAL) != 0 {
        return crate::errno::set(EINVAL);
    }
    // SAFETY: the caller's.
    unsafe { start(name, Function::New(function), flags) }
}

/// `nftw` as it was before version 2.3.3: flags it does not know do not matter.
#[export("nftw.GLIBC_2.2.5")]
pub unsafe extern "C-unwind" fn nftw_old(
    name: *const c_char,
    function: New,
    _descriptors: c_int,
    flags: c_int,
) -> c_int {
    // SAFETY: the caller's.
    unsafe { start(name, Function::New(function), flags & 15) }
}
