//! `hcreate`, `hsearch` and `hdestroy`, and their `_r` forms (POSIX, GNU): open addressing.

use core::ffi::{CStr, c_char, c_int, c_uint, c_void};
use core::ptr::null_mut;

use kcore::errno::{EINVAL, ENOMEM, ESRCH, Errno};
use macros::export;

use crate::malloc::cells::{calloc, free};

/// C `ENTRY`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Entry {
    key: *mut c_char,
    data: *mut c_void,
}

/// C `ACTION`: 0 is `FIND`, 1 is `ENTER`.
type Action = c_uint;
const ENTER: Action = 1;

/// C `struct hsearch_data`: all zero before [`hcreate_r`].
#[repr(C)]
pub struct Table {
    entries: *mut Entry,
    size: c_uint,
    filled: c_uint,
}

struct Global(core::cell::UnsafeCell<Table>);

// SAFETY: the functions without `_r` are, as POSIX has it, for one thread at a time.
unsafe impl Sync for Global {}

static GLOBAL: Global =
    Global(core::cell::UnsafeCell::new(Table { entries: null_mut(), size: 0, filled: 0 }));

fn fail(error: Errno) -> c_int {
    crate::errno::set(error);
    0
}

/// Makes the table, for at least `count` entries; 0 if there is one or no memory for it.
#[export]
pub unsafe extern "C" fn hcreate_r(count: usize, table: *mut Table) -> c_int {
    if table.is_null() {
        return fail(EINVAL);
    }
    // A quarter stays free, so that a search ends soon; the size is a power of two.
    let size = count.max(4).checked_add(count / 3).and_then(usize::checked_next_power_of_two);
    let Some(size) = size.and_then(|size| c_uint::try_from(size).ok()) else { return fail(ENOMEM) };
    // SAFETY: the caller gives a table, zeroed or in use.
    unsafe {
        if !(*table).entries.is_null() {
            return 0;
        }
        let entries = calloc(size as usize, size_of::<Entry>()).cast::<Entry>();
        if entries.is_null() {
            return fail(ENOMEM);
        }
        table.write(Table { entries, size, filled: 0 });
    }
    1
}

/// Frees the table; the keys are the caller's.
#[export]
pub unsafe extern "C" fn hdestroy_r(table: *mut Table) {
    if table.is_null() {
        crate::errno::set(EINVAL);
        return;
    }
    // SAFETY: the caller gives a table of `hcreate_r`.
    unsafe {
        free((*table).entries.cast());
        (*table).entries = null_mut();
    }
}

/// The slot of `key`: its entry, or the free one where it would go; none if the table is full.
unsafe fn slot(table: &Table, key: &CStr) -> Option<*mut Entry> {
    if table.size == 0 || table.entries.is_null() {
        return None;
    }
    let hash = key.to_bytes().iter().fold(5381_u32, |hash, &byte| hash.wrapping_mul(33) ^ u32::from(byte));
    for step in 0..table.size {
        let index = hash.wrapping_add(step) & (table.size - 1);
        // SAFETY: `index` is below `size`, and every key that is set is NUL-terminated.
        unsafe {
            let entry = table.entries.add(index as usize);
            if (*entry).key.is_null() || CStr::from_ptr((*entry).key) == key {
                return Some(entry);
            }
        }
    }
    None
}

/// Finds `item.key`, or enters `item` if it is not there; 0 if there is none (ESRCH), or no room (ENOMEM).
#[export]
pub unsafe extern "C" fn hsearch_r(
    item: Entry,
    action: Action,
    found: *mut *mut Entry,
    table: *mut Table,
) -> c_int {
    // SAFETY: the caller gives a table, a NUL-terminated key and a place for the answer.
    unsafe {
        found.write(null_mut());
        let slot = slot(&*table, CStr::from_ptr(item.key));
        match slot {
            Some(entry) if !(*entry).key.is_null() => found.write(entry),
            _ if action != ENTER => return fail(ESRCH),
            Some(entry) => {
                entry.write(item);
                (*table).filled += 1;
                found.write(entry);
            }
            None => return fail(ENOMEM),
        }
    }
    1
}

/// [`hcreate_r`] on the table of the process.
#[export]
pub unsafe extern "C" fn hcreate(count: usize) -> c_int {
    // SAFETY: one thread at a time uses the global table.
    unsafe { hcreate_r(count, GLOBAL.0.get()) }
}

/// [`hsearch_r`] on the table of the process; the entry, or null.
#[export]
pub unsafe extern "C" fn hsearch(item: Entry, action: Action) -> *mut Entry {
    let mut found = null_mut();
    // SAFETY: one thread at a time uses the global table.
    unsafe { hsearch_r(item, action, &raw mut found, GLOBAL.0.get()) };
    found
}

/// [`hdestroy_r`] on the table of the process.
#[export]
pub unsafe extern "C" fn hdestroy() {
    // SAFETY: one thread at a time uses the global table.
    unsafe { hdestroy_r(GLOBAL.0.get()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_entered_and_nothing_else() {
        let mut table = Table { entries: null_mut(), size: 0, filled: 0 };
        let mut found = null_mut();
        let key =
            |text: &CStr, data: usize| Entry { key: text.as_ptr().cast_mut(), data: data as *mut c_void };
        let names: Vec<_> = (0..100).map(|n| std::ffi::CString::new(format!("key{n}")).unwrap()).collect();
        // SAFETY: the table is this test's, the keys outlive it.
        unsafe {
            assert_eq!(hcreate_r(100, &raw mut table), 1);
            for (index, name) in names.iter().enumerate() {
                assert_eq!(hsearch_r(key(name, 0), 0, &raw mut found, &raw mut table), 0);
                assert_eq!(hsearch_r(key(name, index), ENTER, &raw mut found, &raw mut table), 1);
            }
            for (index, name) in names.iter().enumerate() {
                assert_eq!(hsearch_r(key(name, 999), ENTER, &raw mut found, &raw mut table), 1);
                assert_eq!((*found).data as usize, index);
            }
            hdestroy_r(&raw mut table);
        }
    }
}
