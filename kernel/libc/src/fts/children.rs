//! Looking into a directory.

use core::ptr::null_mut;

use kcore::errno::{ENAMETOOLONG, Errno, Result};

use super::entry::{self, DNR, DP, ERR, FTSENT, NSOK, STAYED, examine, find};
use super::stream::{LOGICAL, NOCHDIR, NOSTAT, PATH_MAX, PHYSICAL, SEEDOT, Stream};
use crate::dirent::{DT_DIR, entries};

/// What the entries of a directory are for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The walk goes on with them, inside of the directory.
    All,
    /// `fts_children`, with attributes.
    Children,
    /// `fts_children`, without.
    Names,
}

impl Stream {
    /// The entries of the directory that was read last, in order; null if there is none, and on an error,
    /// which is noted in the directory's entry.
    pub(super) unsafe extern "C-unwind" fn children(&mut self, wanted: Wanted) -> *mut FTSENT {
        let directory = self.public.fts_cur;
        // SAFETY: entries of this walk.
        unsafe {
            let read = find(directory, true).and_then(|node| Ok((entries(&node, self.has(SEEDOT))?, node)));
            let (mut names, node) = match read {
                Ok(read) => read,
                Err(error) => {
                    if wanted == Wanted::All {
                        (*directory).fts_info = DNR;
                        (*directory).fts_errno = error.number();
                    }
                    crate::errno::set(error);
                    return null_mut();
                }
            };
            let mut inside = false;
            let mut failure = None;
            if wanted != Wanted::Names {
                match self.enter(directory, node) {
                    Ok(()) => inside = true,
                    Err(error) if wanted == Wanted::All => {
                        (*directory).fts_errno = error.number();
                        (*directory).fts_flags |= STAYED;
                        names.clear();
                    }
                    Err(error) => failure = Some(error),
                }
            }
            let first = match self.list(directory, &names, wanted, failure) {
                Ok(first) => first,
                Err(error) => {
                    (*directory).fts_info = ERR;
                    self.stop(error);
                    return null_mut();
                }
            };
            self.put((*directory).fts_pathlen.into(), b"");
            if inside
                && (wanted == Wanted::Children || first.is_null())
                && let Err(error) = self.leave_again(directory)
            {
                entry::free_list(first);
                (*directory).fts_info = ERR;
                self.stop(error);
                return null_mut();
            }
            if first.is_null() && wanted == Wanted::All {
                (*directory).fts_info = DP;
            }
            self.sorted(first)
        }
    }

    /// Leaves a directory that was only looked into: the way back through a link is still needed.
    unsafe fn leave_again(&mut self, directory: *mut FTSENT) -> Result<()> {
        // SAFETY: an entry of this walk.
        unsafe {
            let before = entry::extra(directory).before.clone();
            let result = self.leave(directory);
            entry::extra(directory).before = before;
            result
        }
    }

    /// Makes the entries. `failure`: why the walk is not in the directory, though it should be.
    unsafe fn list(
        &mut self,
        directory: *mut FTSENT,
        names: &[(alloc::vec::Vec<u8>, u8)],
        wanted: Wanted,
        failure: Option<Errno>,
    ) -> Result<*mut FTSENT> {
        // Without attributes only directories have to be known, and the listing tells which those are.
        let physical = self.has(NOSTAT) && self.has(PHYSICAL);
        let (mut first, mut last): (*mut FTSENT, *mut FTSENT) = (null_mut(), null_mut());
        // SAFETY: entries of this walk.
        unsafe {
            for (name, kind) in names {
                let at = self.put_slash(directory);
                let made = if at + name.len() > PATH_MAX {
                    Err(ENAMETOOLONG)
                } else {
                    entry::new(name, self.public.fts_path, !self.has(NOSTAT))
                };
                let made = match made {
                    Ok(made) => made,
                    Err(error) => {
                        entry::free_list(first);
                        return Err(error);
                    }
                };
                (*made).fts_level = (*directory).fts_level + 1;
                (*made).fts_parent = directory;
                (*made).fts_pathlen = (at + name.len()) as u16;
                (*made).fts_accpath = if failure.is_some() {
                    (*directory).fts_accpath
                } else if self.has(NOCHDIR) {
                    self.put(at, name);
                    self.public.fts_path
                } else {
                    entry::name_of(made)
                };
                (*made).fts_info = if let Some(error) = failure {
                    (*made).fts_errno = error.number();
                    entry::NS
                } else if wanted == Wanted::Names || physical && *kind != DT_DIR {
                    NSOK
                } else {
                    examine(made, self.has(LOGICAL))
                };
                if first.is_null() {
                    first = made;
                } else {
                    (*last).fts_link = made;
                }
                last = made;
            }
        }
        Ok(first)
    }
}
