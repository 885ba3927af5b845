//! `sys/inotify.h`, `sys/fanotify.h`: not provided, and honest about it.

use core::ffi::{c_char, c_int, c_uint};

use kcore::errno::{EINVAL, ENOSYS};
use macros::export;

macro_rules! not_provided {
    ($($(#[doc = $text:literal])* $name:ident($($argument:ty),*) = $error:ident;)*) => {
        $(
            $(#[doc = $text])*
            #[export]
            pub unsafe extern "C" fn $name($(_: $argument),*) -> c_int {
                crate::errno::set($error)
            }
        )*
    };
}

not_provided! {
    /// Watching files is not provided.
    inotify_init() = ENOSYS;
    /// Watching files is not provided.
    inotify_init1(c_int) = ENOSYS;
    /// Without `inotify_init` there is no descriptor to add to.
    inotify_add_watch(c_int, *const c_char, u32) = EINVAL;
    /// Without `inotify_init` there is no descriptor to remove from.
    inotify_rm_watch(c_int, c_int) = EINVAL;
    /// Watching file systems is not provided.
    fanotify_init(c_uint, c_uint) = ENOSYS;
    /// Without `fanotify_init` there is no descriptor to mark.
    fanotify_mark(c_int, c_uint, u64, c_int, *const c_char) = EINVAL;
}
