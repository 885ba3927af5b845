//! Arguments asked for by number (`%2$s`): all formats are read before any argument is.

use alloc::vec::Vec;

use kcore::errno::EOVERFLOW;

use super::{Amount, Class, Conversion, Engine, Format, Length, Part, Spec, Step, Stopped, fetch, parse};
use crate::stdio::system;

/// `%m$` and `*m$`.
pub static POSITIONAL: Conversion = Conversion { part: Part::Positional, run: collect };

/// The class of a conversion's argument, if it takes one.
#[must_use]
pub fn class(spec: &Spec) -> Option<Class> {
    match spec.letter as u8 {
        b'e' | b'E' | b'f' | b'F' | b'g' | b'G' | b'a' | b'A' => {
            Some(if spec.length == Length::LongDouble { Class::Extended } else { Class::Double })
        }
        b'd' | b'i' | b'o' | b'u' | b'x' | b'X' | b'b' | b'B' | b'p' | b's' | b'c' | b'S' | b'C' | b'n' => {
            Some(Class::Integer)
        }
        _ => None,
    }
}

/// The classes of all arguments that a format asks for; `None` where none is asked for.
pub fn classes(mut format: Format) -> Option<Vec<Option<Class>>> {
    let mut classes = Vec::new();
    let mut next = 0;
    let mut note = |position: Option<usize>, class: Class| {
        let index = position.unwrap_or(next);
        if classes.len() <= index {
            classes.resize(index + 1, None);
        }
        classes[index] = Some(class);
        if position.is_none() {
            next += 1;
        }
    };
    let index = |position: u16| usize::from(position).checked_sub(1);
    loop {
        format.skip_literal();
        if format.peek() == 0 {
            return Some(classes);
        }
        format.skip();
        let spec = parse(&mut format)?;
        for amount in [spec.width, spec.precision] {
            match amount {
                Amount::Next => note(None, Class::Integer),
                Amount::At(position) => note(index(position), Class::Integer),
                Amount::None | Amount::Number(_) => {}
            }
        }
        if let Some(class) = class(&spec) {
            note(index(spec.position), class);
        }
    }
}

/// Reads all arguments, as the rest of the format tells their classes.
fn collect(engine: &mut Engine<'_>, _: &Spec) -> Step {
    let classes = classes(engine.format).ok_or_else(|| Stopped::with(EOVERFLOW))?;
    let mut list = engine.first;
    let mut values = Vec::with_capacity(classes.len());
    for class in classes {
        if class.is_none() && engine.fortified {
            system::fatal(&[b"*** invalid %N$ use detected ***\n"]);
        }
        // SAFETY: `print`'s promise. A gap is taken to be an integer, as glibc does.
        values.push(unsafe { fetch(&mut list, class.unwrap_or(Class::Integer)) });
    }
    engine.values = values;
    Ok(())
}
