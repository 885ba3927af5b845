//! The scanner behind the `getopt` functions. Long options are reached through a function pointer
//! that only the `getopt_long` entries store, so plain `getopt` does not hold them.

use alloc::vec::Vec;
use core::cell::Cell;
use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr::null_mut;

use super::{optarg, opterr, optind, option, optopt};
use crate::string::{strchr, strcmp, strlen, strncmp};

/// What one call was given.
pub(super) struct Call {
    pub argc: c_int,
    pub argv: *mut *mut c_char,
    pub options: *const c_char,
    pub long: Option<Long>,
    pub posix: bool,
}

/// The long options of a call.
#[derive(Clone, Copy)]
pub(super) struct Long {
    pub options: *const option,
    pub index: *mut c_int,
    pub only: bool,
    pub handle: LongHandler,
}

type LongHandler = unsafe fn(&Call, &Long, &CStr, *mut c_char, bool) -> Option<c_int>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Permute,
    /// Stops at the first that is no option.
    Strict,
    /// Gives those that are no options as arguments of option 1.
    Given,
}

/// What is kept between calls. `[first, last)` are the non-options skipped so far.
struct State {
    next: Cell<*mut c_char>,
    first: Cell<c_int>,
    last: Cell<c_int>,
    order: Cell<Order>,
    started: Cell<bool>,
}

// SAFETY: C requires calls of `getopt` not to race.
unsafe impl Sync for State {}

static STATE: State = State {
    next: Cell::new(null_mut()),
    first: Cell::new(1),
    last: Cell::new(1),
    order: Cell::new(Order::Permute),
    started: Cell::new(false),
};

unsafe fn argument(call: &Call, index: c_int) -> *mut c_char {
    *call.argv.add(index as usize)
}

unsafe fn is_option(call: &Call, index: c_int) -> bool {
    let text = argument(call, index);
    *text == b'-' as c_char && *text.add(1) != 0
}

/// Moves the options in `[last, optind)` before the non-options in `[first, last)`.
unsafe fn exchange(call: &Call) {
    let (first, last, end) = (STATE.first.get(), STATE.last.get(), *optind.get());
    let slice = core::slice::from_raw_parts_mut(call.argv.add(first as usize), (end - first) as usize);
    slice.rotate_left((last - first) as usize);
    STATE.first.set(first + end - last);
    STATE.last.set(end);
}

/// Writes `program: ` and the parts, and a newline, to standard error, if errors are to be told.
unsafe fn complain(call: &Call, parts: &[&[u8]]) {
    unsafe extern "C" {
        fn write(fd: c_int, bytes: *const c_void, n: usize) -> isize;
    }
    if *opterr.get() == 0 || *call.options == b':' as c_char {
        return;
    }
    let program = CStr::from_ptr(argument(call, 0)).to_bytes();
    let mut line = Vec::new();
    for part in [program, b": "].iter().chain(parts).chain([&b"\n".as_slice()]) {
        line.extend_from_slice(part);
    }
    let saved = crate::errno::get();
    write(2, line.as_ptr().cast(), line.len());
    crate::errno::set_number(saved);
}

unsafe fn start(call: &Call) {
    if *optind.get() == 0 {
        *optind.get() = 1;
    }
    STATE.first.set(*optind.get());
    STATE.last.set(*optind.get());
    STATE.next.set(null_mut());
    STATE.order.set(match *call.options as u8 {
        b'-' => Order::Given,
        b'+' => Order::Strict,
        _ if call.posix => Order::Strict,
        _ if crate::stdlib::environment::find(b"POSIXLY_CORRECT").is_some() => Order::Strict,
        _ => Order::Permute,
    });
    STATE.started.set(true);
}

/// Finds the next element that is an option; `Some` is what the call returns at once.
unsafe fn advance(call: &Call) -> Option<c_int> {
    let index = optind.get();
    if STATE.last.get() > *index {
        STATE.last.set(*index);
    }
    if STATE.first.get() > *index {
        STATE.first.set(*index);
    }
    if STATE.order.get() == Order::Permute {
        if STATE.first.get() != STATE.last.get() && STATE.last.get() != *index {
            exchange(call);
        } else if STATE.last.get() != *index {
            STATE.first.set(*index);
        }
        while *index < call.argc && !is_option(call, *index) {
            *index += 1;
        }
        STATE.last.set(*index);
    }
    if *index != call.argc && strcmp(argument(call, *index), c"--".as_ptr()) == 0 {
        *index += 1;
        if STATE.first.get() != STATE.last.get() && STATE.last.get() != *index {
            exchange(call);
        } else if STATE.first.get() == STATE.last.get() {
            STATE.first.set(*index);
        }
        STATE.last.set(call.argc);
        *index = call.argc;
    }
    if *index == call.argc {
        if STATE.first.get() != STATE.last.get() {
            *index = STATE.first.get();
        }
        return Some(-1);
    }
    if !is_option(call, *index) {
        if STATE.order.get() == Order::Strict {
            return Some(-1);
        }
        *optarg.get() = argument(call, *index);
        *index += 1;
        return Some(1);
    }
    let text = argument(call, *index);
    if let Some(long) = &call.long {
        if *text.add(1) == b'-' as c_char {
            return (long.handle)(call, long, c"--", text.add(2), true);
        }
        // A single dash may start a long option too; one letter that is a short option wins.
        if long.only && (*text.add(2) != 0 || strchr(call.options, c_int::from(*text.add(1))).is_null()) {
            let result = (long.handle)(call, long, c"-", text.add(1), false);
            if result.is_some() {
                return result;
            }
        }
    }
    STATE.next.set(text.add(1));
    None
}

/// One call of a `getopt` function.
pub(super) unsafe fn scan(call: &Call) -> c_int {
    if call.argc < 1 {
        return -1;
    }
    *optarg.get() = null_mut();
    if *optind.get() == 0 || !STATE.started.get() {
        start(call);
    }
    let skip = usize::from(matches!(*call.options as u8, b'-' | b'+'));
    let call = &Call { options: call.options.add(skip), long: call.long, ..*call };
    let index = optind.get();
    if (STATE.next.get().is_null() || *STATE.next.get() == 0)
        && let Some(result) = advance(call)
    {
        return result;
    }
    let next = STATE.next.get();
    let letter = *next as u8;
    let rest = next.add(1);
    STATE.next.set(rest);
    let mut found = strchr(call.options, c_int::from(letter));
    if *rest == 0 {
        *index += 1;
    }
    if letter == b':' || letter == b';' {
        found = null_mut();
    }
    if found.is_null() {
        complain(call, &[b"invalid option -- '", &[letter], b"'"]);
        *optopt.get() = c_int::from(letter);
        return c_int::from(b'?');
    }
    let (second, third) = (*found.add(1) as u8, if *found.add(1) == 0 { 0 } else { *found.add(2) as u8 });
    if letter == b'W'
        && second == b';'
        && let Some(long) = &call.long
    {
        // `-W foo` is `--foo`.
        let mut name = rest;
        if *rest == 0 {
            if *index == call.argc {
                return lacks_argument(call, letter);
            }
            name = argument(call, *index);
        }
        *optarg.get() = null_mut();
        return (long.handle)(call, long, c"-W ", name, true).unwrap_or(c_int::from(b'?'));
    }
    if second == b':' {
        if *rest != 0 {
            *optarg.get() = rest;
            *index += 1;
        } else if third == b':' {
            *optarg.get() = null_mut();
        } else if *index == call.argc {
            return lacks_argument(call, letter);
        } else {
            *optarg.get() = argument(call, *index);
            *index += 1;
        }
        STATE.next.set(null_mut());
    }
    c_int::from(letter)
}

unsafe fn lacks_argument(call: &Call, letter: u8) -> c_int {
    complain(call, &[b"option requires an argument -- '", &[letter], b"'"]);
    *optopt.get() = c_int::from(letter);
    STATE.next.set(null_mut());
    c_int::from(if *call.options == b':' as c_char { b':' } else { b'?' })
}

/// Matches `text` (what follows `prefix`) with the long options. `None`: it is none of them, and the
/// caller asked to try short ones then (`certain` false).
pub(super) unsafe fn long_option(
    call: &Call,
    long: &Long,
    prefix: &CStr,
    text: *mut c_char,
    certain: bool,
) -> Option<c_int> {
    let n = crate::string::strchrnul(text, c_int::from(b'=')) as usize - text as usize;
    let name = core::slice::from_raw_parts(text.cast::<u8>(), n);
    let prefix = prefix.to_bytes();
    let (mut found, mut ambiguous) = (None, false);
    let mut count = 0;
    while !(*long.options.add(count)).name.is_null() {
        let candidate = &*long.options.add(count);
        if strncmp(candidate.name, text, n) == 0 {
            if strlen(candidate.name) == n {
                (found, ambiguous) = (Some(count), false);
                break;
            }
            match found {
                None => found = Some(count),
                Some(first) => {
                    let first = &*long.options.add(first);
                    ambiguous |= long.only
                        || first.has_arg != candidate.has_arg
                        || first.flag != candidate.flag
                        || first.val != candidate.val;
                }
            }
        }
        count += 1;
    }
    let index = optind.get();
    let Some(number) = found else {
        // With one dash it may still be a bundle of short options.
        if !certain && !strchr(call.options, c_int::from(*text)).is_null() {
            return None;
        }
        let whole = CStr::from_ptr(text).to_bytes();
        complain(call, &[b"unrecognized option '", prefix, whole, b"'"]);
        return Some(failed(0));
    };
    if ambiguous {
        let mut names = Vec::new();
        for i in 0.. {
            let name = (*long.options.add(i)).name;
            if name.is_null() {
                break;
            }
            if strncmp(name, text, n) == 0 {
                for part in [b" '", prefix, CStr::from_ptr(name).to_bytes(), b"'"] {
                    names.extend_from_slice(part);
                }
            }
        }
        let whole = CStr::from_ptr(text).to_bytes();
        complain(call, &[b"option '", prefix, whole, b"' is ambiguous; possibilities:", &names]);
        return Some(failed(0));
    }
    let chosen = &*long.options.add(number);
    let full = CStr::from_ptr(chosen.name).to_bytes();
    STATE.next.set(null_mut());
    *index += 1;
    if text.add(name.len()).read() != 0 {
        if chosen.has_arg == 0 {
            complain(call, &[b"option '", prefix, full, b"' doesn't allow an argument"]);
            *optopt.get() = chosen.val;
            return Some(c_int::from(b'?'));
        }
        *optarg.get() = text.add(n + 1);
    } else if chosen.has_arg == 1 {
        if *index >= call.argc {
            complain(call, &[b"option '", prefix, full, b"' requires an argument"]);
            *optopt.get() = chosen.val;
            return Some(c_int::from(if *call.options == b':' as c_char { b':' } else { b'?' }));
        }
        *optarg.get() = argument(call, *index);
        *index += 1;
    }
    if !long.index.is_null() {
        *long.index = number as c_int;
    }
    if chosen.flag.is_null() {
        return Some(chosen.val);
    }
    *chosen.flag = chosen.val;
    Some(0)
}

unsafe fn failed(option: c_int) -> c_int {
    STATE.next.set(null_mut());
    *optind.get() += 1;
    *optopt.get() = option;
    c_int::from(b'?')
}
