//! `<dlfcn.h>`: libraries at run time.

use crate::error::text;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::arch::naked_asm;
use core::ffi::{c_char, c_int, c_long, c_void};
use core::ptr::{null, null_mut};
use core::sync::atomic::Ordering;
use kcore::loader::object::LinkMap;
use kcore::loader::open::{self, Look};
use kcore::loader::{lock, tls as storage, unwind};
use kcore::tls;
use macros::export;

/// A message that `dlerror` has not handed out yet, or has.
struct Pending {
    message: Vec<u8>,
    told: bool,
}

fn set_error(mut message: Vec<u8>) {
    message.push(0);
    let new = Box::into_raw(Box::new(Pending { message, told: false }));
    drop_error(tls::current().dlerror.swap(new.cast(), Ordering::Relaxed));
}

fn drop_error(old: *mut c_void) {
    if !old.is_null() {
        // SAFETY: `set_error` made it, and it is no longer the thread's.
        drop(unsafe { Box::from_raw(old.cast::<Pending>()) });
    }
}

/// What went wrong in the calling thread since the last call; null if nothing did.
#[export]
pub extern "C" fn dlerror() -> *mut c_char {
    let pending = tls::current().dlerror.load(Ordering::Relaxed).cast::<Pending>();
    // SAFETY: the pending message is the calling thread's.
    match unsafe { pending.as_mut() } {
        Some(pending) if !pending.told => {
            pending.told = true;
            pending.message.as_mut_ptr().cast()
        }
        _ => null_mut(),
    }
}

/// Opens a library: its handle, or null and a message for `dlerror`.
#[cfg(target_arch = "x86_64")]
#[export]
#[unsafe(naked)]
pub unsafe extern "C-unwind" fn dlopen(name: *const c_char, flags: c_int) -> *mut c_void {
    // The return address says who asks.
    naked_asm!("mov rdx, [rsp]", "jmp {}", sym open_from)
}

unsafe extern "C-unwind" fn open_from(name: *const c_char, flags: c_int, caller: usize) -> *mut c_void {
    // SAFETY: the caller's contract: null or a string.
    let name = (!name.is_null()).then(|| unsafe { text(name) });
    match open::open(name, flags, caller) {
        Ok(handle) => handle.cast(),
        Err(message) => {
            set_error(message);
            null_mut()
        }
    }
}

/// Opens a library in a namespace; there is the base one only (`LM_ID_BASE`).
#[export]
pub unsafe extern "C-unwind" fn dlmopen(space: c_long, name: *const c_char, flags: c_int) -> *mut c_void {
    if space != 0 {
        set_error(b"dlmopen: no more namespaces available".to_vec());
        return null_mut();
    }
    // SAFETY: the caller's contract.
    unsafe { open_from(name, flags, 0) }
}

/// Takes back one `dlopen`. Zero, or -1 and a message for `dlerror`.
#[export]
pub extern "C-unwind" fn dlclose(handle: *mut c_void) -> c_int {
    match open::close(handle.cast()) {
        Ok(()) => 0,
        Err(message) => {
            set_error(message);
            -1
        }
    }
}

/// The address of a symbol, or null and a message for `dlerror`.
#[cfg(target_arch = "x86_64")]
#[export]
#[unsafe(naked)]
pub unsafe extern "C" fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void {
    naked_asm!("mov rcx, [rsp]", "xor edx, edx", "jmp {}", sym symbol_from)
}

/// The address of a symbol of this version, or null and a message for `dlerror`.
#[cfg(target_arch = "x86_64")]
#[export]
#[unsafe(naked)]
pub unsafe extern "C" fn dlvsym(
    handle: *mut c_void,
    name: *const c_char,
    version: *const c_char,
) -> *mut c_void {
    naked_asm!("mov rcx, [rsp]", "jmp {}", sym symbol_from)
}

unsafe extern "C" fn symbol_from(
    handle: *mut c_void,
    name: *const c_char,
    version: *const c_char,
    caller: usize,
) -> *mut c_void {
    let look = match handle.addr() {
        0 => Look::Default,
        usize::MAX => Look::Next,
        _ => Look::Handle(handle.cast()),
    };
    // SAFETY: the caller's contract.
    let (name, version) = unsafe { (text(name), (!version.is_null()).then(|| text(version))) };
    match open::symbol(look, name, version, caller) {
        Ok(address) => address as *mut c_void,
        Err(message) => {
            set_error(message);
            null_mut()
        }
    }
}

/// What `dladdr` fills in (`Dl_info`).
#[repr(C)]
pub struct Dl_info {
    /// Path of the object.
    dli_fname: *const c_char,
    /// Its first address.
    dli_fbase: *mut c_void,
    /// Name of the nearest symbol, or null.
    dli_sname: *const c_char,
    /// Its address, or null.
    dli_saddr: *mut c_void,
}

/// The object and symbol at an address: non-zero, or 0 if no object is there.
#[export]
pub unsafe extern "C" fn dladdr(address: *const c_void, info: *mut Dl_info) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { dladdr1(address, info, null_mut(), 0) }
}

/// As `dladdr`; with `flags` 2 (`RTLD_DL_LINKMAP`) also the object's link map. The symbol table's
/// entry (`RTLD_DL_SYMENT`) comes out of the mapped object.
#[export]
pub unsafe extern "C" fn dladdr1(
    address: *const c_void,
    info: *mut Dl_info,
    extra: *mut *mut c_void,
    flags: c_int,
) -> c_int {
    const SYMBOL: c_int = 1;
    const LINK_MAP: c_int = 2;
    let Some((object, symbol)) = open::locate(address.addr()) else { return 0 };
    let name = if object.is_program {
        kcore::loader::start::auxiliary(31).map_or(null(), |name| name as *const c_char)
    } else {
        object.path.as_ptr().cast()
    };
    let symbol_name = symbol.and_then(|symbol| object.string(symbol.name()));
    // SAFETY: the caller's: `info` and, with those flags, `extra` point at room for the answer.
    unsafe {
        *info = Dl_info {
            dli_fname: name,
            dli_fbase: object.range().0 as *mut c_void,
            dli_sname: symbol_name.map_or(null(), |name| name.as_ptr().cast()),
            dli_saddr: symbol.map_or(null_mut(), |symbol| object.address_of(&symbol) as *mut c_void),
        };
        match flags {
            SYMBOL => {
                *extra = symbol.map_or(null_mut(), |symbol| symbol.0.as_ptr().cast_mut().cast());
            }
            LINK_MAP => *extra = object.handle().cast(),
            _ => {}
        }
    }
    1
}

/// Tells about an open library (`RTLD_DI_…`). Zero, or -1 and a message for `dlerror`.
#[export]
pub unsafe extern "C" fn dlinfo(handle: *mut c_void, request: c_int, argument: *mut c_void) -> c_int {
    let Some(member) = open::member(handle.cast::<LinkMap>()) else {
        set_error(b"invalid handle".to_vec());
        return -1;
    };
    // SAFETY: the caller's: `argument` points at room for what this request answers.
    unsafe {
        match (request, member) {
            // RTLD_DI_LMID
            (1, _) => argument.cast::<c_long>().write(0),
            // RTLD_DI_LINKMAP
            (2, member) => argument.cast::<*mut LinkMap>().write(open::handle(member)),
            // RTLD_DI_ORIGIN
            (6, Some(object)) => {
                let origin = object.origin();
                argument.cast::<u8>().copy_from(origin.as_ptr(), origin.len());
                argument.cast::<u8>().add(origin.len()).write(0);
            }
            // RTLD_DI_TLS_MODID
            (9, Some(object)) => argument.cast::<usize>().write(object.tls_module.get()),
            // RTLD_DI_TLS_DATA
            (10, Some(object)) => argument.cast::<*mut u8>().write(match object.tls_module.get() {
                0 => null_mut(),
                _ => storage::existing(object),
            }),
            _ => {
                set_error(b"unsupported dlinfo request".to_vec());
                return -1;
            }
        }
    }
    0
}

/// The address of a thread-local variable of the calling thread's: what compilers call for
/// variables of libraries.
#[export]
pub extern "C" fn __tls_get_addr(index: &storage::Index) -> *mut c_void {
    storage::address(index).cast()
}

/// What `_dl_find_object` fills in (`<dlfcn.h>`, glibc 2.35).
#[repr(C)]
pub struct dl_find_object {
    dlfo_flags: u64,
    dlfo_map_start: *mut c_void,
    dlfo_map_end: *mut c_void,
    dlfo_link_map: *mut LinkMap,
    dlfo_eh_frame: *mut c_void,
    reserved: [u64; 7],
}

/// The unwind tables of the object at an address. Zero, or -1 if there are none.
#[export]
pub unsafe extern "C" fn _dl_find_object(address: *mut c_void, result: *mut dl_find_object) -> c_int {
    let Some(found) = unwind::find(address.addr()) else { return -1 };
    // SAFETY: the caller's: `result` points at room for the answer.
    unsafe {
        *result = dl_find_object {
            dlfo_flags: 0,
            dlfo_map_start: found.start as *mut c_void,
            dlfo_map_end: found.end as *mut c_void,
            dlfo_link_map: found.link as *mut LinkMap,
            dlfo_eh_frame: found.header as *mut c_void,
            reserved: [0; 7],
        };
    }
    0
}

/// What `dl_iterate_phdr` shows of an object (`<link.h>`).
#[repr(C)]
pub struct dl_phdr_info {
    dlpi_addr: usize,
    dlpi_name: *const c_char,
    dlpi_phdr: *const c_void,
    dlpi_phnum: u16,
    dlpi_adds: u64,
    dlpi_subs: u64,
    dlpi_tls_modid: usize,
    dlpi_tls_data: *mut c_void,
}

/// Calls `visit` for each loaded object until it returns something other than 0, and returns that.
#[export]
pub unsafe extern "C-unwind" fn dl_iterate_phdr(
    visit: extern "C-unwind" fn(*mut dl_phdr_info, usize, *mut c_void) -> c_int,
    data: *mut c_void,
) -> c_int {
    let objects = lock::copy(&lock::OBJECTS);
    let count = objects.len() as u64;
    // Not a `for` loop over the vector: what it borrows would have to be dropped when `visit` unwinds.
    let (first, length) = (objects.as_ptr(), objects.len());
    let mut index = 0;
    while index < length {
        // SAFETY: the vector is this long and lives until the end.
        let object = unsafe { *first.add(index) };
        index += 1;
        let module = object.tls_module.get();
        let mut info = dl_phdr_info {
            dlpi_addr: object.memory.bias,
            dlpi_name: if object.is_program { c"".as_ptr() } else { object.path.as_ptr().cast() },
            dlpi_phdr: object
                .layout
                .headers
                .map_or(null(), |at| object.memory.bias.wrapping_add(at) as *const c_void),
            dlpi_phnum: object.layout.header_count as u16,
            dlpi_adds: count,
            dlpi_subs: 0,
            dlpi_tls_modid: module,
            dlpi_tls_data: if module == 0 { null_mut() } else { storage::existing(object).cast() },
        };
        let result = visit(&raw mut info, size_of::<dl_phdr_info>(), data);
        if result != 0 {
            return result;
        }
    }
    0
}
