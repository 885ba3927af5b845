//! The closure: what is loaded, in which order, and from where.

use std::path::Path;

use super::fixture::{File, import};
use super::{AppClosure, catalogue};
use crate::app::{AppError, Note, ScopeEntry, SearchPaths};

/// A directory of files, and the application in it.
struct Tree(tempfile::TempDir);

impl Tree {
    fn new(files: &[(&str, File)]) -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        for (name, file) in files {
            tree.write(name, &file.bytes());
        }
        tree
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    fn search(&self) -> SearchPaths {
        SearchPaths { given: vec![self.0.path().to_owned()], system: Vec::new() }
    }

    fn load(&self) -> Result<AppClosure, AppError> {
        AppClosure::load(&self.0.path().join("app"), &self.search(), &catalogue().sonames())
    }
}

fn names(closure: &AppClosure) -> Vec<String> {
    (0..closure.objects.len()).map(|object| closure.name(object)).collect()
}

fn library(soname: &'static str, needed: &[&'static str]) -> File {
    File::library(soname, needed, &[])
}

#[test]
fn libraries_come_breadth_first_and_once() {
    let tree = Tree::new(&[
        ("app", File::program(&["liba.so", "libb.so", "libc.so.6"], &[])),
        ("liba.so", library("liba.so", &["libd.so", "libc.so.6"])),
        ("libb.so", library("libb.so", &["libd.so", "libm.so.6"])),
        ("libd.so", library("libd.so", &[])),
    ]);
    let closure = tree.load().unwrap();
    assert_eq!(names(&closure), ["app", "liba.so", "libb.so", "libd.so"]);
    let scope: Vec<_> = closure
        .scope(0)
        .map(|entry| match entry {
            ScopeEntry::Object(index) => closure.name(*index),
            ScopeEntry::Kernel(soname) => format!("kernel:{soname}"),
        })
        .collect();
    assert_eq!(scope, ["app", "liba.so", "libb.so", "kernel:libc.so.6", "libd.so", "kernel:libm.so.6"]);
}

#[test]
fn a_cycle_is_loaded_and_noted() {
    let tree = Tree::new(&[
        ("app", File::program(&["liba.so"], &[])),
        ("liba.so", library("liba.so", &["libb.so"])),
        ("libb.so", library("libb.so", &["liba.so", "libb.so"])),
    ]);
    let closure = tree.load().unwrap();
    assert_eq!(names(&closure), ["app", "liba.so", "libb.so"]);
    let cycle = |through: &[&str]| Note::Cycle { through: through.iter().map(|&n| n.to_owned()).collect() };
    assert_eq!(closure.notes, [cycle(&["liba.so", "libb.so"]), cycle(&["libb.so"])]);
}

#[test]
fn a_missing_library_names_who_needs_it_and_where_it_was_looked_for() {
    let tree = Tree::new(&[
        ("app", File::program(&["liba.so"], &[])),
        ("liba.so", File { runpath: Some("$ORIGIN/more"), ..library("liba.so", &["libnone.so.1"]) }),
    ]);
    let error = tree.load().unwrap_err();
    let text = error.to_string();
    assert!(text.ends_with("liba.so needs 'libnone.so.1', which is in none of 2 directories"), "{text}");
    let AppError::MissingLibrary { searched, .. } = error else { panic!("{error}") };
    assert_eq!(searched[1], tree.0.path().join("more"));
}

#[test]
fn a_library_of_another_machine_is_passed_by() {
    let tree = Tree::new(&[
        ("app", File { runpath: Some("$ORIGIN/second"), ..File::program(&["liba.so"], &[]) }),
        ("second/liba.so", library("liba.so", &[])),
    ]);
    let mut other = library("liba.so", &[]).bytes();
    other[18] = 183;
    tree.write("liba.so", &other);
    let closure = tree.load().unwrap();
    assert_eq!(closure.objects[1].path, tree.0.path().join("second/liba.so"));
}

#[test]
fn a_damaged_library_is_an_error_that_names_it() {
    let tree = Tree::new(&[("app", File::program(&["liba.so"], &[]))]);
    tree.write("liba.so", b"INPUT(-la)");
    assert!(tree.load().unwrap_err().to_string().ends_with("liba.so: it is not an ELF file"));
}

#[test]
fn two_names_of_one_library_are_one_object() {
    let tree = Tree::new(&[
        ("app", File::program(&["liba.so.1", "liba.so"], &[])),
        ("liba.so.1", library("liba.so.1", &[])),
        ("liba.so", library("liba.so.1", &[])),
    ]);
    assert_eq!(names(&tree.load().unwrap()), ["app", "liba.so.1"]);
}

#[test]
fn what_is_no_application_is_refused() {
    let refused = |file: File| Tree::new(&[("app", file)]).load().unwrap_err().to_string();
    assert!(refused(library("libx.so", &["libc.so.6"])).contains("it is a shared library, not a program"));
    assert!(refused(library("libc.so.6", &[])).contains("is libc.so.6, which the kernel stands for"));
    let missing =
        AppClosure::load(Path::new("/nonexistent/app"), &SearchPaths::default(), &catalogue().sonames());
    assert!(missing.unwrap_err().to_string().starts_with("cannot read /nonexistent/app: "));
    let directory = AppClosure::load(Path::new("/"), &SearchPaths::default(), &catalogue().sonames());
    assert!(directory.unwrap_err().to_string().contains("is a directory"));
}

#[test]
fn what_is_opened_at_run_time_comes_with_its_libraries() {
    let tree = Tree::new(&[
        ("app", File::program(&["libc.so.6"], &[])),
        ("plugins/one.so", library("one.so", &["libhelp.so"])),
        ("plugins/two.so", library("two.so", &[])),
        ("plugins/tool", File::program(&[], &[import("close")])),
        ("libhelp.so", library("libhelp.so", &[])),
    ]);
    tree.write("plugins/readme.txt", b"text");
    tree.write("plugins/bad.so", b"\x7fELF\x01");
    let mut closure = tree.load().unwrap();
    let plugins = tree.0.path().join("plugins");
    closure.open_also(&plugins, &tree.search(), &catalogue().sonames()).unwrap();
    assert_eq!(names(&closure), ["app", "one.so", "libhelp.so", "two.so"]);
    assert!(closure.objects[1..].iter().all(|object| object.opened_at_run_time));
    let passed: Vec<_> = closure.notes.iter().filter(|n| matches!(n, Note::PassedOver { .. })).collect();
    assert_eq!(passed.len(), 2);
    // A second time changes nothing.
    closure.open_also(&plugins.join("one.so"), &tree.search(), &catalogue().sonames()).unwrap();
    assert_eq!(closure.objects.len(), 4);
    let empty = tempfile::tempdir().unwrap();
    let error = closure.open_also(empty.path(), &tree.search(), &catalogue().sonames()).unwrap_err();
    assert!(error.to_string().contains("has no shared object"));
}
