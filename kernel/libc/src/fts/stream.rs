//! A walk: where it is, and the way from there to the next file.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ffi::{CStr, c_char, c_int, c_void};
use core::mem::offset_of;
use core::ptr::null_mut;

use kcore::errno::{EINVAL, ENOENT, Errno, Result};
use kcore::vfs::{Node, walk};

use super::children::Wanted;
use super::entry::{
    self, D, DOT, DP, ERR, FOLLOWED, FTSENT, Instruction, SL, SLNONE, STAYED, examine, free, free_list,
    identity, is_directory,
};

/// The comparison of a program: pointers to pointers to entries.
pub type Compare = unsafe extern "C-unwind" fn(*const c_void, *const c_void) -> c_int;

/// `FTS`.
#[repr(C)]
#[allow(missing_docs, reason = "programs are not to look inside")]
pub struct FTS {
    pub fts_cur: *mut FTSENT,
    pub fts_child: *mut FTSENT,
    pub fts_array: *mut *mut FTSENT,
    pub fts_dev: u64,
    pub fts_path: *mut c_char,
    pub fts_rfd: c_int,
    pub fts_pathlen: c_int,
    pub fts_nitems: c_int,
    pub fts_compar: Option<Compare>,
    pub fts_options: c_int,
}

/// Follows symbolic links among the roots.
pub(super) const COMFOLLOW: c_int = 1;
/// Follows symbolic links.
pub(super) const LOGICAL: c_int = 2;
/// Stays in the working directory.
pub(super) const NOCHDIR: c_int = 4;
/// Attributes are not wanted.
pub(super) const NOSTAT: c_int = 8;
/// Symbolic links are files of their own.
pub(super) const PHYSICAL: c_int = 0x10;
/// `.` and `..` are wanted, too.
pub(super) const SEEDOT: c_int = 0x20;
/// Stays on one file system.
const XDEV: c_int = 0x40;
/// All that a program may ask for.
const OPTIONS: c_int = 0xff;
/// The children that are kept have names only.
pub(super) const NAME_ONLY: c_int = 0x100;
/// The walk cannot go on.
pub(super) const STOPPED: c_int = 0x200;

/// Longest path of a walk: its length is a `short`.
pub(super) const PATH_MAX: usize = u16::MAX as usize;

/// A walk.
pub(super) struct Stream {
    pub(super) public: FTS,
    /// The path of the file that was read last.
    path: Box<[u8]>,
    /// Where it began, unless it stays there.
    start: Option<Arc<Node>>,
    /// Room to sort entries in.
    array: Vec<*mut FTSENT>,
}

impl Stream {
    /// The walk that a program has a pointer into.
    pub(super) fn of(walk: *mut FTS) -> *mut Self {
        walk.wrapping_byte_sub(offset_of!(Self, public)).cast()
    }

    pub(super) fn has(&self, option: c_int) -> bool {
        self.public.fts_options & option != 0
    }

    /// Notes that the walk cannot go on.
    pub(super) fn stop(&mut self, error: Errno) {
        self.public.fts_options |= STOPPED;
        crate::errno::set(error);
    }

    #[expect(improper_ctypes_definitions, reason = "called from Rust alone; the ABI is there to unwind")]
    pub(super) unsafe extern "C-unwind" fn open(
        names: *const *const c_char,
        options: c_int,
        compare: Option<Compare>,
    ) -> Result<*mut FTS> {
        if options & !OPTIONS != 0 {
            return Err(EINVAL);
        }
        let mut path = alloc::vec![0; PATH_MAX + 1].into_boxed_slice();
        let text = path.as_mut_ptr().cast();
        let mut stream = Box::new(Self {
            public: FTS {
                fts_cur: null_mut(),
                fts_child: null_mut(),
                fts_array: null_mut(),
                fts_dev: 0,
                fts_path: text,
                fts_rfd: -1,
                fts_pathlen: PATH_MAX as c_int,
                fts_nitems: 0,
                fts_compar: compare,
                // A logical walk does not find its way back by `..`.
                fts_options: if options & LOGICAL != 0 { options | NOCHDIR } else { options },
            },
            path,
            start: None,
            array: Vec::new(),
        });
        // Two entries of no file: what the roots are in, and what was read before them.
        let above = entry::new(b"", text, false)?;
        // SAFETY: entries of this walk, which frees them all when it ends.
        unsafe {
            (*above).fts_level = -1;
            stream.public.fts_cur = above;
            let opened = stream.add_roots(above, names);
            let walk = &raw mut (*Box::into_raw(stream)).public;
            if let Err(error) = opened {
                Self::close(walk);
                return Err(error);
            }
            let stream = &mut *Self::of(walk);
            let before = stream.public.fts_cur;
            (*before).fts_link = stream.sorted((*before).fts_link);
            if !stream.has(NOCHDIR) {
                stream.start = walk::current().ok();
            }
            Ok(walk)
        }
    }

    /// Adds an entry for each of the names that the walk is to begin at.
    unsafe fn add_roots(&mut self, above: *mut FTSENT, mut names: *const *const c_char) -> Result<()> {
        // SAFETY: the caller's list, and entries of this walk.
        unsafe {
            let mut last = entry::new(b"", self.public.fts_path, false)?;
            (*last).fts_parent = above;
            self.public.fts_cur = last;
            while !(*names).is_null() {
                let name = CStr::from_ptr(*names).to_bytes();
                names = names.add(1);
                if name.is_empty() {
                    return Err(ENOENT);
                }
                let root = entry::new(name, self.public.fts_path, !self.has(NOSTAT))?;
                (*last).fts_link = root;
                last = root;
                (*root).fts_parent = above;
                (*root).fts_accpath = entry::name_of(root);
                (*root).fts_info = examine(root, self.has(LOGICAL | COMFOLLOW));
                // A root is walked, whatever its name.
                if (*root).fts_info == DOT {
                    (*root).fts_info = D;
                }
            }
        }
        Ok(())
    }

    /// Ends the walk.
    pub(super) unsafe fn close(walk: *mut FTS) {
        // SAFETY: `open` made it; entries are in a list or above its files, each in one place.
        unsafe {
            let mut stream = Box::from_raw(Self::of(walk));
            let mut at = stream.public.fts_cur;
            while !at.is_null() {
                let parent = (*at).fts_parent;
                free_list((*at).fts_link);
                free(at);
                at = parent;
            }
            stream.forget_children();
            if let Some(start) = stream.start.take() {
                walk::set_current(start);
            }
        }
    }

    /// A list in the program's order.
    pub(super) unsafe extern "C-unwind" fn sorted(&mut self, first: *mut FTSENT) -> *mut FTSENT {
        let Some(compare) = self.public.fts_compar else { return first };
        self.array.clear();
        // SAFETY: entries of this walk; the list has all its elements before and after.
        unsafe {
            let mut at = first;
            while !at.is_null() {
                self.array.push(at);
                at = (*at).fts_link;
            }
            crate::stdlib::qsort(
                self.array.as_mut_ptr().cast(),
                self.array.len(),
                size_of::<*mut FTSENT>(),
                compare,
            );
            let mut next = null_mut();
            for &at in self.array.iter().rev() {
                (*at).fts_link = next;
                next = at;
            }
            next
        }
    }

    /// Frees what `fts_children` gave.
    pub(super) unsafe fn forget_children(&mut self) {
        // SAFETY: entries of this walk that only this list holds.
        unsafe { free_list(core::mem::replace(&mut self.public.fts_child, null_mut())) };
        self.public.fts_options &= !NAME_ONLY;
    }

    /// Puts `bytes` and a NUL into the path at `at`; gives where they end.
    pub(super) fn put(&mut self, at: usize, bytes: &[u8]) -> usize {
        let end = at + bytes.len();
        if let Some(place) = self.path.get_mut(at..end) {
            place.copy_from_slice(bytes);
        }
        if let Some(place) = self.path.get_mut(end) {
            *place = 0;
        }
        end
    }

    /// Where in the path a name goes that is in the directory `entry`, with the slash before it.
    pub(super) unsafe fn put_slash(&mut self, entry: *mut FTSENT) -> usize {
        // SAFETY: an entry of this walk.
        let end = usize::from(unsafe { (*entry).fts_pathlen });
        let slash = end > 0 && self.path.get(end - 1) == Some(&b'/');
        self.put(if slash { end - 1 } else { end }, b"/")
    }

    /// Begins with a root.
    unsafe fn load(&mut self, root: *mut FTSENT) {
        // SAFETY: an entry of this walk, whose name only gets shorter.
        unsafe {
            let name = entry::name(root);
            (*root).fts_pathlen = self.put(0, name) as u16;
            if let Some(slash) = name.iter().rposition(|&byte| byte == b'/')
                && (slash > 0 || name.len() > 1)
            {
                let length = name.len() - slash - 1;
                let text = entry::name_of(root);
                core::ptr::copy(text.add(slash + 1), text, length + 1);
                (*root).fts_namelen = length as u16;
            }
            (*root).fts_accpath = self.public.fts_path;
            (*root).fts_path = self.public.fts_path;
            self.public.fts_dev = (*root).fts_dev;
        }
    }

    /// Goes into a directory, if the walk moves at all; `ENOENT` if it is another than `entry` was.
    pub(super) unsafe fn enter(&self, entry: *mut FTSENT, node: Arc<Node>) -> Result<()> {
        if self.has(NOCHDIR) {
            return Ok(());
        }
        // SAFETY: an entry of this walk.
        if identity(&node) != unsafe { ((*entry).fts_dev, (*entry).fts_ino) } {
            return Err(ENOENT);
        }
        walk::set_current(node);
        Ok(())
    }

    /// Back to where the walk began.
    fn return_to_start(&self) {
        if let Some(start) = &self.start {
            walk::set_current(start.clone());
        }
    }

    /// Goes from the directory `entry` to where it was found.
    pub(super) unsafe fn leave(&self, entry: *mut FTSENT) -> Result<()> {
        // SAFETY: an entry of this walk.
        unsafe {
            if (*entry).fts_level == 0 {
                self.return_to_start();
                return Ok(());
            }
            if let Some(before) = entry::extra(entry).before.take() {
                walk::set_current(before);
                return Ok(());
            }
            if self.has(NOCHDIR) {
                return Ok(());
            }
            let current = walk::current()?;
            let up = current.directory().and_then(|directory| directory.parent()).ok_or(ENOENT)?;
            self.enter((*entry).fts_parent, up)
        }
    }

    /// Looks at what the link `entry` leads to; the walk will have to find back from there.
    unsafe fn follow(&self, entry: *mut FTSENT) {
        // SAFETY: an entry of this walk.
        unsafe {
            (*entry).fts_info = examine(entry, true);
            if is_directory(entry) && !self.has(NOCHDIR) {
                match walk::current() {
                    Ok(here) => {
                        entry::extra(entry).before = Some(here);
                        (*entry).fts_flags |= FOLLOWED;
                    }
                    Err(error) => {
                        (*entry).fts_errno = error.number();
                        (*entry).fts_info = ERR;
                    }
                }
            }
        }
    }

    /// Makes `entry`, whose directory is that of the path, the one that was read last.
    unsafe fn arrive(&mut self, entry: *mut FTSENT) -> *mut FTSENT {
        // SAFETY: an entry of this walk.
        unsafe {
            let at = self.put_slash((*entry).fts_parent);
            self.put(at, entry::name(entry));
        }
        self.public.fts_cur = entry;
        entry
    }

    /// The next file.
    #[expect(improper_ctypes_definitions, reason = "called from Rust alone; the ABI is there to unwind")]
    pub(super) unsafe extern "C-unwind" fn next(&mut self) -> Result<*mut FTSENT> {
        let at = self.public.fts_cur;
        if at.is_null() || self.has(STOPPED) {
            return Ok(null_mut());
        }
        // SAFETY: entries of this walk.
        unsafe {
            let asked = (*at).fts_instr;
            let asks = |instruction: Instruction| asked == instruction as u16;
            (*at).fts_instr = Instruction::None as u16;
            if asks(Instruction::Again) {
                (*at).fts_info = examine(at, self.has(LOGICAL));
                return Ok(at);
            }
            if asks(Instruction::Follow) && matches!((*at).fts_info, SL | SLNONE) {
                self.follow(at);
                return Ok(at);
            }
            if is_directory(at) {
                if asks(Instruction::Skip) || self.has(XDEV) && (*at).fts_dev != self.public.fts_dev {
                    entry::extra(at).before = None;
                    self.forget_children();
                    (*at).fts_info = DP;
                    return Ok(at);
                }
                let first = self.descend(at);
                return Ok(if first.is_null() {
                    if self.has(STOPPED) { null_mut() } else { at }
                } else {
                    self.arrive(first)
                });
            }
            self.beside(at)
        }
    }

    /// The first file in the directory `at`, where the walk is then; null if there is none.
    unsafe extern "C-unwind" fn descend(&mut self, at: *mut FTSENT) -> *mut FTSENT {
        // SAFETY: entries of this walk.
        unsafe {
            if self.has(NAME_ONLY) {
                self.forget_children();
            }
            if self.public.fts_child.is_null() {
                return self.children(Wanted::All);
            }
            let first = core::mem::replace(&mut self.public.fts_child, null_mut());
            if let Err(error) = entry::find(at, true).and_then(|node| self.enter(at, node)) {
                (*at).fts_errno = error.number();
                (*at).fts_flags |= STAYED;
                let mut child = first;
                while !child.is_null() {
                    (*child).fts_accpath = (*at).fts_accpath;
                    child = (*child).fts_link;
                }
            }
            first
        }
    }

    /// The file after `at` in its directory, or else the directory, for the second time.
    unsafe fn beside(&mut self, mut at: *mut FTSENT) -> Result<*mut FTSENT> {
        // SAFETY: entries of this walk; the one that was read last is freed, and others refer to the rest.
        unsafe {
            loop {
                let next = (*at).fts_link;
                let parent = (*at).fts_parent;
                if next.is_null() {
                    free(at);
                    return self.ascend(parent);
                }
                self.public.fts_cur = next;
                free(at);
                at = next;
                if (*at).fts_level == 0 {
                    self.return_to_start();
                    self.load(at);
                    return Ok(at);
                }
                let asked = (*at).fts_instr;
                if asked == Instruction::Skip as u16 {
                    continue;
                }
                if asked == Instruction::Follow as u16 {
                    self.follow(at);
                    (*at).fts_instr = Instruction::None as u16;
                }
                return Ok(self.arrive(at));
            }
        }
    }

    /// Comes back to a directory.
    unsafe fn ascend(&mut self, at: *mut FTSENT) -> Result<*mut FTSENT> {
        self.public.fts_cur = at;
        // SAFETY: entries of this walk.
        unsafe {
            if (*at).fts_level < 0 {
                free(at);
                self.public.fts_cur = null_mut();
                crate::errno::set_number(0);
                return Ok(null_mut());
            }
            self.put((*at).fts_pathlen.into(), b"");
            if (*at).fts_level == 0 || (*at).fts_flags & STAYED == 0 {
                self.leave(at)?;
            }
            (*at).fts_info = if (*at).fts_errno == 0 { DP } else { ERR };
        }
        Ok(at)
    }
}
