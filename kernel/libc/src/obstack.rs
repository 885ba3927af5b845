//! `obstack.h`: stacks of objects of any size. Most of it is macros over `struct obstack`; these are
//! the functions they call when a chunk is new, full or freed.

use core::ffi::{c_char, c_int, c_long, c_uint, c_void};
use core::ptr::null_mut;

use kcore::export::Exported;
use macros::export;

/// C `struct obstack`.
#[repr(C)]
pub struct Obstack {
    chunk_size: c_long,
    chunk: *mut Chunk,
    object_base: *mut c_char,
    next_free: *mut c_char,
    chunk_limit: *mut c_char,
    temp: usize,
    alignment_mask: c_int,
    allocate: *mut c_void,
    release: *mut c_void,
    argument: *mut c_void,
    /// `use_extra_arg:1 maybe_empty_object:1 alloc_failed:1`
    flags: c_uint,
}

/// C `struct _obstack_chunk`; the contents follow.
#[repr(C)]
pub struct Chunk {
    limit: *mut c_char,
    previous: *mut Chunk,
}

const USE_ARGUMENT: c_uint = 1;
const MAYBE_EMPTY: c_uint = 2;

/// Room in the first chunk: a page less what an allocator adds, as obstack.h has it.
const CHUNK_SIZE: c_long = 4064;
const ALIGNMENT: c_int = 16;

/// Called when there is no memory; does not return.
#[export]
pub static obstack_alloc_failed_handler: Exported<unsafe extern "C-unwind" fn()> =
    Exported::new(print_and_abort);

/// The exit status of the default handler.
#[export]
pub static obstack_exit_failure: Exported<c_int> = Exported::new(1);

unsafe extern "C-unwind" fn print_and_abort() {
    let message = b"memory exhausted\n";
    // SAFETY: the message is readable; `exit` runs the application's own handlers.
    unsafe {
        crate::unistd::io::write(2, message.as_ptr().cast(), message.len());
        crate::start::exit(*obstack_exit_failure.get())
    }
}

unsafe extern "C-unwind" fn new_chunk(stack: &Obstack, size: c_long) -> *mut Chunk {
    // SAFETY: the functions are the caller's, of the kind the flag says.
    unsafe {
        let chunk = if stack.flags & USE_ARGUMENT != 0 {
            let allocate: extern "C-unwind" fn(*mut c_void, c_long) -> *mut Chunk =
                core::mem::transmute(stack.allocate);
            allocate(stack.argument, size)
        } else {
            let allocate: extern "C-unwind" fn(c_long) -> *mut Chunk = core::mem::transmute(stack.allocate);
            allocate(size)
        };
        if chunk.is_null() {
            (*obstack_alloc_failed_handler.get())();
        }
        chunk
    }
}

unsafe extern "C-unwind" fn free_chunk(stack: &Obstack, chunk: *mut Chunk) {
    // SAFETY: as in `new_chunk`.
    unsafe {
        if stack.flags & USE_ARGUMENT != 0 {
            let release: extern "C-unwind" fn(*mut c_void, *mut Chunk) = core::mem::transmute(stack.release);
            release(stack.argument, chunk);
        } else {
            let release: extern "C-unwind" fn(*mut Chunk) = core::mem::transmute(stack.release);
            release(chunk);
        }
    }
}

fn aligned(address: *mut c_char, mask: c_int) -> *mut c_char {
    let misaligned = address.addr() & mask as usize;
    if misaligned == 0 { address } else { address.wrapping_add(mask as usize + 1 - misaligned) }
}

/// The first byte of the contents of `chunk`.
fn contents(chunk: *mut Chunk, mask: c_int) -> *mut c_char {
    aligned(chunk.wrapping_add(1).cast(), mask)
}

unsafe extern "C-unwind" fn begin(stack: *mut Obstack, size: c_int, alignment: c_int) -> c_int {
    // SAFETY: the caller gives a `struct obstack` whose functions are set.
    unsafe {
        let stack = &mut *stack;
        stack.chunk_size = if size == 0 { CHUNK_SIZE } else { c_long::from(size) };
        stack.alignment_mask = if alignment == 0 { ALIGNMENT } else { alignment } - 1;
        let chunk = new_chunk(stack, stack.chunk_size);
        stack.chunk = chunk;
        stack.object_base = contents(chunk, stack.alignment_mask);
        stack.next_free = stack.object_base;
        stack.chunk_limit = chunk.cast::<c_char>().add(stack.chunk_size as usize);
        chunk.write(Chunk { limit: stack.chunk_limit, previous: null_mut() });
        stack.flags &= USE_ARGUMENT;
    }
    1
}

/// `obstack_begin`: sets up a stack with these functions for its chunks.
#[export]
pub unsafe extern "C-unwind" fn _obstack_begin(
    stack: *mut Obstack,
    size: c_int,
    alignment: c_int,
    allocate: *mut c_void,
    release: *mut c_void,
) -> c_int {
    // SAFETY: the caller gives a `struct obstack`.
    unsafe {
        (*stack).allocate = allocate;
        (*stack).release = release;
        (*stack).flags = 0;
        begin(stack, size, alignment)
    }
}

/// [`_obstack_begin`] whose functions take `argument` first.
#[export]
pub unsafe extern "C-unwind" fn _obstack_begin_1(
    stack: *mut Obstack,
    size: c_int,
    alignment: c_int,
    allocate: *mut c_void,
    release: *mut c_void,
    argument: *mut c_void,
) -> c_int {
    // SAFETY: the caller gives a `struct obstack`.
    unsafe {
        (*stack).allocate = allocate;
        (*stack).release = release;
        (*stack).argument = argument;
        (*stack).flags = USE_ARGUMENT;
        begin(stack, size, alignment)
    }
}

/// Moves the growing object to a new chunk that has room for `length` bytes more.
#[export]
pub unsafe extern "C-unwind" fn _obstack_newchunk(stack: *mut Obstack, length: c_int) {
    // SAFETY: the caller gives a stack that is set up.
    unsafe {
        let stack = &mut *stack;
        let grown = stack.next_free.offset_from(stack.object_base);
        let wanted = grown as c_long + c_long::from(length) + c_long::from(stack.alignment_mask);
        let size =
            (wanted + (grown as c_long >> 3) + size_of::<Chunk>() as c_long + 100).max(stack.chunk_size);
        let old = stack.chunk;
        let chunk = new_chunk(stack, size);
        stack.chunk = chunk;
        stack.chunk_limit = chunk.cast::<c_char>().add(size as usize);
        chunk.write(Chunk { limit: stack.chunk_limit, previous: old });
        let base = contents(chunk, stack.alignment_mask);
        core::ptr::copy_nonoverlapping(stack.object_base, base, grown as usize);
        // The old chunk held this object alone: nothing refers to it now.
        if stack.flags & MAYBE_EMPTY == 0 && stack.object_base == contents(old, stack.alignment_mask) {
            (*chunk).previous = (*old).previous;
            free_chunk(stack, old);
        }
        stack.object_base = base;
        stack.next_free = base.add(grown as usize);
        stack.flags &= !MAYBE_EMPTY;
    }
}

unsafe fn holds(chunk: *mut Chunk, object: *mut c_void) -> bool {
    let object = object.cast::<c_char>();
    // SAFETY: `chunk` is a chunk of a stack.
    chunk.cast::<c_char>() < object && unsafe { (*chunk).limit } >= object
}

/// Whether `object` is in a chunk of the stack: 1 or 0.
#[export]
pub unsafe extern "C" fn _obstack_allocated_p(stack: *mut Obstack, object: *mut c_void) -> c_int {
    // SAFETY: the caller gives a stack that is set up.
    unsafe {
        let mut chunk = (*stack).chunk;
        while !chunk.is_null() && !holds(chunk, object) {
            chunk = (*chunk).previous;
        }
        c_int::from(!chunk.is_null())
    }
}

/// Frees `object` and all that came after it; null frees everything.
#[export]
pub unsafe extern "C-unwind" fn obstack_free(stack: *mut Obstack, object: *mut c_void) {
    // SAFETY: the caller gives a stack that is set up, and an object of it.
    unsafe {
        let stack = &mut *stack;
        let mut chunk = stack.chunk;
        while !chunk.is_null() && !holds(chunk, object) {
            let previous = (*chunk).previous;
            free_chunk(stack, chunk);
            chunk = previous;
            stack.flags |= MAYBE_EMPTY;
        }
        if !chunk.is_null() {
            stack.object_base = object.cast();
            stack.next_free = object.cast();
            stack.chunk_limit = (*chunk).limit;
            stack.chunk = chunk;
        } else if !object.is_null() {
            crate::start::abort();
        }
    }
}

/// The bytes that the stack's chunks take.
#[export]
pub unsafe extern "C" fn _obstack_memory_used(stack: *mut Obstack) -> c_int {
    let mut bytes = 0;
    // SAFETY: the caller gives a stack that is set up.
    unsafe {
        let mut chunk = (*stack).chunk;
        while !chunk.is_null() {
            bytes += (*chunk).limit.offset_from(chunk.cast()) as c_int;
            chunk = (*chunk).previous;
        }
    }
    bytes
}
