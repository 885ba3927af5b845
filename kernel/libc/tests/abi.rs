//! The ABI is checked, not remembered: sizes, offsets and constants of this crate's sources are
//! compared with what the host's compiler makes of the host's headers.
//!
//! `abi.txt` says which C structure each `repr(C)` structure is; one that it does not list fails. An
//! integer constant that has the name of a macro has to have its value.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A `repr(C)` structure as the source has it.
struct Structure {
    packed: bool,
    /// Names and types.
    fields: Vec<(String, String)>,
}

/// What the sources of a crate declare.
#[derive(Default)]
struct Sources {
    /// By file and name.
    structures: BTreeMap<(String, String), Structure>,
    /// Type aliases and integer constants, by name; each file's own come first.
    aliases: BTreeMap<(String, String), String>,
    constants: BTreeMap<(String, String), i128>,
    /// Enumerations, which are of one byte unless `repr` says otherwise.
    enumerations: BTreeMap<(String, String), ()>,
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("a source directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && path.file_stem().is_some_and(|stem| stem != "tests")
        {
            found.push(path);
        }
    }
}

/// A source without its comments, on one line each.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a source");
    text.lines().map(|line| line.split("//").next().unwrap_or_default().trim().to_string() + "\n").collect()
}

/// What stands between a bracket that was just passed and the one that closes it.
fn enclosed(text: &str) -> &str {
    let mut depth = 1;
    for (at, c) in text.char_indices() {
        match c {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[..at];
        }
    }
    text
}

/// The parts of a list, split at commas outside of brackets.
fn parts(list: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    let bytes = list.as_bytes();
    for (at, &byte) in bytes.iter().enumerate() {
        match byte {
            b'(' | b'[' | b'{' | b'<' => depth += 1,
            b'>' if at > 0 && bytes[at - 1] == b'-' => {}
            b')' | b']' | b'}' | b'>' => depth -= 1,
            b',' if depth == 0 => {
                parts.push(list[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(list[start..].trim());
    parts.into_iter().filter(|part| !part.is_empty()).collect()
}

/// An integer literal, as Rust writes it.
fn literal(text: &str) -> Option<i128> {
    let text = text.replace('_', "");
    let (negative, text) = text.strip_prefix('-').map_or((false, text.as_str()), |rest| (true, rest));
    let (radix, digits) = match text.get(..2) {
        Some("0x") => (16, &text[2..]),
        Some("0o") => (8, &text[2..]),
        Some("0b") => (2, &text[2..]),
        _ => (10, text),
    };
    i128::from_str_radix(digits, radix).ok().map(|value| if negative { -value } else { value })
}

fn read() -> Sources {
    let root = directory();
    let mut paths = Vec::new();
    files(&root, &mut paths);
    for name in [
        "vfs/walk.rs",
        "vfs/stat.rs",
        "vfs/epoll.rs",
        "tty/settings.rs",
        "signal/mod.rs",
        "signal/context.rs",
        "loader/object.rs",
    ] {
        paths.push(root.join("../../core/src").join(name));
    }
    let mut sources = Sources::default();
    for path in paths {
        let text = code(&path);
        let file = path.strip_prefix(&root).expect("inside").to_string_lossy().into_owned();
        for line in text.lines() {
            let line = line
                .strip_prefix("pub")
                .map_or(line, |rest| rest.split_once(' ').map_or("", |(_, rest)| rest));
            if let Some(name) = line.strip_prefix("enum ") {
                let name = name.split([' ', '<']).next().unwrap_or_default();
                sources.enumerations.insert((file.clone(), name.into()), ());
            }
            if let Some((name, kind)) = line.strip_prefix("type ").and_then(|rest| rest.split_once(" = ")) {
                sources.aliases.insert((file.clone(), name.into()), kind.trim_end_matches(';').into());
            }
            if let Some((name, rest)) = line.strip_prefix("const ").and_then(|rest| rest.split_once(": "))
                && let Some((_, value)) = rest.split_once(" = ")
                && let Some(value) = literal(value.trim_end_matches(';'))
            {
                sources.constants.insert((file.clone(), name.into()), value);
            }
        }
        for (at, attribute) in text.match_indices("#[repr(C") {
            let packed = text[at..].starts_with("#[repr(C, packed");
            let rest = &text[at + attribute.len()..];
            let Some(kind) = rest.find("struct ") else { continue };
            // What is between is attributes; an enumeration has no members.
            if rest[..kind].contains('{') || rest[..kind].contains("enum") {
                continue;
            }
            let declaration = &rest[kind + "struct ".len()..];
            let end = declaration.find(['{', '(', '<', ';']).expect("a body");
            let name = declaration[..end].trim().to_string();
            let Some(body) = declaration[end..].strip_prefix('{').map(enclosed) else { continue };
            let body = body.replace('\n', " ");
            let fields =
                parts(&body).into_iter().filter_map(|field| field.split_once(": ")).map(|(name, kind)| {
                    let name = name.rsplit(' ').next().unwrap_or_default();
                    (name.to_string(), kind.trim().to_string())
                });
            let structure = Structure { packed, fields: fields.collect() };
            sources.structures.insert((file.clone(), name), structure);
        }
    }
    sources
}

impl Sources {
    fn own_or_any<'a, T>(
        &self,
        map: &'a BTreeMap<(String, String), T>,
        file: &str,
        name: &str,
    ) -> Option<&'a T> {
        let own = map.get(&(file.to_string(), name.to_string()));
        own.or_else(|| map.iter().find(|((_, known), _)| known == name).map(|(_, value)| value))
    }

    fn number(&self, file: &str, text: &str) -> usize {
        let sum = text.split(" + ").map(|term| {
            let name = term.rsplit("::").next().unwrap_or_default();
            literal(term).or_else(|| self.own_or_any(&self.constants, file, name).copied())
        });
        sum.map(|term| term.unwrap_or_else(|| panic!("{file}: what is {text}?")) as usize).sum()
    }

    /// Size and alignment of a type.
    fn layout(&self, file: &str, kind: &str) -> (usize, usize) {
        let scalar = |size| (size, size);
        match kind {
            "i8" | "u8" | "bool" | "c_char" | "c_uchar" => return scalar(1),
            "i16" | "u16" | "c_short" | "c_ushort" => return scalar(2),
            "i32" | "u32" | "c_int" | "c_uint" | "AtomicU32" | "AtomicI32" | "wchar_t" => return scalar(4),
            "i64" | "u64" | "usize" | "isize" | "c_long" | "c_ulong" | "AtomicU64" => return scalar(8),
            "F80" => return scalar(16),
            _ => {}
        }
        if ["*const ", "*mut ", "&", "AtomicPtr<", "Option<", "unsafe extern", "extern"]
            .iter()
            .any(|start| kind.starts_with(start))
        {
            return scalar(8);
        }
        if let Some(inside) = kind.strip_prefix("Cell<").or_else(|| kind.strip_prefix("UnsafeCell<")) {
            return self.layout(file, inside.trim_end_matches('>'));
        }
        if let Some(list) = kind.strip_prefix('[').map(enclosed) {
            let (element, count) = list.rsplit_once("; ").expect("an array");
            let (size, alignment) = self.layout(file, element);
            return (size * self.number(file, count), alignment);
        }
        if let Some(list) = kind.strip_prefix('(').map(enclosed) {
            // A tuple here stands for a structure of the same order.
            let fields: Vec<_> =
                parts(list).into_iter().map(|kind| (String::new(), kind.to_string())).collect();
            let (_, size, alignment) = self.place(file, &Structure { packed: false, fields });
            return (size, alignment);
        }
        if let Some(structure) = self.own_or_any(&self.structures, file, kind) {
            let (_, size, alignment) = self.place(file, structure);
            return (size, alignment);
        }
        if let Some(alias) = self.own_or_any(&self.aliases, file, kind) {
            return self.layout(file, alias);
        }
        if self.own_or_any(&self.enumerations, file, kind).is_some() {
            return scalar(1);
        }
        panic!("{file}: how large is {kind}? Teach tests/abi.rs");
    }

    /// The offsets of the fields, and the size and alignment of all.
    fn place(&self, file: &str, structure: &Structure) -> (Vec<usize>, usize, usize) {
        let (mut offsets, mut end, mut most) = (Vec::new(), 0usize, 1);
        for (_, kind) in &structure.fields {
            let (size, alignment) = self.layout(file, kind);
            let alignment = if structure.packed { 1 } else { alignment };
            end = end.next_multiple_of(alignment.max(1));
            offsets.push(end);
            end += size;
            most = most.max(alignment);
        }
        (offsets, end.next_multiple_of(most), most)
    }
}

/// Compiles and runs a C program; its output as numbers by what is before them.
fn host(name: &str, program: &str) -> BTreeMap<String, i128> {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let (source, binary) = (directory.join(format!("{name}.c")), directory.join(name));
    fs::write(&source, program).expect("a place for the program");
    let made =
        Command::new("cc").args(["-w", "-o"]).arg(&binary).arg(&source).output().expect("a C compiler");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let output = Command::new(&binary).output().expect("the program runs").stdout;
    let lines = String::from_utf8(output).expect("text");
    lines
        .lines()
        .filter_map(|line| line.rsplit_once(' '))
        .map(|(key, value)| (key.into(), value.parse().expect("a number")))
        .collect()
}

/// `termios` of the kernel has the name of the library's: those are compiled apart.
const APART: &str = "asm/termbits.h";

/// A structure's header, its type in C and its members there.
type InC<'a> = (&'a str, &'a str, Vec<&'a str>);

#[test]
fn structures_are_as_in_the_headers() {
    let sources = read();
    let mut listed: BTreeMap<(String, String), Option<InC<'_>>> = BTreeMap::new();
    for line in include_str!("abi.txt").lines().filter(|line| !line.starts_with('#')) {
        let (what, as_c) = line.split_once(" = ").expect(line);
        let (file, name) = what.split_once(' ').expect(line);
        let columns: Vec<&str> = as_c.split(" | ").collect();
        let entry = match columns[..] {
            ["own"] => None,
            [header, kind, members] => Some((header, kind, members.split(' ').collect())),
            _ => panic!("{line}"),
        };
        listed.insert((file.into(), name.into()), entry);
    }
    let missing: Vec<_> = sources.structures.keys().filter(|key| !listed.contains_key(*key)).collect();
    assert!(missing.is_empty(), "not in tests/abi.txt: {missing:?}");
    let mut wrong = Vec::new();
    for apart in [false, true] {
        let mut program = String::from("#define _GNU_SOURCE\n#include <stddef.h>\n");
        let mut body = String::new();
        for ((file, name), entry) in &listed {
            let Some((header, kind, members)) = entry else { continue };
            if (*header == APART) != apart {
                continue;
            }
            let kind = kind.trim_start_matches(['<', '>', '=', ' ']);
            program += &format!("#include <{header}>\n");
            body += &format!("printf(\"{file} {name} %zu\\n\", sizeof({kind}));\n");
            for member in members.iter().filter(|member| **member != "-") {
                // `jmp_buf` is an array, which offsetof cannot start in.
                let offset = if member.starts_with('[') {
                    format!("(size_t)&(*({kind} *)0){member}")
                } else {
                    format!("offsetof({kind}, {member})")
                };
                body += &format!("printf(\"{file} {name} {member} %zu\\n\", {offset});\n");
            }
        }
        program += &format!("#include <stdio.h>\nint main(void)\n{{\n{body}return 0;\n}}\n");
        let found = host(if apart { "abi_apart" } else { "abi_structures" }, &program);
        for (key, entry) in &listed {
            let Some((header, kind, members)) = entry else { continue };
            if (*header == APART) != apart {
                continue;
            }
            let (file, name) = key;
            let Some(structure) = sources.structures.get(key) else {
                wrong.push(format!("{file} has no {name}"));
                continue;
            };
            let (offsets, size, _) = sources.place(file, structure);
            let theirs = found[&format!("{file} {name}")] as usize;
            let allowed = match kind.get(..2) {
                Some("<=") => size <= theirs,
                Some(">=") => size >= theirs,
                _ => size == theirs,
            };
            if !allowed {
                wrong.push(format!("{file} {name}: {size} bytes, in C {theirs}"));
            }
            if members.len() > structure.fields.len() {
                wrong.push(format!(
                    "{file} {name}: {} fields for {} members",
                    structure.fields.len(),
                    members.len()
                ));
            }
            for ((member, offset), (field, _)) in members.iter().zip(offsets).zip(&structure.fields) {
                let theirs = found.get(&format!("{file} {name} {member}"));
                if theirs.is_some_and(|theirs| *theirs as usize != offset) {
                    wrong.push(format!("{file} {name}.{field}: at {offset}, {member} is at {theirs:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Headers whose macros constants here are named after.
const HEADERS: &[&str] = &[
    "aio.h",
    "arpa/nameser.h",
    "dirent.h",
    "dlfcn.h",
    "elf.h",
    "errno.h",
    "fcntl.h",
    "fenv.h",
    "fmtmsg.h",
    "fnmatch.h",
    "ftw.h",
    "getopt.h",
    "glob.h",
    "grp.h",
    "ifaddrs.h",
    "langinfo.h",
    "limits.h",
    "link.h",
    "locale.h",
    "malloc.h",
    "math.h",
    "mqueue.h",
    "net/if.h",
    "netdb.h",
    "netinet/in.h",
    "netinet/tcp.h",
    "netinet/udp.h",
    "poll.h",
    "printf.h",
    "pthread.h",
    "pwd.h",
    "regex.h",
    "resolv.h",
    "sched.h",
    "semaphore.h",
    "setjmp.h",
    "signal.h",
    "spawn.h",
    "stdio.h",
    "stdlib.h",
    "sys/auxv.h",
    "sys/epoll.h",
    "sys/eventfd.h",
    "sys/file.h",
    "sys/inotify.h",
    "sys/ioctl.h",
    "sys/ipc.h",
    "sys/mman.h",
    "sys/mount.h",
    "sys/prctl.h",
    "sys/random.h",
    "sys/reboot.h",
    "sys/resource.h",
    "sys/select.h",
    "sys/signalfd.h",
    "sys/socket.h",
    "sys/stat.h",
    "sys/statvfs.h",
    "sys/syscall.h",
    "sys/time.h",
    "sys/timerfd.h",
    "sys/timex.h",
    "sys/uio.h",
    "sys/un.h",
    "sys/wait.h",
    "sys/xattr.h",
    "syslog.h",
    "termios.h",
    "threads.h",
    "time.h",
    "unistd.h",
    "utime.h",
    "wchar.h",
    "wordexp.h",
];

/// Constants that are something else than the macro of that name: the file and the name.
const HOMONYMS: &[(&str, &str)] =
    &[("net_if.rs", "NAME_MAX"), ("netdb/codes.rs", "NO_DATA"), ("sys_xattr.rs", "SIZE_MAX")];

#[test]
fn constants_are_as_in_the_headers() {
    let sources = read();
    let mut program = String::from("#define _GNU_SOURCE\n");
    HEADERS.iter().for_each(|header| program += &format!("#include <{header}>\n"));
    program += "int main(void)\n{\n";
    let names: std::collections::BTreeSet<&String> = sources.constants.keys().map(|(_, name)| name).collect();
    for name in names {
        // Only what has the form of a macro's number: a string or a function is no constant.
        program += &format!(
            "#ifdef {name}\nif (__builtin_classify_type({name}) == 1) printf(\"{name} %lld\\n\", (long long)({name}));\n#endif\n"
        );
    }
    program += "return 0;\n}\n";
    let found = host("abi_constants", &program);
    assert!(found.len() > 100, "only {} constants are macros", found.len());
    let mut wrong = Vec::new();
    for ((file, name), value) in &sources.constants {
        let Some(theirs) = found.get(name) else { continue };
        // Flags are compared as bits: some are signed here and unsigned there.
        let same = *theirs == *value || *theirs as u32 == *value as u32;
        if !same && !HOMONYMS.contains(&(file.as_str(), name.as_str())) {
            wrong.push(format!("{file}: {name} is {value}, in C {theirs}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn errors_and_open_flags_are_as_in_the_headers() {
    use kcore::vfs::OpenFlags;
    let errors = code(&directory().join("../../core/src/errno.rs"));
    let errors: Vec<(&str, i128)> = errors
        .lines()
        .filter_map(|line| line.split_once(" = "))
        .filter(|(name, _)| name.starts_with('E'))
        .filter_map(|(name, rest)| Some((name, literal(rest.split(',').next()?)?)))
        .collect();
    assert!(errors.len() > 50);
    let flags = [
        ("O_WRONLY", OpenFlags::WRITE_ONLY),
        ("O_RDWR", OpenFlags::READ_WRITE),
        ("O_CREAT", OpenFlags::CREATE),
        ("O_EXCL", OpenFlags::EXCLUSIVE),
        ("O_NOCTTY", OpenFlags::NO_CONTROLLING_TERMINAL),
        ("O_TRUNC", OpenFlags::TRUNCATE),
        ("O_APPEND", OpenFlags::APPEND),
        ("O_NONBLOCK", OpenFlags::NONBLOCK),
        ("O_DSYNC", OpenFlags::DATA_SYNC),
        ("O_ASYNC", OpenFlags::ASYNC),
        ("O_DIRECT", OpenFlags::DIRECT),
        ("O_DIRECTORY", OpenFlags::DIRECTORY),
        ("O_NOFOLLOW", OpenFlags::NO_FOLLOW),
        ("O_NOATIME", OpenFlags::NO_ACCESS_TIME),
        ("O_CLOEXEC", OpenFlags::CLOSE_ON_EXEC),
        ("O_SYNC", OpenFlags::SYNC.union(OpenFlags::DATA_SYNC)),
        ("O_PATH", OpenFlags::PATH),
        ("O_TMPFILE", OpenFlags::TEMPORARY.union(OpenFlags::DIRECTORY)),
    ];
    let ours = errors.into_iter().chain(flags.map(|(name, flag)| (name, i128::from(flag.bits()))));
    let ours: BTreeMap<String, i128> = ours.map(|(name, value)| (name.to_string(), value)).collect();
    let mut program = String::from(
        "#define _GNU_SOURCE\n#include <errno.h>\n#include <fcntl.h>\n#include <stdio.h>\nint main(void)\n{\n",
    );
    ours.keys().for_each(|name| program += &format!("printf(\"{name} %d\\n\", {name});\n"));
    program += "return 0;\n}\n";
    assert_eq!(host("abi_errors", &program), ours);
}
