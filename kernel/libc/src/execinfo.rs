//! `<execinfo.h>`: backtraces, by the unwinder that the application has loaded.

use crate::malloc::cells;
use crate::pthread::cancel::unwinder;
use alloc::vec::Vec;
use core::ffi::{c_char, c_int, c_void};
use core::ptr::null_mut;
use kcore::loader::message::hexadecimal;
use kcore::loader::open;
use kcore::vfs::fd;
use macros::export;

/// What is filled in while the unwinder walks.
struct Trace {
    to: *mut *mut c_void,
    room: c_int,
    /// Frames seen; the first is `backtrace` itself.
    seen: c_int,
    instruction: extern "C" fn(*mut c_void) -> usize,
}

type Visit = extern "C-unwind" fn(*mut c_void, *mut Trace) -> c_int;

/// The return addresses of the calling functions, innermost first; how many there are. Zero if no
/// libgcc_s is loaded.
#[export]
pub unsafe extern "C-unwind" fn backtrace(to: *mut *mut c_void, room: c_int) -> c_int {
    let (Some(walk), Some(instruction)) = (unwinder(b"_Unwind_Backtrace"), unwinder(b"_Unwind_GetIP")) else {
        return 0;
    };
    // SAFETY: the unwinder's functions of these names have these types.
    let (walk, instruction) = unsafe {
        (
            core::mem::transmute::<usize, extern "C-unwind" fn(Visit, *mut Trace) -> c_int>(walk),
            core::mem::transmute::<usize, extern "C" fn(*mut c_void) -> usize>(instruction),
        )
    };
    let mut trace = Trace { to, room: room.max(0), seen: -1, instruction };
    walk(visit, &raw mut trace);
    trace.seen.clamp(0, trace.room)
}

extern "C-unwind" fn visit(context: *mut c_void, trace: *mut Trace) -> c_int {
    /// `_URC_END_OF_STACK`.
    const END: c_int = 5;
    // SAFETY: `backtrace` passes its own; the array has room for that many.
    unsafe {
        let trace = &mut *trace;
        if trace.seen >= trace.room {
            return END;
        }
        if trace.seen >= 0 {
            *trace.to.add(trace.seen as usize) = (trace.instruction)(context) as *mut c_void;
        }
        trace.seen += 1;
    }
    0
}

/// `FILE(SYMBOL+0xOFFSET) [0xADDRESS]`, as glibc writes it.
fn describe(address: usize) -> Vec<u8> {
    let mut text = Vec::new();
    if let Some((object, symbol)) = open::locate(address) {
        let program = kcore::process::arguments().first().map_or(&b""[..], |path| path);
        text.extend_from_slice(if object.is_program { program } else { object.path() });
        text.push(b'(');
        let from = match symbol.and_then(|symbol| Some((object.string(symbol.name())?, symbol))) {
            Some((name, symbol)) => {
                text.extend_from_slice(name);
                object.address_of(&symbol)
            }
            None => object.memory.bias,
        };
        text.extend_from_slice(b"+0x");
        text.extend_from_slice(&hexadecimal(address.wrapping_sub(from)));
        text.extend_from_slice(b") ");
    }
    text.extend_from_slice(b"[0x");
    text.extend_from_slice(&hexadecimal(address));
    text.push(b']');
    text
}

/// A text for each address: one block from `malloc`, or null with `ENOMEM`.
#[export]
pub unsafe extern "C" fn backtrace_symbols(addresses: *const *mut c_void, count: c_int) -> *mut *mut c_char {
    let count = count.max(0) as usize;
    // SAFETY: the caller's: that many addresses.
    let texts: Vec<Vec<u8>> = (0..count).map(|at| describe(unsafe { *addresses.add(at) }.addr())).collect();
    let length = count * 8 + texts.iter().map(|text| text.len() + 1).sum::<usize>();
    // SAFETY: the block is as long as all pointers and strings together.
    unsafe {
        let block = cells::malloc(length).cast::<*mut c_char>();
        if block.is_null() {
            return null_mut();
        }
        let mut at = block.add(count).cast::<u8>();
        for (index, text) in texts.iter().enumerate() {
            *block.add(index) = at.cast();
            at.copy_from_nonoverlapping(text.as_ptr(), text.len());
            at.add(text.len()).write(0);
            at = at.add(text.len() + 1);
        }
        block
    }
}

/// Writes a line for each address to a descriptor.
#[export]
pub unsafe extern "C" fn backtrace_symbols_fd(
    addresses: *const *mut c_void,
    count: c_int,
    descriptor: c_int,
) {
    let Ok(file) = fd::get(descriptor) else { return };
    for at in 0..count.max(0) as usize {
        // SAFETY: the caller's: that many addresses.
        let mut line = describe(unsafe { *addresses.add(at) }.addr());
        line.push(b'\n');
        // There is nobody to tell that it could not be written.
        let _ = file.write(&line);
    }
}
