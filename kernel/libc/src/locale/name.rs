//! Names of locales and categories.

use core::ffi::{CStr, c_char};

/// Names of the categories, by number; 6 is `LC_ALL`.
pub static CATEGORIES: &[u8] =
    b"LC_CTYPE\0LC_NUMERIC\0LC_TIME\0LC_COLLATE\0LC_MONETARY\0LC_MESSAGES\0LC_ALL\0\
    LC_PAPER\0LC_NAME\0LC_ADDRESS\0LC_TELEPHONE\0LC_MEASUREMENT\0LC_IDENTIFICATION\0";

/// How many categories there are, `LC_ALL` among them.
pub(super) const COUNT: usize = 13;

/// One category's locale, with the spelling that it was asked for by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Choice {
    /// `C`, also asked for as `POSIX`.
    C,
    /// `C.UTF-8`.
    Utf8,
    /// `C.utf8`.
    Utf8Short,
}

impl Choice {
    /// The locale of this name; `None` if there is none. As in glibc the codeset's case and
    /// punctuation do not matter.
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        if name == b"C" || name == b"POSIX" {
            return Some(Self::C);
        }
        let codeset = name.strip_prefix(b"C.")?;
        if codeset == b"utf8" {
            return Some(Self::Utf8Short);
        }
        let mut letters = codeset.iter().filter(|c| c.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase);
        for expected in *b"utf8" {
            if letters.next() != Some(expected) {
                return None;
            }
        }
        letters.next().is_none().then_some(Self::Utf8)
    }

    /// Its name.
    pub(super) fn name(self) -> &'static CStr {
        match self {
            Self::C => c"C",
            Self::Utf8 => c"C.UTF-8",
            Self::Utf8Short => c"C.utf8",
        }
    }
}

/// The name of a category, without its NUL.
pub(super) fn category(number: usize) -> &'static [u8] {
    CATEGORIES.split(|byte| *byte == 0).nth(number).unwrap_or_default()
}

/// The bytes of a C string.
pub(super) unsafe fn bytes<'a>(s: *const c_char) -> &'a [u8] {
    // SAFETY: the caller's string is NUL-terminated.
    unsafe { core::slice::from_raw_parts(s.cast(), crate::string::strlen(s)) }
}

/// The value of an environment variable; `None` if it is unset or empty.
unsafe fn variable(name: &[u8]) -> Option<&'static [u8]> {
    let value = crate::stdlib::environment::find(name)?;
    // SAFETY: values are NUL-terminated.
    Some(unsafe { bytes(value) }).filter(|value| !value.is_empty())
}

/// The locale that a name, or for an empty one the environment, gives a category.
pub(super) unsafe fn resolve(wanted: &[u8], number: usize) -> Option<Choice> {
    if !wanted.is_empty() {
        return Choice::named(wanted);
    }
    // SAFETY: as the caller's.
    let name =
        unsafe { variable(b"LC_ALL").or_else(|| variable(category(number))).or_else(|| variable(b"LANG")) };
    Choice::named(name.unwrap_or(b"C"))
}
