//! netinet/ether.h: Ethernet addresses as text.
#![allow(
    unsafe_op_in_unsafe_fn,
    reason = "each function is one unsafe contract, C's: pointers valid as it says"
)]

use core::cell::UnsafeCell;
use core::ffi::{c_char, c_int};
use core::ptr::null_mut;

use macros::export;

/// BSD `struct ether_addr`.
type Address = [u8; 6];

struct Shared<T>(UnsafeCell<T>);

// SAFETY: later calls overwrite what an earlier one returned, as these interfaces have it.
unsafe impl<T> Sync for Shared<T> {}

/// GNU `ether_aton_r`: six hexadecimal numbers with colons between; null for anything else.
#[export]
pub unsafe extern "C" fn ether_aton_r(text: *const c_char, to: *mut Address) -> *mut Address {
    let mut at = text.cast::<u8>();
    let mut address = [0u8; 6];
    for (i, byte) in address.iter_mut().enumerate() {
        let Some(digit) = char::from(*at).to_digit(16) else { return null_mut() };
        *byte = digit as u8;
        at = at.add(1);
        match char::from(*at).to_digit(16) {
            Some(digit) => {
                *byte = *byte << 4 | digit as u8;
                at = at.add(1);
            }
            // After one digit of the last number only white space or the end, as in glibc.
            None if i == 5 && *at != 0 && crate::ctype::isspace((*at).into()) == 0 => return null_mut(),
            None => {}
        }
        if i < 5 {
            if *at != b':' {
                return null_mut();
            }
            at = at.add(1);
        }
    }
    to.write(address);
    to
}

/// BSD `ether_aton`.
#[export]
pub unsafe extern "C" fn ether_aton(text: *const c_char) -> *mut Address {
    static ADDRESS: Shared<Address> = Shared(UnsafeCell::new([0; 6]));
    ether_aton_r(text, ADDRESS.0.get())
}

/// GNU `ether_ntoa_r`: without leading zeros; 18 bytes do.
#[export]
pub unsafe extern "C" fn ether_ntoa_r(address: *const Address, to: *mut c_char) -> *mut c_char {
    let mut at = to.cast::<u8>();
    for (i, byte) in (*address).iter().enumerate() {
        if i != 0 {
            *at = b':';
            at = at.add(1);
        }
        let digits = b"0123456789abcdef";
        if *byte > 15 {
            *at = digits[usize::from(byte >> 4)];
            at = at.add(1);
        }
        *at = digits[usize::from(byte & 15)];
        at = at.add(1);
    }
    *at = 0;
    to
}

/// BSD `ether_ntoa`.
#[export]
pub unsafe extern "C" fn ether_ntoa(address: *const Address) -> *mut c_char {
    static TEXT: Shared<[c_char; 18]> = Shared(UnsafeCell::new([0; 18]));
    ether_ntoa_r(address, TEXT.0.get().cast())
}

/// BSD `ether_line`: an address and a name from a line of /etc/ethers; 0, or −1 for a bad line.
#[export]
pub unsafe extern "C" fn ether_line(line: *const c_char, address: *mut Address, name: *mut c_char) -> c_int {
    if ether_aton_r(line, address).is_null() {
        return -1;
    }
    let space = |c: u8| crate::ctype::isspace(c.into()) != 0;
    let mut at = line.cast::<u8>();
    while *at != 0 && !space(*at) {
        at = at.add(1);
    }
    while space(*at) {
        at = at.add(1);
    }
    let mut to = name.cast::<u8>();
    while *at != 0 && *at != b'#' && !space(*at) {
        *to = *at;
        (at, to) = (at.add(1), to.add(1));
    }
    if to == name.cast() {
        return -1;
    }
    *to = 0;
    0
}

#[cfg(test)]
mod tests {
    use core::ffi::CStr;

    use super::*;

    mod host {
        use core::ffi::c_char;
        unsafe extern "C" {
            pub fn ether_aton_r(text: *const c_char, to: *mut [u8; 6]) -> *mut [u8; 6];
            pub fn ether_ntoa_r(address: *const [u8; 6], to: *mut c_char) -> *mut c_char;
        }
    }

    #[test]
    fn addresses_equal_glibc() {
        for text in [
            c"00:1:a0:ff:0:10",
            c"1:2:3:4:5",
            c"1:2:3:4:5:6 x",
            c"g:1:2:3:4:5",
            c"1:2:3:4:5:678",
            c"aa:BB:c:d:e:f",
        ] {
            let (mut a, mut b) = ([0; 6], [0; 6]);
            let (mut x, mut y) = ([0; 18], [0; 18]);
            // SAFETY: buffers are as long as these functions need.
            unsafe {
                let failed = ether_aton_r(text.as_ptr(), &mut a).is_null();
                assert_eq!(failed, host::ether_aton_r(text.as_ptr(), &mut b).is_null(), "{text:?}");
                if !failed {
                    assert_eq!(a, b);
                    ether_ntoa_r(&a, x.as_mut_ptr());
                    host::ether_ntoa_r(&b, y.as_mut_ptr());
                    assert_eq!(CStr::from_ptr(x.as_ptr()), CStr::from_ptr(y.as_ptr()));
                }
            }
        }
    }
}
