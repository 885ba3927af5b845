//! Thread-local storage of loaded objects: the static blocks below each control block, the dynamic
//! thread vectors, and TLS descriptors.
//!
//! Source: Ulrich Drepper, "ELF Handling for Thread-Local Storage", variant II; psABI for
//! `TLSDESC`. Module numbers are never used twice, so a vector needs no generations.

use super::object::Object;
use crate::sync::SpinLock;
use crate::tls::{self, Tcb};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::alloc::Layout;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicUsize, Ordering};

/// Static space kept for libraries opened later whose code wants it (initial-exec).
const SURPLUS: usize = 512;

/// An object with thread-local variables.
#[derive(Clone, Copy)]
struct Module {
    /// None once it has been closed.
    object: Option<&'static Object>,
    /// How far below the control block its static block starts; 0 if it has none.
    offset: usize,
}

/// Modules by number, less one.
static MODULES: SpinLock<Vec<Module>> = SpinLock::new(Vec::new());
/// Bytes of static space in use.
static USED: AtomicUsize = AtomicUsize::new(0);
/// Bytes of static space each thread has, surplus included; 0 until the program is laid out.
static SPACE: AtomicUsize = AtomicUsize::new(0);
/// The largest alignment of a static block.
static ALIGNMENT: AtomicUsize = AtomicUsize::new(align_of::<Tcb>());

/// Gives an object that was just mapped its module number; `at_start` also a static block.
pub fn register(object: &'static Object, at_start: bool) {
    if object.layout.tls.is_none() {
        return;
    }
    {
        let mut modules = MODULES.lock();
        modules.push(Module { object: Some(object), offset: 0 });
        object.tls_module.set(modules.len());
    }
    if at_start {
        static_offset(object);
    }
}

/// Forgets an object that is closed.
pub fn unregister(object: &'static Object) {
    if let Some(module) = MODULES.lock().get_mut(object.tls_module.get().wrapping_sub(1)) {
        module.object = None;
    }
}

fn module(number: usize) -> Option<Module> {
    MODULES.lock().get(number.wrapping_sub(1)).copied()
}

/// How far below a control block the object's static block starts. A library opened at run time
/// gets one out of the surplus at the first request; none if that is used up.
pub fn static_offset(object: &'static Object) -> Option<usize> {
    let (number, image) = (object.tls_module.get(), object.layout.tls?);
    let offset = module(number)?.offset;
    if offset != 0 {
        return Some(offset);
    }
    let (used, space) = (USED.load(Ordering::Relaxed), SPACE.load(Ordering::Relaxed));
    // The block's address has to be congruent to the image's.
    let skew = image.address.wrapping_neg() & (image.alignment - 1);
    let offset = (used + image.length - skew.min(image.length)).next_multiple_of(image.alignment) + skew;
    if space != 0 {
        if offset > space || image.alignment > ALIGNMENT.load(Ordering::Relaxed) {
            return None;
        }
    } else {
        ALIGNMENT.fetch_max(image.alignment, Ordering::Relaxed);
    }
    USED.store(offset, Ordering::Relaxed);
    if let Some(module) = MODULES.lock().get_mut(number - 1) {
        module.offset = offset;
    }
    Some(offset)
}

/// Bytes and alignment of what a thread needs: its static space and its control block.
///
/// The first call settles the static space, so it comes after the program's objects are registered.
#[must_use]
pub fn thread_layout() -> Layout {
    let alignment = ALIGNMENT.load(Ordering::Relaxed);
    if SPACE.load(Ordering::Relaxed) == 0 {
        let space = (USED.load(Ordering::Relaxed) + SURPLUS).next_multiple_of(alignment);
        SPACE.store(space, Ordering::Relaxed);
    }
    let size = SPACE.load(Ordering::Relaxed) + size_of::<Tcb>().next_multiple_of(alignment);
    // The alignment is a power of two of at most 2^20 and the size far from overflowing.
    Layout::from_size_align(size, alignment).unwrap_or(Layout::new::<Tcb>())
}

/// Where in memory for [`thread_layout`] the control block is.
///
/// # Safety
/// `memory` is zeroed memory of that layout.
#[must_use]
pub unsafe fn control_block(memory: *mut u8) -> *mut Tcb {
    // SAFETY: the static space comes first, then the control block.
    unsafe { memory.add(SPACE.load(Ordering::Relaxed)).cast() }
}

/// Copies the initial images into a new thread's static blocks, which are zero.
///
/// # Safety
/// `block` is from [`control_block`] and no other thread uses its static blocks yet.
pub unsafe fn fill(block: *mut Tcb) {
    let count = MODULES.lock().len();
    for number in 1..=count {
        if let Some(Module { object: Some(object), offset }) = module(number)
            && offset != 0
        {
            // SAFETY: the block starts that far below the control block.
            unsafe { fill_one(object, block.cast::<u8>().sub(offset)) };
        }
    }
}

/// Copies an object's image to `to`, which is zeroed and as long as the image asks for.
unsafe fn fill_one(object: &Object, to: *mut u8) {
    let Some(image) = object.layout.tls else { return };
    if let Some(from) = object.memory.pointer(image.address, image.file_length) {
        // SAFETY: a segment holds the image; the caller's word for the target.
        unsafe { to.copy_from_nonoverlapping(from, image.file_length) };
    }
}

/// Fills the static block of an object opened at run time, in all threads.
pub fn fill_everywhere(object: &'static Object) {
    if let Some(Module { offset: offset @ 1.., .. }) = module(object.tls_module.get()) {
        // SAFETY: the surplus is zeroed, and nobody has used this part of it.
        tls::for_each(&mut |block| unsafe {
            fill_one(object, core::ptr::from_ref(block).cast::<u8>().cast_mut().sub(offset));
        });
    }
}

/// A thread's block of one module.
#[derive(Clone, Copy)]
struct Block {
    at: *mut u8,
    /// What to free: none for a static block.
    owned: Option<Layout>,
}

/// A thread's blocks, by module number.
type Vector = Vec<Block>;

/// What `__tls_get_addr` is given (`tls_index`).
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Index {
    /// The module's number.
    pub module: usize,
    /// Offset in the module's block.
    pub offset: usize,
}

/// The address of a thread-local variable in the calling thread, whose block is made at first use.
pub extern "C" fn address(index: &Index) -> *mut u8 {
    let vector = tls::current().dtv.load(Ordering::Relaxed).cast::<Vector>();
    // SAFETY: the vector is the calling thread's own, and null or made by `slow`.
    if let Some(block) = unsafe { vector.as_ref() }.and_then(|vector| vector.get(index.module))
        && !block.at.is_null()
    {
        return block.at.wrapping_add(index.offset);
    }
    block_of(index.module).wrapping_add(index.offset)
}

#[cold]
fn block_of(number: usize) -> *mut u8 {
    let tcb = tls::current();
    let Some(Module { object: Some(object), offset }) = module(number) else { return null_mut() };
    let block = if offset != 0 {
        let at = core::ptr::from_ref(tcb).cast::<u8>().cast_mut().wrapping_sub(offset);
        Block { at, owned: None }
    } else {
        let image = object.layout.tls.unwrap_or_default();
        let Ok(layout) = Layout::from_size_align(image.length.max(1), image.alignment.max(16)) else {
            return null_mut();
        };
        // SAFETY: the layout is not empty; the fresh block is as long as the image asks for.
        unsafe {
            let at = alloc::alloc::alloc_zeroed(layout);
            if at.is_null() {
                alloc::alloc::handle_alloc_error(layout);
            }
            fill_one(object, at);
            Block { at, owned: Some(layout) }
        }
    };
    let mut vector = tcb.dtv.load(Ordering::Relaxed).cast::<Vector>();
    if vector.is_null() {
        vector = Box::into_raw(Box::default());
        tcb.dtv.store(vector.cast(), Ordering::Relaxed);
    }
    // SAFETY: the vector is the calling thread's own.
    let vector = unsafe { &mut *vector };
    if vector.len() <= number {
        vector.resize(number + 1, Block { at: null_mut(), owned: None });
    }
    vector[number] = block;
    block.at
}

/// The calling thread's block of an object, if it has one already (`dlinfo`, `dl_iterate_phdr`).
#[must_use]
pub fn existing(object: &Object) -> *mut u8 {
    let number = object.tls_module.get();
    let tcb = tls::current();
    match module(number) {
        Some(Module { offset: offset @ 1.., .. }) => {
            core::ptr::from_ref(tcb).cast::<u8>().cast_mut().wrapping_sub(offset)
        }
        _ => {
            let vector = tcb.dtv.load(Ordering::Relaxed).cast::<Vector>();
            // SAFETY: the vector is the calling thread's own, and null or made by `block_of`.
            unsafe { vector.as_ref() }
                .and_then(|vector| vector.get(number))
                .map_or(null_mut(), |block| block.at)
        }
    }
}

/// Frees the dynamic blocks of a thread that has ended, or is about to.
pub fn release(tcb: &Tcb) {
    let vector = tcb.dtv.swap(null_mut(), Ordering::Relaxed).cast::<Vector>();
    if vector.is_null() {
        return;
    }
    // SAFETY: `block_of` made the vector and its owned blocks; the thread uses them no more.
    unsafe {
        for block in *Box::from_raw(vector) {
            if let Some(layout) = block.owned {
                alloc::alloc::dealloc(block.at, layout);
            }
        }
    }
}

/// The two words of a TLS descriptor for `value` bytes into an object's block.
#[must_use]
pub fn descriptor(owner: &'static Object, value: usize) -> (usize, usize) {
    match static_offset(owner) {
        Some(offset) => (descriptors::fixed as *const () as usize, value.wrapping_sub(offset)),
        None => {
            // Lives as long as the object, which may be for good.
            let index = Box::leak(Box::new(Index { module: owner.tls_module.get(), offset: value }));
            (descriptors::dynamic as *const () as usize, core::ptr::from_ref(index) as usize)
        }
    }
}

/// The descriptor of a weak variable that nothing defines: its address comes out as `addend`.
#[must_use]
pub fn undefined_descriptor(addend: usize) -> (usize, usize) {
    (descriptors::undefined as *const () as usize, addend)
}

/// Descriptor functions: given the descriptor's address in rax, they return the variable's offset
/// from `%fs:0` there and keep every other register.
#[cfg(target_arch = "x86_64")]
mod descriptors {
    use core::arch::naked_asm;

    #[unsafe(naked)]
    pub extern "C" fn fixed() {
        naked_asm!("mov rax, [rax + 8]", "ret")
    }

    #[unsafe(naked)]
    pub extern "C" fn undefined() {
        naked_asm!("mov rax, [rax + 8]", "sub rax, fs:[0]", "ret")
    }

    /// Our own code uses SSE registers at most, so FXSAVE keeps all that it could change.
    #[unsafe(naked)]
    pub extern "C" fn dynamic() {
        naked_asm!(
            "push rbp",
            "mov rbp, rsp",
            "push rdi",
            "push rsi",
            "push rdx",
            "push rcx",
            "push r8",
            "push r9",
            "push r10",
            "push r11",
            "sub rsp, 512",
            "and rsp, -16",
            "fxsave64 [rsp]",
            "mov rdi, [rax + 8]",
            "call {address}",
            "fxrstor64 [rsp]",
            "lea rsp, [rbp - 64]",
            "pop r11",
            "pop r10",
            "pop r9",
            "pop r8",
            "pop rcx",
            "pop rdx",
            "pop rsi",
            "pop rdi",
            "pop rbp",
            "sub rax, fs:[0]",
            "ret",
            address = sym super::address,
        )
    }
}

/// Makes the calling thread's control block, for the first thread.
///
/// # Safety
/// Called once, after the program's objects are registered and before any thread is started.
#[must_use]
pub unsafe fn first_block(canary: usize, pointer_guard: usize) -> *mut Tcb {
    let layout = thread_layout();
    // SAFETY: the layout is not empty; the memory is zeroed and of that layout.
    unsafe {
        let memory = alloc::alloc::alloc_zeroed(layout);
        if memory.is_null() {
            alloc::alloc::handle_alloc_error(layout);
        }
        let block = control_block(memory);
        Tcb::initialise(block, canary, pointer_guard);
        block
    }
}
