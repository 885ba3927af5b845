//! Streams against the host's glibc: the same random calls on two files, the same results.

use core::ffi::{c_char, c_int, c_long, c_void};
use std::ffi::CString;

use super::file::FILE;
use super::printf::tests::Random;
use super::{buffering, open, read, seek, write};

type Text = *const c_char;
type File = *mut FILE;

struct Library {
    fopen: unsafe extern "C" fn(Text, Text) -> File,
    fclose: unsafe extern "C" fn(File) -> c_int,
    fputc: unsafe extern "C" fn(c_int, File) -> c_int,
    fputs: unsafe extern "C" fn(Text, File) -> c_int,
    fwrite: unsafe extern "C" fn(*const c_void, usize, usize, File) -> usize,
    fread: unsafe extern "C" fn(*mut c_void, usize, usize, File) -> usize,
    getc: unsafe extern "C" fn(File) -> c_int,
    ungetc: unsafe extern "C" fn(c_int, File) -> c_int,
    fgets: unsafe extern "C" fn(*mut c_char, c_int, File) -> *mut c_char,
    fseek: unsafe extern "C" fn(File, c_long, c_int) -> c_int,
    ftell: unsafe extern "C" fn(File) -> c_long,
    fflush: unsafe extern "C" fn(File) -> c_int,
    setvbuf: unsafe extern "C" fn(File, *mut c_char, c_int, usize) -> c_int,
    feof: unsafe extern "C" fn(File) -> c_int,
    ferror: unsafe extern "C" fn(File) -> c_int,
    getdelim: unsafe extern "C" fn(*mut *mut c_char, *mut usize, c_int, File) -> isize,
}

#[allow(clashing_extern_declarations, reason = "elsewhere a stream is an opaque pointer")]
mod host {
    use super::{File, Text};
    use core::ffi::{c_char, c_int, c_long, c_void};
    unsafe extern "C" {
        pub fn fopen(path: Text, mode: Text) -> File;
        pub fn fclose(file: File) -> c_int;
        pub fn fputc(byte: c_int, file: File) -> c_int;
        pub fn fputs(text: Text, file: File) -> c_int;
        pub fn fwrite(data: *const c_void, size: usize, count: usize, file: File) -> usize;
        pub fn fread(data: *mut c_void, size: usize, count: usize, file: File) -> usize;
        pub fn getc(file: File) -> c_int;
        pub fn ungetc(byte: c_int, file: File) -> c_int;
        pub fn fgets(buffer: *mut c_char, size: c_int, file: File) -> *mut c_char;
        pub fn fseek(file: File, offset: c_long, whence: c_int) -> c_int;
        pub fn ftell(file: File) -> c_long;
        pub fn fflush(file: File) -> c_int;
        pub fn setvbuf(file: File, buffer: *mut c_char, mode: c_int, size: usize) -> c_int;
        pub fn feof(file: File) -> c_int;
        pub fn ferror(file: File) -> c_int;
        pub fn getdelim(line: *mut *mut c_char, size: *mut usize, delimiter: c_int, file: File) -> isize;
    }
}

const OURS: Library = Library {
    fopen: open::fopen,
    fclose: open::fclose,
    fputc: write::fputc,
    fputs: write::fputs,
    fwrite: write::fwrite,
    fread: read::fread,
    getc: read::getc,
    ungetc: read::ungetc,
    fgets: read::fgets,
    fseek: seek::fseek,
    ftell: seek::ftell,
    fflush: write::fflush,
    setvbuf: buffering::setvbuf,
    feof: seek::feof,
    ferror: seek::ferror,
    getdelim: read::getdelim,
};

const HOST: Library = Library {
    fopen: host::fopen,
    fclose: host::fclose,
    fputc: host::fputc,
    fputs: host::fputs,
    fwrite: host::fwrite,
    fread: host::fread,
    getc: host::getc,
    ungetc: host::ungetc,
    fgets: host::fgets,
    fseek: host::fseek,
    ftell: host::ftell,
    fflush: host::fflush,
    setvbuf: host::setvbuf,
    feof: host::feof,
    ferror: host::ferror,
    getdelim: host::getdelim,
};

/// A file name that is gone when the test ends.
struct Scratch(std::path::PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("stdio-{}-{name}", std::process::id())))
    }

    fn c(&self) -> CString {
        CString::new(self.0.to_str().unwrap()).unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Runs random calls; gives what each returned, and the file in the end.
fn run(library: &Library, seed: u64, mode: &str, steps: usize) -> (Vec<String>, Vec<u8>) {
    let mut random = Random(seed);
    let scratch = Scratch::new(&format!("{seed}-{:x}", library.fopen as usize));
    let mut seedling = Vec::new();
    for _ in 0..random.below(9000) {
        seedling.push(if random.below(30) == 0 { b'\n' } else { b'a' + random.below(26) as u8 });
    }
    std::fs::write(&scratch.0, &seedling).unwrap();
    let mut log = Vec::new();
    let mode = CString::new(mode).unwrap();
    // SAFETY: C's contracts are kept.
    unsafe {
        let file = (library.fopen)(scratch.c().as_ptr(), mode.as_ptr());
        let mut own = vec![0u8; 5000];
        match random.below(6) {
            0 => (library.setvbuf)(file, std::ptr::null_mut(), 2, 0),
            1 => (library.setvbuf)(file, std::ptr::null_mut(), 1, 0),
            2 => (library.setvbuf)(file, own.as_mut_ptr().cast(), 0, 1 + random.below(4999) as usize),
            _ => 0,
        };
        let text: Vec<u8> =
            (0..9000).map(|at| if at % 97 == 5 { b'\n' } else { b'A' + (at % 26) as u8 }).collect();
        let mut writing = None;
        for _ in 0..steps {
            let choice = random.below(14);
            let wants = match choice {
                0..=3 => Some(true),
                4..=8 => Some(false),
                _ => None,
            };
            if wants.is_some() && writing.is_some() && wants != writing {
                log.push(format!("sync {}", (library.fseek)(file, 0, 1)));
            }
            if wants.is_some() {
                writing = wants;
            }
            let size = match random.below(4) {
                0 => random.below(9000),
                1 => random.below(100),
                _ => random.below(10),
            } as usize;
            let mut buffer = vec![0u8; 9001];
            log.push(match choice {
                0 | 1 => format!("fputc {}", (library.fputc)(random.below(256) as c_int, file)),
                2 => {
                    let text = CString::new(&text[..size]).unwrap();
                    format!("fputs {}", (library.fputs)(text.as_ptr(), file).signum())
                }
                3 => {
                    format!("fwrite {}", (library.fwrite)(text.as_ptr().cast(), 1 + size % 3, size / 3, file))
                }
                4 | 5 => format!("getc {}", (library.getc)(file)),
                6 => {
                    let count = (library.fread)(buffer.as_mut_ptr().cast(), 1 + size % 3, size / 3, file);
                    buffer.truncate(count * (1 + size % 3));
                    format!("fread {count} {:?}", String::from_utf8_lossy(&buffer))
                }
                7 => {
                    let result = (library.fgets)(buffer.as_mut_ptr().cast(), size as c_int, file);
                    let end = buffer.iter().position(|byte| *byte == 0).unwrap_or(0);
                    format!("fgets {size} {} {:?}", result.is_null(), String::from_utf8_lossy(&buffer[..end]))
                }
                8 => {
                    let mut line = std::ptr::null_mut();
                    let mut room = 0;
                    let count = (library.getdelim)(&raw mut line, &raw mut room, b'\n'.into(), file);
                    format!("getdelim {count}")
                }
                9 | 10 => {
                    let whence = random.below(3) as c_int;
                    let offset = random.below(20_000).cast_signed() - if whence == 0 { 100 } else { 10_000 };
                    writing = None;
                    format!(
                        "fseek {offset} {whence} {} {}",
                        (library.fseek)(file, offset, whence),
                        (library.ftell)(file)
                    )
                }
                11 => {
                    let ended = if writing == Some(true) { (library.fflush)(file) } else { 0 };
                    format!("fflush {ended} {}", (library.ftell)(file))
                }
                12 if writing == Some(false) => {
                    format!(
                        "ungetc {} {}",
                        (library.ungetc)(random.below(256) as c_int, file),
                        (library.getc)(file)
                    )
                }
                _ => format!("{} {}", (library.feof)(file), (library.ferror)(file)),
            });
        }
        log.push(format!("fclose {}", (library.fclose)(file)));
    }
    let left = std::fs::read(&scratch.0).unwrap();
    (log, left)
}

#[test]
fn random_calls_as_glibc() {
    for seed in 1..30 {
        for mode in ["r+", "w+", "a+", "r", "w", "a"] {
            let ours = run(&OURS, seed, mode, 60);
            let theirs = run(&HOST, seed, mode, 60);
            for (at, pair) in ours.0.iter().zip(&theirs.0).enumerate() {
                assert_eq!(pair.0, pair.1, "seed {seed} mode {mode} step {at}: {:?}", &ours.0[..at]);
            }
            assert!(ours.1 == theirs.1, "seed {seed} mode {mode}: the files differ");
        }
    }
}

#[test]
fn many_bytes_can_be_pushed_back() {
    let scratch = Scratch::new("push");
    std::fs::write(&scratch.0, b"xyz").unwrap();
    // SAFETY: C's contracts are kept.
    unsafe {
        let file = open::fopen(scratch.c().as_ptr(), c"r".as_ptr());
        assert_eq!(read::getc(file), c_int::from(b'x'));
        for byte in 0..200 {
            assert_eq!(read::ungetc(byte, file), byte);
        }
        for byte in (0..200).rev() {
            assert_eq!(read::getc(file), byte);
        }
        assert_eq!(read::getc(file), c_int::from(b'y'));
        assert_eq!(read::getc(file), c_int::from(b'z'));
        assert_eq!(read::getc(file), -1);
        assert_eq!(seek::feof(file), 1);
        open::fclose(file);
    }
}

#[test]
fn modes_are_read() {
    let flags = |mode: &[u8]| open::parse_mode(mode).map(|mode| mode.open);
    assert_eq!(flags(b"r"), Some(0));
    assert_eq!(flags(b"rb+"), Some(2));
    assert_eq!(flags(b"w+be"), Some(0o2001102));
    assert_eq!(flags(b"ax"), Some(0o2301));
    assert_eq!(flags(b"z"), None);
    assert_eq!(flags(b""), None);
    assert!(open::parse_mode(b"r,ccs=utf-8").unwrap().wide);
    assert_eq!(flags(b"r,ccs=EBCDIC"), None);
}

/// Both libraries in a UTF-8 locale.
fn in_utf8(test: impl FnOnce()) {
    unsafe extern "C" {
        fn setlocale(category: c_int, name: Text) -> *mut c_char;
    }
    let _guard = crate::test_lock();
    // SAFETY: strings.
    unsafe {
        setlocale(6, c"C.UTF-8".as_ptr());
        crate::locale::setlocale(6, c"C.UTF-8".as_ptr());
        test();
        crate::locale::setlocale(6, c"C".as_ptr());
    }
}

fn wide(text: &str) -> Vec<u32> {
    text.chars().map(u32::from).chain([0]).collect()
}

/// What a wide printf makes of a format and one argument, by ours and by the host's.
macro_rules! wide_same {
    ($format:expr $(, $argument:expr)*) => {{
        unsafe extern "C" {
            fn swprintf(buffer: *mut u32, size: usize, format: *const u32, ...) -> c_int;
        }
        let format = wide($format);
        let mut ours = [7u32; 300];
        let mut theirs = [7u32; 300];
        // SAFETY: the formats fit the arguments.
        let results = unsafe {
            (
                super::printf::wide_output::swprintf(ours.as_mut_ptr(), 300, format.as_ptr() $(, $argument)*),
                swprintf(theirs.as_mut_ptr(), 300, format.as_ptr() $(, $argument)*),
            )
        };
        assert_eq!(results.0, results.1, "{}", $format);
        let size = usize::try_from(results.0).unwrap_or(0);
        assert_eq!(ours[..size], theirs[..size], "{}", $format);
    }};
}

#[test]
fn wide_text_is_printed_as_glibc() {
    unsafe extern "C" {
        fn snprintf(buffer: *mut c_char, size: usize, format: Text, ...) -> c_int;
    }
    in_utf8(|| {
        let text = wide("aß€😀z");
        let bytes = c"aß€😀z";
        for width in ["", "1", "9", "-9", "20"] {
            for precision in ["", ".0", ".1", ".2", ".3", ".4", ".6", ".10"] {
                wide_same!(&format!("<%{width}{precision}ls>é"), text.as_ptr());
                wide_same!(&format!("<%{width}{precision}s>é"), bytes.as_ptr());
                wide_same!(&format!("<%{width}{precision}S>"), std::ptr::null::<u32>());
                wide_same!(&format!("<%{width}lc|%{width}c>"), 0x20ac, 0x41);
                wide_same!(&format!("<%{width}{precision}f|%{width}d|%{width}{precision}x>"), 3.75, -42, 255);
                let format = CString::new(format!("<%{width}{precision}ls|%{width}lc>")).unwrap();
                let (mut ours, mut theirs) = ([0u8; 100], [0u8; 100]);
                // SAFETY: the formats fit the arguments.
                let results = unsafe {
                    (
                        super::printf::output::snprintf(
                            ours.as_mut_ptr().cast(),
                            100,
                            format.as_ptr(),
                            text.as_ptr(),
                            0xdf,
                        ),
                        snprintf(theirs.as_mut_ptr().cast(), 100, format.as_ptr(), text.as_ptr(), 0xdf),
                    )
                };
                assert_eq!((results.0, ours), (results.1, theirs), "{format:?}");
            }
        }
        wide_same!("%2$ls %1$s", c"one".as_ptr(), wide("two").as_ptr());
        wide_same!("%s", c"\xff".as_ptr());
    });
    // In the C locale such a character has no bytes.
    let _guard = crate::test_lock();
    let mut buffer = [0 as c_char; 9];
    // SAFETY: the formats fit the arguments.
    unsafe {
        assert_eq!(super::printf::output::snprintf(buffer.as_mut_ptr(), 9, c"%lc".as_ptr(), 0x20ac), -1)
    };
}

#[test]
fn wide_text_is_scanned_as_glibc() {
    unsafe extern "C" {
        fn swscanf(text: *const u32, format: *const u32, ...) -> c_int;
        fn sscanf(text: Text, format: Text, ...) -> c_int;
    }
    in_utf8(|| {
        for (text, format) in [
            ("12 äöü x", "%d %ls %lc"),
            ("12 äöü x", "%d %s %c"),
            ("äöü", "%*c%2ls%n"),
            ("äöü", "%l[ä-ö]%ls"),
            ("äöü", "%[ä-ö]%ls"),
            ("ä3.5e1,0x1f", "ä%lf,%i"),
            ("\u{3000}7", "%d"),
            ("abc", "%2S%C"),
        ] {
            let (mut ours, mut theirs) = ([[0u64; 16]; 3], [[0u64; 16]; 3]);
            let (text_wide, format_wide) = (wide(text), wide(format));
            let (text_c, format_c) = (CString::new(text).unwrap(), CString::new(format).unwrap());
            // SAFETY: there is room for what the formats store.
            unsafe {
                let a = super::scanf::wide_input::swscanf(
                    text_wide.as_ptr(),
                    format_wide.as_ptr(),
                    &raw mut ours[0],
                    &raw mut ours[1],
                    &raw mut ours[2],
                );
                let b = swscanf(
                    text_wide.as_ptr(),
                    format_wide.as_ptr(),
                    &raw mut theirs[0],
                    &raw mut theirs[1],
                    &raw mut theirs[2],
                );
                assert_eq!((a, ours), (b, theirs), "wide {text} {format}");
                if !format.contains(['-']) && !text.starts_with('\u{3000}') {
                    let a = super::scanf::input::sscanf(
                        text_c.as_ptr(),
                        format_c.as_ptr(),
                        &raw mut ours[0],
                        &raw mut ours[1],
                        &raw mut ours[2],
                    );
                    let b = sscanf(
                        text_c.as_ptr(),
                        format_c.as_ptr(),
                        &raw mut theirs[0],
                        &raw mut theirs[1],
                        &raw mut theirs[2],
                    );
                    assert_eq!((a, ours), (b, theirs), "narrow {text} {format}");
                }
            }
        }
    });
}

#[test]
fn wide_streams_convert() {
    use super::wide::*;
    in_utf8(|| {
        let scratch = Scratch::new("wide");
        // SAFETY: C's contracts are kept.
        unsafe {
            let file = open::fopen(scratch.c().as_ptr(), c"w+".as_ptr());
            assert_eq!(fwide(file, 0), 0);
            assert!(fputws(wide("aß€\n😀").as_ptr(), file) >= 0);
            assert_eq!(fwide(file, -1), 1);
            assert_eq!(write::fputc(65, file), -1);
            assert_eq!(seek::fseek(file, 0, 0), 0);
            let mut line = [0u32; 10];
            assert!(!fgetws(line.as_mut_ptr(), 10, file).is_null());
            assert_eq!(line[..5], wide("aß€\n")[..]);
            assert_eq!(seek::ftell(file), 7);
            assert_eq!(ungetwc(0xe9, file), 0xe9);
            assert_eq!(seek::ftell(file), 5);
            assert_eq!(getwc(file), 0xe9);
            assert_eq!(getwc(file), 0x1f600);
            assert_eq!(getwc(file), WEOF);
            assert_eq!(seek::feof(file), 1);
            open::fclose(file);
            assert_eq!(std::fs::read(&scratch.0).unwrap(), "aß€\n😀".as_bytes());
            std::fs::write(&scratch.0, b"a\xff").unwrap();
            let file = open::fopen(scratch.c().as_ptr(), c"r".as_ptr());
            assert_eq!((getwc(file), getwc(file), getwc(file)), (97, WEOF, WEOF));
            assert_eq!((seek::ferror(file), seek::feof(file)), (1, 0));
            open::fclose(file);
        }
    });
    let scratch = Scratch::new("ccs");
    std::fs::write(&scratch.0, "é").unwrap();
    // SAFETY: C's contracts are kept.
    unsafe {
        let file = open::fopen(scratch.c().as_ptr(), c"r,ccs=UTF-8".as_ptr());
        assert_eq!(getwc(file), 0xe9);
        open::fclose(file);
    }
}

#[test]
fn memory_is_a_file() {
    use super::memory::{fmemopen, open_memstream, open_wmemstream};
    // SAFETY: C's contracts are kept.
    unsafe {
        let mut buffer = *b"0123456789";
        let file = fmemopen(buffer.as_mut_ptr().cast(), 10, c"r+".as_ptr());
        assert_eq!(read::getc(file), c_int::from(b'0'));
        assert_eq!(seek::fseek(file, 2, 0), 0);
        assert_eq!(write::fputs(c"ab".as_ptr(), file), 1);
        assert_eq!(write::fflush(file), 0);
        assert_eq!(seek::ftell(file), 4);
        assert_eq!(read::getc(file), c_int::from(b'4'));
        assert_eq!(seek::fseek(file, 11, 0), -1);
        assert_eq!(open::fclose(file), 0);
        assert_eq!(&buffer, b"01ab456789");
        let file = fmemopen(buffer.as_mut_ptr().cast(), 10, c"w".as_ptr());
        assert_eq!(write::fputs(c"twelve bytes".as_ptr(), file), 1);
        assert_eq!(write::fflush(file), -1);
        assert_eq!(&buffer[..9], b"twelve by");
        open::fclose(file);

        let (mut memory, mut size) = (std::ptr::null_mut(), 7);
        let file = open_memstream(&raw mut memory, &raw mut size);
        assert_eq!((size, *memory), (0, 0));
        for _ in 0..3000 {
            super::printf::output::fprintf(file, c"%s-%d;".as_ptr(), c"text".as_ptr(), 12345);
        }
        write::fflush(file);
        assert_eq!(size, 3000 * 11);
        seek::fseek(file, 4, 0);
        write::fputc(c_int::from(b'+'), file);
        assert_eq!(open::fclose(file), 0);
        assert_eq!(size, 5);
        assert_eq!(std::slice::from_raw_parts(memory.cast::<u8>(), 12), b"text+12345;t");
        super::system::release(memory.cast());

        let (mut memory, mut size) = (std::ptr::null_mut(), 7);
        let file = open_wmemstream(&raw mut memory, &raw mut size);
        super::printf::wide_output::fwprintf(file, wide("é%d€").as_ptr(), 10);
        assert_eq!(seek::ftell(file), 4);
        open::fclose(file);
        assert_eq!(size, 4);
        assert_eq!(std::slice::from_raw_parts(memory, 5), &wide("é10€")[..]);
        super::system::release(memory.cast());
    }
}

#[test]
fn temporary_files_are_new() {
    use super::temporary::*;
    // SAFETY: C's contracts are kept.
    unsafe {
        let file = tmpfile();
        assert_eq!(write::fputs(c"x".as_ptr(), file), 1);
        assert_eq!(open::fclose(file), 0);
        let mut name = *b"/tmp/stdio-XXXXXX.c\0";
        let fd = mkstemps(name.as_mut_ptr().cast(), 2);
        assert!(fd >= 0);
        super::system::close(fd);
        super::system::unlink(name.as_ptr().cast());
        assert!(name.starts_with(b"/tmp/stdio-") && name.ends_with(b".c\0"));
        assert_eq!(mkstemp(name.as_mut_ptr().cast()), -1);
        let mut name = [0 as c_char; 20];
        assert!(!tmpnam(name.as_mut_ptr()).is_null());
        let name = tempnam(c"/tmp".as_ptr(), c"abcdefgh".as_ptr());
        assert!(std::ffi::CStr::from_ptr(name).to_bytes().len() == 5 + 5 + 6);
        super::system::release(name.cast());
    }
}

#[test]
fn functions_are_a_file() {
    unsafe extern "C" fn give(cookie: *mut c_void, buffer: *mut u8, size: usize) -> isize {
        // SAFETY: the cookie is the counter below.
        unsafe {
            let left = cookie.cast::<usize>();
            let count = size.min(*left);
            buffer.write_bytes(b'y', count);
            *left -= count;
            count.cast_signed()
        }
    }
    let mut left = 5usize;
    // SAFETY: `CookieFunctions` has four pointers; C's contracts are kept.
    unsafe {
        let functions: super::memory::CookieFunctions =
            std::mem::transmute([give as *const (), std::ptr::null(), std::ptr::null(), std::ptr::null()]);
        let file = super::memory::fopencookie((&raw mut left).cast(), c"r".as_ptr(), functions);
        let mut line = [0 as c_char; 10];
        assert!(!read::fgets(line.as_mut_ptr(), 10, file).is_null());
        assert_eq!(std::ffi::CStr::from_ptr(line.as_ptr()), c"yyyyy");
        assert_eq!(read::getc(file), -1);
        assert_eq!(open::fclose(file), 0);
    }
}

#[test]
fn threads_do_not_mix_lines() {
    let scratch = Scratch::new("threads");
    // SAFETY: C's contracts are kept; the stream is closed when the threads are done.
    unsafe {
        let file = open::fopen(scratch.c().as_ptr(), c"w".as_ptr());
        let address = file.addr();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                scope.spawn(move || {
                    let file = std::ptr::with_exposed_provenance_mut::<FILE>(address);
                    for line in 0..2000 {
                        if line % 7 == 0 {
                            seek::flockfile(file);
                            write::fputs(c"held ".as_ptr(), file);
                            std::thread::yield_now();
                        }
                        super::printf::output::fprintf(
                            file,
                            c"%d:%s\n".as_ptr(),
                            thread,
                            c"a line of text".as_ptr(),
                        );
                        if line % 7 == 0 {
                            seek::funlockfile(file);
                        }
                        if line % 100 == 0 {
                            write::fflush(std::ptr::null_mut());
                        }
                    }
                });
            }
        });
        assert_eq!(open::fclose(file), 0);
    }
    let text = std::fs::read_to_string(&scratch.0).unwrap();
    assert_eq!(text.lines().count(), 8000);
    for line in text.lines() {
        let line = line.strip_prefix("held ").unwrap_or(line);
        assert!(line.len() == 16 && line.ends_with(":a line of text"), "{line}");
    }
}

#[test]
fn reopened_and_reused_streams() {
    let (first, second) = (Scratch::new("first"), Scratch::new("second"));
    // SAFETY: C's contracts are kept.
    unsafe {
        let file = open::fopen(first.c().as_ptr(), c"w".as_ptr());
        let fd = seek::fileno(file);
        write::fputs(c"one".as_ptr(), file);
        assert_eq!(open::freopen(second.c().as_ptr(), c"w+".as_ptr(), file), file);
        assert_eq!(seek::fileno(file), fd);
        write::fputs(c"two".as_ptr(), file);
        seek::rewind(file);
        assert_eq!(read::getc(file), c_int::from(b't'));
        assert_eq!(open::freopen(std::ptr::null(), c"r".as_ptr(), file), file);
        assert_eq!(write::fputc(65, file), -1);
        assert_eq!(read::getc(file), c_int::from(b't'));
        assert!(open::freopen(c"/no/such/file".as_ptr(), c"r".as_ptr(), file).is_null());
    }
    assert_eq!(std::fs::read(&first.0).unwrap(), b"one");
    assert_eq!(std::fs::read(&second.0).unwrap(), b"two");
}

#[test]
fn all_streams_that_hold_something_are_flushed() {
    let scratch = Scratch::new("all");
    let now = || std::fs::read_to_string(&scratch.0).unwrap();
    let mut own = [0 as c_char; 100];
    // SAFETY: C's contracts are kept.
    unsafe {
        let file = open::fopen(scratch.c().as_ptr(), c"w".as_ptr());
        buffering::setvbuf(file, own.as_mut_ptr(), 0, 100);
        write::fputs(c"mine".as_ptr(), file);
        assert_eq!(now(), "");
        write::fflush(std::ptr::null_mut());
        assert_eq!(now(), "mine");
        open::fclose(file);
        let file = open::fopen(scratch.c().as_ptr(), c"r+".as_ptr());
        assert_eq!(read::getc(file), c_int::from(b'm'));
        seek::fseek(file, 0, 2);
        write::fputs(c"+more".as_ptr(), file);
        write::at_exit();
        assert_eq!(now(), "mine+more");
        open::fclose(file);
    }
}

#[test]
fn lines_are_flushed_and_unbuffered_messages_are_whole() {
    let scratch = Scratch::new("lines");
    let now = || std::fs::read_to_string(&scratch.0).unwrap();
    // SAFETY: C's contracts are kept.
    unsafe {
        let file = open::fopen(scratch.c().as_ptr(), c"w".as_ptr());
        buffering::setlinebuf(file);
        write::fputs(c"half".as_ptr(), file);
        assert_eq!(now(), "");
        assert_eq!(buffering::__fpending(file), 4);
        write::fputs(c" line\nand".as_ptr(), file);
        assert_eq!(now(), "half line\n");
        write::fputc(c_int::from(b'\n'), file);
        assert_eq!(now(), "half line\nand\n");
        buffering::setbuf(file, std::ptr::null_mut());
        super::printf::output::fprintf(file, c"%s%d".as_ptr(), c"x".as_ptr(), 1);
        assert_eq!(now(), "half line\nand\nx1");
        buffering::__fpurge(file);
        assert_eq!(buffering::__fwriting(file), 1);
        open::fclose(file);
    }
}
