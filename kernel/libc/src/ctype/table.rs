//! The tables that glibc's inline functions index with −128 … 255.

use core::cell::UnsafeCell;
use core::ffi::c_void;
use core::sync::atomic::{AtomicBool, Ordering};

use macros::export;

use super::class::{classes, tolower, toupper};

/// Entries before index 0.
const BELOW: usize = 128;
const ENTRIES: usize = BELOW + 256;

struct Storage {
    class: UnsafeCell<[u16; ENTRIES]>,
    lower: UnsafeCell<[i32; ENTRIES]>,
    upper: UnsafeCell<[i32; ENTRIES]>,
    filled: AtomicBool,
}

// SAFETY: whoever writes the tables writes the same values, before it sets `filled`.
unsafe impl Sync for Storage {}

static STORAGE: Storage = Storage {
    class: UnsafeCell::new([0; ENTRIES]),
    lower: UnsafeCell::new([0; ENTRIES]),
    upper: UnsafeCell::new([0; ENTRIES]),
    filled: AtomicBool::new(false),
};

/// The addresses of index 0 of each table.
pub struct Tables {
    /// Class bits.
    pub class: *const u16,
    /// Lower case.
    pub lower: *const i32,
    /// Upper case.
    pub upper: *const i32,
}

/// The tables, filled.
pub fn tables() -> Tables {
    let class = STORAGE.class.get().cast::<u16>();
    let lower = STORAGE.lower.get().cast::<i32>();
    let upper = STORAGE.upper.get().cast::<i32>();
    if !STORAGE.filled.load(Ordering::Acquire) {
        for i in 0..ENTRIES {
            let c = i as i32 - BELOW as i32;
            // A negative char is the same byte as its unsigned form, but −1 is EOF.
            let same = if c < -1 { c + 256 } else { c };
            // SAFETY: `i` is within all three.
            unsafe {
                class.add(i).write_volatile(classes(c));
                lower.add(i).write_volatile(tolower(same));
                upper.add(i).write_volatile(toupper(same));
            }
        }
        STORAGE.filled.store(true, Ordering::Release);
    }
    // SAFETY: index 0 is within each.
    unsafe { Tables { class: class.add(BELOW), lower: lower.add(BELOW), upper: upper.add(BELOW) } }
}

/// The thread's cell for one of the tables, with the table's address in it.
fn cell(number: usize, table: *const c_void) -> *const *const c_void {
    let cell = &kcore::tls::current().ctype[number];
    if cell.get().is_null() {
        cell.set(table);
    }
    cell.as_ptr()
}

/// glibc `__ctype_b_loc`: where the thread's pointer to the class table is.
#[export]
pub extern "C" fn __ctype_b_loc() -> *const *const u16 {
    cell(0, tables().class.cast()).cast()
}

/// glibc `__ctype_tolower_loc`.
#[export]
pub extern "C" fn __ctype_tolower_loc() -> *const *const i32 {
    cell(1, tables().lower.cast()).cast()
}

/// glibc `__ctype_toupper_loc`.
#[export]
pub extern "C" fn __ctype_toupper_loc() -> *const *const i32 {
    cell(2, tables().upper.cast()).cast()
}
