//! Texts that a program needs to have in order to ask for something by name, such as `/proc`.

use memchr::memmem::Finder;
use rayon::prelude::*;

use super::code;
use crate::app::object::AppObject;

/// The first object that has a text in its data, or the first four bytes of it in its code, where
/// compilers put short strings as constants; and the address.
pub(crate) fn find(objects: &[AppObject], text: &[u8]) -> Option<(usize, u64)> {
    let start = Finder::new(text.get(..4).unwrap_or(text));
    let text = Finder::new(text);
    let find = |(index, object): (usize, &AppObject)| {
        let mut parts =
            object.data().map(|part| (part, &text)).chain(code::parts(object).map(|part| (part, &start)));
        parts.find_map(|((base, bytes), text)| Some((index, base + text.find(bytes)? as u64)))
    };
    objects.par_iter().enumerate().find_map_first(find)
}
