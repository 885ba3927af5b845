//! The global locale.

use core::cell::UnsafeCell;
use core::ffi::{c_char, c_int};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicU8, Ordering};

use macros::export;

use super::LC_ALL;
use super::name::{COUNT, Choice, bytes, category};
use super::object::lookup;

static GLOBAL: [AtomicU8; COUNT] = [const { AtomicU8::new(0) }; COUNT];

/// A category's part of the global locale.
pub(super) fn global(number: usize) -> Choice {
    match GLOBAL[number].load(Ordering::Relaxed) {
        0 => Choice::C,
        1 => Choice::Utf8,
        _ => Choice::Utf8Short,
    }
}

/// The global locale.
pub(super) fn all() -> [Choice; COUNT] {
    core::array::from_fn(global)
}

/// Gives the chosen categories the locale `name`: a name, an empty one (the environment says), or
/// `LC_CTYPE=…;LC_NUMERIC=…` as `setlocale` returns it. False, and nothing changed, if there is none.
pub(super) unsafe fn apply(
    choices: &mut [Choice; COUNT],
    name: &[u8],
    chosen: impl Fn(usize) -> bool,
) -> bool {
    let mut result = *choices;
    for (number, choice) in result.iter_mut().enumerate() {
        if number == LC_ALL as usize || !chosen(number) {
            continue;
        }
        let mut wanted = name;
        if name.contains(&b';') {
            // A category that the list leaves out makes it invalid, as in glibc.
            let found = name.split(|byte| *byte == b';').find_map(|part| {
                part.strip_prefix(category(number)).and_then(|rest| rest.strip_prefix(b"="))
            });
            match found {
                Some(name) if !name.is_empty() => wanted = name,
                _ => return false,
            }
        }
        // SAFETY: the environment's strings are valid, as C has it.
        match unsafe { lookup(wanted, number) } {
            Some(found) => *choice = found,
            None => return false,
        }
    }
    *choices = result;
    true
}

/// The text that `setlocale(LC_ALL, …)` returned last when categories differ: at most 13 names of
/// 18 bytes, equals signs, 7-byte locales and semicolons.
struct Composite(UnsafeCell<[u8; COUNT * 28]>);

// SAFETY: C lets a later call of `setlocale` overwrite what an earlier one returned.
unsafe impl Sync for Composite {}

static COMPOSITE: Composite = Composite(UnsafeCell::new([0; COUNT * 28]));

/// C `setlocale`: null if there is no such locale; a null `name` asks only.
#[export]
pub unsafe extern "C" fn setlocale(which: c_int, name: *const c_char) -> *mut c_char {
    let Ok(which) = usize::try_from(which) else { return null_mut() };
    if which >= COUNT {
        return null_mut();
    }
    let mut choices = all();
    if !name.is_null() {
        let every = which == LC_ALL as usize;
        if !apply(&mut choices, bytes(name), |number| every || number == which) {
            return null_mut();
        }
        for (cell, choice) in GLOBAL.iter().zip(choices) {
            cell.store(choice as u8, Ordering::Relaxed);
        }
    }
    if which != LC_ALL as usize {
        return choices[which].name().as_ptr().cast_mut();
    }
    choices[which] = choices[0];
    if choices.iter().all(|choice| *choice == choices[0]) {
        return choices[0].name().as_ptr().cast_mut();
    }
    composite(&choices)
}

unsafe fn composite(choices: &[Choice; COUNT]) -> *mut c_char {
    let start = COMPOSITE.0.get().cast::<c_char>();
    let mut at = start;
    let mut append = |text: &[u8]| {
        at = crate::string::mempcpy(at.cast(), text.as_ptr().cast(), text.len()).cast();
    };
    for (number, choice) in choices.iter().enumerate() {
        if number == LC_ALL as usize {
            continue;
        }
        if number != 0 {
            append(b";");
        }
        append(category(number));
        append(b"=");
        append(choice.name().to_bytes());
    }
    append(b"\0");
    start
}
