//! `sys/sysinfo.h`: processors, memory, uptime, load.

use core::ffi::{c_int, c_long, c_ulong, c_ushort};

use kcore::memory::frames;
use macros::export;

/// C `struct sysinfo`.
#[repr(C)]
pub struct Info {
    uptime: c_long,
    loads: [c_ulong; 3],
    totalram: c_ulong,
    freeram: c_ulong,
    sharedram: c_ulong,
    bufferram: c_ulong,
    totalswap: c_ulong,
    freeswap: c_ulong,
    procs: c_ushort,
    totalhigh: c_ulong,
    freehigh: c_ulong,
    mem_unit: u32,
}

/// Memory in units of a page, and seconds since boot (Linux). Load is not kept: it is 0.
#[export]
pub unsafe extern "C" fn sysinfo(info: *mut Info) -> c_int {
    let (total, free) = frames::totals();
    // SAFETY: the caller gives a `struct sysinfo`.
    unsafe {
        info.write(Info {
            uptime: (kcore::time::now().0 / 1_000_000_000) as c_long,
            loads: [0; 3],
            totalram: total as c_ulong,
            freeram: free as c_ulong,
            sharedram: 0,
            bufferram: 0,
            totalswap: 0,
            freeswap: 0,
            procs: 1,
            totalhigh: 0,
            freehigh: 0,
            mem_unit: 4096,
        });
    }
    0
}

/// Processors that are in use.
#[export]
pub extern "C" fn get_nprocs() -> c_int {
    kcore::sched::cpu_count() as c_int
}

/// Processors that there are: all are in use.
#[export]
pub extern "C" fn get_nprocs_conf() -> c_int {
    kcore::sched::cpu_count() as c_int
}

/// Pages of memory.
#[export]
pub extern "C" fn get_phys_pages() -> c_long {
    frames::totals().0 as c_long
}

/// Pages of memory that are free.
#[export]
pub extern "C" fn get_avphys_pages() -> c_long {
    frames::totals().1 as c_long
}
