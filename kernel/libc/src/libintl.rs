//! `libintl.h`: messages in the user's language (GNU gettext).
//!
//! The locales there are, C and C.UTF-8, have no translations, so a message is its own; what is kept
//! is what `textdomain` and `bindtextdomain` were told, since programs ask it back.

use alloc::collections::BTreeMap;
use alloc::ffi::CString;
use core::ffi::{CStr, c_char, c_int, c_ulong};
use core::ptr::{null, null_mut};

use kcore::sync::Mutex;
use macros::export;

/// What a domain was bound to.
#[derive(Default)]
struct Binding {
    directory: Option<&'static CStr>,
    codeset: Option<&'static CStr>,
}

/// Strings handed out stay valid for good, as GNU gettext has it, so they are leaked.
static BINDINGS: Mutex<BTreeMap<CString, Binding>> = Mutex::new(BTreeMap::new());
static DOMAIN: Mutex<Option<&'static CStr>> = Mutex::new(None);

const DEFAULT_DOMAIN: &CStr = c"messages";
const DEFAULT_DIRECTORY: &CStr = c"/usr/share/locale";

fn leaked(text: &CStr) -> &'static CStr {
    alloc::boxed::Box::leak(text.into())
}

unsafe fn text<'a>(text: *const c_char) -> Option<&'a CStr> {
    // SAFETY: the caller gives null or NUL-terminated text.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) })
}

/// The translation of `message`: itself.
#[export]
pub extern "C" fn gettext(message: *const c_char) -> *mut c_char {
    message.cast_mut()
}

/// The translation of `message` in `_domain`: itself.
#[export]
pub extern "C" fn dgettext(_domain: *const c_char, message: *const c_char) -> *mut c_char {
    message.cast_mut()
}

/// The translation of `message` in `_domain` and `_category`: itself.
#[export]
pub extern "C" fn dcgettext(_domain: *const c_char, message: *const c_char, _category: c_int) -> *mut c_char {
    message.cast_mut()
}

fn plural(one: *const c_char, many: *const c_char, count: c_ulong) -> *mut c_char {
    if count == 1 { one.cast_mut() } else { many.cast_mut() }
}

/// `one` or `many`, by the rule of English.
#[export]
pub extern "C" fn ngettext(one: *const c_char, many: *const c_char, count: c_ulong) -> *mut c_char {
    plural(one, many, count)
}

/// [`ngettext`] in `_domain`.
#[export]
pub extern "C" fn dngettext(
    _domain: *const c_char,
    one: *const c_char,
    many: *const c_char,
    count: c_ulong,
) -> *mut c_char {
    plural(one, many, count)
}

/// [`ngettext`] in `_domain` and `_category`.
#[export]
pub extern "C" fn dcngettext(
    _domain: *const c_char,
    one: *const c_char,
    many: *const c_char,
    count: c_ulong,
    _category: c_int,
) -> *mut c_char {
    plural(one, many, count)
}

/// Sets the domain of `gettext`: null only asks, the empty string goes back to `messages`.
#[export]
pub unsafe extern "C" fn textdomain(domain: *const c_char) -> *mut c_char {
    // SAFETY: the caller gives null or NUL-terminated text.
    let wanted = unsafe { text(domain) };
    let mut current = DOMAIN.lock();
    if let Some(wanted) = wanted {
        *current = if wanted.is_empty() || wanted == DEFAULT_DOMAIN { None } else { Some(leaked(wanted)) };
    }
    current.unwrap_or(DEFAULT_DOMAIN).as_ptr().cast_mut()
}

/// Sets where the catalogues of `domain` are; null only asks.
#[export]
pub unsafe extern "C" fn bindtextdomain(domain: *const c_char, directory: *const c_char) -> *mut c_char {
    // SAFETY: the caller gives null or NUL-terminated text.
    let (domain, directory) = unsafe { (text(domain), text(directory)) };
    let Some(domain) = domain.filter(|domain| !domain.is_empty()) else { return null_mut() };
    let mut bindings = BINDINGS.lock();
    let binding = bindings.entry(domain.into()).or_default();
    if let Some(directory) = directory
        && binding.directory != Some(directory)
    {
        binding.directory = Some(leaked(directory));
    }
    binding.directory.unwrap_or(DEFAULT_DIRECTORY).as_ptr().cast_mut()
}

/// Sets the encoding of the messages of `domain`; null only asks, and is the answer if it was never set.
#[export]
pub unsafe extern "C" fn bind_textdomain_codeset(
    domain: *const c_char,
    codeset: *const c_char,
) -> *mut c_char {
    // SAFETY: the caller gives null or NUL-terminated text.
    let (domain, codeset) = unsafe { (text(domain), text(codeset)) };
    let Some(domain) = domain.filter(|domain| !domain.is_empty()) else { return null_mut() };
    let mut bindings = BINDINGS.lock();
    let binding = bindings.entry(domain.into()).or_default();
    if let Some(codeset) = codeset
        && binding.codeset != Some(codeset)
    {
        binding.codeset = Some(leaked(codeset));
    }
    binding.codeset.map_or(null(), CStr::as_ptr).cast_mut()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_bound_is_told() {
        // SAFETY: all text is NUL-terminated, and what comes back lives for good.
        unsafe {
            let told = |text: *mut c_char| (!text.is_null()).then(|| CStr::from_ptr(text));
            assert_eq!(told(textdomain(null())), Some(c"messages"));
            assert_eq!(told(textdomain(c"tool".as_ptr())), Some(c"tool"));
            assert_eq!(told(textdomain(c"".as_ptr())), Some(c"messages"));
            assert_eq!(told(bindtextdomain(c"tool".as_ptr(), null())), Some(c"/usr/share/locale"));
            assert_eq!(told(bindtextdomain(c"tool".as_ptr(), c"/x".as_ptr())), Some(c"/x"));
            assert_eq!(told(bindtextdomain(c"tool".as_ptr(), null())), Some(c"/x"));
            assert_eq!(told(bindtextdomain(c"".as_ptr(), null())), None);
            assert_eq!(told(bind_textdomain_codeset(c"tool".as_ptr(), null())), None);
            assert_eq!(told(bind_textdomain_codeset(c"tool".as_ptr(), c"UTF-8".as_ptr())), Some(c"UTF-8"));
        }
        assert_eq!(ngettext(c"a".as_ptr(), c"b".as_ptr(), 1).cast_const(), c"a".as_ptr());
    }
}
