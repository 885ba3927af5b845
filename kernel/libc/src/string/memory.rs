//! Blocks of bytes: copying, filling, comparing.

use core::arch::asm;
use core::arch::x86_64::{
    _mm_cmpeq_epi8, _mm_loadu_si128, _mm_movemask_epi8, _mm_set1_epi8, _mm_storeu_si128,
};
use core::ffi::{c_int, c_void};

use macros::export;

/// Copies `n` bytes, which may overlap. Everything is loaded before what it overlaps is stored.
#[inline(never)]
unsafe fn copy(d: *mut u8, s: *const u8, n: usize) {
    if n < 16 {
        if n >= 8 {
            let (a, b) = (s.cast::<u64>().read_unaligned(), s.add(n - 8).cast::<u64>().read_unaligned());
            d.cast::<u64>().write_unaligned(a);
            d.add(n - 8).cast::<u64>().write_unaligned(b);
        } else if n >= 4 {
            let (a, b) = (s.cast::<u32>().read_unaligned(), s.add(n - 4).cast::<u32>().read_unaligned());
            d.cast::<u32>().write_unaligned(a);
            d.add(n - 4).cast::<u32>().write_unaligned(b);
        } else if n != 0 {
            let (a, b, c) = (*s, *s.add(n / 2), *s.add(n - 1));
            *d = a;
            *d.add(n / 2) = b;
            *d.add(n - 1) = c;
        }
        return;
    }
    if n <= 32 {
        let (a, b) = (_mm_loadu_si128(s.cast()), _mm_loadu_si128(s.add(n - 16).cast()));
        _mm_storeu_si128(d.cast(), a);
        _mm_storeu_si128(d.add(n - 16).cast(), b);
        return;
    }
    if (d as usize).wrapping_sub(s as usize) >= n {
        let tail = n - 32;
        let (a, b) = (_mm_loadu_si128(s.add(tail).cast()), _mm_loadu_si128(s.add(tail + 16).cast()));
        // SAFETY: copies [0, tail) rounded up to 32 bytes, at most 31 past `tail`: within n.
        asm!(
            "2:",
            "movups {x}, [{s} + {i}]",
            "movups {y}, [{s} + {i} + 16]",
            "movups [{d} + {i}], {x}",
            "movups [{d} + {i} + 16], {y}",
            "add {i}, 32",
            "cmp {i}, {tail}",
            "jb 2b",
            x = out(xmm_reg) _, y = out(xmm_reg) _, i = inout(reg) 0usize => _,
            s = in(reg) s, d = in(reg) d, tail = in(reg) tail, options(nostack),
        );
        _mm_storeu_si128(d.add(tail).cast(), a);
        _mm_storeu_si128(d.add(tail + 16).cast(), b);
    } else {
        let (a, b) = (_mm_loadu_si128(s.cast()), _mm_loadu_si128(s.add(16).cast()));
        // SAFETY: copies downwards from n while more than 32 bytes are left.
        asm!(
            "2:",
            "movups {x}, [{s} + {i} - 16]",
            "movups {y}, [{s} + {i} - 32]",
            "movups [{d} + {i} - 16], {x}",
            "movups [{d} + {i} - 32], {y}",
            "sub {i}, 32",
            "cmp {i}, 32",
            "ja 2b",
            x = out(xmm_reg) _, y = out(xmm_reg) _, i = inout(reg) n => _,
            s = in(reg) s, d = in(reg) d, options(nostack),
        );
        _mm_storeu_si128(d.cast(), a);
        _mm_storeu_si128(d.add(16).cast(), b);
    }
}

/// C `memcpy`.
#[export]
pub unsafe extern "C" fn memcpy(to: *mut c_void, from: *const c_void, n: usize) -> *mut c_void {
    copy(to.cast(), from.cast(), n);
    to
}

/// C `memmove`.
#[export]
pub unsafe extern "C" fn memmove(to: *mut c_void, from: *const c_void, n: usize) -> *mut c_void {
    copy(to.cast(), from.cast(), n);
    to
}

/// GNU `mempcpy`: gives the byte after the last one written.
#[export]
pub unsafe extern "C" fn mempcpy(to: *mut c_void, from: *const c_void, n: usize) -> *mut c_void {
    copy(to.cast(), from.cast(), n);
    to.byte_add(n)
}

/// BSD `bcopy`: `memmove` with its operands the other way round.
#[export]
pub unsafe extern "C" fn bcopy(from: *const c_void, to: *mut c_void, n: usize) {
    copy(to.cast(), from.cast(), n);
}

/// C `memset`.
#[export]
pub unsafe extern "C" fn memset(to: *mut c_void, byte: c_int, n: usize) -> *mut c_void {
    let d = to.cast::<u8>();
    let word = u64::from(byte as u8).wrapping_mul(0x0101_0101_0101_0101);
    if n < 16 {
        if n >= 8 {
            d.cast::<u64>().write_unaligned(word);
            d.add(n - 8).cast::<u64>().write_unaligned(word);
        } else if n >= 4 {
            d.cast::<u32>().write_unaligned(word as u32);
            d.add(n - 4).cast::<u32>().write_unaligned(word as u32);
        } else if n != 0 {
            *d = byte as u8;
            *d.add(n / 2) = byte as u8;
            *d.add(n - 1) = byte as u8;
        }
        return to;
    }
    let x = _mm_set1_epi8(byte as i8);
    let tail = n - 16;
    if tail > 0 {
        // SAFETY: fills [0, tail) rounded up to 16 bytes, so at most 15 past `tail`: within n.
        asm!(
            "2:",
            "movups [{d} + {i}], {x}",
            "add {i}, 16",
            "cmp {i}, {tail}",
            "jb 2b",
            x = in(xmm_reg) x, i = inout(reg) 0usize => _, d = in(reg) d, tail = in(reg) tail,
            options(nostack),
        );
    }
    _mm_storeu_si128(d.add(tail).cast(), x);
    to
}

/// BSD `bzero`.
#[export]
pub unsafe extern "C" fn bzero(to: *mut c_void, n: usize) {
    memset(to, 0, n);
}

/// GNU `explicit_bzero`: a fill that is not left out even when nothing reads it again.
#[export]
pub unsafe extern "C" fn explicit_bzero(to: *mut c_void, n: usize) {
    memset(to, 0, n);
    // SAFETY: empty; it only makes the fill visible to something the compiler cannot see through.
    asm!("/* {0} */", in(reg) to, options(nostack, preserves_flags));
}

/// C `memcmp`.
#[export]
pub unsafe extern "C" fn memcmp(a: *const c_void, b: *const c_void, n: usize) -> c_int {
    let (a, b) = (a.cast::<u8>(), b.cast::<u8>());
    let mut i = 0;
    while n - i >= 16 {
        let equal = _mm_cmpeq_epi8(_mm_loadu_si128(a.add(i).cast()), _mm_loadu_si128(b.add(i).cast()));
        let differ = _mm_movemask_epi8(equal) as u32 ^ 0xffff;
        if differ != 0 {
            i += differ.trailing_zeros() as usize;
            return c_int::from(*a.add(i)) - c_int::from(*b.add(i));
        }
        i += 16;
    }
    while i < n {
        let (x, y) = (*a.add(i), *b.add(i));
        if x != y {
            return c_int::from(x) - c_int::from(y);
        }
        i += 1;
    }
    0
}

/// BSD `bcmp`. A symbol of its own because code generation calls it by this name.
#[export]
pub unsafe extern "C" fn bcmp(a: *const c_void, b: *const c_void, n: usize) -> c_int {
    memcmp(a, b, n)
}

/// C23's and GNU's `memccpy`: copies up to and including the byte `stop`.
#[export]
pub unsafe extern "C" fn memccpy(to: *mut c_void, from: *const c_void, stop: c_int, n: usize) -> *mut c_void {
    let end = super::memchr(from, stop, n);
    if end.is_null() {
        copy(to.cast(), from.cast(), n);
        return core::ptr::null_mut();
    }
    mempcpy(to, from, end as usize - from as usize + 1)
}

/// GNU `memfrob`: exclusive or with 42.
#[export]
pub unsafe extern "C" fn memfrob(block: *mut c_void, n: usize) -> *mut c_void {
    for i in 0..n {
        *block.cast::<u8>().add(i) ^= 42;
    }
    block
}

/// BSD `ffs`: the number of the lowest bit set, from 1; 0 if there is none.
#[export]
pub extern "C" fn ffs(value: c_int) -> c_int {
    if value == 0 { 0 } else { value.trailing_zeros() as c_int + 1 }
}

/// GNU `ffsl` (and `ffsll`).
#[export]
pub extern "C" fn ffsl(value: i64) -> c_int {
    if value == 0 { 0 } else { value.trailing_zeros() as c_int + 1 }
}
