//! The reader against files made to order, whole and damaged, and the rules of symbol look-up.

mod closure;
mod compiled;
mod damage;
mod fixture;
mod lookup;

use std::path::Path;

use super::{AppClosure, AppObject, ElfError, Imports};
use crate::exports::{Catalogue, Library};
use fixture::File;

/// A catalogue of two libraries, with one symbol that is known and not provided.
pub(super) fn catalogue() -> Catalogue {
    let libc = "close GLIBC_2.2.5 func =\nstdout GLIBC_2.2.5 object 8 =\nmalloc GLIBC_2.2.5 func =\n\
                realpath GLIBC_2.2.5! func =\nrealpath GLIBC_2.3 func =\ndlsym GLIBC_2.34 func =\n\
                fork GLIBC_2.2.5 func -\nsyscall GLIBC_2.2.5 func =\n\
                socket GLIBC_2.2.5 func =\nsocketpair GLIBC_2.2.5 func =\n";
    let libm = "sin GLIBC_2.2.5 func =\n";
    let list = |soname, text| Library::parse(soname, text).expect("the list is well formed");
    Catalogue::new(vec![list("libc.so.6", libc), list("libm.so.6", libm)])
}

fn parse(bytes: Vec<u8>) -> Result<AppObject, ElfError> {
    AppObject::parse(Path::new("app"), bytes)
}

/// Everything that looks at an object's bytes.
fn look_at(bytes: Vec<u8>) -> Result<Imports, ElfError> {
    parse(bytes).map(|object| Imports::of(&AppClosure::of_one(object), &catalogue()))
}

#[test]
fn a_program_is_read_whole() {
    let stdout = fixture::Symbol {
        kind: 1,
        version: 2,
        relocation: Some(5),
        defined: true,
        ..fixture::import("stdout")
    };
    let close = fixture::Symbol { version: 2, relocation: Some(7), ..fixture::import("close") };
    let file = File {
        wanted: vec![("libc.so.6", "GLIBC_2.2.5", 2)],
        runpath: Some("$ORIGIN"),
        ..File::program(&["libc.so.6"], &[close, stdout, fixture::export("main")])
    };
    let object = parse(file.bytes()).unwrap();
    assert_eq!(object.needed, ["libc.so.6"]);
    assert_eq!(object.interpreter.as_deref(), Some("/lib64/ld-linux-x86-64.so.2"));
    assert!(object.executable && !object.fixed);
    let names: Vec<_> = object.imports.iter().map(|i| (i.name.as_str(), i.copy_relocated)).collect();
    assert_eq!(names, [("close", false), ("stdout", true)]);
    let close = &object.imports[0];
    assert_eq!(
        (close.version.as_deref(), close.library.as_deref()),
        (Some("GLIBC_2.2.5"), Some("libc.so.6"))
    );
    assert_eq!(close.slots.len(), 1);
    assert!(object.defined.contains_key("main") && !object.defined.contains_key("stdout"));
}
