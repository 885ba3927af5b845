//! Files that are written: whole, together, or not at all.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::Place;

#[test]
fn reports_take_their_form_from_their_name() {
    let place = Place::new();
    let flags =
        ["--report", "r.html", "--report", "r.json", "--report", "r.md", "--report", "r.txt", "-o", "k.elf"];
    let ran = place.make(&flags);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    assert_eq!(place.read("r.txt"), ran.stdout.as_bytes());
    assert!(place.read("r.html").starts_with(b"<!DOCTYPE html>"));
    assert!(place.read("r.md").starts_with(b"# app on test\n"));
    let json: serde_json::Value = serde_json::from_slice(&place.read("r.json")).unwrap();
    assert_eq!(json["output"], "k.elf");
}

#[test]
fn the_same_inputs_give_the_same_bytes() {
    let place = Place::new();
    for effort in ["instant", "balanced", "max"] {
        place.make(&["--effort", effort, "-o", "a.elf", "--quiet"]);
        place.make(&["--effort", effort, "-o", "b.elf", "--quiet"]);
        assert_eq!(place.read("a.elf"), place.read("b.elf"), "{effort}");
    }
}

#[test]
fn a_kernel_is_executable_and_a_report_is_not() {
    let place = Place::new();
    place.make(&["-o", "k.elf", "--report", "r.json", "--quiet"]);
    let mode = |name| std::fs::metadata(place.path(name)).unwrap().permissions().mode();
    assert_eq!((mode("k.elf") & 0o100, mode("r.json") & 0o111), (0o100, 0));
}

#[test]
fn quiet_says_nothing() {
    let place = Place::new();
    let ran = place.make(&["--quiet"]);
    assert_eq!((ran.status, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""));
}

#[test]
fn an_unwritable_place_is_one_error_and_leaves_nothing() {
    let place = Place::new();
    let before = place.names();
    for (flags, message) in [
        (vec!["-o", "none/k.elf"], "error: cannot write none/k.elf: No such file or directory\n"),
        (vec!["-o", "."], "error: cannot write .: is a directory\n"),
        (
            vec!["-o", "k.elf", "--report", "none/r.md"],
            "error: cannot write none/r.md: No such file or directory\n",
        ),
        (vec!["-o", "/dev/full"], "error: cannot write /dev/full: No space left on device\n"),
    ] {
        let ran = place.make(&flags);
        assert_eq!((ran.status, ran.stdout.as_str(), ran.stderr.as_str()), (1, "", message), "{flags:?}");
        assert_eq!(place.names(), before, "{flags:?}");
    }
}

#[test]
fn an_earlier_kernel_survives_a_failure() {
    let place = Place::new();
    place.write("k.elf", "precious");
    let ran = place.make(&["-o", "k.elf", "--export", "nothing_of_this_name"]);
    assert_eq!(ran.status, 1);
    assert_eq!(place.read("k.elf"), b"precious");
}

#[test]
fn inputs_are_not_written_over() {
    let place = Place::new();
    for flags in [
        vec!["-o", "app"],
        vec!["-o", "k", "--symbols", "./k"],
        vec!["-o", "k", "--report", "k.md", "--symbols", "k.md"],
    ] {
        let ran = place.make(&flags);
        assert_eq!(ran.status, 2, "{flags:?}");
        assert!(ran.stderr.contains("would be written over"), "{}", ran.stderr);
    }
}

#[test]
fn save_dir_leaves_what_went_into_the_link() {
    let place = Place::new();
    let ran = place.make(&["--save-dir", "saved", "--quiet"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(std::fs::read_dir(place.path("saved")).unwrap().count() > 1);
}
