//! Locale objects, in glibc's layout: `libstdc++` reads the class and case tables out of them.

use core::ffi::{c_char, c_int, c_void};
use core::ptr::null_mut;
use core::sync::atomic::Ordering;

use kcore::errno::{EINVAL, ENOENT};
use kcore::tls;
use macros::export;

use super::name::{COUNT, Choice, bytes, resolve};
use super::{LC_ALL, set};
use crate::ctype::tables;
use crate::malloc::cells;

/// glibc's `struct __locale_struct`, and after it what this C library keeps.
#[repr(C)]
pub struct __locale_struct {
    locales: [*const c_void; COUNT],
    ctype_b: *const u16,
    ctype_tolower: *const i32,
    ctype_toupper: *const i32,
    names: [*const c_char; COUNT],
    pub(super) choices: [Choice; COUNT],
}

/// A locale object.
pub type locale_t = *mut __locale_struct;

/// `LC_GLOBAL_LOCALE`: the one that `setlocale` sets.
const GLOBAL: locale_t = usize::MAX as locale_t;

/// The locale the calling thread chose; null if it follows the global one.
pub(crate) fn own() -> locale_t {
    tls::current().locale.load(Ordering::Relaxed).cast()
}

/// Whether characters are UTF-8 in a given locale object.
pub(crate) unsafe fn encoding_of(locale: locale_t) -> super::Encoding {
    let choice = if locale == GLOBAL || locale.is_null() {
        set::global(0)
    } else {
        // SAFETY: the caller's object is valid.
        unsafe { (*locale).choices[0] }
    };
    if choice == Choice::C { super::Encoding::Ascii } else { super::Encoding::Utf8 }
}

unsafe fn fill(object: locale_t, choices: [Choice; COUNT]) {
    let tables = tables();
    object.write(__locale_struct {
        locales: [core::ptr::null(); COUNT],
        ctype_b: tables.class,
        ctype_tolower: tables.lower,
        ctype_toupper: tables.upper,
        names: choices.map(|choice| choice.name().as_ptr()),
        choices,
    });
}

/// POSIX `newlocale`: `base` with the categories in `mask` taken from the locale `name`. Null with
/// EINVAL or ENOENT (no such locale; `base` is as it was then) or ENOMEM.
#[export]
pub unsafe extern "C" fn newlocale(mask: c_int, name: *const c_char, base: locale_t) -> locale_t {
    const EVERY: c_int = 0x1fbf;
    if name.is_null() || mask & !(EVERY | 1 << LC_ALL) != 0 {
        crate::errno::set(EINVAL);
        return null_mut();
    }
    let mask = if mask & 1 << LC_ALL != 0 { EVERY } else { mask };
    let mut choices = if base.is_null() { [Choice::C; COUNT] } else { (*base).choices };
    if !set::apply(&mut choices, bytes(name), |number| mask >> number & 1 != 0) {
        crate::errno::set(ENOENT);
        return null_mut();
    }
    let object = if base.is_null() { cells::malloc(size_of::<__locale_struct>()).cast() } else { base };
    if !object.is_null() {
        fill(object, choices);
    }
    object
}

/// POSIX `duplocale`. Null with ENOMEM.
#[export]
pub unsafe extern "C" fn duplocale(locale: locale_t) -> locale_t {
    let choices = if locale == GLOBAL { set::all() } else { (*locale).choices };
    let object: locale_t = cells::malloc(size_of::<__locale_struct>()).cast();
    if !object.is_null() {
        fill(object, choices);
    }
    object
}

/// POSIX `freelocale`.
#[export]
pub unsafe extern "C" fn freelocale(locale: locale_t) {
    if locale != GLOBAL {
        cells::free(locale.cast());
    }
}

/// POSIX `uselocale`: sets the calling thread's locale unless null; gives the one before.
#[export]
pub unsafe extern "C" fn uselocale(locale: locale_t) -> locale_t {
    let before = own();
    if !locale.is_null() {
        let chosen = if locale == GLOBAL { null_mut() } else { locale };
        tls::current().locale.store(chosen.cast(), Ordering::Relaxed);
    }
    if before.is_null() { GLOBAL } else { before }
}

/// The name of a category's locale in `locale`.
pub(crate) unsafe fn name_in(locale: locale_t, number: usize) -> *const c_char {
    let choices = if locale == GLOBAL || locale.is_null() { set::all() } else { (*locale).choices };
    choices.get(number).map_or(core::ptr::null(), |choice| choice.name().as_ptr())
}

/// The locale for an empty or given name, of one category.
pub(super) unsafe fn lookup(name: &[u8], number: usize) -> Option<Choice> {
    // SAFETY: the environment's strings are valid, as C has it.
    unsafe { resolve(name, number) }
}
