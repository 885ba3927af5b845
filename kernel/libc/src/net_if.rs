//! `net/if.h`: interfaces by name and by number.
#![allow(
    unsafe_op_in_unsafe_fn,
    reason = "each function is one unsafe contract, C's: pointers valid as it says"
)]

use alloc::vec::Vec;
use core::ffi::{CStr, c_char, c_uint};
use core::ptr::null_mut;

use kcore::errno::{ENOBUFS, ENODEV, ENXIO};
use macros::export;

use crate::malloc::cells;

/// `IF_NAMESIZE`.
const NAME_MAX: usize = 16;

/// C `struct if_nameindex`.
#[repr(C)]
pub struct if_nameindex_entry {
    index: c_uint,
    name: *mut c_char,
}

/// The number of the interface of this name.
pub(crate) fn index_of(name: &[u8]) -> Option<u32> {
    let interfaces = net::stack().interfaces();
    interfaces.iter().find(|i| net::inet::interface::name_of(i) == name).map(|interface| interface.index)
}

/// The name of the interface with this number.
pub(crate) fn name_of(index: u32) -> Option<Vec<u8>> {
    let interfaces = net::stack().interfaces();
    let interface = interfaces.iter().find(|interface| interface.index == index)?;
    Some(net::inet::interface::name_of(interface).to_vec())
}

/// The number of an interface; 0 with `errno` set if there is none of this name.
#[export]
pub unsafe extern "C" fn if_nametoindex(name: *const c_char) -> c_uint {
    let name = CStr::from_ptr(name).to_bytes();
    match index_of(name) {
        Some(index) => index,
        None => {
            crate::errno::set(ENODEV);
            0
        }
    }
}

/// The name of an interface into `name`, which has room for 16 bytes; null with `errno` set if there
/// is none with this number.
#[export]
pub unsafe extern "C" fn if_indextoname(index: c_uint, name: *mut c_char) -> *mut c_char {
    let Some(found) = name_of(index).filter(|found| found.len() < NAME_MAX) else {
        crate::errno::set(ENXIO);
        return null_mut();
    };
    core::ptr::copy_nonoverlapping(found.as_ptr(), name.cast(), found.len());
    name.add(found.len()).write(0);
    name
}

/// All interfaces, ended by one without a name; to be freed by `if_freenameindex`.
#[export]
pub unsafe extern "C" fn if_nameindex() -> *mut if_nameindex_entry {
    let interfaces = net::stack().interfaces();
    let entries = size_of::<if_nameindex_entry>() * (interfaces.len() + 1);
    let list = cells::malloc(entries + NAME_MAX * interfaces.len()).cast::<if_nameindex_entry>();
    if list.is_null() {
        crate::errno::set(ENOBUFS);
        return list;
    }
    let names = list.cast::<u8>().add(entries);
    for (at, interface) in interfaces.iter().enumerate() {
        let name = names.add(at * NAME_MAX);
        core::ptr::copy_nonoverlapping(interface.name.as_ptr(), name, NAME_MAX);
        list.add(at).write(if_nameindex_entry { index: interface.index, name: name.cast() });
    }
    list.add(interfaces.len()).write(if_nameindex_entry { index: 0, name: null_mut() });
    list
}

/// Frees what `if_nameindex` gave.
#[export]
pub unsafe extern "C" fn if_freenameindex(list: *mut if_nameindex_entry) {
    cells::free(list.cast());
}
