//! `insque` and `remque` (POSIX).

/// The head of an element: C `struct qelem`.
#[repr(C)]
pub struct Element {
    next: *mut Element,
    previous: *mut Element,
}

/// Inserts `element` after `after`; a null `after` makes it a queue of its own.
#[macros::export]
pub unsafe extern "C" fn insque(element: *mut Element, after: *mut Element) {
    // SAFETY: both are elements of the caller's, `after` null or in a queue.
    unsafe {
        if after.is_null() {
            element.write(Element { next: core::ptr::null_mut(), previous: core::ptr::null_mut() });
            return;
        }
        let next = (*after).next;
        (*after).next = element;
        if !next.is_null() {
            (*next).previous = element;
        }
        element.write(Element { next, previous: after });
    }
}

/// Takes `element` out of its queue.
#[macros::export]
pub unsafe extern "C" fn remque(element: *mut Element) {
    // SAFETY: `element` is in a queue of the caller's.
    unsafe {
        let Element { next, previous } = element.read();
        if !next.is_null() {
            (*next).previous = previous;
        }
        if !previous.is_null() {
            (*previous).next = next;
        }
    }
}
