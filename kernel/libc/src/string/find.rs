//! Looking for a byte, a set of bytes, or a string.

use core::arch::x86_64::{
    __m128i, _mm_cmpeq_epi8, _mm_load_si128, _mm_movemask_epi8, _mm_set1_epi8, _mm_setzero_si128,
};
use core::ffi::{c_char, c_int, c_void};
use core::ptr::null_mut;

use macros::export;

use super::compare::lower;

/// Which of the 16 bytes of the aligned block at `block` equal those of `wanted`, lowest first.
/// An aligned block lies in one page, so bytes outside the caller's array are read safely.
unsafe fn matches(block: *const u8, wanted: __m128i) -> u32 {
    _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_load_si128(block.cast()), wanted)) as u32
}

/// C `strlen`.
#[export]
pub unsafe extern "C" fn strlen(s: *const c_char) -> usize {
    rawmemchr(s.cast(), 0) as usize - s as usize
}

/// POSIX `strnlen`.
#[export]
pub unsafe extern "C" fn strnlen(s: *const c_char, limit: usize) -> usize {
    let end = memchr(s.cast(), 0, limit);
    if end.is_null() { limit } else { end as usize - s as usize }
}

/// GNU `rawmemchr`: the byte is known to be there.
#[export]
pub unsafe extern "C" fn rawmemchr(s: *const c_void, byte: c_int) -> *mut c_void {
    let wanted = _mm_set1_epi8(byte as i8);
    let before = s as usize & 15;
    let mut block = s.cast::<u8>().sub(before);
    let mut found = matches(block, wanted) >> before << before;
    while found == 0 {
        block = block.add(16);
        found = matches(block, wanted);
    }
    block.add(found.trailing_zeros() as usize).cast_mut().cast()
}

/// C `memchr`.
#[export]
pub unsafe extern "C" fn memchr(s: *const c_void, byte: c_int, n: usize) -> *mut c_void {
    if n == 0 {
        return null_mut();
    }
    let wanted = _mm_set1_epi8(byte as i8);
    let end = (s as usize).saturating_add(n);
    let before = s as usize & 15;
    let mut block = s.cast::<u8>().sub(before);
    let mut found = matches(block, wanted) >> before << before;
    loop {
        if found != 0 {
            let at = block.add(found.trailing_zeros() as usize);
            return if (at as usize) < end { at.cast_mut().cast() } else { null_mut() };
        }
        block = block.add(16);
        if block as usize >= end {
            return null_mut();
        }
        found = matches(block, wanted);
    }
}

/// GNU `memrchr`.
#[export]
pub unsafe extern "C" fn memrchr(s: *const c_void, byte: c_int, n: usize) -> *mut c_void {
    let start = s.cast::<u8>();
    let mut at = start.add(n);
    while at > start {
        at = at.sub(1);
        if *at == byte as u8 {
            return at.cast_mut().cast();
        }
    }
    null_mut()
}

/// GNU `strchrnul`: the end of the string where the byte is not in it.
#[export]
pub unsafe extern "C" fn strchrnul(s: *const c_char, byte: c_int) -> *mut c_char {
    let (wanted, zero) = (_mm_set1_epi8(byte as i8), _mm_setzero_si128());
    let before = s as usize & 15;
    let mut block = s.cast::<u8>().sub(before);
    let mut found = (matches(block, wanted) | matches(block, zero)) >> before << before;
    while found == 0 {
        block = block.add(16);
        found = matches(block, wanted) | matches(block, zero);
    }
    block.add(found.trailing_zeros() as usize).cast_mut().cast()
}

/// C `strchr` (and BSD `index`).
#[export]
pub unsafe extern "C" fn strchr(s: *const c_char, byte: c_int) -> *mut c_char {
    let at = strchrnul(s, byte);
    if *at as u8 == byte as u8 { at } else { null_mut() }
}

/// C `strrchr` (and BSD `rindex`).
#[export]
pub unsafe extern "C" fn strrchr(s: *const c_char, byte: c_int) -> *mut c_char {
    memrchr(s.cast(), byte, strlen(s) + 1).cast()
}

/// A set of bytes, one bit each.
struct ByteSet([u64; 4]);

impl ByteSet {
    /// The bytes of a C string; its NUL belongs to the set if `with_nul`.
    unsafe fn of(mut bytes: *const c_char, with_nul: bool) -> Self {
        let mut set = Self([u64::from(with_nul), 0, 0, 0]);
        while *bytes != 0 {
            let byte = *bytes as u8;
            set.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
            bytes = bytes.add(1);
        }
        set
    }

    fn has(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] >> (byte & 63) & 1 != 0
    }
}

/// C `strspn`.
#[export]
pub unsafe extern "C" fn strspn(s: *const c_char, accept: *const c_char) -> usize {
    let set = ByteSet::of(accept, false);
    let mut n = 0;
    while set.has(*s.add(n) as u8) {
        n += 1;
    }
    n
}

/// C `strcspn`.
#[export]
pub unsafe extern "C" fn strcspn(s: *const c_char, reject: *const c_char) -> usize {
    if *reject == 0 || *reject.add(1) == 0 {
        return strchrnul(s, c_int::from(*reject)) as usize - s as usize;
    }
    let set = ByteSet::of(reject, true);
    let mut n = 0;
    while !set.has(*s.add(n) as u8) {
        n += 1;
    }
    n
}

/// C `strpbrk`.
#[export]
pub unsafe extern "C" fn strpbrk(s: *const c_char, accept: *const c_char) -> *mut c_char {
    let at = s.add(strcspn(s, accept));
    if *at == 0 { null_mut() } else { at.cast_mut() }
}

/// Where the needle's right half starts in a critical factorisation under one order of bytes, and
/// the period of that half (Crochemore and Perrin, Two-way string-matching, J. ACM 38, 1991).
unsafe fn maximal_suffix(needle: *const u8, n: usize, reversed: bool) -> (usize, usize) {
    let (mut start, mut j, mut k, mut period) = (usize::MAX, 0, 1, 1);
    while j + k < n {
        let (a, b) = (*needle.add(j + k), *needle.add(start.wrapping_add(k)));
        if a == b {
            if k == period {
                j += period;
                k = 1;
            } else {
                k += 1;
            }
        } else if (a < b) != reversed {
            j += k;
            k = 1;
            period = j.wrapping_sub(start);
        } else {
            start = j;
            j += 1;
            (k, period) = (1, 1);
        }
    }
    (start.wrapping_add(1), period)
}

/// GNU `memmem`: linear time, constant space (the two-way algorithm).
#[export]
pub unsafe extern "C" fn memmem(
    haystack: *const c_void,
    length: usize,
    needle: *const c_void,
    n: usize,
) -> *mut c_void {
    let (h, needle) = (haystack.cast::<u8>(), needle.cast::<u8>());
    if n == 0 {
        return haystack.cast_mut();
    }
    if n > length {
        return null_mut();
    }
    if n == 1 {
        return memchr(haystack, c_int::from(*needle), length);
    }
    let (a, b) = (maximal_suffix(needle, n, false), maximal_suffix(needle, n, true));
    let (right, mut period) = if a.0 > b.0 { a } else { b };
    let periodic = right + period <= n && super::memcmp(needle.cast(), needle.add(period).cast(), right) == 0;
    if !periodic {
        period = right.max(n - right) + 1;
    }
    // How much of the left half is known to match already, when the needle is periodic.
    let (mut at, mut known) = (0, 0);
    while at <= length - n {
        let mut i = right.max(known);
        while i < n && *needle.add(i) == *h.add(at + i) {
            i += 1;
        }
        if i < n {
            at += i - right + 1;
            known = 0;
            if i == right {
                // Nothing matched: go to where the first byte of the right half is next.
                let left = length - n + 1;
                if at >= left {
                    break;
                }
                let next = memchr(h.add(at + right).cast(), c_int::from(*needle.add(right)), left - at);
                if next.is_null() {
                    break;
                }
                at = next as usize - h as usize - right;
            }
            continue;
        }
        i = right;
        while i > known && *needle.add(i - 1) == *h.add(at + i - 1) {
            i -= 1;
        }
        if i <= known {
            return h.add(at).cast_mut().cast();
        }
        at += period;
        known = if periodic { n - period } else { 0 };
    }
    null_mut()
}

/// C `strstr`.
#[export]
pub unsafe extern "C" fn strstr(haystack: *const c_char, needle: *const c_char) -> *mut c_char {
    if *needle == 0 {
        return haystack.cast_mut();
    }
    let start = strchr(haystack, c_int::from(*needle));
    if start.is_null() || *needle.add(1) == 0 {
        return start;
    }
    memmem(start.cast(), strlen(start), needle.cast(), strlen(needle)).cast()
}

/// GNU `strcasestr`: letters of the ASCII range match in either case.
#[export]
pub unsafe extern "C" fn strcasestr(haystack: *const c_char, needle: *const c_char) -> *mut c_char {
    let mut start = haystack;
    loop {
        let mut i = 0;
        while *needle.add(i) != 0 && lower(*needle.add(i) as u8) == lower(*start.add(i) as u8) {
            i += 1;
        }
        if *needle.add(i) == 0 {
            return start.cast_mut();
        }
        if *start.add(i) == 0 {
            return null_mut();
        }
        start = start.add(1);
    }
}
