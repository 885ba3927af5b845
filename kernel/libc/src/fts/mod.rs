//! `fts.h`: a tree read file by file, in the order and with the instructions of the program.
//!
//! `entry` is what a program sees of a file, `stream` a walk with its path and place, `children` how a
//! directory is looked into. Where glibc keeps a descriptor, the walk keeps the directory itself.

mod children;
mod entry;
mod stream;

use core::ffi::{c_char, c_int};
use core::ptr::null_mut;

use kcore::errno::EINVAL;
use macros::export;

use children::Wanted;
pub use entry::FTSENT;
use entry::{INIT, Instruction, is_directory};
pub use stream::{Compare, FTS};
use stream::{NAME_ONLY, STOPPED, Stream};

/// Starts a walk of the files and trees that a list names, which ends in null.
#[export]
pub unsafe extern "C-unwind" fn fts_open(
    names: *const *const c_char,
    options: c_int,
    compare: Option<Compare>,
) -> *mut FTS {
    // SAFETY: the caller's list and function.
    match unsafe { Stream::open(names, options, compare) } {
        Ok(stream) => stream,
        Err(error) => {
            crate::errno::set(error);
            null_mut()
        }
    }
}

/// The next file of the walk: each directory before and after what is in it. Null at the end, with
/// `errno` 0, or when the walk cannot go on.
#[export]
pub unsafe extern "C-unwind" fn fts_read(walk: *mut FTS) -> *mut FTSENT {
    // SAFETY: the caller's walk, whose entries are all of it.
    unsafe {
        let stream = &mut *Stream::of(walk);
        stream.next().unwrap_or_else(|error| {
            stream.stop(error);
            null_mut()
        })
    }
}

/// What is in the directory that was read last, as a list, or the roots before the first is read.
#[export]
pub unsafe extern "C-unwind" fn fts_children(walk: *mut FTS, options: c_int) -> *mut FTSENT {
    if options != 0 && options != NAME_ONLY {
        crate::errno::set(EINVAL);
        return null_mut();
    }
    // SAFETY: as above.
    unsafe {
        let stream = &mut *Stream::of(walk);
        crate::errno::set_number(0);
        let at = stream.public.fts_cur;
        if at.is_null() || stream.has(STOPPED) {
            return null_mut();
        }
        if (*at).fts_info == INIT {
            return (*at).fts_link;
        }
        if !is_directory(at) {
            return null_mut();
        }
        stream.forget_children();
        let wanted = if options == NAME_ONLY { Wanted::Names } else { Wanted::Children };
        stream.public.fts_options |= options;
        stream.public.fts_child = stream.children(wanted);
        stream.public.fts_child
    }
}

/// What the walk is to do with a file when it comes to it next; 0, or 1 for an unknown instruction.
#[export]
pub unsafe extern "C" fn fts_set(_walk: *mut FTS, file: *mut FTSENT, instruction: c_int) -> c_int {
    let Some(known) = Instruction::of(instruction) else {
        crate::errno::set(EINVAL);
        return 1;
    };
    // SAFETY: an entry of the caller's walk.
    unsafe { (*file).fts_instr = known as u16 };
    0
}

/// Ends a walk, back in the directory that it began in.
#[export]
pub unsafe extern "C" fn fts_close(walk: *mut FTS) -> c_int {
    // SAFETY: the caller's walk, and nobody uses it any more.
    unsafe { Stream::close(walk) };
    0
}
