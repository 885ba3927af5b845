//! What `pwd.h`, `grp.h` and `shadow.h` share: files of lines whose fields are parted by colons, and
//! records whose strings lie in one buffer.

use alloc::vec::Vec;
use core::ffi::{CStr, c_char, c_int};

use kcore::errno::{ENOENT, ERANGE, Errno, Result};
use kcore::sync::Mutex;
use kcore::vfs::OpenFlags;

/// The contents of `path`; `fallback` if there is no such file.
pub(crate) fn read(path: &CStr, fallback: &[u8]) -> Result<Vec<u8>> {
    let file = match kcore::vfs::open(path.to_bytes(), OpenFlags::empty(), 0) {
        Err(error) if error == ENOENT => return Ok(fallback.to_vec()),
        file => file?,
    };
    let mut contents = Vec::new();
    let mut block = [0; 512];
    loop {
        match file.read(&mut block)? {
            0 => return Ok(contents),
            count => contents.extend_from_slice(&block[..count]),
        }
    }
}

/// A record of one line, as its C structure.
pub(crate) trait Record: Sized {
    /// The file, and what stands for it where there is none.
    const FILE: (&'static CStr, &'static [u8]);

    /// Parses a line into `room`; none if it is no record.
    fn parse(line: &[u8], room: &mut Room) -> Result<Option<Self>>;
}

/// The buffer that a record's strings go to.
pub(crate) struct Room<'a> {
    buffer: &'a mut [u8],
    used: usize,
}

impl<'a> Room<'a> {
    /// All of `buffer`.
    pub(crate) fn new(buffer: &'a mut [u8]) -> Self {
        Self { buffer, used: 0 }
    }

    /// Copies `text` with a NUL; `ERANGE` if it does not fit.
    pub(crate) fn text(&mut self, text: &[u8]) -> Result<*mut c_char> {
        let end = self.used + text.len();
        let place = self.buffer.get_mut(self.used..=end).ok_or(ERANGE)?;
        place[..text.len()].copy_from_slice(text);
        place[text.len()] = 0;
        self.used = end + 1;
        Ok(place.as_mut_ptr().cast())
    }

    /// Copies texts and a null-terminated array of pointers to them.
    pub(crate) fn list<'t>(&mut self, texts: impl Iterator<Item = &'t [u8]>) -> Result<*mut *mut c_char> {
        let mut pointers = Vec::new();
        for text in texts {
            pointers.push(self.text(text)?);
        }
        self.pointers(pointers)
    }
}

impl Room<'_> {
    /// Copies pieces of binary data, each aligned for any number in it, and a null-terminated array
    /// of pointers to them.
    pub(crate) fn list_aligned<'t>(
        &mut self,
        pieces: impl Iterator<Item = &'t [u8]>,
    ) -> Result<*mut *mut c_char> {
        let mut pointers = Vec::new();
        for piece in pieces {
            let free = self.buffer.get_mut(self.used..).ok_or(ERANGE)?;
            let skip = free.as_ptr().align_offset(8);
            let place = free.get_mut(skip..skip + piece.len()).ok_or(ERANGE)?;
            place.copy_from_slice(piece);
            pointers.push(place.as_mut_ptr().cast());
            self.used += skip + piece.len();
        }
        self.pointers(pointers)
    }

    /// Stores pointers and a null after them.
    fn pointers(&mut self, mut pointers: Vec<*mut c_char>) -> Result<*mut *mut c_char> {
        pointers.push(core::ptr::null_mut());
        let free = self.buffer.get_mut(self.used..).ok_or(ERANGE)?;
        let skip = free.as_ptr().align_offset(align_of::<*mut c_char>());
        let array = free.get_mut(skip..skip + size_of_val(pointers.as_slice())).ok_or(ERANGE)?;
        let array = array.as_mut_ptr().cast::<*mut c_char>();
        // SAFETY: the array is inside the buffer, aligned, and has room for all pointers.
        unsafe { core::ptr::copy_nonoverlapping(pointers.as_ptr(), array, pointers.len()) };
        self.used += skip + size_of_val(pointers.as_slice());
        Ok(array)
    }
}

/// A decimal number that fills `text`.
pub(crate) fn number(text: &[u8]) -> Option<u32> {
    core::str::from_utf8(text).ok()?.parse().ok()
}

/// The first record of `R`'s file that `wanted` takes; none if none does.
pub(crate) fn find<R: Record>(buffer: &mut [u8], wanted: &dyn Fn(&R) -> bool) -> Result<Option<R>> {
    let contents = read(R::FILE.0, R::FILE.1)?;
    for line in contents.split(|&byte| byte == b'\n') {
        if let Some(record) = R::parse(line, &mut Room::new(buffer))?
            && wanted(&record)
        {
            return Ok(Some(record));
        }
    }
    Ok(None)
}

/// Where a walk through a file is, and the record it gave last with the buffer of its strings.
pub(crate) struct Walk<R> {
    contents: Option<Vec<u8>>,
    at: usize,
    last: Option<R>,
    buffer: Vec<u8>,
}

/// The state of the functions without `_r`: records stay valid until the next call.
pub(crate) struct Shared<R>(Mutex<Walk<R>>);

impl<R: Record> Shared<R> {
    /// Nothing read yet.
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(Walk { contents: None, at: 0, last: None, buffer: Vec::new() }))
    }

    /// Starts again from the first line; what was read is let go.
    pub(crate) fn rewind(&self) {
        let contents = self.0.lock().contents.take();
        drop(contents);
        self.0.lock().at = 0;
    }

    /// The next record; null at the end or on an error, which is in `errno`.
    pub(crate) fn next(&self) -> *mut R {
        // The file is read without the lock: it may have to wait for a disk.
        if self.0.lock().contents.is_none() {
            match read(R::FILE.0, R::FILE.1) {
                Ok(contents) => self.0.lock().contents = Some(contents),
                Err(error) => return failed(error),
            }
        }
        let mut walk = self.0.lock();
        let Walk { contents, at, last, buffer } = &mut *walk;
        let contents = contents.as_deref().unwrap_or_default();
        while *at < contents.len() {
            let rest = &contents[*at..];
            let line = rest.split(|&byte| byte == b'\n').next().unwrap_or_default();
            *at += line.len() + 1;
            match parse_growing(line, buffer) {
                Ok(None) => {}
                Ok(Some(record)) => return last.insert(record),
                Err(error) => return failed(error),
            }
        }
        core::ptr::null_mut()
    }

    /// The next record into the caller's buffer: 0 with `*result` set, `ENOENT` at the end, or another
    /// error number, when the same record comes again.
    ///
    /// # Safety
    /// As of [`find_r`].
    pub(crate) unsafe fn next_r(
        &self,
        record: *mut R,
        buffer: *mut c_char,
        size: usize,
        result: *mut *mut R,
    ) -> c_int {
        // SAFETY: the caller's promise.
        unsafe { result.write(core::ptr::null_mut()) };
        if self.0.lock().contents.is_none() {
            match read(R::FILE.0, R::FILE.1) {
                Ok(contents) => self.0.lock().contents = Some(contents),
                Err(error) => return error.number(),
            }
        }
        let mut walk = self.0.lock();
        let Walk { contents, at, .. } = &mut *walk;
        let contents = contents.as_deref().unwrap_or_default();
        while *at < contents.len() {
            let line = contents[*at..].split(|&byte| byte == b'\n').next().unwrap_or_default();
            // SAFETY: the caller's promise.
            let buffer = unsafe { core::slice::from_raw_parts_mut(buffer.cast(), size) };
            let parsed = match R::parse(line, &mut Room::new(buffer)) {
                Err(error) => return error.number(),
                Ok(parsed) => parsed,
            };
            *at += line.len() + 1;
            if let Some(found) = parsed {
                // SAFETY: the caller's promise.
                unsafe {
                    record.write(found);
                    result.write(record);
                }
                return 0;
            }
        }
        ENOENT.number()
    }

    /// The record that `wanted` takes; null if there is none.
    pub(crate) fn find(&self, wanted: &dyn Fn(&R) -> bool) -> *mut R {
        let contents = match read(R::FILE.0, R::FILE.1) {
            Ok(contents) => contents,
            Err(error) => return failed(error),
        };
        let mut walk = self.0.lock();
        for line in contents.split(|&byte| byte == b'\n') {
            match parse_growing::<R>(line, &mut walk.buffer) {
                Ok(Some(record)) if wanted(&record) => return walk.last.insert(record),
                Ok(_) => {}
                Err(error) => return failed(error),
            }
        }
        core::ptr::null_mut()
    }

    /// The record of one line of a stream; null if it is none.
    pub(crate) fn parsed(&self, line: &[u8]) -> *mut R {
        let mut walk = self.0.lock();
        match parse_growing::<R>(line, &mut walk.buffer) {
            Ok(Some(record)) => walk.last.insert(record),
            _ => core::ptr::null_mut(),
        }
    }
}

/// The functions that walk through a table, and what they share, `SHARED`.
macro_rules! walk {
    ($record:ident as $what:literal:
        $next:ident $next_r:ident $rewind:ident $end:ident $of_stream:ident $of_stream_r:ident) => {
        static SHARED: $crate::accounts::Shared<$record> = $crate::accounts::Shared::new();

        #[doc = concat!("The next ", $what, "; null after the last.")]
        #[export]
        pub extern "C" fn $next() -> *mut $record {
            SHARED.next()
        }

        #[doc = concat!("The next ", $what, " in the caller's buffer; 0 or an error number, `ENOENT` after the last.")]
        #[export]
        pub unsafe extern "C" fn $next_r(
            record: *mut $record,
            buffer: *mut c_char,
            size: usize,
            result: *mut *mut $record,
        ) -> c_int {
            // SAFETY: the caller's promises are passed on.
            unsafe { SHARED.next_r(record, buffer, size, result) }
        }

        #[doc = concat!("Starts again from the first ", $what, ".")]
        #[export]
        pub extern "C" fn $rewind() {
            SHARED.rewind();
        }

        /// Ends the walk.
        #[export]
        pub extern "C" fn $end() {
            SHARED.rewind();
        }

        #[doc = concat!("The next ", $what, " of a stream; null at its end.")]
        #[export]
        pub unsafe extern "C" fn $of_stream(file: *mut FILE) -> *mut $record {
            // SAFETY: the caller gives an open stream.
            unsafe { $crate::accounts::from_stream(file, &|line| SHARED.parsed(line)) }
        }

        #[doc = concat!("The next ", $what, " of a stream in the caller's buffer; 0 or an error number.")]
        #[export]
        pub unsafe extern "C" fn $of_stream_r(
            file: *mut FILE,
            record: *mut $record,
            buffer: *mut c_char,
            size: usize,
            result: *mut *mut $record,
        ) -> c_int {
            // SAFETY: the caller's promises are passed on.
            unsafe { $crate::accounts::from_stream_r(file, record, buffer, size, result) }
        }
    };
}
pub(crate) use walk;

fn failed<R>(error: Errno) -> *mut R {
    crate::errno::set(error);
    core::ptr::null_mut()
}

/// Parses into `buffer`, which grows until the record fits.
fn parse_growing<R: Record>(line: &[u8], buffer: &mut Vec<u8>) -> Result<Option<R>> {
    let mut size = buffer.len().max(line.len() * 2 + 64);
    loop {
        buffer.resize(size, 0);
        match R::parse(line, &mut Room::new(buffer)) {
            Err(error) if error == ERANGE && size < 1 << 20 => size *= 2,
            result => return result,
        }
    }
}

/// What the `_r` functions return: 0 with `*result` set or null, or an error number.
///
/// # Safety
/// `record` and `result` are writable, and `buffer` has `size` bytes.
pub(crate) unsafe fn find_r<R: Record>(
    wanted: &dyn Fn(&R) -> bool,
    record: *mut R,
    buffer: *mut c_char,
    size: usize,
    result: *mut *mut R,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        result.write(core::ptr::null_mut());
        match find(core::slice::from_raw_parts_mut(buffer.cast(), size), wanted) {
            Ok(Some(found)) => {
                record.write(found);
                result.write(record);
                0
            }
            Ok(None) => 0,
            Err(error) => error.number(),
        }
    }
}

/// Whether the C string `text` is `name`.
///
/// # Safety
/// `text` is NUL-terminated.
pub(crate) unsafe fn is(text: *const c_char, name: &CStr) -> bool {
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(text) == name }
}

/// Reads lines of a stream until `take` makes something of one; null at the end.
///
/// # Safety
/// `file` is an open stream.
pub(crate) unsafe fn from_stream<R>(
    file: *mut crate::stdio::file::FILE,
    take: &dyn Fn(&[u8]) -> *mut R,
) -> *mut R {
    let mut line = core::ptr::null_mut();
    let mut size = 0;
    let mut found: *mut R = core::ptr::null_mut();
    // SAFETY: `getline` keeps `line` and `size` in step; the stream is the caller's.
    unsafe {
        while found.is_null() {
            let length = crate::stdio::read::getline(&raw mut line, &raw mut size, file);
            let Ok(length) = usize::try_from(length) else { break };
            let text = core::slice::from_raw_parts(line.cast::<u8>(), length);
            found = take(text.strip_suffix(b"\n").unwrap_or(text));
        }
        crate::malloc::cells::free(line.cast());
    }
    found
}

/// The next record of a stream in the caller's buffer: 0 with `*result` set, `ENOENT` at the end, or
/// `ERANGE` if it does not fit, when the same record comes again.
///
/// # Safety
/// As of [`find_r`], and `file` is an open stream.
pub(crate) unsafe fn from_stream_r<R: Record>(
    file: *mut crate::stdio::file::FILE,
    record: *mut R,
    buffer: *mut c_char,
    size: usize,
    result: *mut *mut R,
) -> c_int {
    let mut outcome = Err(ENOENT);
    // SAFETY: the caller's promises.
    unsafe {
        result.write(core::ptr::null_mut());
        let mut before = crate::stdio::seek::ftell(file);
        let take = |line: &[u8]| {
            let room = core::slice::from_raw_parts_mut(buffer.cast(), size);
            match R::parse(line, &mut Room::new(room)) {
                Ok(None) => None,
                parsed => Some(parsed),
            }
        };
        let mut line = core::ptr::null_mut();
        let mut length = 0;
        while let Ok(count) =
            usize::try_from(crate::stdio::read::getline(&raw mut line, &raw mut length, file))
        {
            let text = core::slice::from_raw_parts(line.cast::<u8>(), count);
            match take(text.strip_suffix(b"\n").unwrap_or(text)) {
                None => before = crate::stdio::seek::ftell(file),
                Some(parsed) => {
                    outcome = parsed.map(|found| found.map(|found| record.write(found)));
                    break;
                }
            }
        }
        crate::malloc::cells::free(line.cast());
        match outcome {
            Ok(_) => {
                result.write(record);
                0
            }
            Err(error) => {
                if error == ERANGE {
                    crate::stdio::seek::fseek(file, before, 0);
                }
                crate::errno::set(error);
                error.number()
            }
        }
    }
}

/// A line of a table as it is put together.
#[derive(Default)]
pub(crate) struct Line(Vec<u8>);

impl Line {
    /// Adds a text, nothing for null.
    ///
    /// # Safety
    /// `text` is null or NUL-terminated.
    pub(crate) unsafe fn part(&mut self, text: *const c_char) {
        if !text.is_null() {
            // SAFETY: the caller's promise.
            self.0.extend_from_slice(unsafe { CStr::from_ptr(text) }.to_bytes());
        }
    }

    /// Adds a byte.
    pub(crate) fn end(&mut self, end: u8) {
        self.0.push(end);
    }

    /// Adds a text, nothing for null, and what ends it.
    ///
    /// # Safety
    /// `text` is null or NUL-terminated.
    pub(crate) unsafe fn text(&mut self, text: *const c_char, end: u8) -> &mut Self {
        // SAFETY: the caller's promise.
        unsafe { self.part(text) };
        self.0.push(end);
        self
    }

    /// Adds a number, nothing for none, and what ends it.
    pub(crate) fn number(&mut self, number: Option<i64>, end: u8) -> &mut Self {
        if let Some(number) = number {
            if number < 0 {
                self.0.push(b'-');
            }
            self.0.extend_from_slice(kcore::console::decimal(number.unsigned_abs(), &mut [0; 20]));
        }
        self.0.push(end);
        self
    }

    /// Writes the line; 0, or -1 with `errno` set.
    ///
    /// # Safety
    /// `file` is an open stream.
    pub(crate) unsafe fn put(&self, file: *mut crate::stdio::file::FILE) -> c_int {
        // SAFETY: the caller's promise.
        let written = unsafe { crate::stdio::write::fwrite(self.0.as_ptr().cast(), 1, self.0.len(), file) };
        if written == self.0.len() { 0 } else { -1 }
    }
}

/// Whether a field can stand in a table: it has no separator and no end of a line in it.
///
/// # Safety
/// `text` is null or NUL-terminated.
pub(crate) unsafe fn is_field(text: *const c_char) -> bool {
    // SAFETY: the caller's promise.
    text.is_null() || !unsafe { CStr::from_ptr(text) }.to_bytes().iter().any(|byte| b":\n".contains(byte))
}

/// Whether a name stands for entries of another table (`+name`, `-name`), which have no numbers.
///
/// # Safety
/// `name` is null or NUL-terminated.
pub(crate) unsafe fn is_reference(name: *const c_char) -> bool {
    // SAFETY: the caller's promise.
    !name.is_null() && matches!(unsafe { *name } as u8, b'+' | b'-')
}
