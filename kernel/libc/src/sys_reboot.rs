//! `<sys/reboot.h>`.

use crate::errno::{self, EINVAL};
use core::ffi::c_int;
use kcore::process;
use macros::export;

/// Ends the machine (`RB_POWER_OFF`, `RB_HALT_SYSTEM`, `RB_AUTOBOOT`, which is status 0 of the
/// program), or says whether Ctrl-Alt-Del does: there are no keys. Zero, or -1 with `EINVAL`.
#[export]
pub extern "C" fn reboot(how: c_int) -> c_int {
    const POWER_OFF: c_int = 0x4321_fedc;
    const HALT: c_int = 0xcdef_0123_u32 as c_int;
    const RESTART: c_int = 0x0123_4567;
    const ENABLE_KEYS: c_int = 0x89ab_cdef_u32 as c_int;
    const DISABLE_KEYS: c_int = 0;
    match how {
        POWER_OFF | HALT | RESTART => process::exit(0),
        ENABLE_KEYS | DISABLE_KEYS => 0,
        _ => errno::set(EINVAL),
    }
}
