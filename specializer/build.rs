//! Links the `libLLVM` that ships with the compiler, so that its bitcode version always matches.

use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=RUSTC");
    let rustc = std::env::var_os("RUSTC").expect("cargo sets RUSTC for build scripts");
    let output = Command::new(&rustc)
        .args(["--print", "sysroot"])
        .output()
        .expect("rustc, which cargo has just run, can be run");
    let sysroot =
        PathBuf::from(String::from_utf8(output.stdout).expect("the sysroot's path is UTF-8").trim());
    let directory = sysroot.join("lib");
    let library = find_llvm(&directory).unwrap_or_else(|| {
        panic!("{} holds no libLLVM: use a rustup toolchain, which ships one", directory.display())
    });
    let name = library.file_name().and_then(|n| n.to_str()).expect("a library's file name is UTF-8");
    println!("cargo::rustc-link-arg={}", library.display());
    println!("cargo::rustc-link-arg=-Wl,-rpath,{}", directory.display());
    let version = Command::new(&rustc).arg("--version").output().expect("rustc can be run");
    let version = String::from_utf8_lossy(&version.stdout).trim().to_owned();
    println!("cargo::rustc-env=SPECIALIZE_RUSTC={version}");
    println!("cargo::rustc-env=SPECIALIZE_LIBLLVM={name}");
    println!("cargo::rustc-env=SPECIALIZE_SYSROOT={}", sysroot.display());
    println!("cargo::rustc-env=SPECIALIZE_BUILDER_HASH={:016x}", hash_builder());
}

/// The real library, not the linker script `libLLVM-NN-….so` beside it.
fn find_llvm(directory: &Path) -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(directory)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with("libLLVM.so")))
        .collect();
    found.sort();
    found.pop()
}

/// FNV-1a over the sources that decide what a kernel package holds: when they change, packages
/// made before are stale.
fn hash_builder() -> u64 {
    let mut files = Vec::new();
    for folder in ["src/package", "src/llvm", "src/graph"] {
        println!("cargo::rerun-if-changed={folder}");
        collect(Path::new(folder), &mut files);
    }
    files.sort();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for file in files {
        let bytes = std::fs::read(&file).unwrap_or_default();
        for byte in file.to_string_lossy().bytes().chain(bytes) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
    hash
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}
