//! arpa/inet.h and the byte orders of netinet/in.h: addresses as text and numbers. What needs a
//! network is not here.
#![allow(
    unsafe_op_in_unsafe_fn,
    reason = "each function is one unsafe contract, C's: pointers valid as it says"
)]

use core::cell::UnsafeCell;
use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr::null;

use kcore::errno::{EAFNOSUPPORT, ENOSPC};
use kcore::export::Exported;
use macros::export;

use crate::string::memcpy;

const AF_INET: c_int = 2;
const AF_INET6: c_int = 10;

/// POSIX `in6addr_any`.
#[export]
pub static in6addr_any: Exported<[u8; 16]> = Exported::new([0; 16]);
/// POSIX `in6addr_loopback`.
#[export]
pub static in6addr_loopback: Exported<[u8; 16]> =
    Exported::new([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);

/// POSIX `htonl` (and `ntohl`).
#[export]
pub extern "C" fn htonl(value: u32) -> u32 {
    value.to_be()
}

/// POSIX `htons` (and `ntohs`).
#[export]
pub extern "C" fn htons(value: u16) -> u16 {
    value.to_be()
}

/// Text being made: at most an IPv6 address with an IPv4 one in it.
struct Text {
    bytes: [u8; 46],
    used: usize,
}

impl Text {
    const fn new() -> Self {
        Self { bytes: [0; 46], used: 0 }
    }

    fn put(&mut self, byte: u8) {
        if let Some(to) = self.bytes.get_mut(self.used) {
            *to = byte;
            self.used += 1;
        }
    }

    fn number(&mut self, value: u16, base: u16) {
        if value >= base {
            self.number(value / base, base);
        }
        self.put(b"0123456789abcdef"[usize::from(value % base) & 15]);
    }

    fn version_4(&mut self, address: &[u8]) {
        for (i, byte) in address.iter().enumerate() {
            if i != 0 {
                self.put(b'.');
            }
            self.number((*byte).into(), 10);
        }
    }

    fn version_6(&mut self, address: &[u8; 16]) {
        let words: [u16; 8] =
            core::array::from_fn(|i| u16::from_be_bytes([address[2 * i], address[2 * i + 1]]));
        // The longest run of two or more zeros, the first of equals.
        let (mut start, mut length) = (8, 1);
        for i in 0..8 {
            let run = words[i..].iter().take_while(|word| **word == 0).count();
            if run > length {
                (start, length) = (i, run);
            }
        }
        let mut i = 0;
        while i < 8 {
            if i == start {
                self.put(b':');
                i += length;
                if i == 8 {
                    self.put(b':');
                }
                continue;
            }
            if i != 0 {
                self.put(b':');
            }
            if i == 6 && start == 0 && (length == 6 || (length == 5 && words[5] == 0xffff)) {
                self.version_4(&address[12..]);
                return;
            }
            self.number(words[i], 16);
            i += 1;
        }
    }
}

/// POSIX `inet_ntop`. Null with EAFNOSUPPORT, or with ENOSPC if the text does not fit `n` bytes.
#[export]
pub unsafe extern "C" fn inet_ntop(
    family: c_int,
    from: *const c_void,
    to: *mut c_char,
    n: u32,
) -> *const c_char {
    let mut text = Text::new();
    match family {
        AF_INET => text.version_4(&*from.cast::<[u8; 4]>()),
        AF_INET6 => text.version_6(&*from.cast::<[u8; 16]>()),
        _ => {
            crate::errno::set(EAFNOSUPPORT);
            return null();
        }
    }
    text.put(0);
    if text.used > n as usize {
        crate::errno::set(ENOSPC);
        return null();
    }
    memcpy(to.cast(), text.bytes.as_ptr().cast(), text.used).cast()
}

/// Four decimal numbers of one to three digits, without leading zeros.
fn parse_4(text: &[u8]) -> Option<[u8; 4]> {
    let mut address = [0; 4];
    let mut parts = text.split(|byte| *byte == b'.');
    for to in &mut address {
        let part = parts.next()?;
        if part.is_empty() || part.len() > 3 || (part.len() > 1 && part[0] == b'0') {
            return None;
        }
        let mut value = 0u16;
        for digit in part {
            value = value * 10 + u16::from(char::from(*digit).to_digit(10)? as u8);
        }
        *to = u8::try_from(value).ok()?;
    }
    parts.next().is_none().then_some(address)
}

fn parse_6(text: &[u8]) -> Option<[u8; 16]> {
    let mut address = [0u8; 16];
    let (mut used, mut gap) = (0, None);
    let mut rest = text;
    if let Some(after) = rest.strip_prefix(b":") {
        // One colon at the start has to be two.
        if after.first() != Some(&b':') {
            return None;
        }
        rest = after;
    }
    loop {
        if let Some(after) = rest.strip_prefix(b":") {
            if gap.is_some() {
                return None;
            }
            gap = Some(used);
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        let n = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        if rest.get(n) == Some(&b'.') {
            address.get_mut(used..used + 4)?.copy_from_slice(&parse_4(rest)?);
            used += 4;
            break;
        }
        if !(1..=4).contains(&n) {
            return None;
        }
        let value = rest[..n].iter().fold(0, |v, c| v << 4 | char::from(*c).to_digit(16).unwrap_or(0) as u16);
        address.get_mut(used..used + 2)?.copy_from_slice(&value.to_be_bytes());
        used += 2;
        rest = &rest[n..];
        if rest.is_empty() {
            break;
        }
        rest = rest.strip_prefix(b":")?;
        // A colon at the end only as the second of two.
        if rest.is_empty() {
            return None;
        }
    }
    match gap {
        Some(_) if used == 16 => None,
        Some(at) => {
            address.copy_within(at..used, 16 - (used - at));
            address[at..16 - (used - at)].fill(0);
            Some(address)
        }
        None => (used == 16).then_some(address),
    }
}

/// An address of either version as text; a scope after `%` is left out.
pub(crate) fn parse_either(text: &[u8]) -> Option<net::IpAddress> {
    let address = text.split(|&byte| byte == b'%').next().unwrap_or_default();
    match parse_4(text) {
        Some(address) => Some(net::IpAddress::V4(address)),
        None => parse_6(address).map(net::IpAddress::V6),
    }
}

/// An IPv4 address in any form that `inet_aton` reads, and nothing after it.
pub(crate) fn parse_loose(text: &[u8]) -> Option<[u8; 4]> {
    if !text.iter().all(|byte| byte.is_ascii_hexdigit() || b".xX".contains(byte)) {
        return None;
    }
    let text = [text, b"\0"].concat();
    let mut address = 0;
    // SAFETY: the text ends in NUL.
    (unsafe { inet_aton(text.as_ptr().cast(), &raw mut address) } != 0).then(|| address.to_ne_bytes())
}

/// An address as text.
pub(crate) fn format(address: &net::IpAddress) -> alloc::vec::Vec<u8> {
    let mut text = Text::new();
    match address {
        net::IpAddress::V4(bytes) => text.version_4(bytes),
        net::IpAddress::V6(bytes) => text.version_6(bytes),
    }
    text.bytes.get(..text.used).unwrap_or_default().to_vec()
}

/// POSIX `inet_pton`: 1, 0 for text that is no address, or −1 with EAFNOSUPPORT.
#[export]
pub unsafe extern "C" fn inet_pton(family: c_int, text: *const c_char, to: *mut c_void) -> c_int {
    let text = CStr::from_ptr(text).to_bytes();
    match family {
        AF_INET => parse_4(text).map(|address| to.cast::<[u8; 4]>().write(address)).is_some().into(),
        AF_INET6 => parse_6(text).map(|address| to.cast::<[u8; 16]>().write(address)).is_some().into(),
        _ => crate::errno::set(EAFNOSUPPORT),
    }
}

/// Up to `limit` numbers with dots between, decimal, octal or hexadecimal; white space may follow.
unsafe fn numbers(text: *const c_char, limit: usize) -> Option<([u32; 4], usize, *const u8)> {
    let mut parts = [0u32; 4];
    let mut at = text.cast::<u8>();
    for (i, part) in parts.iter_mut().enumerate().take(limit) {
        if !(*at).is_ascii_digit() {
            return None;
        }
        let (mut base, mut digits) = (10, 0);
        if *at == b'0' {
            (base, digits) = (8, 1);
            at = at.add(1);
            if matches!(*at, b'x' | b'X') {
                (base, digits) = (16, 0);
                at = at.add(1);
            }
        }
        while let Some(digit) = char::from(*at).to_digit(base) {
            *part = part.checked_mul(base)?.checked_add(digit)?;
            digits += 1;
            at = at.add(1);
        }
        if digits == 0 {
            return None;
        }
        if *at != b'.' {
            let ends = *at == 0 || crate::ctype::isspace((*at).into()) != 0;
            return ends.then_some((parts, i + 1, at));
        }
        at = at.add(1);
    }
    None
}

/// BSD `inet_aton`: 1, or 0 for text that is no address. The last number fills what bytes are left.
#[export]
pub unsafe extern "C" fn inet_aton(text: *const c_char, to: *mut u32) -> c_int {
    let Some((parts, count, _)) = numbers(text, 4) else { return 0 };
    let mut address = parts[count - 1];
    if count > 1 && address >> (8 * (5 - count)) != 0 {
        return 0;
    }
    for (i, part) in parts[..count - 1].iter().enumerate() {
        if *part > 255 {
            return 0;
        }
        address |= part << (24 - 8 * i);
    }
    if !to.is_null() {
        *to = address.to_be();
    }
    1
}

/// BSD `inet_addr`: the address, or all ones for text that is none.
#[export]
pub unsafe extern "C" fn inet_addr(text: *const c_char) -> u32 {
    let mut address = u32::MAX;
    inet_aton(text, &mut address);
    address
}

/// BSD `inet_network`: the numbers as bytes of a number in the machine's order; all ones for text
/// that is none.
#[export]
pub unsafe extern "C" fn inet_network(text: *const c_char) -> u32 {
    match numbers(text, 4) {
        Some((parts, count, mut end)) if parts[..count].iter().all(|part| *part < 256) => {
            // Here nothing but white space may follow.
            while crate::ctype::isspace((*end).into()) != 0 {
                end = end.add(1);
            }
            if *end != 0 {
                return u32::MAX;
            }
            parts[..count].iter().fold(0, |value, part| value << 8 | part)
        }
        _ => u32::MAX,
    }
}

struct Shared(UnsafeCell<[c_char; 18]>);

// SAFETY: POSIX lets later calls overwrite what an earlier one returned.
unsafe impl Sync for Shared {}

/// POSIX `inet_ntoa`.
#[export]
pub unsafe extern "C" fn inet_ntoa(address: u32) -> *mut c_char {
    static TEXT: Shared = Shared(UnsafeCell::new([0; 18]));
    let to = TEXT.0.get().cast::<c_char>();
    inet_ntop(AF_INET, (&raw const address).cast(), to, 18);
    to
}

/// How many bits of an address, in the machine's order, are the host's by its old class.
const fn host_bits(address: u32) -> u32 {
    if address >> 31 == 0 {
        24
    } else if address >> 30 == 2 {
        16
    } else {
        8
    }
}

/// BSD `inet_netof`: the network part.
#[export]
pub extern "C" fn inet_netof(address: u32) -> u32 {
    let address = u32::from_be(address);
    address >> host_bits(address)
}

/// BSD `inet_lnaof`: the host part.
#[export]
pub extern "C" fn inet_lnaof(address: u32) -> u32 {
    let address = u32::from_be(address);
    address & ((1 << host_bits(address)) - 1)
}

/// BSD `inet_makeaddr`: an address from its parts.
#[export]
pub extern "C" fn inet_makeaddr(network: u32, host: u32) -> u32 {
    let bits = match network {
        0..128 => 24,
        128..65536 => 16,
        65536..0x100_0000 => 8,
        _ => return (network | host).to_be(),
    };
    (network << bits | host & ((1 << bits) - 1)).to_be()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_random;

    mod host {
        use core::ffi::{c_char, c_int, c_void};
        unsafe extern "C" {
            pub fn inet_ntop(f: c_int, from: *const c_void, to: *mut c_char, n: u32) -> *const c_char;
            pub fn inet_pton(f: c_int, text: *const c_char, to: *mut c_void) -> c_int;
            pub fn inet_aton(text: *const c_char, to: *mut u32) -> c_int;
            pub fn inet_network(text: *const c_char) -> u32;
            pub fn inet_netof(address: u32) -> u32;
            pub fn inet_lnaof(address: u32) -> u32;
            pub fn inet_makeaddr(network: u32, host: u32) -> u32;
        }
    }

    #[test]
    fn addresses_equal_glibc() {
        let mut random = test_random(41);
        for _ in 0..60000 {
            let mut address = [0u8; 16];
            for byte in &mut address {
                *byte = if random().is_multiple_of(3) { random() as u8 } else { 0 };
            }
            if random().is_multiple_of(4) {
                address[..10].fill(0);
                address[10..12].fill(if random().is_multiple_of(2) { 0xff } else { 0 });
            }
            let family = if random().is_multiple_of(3) { AF_INET } else { AF_INET6 };
            let n = if random().is_multiple_of(5) { random() as u32 % 20 } else { 46 };
            let (mut a, mut b) = ([0; 46], [0; 46]);
            // SAFETY: buffers are of the sizes they are said to be, text ends with a NUL.
            unsafe {
                let x = inet_ntop(family, address.as_ptr().cast(), a.as_mut_ptr(), n);
                let y = host::inet_ntop(family, address.as_ptr().cast(), b.as_mut_ptr(), n);
                assert_eq!(x.is_null(), y.is_null());
                if x.is_null() {
                    continue;
                }
                assert_eq!(CStr::from_ptr(x), CStr::from_ptr(y));
                // The text back, now and then with a letter changed or cut off.
                let length = CStr::from_ptr(x).count_bytes();
                if random().is_multiple_of(2) {
                    a[random() as usize % length] = b":.0fx1 "[random() as usize % 7] as c_char;
                }
                if random().is_multiple_of(4) {
                    a[random() as usize % length] = 0;
                }
                let text = CStr::from_ptr(a.as_ptr());
                let (mut mine, mut theirs) = ([7u8; 16], [7u8; 16]);
                let r = inet_pton(family, a.as_ptr(), mine.as_mut_ptr().cast());
                assert_eq!(r, host::inet_pton(family, a.as_ptr(), theirs.as_mut_ptr().cast()), "{text:?}");
                if r == 1 {
                    assert_eq!(mine, theirs, "{text:?}");
                }
                let (mut mine, mut theirs) = (1, 1);
                assert_eq!(
                    inet_aton(a.as_ptr(), &mut mine),
                    host::inet_aton(a.as_ptr(), &mut theirs),
                    "{text:?}"
                );
                assert_eq!(mine, theirs, "{text:?}");
                let number = random() as u32 >> (random() % 32);
                assert_eq!(inet_netof(number), host::inet_netof(number));
                assert_eq!(inet_lnaof(number), host::inet_lnaof(number));
                assert_eq!(inet_makeaddr(number, 77), host::inet_makeaddr(number, 77));
            }
        }
        for text in
            [c"1.2.3.4", c"0x7f.1", c"010.0.0.1", c"1.2", c"256", c"1.2.3.256", c"1..2", c"", c"1.2.3.4 x"]
        {
            // SAFETY: as above.
            unsafe { assert_eq!(inet_network(text.as_ptr()), host::inet_network(text.as_ptr()), "{text:?}") };
        }
    }
}
