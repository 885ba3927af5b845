//! The zone in use: what `TZ` said last, looked up again when it says something else.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ffi::{c_char, c_int, c_void};

use kcore::sync::{Mutex, MutexGuard};

use super::rule::{self, Kind};
use super::tzif::Tzif;
use crate::stdlib::environment::find;

/// Where zones are looked for by name, and the system's own.
const DIRECTORY: &[u8] = b"/usr/share/zoneinfo/";
const SYSTEM: &[u8] = b"/etc/localtime";
/// More than any zone file has; what is larger is taken for no zone.
const LARGEST: usize = 1 << 20;

/// Where a zone's facts come from.
enum Source {
    /// A file's bytes, checked when they were read.
    File(Vec<u8>),
    /// A rule in `TZ`.
    Rule,
    /// UTC under this name.
    Universal,
}

/// The zone, and the value of `TZ` that it is for (`None`: unset).
pub(super) struct Zone {
    known: bool,
    setting: Option<Vec<u8>>,
    source: Source,
    /// Whether `tzname` and its kin show this zone.
    pub(super) published: bool,
    names: Vec<Box<[u8]>>,
}

static ZONE: Mutex<Zone> = Mutex::new(Zone {
    known: false,
    setting: None,
    source: Source::Universal,
    published: false,
    names: Vec::new(),
});

unsafe extern "C" {
    fn open(path: *const c_char, flags: c_int, ...) -> c_int;
    fn read(fd: c_int, to: *mut c_void, n: usize) -> isize;
    fn close(fd: c_int) -> c_int;
}

/// A whole file, if it can be read and is a zone.
fn load(directory: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    const O_CLOEXEC: c_int = 0o2000000;
    let mut path = Vec::from(directory);
    path.extend_from_slice(name);
    path.push(0);
    let mut file = Vec::new();
    // SAFETY: the path is NUL-terminated, and `read` gets a buffer of the size it is told.
    let whole = unsafe {
        let fd = open(path.as_ptr().cast(), O_CLOEXEC);
        if fd < 0 {
            return None;
        }
        let mut buffer = [0u8; 1024];
        let whole = loop {
            match usize::try_from(read(fd, buffer.as_mut_ptr().cast(), buffer.len())) {
                Ok(0) => break true,
                Ok(n) if file.len() < LARGEST => file.extend_from_slice(buffer.get(..n).unwrap_or_default()),
                _ => break false,
            }
        };
        close(fd);
        whole
    };
    (whole && Tzif::parse(&file).is_some()).then_some(file)
}

/// The zone for what `TZ` says now.
pub(super) fn current() -> MutexGuard<'static, Zone> {
    let mut zone = ZONE.lock();
    // SAFETY: C requires the environment not to be changed meanwhile; values are NUL-terminated.
    let setting = unsafe { find(b"TZ").map(|value| core::ffi::CStr::from_ptr(value).to_bytes()) };
    if !zone.known || zone.setting.as_deref() != setting {
        zone.setting = setting.map(Vec::from);
        let errno = crate::errno::get();
        zone.source = choose(setting);
        crate::errno::set_number(errno);
        zone.known = true;
        zone.published = false;
    }
    zone
}

fn choose(setting: Option<&[u8]>) -> Source {
    let file = match setting {
        None => load(b"", SYSTEM),
        Some(text) => {
            let name = text.strip_prefix(b":").unwrap_or(text);
            match name.first() {
                None => None,
                Some(b'/') => load(b"", name),
                Some(_) => load(DIRECTORY, name),
            }
        }
    };
    match (file, setting) {
        (Some(file), _) => Source::File(file),
        (None, Some(text)) if rule::parse(text.strip_prefix(b":").unwrap_or(text)).is_some() => Source::Rule,
        _ => Source::Universal,
    }
}

impl Zone {
    fn text(&self) -> &[u8] {
        let text = self.setting.as_deref().unwrap_or_default();
        text.strip_prefix(b":").unwrap_or(text)
    }

    fn universal(&self) -> Kind<'_> {
        // What cannot be read is UTC under its own first letters, or none, as in glibc.
        let text = self.text();
        let n = text.iter().take_while(|c| c.is_ascii_alphabetic()).count();
        let name: &[u8] = match n {
            _ if text.is_empty() => b"UTC",
            0..3 => b"",
            _ => &text[..n],
        };
        Kind { name, offset: 0, summer: false }
    }

    fn kind_at(&self, time: i64) -> Kind<'_> {
        let kind = match &self.source {
            Source::File(file) => Tzif::parse(file).map(|file| file.at(time)),
            Source::Rule => rule::parse(self.text()).map(|rule| rule.at(time)),
            Source::Universal => None,
        };
        kind.unwrap_or_else(|| self.universal())
    }

    /// Seconds east of UTC at a time, and whether it is summer time.
    pub(super) fn offset_at(&self, time: i64) -> (i64, bool) {
        let kind = self.kind_at(time);
        (kind.offset.into(), kind.summer)
    }

    /// The name in use at a time.
    pub(super) fn name_at(&mut self, time: i64) -> *const c_char {
        let name = Vec::from(self.kind_at(time).name);
        self.lasting(&name)
    }

    /// Standard and summer time's names and offsets; summer's is absent if there is none.
    pub(super) fn latest(&mut self) -> ((*const c_char, i64), Option<(*const c_char, i64)>) {
        let (standard, summer) = match &self.source {
            Source::File(file) => Tzif::parse(file).map_or((None, None), |file| file.latest()),
            Source::Rule => {
                rule::parse(self.text()).map_or((None, None), |rule| (Some(rule.standard), rule.summer))
            }
            Source::Universal => (None, None),
        };
        let standard = standard.unwrap_or_else(|| self.universal());
        let standard = (Vec::from(standard.name), i64::from(standard.offset));
        // Nor has it a second name.
        let unread = matches!(self.source, Source::Universal) && !self.text().is_empty();
        let nameless = Kind { name: b"", offset: 0, summer: false };
        let summer =
            summer.or(unread.then_some(nameless)).map(|kind| (Vec::from(kind.name), i64::from(kind.offset)));
        let first = (self.lasting(&standard.0), standard.1);
        (first, summer.map(|(name, offset)| (self.lasting(&name), offset)))
    }

    /// The name as a C string that is never freed: `tm_zone` and `tzname` point at it.
    fn lasting(&mut self, name: &[u8]) -> *const c_char {
        if let Some(known) = self.names.iter().find(|known| known.strip_suffix(b"\0") == Some(name)) {
            return known.as_ptr().cast();
        }
        let mut text = Vec::with_capacity(name.len() + 1);
        text.extend_from_slice(name);
        text.push(0);
        let text = text.into_boxed_slice();
        let at = text.as_ptr().cast();
        self.names.push(text);
        at
    }
}
