//! The other side of the comparisons: Debian's cloud kernel, with what it needs in an initramfs. It is
//! fetched with apt and not kept.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use specialize::app::{AppClosure, SearchPaths};

use crate::programs;

/// A kernel package, unpacked.
pub struct Linux {
    folder: PathBuf,
    /// The kernel, a bzImage.
    pub kernel: PathBuf,
}

/// Where a bzImage is entered in protected mode.
pub const ENTRY: u32 = 0x10_0000;

/// Drivers in the order in which they can be loaded: virtio on PCI, network cards.
const MODULES: [&str; 8] = [
    "virtio_ring",
    "virtio",
    "virtio_pci_legacy_dev",
    "virtio_pci_modern_dev",
    "virtio_pci",
    "failover",
    "net_failover",
    "virtio_net",
];

impl Linux {
    /// The kernel, fetched now if it is not there.
    pub fn fetch() -> Result<Self, String> {
        let folder = programs::scratch()?.join("linux");
        let kernel = |folder: &Path| {
            let entries = std::fs::read_dir(folder.join("boot")).ok()?;
            entries
                .flatten()
                .map(|entry| entry.path())
                .find(|path| path.to_string_lossy().contains("vmlinuz"))
        };
        if kernel(&folder).is_none() {
            std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
            // The package of that name depends on the one that has the kernel.
            let depends =
                programs::finish(Command::new("apt-cache").args(["depends", "linux-image-cloud-amd64"]))?;
            let depends = String::from_utf8_lossy(&depends).into_owned();
            let name = depends.split_whitespace().find(|word| {
                word.starts_with("linux-image-") && word.ends_with("cloud-amd64") && word.contains('.')
            });
            let name = name.ok_or("apt knows no cloud kernel")?.to_string();
            programs::finish(Command::new("apt-get").current_dir(&folder).args(["download", &name]))?;
            let package = std::fs::read_dir(&folder).map_err(|error| error.to_string())?;
            let package = package
                .flatten()
                .map(|entry| entry.path())
                .find(|path| path.extension().is_some_and(|e| e == "deb"));
            let package = package.ok_or("apt left no package")?;
            programs::finish(Command::new("dpkg-deb").arg("-x").arg(&package).arg(&folder))?;
        }
        let kernel = kernel(&folder).ok_or("the package has no kernel")?;
        Ok(Self { folder, kernel })
    }

    /// Adds the drivers to an archive, and `/modules`, which lists them.
    pub fn add_modules(&self, archive: &mut Archive) -> Result<(), String> {
        let mut list = String::new();
        for name in MODULES {
            let file = programs::finish(
                Command::new("find").arg(&self.folder).args(["-name", &format!("{name}.ko")]),
            )?;
            let path = String::from_utf8_lossy(&file).trim().to_owned();
            let module =
                std::fs::read(&path).map_err(|error| format!("module {name} ('{path}'): {error}"))?;
            archive.file(Path::new(&format!("/{name}.ko")), 0o644, &module);
            list.push_str(&format!("/{name}.ko\n"));
        }
        archive.file(Path::new("/modules"), 0o644, list.as_bytes());
        Ok(())
    }
}

/// Compiles one of `programs/` as a first process, which needs no library.
pub fn compile_init(source: &str) -> Result<Vec<u8>, String> {
    let output = programs::scratch()?.join(Path::new(source).with_extension("init"));
    let source = programs::tree().join("benches/programs").join(source);
    programs::finish(Command::new("gcc").args(["-O2", "-static", "-o"]).arg(&output).arg(source))?;
    std::fs::read(&output).map_err(|error| format!("{}: {error}", output.display()))
}

/// An initramfs (`newc`) that is being written.
pub struct Archive {
    bytes: Vec<u8>,
    directories: BTreeSet<PathBuf>,
}

impl Archive {
    /// One with `/dev/console` and `/init`.
    pub fn new(init: &[u8]) -> Self {
        let mut archive = Self { bytes: Vec::new(), directories: BTreeSet::new() };
        archive.directory(Path::new("/dev"));
        archive.entry(OsStr::new("dev/console"), 0o020_600, (5, 1), b"");
        archive.file(Path::new("/init"), 0o755, init);
        archive
    }

    /// Adds a directory and those that it is in.
    pub fn directory(&mut self, path: &Path) {
        if path.parent().is_none() || !self.directories.insert(path.to_owned()) {
            return;
        }
        if let Some(parent) = path.parent() {
            self.directory(parent);
        }
        self.entry(relative(path), 0o040_755, (0, 0), b"");
    }

    /// Adds a file and the directories that it is in.
    pub fn file(&mut self, path: &Path, mode: u32, data: &[u8]) {
        if let Some(parent) = path.parent() {
            self.directory(parent);
        }
        self.entry(relative(path), 0o100_000 | mode, (0, 0), data);
    }

    /// Adds a program and all that it is linked with, where they are on this host.
    pub fn program(&mut self, program: &Path, also: &[PathBuf]) -> Result<(), String> {
        let text = |error: &dyn std::fmt::Display| error.to_string();
        let search = SearchPaths::host(Vec::new());
        let mut closure =
            AppClosure::load(program, &search, &BTreeSet::new()).map_err(|error| text(&error))?;
        for object in also {
            closure.open_also(object, &search, &BTreeSet::new()).map_err(|error| text(&error))?;
        }
        let mut files: Vec<(PathBuf, PathBuf)> = Vec::new();
        for object in &closure.objects {
            // The program is looked for by its own name, a library by its soname.
            let named = object.soname.as_ref().map(|soname| object.path.with_file_name(soname));
            files.push((object.path.clone(), named.unwrap_or_else(|| object.path.clone())));
        }
        let interpreter = PathBuf::from("/lib64/ld-linux-x86-64.so.2");
        files.push((interpreter.clone(), interpreter));
        for (from, to) in files {
            let data = std::fs::read(&from).map_err(|error| format!("{}: {error}", from.display()))?;
            self.file(&to, 0o755, &data);
        }
        Ok(())
    }

    /// Ends the archive.
    pub fn finish(mut self) -> Vec<u8> {
        self.entry(OsStr::new("TRAILER!!!"), 0, (0, 0), b"");
        self.bytes
    }

    fn entry(&mut self, name: &OsStr, mode: u32, device: (u32, u32), data: &[u8]) {
        let name = name.as_bytes();
        let fields =
            [1, mode, 0, 0, 1, 0, data.len() as u32, 0, 0, device.0, device.1, name.len() as u32 + 1, 0];
        self.bytes.extend_from_slice(b"070701");
        fields.iter().for_each(|field| self.bytes.extend_from_slice(format!("{field:08x}").as_bytes()));
        self.bytes.extend_from_slice(name);
        self.bytes.push(0);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        self.bytes.extend_from_slice(data);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

fn relative(path: &Path) -> &OsStr {
    path.strip_prefix("/").unwrap_or(path).as_os_str()
}
