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
            let text: Vec<u8> =
                (0..9000).map(|at| if at % 97 == 5 { b'\n' } else { b'A' + (at % 26) as u8 }).collect();
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
    for seed in 1..60 {
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
