//! Damaged packages and impossible wishes: one clear error each.

use super::{Ask, NOTHING, attempt, package};
use specialize::Effort;
use specialize::package::KernelPackage;

/// A copy of a package, to damage.
fn copy(of: &KernelPackage) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let names = of.manifest.files.keys().map(String::as_str).chain(["manifest.json"]);
    for name in names {
        let to = folder.path().join(name);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(of.directory.join(name), to).unwrap();
    }
    folder
}

fn open_error(folder: &tempfile::TempDir) -> String {
    KernelPackage::open(folder.path()).unwrap_err().to_string()
}

#[test]
fn a_changed_index_is_noticed() {
    let folder = copy(&package("cxx"));
    std::fs::write(folder.path().join("index"), b"x").unwrap();
    assert!(open_error(&folder).contains("index: its hash is not the one in the package's manifest"));
}

#[test]
fn a_changed_object_is_noticed_when_it_is_linked() {
    let folder = copy(&package("cxx"));
    std::fs::write(folder.path().join("objects/kernel.0.o"), b"x").unwrap();
    let opened = KernelPackage::open(folder.path()).unwrap();
    let error = attempt(&opened, &NOTHING, Effort::Instant).unwrap_err().to_string();
    assert!(error.contains("objects/kernel.0.o: its hash"), "{error}");
}

#[test]
fn changed_bitcode_is_noticed_when_it_is_read() {
    let folder = copy(&package("cxx"));
    std::fs::write(folder.path().join("kernel.bc"), b"x").unwrap();
    let opened = KernelPackage::open(folder.path()).unwrap();
    let error = attempt(&opened, &NOTHING, Effort::Balanced).unwrap_err().to_string();
    assert!(error.contains("kernel.bc: its hash"), "{error}");
}

#[test]
fn another_format_is_named() {
    let folder = copy(&package("cxx"));
    let path = folder.path().join("manifest.json");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("\"format\": 2", "\"format\": 99")).unwrap();
    assert!(open_error(&folder).contains("package format 99, but this program reads format 2"));
}

#[test]
fn another_llvm_is_named() {
    let folder = copy(&package("cxx"));
    let path = folder.path().join("manifest.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let at = text.find("\"llvm\": \"").unwrap() + 9;
    let end = at + text[at..].find('"').unwrap();
    std::fs::write(&path, format!("{}1.2.3{}", &text[..at], &text[end..])).unwrap();
    assert!(open_error(&folder).contains("made with LLVM 1.2.3"));
}

#[test]
fn no_package_is_said_so() {
    let folder = tempfile::tempdir().unwrap();
    assert!(open_error(&folder).contains("not a kernel package"));
}

#[test]
fn wishes_that_do_not_fit_name_what_was_meant() {
    let package = package("tables");
    let error = |ask: &Ask<'_>| attempt(&package, ask, Effort::Instant).unwrap_err().to_string();
    let row = error(&Ask { rows: &[("device", &["virtio-blok"])], ..NOTHING });
    assert!(row.contains("has a row 'virtio-blok'") && row.contains("did you mean 'virtio-blk'?"), "{row}");
    let table = error(&Ask { rows: &[("devices", &[])], ..NOTHING });
    assert!(table.contains("table 'devices'") && table.contains("'device'"), "{table}");
    let tunable = error(&Ask { set: &[("retrys", "1")], ..NOTHING });
    assert!(tunable.contains("no tunable 'retrys'; did you mean 'retries'?"), "{tunable}");
    let value = error(&Ask { set: &[("retries", "5000000000")], ..NOTHING });
    assert!(value.contains("'retries' takes a number below 2^32, not '5000000000'"), "{value}");
    let root = error(&Ask { root: Some("nfs"), ..NOTHING });
    assert!(root.contains("no root 'nfs'; it has disk, ram"), "{root}");
    let export = error(&Ask { exports: &["opn"], ..NOTHING });
    assert!(export.contains("does not provide 'opn'"), "{export}");
}
