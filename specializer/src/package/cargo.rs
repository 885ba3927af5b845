//! Runs the compiler on a kernel's sources, and takes its archive apart.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use object::read::archive::ArchiveFile;
use object::read::elf::ElfFile64;
use object::{Endianness, Object, ObjectSection, ObjectSymbol};

use super::{Config, PackageError, Sysroot, archive};
use crate::llvm::{self, IrInput};

/// An object that is not bitcode.
pub(super) struct NativeObject {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
    /// Whether it is one of the compiler's many, most of which nothing needs.
    pub(super) only_if_needed: bool,
}

/// What a kernel's sources compile to.
#[derive(Default)]
pub(super) struct Sources {
    pub(super) modules: Vec<IrInput>,
    pub(super) natives: Vec<NativeObject>,
}

/// Flags that make bitcode of the local crates; the compiler's own crates have theirs already.
const BITCODE: [&str; 1] = ["-Clinker-plugin-lto"];

/// Compiles a kernel's sources to bitcode.
pub(super) fn sources(kernel: &Path, work: &Path, config: &Config) -> Result<Sources, PackageError> {
    let mut sources = Sources::default();
    if let Some(archive) = compile(kernel, &work.join("bitcode"), config, &BITCODE)? {
        take_apart(&archive, true, &mut sources)?;
    }
    if !config.build.command.is_empty() {
        let mut command = Command::new(&config.build.command[0]);
        command.args(&config.build.command[1..]).current_dir(kernel);
        run(command)?;
    }
    for input in &config.build.inputs {
        take_apart(&kernel.join(input), false, &mut sources)?;
    }
    Ok(sources)
}

/// The archives that comparison builds are linked of, by their file in the package: crates compiled as
/// a linker without LTO gets them; the bitcode as cargo leaves it; and the crates with panics as traps.
/// A kernel that is not Rust has none, nor has one that wants none.
pub(super) fn conventional(
    kernel: &Path,
    work: &Path,
    config: &Config,
    sources: &Sources,
) -> Result<Vec<(String, Vec<u8>)>, PackageError> {
    if config.build.without_comparisons {
        return Ok(Vec::new());
    }
    let Some(plain) = compile(kernel, &work.join("conventional"), config, &[])? else {
        return Ok(Vec::new());
    };
    let read = |path: &Path| std::fs::read(path).map_err(PackageError::io(path));
    Ok(vec![
        ("conventional/plain.a".into(), read(&plain)?),
        ("conventional/bitcode.a".into(), bitcode(sources)),
        ("conventional/lowered.a".into(), lowered(config, sources)?),
    ])
}

/// The bitcode of all crates, the compiler's own included, as `lto = "fat"` has it.
fn bitcode(sources: &Sources) -> Vec<u8> {
    let modules =
        sources.modules.iter().enumerate().map(|(at, module)| (format!("{at}.bc"), module.bytes.clone()));
    let natives =
        sources.natives.iter().enumerate().map(|(at, native)| (format!("n{at}.o"), native.bytes.clone()));
    archive::write(&modules.chain(natives).collect::<Vec<_>>())
}

/// Compiles every module with panics as traps, on all processors, and makes an archive.
fn lowered(config: &Config, sources: &Sources) -> Result<Vec<u8>, PackageError> {
    use rayon::prelude::*;
    let objects: Result<Vec<_>, _> =
        sources.modules.par_iter().map(|module| llvm::lowered(module, config)).collect();
    let mut members: Vec<(String, Vec<u8>)> = Vec::new();
    for (at, object) in objects?.into_iter().enumerate() {
        members.push((format!("{at}.o"), object));
    }
    for native in &sources.natives {
        members.push((format!("{}.o", members.len()), native.bytes.clone()));
    }
    Ok(archive::write(&members))
}

/// Runs cargo; the archive that it makes.
fn compile(
    kernel: &Path,
    output: &Path,
    config: &Config,
    flags: &[&str],
) -> Result<Option<PathBuf>, PackageError> {
    let rule = &config.build;
    let Some(package) = &rule.cargo_package else { return Ok(None) };
    let sysroot = Sysroot::find();
    let target = rule.target.as_deref().unwrap_or("x86_64-unknown-linux-gnu");
    let rustflags: Vec<&str> =
        rule.rustflags.iter().map(String::as_str).chain(flags.iter().copied()).collect();
    let mut command = Command::new(sysroot.cargo());
    command.args(["build", "--release", "--lib", "--package", package, "--target", target]);
    command.arg("--target-dir").arg(output).current_dir(kernel);
    // The environment of a build of this program itself must not leak into the kernel's.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO") && name != "CARGO_HOME" && name != "CARGO_NET_OFFLINE"
        {
            command.env_remove(name);
        }
    }
    command.env_remove("RUSTFLAGS").env("CARGO_ENCODED_RUSTFLAGS", rustflags.join("\x1f"));
    command.env("RUSTC", sysroot.rustc()).envs(&rule.environment);
    run(command)?;
    let name = rule.archive.clone().unwrap_or_else(|| format!("lib{}.a", package.replace('-', "_")));
    Ok(Some(output.join(target).join("release").join(name)))
}

fn run(mut command: Command) -> Result<(), PackageError> {
    let tool = command.get_program().to_owned();
    let output = command.output().map_err(PackageError::io(Path::new(&tool)))?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    // Warnings come first, and are not why it failed.
    let from = text.find("\nerror").map_or(0, |at| at + 1);
    Err(PackageError::Tool {
        tool: Path::new(&tool).file_name().unwrap_or_default().to_string_lossy().into_owned(),
        output: text[from..].trim_end().to_owned(),
    })
}

/// Sorts the members of an archive, or one file, into modules and native objects.
fn take_apart(path: &Path, from_cargo: bool, sources: &mut Sources) -> Result<(), PackageError> {
    let bytes = std::fs::read(path).map_err(PackageError::io(path))?;
    let damaged = |source: object::Error| PackageError::Build {
        place: path.display().to_string(),
        reason: source.to_string(),
    };
    if !bytes.starts_with(b"!<arch>") {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        return sort(name, bytes, from_cargo, sources);
    }
    let archive = ArchiveFile::parse(&*bytes).map_err(damaged)?;
    for member in archive.members() {
        let member = member.map_err(damaged)?;
        let name = String::from_utf8_lossy(member.name()).into_owned();
        sort(name, member.data(&*bytes).map_err(damaged)?.to_vec(), from_cargo, sources)?;
    }
    Ok(())
}

fn sort(name: String, bytes: Vec<u8>, from_cargo: bool, sources: &mut Sources) -> Result<(), PackageError> {
    let unit = unit(&name);
    if !bytes.starts_with(b"\x7fELF") {
        sources.modules.push(IrInput { name, unit, bytes, sysroot: false });
        return Ok(());
    }
    let embedded = {
        let file = ElfFile64::<Endianness>::parse(&*bytes)
            .map_err(|source| PackageError::Build { place: name.clone(), reason: source.to_string() })?;
        file.section_by_name(".llvmbc").and_then(|section| section.data().ok()).map(<[u8]>::to_vec)
    };
    match embedded.filter(|bitcode| !bitcode.is_empty()) {
        Some(bitcode) => sources.modules.push(IrInput { name, unit, bytes: bitcode, sysroot: from_cargo }),
        None => sources.natives.push(NativeObject { name, bytes, only_if_needed: from_cargo }),
    }
    Ok(())
}

/// The crate of an archive's member: `core-5c0a….core.1d2c….o` is `core`.
fn unit(member: &str) -> String {
    let stem = member.split(['.', '/']).next().unwrap_or_default();
    match stem.rsplit_once('-') {
        Some((name, hash)) if hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => {
            name.replace('-', "_")
        }
        _ => stem.to_owned(),
    }
}

/// The global symbols that an object defines.
pub(super) fn defined(bytes: &[u8]) -> BTreeSet<String> {
    names(bytes, |symbol| symbol.is_definition() && symbol.is_global())
}

/// The symbols that an object needs.
pub(super) fn undefined(bytes: &[u8]) -> BTreeSet<String> {
    names(bytes, |symbol| symbol.is_undefined() && !symbol.is_weak())
}

fn names(
    bytes: &[u8],
    wanted: impl Fn(&object::read::elf::ElfSymbol64<'_, '_, Endianness>) -> bool,
) -> BTreeSet<String> {
    let Ok(file) = ElfFile64::<Endianness>::parse(bytes) else { return BTreeSet::new() };
    let symbols = file.symbols().filter(|symbol| wanted(symbol));
    symbols
        .filter_map(|symbol| symbol.name().ok().filter(|name| !name.is_empty()).map(str::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_members_crate_is_in_its_name() {
        assert_eq!(unit("core-120cbae4e86ec454.core.abc-cgu.0.rcgu.o"), "core");
        assert_eq!(unit("kernel_core-0123456789abcdef.kernel_core.1.o"), "kernel_core");
        assert_eq!(unit("entry.bc"), "entry");
    }
}
