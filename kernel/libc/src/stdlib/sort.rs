//! `qsort` and `bsearch`. Stable, as glibc's is wherever there is memory for it.
//!
//! The comparison may throw, so the whole path to it is `extern "C-unwind"` and owns nothing.
#![allow(
    unsafe_op_in_unsafe_fn,
    reason = "each function is one unsafe contract, C's: pointers valid as it says"
)]

use core::ffi::{c_int, c_void};
use core::mem::transmute;
use core::ptr::null_mut;

use macros::export;

use crate::malloc::cells;
use crate::string::memcpy;

/// What `qsort` and `bsearch` take.
pub type Compare = unsafe extern "C-unwind" fn(*const c_void, *const c_void) -> c_int;
/// What `qsort_r` takes.
pub type CompareWith = unsafe extern "C-unwind" fn(*const c_void, *const c_void, *mut c_void) -> c_int;

/// Elements above this size are sorted through pointers to them.
const INDIRECT: usize = 32;

/// One call's parameters. `size` is the element's, or a pointer's when `indirect`.
struct Sort {
    compare: CompareWith,
    argument: *mut c_void,
    size: usize,
    indirect: bool,
    scratch: *mut u8,
}

impl Sort {
    /// Whether the element at `a` may stay before the one at `b`.
    unsafe extern "C-unwind" fn ordered(&self, a: *const u8, b: *const u8) -> bool {
        let order = if self.indirect {
            (self.compare)(*a.cast::<*const c_void>(), *b.cast::<*const c_void>(), self.argument)
        } else {
            (self.compare)(a.cast(), b.cast(), self.argument)
        };
        order <= 0
    }

    unsafe fn copy(&self, to: *mut u8, from: *const u8) {
        match self.size {
            8 => to.cast::<u64>().write_unaligned(from.cast::<u64>().read_unaligned()),
            4 => to.cast::<u32>().write_unaligned(from.cast::<u32>().read_unaligned()),
            size => _ = memcpy(to.cast(), from.cast(), size),
        }
    }

    /// Merge sort of `n` elements at `base`.
    unsafe extern "C-unwind" fn merge(&self, base: *mut u8, n: usize) {
        if n < 2 {
            return;
        }
        let left = n / 2;
        let size = self.size;
        let middle = base.add(left * size);
        self.merge(base, left);
        self.merge(middle, n - left);
        let (mut a, mut b, mut to) = (base, middle, self.scratch);
        let end = base.add(n * size);
        while a < middle && b < end {
            if self.ordered(a, b) {
                self.copy(to, a);
                a = a.add(size);
            } else {
                self.copy(to, b);
                b = b.add(size);
            }
            to = to.add(size);
        }
        // What is left of the right half is in place already.
        memcpy(to.cast(), a.cast(), middle as usize - a as usize);
        memcpy(base.cast(), self.scratch.cast(), b as usize - base as usize);
    }

    unsafe fn exchange(&self, a: *mut u8, b: *mut u8) {
        core::ptr::swap_nonoverlapping(a, b, self.size);
    }

    /// Heap sort in place, for when there is no memory to merge in.
    unsafe extern "C-unwind" fn heap(&self, base: *mut u8, n: usize) {
        let at = |i: usize| base.wrapping_add(i * self.size);
        let mut start = n / 2;
        let mut end = n;
        while end > 1 {
            if start > 0 {
                start -= 1;
            } else {
                end -= 1;
                self.exchange(at(0), at(end));
            }
            let mut root = start;
            while root * 2 + 1 < end {
                let mut child = root * 2 + 1;
                if child + 1 < end && !self.ordered(at(child + 1), at(child)) {
                    child += 1;
                }
                if self.ordered(at(child), at(root)) {
                    break;
                }
                self.exchange(at(root), at(child));
                root = child;
            }
        }
    }
}

/// Puts the elements at `base` in the order of the pointers, following each cycle of moves.
unsafe fn permute(base: *mut u8, n: usize, size: usize, pointers: *mut *mut u8, spare: *mut u8) {
    for i in 0..n {
        let home = base.add(i * size);
        if *pointers.add(i) == home {
            continue;
        }
        memcpy(spare.cast(), home.cast(), size);
        let (mut hole, mut j) = (home, i);
        loop {
            let source = *pointers.add(j);
            *pointers.add(j) = hole;
            if source == home {
                memcpy(hole.cast(), spare.cast(), size);
                break;
            }
            memcpy(hole.cast(), source.cast(), size);
            hole = source;
            j = (source as usize - base as usize) / size;
        }
    }
}

/// GNU `qsort_r`.
#[export]
pub unsafe extern "C-unwind" fn qsort_r(
    base: *mut c_void,
    n: usize,
    size: usize,
    compare: CompareWith,
    argument: *mut c_void,
) {
    if n < 2 || size == 0 {
        return;
    }
    let mut small = [0u64; 128];
    let base = base.cast::<u8>();
    let mut sort = Sort { compare, argument, size, indirect: size > INDIRECT, scratch: null_mut() };
    let pointer = size_of::<*mut u8>();
    // When sorting through pointers: the pointers, as much again to merge in, and one element.
    let needed = if sort.indirect {
        n.checked_mul(2 * pointer).and_then(|bytes| bytes.checked_add(size))
    } else {
        n.checked_mul(size)
    };
    let saved_errno = crate::errno::get();
    let memory = match needed {
        Some(bytes) if bytes <= size_of_val(&small) => small.as_mut_ptr().cast::<u8>(),
        Some(bytes) => cells::malloc(bytes).cast(),
        None => null_mut(),
    };
    if memory.is_null() {
        crate::errno::set_number(saved_errno);
        sort.indirect = false;
        return sort.heap(base, n);
    }
    sort.scratch = memory;
    if sort.indirect {
        let pointers = memory.cast::<*mut u8>();
        for i in 0..n {
            *pointers.add(i) = base.add(i * size);
        }
        sort.size = pointer;
        sort.scratch = pointers.add(n).cast();
        sort.merge(memory, n);
        permute(base, n, size, pointers, pointers.add(2 * n).cast());
    } else {
        sort.merge(base, n);
    }
    if memory != small.as_mut_ptr().cast() {
        cells::free(memory.cast());
    }
}

/// C `qsort`.
#[export]
pub unsafe extern "C-unwind" fn qsort(base: *mut c_void, n: usize, size: usize, compare: Compare) {
    // SAFETY: by the SysV ABI a function of two arguments may be called with three.
    let compare = transmute::<Compare, CompareWith>(compare);
    qsort_r(base, n, size, compare, null_mut());
}

/// C `bsearch`: an element that compares equal, or null.
#[export]
pub unsafe extern "C-unwind" fn bsearch(
    key: *const c_void,
    base: *const c_void,
    n: usize,
    size: usize,
    compare: Compare,
) -> *mut c_void {
    let (mut low, mut high) = (0, n);
    while low < high {
        let middle = low + (high - low) / 2;
        let element = base.byte_add(middle * size);
        match compare(key, element) {
            0 => return element.cast_mut(),
            order if order < 0 => high = middle,
            _ => low = middle + 1,
        }
    }
    null_mut()
}
