//! Constructors and destructors of loaded objects, in dependency order.
//!
//! Source: gABI "Initialization and Termination Functions"; glibc passes (argc, argv, envp).

use super::elf::Range;
use super::lock::{self, INITIALISED};
use super::object::Object;
use alloc::vec::Vec;
use core::cell::Cell;
use core::ffi::c_char;

/// What constructors are called with.
#[derive(Clone, Copy)]
pub struct Arguments {
    /// How many arguments there are.
    pub count: i32,
    /// The arguments, then a null.
    pub arguments: *const *const c_char,
    /// The environment, then a null.
    pub environment: *const *const c_char,
}

struct Kept(Cell<Arguments>);

// SAFETY: written once, before a second thread exists.
unsafe impl Sync for Kept {}

static ARGUMENTS: Kept =
    Kept(Cell::new(Arguments { count: 0, arguments: core::ptr::null(), environment: core::ptr::null() }));

/// Tells what constructors are called with; done once, at start.
pub fn set_arguments(arguments: Arguments) {
    ARGUMENTS.0.set(arguments);
}

/// What constructors are called with.
#[must_use]
pub fn arguments() -> Arguments {
    ARGUMENTS.0.get()
}

/// The objects in an order in which each comes after those it needs.
#[must_use]
pub fn order(objects: &[&'static Object]) -> Vec<&'static Object> {
    let mut sorted: Vec<&'static Object> = Vec::new();
    // Depth first, without recursion: a hostile chain of libraries may be long.
    for &root in objects {
        let mut path = alloc::vec![(root, 0)];
        while let Some((object, index)) = path.last_mut() {
            let object = *object;
            let next = object.needed.get().get(*index).copied();
            *index += 1;
            match next {
                Some(Some(needed)) => {
                    let known = sorted.iter().any(|&known| core::ptr::eq(known, needed));
                    let wanted = objects.iter().any(|&other| core::ptr::eq(other, needed));
                    if !known && wanted && !path.iter().any(|&(other, _)| core::ptr::eq(other, needed)) {
                        path.push((needed, 0));
                    }
                }
                Some(None) => {}
                None => {
                    path.pop();
                    if !sorted.iter().any(|&known| core::ptr::eq(known, object)) {
                        sorted.push(object);
                    }
                }
            }
        }
    }
    sorted
}

/// Calls the functions of an array.
fn call_array(object: &Object, array: Range, backwards: bool) {
    let count = array.length / 8;
    for index in 0..count {
        let index = if backwards { count - 1 - index } else { index };
        match object.memory.u64(array.address + index * 8) {
            // 0 and -1 are fillers of old tool chains.
            None | Some(0 | usize::MAX) => {}
            Some(function) => call(function),
        }
    }
}

fn call(function: usize) {
    let Arguments { count, arguments, environment } = arguments();
    // SAFETY: the object says that a constructor is here; running its code is what loading means.
    unsafe {
        let function: extern "C-unwind" fn(i32, *const *const c_char, *const *const c_char) =
            core::mem::transmute(function);
        function(count, arguments, environment);
    }
}

/// Runs an object's constructors, once.
pub fn initialise(object: &'static Object) {
    if object.initialised.replace(true) {
        return;
    }
    INITIALISED.lock().push(object);
    if object.dynamic.init != 0 {
        call(object.memory.bias.wrapping_add(object.dynamic.init));
    }
    call_array(object, object.dynamic.init_array, false);
}

/// Runs the program's `DT_PREINIT_ARRAY`.
pub fn preinitialise(program: &Object) {
    call_array(program, program.dynamic.preinit_array, false);
}

/// Runs an object's destructors, once.
pub fn finalise(object: &'static Object) {
    {
        let mut list = INITIALISED.lock();
        let Some(at) = list.iter().position(|&other| core::ptr::eq(other, object)) else { return };
        list.remove(at);
    }
    call_array(object, object.dynamic.fini_array, true);
    if object.dynamic.fini != 0 {
        call(object.memory.bias.wrapping_add(object.dynamic.fini));
    }
}

/// Runs the destructors of all objects, last initialised first: what `_dl_fini` does at `exit`.
pub extern "C" fn finalise_all() {
    let _held = lock::lock();
    loop {
        let last = INITIALISED.lock().last().copied();
        match last {
            Some(object) => finalise(object),
            None => return,
        }
    }
}
