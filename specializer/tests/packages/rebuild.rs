//! A package is made again when, and only when, what it was made of has changed.

use std::path::Path;
use std::time::{Duration, SystemTime};

use super::sources;
use specialize::package::KernelPackage;

fn made_at(package: &Path) -> SystemTime {
    std::fs::metadata(package.join("manifest.json")).unwrap().modified().unwrap()
}

/// A test kernel's sources, to change.
fn copied() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("symbols")).unwrap();
    for name in ["kernel.toml", "kernel.ld", "kernel.ll", "library.ll", "symbols/libx.so.1.symbols"] {
        std::fs::copy(sources("cxx").join(name), folder.path().join(name)).unwrap();
    }
    folder
}

#[test]
fn sources_decide() {
    let kernel = copied();
    let place = tempfile::tempdir().unwrap();
    let package = place.path().join("package");
    let ensure = || {
        KernelPackage::ensure(kernel.path(), &package, &()).unwrap();
        made_at(&package)
    };
    let first = ensure();
    assert_eq!(ensure(), first, "nothing has changed");
    let source = kernel.path().join("library.ll");
    let text = std::fs::read_to_string(&source).unwrap();
    std::fs::write(&source, text.replace("add i32 %old, 1", "add i32 %old, 2")).unwrap();
    let second = ensure();
    assert_ne!(second, first, "a source has changed");
    assert_eq!(ensure(), second);
}

#[test]
fn old_sources_are_known_by_size_and_time() {
    let kernel = copied();
    let place = tempfile::tempdir().unwrap();
    let package = place.path().join("package");
    let ensure = || {
        KernelPackage::ensure(kernel.path(), &package, &()).unwrap();
        made_at(&package)
    };
    let date = |name: &str, seconds: u64| {
        let file = std::fs::File::options().append(true).open(kernel.path().join(name)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(seconds)).unwrap();
    };
    for name in ["kernel.toml", "kernel.ld", "kernel.ll", "library.ll", "symbols/libx.so.1.symbols"] {
        date(name, 1000);
    }
    let first = ensure();
    assert_eq!(ensure(), first, "hashed");
    assert!(package.join("sources.stamp").exists());
    assert_eq!(ensure(), first, "known by its stamp");
    date("library.ll", 900);
    assert_eq!(ensure(), first, "only touched");
    let source = kernel.path().join("library.ll");
    let text = std::fs::read_to_string(&source).unwrap();
    std::fs::write(&source, text.replace("add i32 %old, 1", "add i32 %old, 2")).unwrap();
    date("library.ll", 800);
    assert_ne!(ensure(), first, "as long as before, but another");
}

#[test]
fn another_builder_makes_it_again() {
    let kernel = copied();
    let place = tempfile::tempdir().unwrap();
    let package = place.path().join("package");
    KernelPackage::ensure(kernel.path(), &package, &()).unwrap();
    let path = package.join("manifest.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let at = text.find("\"builder\": \"").unwrap() + 12;
    let digit = if text[at..].starts_with('0') { '1' } else { '0' };
    let other = format!("{}{digit}{}", &text[..at], &text[at + 1..]);
    std::fs::write(&path, &other).unwrap();
    KernelPackage::ensure(kernel.path(), &package, &()).unwrap();
    assert_ne!(std::fs::read_to_string(&path).unwrap(), other);
}

#[test]
fn sources_that_do_not_compile_leave_the_old_package() {
    let kernel = copied();
    let place = tempfile::tempdir().unwrap();
    let package = place.path().join("package");
    KernelPackage::ensure(kernel.path(), &package, &()).unwrap();
    let before = made_at(&package);
    std::fs::write(kernel.path().join("library.ll"), "nonsense").unwrap();
    let error = KernelPackage::ensure(kernel.path(), &package, &()).unwrap_err().to_string();
    assert!(error.contains("library.ll"), "{error}");
    assert_eq!(made_at(&package), before);
}

#[test]
fn a_symbol_that_nothing_defines_is_named() {
    let kernel = copied();
    let place = tempfile::tempdir().unwrap();
    let source = kernel.path().join("library.ll");
    let text = std::fs::read_to_string(&source).unwrap();
    let text =
        text.replace("%new = add", "call void @nowhere()\n  %new = add") + "\ndeclare void @nowhere()\n";
    std::fs::write(&source, text).unwrap();
    let error =
        KernelPackage::ensure(kernel.path(), &place.path().join("package"), &()).unwrap_err().to_string();
    assert!(error.contains("nothing defines") && error.contains("nowhere"), "{error}");
}
