//! The test kernel's package, and a small application that imports from it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use tempfile::TempDir;

/// What the command did.
pub struct Ran {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

/// The test kernel's package, built by the command itself; kept from run to run, made anew when stale.
pub fn package() -> &'static Path {
    static PACKAGE: OnceLock<PathBuf> = OnceLock::new();
    PACKAGE.get_or_init(|| {
        let package = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tables-package");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/packages/tables");
        let mut command = Command::new(env!("CARGO_BIN_EXE_specialize"));
        command.args(["kernel", "build", "--source"]).arg(source).arg("-o").arg(&package);
        let ran = finish(command.output().expect("the command can be run"));
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        package
    })
}

fn finish(output: Output) -> Ran {
    Ran {
        status: output.status.code().expect("no signal ends the command"),
        stdout: String::from_utf8(output.stdout).expect("results are UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("messages are UTF-8"),
    }
}

/// A folder with an application, the library that it is linked against, a plugin and a profile.
pub struct Place {
    folder: TempDir,
}

const LIBRARY: &str = "long exported_variable = 1;
long mount(void) { return 0; } long open(void) { return 0; } long open64(void) { return 0; }
long qsort(void *f) { return 0; } void raise(void) {} void setjmp(void) {} long stat(void) { return 0; }
long write(long n) { return n; } long absent(void) { return 0; }";

const APPLICATION: &str = "long open(void); long write(long); long stat(void); extern long exported_variable;
void _start(void) { exported_variable = open() + stat(); write(exported_variable); for (;;); }";

const PLUGIN: &str = "long mount(void); long absent(void); long plug(void) { return mount() + absent(); }";

const PROFILE: &str = "description = \"the devices that the test has\"\nroot = \"disk\"\n\n\
                       [rows]\ndevice = [\"serial\"]\n";

impl Place {
    pub fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().expect("a folder can be made") };
        place.write("libt.map", "T_1 { global: *; };");
        place.write("test.toml", PROFILE);
        let script = "-Wl,--version-script=libt.map";
        place.compile("libt.so.1", LIBRARY, &["-shared", "-fPIC", "-Wl,-soname,libt.so.1", script]);
        std::os::unix::fs::symlink("libt.so.1", place.path("libt.so")).expect("a link can be made");
        place.compile("app", APPLICATION, &["-no-pie", "-L.", "-lt"]);
        place.compile("libplug.so", PLUGIN, &["-shared", "-fPIC", "-L.", "-lt"]);
        place
    }

    /// Compiles C without a libc.
    pub fn compile(&self, name: &str, source: &str, flags: &[&str]) {
        let input = format!("{name}.c");
        self.write(&input, source);
        let mut command = Command::new("cc");
        command.current_dir(self.folder.path());
        command.args(["-O1", "-w", "-nostdlib", "-fno-builtin", "-fno-stack-protector", "-o", name, &input]);
        let output = command.args(flags).output().expect("a C compiler is installed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), text).expect("the folder can be written");
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).expect("the file is there")
    }

    /// The names in the folder, sorted.
    pub fn names(&self) -> Vec<String> {
        let items = std::fs::read_dir(self.folder.path()).expect("the folder can be read");
        let mut names: Vec<_> =
            items.map(|item| item.expect("an item").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// Runs the command here, as it is.
    pub fn plain(&self, arguments: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_specialize"));
        command.current_dir(self.folder.path()).args(arguments);
        finish(command.output().expect("the command can be run"))
    }

    /// Runs the command here with the test kernel's package.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let package = package().to_str().expect("the path is UTF-8");
        self.plain(&[arguments, &["--kernel", package]].concat())
    }

    /// Makes the application's kernel with further flags.
    pub fn make(&self, flags: &[&str]) -> Ran {
        self.run(&[&["--app", "app", "--hv", "./test.toml"], flags].concat())
    }
}
