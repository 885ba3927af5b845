//! `getloadavg`.
#![allow(
    unsafe_op_in_unsafe_fn,
    reason = "each function is one unsafe contract, C's: pointers valid as it says"
)]

use core::ffi::{c_char, c_int, c_void};

use macros::export;

/// BSD `getloadavg`: how many of the `n` averages (over 1, 5 and 15 minutes) were read from
/// /proc/loadavg; −1 if there is none.
#[export]
pub unsafe extern "C" fn getloadavg(to: *mut f64, n: c_int) -> c_int {
    unsafe extern "C" {
        fn open(path: *const c_char, flags: c_int, ...) -> c_int;
        fn read(fd: c_int, to: *mut c_void, n: usize) -> isize;
        fn close(fd: c_int) -> c_int;
    }
    let fd = open(c"/proc/loadavg".as_ptr(), 0);
    if fd < 0 {
        return -1;
    }
    let mut text = [0u8; 64];
    let length = read(fd, text.as_mut_ptr().cast(), text.len());
    close(fd);
    let Some(text) = usize::try_from(length).ok().and_then(|length| text.get(..length)) else { return -1 };
    let mut count = 0;
    for word in text.split(|byte| *byte == b' ').take(n.clamp(0, 3) as usize) {
        let (mut value, mut scale) = (0.0, 0.0);
        for byte in word {
            match byte {
                b'0'..=b'9' => {
                    value = value * 10.0 + f64::from(byte - b'0');
                    scale *= 10.0;
                }
                b'.' => scale = 1.0,
                _ => return -1,
            }
        }
        *to.add(count) = if scale == 0.0 { value } else { value / scale };
        count += 1;
    }
    count as c_int
}
