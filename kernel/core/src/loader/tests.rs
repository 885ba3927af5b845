//! Loads libraries that the host's compiler makes, into the test process.

use super::message::Message;
use super::{open, search, unwind};
use crate::vfs::{self, OpenFlags};
use std::format;
use std::path::PathBuf;
use std::process::Command;
use std::string::String;
use std::vec::Vec;

/// Compiles a library from C and puts it into the test's file tree as `/lib/NAME`.
fn library(name: &str, source: &str, flags: &[&str]) {
    static ROOT: std::sync::Once = std::sync::Once::new();
    ROOT.call_once(|| {
        vfs::walk::set_root(vfs::mount::empty_tree("tmpfs", 0x0102_1994, 0o755));
        let root = vfs::walk::root().unwrap();
        vfs::create::make_directory(&root, b"/lib", 0o755).unwrap();
    });
    let directory: PathBuf = std::env::temp_dir().join(format!("loader-test-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let (from, to) = (directory.join(format!("{name}.c")), directory.join(name));
    std::fs::write(&from, source).unwrap();
    let mut command = Command::new("cc");
    command.args(["-shared", "-fPIC", "-nostdlib", "-O1", "-fno-stack-protector", "-o"]).arg(&to).arg(&from);
    command.arg(format!("-Wl,-soname,{name}")).arg(format!("-L{}", directory.display())).args(flags);
    assert!(command.status().unwrap().success());
    put(name, &std::fs::read(&to).unwrap());
}

fn put(name: &str, bytes: &[u8]) {
    let flags = OpenFlags::CREATE | OpenFlags::WRITE_ONLY | OpenFlags::TRUNCATE;
    let file = vfs::open(format!("/lib/{name}").as_bytes(), flags, 0o755).unwrap();
    let mut rest = bytes;
    while !rest.is_empty() {
        let written = file.write(rest).unwrap();
        rest = &rest[written..];
    }
}

fn text(message: Message) -> String {
    String::from_utf8(message).unwrap()
}

fn function(handle: *mut super::object::LinkMap, name: &str) -> extern "C" fn(i32) -> i32 {
    let address = open::symbol(open::Look::Handle(handle), name.as_bytes(), None, 0).map_err(text).unwrap();
    // SAFETY: the tests' libraries define functions of this type.
    unsafe { core::mem::transmute(address) }
}

#[test]
fn libraries_are_bound_to_one_another() {
    library(
        "libfirst.so",
        "int shared = 5; static int *at = &shared; __attribute__((weak)) int pick(void) { return 1; }
         int twice(int n) { return 2 * n + *at + pick() - 1; }
         static int ready; __attribute__((constructor)) static void begin(void) { ready = 7; }
         int first_ready(int n) { return ready + n; }",
        &[],
    );
    library(
        "libsecond.so",
        "extern int shared; int twice(int); extern int absent(void) __attribute__((weak)); int first_ready(int);
         static int seen; __attribute__((constructor)) static void begin(void) { seen = first_ready(0); }
         typedef int call(int); static call *const table[] = { twice, first_ready };
         int go(int n) { shared += 1; return table[0](n) + (absent != 0) + seen; }
         static int fast(int n) { return n + 40; }
         static call *choose(void) { return fast; }
         int indirect(int n) __attribute__((ifunc(\"choose\")));",
        &["-lfirst"],
    );
    let handle = open::open(Some(b"libsecond.so"), open::NOW, 0).map_err(text).unwrap();
    assert_eq!(function(handle, "go")(10), 20 + 6 + 7);
    assert_eq!(function(handle, "indirect")(2), 42);
    // What the library needs is in the scope of its handle.
    assert_eq!(function(handle, "twice")(1), 2 + 6);
    let inside = function(handle, "go") as usize;
    let (object, symbol) = open::locate(inside + 1).unwrap();
    assert_eq!(object.path(), b"/lib/libsecond.so");
    assert_eq!(object.string(symbol.unwrap().name()), Some(&b"go"[..]));
    assert_eq!(unwind::find(inside).unwrap().link, handle.addr());
    assert_eq!(open::open(Some(b"/lib/libsecond.so"), open::NOW, 0), Ok(handle));
    open::close(handle).map_err(text).unwrap();
    open::close(handle).map_err(text).unwrap();
    assert!(open::close(handle).is_err());
    assert!(open::locate(inside).is_none());
}

#[test]
fn what_is_missing_is_named() {
    library("libwants.so", "int nowhere(int); int go(int n) { return nowhere(n); }", &[]);
    let error = text(open::open(Some(b"libwants.so"), open::NOW, 0).unwrap_err());
    assert_eq!(error, "/lib/libwants.so: undefined symbol: nowhere");
    let error = text(open::open(Some(b"libgone.so"), open::NOW, 0).unwrap_err());
    assert_eq!(error, "libgone.so: cannot open shared object file: No such file or directory");
}

#[test]
fn versions_are_told_apart() {
    let map = std::env::temp_dir().join(format!("loader-map-{}", std::process::id()));
    std::fs::write(&map, "OLD { global: which; local: *; }; NEW { global: which; } OLD;").unwrap();
    library(
        "libversions.so",
        "int one(int n) { return n + 1; } int two(int n) { return n + 2; }
         __asm__(\".symver one,which@OLD\"); __asm__(\".symver two,which@@NEW\");",
        &[&format!("-Wl,--version-script,{}", map.display())],
    );
    let handle = open::open(Some(b"libversions.so"), open::NOW, 0).map_err(text).unwrap();
    let look = |version: Option<&[u8]>| {
        let address = open::symbol(open::Look::Handle(handle), b"which", version, 0).map_err(text)?;
        // SAFETY: the library defines functions of this type.
        Ok::<i32, String>(unsafe { core::mem::transmute::<usize, extern "C" fn(i32) -> i32>(address)(0) })
    };
    assert_eq!(look(None), Ok(2));
    assert_eq!(look(Some(b"OLD")), Ok(1));
    assert_eq!(look(Some(b"NEW")), Ok(2));
    assert!(look(Some(b"NEWER")).unwrap_err().ends_with("undefined symbol: which, version NEWER"));
}

#[test]
fn damaged_files_are_refused() {
    library("libwhole.so", "int data[2000] = {1}; int go(int n) { return data[n]; }", &[]);
    let whole: Vec<u8> = {
        let file = vfs::open(b"/lib/libwhole.so", OpenFlags::empty(), 0).unwrap();
        let mut bytes = std::vec![0; file.stat().unwrap().size as usize];
        assert_eq!(file.read_at(0, &mut bytes), Ok(bytes.len()));
        bytes
    };
    for length in [0, 3, 4, 16, 63, 64, 100, 300, 1000] {
        put("libcut.so", &whole[..length]);
        assert!(open::open(Some(b"libcut.so"), open::NOW, 0).is_err());
    }
    // Every byte of the headers and of the dynamic section, set to what does most harm.
    let mut seed = 1_u32;
    for round in 0..3000 {
        let mut bytes = whole.clone();
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let at = if round % 2 == 0 { round / 2 % 600 } else { seed as usize % whole.len() };
        bytes[at] ^= [0xff, 0x80, 0x01, 0x10][round % 4];
        put("libhurt.so", &bytes);
        // Whatever comes of it, it is an answer; code is not run, so a library may also load.
        if let Ok(handle) = super::map::open_file(b"/lib/libhurt.so").map(|file| super::map::map(b"x", &file))
            && let Ok(object) = handle
        {
            let object = object.keep();
            let _ = super::symbols::find_in(object, &super::symbols::Wanted::named(b"go", None));
            let _ = super::symbols::count(object);
            // SAFETY: nothing refers to it.
            unsafe {
                super::map::unmap(object);
                object.discard();
            }
        }
    }
}

#[test]
fn a_search_stops_at_what_it_finds() {
    let mut tried = 0;
    assert!(search::search(b"x.so", None, None, b"/a:/b", &mut |_| {
        tried += 1;
        tried == 2
    }));
    assert_eq!(tried, 2);
}
