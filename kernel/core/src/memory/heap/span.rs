//! Spans: a few pages of objects of one size, with a header in front.

use super::super::frames::{self, Tag};
use super::classes;
use super::{For, block_at};
use crate::sync::SpinLock;
use core::ptr;
use hal::mem::{PAGE_SHIFT, PAGE_SIZE};

/// The tag of a span's pages: this plus log2 of their number.
const TAG_SPAN: u8 = 0x10;
const HIGHEST_ORDER: u8 = 8;

/// log2 of the pages of the span that a page with this tag is in.
pub(super) fn order_of(tag: Tag) -> Option<u32> {
    (TAG_SPAN..=TAG_SPAN + HIGHEST_ORDER).contains(&tag.0).then(|| u32::from(tag.0 - TAG_SPAN))
}

/// A free object: the next one.
pub(super) struct Object {
    pub(super) next: *mut Object,
}

/// What is at the start of a span.
struct Span {
    next: *mut Span,
    previous: *mut Span,
    /// Objects that were used and given back.
    free: *mut Object,
    /// Objects that are out, in use or in a cache.
    out: u32,
    /// Objects that have ever been out: those behind are not even touched.
    started: u32,
    capacity: u32,
    class: u32,
}

const HEADER: usize = 64;
const _: () = assert!(size_of::<Span>() <= HEADER);

/// Where the first object of a span is: those of a power of two are aligned to their size.
fn first_offset(class: usize) -> usize {
    let size = classes::size(class);
    if size.is_power_of_two() { size.max(HEADER) } else { HEADER }
}

/// The spans of one class that have objects to give.
struct Class {
    spans: *mut Span,
}

// SAFETY: the spans are the class's, and it is behind a lock.
unsafe impl Send for Class {}

static CLASSES: [SpinLock<Class>; classes::COUNT] =
    [const { SpinLock::new(Class { spans: ptr::null_mut() }) }; classes::COUNT];

/// The span that an object is in.
fn span_of(object: *mut u8, order: u32) -> *mut Span {
    object.map_addr(|address| address & !((PAGE_SIZE << order) - 1)).cast()
}

/// The size of an object's class.
///
/// # Safety
/// The object is in use, in a span of this order.
pub(super) unsafe fn object_size(object: *mut u8, order: u32) -> usize {
    classes::size(unsafe { class_of(object, order) })
}

/// An object's class.
///
/// # Safety
/// As for [`object_size`].
pub(super) unsafe fn class_of(object: *mut u8, order: u32) -> usize {
    // SAFETY: spans start at multiples of their size, with their header.
    unsafe { (*span_of(object, order)).class as usize }
}

impl Class {
    fn link(&mut self, span: *mut Span) {
        // SAFETY: spans of the list and `span` are alive, and ours.
        unsafe {
            (*span).next = self.spans;
            (*span).previous = ptr::null_mut();
            if let Some(first) = self.spans.as_mut() {
                first.previous = span;
            }
        }
        self.spans = span;
    }

    fn unlink(&mut self, span: *mut Span) {
        // SAFETY: as in `link`.
        unsafe {
            let (next, previous) = ((*span).next, (*span).previous);
            match previous.as_mut() {
                Some(previous) => previous.next = next,
                None => self.spans = next,
            }
            if let Some(next) = next.as_mut() {
                next.previous = previous;
            }
        }
    }

    fn add_span(&mut self, class: usize, user: For) -> bool {
        let order = classes::span_order(class);
        let taken = match user {
            For::Kernel => frames::allocate(order),
            For::App => frames::allocate_app(order),
        };
        let Some(start) = taken else { return false };
        frames::set_tag(start, 1 << order, Tag(TAG_SPAN + order as u8));
        let capacity = ((PAGE_SIZE << order) - first_offset(class)) / classes::size(class);
        let span = block_at(start).cast::<Span>();
        // SAFETY: the frames are new.
        unsafe {
            span.write(Span {
                next: ptr::null_mut(),
                previous: ptr::null_mut(),
                free: ptr::null_mut(),
                out: 0,
                started: 0,
                capacity: capacity as u32,
                class: class as u32,
            });
        }
        self.link(span);
        true
    }
}

/// Takes up to `count` objects, in a list; null if there is no memory.
pub(super) fn take(class: usize, count: usize, user: For) -> (*mut Object, usize) {
    let Some(lock) = CLASSES.get(class) else { return (ptr::null_mut(), 0) };
    let mut list = lock.lock();
    let (mut objects, mut taken) = (ptr::null_mut::<Object>(), 0);
    while taken < count {
        if list.spans.is_null() && (taken != 0 || !list.add_span(class, user)) {
            break;
        }
        let span = list.spans;
        // SAFETY: a span of the list is alive and has an object to give, free or never started.
        unsafe {
            let object = if (*span).free.is_null() {
                let offset = first_offset(class) + (*span).started as usize * classes::size(class);
                (*span).started += 1;
                span.cast::<u8>().add(offset).cast::<Object>()
            } else {
                let object = (*span).free;
                (*span).free = (*object).next;
                object
            };
            (*object).next = objects;
            objects = object;
            taken += 1;
            (*span).out += 1;
            if (*span).out == (*span).capacity {
                list.unlink(span);
            }
        }
    }
    (objects, taken)
}

/// Gives `count` objects of a list back, and returns the rest of the list. A span with none out
/// goes back to the frame allocator, unless it is the only one with objects to give.
///
/// # Safety
/// The objects are of this class and nobody uses them any more.
pub(super) unsafe fn give(class: usize, mut objects: *mut Object, count: usize) -> *mut Object {
    let order = classes::span_order(class);
    let Some(lock) = CLASSES.get(class) else { return objects };
    let mut list = lock.lock();
    for _ in 0..count {
        if objects.is_null() {
            break;
        }
        // SAFETY: the objects are free, and their span is alive while it has objects out.
        unsafe {
            let object = objects;
            objects = (*object).next;
            let span = span_of(object.cast(), order);
            if (*span).out == (*span).capacity {
                list.link(span);
            }
            (*object).next = (*span).free;
            (*span).free = object;
            (*span).out -= 1;
            let only = list.spans == span && (*span).next.is_null();
            if (*span).out == 0 && !only {
                list.unlink(span);
                if let Some(frame) = super::frame_of(span.cast()) {
                    frames::release_range(frame, 1 << order);
                }
            }
        }
    }
    objects
}

const _: () = assert!(PAGE_SHIFT == 12);
