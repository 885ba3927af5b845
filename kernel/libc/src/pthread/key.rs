//! Thread-specific data: `pthread_key_create` and what goes with it.

use crate::errno::{EAGAIN, EINVAL, ENOMEM};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ffi::{c_int, c_uint, c_void};
use core::ptr::null_mut;
use core::sync::atomic::Ordering;
use kcore::sync::SpinLock;
use kcore::tls;
use macros::export;

/// `PTHREAD_KEYS_MAX`.
const MAXIMUM: usize = 1024;
/// `PTHREAD_DESTRUCTOR_ITERATIONS`.
const ITERATIONS: usize = 4;

type Destructor = extern "C-unwind" fn(*mut c_void);

#[derive(Clone, Copy)]
struct Key {
    /// Odd while the key is in use; values set under another number are not its.
    sequence: usize,
    destructor: Option<Destructor>,
}

static KEYS: SpinLock<Vec<Key>> = SpinLock::new(Vec::new());

/// A thread's value of a key.
#[derive(Clone, Copy)]
struct Value {
    sequence: usize,
    data: *mut c_void,
}

const EMPTY: Value = Value { sequence: 0, data: null_mut() };

/// A thread's values, by key.
type Values = Vec<Value>;

/// Makes a key, null in every thread. Zero or `EAGAIN`.
#[export]
pub unsafe extern "C" fn pthread_key_create(key: *mut c_uint, destructor: Option<Destructor>) -> c_int {
    let mut keys = KEYS.lock();
    let free = keys.iter().position(|key| key.sequence & 1 == 0);
    let at = free.unwrap_or(keys.len());
    if at >= MAXIMUM {
        return EAGAIN.number();
    }
    match keys.get_mut(at) {
        Some(key) => *key = Key { sequence: key.sequence + 1, destructor },
        None => keys.push(Key { sequence: 1, destructor }),
    }
    // SAFETY: the caller's.
    unsafe { *key = at as c_uint };
    0
}

/// Deletes a key; destructors are not called. Zero or `EINVAL`.
#[export]
pub extern "C" fn pthread_key_delete(key: c_uint) -> c_int {
    match KEYS.lock().get_mut(key as usize) {
        Some(key) if key.sequence & 1 != 0 => {
            key.sequence += 1;
            0
        }
        _ => EINVAL.number(),
    }
}

fn sequence(key: c_uint) -> Option<usize> {
    KEYS.lock().get(key as usize).map(|key| key.sequence).filter(|sequence| sequence & 1 != 0)
}

/// The calling thread's value of a key, or null.
#[export]
pub extern "C" fn pthread_getspecific(key: c_uint) -> *mut c_void {
    let values = tls::current().specific.load(Ordering::Relaxed).cast::<Values>();
    // SAFETY: the values are the calling thread's, null or made by `pthread_setspecific`.
    match unsafe { values.as_ref() }.and_then(|values| values.get(key as usize)) {
        Some(value) if !value.data.is_null() && sequence(key) == Some(value.sequence) => value.data,
        _ => null_mut(),
    }
}

/// Sets the calling thread's value of a key. Zero, `EINVAL` or `ENOMEM`.
#[export]
pub extern "C" fn pthread_setspecific(key: c_uint, data: *const c_void) -> c_int {
    let Some(sequence) = sequence(key) else { return EINVAL.number() };
    let slot = &tls::current().specific;
    let mut values = slot.load(Ordering::Relaxed).cast::<Values>();
    if values.is_null() {
        if data.is_null() {
            return 0;
        }
        values = Box::into_raw(Box::default());
        slot.store(values.cast(), Ordering::Relaxed);
    }
    // SAFETY: the values are the calling thread's own.
    let values = unsafe { &mut *values };
    let at = key as usize;
    if values.len() <= at {
        if values.try_reserve(at + 1 - values.len()).is_err() {
            return ENOMEM.number();
        }
        values.resize(at + 1, EMPTY);
    }
    values[at] = Value { sequence, data: data.cast_mut() };
    0
}

/// Calls the destructors of the calling thread's values, a few times over if they set new ones, and
/// frees them.
pub extern "C-unwind" fn destroy_all() {
    let slot = &tls::current().specific;
    for _ in 0..ITERATIONS {
        let mut again = false;
        let mut at = 0;
        while let Some((destructor, data)) = take(at) {
            at += 1;
            if let Some(destructor) = destructor.filter(|_| !data.is_null()) {
                again = true;
                destructor(data);
            }
        }
        if !again {
            break;
        }
    }
    let values = slot.swap(null_mut(), Ordering::Relaxed).cast::<Values>();
    if !values.is_null() {
        // SAFETY: `pthread_setspecific` made it, and the thread's destructors are done.
        drop(unsafe { Box::from_raw(values) });
    }
}

/// Takes the calling thread's value at a place, with its destructor; none past the last.
fn take(at: usize) -> Option<(Option<Destructor>, *mut c_void)> {
    let values = tls::current().specific.load(Ordering::Relaxed).cast::<Values>();
    // SAFETY: the values are the calling thread's own.
    let value = core::mem::replace(unsafe { values.as_mut() }?.get_mut(at)?, EMPTY);
    let key = KEYS.lock().get(at).copied();
    let key = key.filter(|key| key.sequence == value.sequence && key.sequence & 1 != 0);
    Some((key.and_then(|key| key.destructor), value.data))
}
