//! A kernel with one of each thing that the specializer treats in a way of its own.
#![no_std]
extern crate alloc;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::alloc::{GlobalAlloc, Layout};
use core::arch::{global_asm, naked_asm};
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicUsize, Ordering};

#[repr(transparent)]
pub struct Cell<T>(UnsafeCell<T>);
// SAFETY: nothing writes it.
unsafe impl<T> Sync for Cell<T> {}

pub struct Driver {
    pub probe: fn(&[u8]) -> usize,
    pub order: u32,
}

// Rows, with names that a linker sees, as those of a kernel of many crates have. Each one's function has
// a name to look for.
#[unsafe(no_mangle)]
pub static SERIAL: Driver = Driver { probe: probe_serial, order: 1 };
#[unsafe(no_mangle)]
pub static VIRTIO_BLK: Driver = Driver { probe: probe_virtio_blk, order: 2 };
#[unsafe(no_mangle)]
pub static ROFS: Driver = Driver { probe: mount_rofs, order: 3 };
#[unsafe(no_mangle)]
pub static RAMFS: Driver = Driver { probe: mount_ramfs, order: 4 };

#[inline(never)]
#[unsafe(no_mangle)]
fn probe_serial(data: &[u8]) -> usize {
    data.len()
}

// Indexing panics: lowered to a trap.
#[inline(never)]
#[unsafe(no_mangle)]
fn probe_virtio_blk(data: &[u8]) -> usize {
    usize::from(data[3]) + usize::from(data[TUNABLE_RETRIES.read() as usize])
}

#[inline(never)]
#[unsafe(no_mangle)]
fn mount_rofs(data: &[u8]) -> usize {
    data.iter().map(|b| usize::from(*b)).sum()
}

#[inline(never)]
#[unsafe(no_mangle)]
fn mount_ramfs(data: &[u8]) -> usize {
    let grown: Vec<u8> = data.iter().map(|b| b.wrapping_mul(3)).collect();
    grown.len()
}

#[unsafe(no_mangle)]
pub static table_device: Cell<[Option<&'static Driver>; 2]> = Cell(UnsafeCell::new([Some(&SERIAL), Some(&VIRTIO_BLK)]));
#[unsafe(no_mangle)]
pub static table_filesystem: Cell<[Option<&'static Driver>; 2]> = Cell(UnsafeCell::new([Some(&ROFS), Some(&RAMFS)]));
#[unsafe(no_mangle)]
pub static TUNABLE_RETRIES: Cell<u32> = Cell(UnsafeCell::new(5));
#[unsafe(no_mangle)]
pub static TUNABLE_TRACE: Cell<bool> = Cell(UnsafeCell::new(false));

impl<T: Copy> Cell<T> {
    fn read(&self) -> T {
        // SAFETY: nothing writes it.
        unsafe { *self.0.get() }
    }
}

fn rows(table: &Cell<[Option<&'static Driver>; 2]>) -> impl Iterator<Item = &'static Driver> {
    table.read().into_iter().flatten()
}

/// Reads the device table.
#[unsafe(no_mangle)]
pub extern "C" fn open() -> usize {
    rows(&table_device).map(|row| (row.probe)(&[1, 2, 3, 4, 5, 6]) + row.order as usize).sum()
}

/// Widens the table of file systems.
#[unsafe(no_mangle)]
pub extern "C" fn mount() -> usize {
    rows(&table_filesystem).map(|row| (row.probe)(&[9, 9])).sum()
}

/// Reads the table of file systems without widening it.
#[unsafe(no_mangle)]
pub extern "C" fn stat() -> usize {
    rows(&table_filesystem).count()
}

/// Alive only if `--set trace=true`.
#[inline(never)]
#[unsafe(no_mangle)]
pub extern "C" fn trace_line() {
    COUNTER.fetch_add(1, Ordering::Relaxed);
}

#[unsafe(no_mangle)]
pub extern "C" fn write(length: usize) -> usize {
    if TUNABLE_TRACE.read() {
        trace_line();
    }
    let shapes: Box<dyn Shape> = if length > 3 { Box::new(Square(length)) } else { Box::new(Point) };
    shapes.area()
}

/// A vtable.
pub trait Shape {
    fn area(&self) -> usize;
}
pub struct Square(usize);
pub struct Point;
impl Shape for Square {
    #[inline(never)]
    fn area(&self) -> usize {
        self.0 * self.0
    }
}
impl Shape for Point {
    fn area(&self) -> usize {
        COUNTER.load(Ordering::Relaxed)
    }
}

/// Calls back: keeps its unwind tables.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn qsort(compare: extern "C-unwind" fn(usize) -> usize) -> usize {
    // No closure: a function that cannot unwind would be on the way to the callback.
    let (mut at, mut sum) = (0, 0);
    while at < 3 {
        sum += compare(at);
        at += 1;
    }
    sum
}

/// Reached from assembly alone.
#[unsafe(no_mangle)]
extern "C" fn trap_handler() {
    COUNTER.store(0, Ordering::Relaxed);
}

/// Reached from inline assembly alone.
#[unsafe(no_mangle)]
extern "C" fn from_inline_assembly() -> usize {
    COUNTER.load(Ordering::Relaxed)
}

#[unsafe(no_mangle)]
pub extern "C" fn raise() {
    // SAFETY: never run.
    unsafe { core::arch::asm!("call {}", sym from_inline_assembly, clobber_abi("C")) }
}

#[unsafe(naked)]
#[unsafe(no_mangle)]
pub extern "C" fn setjmp() {
    naked_asm!("call {}", "ret", sym trap_handler)
}

global_asm!(".pushsection .text.entry, \"ax\"", ".globl entry", "entry:", "call {}", "hlt", ".popsection", sym start);

#[unsafe(no_mangle)]
pub static exported_variable: AtomicUsize = AtomicUsize::new(0);
static COUNTER: AtomicUsize = AtomicUsize::new(7);

unsafe extern "C" {
    #[link_name = "specialize_exports"]
    static EXPORTS: [u32; 5];
    #[link_name = "specialize_exports_count"]
    static COUNT: u32;
    #[link_name = "specialize_export_strings"]
    static STRINGS: u8;
    #[link_name = "specialize_sonames"]
    static SONAMES: u8;
    #[link_name = "specialize_identity"]
    static IDENTITY: [u8; 32];
}

#[unsafe(no_mangle)]
extern "C" fn start() -> usize {
    // SAFETY: the specializer makes these.
    unsafe {
        (&raw const STRINGS).addr() + (&raw const SONAMES).addr() + EXPORTS[0] as usize + COUNT as usize
            + usize::from(IDENTITY[0])
    }
}

struct Bump;
static NEXT: AtomicUsize = AtomicUsize::new(0);
static ARENA: Cell<[u8; 4096]> = Cell(UnsafeCell::new([0; 4096]));
// SAFETY: hands out each byte once.
unsafe impl GlobalAlloc for Bump {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let at = NEXT.fetch_add(layout.size(), Ordering::Relaxed);
        if at + layout.size() > 4096 { core::ptr::null_mut() } else { ARENA.0.get().cast::<u8>().wrapping_add(at) }
    }
    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}
#[global_allocator]
static HEAP: Bump = Bump;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

macro_rules! byte_loop {
    ($name:ident, $s:ident, $n:ident, $at:ident, $body:expr) => {
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name($s: *mut u8, from: *const u8, $n: usize) -> *mut u8 {
            let _ = from;
            let mut $at = 0;
            while $at < $n {
                // SAFETY: the caller says that the range is valid.
                unsafe { $body(from) };
                $at += 1;
            }
            $s
        }
    };
}
byte_loop!(memcpy, to, n, at, |from: *const u8| *to.add(at) = *from.add(at));
byte_loop!(memset, to, n, at, |from: *const u8| *to.add(at) = from.addr() as u8);
byte_loop!(memmove, to, n, at, |from: *const u8| *to.add(at) = *from.add(at));

#[unsafe(no_mangle)]
unsafe extern "C" fn memcmp(a: *const u8, b: *const u8, n: usize) -> i32 {
    let mut at = 0;
    while at < n {
        // SAFETY: the caller says that the ranges are valid.
        let (x, y) = unsafe { (*a.add(at), *b.add(at)) };
        if x != y {
            return i32::from(x) - i32::from(y);
        }
        at += 1;
    }
    0
}

#[unsafe(no_mangle)]
unsafe extern "C" fn bcmp(a: *const u8, b: *const u8, n: usize) -> i32 {
    // SAFETY: as the caller's.
    unsafe { memcmp(a, b, n) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn strlen(text: *const u8) -> usize {
    let mut length = 0;
    // SAFETY: the caller says that a NUL ends the text.
    while unsafe { *text.add(length) } != 0 {
        length += 1;
    }
    length
}
