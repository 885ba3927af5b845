//! A file of a walk, as programs see it.

use alloc::alloc::{alloc, dealloc};
use alloc::sync::Arc;
use core::alloc::Layout;
use core::ffi::{c_char, c_int, c_long, c_void};
use core::mem::offset_of;
use core::ptr::null_mut;

use kcore::errno::{ENAMETOOLONG, ENOMEM, Result};
use kcore::vfs::stat::Stat;
use kcore::vfs::{Node, walk};

/// `FTSENT`. The name goes on behind it.
#[repr(C)]
#[allow(missing_docs, reason = "the fields are named in fts(3)")]
pub struct FTSENT {
    pub fts_cycle: *mut FTSENT,
    pub fts_parent: *mut FTSENT,
    pub fts_link: *mut FTSENT,
    pub fts_number: c_long,
    pub fts_pointer: *mut c_void,
    pub fts_accpath: *mut c_char,
    pub fts_path: *mut c_char,
    pub fts_errno: c_int,
    pub fts_symfd: c_int,
    pub fts_pathlen: u16,
    pub fts_namelen: u16,
    pub fts_ino: u64,
    pub fts_dev: u64,
    pub fts_nlink: u64,
    pub fts_level: i16,
    pub fts_info: u16,
    pub fts_flags: u16,
    pub fts_instr: u16,
    pub fts_statp: *mut Stat,
    pub fts_name: [c_char; 1],
}

/// What `fts_info` says: a directory before what is in it.
pub(super) const D: u16 = 1;
/// A directory that is above itself.
pub(super) const DC: u16 = 2;
/// Some other kind of file.
pub(super) const DEFAULT: u16 = 3;
/// A directory that cannot be read.
pub(super) const DNR: u16 = 4;
/// `.` or `..`.
pub(super) const DOT: u16 = 5;
/// A directory after what is in it.
pub(super) const DP: u16 = 6;
/// An error.
pub(super) const ERR: u16 = 7;
/// A regular file.
pub(super) const F: u16 = 8;
/// Nothing has been read yet.
pub(super) const INIT: u16 = 9;
/// Its attributes cannot be had.
pub(super) const NS: u16 = 10;
/// Its attributes were not asked for.
pub(super) const NSOK: u16 = 11;
/// A symbolic link.
pub(super) const SL: u16 = 12;
/// A symbolic link that leads nowhere.
pub(super) const SLNONE: u16 = 13;

/// In `fts_flags`: the walk is not in the directory, so it need not come up from it.
pub(super) const STAYED: u16 = 1;
/// In `fts_flags`: the walk came through a symbolic link.
pub(super) const FOLLOWED: u16 = 2;

/// What `fts_set` asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub(super) enum Instruction {
    /// What an entry has at first, without a name in C.
    Unset = 0,
    Again = 1,
    Follow = 2,
    None = 3,
    Skip = 4,
}

impl Instruction {
    pub(super) fn of(number: c_int) -> Option<Self> {
        [Self::Unset, Self::Again, Self::Follow, Self::None, Self::Skip]
            .into_iter()
            .find(|&known| known as c_int == number)
    }
}

/// What the kernel keeps of a file besides, before its [`FTSENT`].
pub(super) struct Extra {
    stat: Stat,
    /// Where the walk was before it followed a symbolic link.
    pub(super) before: Option<Arc<Node>>,
    /// Bytes of the name, with its NUL, when the entry was made.
    room: usize,
}

/// Where in its memory the part is that programs see.
const PUBLIC: usize = size_of::<Extra>().next_multiple_of(align_of::<FTSENT>());

fn layout(room: usize) -> Result<Layout> {
    let length = PUBLIC + (offset_of!(FTSENT, fts_name) + room).max(size_of::<FTSENT>());
    Layout::from_size_align(length, align_of::<FTSENT>().max(align_of::<Extra>())).map_err(|_| ENOMEM)
}

/// A new entry called `name`, without anything known of the file; `stat`: its attributes will be.
pub(super) fn new(name: &[u8], path: *mut c_char, stat: bool) -> Result<*mut FTSENT> {
    let length = u16::try_from(name.len()).map_err(|_| ENAMETOOLONG)?;
    let room = name.len() + 1;
    let layout = layout(room)?;
    // SAFETY: the layout is not empty; all that is written lies inside of it.
    unsafe {
        let memory = alloc(layout);
        if memory.is_null() {
            return Err(ENOMEM);
        }
        let extra = memory.cast::<Extra>();
        extra.write(Extra { stat: Stat::default(), before: None, room });
        let entry = memory.add(PUBLIC).cast::<FTSENT>();
        entry.write(FTSENT {
            fts_cycle: null_mut(),
            fts_parent: null_mut(),
            fts_link: null_mut(),
            fts_number: 0,
            fts_pointer: null_mut(),
            fts_accpath: null_mut(),
            fts_path: path,
            fts_errno: 0,
            fts_symfd: -1,
            fts_pathlen: length,
            fts_namelen: length,
            fts_ino: 0,
            fts_dev: 0,
            fts_nlink: 0,
            fts_level: 0,
            fts_info: INIT,
            fts_flags: 0,
            fts_instr: Instruction::None as u16,
            fts_statp: if stat { &raw mut (*extra).stat } else { null_mut() },
            fts_name: [0],
        });
        let text = name_of(entry).cast::<u8>();
        core::ptr::copy_nonoverlapping(name.as_ptr(), text, name.len());
        text.add(name.len()).write(0);
        Ok(entry)
    }
}

/// Where the name of an entry begins.
pub(super) unsafe fn name_of(entry: *mut FTSENT) -> *mut c_char {
    // Not through the field, which is shorter than the name.
    // SAFETY: an entry of ours.
    unsafe { entry.byte_add(offset_of!(FTSENT, fts_name)).cast() }
}

/// The name of an entry.
pub(super) unsafe fn name<'a>(entry: *mut FTSENT) -> &'a [u8] {
    // SAFETY: an entry of ours, whose name this many bytes are.
    unsafe { core::slice::from_raw_parts(name_of(entry).cast(), (*entry).fts_namelen.into()) }
}

pub(super) unsafe fn extra<'a>(entry: *mut FTSENT) -> &'a mut Extra {
    // SAFETY: an entry of ours.
    unsafe { &mut *entry.byte_sub(PUBLIC).cast() }
}

pub(super) unsafe fn is_directory(entry: *mut FTSENT) -> bool {
    // SAFETY: an entry of ours.
    unsafe { (*entry).fts_info == D }
}

/// Frees an entry.
pub(super) unsafe fn free(entry: *mut FTSENT) {
    // SAFETY: an entry of ours, which nothing refers to any more.
    unsafe {
        let memory = entry.byte_sub(PUBLIC).cast::<Extra>();
        let room = (*memory).room;
        memory.drop_in_place();
        if let Ok(layout) = layout(room) {
            dealloc(memory.cast(), layout);
        }
    }
}

/// Frees an entry and those that it links to.
pub(super) unsafe fn free_list(mut entry: *mut FTSENT) {
    while !entry.is_null() {
        // SAFETY: entries of ours, which nothing refers to any more.
        unsafe {
            let next = (*entry).fts_link;
            free(entry);
            entry = next;
        }
    }
}

/// The identity of a file: its volume and number.
pub(super) fn identity(node: &Node) -> (u64, u64) {
    (node.volume.device.into(), node.number)
}

/// The text of a path.
unsafe fn text<'a>(path: *const c_char) -> &'a [u8] {
    // SAFETY: a path of the walk, which ends in NUL.
    unsafe { core::ffi::CStr::from_ptr(path) }.to_bytes()
}

/// The file that an entry's access path names, from where the walk is.
pub(super) unsafe fn find(entry: *mut FTSENT, follow: bool) -> Result<Arc<Node>> {
    // SAFETY: an entry of ours that has an access path.
    walk::lookup(unsafe { text((*entry).fts_accpath) }, follow)
}

/// Looks at a file, through symbolic links if `follow`; gives its kind, which also tells of errors.
pub(super) unsafe fn examine(entry: *mut FTSENT, follow: bool) -> u16 {
    use kcore::vfs::stat::{S_IFDIR, S_IFLNK, S_IFMT, S_IFREG};
    // SAFETY: an entry of ours, and its parents are.
    unsafe {
        let node = match find(entry, follow) {
            Ok(node) => node,
            Err(error) => {
                if follow && let Ok(link) = find(entry, false) {
                    extra(entry).stat = link.stat();
                    return SLNONE;
                }
                (*entry).fts_errno = error.number();
                extra(entry).stat = Stat::default();
                return NS;
            }
        };
        let stat = node.stat();
        extra(entry).stat = stat;
        match stat.mode & S_IFMT {
            S_IFDIR => {}
            S_IFLNK => return SL,
            S_IFREG => return F,
            _ => return DEFAULT,
        }
        ((*entry).fts_dev, (*entry).fts_ino, (*entry).fts_nlink) = (stat.device, stat.inode, stat.links);
        if matches!(name(entry), b"." | b"..") {
            return DOT;
        }
        let mut above = (*entry).fts_parent;
        while (*above).fts_level >= 0 {
            if ((*above).fts_dev, (*above).fts_ino) == (stat.device, stat.inode) {
                (*entry).fts_cycle = above;
                return DC;
            }
            above = (*above).fts_parent;
        }
        D
    }
}
