//! `printf.h`: what arguments a format takes. Conversions of the application's own are not provided.

use core::ffi::{c_char, c_int};

use macros::export;

use super::{Amount, Format, Length, Spec, parse};

const PA_INT: c_int = 0;
const PA_CHAR: c_int = 1;
const PA_WCHAR: c_int = 2;
const PA_STRING: c_int = 3;
const PA_WSTRING: c_int = 4;
const PA_POINTER: c_int = 5;
const PA_DOUBLE: c_int = 7;
const PA_FLAG_LONG_DOUBLE: c_int = 1 << 8;
const PA_FLAG_LONG: c_int = 1 << 9;
const PA_FLAG_SHORT: c_int = 1 << 10;
const PA_FLAG_PTR: c_int = 1 << 11;

/// The type of a conversion's argument, if it takes one.
fn argument_type(spec: &Spec) -> Option<c_int> {
    Some(match spec.letter as u8 {
        b'i' | b'd' | b'u' | b'o' | b'x' | b'X' | b'b' | b'B' => match spec.length {
            Length::Char => PA_CHAR,
            Length::Short => PA_INT | PA_FLAG_SHORT,
            Length::Long => PA_INT | PA_FLAG_LONG,
            // `ll` is a `long` twice; `L` and `q` say nothing about integers of 64 bits.
            Length::LongDouble if spec.modifier == b'l' => PA_INT | PA_FLAG_LONG,
            Length::LongDouble | Length::None => PA_INT,
        },
        b'e' | b'E' | b'f' | b'F' | b'g' | b'G' | b'a' | b'A' => {
            PA_DOUBLE | if spec.length == Length::LongDouble { PA_FLAG_LONG_DOUBLE } else { 0 }
        }
        b'c' => PA_CHAR,
        b'C' => PA_WCHAR,
        b's' => PA_STRING,
        b'S' => PA_WSTRING,
        b'p' => PA_POINTER,
        b'n' => PA_INT | PA_FLAG_PTR,
        _ => return None,
    })
}

/// Says the types of the first `count` arguments that a format takes; gives how many it takes.
#[export]
pub unsafe extern "C" fn parse_printf_format(
    format: *const c_char,
    count: usize,
    types: *mut c_int,
) -> usize {
    // SAFETY: the caller's string.
    let mut format = unsafe { Format::narrow(format) };
    let mut next = 0;
    let mut total = 0;
    let mut note = |position: u16, kind: c_int| {
        let index = usize::from(position).checked_sub(1).unwrap_or_else(|| {
            next += 1;
            next - 1
        });
        total = total.max(index + 1);
        if index < count {
            // SAFETY: the caller's array has so many elements.
            unsafe { types.add(index).write(kind) };
        }
    };
    loop {
        format.skip_literal();
        if format.peek() == 0 {
            return total;
        }
        format.skip();
        let Some(spec) = parse(&mut format) else { return total };
        for amount in [spec.width, spec.precision] {
            match amount {
                Amount::Next => note(0, PA_INT),
                Amount::At(position) => note(position, PA_INT),
                Amount::None | Amount::Number(_) => {}
            }
        }
        if let Some(kind) = argument_type(&spec) {
            note(spec.position, kind);
        }
    }
}
