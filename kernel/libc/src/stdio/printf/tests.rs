//! The engine against the host's glibc: same format, same arguments, same text and result.

use core::ffi::{c_char, c_int};

mod host {
    use super::*;
    unsafe extern "C" {
        pub fn snprintf(buffer: *mut c_char, size: usize, format: *const c_char, ...) -> c_int;
    }
}

/// A small generator (xorshift64*), so that a failure repeats.
pub struct Random(pub u64);

impl Random {
    /// 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 33) % limit
    }

    /// One of these.
    pub fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len() as u64) as usize]
    }

    /// Integers of all magnitudes, the edges among them.
    pub fn integer(&mut self) -> u64 {
        match self.below(6) {
            0 => self.below(20),
            1 => self.next() >> self.below(64),
            2 => (self.next() >> self.below(64)).wrapping_neg(),
            3 => 1 << self.below(64),
            4 => (1 << self.below(64)) - 1,
            _ => 0,
        }
    }
}

/// Formats by both, compares. Arguments are evaluated once.
macro_rules! same {
    ($format:expr) => { same!(@ $format;) };
    ($format:expr, $a:expr) => { match $a { a => same!(@ $format; a) } };
    ($format:expr $(, $argument:expr)*) => { same!(@ $format; $($argument),*) };
    (@ $format:expr; $($argument:expr),*) => {{
        let text_of_format = $format;
        let format = std::ffi::CString::new(text_of_format.as_bytes()).unwrap();
        let mut ours = [0x55u8; 3000];
        let mut theirs = [0x55u8; 3000];
        let (our_result, their_result) = unsafe {
            (
                super::output::snprintf(ours.as_mut_ptr().cast(), 2999, format.as_ptr() $(, $argument)*),
                host::snprintf(theirs.as_mut_ptr().cast(), 2999, format.as_ptr() $(, $argument)*),
            )
        };
        let text = |buffer: &[u8]| String::from_utf8_lossy(&buffer[..100.max(buffer.iter().position(|b| *b == 0x55).unwrap_or(0))]).replace('U', "");
        assert_eq!(
            (our_result, text(&ours)), (their_result, text(&theirs)),
            "{:?} {:?}", text_of_format, ($($argument,)*)
        );
        assert!(ours == theirs);
    }};
}

#[test]
fn integers_as_glibc() {
    let mut random = Random(1);
    for _ in 0..100_000 {
        let mut format = String::from("<%");
        for _ in 0..random.below(3) {
            format += random.pick(&["-", "+", " ", "#", "0", "'"]);
        }
        format += random.pick(&["", "", "1", "5", "12", "30"]);
        format += random.pick(&["", "", ".", ".0", ".1", ".7", ".25"]);
        format += random.pick(&["", "h", "hh", "l", "ll", "q", "j", "z", "t", "L"]);
        format += random.pick(&["d", "i", "o", "u", "x", "X", "b", "B"]);
        format += ">";
        same!(format.as_str(), random.integer());
    }
}

#[test]
fn pointers_characters_and_strings_as_glibc() {
    let text = c"hello, world";
    for flags in ["", "-", "+", " ", "#", "0", "-0", "+0", " -"] {
        for width in ["", "1", "5", "13", "20"] {
            for precision in ["", ".", ".0", ".3", ".5", ".6", ".12", ".30"] {
                same!(format!("<%{flags}{width}{precision}s>"), text.as_ptr());
                same!(format!("<%{flags}{width}{precision}s>"), std::ptr::null::<c_char>());
                same!(format!("<%{flags}{width}{precision}c>"), b'x' as c_int);
                same!(format!("<%{flags}{width}{precision}p>"), 0x1234_5678usize);
                same!(format!("<%{flags}{width}{precision}p>"), 0usize);
                same!(format!("<%{flags}{width}{precision}%>"));
                same!(format!("<%{flags}{width}{precision}y>"));
            }
        }
    }
    same!("%c%c", 0 as c_int, b'a' as c_int);
}

#[test]
fn stars_positions_and_counts_as_glibc() {
    same!("<%*d>", 5, 42);
    same!("<%*d>", -5, 42);
    same!("<%.*d>", 5, 42);
    same!("<%.*d>", -5, 42);
    same!("<%-*.*s>", 10, 2, c"abc".as_ptr());
    same!("%2$s %1$s", c"a".as_ptr(), c"b".as_ptr());
    same!("%2$*1$d|%2$d", 8, 77);
    same!("%1$d %1$x %2$s %3$c", 255, c"str".as_ptr(), b'z' as c_int);
    same!("%8$d %7$d %6$d %5$d %4$d %3$d %2$d %1$d", 1, 2, 3, 4, 5, 6, 7, 8);
    same!("100%%|%d%%", 3);
    same!("%");
    same!("abc%");
    same!("%l");
    same!("%5");
    same!("%99999999999d", 1);
    same!("%.99999999999d", 1);
    same!("%.-3d|", 17);
    let mut count = [0i64; 2];
    unsafe {
        super::output::snprintf(
            std::ptr::null_mut(),
            0,
            c"12345%n%lln".as_ptr(),
            &raw mut count[0],
            &raw mut count[1],
        )
    };
    assert_eq!(count, [5, 5]);
}
