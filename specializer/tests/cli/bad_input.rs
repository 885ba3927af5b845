//! Bad input: one clear error, the right exit status, and no file left behind.

use crate::support::{Place, package};

/// Runs, and checks that the command failed with this message and wrote nothing.
fn fails(place: &Place, arguments: &[&str], status: i32, message: &str) {
    let before = place.names();
    let ran = place.run(arguments);
    let shown = (ran.status, ran.stdout.as_str(), ran.stderr.as_str());
    assert_eq!(shown, (status, "", message), "{arguments:?}");
    assert_eq!(place.names(), before, "{arguments:?}");
}

#[test]
fn applications() {
    let place = Place::new();
    place.write("text", "hello\n");
    place.write("script", "#!/bin/sh\necho\n");
    place.write("empty", "");
    let app = place.read("app");
    place.write("short", &app[..100]);
    let mut other = app.clone();
    other[18] = 183;
    place.write("arm", other);
    let mut narrow = app;
    narrow[4] = 1;
    place.write("narrow", narrow);
    place.compile("static", "void _start(void) { for (;;); }", &["-static"]);
    let error = |app: &str, message: &str| {
        fails(&place, &["--app", app, "--hv", "./test.toml"], 1, &format!("error: {message}\n"));
    };
    error("none", "cannot read none: No such file or directory");
    error(".", "cannot read .: is a directory");
    error("text", "text: it is not an ELF file");
    error("empty", "empty: it is empty");
    error("arm", "arm: it is for AArch64; the kernel runs x86-64 programs");
    error("narrow", "narrow: it is a 32-bit ELF file; the kernel runs 64-bit programs");
    error(
        "script",
        "script: it is a script for /bin/sh, not an ELF program\n\
         hint: give its interpreter with --app /bin/sh, and put the script on the image",
    );
    error(
        "short",
        "short: it is truncated: the program header table needs bytes 0x40..0x2a8, and the file ends at 0x64\n\
         hint: copy the file again",
    );
    error(
        "static",
        "static: it is a static executable: it has no PT_DYNAMIC, so no imports that a kernel could serve\n\
         hint: link it dynamically: without -static or -static-pie",
    );
    error(
        "libplug.so",
        "libplug.so: it is a shared library, not a program: it has no PT_INTERP (give libraries opened at run \
         time with --also)",
    );
    error("libt.so.1", "libt.so.1 is libt.so.1, which the kernel stands for: give the program that uses it");
}

#[test]
fn missing_symbols() {
    let place = Place::new();
    place.compile("needy", "long absent(void); void _start(void) { absent(); }", &["-L.", "-lt"]);
    fails(
        &place,
        &["--app", "needy", "--hv", "./test.toml"],
        1,
        "error: needy needs 'absent'; the kernel does not provide it\nhint: --unresolved=trap builds anyway\n",
    );
    let ran = place.run(&["--app", "needy", "--hv", "./test.toml", "--unresolved=trap"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    assert!(ran.stdout.contains("absent@T_1 (from needy): the kernel stops and names it if it is called"));
}

#[test]
fn a_symbol_that_a_library_lacks_names_the_library() {
    let place = Place::new();
    place.compile(
        "libneedy.so",
        "long absent(void); long f(void) { return absent(); }",
        &["-shared", "-fPIC", "-L.", "-lt"],
    );
    place.compile("user", "long f(void); void _start(void) { f(); }", &["-L.", "-lneedy", "-lt"]);
    fails(
        &place,
        &["--app", "user", "--hv", "./test.toml", "--lib-path", "."],
        1,
        "error: user needs 'absent' (from libneedy.so); the kernel does not provide it\n\
         hint: --unresolved=trap builds anyway\n",
    );
}

#[test]
fn missing_libraries() {
    let place = Place::new();
    place.compile("libgone.so", "long f(void) { return 0; }", &["-shared", "-fPIC"]);
    place.compile("user", "long f(void); void _start(void) { f(); }", &["-L.", "-lgone"]);
    std::fs::remove_file(place.path("libgone.so")).unwrap();
    let ran = place.run(&["--app", "user", "--hv", "./test.toml"]);
    assert_eq!(ran.status, 1);
    assert!(ran.stderr.starts_with("error: user needs 'libgone.so', which is in none of "), "{}", ran.stderr);
    assert!(ran.stderr.contains("\nhint: --lib-path DIR adds a directory to look in\n"), "{}", ran.stderr);
}

#[test]
fn libraries_that_need_each_other_are_no_fault() {
    let place = Place::new();
    place.compile("libb.so", "long b(void) { return 0; }", &["-shared", "-fPIC"]);
    place.compile(
        "liba.so",
        "long b(void); long a(void) { return b(); }",
        &["-shared", "-fPIC", "-L.", "-lb"],
    );
    place.compile(
        "libb.so",
        "long a(void); long b(void) { return a(); }",
        &["-shared", "-fPIC", "-L.", "-la"],
    );
    let flags = ["-L.", "-la", "-lt", "-Wl,--unresolved-symbols=ignore-in-shared-libs"];
    place.compile("user", "long a(void); void _start(void) { a(); }", &flags);
    let ran = place.run(&["--app", "user", "--hv", "./test.toml", "--lib-path", "."]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    assert!(ran.stdout.contains("liba.so and libb.so need each other"), "{}", ran.stdout);
}

#[test]
fn profiles() {
    let place = Place::new();
    place.write("row.toml", "description = \"d\"\n[rows]\ndevice = [\"serail\"]\n");
    place.write("kind.toml", "description = \"d\"\n[rows]\ndevise = \"all\"\n");
    place.write("key.toml", "description = \"d\"\nrows = {}\nroott = \"x\"\n");
    place.write("broken.toml", "description = \n");
    let error = |hv: &str, message: &str| fails(&place, &["--app", "app", "--hv", hv], 1, message);
    error(
        "./row.toml",
        "error: ./row.toml:3: the table 'device' of this kernel has no row 'serail'\nhint: did you mean 'serial'?\n",
    );
    error(
        "./kind.toml",
        "error: ./kind.toml:3: this kernel has no table 'devise'\nhint: did you mean 'device'?\n",
    );
    error("./key.toml", "error: ./key.toml:3: a profile has no key 'roott'\nhint: did you mean 'root'?\n");
    error("./none.toml", "error: cannot read ./none.toml: No such file or directory\n");
    error(
        "kwm",
        "error: there is no profile 'kwm'\nhint: did you mean 'kvm'?\n\
         hint: there are kvm, microvm, firecracker, cloud-hypervisor, qemu, all; a path of a TOML file will do, too\n",
    );
    assert!(place.make(&["--hv", "./broken.toml"]).status != 0);
}

#[test]
fn options() {
    let place = Place::new();
    let error = |flags: &[&str], status: i32, start: &str| {
        let before = place.names();
        let ran = place.make(flags);
        assert_eq!((ran.status, ran.stdout.as_str()), (status, ""), "{flags:?}");
        assert!(ran.stderr.starts_with(start), "{flags:?}: {}", ran.stderr);
        assert_eq!(place.names(), before);
    };
    error(&["--drop", "serail"], 1, "error: ");
    error(&["--keep", "device:nvme"], 1, "error: ");
    error(&["--root", "dick"], 1, "error: ");
    error(&["--set", "retrys=3"], 1, "error: ");
    error(&["--set", "trace=7"], 1, "error: ");
    error(&["--export", "opne"], 1, "error: ");
    error(&["--export", "@none.txt"], 1, "error: cannot read none.txt: No such file or directory\n");
    error(&["--set", "retries"], 2, "error: --set takes NAME=VALUE, not 'retries'\n");
    error(&["--effort", "most"], 2, "error: invalid value 'most'");
    error(&["--report", "r.pdf"], 2, "error: --report r.pdf: the name has to end in ");
}

#[test]
fn usage() {
    let place = Place::new();
    for arguments in [
        &["--app", "app"][..],
        &["--hv", "kvm"],
        &["why"],
        &["frobnicate"],
        &["--frobnicate"],
        &["diff", "a"],
    ] {
        let ran = place.plain(arguments);
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(ran.stderr.starts_with("error: "), "{}", ran.stderr);
    }
    assert_eq!(place.plain(&["--help"]).status, 0);
}

#[test]
fn packages() {
    let place = Place::new();
    let copy = |name: &str| {
        let to = place.path(name);
        let status = std::process::Command::new("cp").arg("-r").arg(package()).arg(&to).status();
        assert!(status.is_ok_and(|status| status.success()));
        to
    };
    let message = |name: &str| {
        let ran = place.plain(&["--app", "app", "--hv", "./test.toml", "--kernel", name]);
        assert_eq!((ran.status, ran.stdout.as_str()), (1, ""), "{name}");
        assert_eq!(
            ran.stderr.lines().filter(|line| line.starts_with("error: ")).count(),
            1,
            "{}",
            ran.stderr
        );
        ran.stderr
    };
    assert!(message("none").contains("not a kernel package"));
    let hash = copy("hash");
    let mut index = std::fs::read(hash.join("index")).unwrap();
    index[7] ^= 1;
    std::fs::write(hash.join("index"), index).unwrap();
    assert!(message("hash").contains("its hash is not the one in the package's manifest"));
    let version = copy("version");
    let manifest = std::fs::read_to_string(version.join("manifest.json")).unwrap();
    let later = manifest.replacen("\"format\": ", "\"format\": 9", 1);
    assert_ne!(manifest, later);
    std::fs::write(version.join("manifest.json"), later).unwrap();
    assert!(message("version").contains("package format 9"));
    let cut = copy("cut");
    std::fs::write(cut.join("manifest.json"), &manifest[..manifest.len() / 2]).unwrap();
    message("cut");
    let lost = copy("lost");
    std::fs::remove_file(lost.join("kernel.toml")).unwrap();
    message("lost");
}

#[test]
fn kernels_without_symbols_cannot_be_measured() {
    let place = Place::new();
    place.make(&["--quiet"]);
    place.write("text", "text");
    let ran = place.run(&["size", "app.kernel.elf"]);
    assert_eq!(ran.status, 1);
    assert!(
        ran.stderr.contains("has no symbols\nhint: give the file that --symbols wrote"),
        "{}",
        ran.stderr
    );
    for file in ["text", "none"] {
        assert_eq!(place.run(&["size", file]).status, 1);
        assert_eq!(place.plain(&["diff", file, file]).status, 1);
    }
}
