//! Evidence from programs that the host's compiler makes.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{AppClosure, Imports, catalogue};
use crate::app::{EvidenceKind, SearchPaths};

/// Compiles a C program; `None`, with a word on it, where there is no C compiler.
fn compile(folder: &Path, source: &str, flags: &[&str]) -> Option<PathBuf> {
    let (input, output) = (folder.join("app.c"), folder.join("app"));
    std::fs::write(&input, source).unwrap();
    let result = Command::new("cc").args(flags).arg("-o").arg(&output).arg(&input).arg("-ldl").output();
    match result {
        Ok(result) => {
            assert!(result.status.success(), "{}", String::from_utf8_lossy(&result.stderr));
            Some(output)
        }
        Err(error) => {
            eprintln!("skipped: no C compiler ({error})");
            None
        }
    }
}

fn imports(source: &str, flags: &[&str]) -> Option<Imports> {
    let folder = tempfile::tempdir().unwrap();
    let app = compile(folder.path(), source, flags)?;
    let mut sonames = catalogue().sonames();
    sonames.insert("libdl.so.2".to_owned());
    let closure = AppClosure::load(&app, &SearchPaths::default(), &sonames).unwrap();
    Some(Imports::of(&closure, &catalogue()))
}

fn evidence(source: &str, flags: &[&str]) -> Option<Vec<(EvidenceKind, String)>> {
    let found = imports(source, flags)?.evidence;
    Some(found.into_iter().map(|evidence| (evidence.kind, evidence.symbol)).collect())
}

const FLAGS: [&[&str]; 4] =
    [&["-O2"], &["-O0"], &["-O2", "-fno-plt"], &["-O2", "-no-pie", "-fcf-protection=full"]];

#[test]
fn constant_system_calls_are_proved() {
    let source = "#include <unistd.h>\n#include <sys/syscall.h>\n\
                  int main(int c, char **v) { if (c > 2) return syscall(SYS_gettid); return syscall(SYS_getpid, c); }";
    for flags in FLAGS {
        let Some(all) = imports(source, flags) else { return };
        assert_eq!(all.numbers_of("syscall"), Some([39, 186].into()));
        let Some(found) = evidence(source, flags) else { return };
        let mut numbers: Vec<_> = found.iter().map(|(kind, _)| kind.clone()).collect();
        numbers.sort();
        let number = |number| EvidenceKind::Number { number };
        assert_eq!(numbers, [number(39), number(186)], "{flags:?}");
    }
}

#[test]
fn a_system_call_of_unknown_number_leaves_all_open() {
    let pointer =
        "#include <unistd.h>\nlong (*f)(long, ...) = syscall;\nint main(int c, char **v) { return f(c); }";
    let variable = "#include <unistd.h>\nint main(int c, char **v) { return syscall(c); }";
    let branch = "#include <unistd.h>\nint main(int c, char **v) { return syscall(c > 1 ? 39 : 186); }";
    for flags in FLAGS {
        for source in [pointer, variable, branch] {
            let Some(all) = imports(source, flags) else { return };
            assert_eq!(all.numbers_of("syscall"), None, "{flags:?} {source}");
        }
    }
}

#[test]
fn families_of_sockets_are_proved_over_both_functions() {
    let source = |family: &str| {
        format!(
            "#include <sys/socket.h>\nint main(int c, char **v) {{ int p[2]; \
             return socketpair(AF_UNIX, SOCK_STREAM, 0, p) + socket({family}, SOCK_STREAM, 0); }}"
        )
    };
    let both = ["socket".to_owned(), "socketpair".to_owned()];
    for flags in FLAGS {
        let Some(known) = imports(&source("AF_INET"), flags) else { return };
        assert_eq!(known.numbers_of_all(&both), Some([1, 2].into()), "{flags:?}");
        let Some(open) = imports(&source("c"), flags) else { return };
        assert_eq!(open.numbers_of_all(&both), None, "{flags:?}");
    }
}

#[test]
fn constant_dlsym_names_are_proved_and_nothing_else_is_kept() {
    let source = "#define _GNU_SOURCE\n#include <dlfcn.h>\n#include <stdio.h>\n\
                  int main(void) { puts(\"sin\"); return dlsym(RTLD_DEFAULT, \"close\") != 0; }";
    for flags in FLAGS {
        let Some(found) = evidence(source, flags) else { return };
        assert_eq!(found, [(EvidenceKind::DlsymCall, "close".to_owned())], "{flags:?}");
    }
}

#[test]
fn computed_dlsym_names_keep_whole_strings_and_tails_that_are_referred_to() {
    let source = "#define _GNU_SOURCE\n#include <dlfcn.h>\n#include <stdio.h>\n\
                  const char *names[] = { \"sin\", \"malloc\" };\n\
                  int main(int c, char **v) { puts(\"xmalloc\"); puts(\"fclose\");\n\
                  return dlsym(RTLD_DEFAULT, names[c & 1]) != 0; }";
    for flags in FLAGS {
        let Some(found) = evidence(source, flags) else { return };
        let mut names: Vec<_> = found.iter().map(|(_, name)| name.as_str()).collect();
        names.sort();
        assert_eq!(names, ["malloc", "sin"], "{flags:?}");
    }
}
