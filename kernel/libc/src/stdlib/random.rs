//! `random` and its kin: additive feedback generators, the numbers bit for bit glibc's.
#![allow(
    unsafe_op_in_unsafe_fn,
    reason = "each function is one unsafe contract, C's: pointers valid as it says"
)]

use core::cell::UnsafeCell;
use core::ffi::{c_char, c_int, c_uint};
use core::ptr::null_mut;

use kcore::errno::EINVAL;
use kcore::sync::Mutex;
use macros::export;

/// Degree and separation of each kind's trinomial; kind 0 is a linear congruence.
const KINDS: [(usize, usize); 5] = [(0, 0), (7, 3), (15, 1), (31, 3), (63, 1)];

/// glibc's `struct random_data`.
#[repr(C)]
pub struct random_data {
    front: *mut i32,
    rear: *mut i32,
    state: *mut i32,
    kind: c_int,
    degree: c_int,
    separation: c_int,
    end: *mut i32,
}

/// The generator that `random` uses until it is given another state: a word that says its kind, and
/// 31 words of state.
struct Default {
    words: UnsafeCell<[i32; 32]>,
    data: UnsafeCell<random_data>,
}

// SAFETY: used under `LOCK`.
unsafe impl Sync for Default {}

static DEFAULT: Default = Default {
    words: UnsafeCell::new([0; 32]),
    data: UnsafeCell::new(random_data {
        front: null_mut(),
        rear: null_mut(),
        state: null_mut(),
        kind: 0,
        degree: 0,
        separation: 0,
        end: null_mut(),
    }),
};

static LOCK: Mutex<()> = Mutex::new(());

impl Default {
    /// The data; seeded with 1 before the first use.
    unsafe fn data(&self) -> *mut random_data {
        let data = self.data.get();
        if (*data).state.is_null() {
            initstate_r(1, self.words.get().cast(), 128, data);
        }
        data
    }
}

/// GNU `srandom_r`: −1 with EINVAL if `data` has no state.
#[export]
pub unsafe extern "C" fn srandom_r(seed: c_uint, data: *mut random_data) -> c_int {
    if data.is_null() || !(0..5).contains(&(*data).kind) {
        return crate::errno::set(EINVAL);
    }
    let data = &mut *data;
    let mut word = if seed == 0 { 1 } else { seed as i32 };
    *data.state = word;
    if data.kind == 0 {
        return 0;
    }
    for i in 1..data.degree as usize {
        // 16807 · word modulo 2^31 − 1, without overflow (Park and Miller, 1988).
        let (high, low) = (word / 127773, word % 127773);
        word = 16807 * low - 2836 * high;
        if word < 0 {
            word += i32::MAX;
        }
        *data.state.add(i) = word;
    }
    data.front = data.state.add(data.separation as usize);
    data.rear = data.state;
    for _ in 0..data.degree * 10 {
        let mut discarded = 0;
        random_r(data, &mut discarded);
    }
    0
}

/// Notes in the state's first word where the generator stands, so that `setstate` can go on.
unsafe fn note(data: &random_data) {
    if !data.state.is_null() {
        let position = if data.kind == 0 { 0 } else { data.rear.offset_from(data.state) as i32 };
        *data.state.sub(1) = position * 5 + data.kind;
    }
}

/// GNU `initstate_r`: the kind of generator is the best that fits `n` bytes, at least 8. −1 with
/// EINVAL.
#[export]
pub unsafe extern "C" fn initstate_r(
    seed: c_uint,
    words: *mut c_char,
    n: usize,
    data: *mut random_data,
) -> c_int {
    if data.is_null() || n < 8 {
        return crate::errno::set(EINVAL);
    }
    let data = &mut *data;
    note(data);
    let kind = [32, 64, 128, 256].iter().filter(|limit| n >= **limit).count();
    let (degree, separation) = KINDS[kind];
    data.kind = kind as c_int;
    data.degree = degree as c_int;
    data.separation = separation as c_int;
    data.state = words.cast::<i32>().add(1);
    data.end = data.state.add(degree);
    srandom_r(seed, data);
    note(data);
    0
}

/// GNU `setstate_r`. −1 with EINVAL for what is no state.
#[export]
pub unsafe extern "C" fn setstate_r(words: *mut c_char, data: *mut random_data) -> c_int {
    if data.is_null() || words.is_null() {
        return crate::errno::set(EINVAL);
    }
    let data = &mut *data;
    note(data);
    let state = words.cast::<i32>().add(1);
    let (kind, rear) = (*state.sub(1) % 5, *state.sub(1) / 5);
    let Some((degree, separation)) = usize::try_from(kind).ok().and_then(|kind| KINDS.get(kind).copied())
    else {
        return crate::errno::set(EINVAL);
    };
    if kind != 0 {
        let rear = rear as usize % degree;
        data.rear = state.add(rear);
        data.front = state.add((rear + separation) % degree);
    }
    data.kind = kind;
    data.degree = degree as c_int;
    data.separation = separation as c_int;
    data.state = state;
    data.end = state.add(degree);
    0
}

/// GNU `random_r`: 0 … 2^31 − 1 in `*result`.
#[export]
pub unsafe extern "C" fn random_r(data: *mut random_data, result: *mut i32) -> c_int {
    if data.is_null() || result.is_null() {
        return crate::errno::set(EINVAL);
    }
    let data = &mut *data;
    if data.kind == 0 {
        let next = (*data.state as u32).wrapping_mul(1_103_515_245).wrapping_add(12345) & 0x7fff_ffff;
        *data.state = next as i32;
        *result = next as i32;
        return 0;
    }
    let sum = (*data.front as u32).wrapping_add(*data.rear as u32);
    *data.front = sum as i32;
    *result = (sum >> 1) as i32;
    data.front = data.front.add(1);
    data.rear = data.rear.add(1);
    if data.front >= data.end {
        data.front = data.state;
    } else if data.rear >= data.end {
        data.rear = data.state;
    }
    0
}

/// POSIX `random`.
#[export]
pub unsafe extern "C" fn random() -> i64 {
    let _guard = LOCK.lock();
    let mut result = 0;
    random_r(DEFAULT.data(), &mut result);
    result.into()
}

/// POSIX `srandom` (and C `srand`).
#[export]
pub unsafe extern "C" fn srandom(seed: c_uint) {
    let _guard = LOCK.lock();
    srandom_r(seed, DEFAULT.data());
}

/// POSIX `initstate`: gives the state before. Null with EINVAL.
#[export]
pub unsafe extern "C" fn initstate(seed: c_uint, words: *mut c_char, n: usize) -> *mut c_char {
    let _guard = LOCK.lock();
    let data = DEFAULT.data();
    let before = (*data).state.sub(1);
    if initstate_r(seed, words, n, data) == 0 { before.cast() } else { null_mut() }
}

/// POSIX `setstate`: gives the state before. Null with EINVAL.
#[export]
pub unsafe extern "C" fn setstate(words: *mut c_char) -> *mut c_char {
    let _guard = LOCK.lock();
    let data = DEFAULT.data();
    let before = (*data).state.sub(1);
    if setstate_r(words, data) == 0 { before.cast() } else { null_mut() }
}

/// C `rand`.
#[export]
pub unsafe extern "C" fn rand() -> c_int {
    random() as c_int
}

/// POSIX `rand_r`.
#[export]
pub unsafe extern "C" fn rand_r(seed: *mut c_uint) -> c_int {
    let mut next = *seed;
    let mut draw = |bits: u32| {
        next = next.wrapping_mul(1_103_515_245).wrapping_add(12345);
        next >> 16 & ((1 << bits) - 1)
    };
    let result = (draw(11) << 10 ^ draw(10)) << 10 ^ draw(10);
    *seed = next;
    result as c_int
}
