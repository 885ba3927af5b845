//! Conversions older than C's or newer than most programs: `ecvt`, `strfromd`.

use core::ffi::{c_char, c_int};

use kcore::errno::EINVAL;
use macros::export;

use crate::f80::F80;
use crate::stdio::Shared;
use crate::stdio::arguments::VaList;
use crate::stdio::printf::output::vsnprintf;

/// Arguments for `%.*L…` or `%.*…`: a precision and a number, as they lie on a stack.
#[repr(C)]
struct Arguments {
    precision: i64,
    /// The bits of a `double`; a `long double` lies behind, aligned.
    double: u64,
    extended: F80,
}

/// Formats a number with this precision (below 0: none) and letter.
///
/// # Safety
/// `size` bytes are writable there.
unsafe fn format(buffer: *mut c_char, size: usize, letter: u8, precision: i64, value: Value) -> c_int {
    let (format, double, extended) = match value {
        Value::Double(bits) => ([b'%', b'.', b'*', letter, 0, 0], bits, F80::ZERO),
        Value::Extended(extended) => ([b'%', b'.', b'*', b'L', letter, 0], 0, extended),
    };
    let mut arguments = Arguments { precision, double, extended };
    let mut list = VaList::of_memory((&raw mut arguments).cast());
    // SAFETY: the format asks for what the list holds; the caller's buffer.
    unsafe { vsnprintf(buffer, size, format.as_ptr().cast(), &raw mut list) }
}

/// A number of either format.
#[derive(Clone, Copy)]
enum Value {
    Double(u64),
    Extended(F80),
}

impl Value {
    fn extended(self) -> F80 {
        match self {
            Self::Double(bits) => F80::from_double_bits(bits),
            Self::Extended(value) => value,
        }
    }

    /// Digits beyond which `ecvt` gives none.
    fn digits(self) -> c_int {
        match self {
            Self::Double(_) => 17,
            Self::Extended(_) => 21,
        }
    }
}

/// Digits of a `long double` before the point, `qfcvt`'s behind it, and a NUL.
const ROOM: usize = 4933 + 32;

/// Where `ecvt`, `fcvt`, `qecvt` and `qfcvt` leave their digits, each call over the last.
static DIGITS: Shared<*mut c_char> = Shared::new(core::ptr::null_mut());

/// The memory at [`DIGITS`]; null with `ENOMEM` set if there is none.
fn room() -> *mut c_char {
    // SAFETY: one thread at a time, by C's rules.
    unsafe {
        let place = DIGITS.get();
        if (*place).is_null() {
            *place = crate::stdio::system::allocate(ROOM).cast();
        }
        *place
    }
}

/// Digits of a number without sign and point: `scientific` counts them from the first that is not
/// zero, else from the point. Gives −1 if they do not fit.
///
/// # Safety
/// The pointers are writable, the buffer for `size` bytes.
unsafe fn digits(
    value: Value,
    count: c_int,
    point: *mut c_int,
    sign: *mut c_int,
    buffer: *mut c_char,
    size: usize,
    scientific: bool,
) -> c_int {
    let number = value.extended();
    let finite = number.exponent() != 0x7fff;
    let zero = number.mantissa == 0;
    // SAFETY: the caller's promise.
    unsafe {
        *sign = c_int::from(finite && number.is_negative());
        *point = 0;
        let value = match value {
            Value::Double(bits) => Value::Double(bits << 1 >> 1),
            Value::Extended(value) => Value::Extended(value.with_sign(false)),
        };
        let most = count.min(value.digits());
        if scientific && most <= 0 {
            *point = 1 + if finite && !zero { power_of_ten(value) } else { 0 };
            if size > 0 {
                *buffer = 0;
            }
            return 0;
        }
        let (letter, precision) = if scientific && finite && !zero {
            (b'e', most - 1)
        } else {
            (b'f', most - c_int::from(scientific))
        };
        let written = format(buffer, size, letter, precision.max(0).into(), value);
        let Ok(written) = usize::try_from(written) else { return -1 };
        // An exponent may be written behind the digits, over what `size` has beyond them.
        if written >= size {
            return -1;
        }
        if !finite {
            return 0;
        }
        let text = core::slice::from_raw_parts_mut(buffer.cast::<u8>(), written + 1);
        let mut end = written;
        let mut exponent = 0;
        if let Some(at) = text[..written].iter().position(|&byte| byte == b'e') {
            exponent = super::integer::atoi(buffer.add(at + 1));
            end = at;
        }
        let before = text[..end].iter().position(|&byte| byte == b'.').unwrap_or(end);
        *point = before as c_int + exponent;
        let fraction = before < end;
        if fraction {
            text.copy_within(before + 1..end, before);
            end -= 1;
        }
        // No zeros lead, but those of a zero and of what was rounded to a whole number.
        if fraction && *point == 1 && text[0] == b'0' && !zero {
            let zeros = text[..end].iter().take_while(|&&byte| byte == b'0').count();
            text.copy_within(zeros..end, 0);
            end -= zeros;
            *point = 1 - zeros as c_int;
        }
        text[end] = 0;
    }
    0
}

/// The power of ten of a number's first digit; of enough digits that rounding makes no more of them.
fn power_of_ten(value: Value) -> c_int {
    let mut text = [0 as c_char; 64];
    // SAFETY: the buffer is that long, and holds a string then, in which an `e` is.
    unsafe {
        let size = format(text.as_mut_ptr(), text.len(), b'e', 40, value);
        let at = text.iter().take(size as usize).position(|&byte| byte as u8 == b'e');
        at.map_or(0, |at| super::integer::atoi(text.as_ptr().add(at + 1)))
    }
}

/// Rounds to the left of the point: `count` is negative, and so many digits before it become zeros.
unsafe fn digits_left(
    value: Value,
    count: c_int,
    point: *mut c_int,
    buffer: *mut c_char,
    size: usize,
) -> c_int {
    // SAFETY: `digits`'s promise: there is a string of at most `point` digits.
    unsafe {
        let number = value.extended();
        if number.exponent() == 0x7fff || number.mantissa == 0 {
            return 0;
        }
        let whole = power_of_ten(value) + 1;
        if whole < 1 {
            return 0;
        }
        // One digit is always kept.
        let keep = whole.saturating_add(count).max(1);
        let mut sign = 0;
        let result = digits(value, keep, point, &raw mut sign, buffer, size, true);
        let used = crate::stdio::write::length(buffer);
        let zeros = usize::try_from(*point).unwrap_or(0).saturating_sub(used);
        if used + zeros < size {
            buffer.add(used).write_bytes(b'0', zeros);
            buffer.add(used + zeros).write(0);
        }
        result
    }
}

unsafe fn ecvt_to(
    value: Value,
    count: c_int,
    point: *mut c_int,
    sign: *mut c_int,
    buffer: *mut c_char,
    size: usize,
) -> c_int {
    // SAFETY: the caller's promise, of `digits`.
    unsafe { digits(value, count, point, sign, buffer, size, true) }
}

unsafe fn fcvt_to(
    value: Value,
    count: c_int,
    point: *mut c_int,
    sign: *mut c_int,
    buffer: *mut c_char,
    size: usize,
) -> c_int {
    if buffer.is_null() {
        return crate::errno::set(EINVAL);
    }
    // SAFETY: the caller's promise, of `digits`.
    unsafe {
        let result = digits(value, count.max(0), point, sign, buffer, size, false);
        if count < 0 && result == 0 { digits_left(value, count, point, buffer, size) } else { result }
    }
}

/// `count` significant digits of a number; where its point is, and its sign.
#[export]
pub unsafe extern "C" fn ecvt(value: f64, count: c_int, point: *mut c_int, sign: *mut c_int) -> *mut c_char {
    let buffer = room();
    // SAFETY: the caller's variables; the buffer has that room.
    unsafe {
        if !buffer.is_null() {
            ecvt_to(Value::Double(value.to_bits()), count, point, sign, buffer, ROOM);
        }
    }
    buffer
}

/// A number's digits with `count` after its point; where that is, and its sign.
#[export]
pub unsafe extern "C" fn fcvt(value: f64, count: c_int, point: *mut c_int, sign: *mut c_int) -> *mut c_char {
    let buffer = room();
    // SAFETY: the caller's variables; the buffer has that room.
    unsafe {
        if !buffer.is_null() {
            fcvt_to(Value::Double(value.to_bits()), count, point, sign, buffer, ROOM);
        }
    }
    buffer
}

/// `ecvt` into the caller's buffer; −1 if it is too small.
#[export]
pub unsafe extern "C" fn ecvt_r(
    value: f64,
    count: c_int,
    point: *mut c_int,
    sign: *mut c_int,
    buffer: *mut c_char,
    size: usize,
) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { ecvt_to(Value::Double(value.to_bits()), count, point, sign, buffer, size) }
}

/// `fcvt` into the caller's buffer; −1 if it is too small.
#[export]
pub unsafe extern "C" fn fcvt_r(
    value: f64,
    count: c_int,
    point: *mut c_int,
    sign: *mut c_int,
    buffer: *mut c_char,
    size: usize,
) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { fcvt_to(Value::Double(value.to_bits()), count, point, sign, buffer, size) }
}

/// A number as `%g` prints it with `count` digits.
#[export]
pub unsafe extern "C" fn gcvt(value: f64, count: c_int, buffer: *mut c_char) -> *mut c_char {
    // SAFETY: the caller's buffer is large enough, which only it can know.
    unsafe { format(buffer, usize::MAX, b'g', count.min(17).into(), Value::Double(value.to_bits())) };
    buffer
}

unsafe extern "C" fn qecvt_at(
    count: c_int,
    point: *mut c_int,
    sign: *mut c_int,
    value: *const F80,
) -> *mut c_char {
    let buffer = room();
    // SAFETY: the caller's variables; the buffer has that room.
    unsafe {
        if !buffer.is_null() {
            ecvt_to(Value::Extended(*value), count, point, sign, buffer, ROOM);
        }
    }
    buffer
}

unsafe extern "C" fn qfcvt_at(
    count: c_int,
    point: *mut c_int,
    sign: *mut c_int,
    value: *const F80,
) -> *mut c_char {
    let buffer = room();
    // SAFETY: the caller's variables; the buffer has that room.
    unsafe {
        if !buffer.is_null() {
            fcvt_to(Value::Extended(*value), count, point, sign, buffer, ROOM);
        }
    }
    buffer
}

unsafe extern "C" fn qgcvt_at(count: c_int, buffer: *mut c_char, _: usize, value: *const F80) -> *mut c_char {
    // SAFETY: the caller's buffer is large enough, which only it can know.
    unsafe { format(buffer, usize::MAX, b'g', count.min(21).into(), Value::Extended(*value)) };
    buffer
}

unsafe extern "C" fn qecvt_r_at(
    count: c_int,
    point: *mut c_int,
    sign: *mut c_int,
    buffer: *mut c_char,
    size: usize,
    value: *const F80,
) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { ecvt_to(Value::Extended(*value), count, point, sign, buffer, size) }
}

unsafe extern "C" fn qfcvt_r_at(
    count: c_int,
    point: *mut c_int,
    sign: *mut c_int,
    buffer: *mut c_char,
    size: usize,
    value: *const F80,
) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { fcvt_to(Value::Extended(*value), count, point, sign, buffer, size) }
}

/// `ecvt` of a `long double`, which is the first argument and comes on the stack.
#[export]
#[unsafe(naked)]
pub unsafe extern "C" fn qecvt(count: c_int, point: *mut c_int, sign: *mut c_int) -> *mut c_char {
    core::arch::naked_asm!("lea rcx, [rsp + 8]", "jmp {at}", at = sym qecvt_at)
}

/// `fcvt` of a `long double`.
#[export]
#[unsafe(naked)]
pub unsafe extern "C" fn qfcvt(count: c_int, point: *mut c_int, sign: *mut c_int) -> *mut c_char {
    core::arch::naked_asm!("lea rcx, [rsp + 8]", "jmp {at}", at = sym qfcvt_at)
}

/// `gcvt` of a `long double`.
#[export]
#[unsafe(naked)]
pub unsafe extern "C" fn qgcvt(count: c_int, buffer: *mut c_char) -> *mut c_char {
    core::arch::naked_asm!("lea rcx, [rsp + 8]", "jmp {at}", at = sym qgcvt_at)
}

/// `ecvt_r` of a `long double`.
#[export]
#[unsafe(naked)]
pub unsafe extern "C" fn qecvt_r(
    count: c_int,
    point: *mut c_int,
    sign: *mut c_int,
    buffer: *mut c_char,
    size: usize,
) -> c_int {
    core::arch::naked_asm!("lea r9, [rsp + 8]", "jmp {at}", at = sym qecvt_r_at)
}

/// `fcvt_r` of a `long double`.
#[export]
#[unsafe(naked)]
pub unsafe extern "C" fn qfcvt_r(
    count: c_int,
    point: *mut c_int,
    sign: *mut c_int,
    buffer: *mut c_char,
    size: usize,
) -> c_int {
    core::arch::naked_asm!("lea r9, [rsp + 8]", "jmp {at}", at = sym qfcvt_r_at)
}

/// Formats by a format that may only be `%`, a precision and one of `aefg`; anything else aborts,
/// as in glibc.
unsafe fn from_number(buffer: *mut c_char, size: usize, text: *const c_char, value: Value) -> c_int {
    // SAFETY: the caller's string and buffer.
    unsafe {
        let mut at = super::cursor::Cursor::narrow(text);
        let mut precision = -1;
        let mut valid = at.take(b'%');
        if at.take(b'.') {
            precision = 0;
            while let Some(digit) = at.digit(10) {
                precision = (precision * 10 + i64::from(digit)).min(i64::from(c_int::MAX));
                at.skip();
            }
        }
        let letter = at.ascii();
        valid &= matches!(letter | 0x20, b'a' | b'e' | b'f' | b'g');
        if valid {
            at.skip();
        }
        if !valid || at.peek() != 0 {
            crate::stdio::system::abort();
        }
        format(buffer, size, letter, precision, value)
    }
}

/// A `double` by a format of one conversion.
#[export]
pub unsafe extern "C" fn strfromd(
    buffer: *mut c_char,
    size: usize,
    text: *const c_char,
    value: f64,
) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { from_number(buffer, size, text, Value::Double(value.to_bits())) }
}

/// A `float` by a format of one conversion.
#[export]
pub unsafe extern "C" fn strfromf(
    buffer: *mut c_char,
    size: usize,
    text: *const c_char,
    value: f32,
) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { from_number(buffer, size, text, Value::Double(f64::from(value).to_bits())) }
}

unsafe extern "C" fn strfroml_at(
    buffer: *mut c_char,
    size: usize,
    text: *const c_char,
    value: *const F80,
) -> c_int {
    // SAFETY: the caller's contract.
    unsafe { from_number(buffer, size, text, Value::Extended(*value)) }
}

/// A `long double`, which comes on the stack, by a format of one conversion.
#[export]
#[unsafe(naked)]
pub unsafe extern "C" fn strfroml(buffer: *mut c_char, size: usize, text: *const c_char) -> c_int {
    core::arch::naked_asm!("lea rcx, [rsp + 8]", "jmp {at}", at = sym strfroml_at)
}
