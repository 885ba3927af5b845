//! Compiles the programs of the cases with this host's compilers.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::case::Case;

/// A program that is ready to run, and what it opens at run time.
pub struct Program {
    pub path: PathBuf,
    pub plugins: Vec<PathBuf>,
}

/// The program of a case: the installed one, or compiled into a directory of its own.
pub fn program(case: &Case, directory: &Path) -> Result<Program, String> {
    let Some(source) = &case.source else {
        let path = PathBuf::from(case.app.as_deref().unwrap_or_default());
        return Ok(Program { path, plugins: Vec::new() });
    };
    let output = directory.join("programs").join(&case.name);
    std::fs::create_dir_all(&output).map_err(|error| format!("{}: {error}", output.display()))?;
    let stem =
        |source: &str| Path::new(source).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    // A plugin may need the plugins before it; the program is linked with the libraries only.
    let mut linked = Vec::new();
    let mut plugins = Vec::new();
    for (list, is_plugin) in [(&case.libraries, false), (&case.plugins, true)] {
        for library in list {
            let name = format!("lib{}.so", stem(library));
            let path = output.join(&name);
            let soname = format!("-Wl,-soname,{name}");
            let needs: Vec<String> = plugins.iter().map(|p: &PathBuf| p.display().to_string()).collect();
            let needs: Vec<&str> = needs.iter().map(String::as_str).collect();
            let flags = [&["-shared", "-fPIC", &soname][..], &needs].concat();
            compile(library, &path, &flags)?;
            if is_plugin { plugins.push(path) } else { linked.push(format!("-l{}", stem(library))) }
        }
    }
    let path = output.join(stem(source));
    let search = format!("-L{}", output.display());
    let mut flags: Vec<&str> = case.flags.iter().map(String::as_str).collect();
    flags.push(&search);
    flags.extend(linked.iter().map(String::as_str));
    flags.push("-lm");
    compile(source, &path, &flags)?;
    Ok(Program { path, plugins })
}

/// All that is compiled for a case, made now if it is not there.
pub fn made(case: &Case, directory: &Path) -> Result<Vec<PathBuf>, String> {
    let output = directory.join("programs").join(&case.name);
    if !output.exists() {
        program(case, directory)?;
    }
    let fault = |error: std::io::Error| format!("{}: {error}", output.display());
    std::fs::read_dir(&output).map_err(fault)?.map(|entry| Ok(entry.map_err(fault)?.path())).collect()
}

fn compile(source: &str, output: &Path, flags: &[&str]) -> Result<(), String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/boot/programs").join(source);
    let mut command = if source.ends_with(".rs") {
        let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
        rustc.args(["-O", "--edition", "2024", "-o"]).arg(output).arg(&path);
        rustc
    } else {
        let mut compiler = Command::new(if source.ends_with(".cc") { "g++" } else { "gcc" });
        compiler.args(["-O2", "-w", "-o"]).arg(output).arg(&path).args(flags).arg("-Wl,-rpath,$ORIGIN");
        compiler
    };
    let made = command.output().map_err(|error| format!("cannot run the compiler: {error}"))?;
    if made.status.success() {
        return Ok(());
    }
    Err(format!("{source} does not compile:\n{}", String::from_utf8_lossy(&made.stderr)))
}
