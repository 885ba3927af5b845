//! Texts that a program needs to have in order to ask for something by name, such as `/proc`.

use super::code;
use crate::app::object::AppObject;

/// The first object that has a text in its data, or the first four bytes of it in its code, where
/// compilers put short strings as constants; and the address.
pub(crate) fn find(objects: &[AppObject], text: &[u8]) -> Option<(usize, u64)> {
    let start = text.get(..4).unwrap_or(text);
    objects.iter().enumerate().find_map(|(index, object)| {
        let data = object.data().find_map(|(base, data)| Some(base + position(data, text)? as u64));
        let found = data.or_else(|| {
            code::parts(object).find_map(|(base, code)| Some(base + position(code, start)? as u64))
        });
        Some((index, found?))
    })
}

fn position(bytes: &[u8], text: &[u8]) -> Option<usize> {
    bytes.windows(text.len().max(1)).position(|window| window == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_inside_others() {
        assert_eq!(position(b"see /proc/self", b"/proc"), Some(4));
        assert_eq!(position(b"/pro", b"/proc"), None);
    }
}
