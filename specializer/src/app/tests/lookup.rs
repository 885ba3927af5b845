//! Which imports are the kernel's: the look-up rules of glibc's dynamic linker.

use super::fixture::{File, Symbol, export, import};
use super::{AppClosure, Imports, catalogue};
use crate::app::SearchPaths;

fn imports(files: &[(&str, File)]) -> Imports {
    let folder = tempfile::tempdir().unwrap();
    for (name, file) in files {
        std::fs::write(folder.path().join(name), file.bytes()).unwrap();
    }
    let search = SearchPaths { given: vec![folder.path().to_owned()], system: Vec::new() };
    let catalogue = catalogue();
    let mut closure = AppClosure::load(&folder.path().join("app"), &search, &catalogue.sonames()).unwrap();
    for (name, _) in files.iter().filter(|(name, _)| name.starts_with("plugin")) {
        closure.open_also(&folder.path().join(name), &search, &catalogue.sonames()).unwrap();
    }
    Imports::of(&closure, &catalogue)
}

fn required(imports: &Imports) -> Vec<&str> {
    imports.required.iter().map(|import| import.symbol.as_str()).collect()
}

#[test]
fn an_import_that_the_closure_defines_is_no_root() {
    let found = imports(&[
        ("app", File::program(&["liba.so", "libc.so.6"], &[import("malloc"), import("close")])),
        ("liba.so", File::library("liba.so", &["libc.so.6"], &[export("malloc")])),
    ]);
    assert_eq!(required(&found), ["close"]);
    assert_eq!(found.served_inside, 1);
    assert_eq!(found.interposed[0].symbol, "malloc");
    assert!(!found.interposed[0].variable);
}

#[test]
fn a_definition_behind_libc_does_not_take_its_place() {
    let found = imports(&[
        ("app", File::program(&["libc.so.6", "liba.so"], &[import("close"), import("fork")])),
        ("liba.so", File::library("liba.so", &[], &[export("close"), export("fork")])),
    ]);
    // What the kernel does not provide is looked for further on.
    assert_eq!(required(&found), ["close"]);
    assert_eq!((found.served_inside, found.missing.len()), (1, 0));
    assert_eq!(found.interposed, []);
}

#[test]
fn a_symbolic_library_looks_into_itself_first() {
    let library =
        |symbolic| File { symbolic, ..File::library("liba.so", &[], &[export("close"), import("close")]) };
    let app = File::program(&["libc.so.6", "liba.so"], &[]);
    assert_eq!(required(&imports(&[("app", app.clone()), ("liba.so", library(true))])), Vec::<&str>::new());
    assert_eq!(required(&imports(&[("app", app), ("liba.so", library(false))])), ["close"]);
}

#[test]
fn weak_imports_are_taken_if_there_and_done_without_if_not() {
    let weak = |name| Symbol { weak: true, ..import(name) };
    let found = imports(&[("app", File::program(&["libc.so.6"], &[weak("close"), weak("nobody")]))]);
    assert_eq!(required(&found), ["close"]);
    assert!(found.required[0].weak);
    assert_eq!(found.absent, ["nobody"]);
    assert_eq!(found.missing, []);
}

#[test]
fn a_copy_relocation_needs_the_variable_whatever_its_binding() {
    let stdout = Symbol { kind: 1, weak: true, relocation: Some(5), defined: true, ..import("stdout") };
    let found = imports(&[("app", File::program(&["libc.so.6"], &[stdout]))]);
    assert_eq!(required(&found), ["stdout"]);
    assert!(found.required[0].copy_relocated && !found.required[0].weak);
}

#[test]
fn versions_pick_the_implementation() {
    let of = |version: &'static str| {
        let found = imports(&[(
            "app",
            File {
                wanted: vec![("libc.so.6", version, 2)],
                ..File::program(&["libc.so.6"], &[Symbol { version: 2, ..import("realpath") }])
            },
        )]);
        let symbols: Vec<_> = found.required.iter().map(|import| import.kernel_symbol.clone()).collect();
        (symbols, found.missing)
    };
    assert_eq!(of("GLIBC_2.3").0, ["realpath"]);
    assert_eq!(of("GLIBC_2.2.5").0, ["realpath.GLIBC_2.2.5"]);
    let (none, missing) = of("GLIBC_2.99");
    assert!(none.is_empty());
    assert_eq!(missing[0].library.as_deref(), Some("libc.so.6"));
    assert_eq!(missing[0].other_version.as_deref(), Some("GLIBC_2.2.5"));
}

#[test]
fn a_version_of_the_closure_has_to_fit() {
    let app = |version| File {
        wanted: vec![("liba.so", version, 2)],
        ..File::program(&["liba.so", "libc.so.6"], &[Symbol { version: 2, ..import("close") }])
    };
    let library = File {
        defined: vec![("A_1", 2)],
        ..File::library("liba.so", &[], &[Symbol { version: 2, ..export("close") }])
    };
    let found = imports(&[("app", app("A_1")), ("liba.so", library.clone())]);
    assert_eq!((found.served_inside, found.missing.len()), (1, 0));
    let found = imports(&[("app", app("A_2")), ("liba.so", library)]);
    assert_eq!((found.served_inside, found.missing.len()), (0, 1));
    // A library without versions fits any.
    let plain = File::library("liba.so", &[], &[export("close")]);
    assert_eq!(imports(&[("app", app("A_2")), ("liba.so", plain)]).served_inside, 1);
}

#[test]
fn what_is_missing_names_every_importer_and_whether_it_is_known() {
    let found = imports(&[
        ("app", File::program(&["liba.so", "libc.so.6"], &[import("fork")])),
        ("liba.so", File::library("liba.so", &["libc.so.6"], &[import("fork"), import("unheard_of")])),
    ]);
    let missing: Vec<_> = found.missing.iter().map(|m| (m.symbol.as_str(), m.by.len(), m.known)).collect();
    assert_eq!(missing, [("fork", 2, true), ("unheard_of", 1, false)]);
    assert_eq!(found.fatal().count(), 2);
}

#[test]
fn what_only_a_plugin_lacks_does_not_stop_the_application() {
    let found = imports(&[
        ("app", File::program(&["libc.so.6"], &[export("api"), import("close")])),
        ("plugin.so", File::library("plugin.so", &[], &[import("api"), import("sin"), import("fork")])),
    ]);
    assert_eq!(required(&found), ["close", "sin"]);
    assert!(found.required[1].run_time_only && !found.required[0].run_time_only);
    assert_eq!((found.missing.len(), found.fatal().count()), (1, 0));
}
