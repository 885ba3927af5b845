//! What the command prints, kept in golden files: `INSTA_UPDATE=always cargo test` rewrites them.
//! Bytes of compiled code change with the compiler, so they are masked; their labels are not.

use crate::support::Place;

/// The text with every number masked, and runs of blanks made one.
fn masked(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let mut words = Vec::new();
        for word in line.split_whitespace() {
            let bare = word.trim_matches(|c: char| "−+±(),%".contains(c));
            let number = !bare.is_empty() && bare.chars().all(|c| c.is_ascii_digit() || c == ',' || c == '.');
            let bar = word.chars().all(|c| "█▉▊▋▌▍▎▏░".contains(c));
            words.push(if number {
                "N"
            } else if bar {
                "▒"
            } else {
                word
            });
        }
        out.push_str(&words.join(" "));
        out.push('\n');
    }
    out
}

#[test]
fn the_main_job() {
    let place = Place::new();
    for effort in ["instant", "balanced", "max"] {
        let ran = place.make(&["--effort", effort, "--verify"]);
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
        insta::assert_snapshot!(format!("make_{effort}"), masked(&ran.stdout));
    }
    assert!(place.read("app.kernel.elf").starts_with(b"\x7fELF"));
}

#[test]
fn imports() {
    let place = Place::new();
    let ran = place.run(&["imports", "app", "--also", "libplug.so"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(ran.stdout);
}

#[test]
fn imports_that_are_missing() {
    let place = Place::new();
    place.compile("needy", "long absent(void); void _start(void) { absent(); }", &["-L.", "-lt"]);
    let ran = place.run(&["imports", "needy"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (1, ""));
    insta::assert_snapshot!(ran.stdout);
}

#[test]
fn why() {
    let place = Place::new();
    let ran =
        place.run(&["why", "mount_rofs", "stat", "trap_handler", "--app", "app", "--hv", "./test.toml"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(masked(&ran.stdout.replace(|c: char| c.is_ascii_digit(), "0")));
}

#[test]
fn size_and_diff() {
    let place = Place::new();
    place.make(&["--effort", "instant", "--symbols", "a.elf", "--quiet"]);
    place.make(&["--effort", "max", "--symbols", "b.elf", "--quiet", "--drop", "serial"]);
    let size = place.run(&["size", "a.elf", "--top", "4"]);
    assert_eq!((size.status, size.stderr.as_str()), (0, ""));
    insta::assert_snapshot!("size", masked(&size.stdout));
    let diff = place.plain(&["diff", "a.elf", "b.elf"]);
    assert_eq!((diff.status, diff.stderr.as_str()), (0, ""));
    assert!(diff.stdout.contains("Vanished: ") && diff.stdout.contains("probe_serial"), "{}", diff.stdout);
}

#[test]
fn json_is_json() {
    let place = Place::new();
    place.make(&["--symbols", "a.elf", "--quiet"]);
    let json = |ran: crate::support::Ran| -> serde_json::Value {
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
        serde_json::from_str(&ran.stdout).expect("the output is JSON")
    };
    assert_eq!(json(place.make(&["--json"]))["profile"], "test");
    assert_eq!(json(place.run(&["imports", "app", "--json"]))["required"][0]["symbol"], "exported_variable");
    assert_eq!(
        json(place.run(&["why", "stat", "--json", "--app", "app", "--hv", "./test.toml"]))[0]["alive"],
        true
    );
    assert!(
        json(place.run(&["size", "a.elf", "--json"]))["symbols"].as_array().is_some_and(|s| !s.is_empty())
    );
    assert_eq!(json(place.plain(&["diff", "a.elf", "a.elf", "--json"]))["symbols"], serde_json::json!([]));
    assert_eq!(json(place.run(&["kernel", "show", "--json"]))["name"], "tables");
    assert_eq!(json(place.plain(&["profiles", "--json"]))[0]["name"], "kvm");
}

#[test]
fn kernel_check() {
    let place = Place::new();
    std::fs::create_dir(place.path("symbols")).unwrap();
    let list = "# A list.\nmount T_1 func -\nopen T_1 func =\nopen64 T_1 func = open\nread T_1 func =\nwrite T_1 func =\n";
    place.write("symbols/libt.so.1.symbols", list);
    place.write("wanted.txt", "open libt.so.1 T_1\nread libt.so.1 T_1\n");
    let check = ["kernel", "check", "--symbols", "symbols", "--against", "wanted.txt"];
    let ran = place.run(&check);
    assert_eq!(ran.status, 1);
    insta::assert_snapshot!("kernel_check", format!("{}---\n{}", ran.stdout, ran.stderr));
    let ran = place.run(&["kernel", "check", "--symbols", "symbols", "--update"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    assert_eq!(place.run(&check).status, 0);
    let text = String::from_utf8(place.read("symbols/libt.so.1.symbols")).unwrap();
    assert_eq!(
        text,
        list.replace("mount T_1 func -", "mount T_1 func =").replace("read T_1 func =", "read T_1 func -")
    );
}

#[test]
fn profiles() {
    let place = Place::new();
    insta::assert_snapshot!("profiles", place.plain(&["profiles"]).stdout);
    insta::assert_snapshot!("profiles_test", place.plain(&["profiles", "./test.toml"]).stdout);
}

#[test]
fn explain() {
    let place = Place::new();
    let ran = place.run(&["explain", "0"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    assert_eq!(ran.stdout.lines().count(), 1);
    let ran = place.run(&["explain", "0xffffff"]);
    assert_eq!(ran.status, 1);
    assert!(ran.stderr.starts_with("error: this kernel has no code 0xffffff\nhint: "), "{}", ran.stderr);
}
