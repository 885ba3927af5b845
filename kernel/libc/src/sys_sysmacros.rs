//! `sys/sysmacros.h`: device numbers as Linux packs them.

use core::ffi::c_uint;

use macros::export;

/// The major number of a device: bits 8–19 and 32–43.
#[export]
pub extern "C" fn gnu_dev_major(device: u64) -> c_uint {
    (device >> 8 & 0xfff | device >> 32 & 0xffff_f000) as c_uint
}

/// The minor number of a device: bits 0–7 and 20–31.
#[export]
pub extern "C" fn gnu_dev_minor(device: u64) -> c_uint {
    (device & 0xff | device >> 12 & 0xffff_ff00) as c_uint
}

/// The device with these numbers.
#[export]
pub extern "C" fn gnu_dev_makedev(major: c_uint, minor: c_uint) -> u64 {
    let (major, minor) = (u64::from(major), u64::from(minor));
    (major & 0xfff) << 8 | (major & 0xffff_f000) << 32 | minor & 0xff | (minor & 0xffff_ff00) << 12
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        for (major, minor) in [(1, 3), (0xfff, 0xff), (0x1000, 0x100), (0xffff_ffff, 0xffff_ffff)] {
            let device = gnu_dev_makedev(major, minor);
            assert_eq!((gnu_dev_major(device), gnu_dev_minor(device)), (major, minor));
        }
        assert_eq!(gnu_dev_makedev(8, 1), 0x801);
    }
}
