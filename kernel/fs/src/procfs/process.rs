//! Files about the process.

use kcore::loader::start::auxiliary_vector;
use kcore::memory::vm;
use kcore::process::{arguments, environment};
use kcore::vfs::{fd, mount, walk};

use super::machine::frames;
use super::text::Text;

/// The program's path, made absolute.
pub fn exe(text: &mut Text) {
    let Some(path) = arguments().first() else { return };
    if path.first() != Some(&b'/') {
        cwd(text);
        if text.0.last() != Some(&b'/') {
            text.put("/");
        }
    }
    text.put(path);
}

pub fn cwd(text: &mut Text) {
    if let Ok(path) = walk::current().and_then(|node| walk::path_of(&node)) {
        text.put(path);
    }
}

pub fn maps(text: &mut Text) {
    vm::regions(&mut |region| {
        text.address(region.start as u64).put("-").address(region.end as u64).put(" ");
        let protection = region.protection;
        text.put(if protection.read { "r" } else { "-" });
        text.put(if protection.write { "w" } else { "-" });
        text.put(if protection.execute { "x" } else { "-" });
        text.put(if region.shared { "s " } else { "p " });
        let (path, offset) = match &region.backing {
            Some((backing, offset)) => (backing.path(), *offset),
            None => (b"".as_slice(), 0),
        };
        text.address(offset).put(" 00:00 0");
        if !path.is_empty() {
            text.put("                          ").put(path);
        }
        text.put("\n");
    });
}

pub fn cmdline(text: &mut Text) {
    for argument in arguments() {
        text.put(argument).put("\0");
    }
}

pub fn auxv(text: &mut Text) {
    for [kind, value] in auxiliary_vector().chain([[0, 0]]) {
        text.put(kind.to_ne_bytes()).put(value.to_ne_bytes());
    }
}

pub fn environ(text: &mut Text) {
    for variable in environment() {
        text.put(variable).put("\0");
    }
}

/// The last part of the program's path, at most 15 bytes.
fn name() -> &'static [u8] {
    let path = arguments().first().map_or(b"".as_slice(), |path| path);
    let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    name.get(..15).unwrap_or(name)
}

pub fn comm(text: &mut Text) {
    text.put(name()).put("\n");
}

/// Bytes mapped, and frames in use.
fn sizes() -> (u64, u64) {
    let mut mapped = 0;
    vm::regions(&mut |region| mapped += (region.end - region.start) as u64);
    let (total, free) = frames();
    (mapped, total.saturating_sub(free))
}

/// Threads that run the program's code.
fn threads() -> u64 {
    let mut count = 0;
    kcore::tls::for_each(&mut |_| count += 1);
    count
}

pub fn status(text: &mut Text) {
    let (mapped, resident) = sizes();
    text.put("Name:\t")
        .put(name())
        .put("\nState:\tR (running)\nTgid:\t1\nPid:\t1\nPPid:\t0\nTracerPid:\t0\n");
    text.put("Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nFDSize:\t64\nGroups:\t0 \n");
    for name in ["VmPeak", "VmSize"] {
        text.put(name).put(":\t").padded(mapped / 1024, 8).put(" kB\n");
    }
    for name in ["VmHWM", "VmRSS"] {
        text.put(name).put(":\t").padded(resident * 4, 8).put(" kB\n");
    }
    text.put("Threads:\t").number(threads());
    text.put("\nCpus_allowed_list:\t0-").number(kcore::sched::cpu_count() as u64 - 1).put("\n");
}

pub fn stat(text: &mut Text) {
    let (mapped, resident) = sizes();
    text.put("1 (").put(name()).put(") R 0 1 1 0 -1 0 0 0 0 0 ");
    // utime stime cutime cstime priority nice threads itrealvalue starttime vsize rss
    text.number(kcore::time::now().0 / 10_000_000).put(" 0 0 0 20 0 ").number(threads()).put(" 0 0 ");
    text.number(mapped).put(" ").number(resident);
    // rsslim and what follows it
    text.put(" 18446744073709551615");
    for _ in 26..=52 {
        text.put(" 0");
    }
    text.put("\n");
}

pub fn statm(text: &mut Text) {
    let (mapped, resident) = sizes();
    text.number(mapped / 4096).put(" ").number(resident).put(" 0 0 0 ").number(mapped / 4096).put(" 0\n");
}

pub fn limits(text: &mut Text) {
    text.put("Limit                     Soft Limit           Hard Limit           Units     \n");
    let (soft, hard) = fd::limit();
    let rows = [
        ("Max cpu time              ", None, "seconds   "),
        ("Max file size             ", None, "bytes     "),
        ("Max data size             ", None, "bytes     "),
        ("Max stack size            ", Some((8 << 20, u64::MAX)), "bytes     "),
        ("Max open files            ", Some((soft.into(), hard.into())), "files     "),
        ("Max address space         ", None, "bytes     "),
    ];
    for (name, limits, unit) in rows {
        text.put(name);
        let (soft, hard) = limits.unwrap_or((u64::MAX, u64::MAX));
        for value in [soft, hard] {
            let start = text.0.len();
            if value == u64::MAX {
                text.put("unlimited");
            } else {
                text.number(value);
            }
            for _ in text.0.len() - start..21 {
                text.put(" ");
            }
        }
        text.put(unit).put("\n");
    }
}

pub fn mountinfo(text: &mut Text) {
    mount::with_mounts(|list| {
        for (at, mounted) in list.iter().enumerate() {
            let volume = &mounted.root.volume;
            // Numbers of the mount and of the one it is on; all are on the root.
            text.number(at as u64 + 1).put(if at == 0 { " 0 0:" } else { " 1 0:" });
            text.number(volume.device.into()).put(" / ").put(&mounted.path);
            let writable = if volume.read_only() { "ro" } else { "rw" };
            text.put(" ").put(writable).put(",noatime - ").put(volume.kind).put(" ").put(&mounted.source);
            text.put(" ").put(writable).put("\n");
        }
    });
}

pub fn mounts(text: &mut Text) {
    mount::with_mounts(|list| {
        for mounted in list {
            let volume = &mounted.root.volume;
            text.put(&mounted.source).put(" ").put(&mounted.path).put(" ").put(volume.kind);
            text.put(if volume.read_only() { " ro" } else { " rw" }).put(",noatime 0 0\n");
        }
    });
}
