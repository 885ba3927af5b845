//! The report of a fault on a guest's console, and names for the addresses in it.
//!
//! The kernel writes `fatal: WHAT at 0xADDRESS`, registers, `called from: 0xADDRESS …`, and a line
//! `PATH is at 0xBIAS` for each object that one of the addresses is in. It has no names: those are in the
//! kernel's file of symbols and in the objects on this host.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use object::{Object, ObjectSymbol, SymbolKind};

use crate::app::AppClosure;

/// How a report begins.
const START: &[u8] = b"\nfatal: ";
/// More than a report has, in bytes.
const LONGEST: usize = 16 << 10;

/// Looks for the report in the console's bytes as they go by.
#[derive(Debug, Default)]
pub struct FaultReport {
    /// The report as far as it has come, or the last bytes before one.
    held: Vec<u8>,
    begun: bool,
}

/// Passes bytes on to `out`, and looks at them.
struct Beside<'a, W> {
    report: &'a mut FaultReport,
    out: W,
}

impl FaultReport {
    /// A writer that passes on to `out` what is written to it.
    pub fn beside<W: Write>(&mut self, out: W) -> impl Write {
        Beside { report: self, out }
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
        if !self.begun {
            let at = self.held.windows(START.len()).position(|window| window == START);
            self.begun = at.is_some();
            // A start that is cut in two is found with the next bytes.
            let needless = at.unwrap_or(self.held.len().saturating_sub(START.len() - 1));
            self.held.drain(..needless);
        }
        self.held.truncate(LONGEST);
    }

    /// The report, if there was one.
    pub fn finish(self) -> Option<String> {
        self.begun.then(|| String::from_utf8_lossy(&self.held).into_owned())
    }
}

impl<W: Write> Write for Beside<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.report.feed(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Functions by their first address: each with its name and its size in bytes.
type Functions = BTreeMap<u64, (String, u64)>;

/// Names of what can run on a guest.
#[derive(Debug, Default)]
pub struct Symbols {
    kernel: Functions,
    /// By the path that an object has on the guest.
    objects: BTreeMap<PathBuf, Functions>,
}

impl Symbols {
    /// The names in the kernel's file of symbols and in the objects of a closure. What cannot be read has
    /// no names: this is for a report about something worse.
    pub fn read(kernel: &[u8], closure: &AppClosure) -> Self {
        let objects = closure.objects.iter().filter_map(|object| {
            let bytes = std::fs::read(&object.path).ok()?;
            let path = std::path::absolute(&object.path).ok()?;
            let named = object.soname.as_ref().map(|soname| path.with_file_name(soname));
            Some((named.unwrap_or(path), functions(&bytes)))
        });
        Self { kernel: functions(kernel), objects: objects.collect() }
    }

    /// The addresses of a report with their names, a line each.
    pub fn backtrace(&self, report: &str) -> String {
        let hexadecimal = |text: &str| u64::from_str_radix(text.strip_prefix("0x")?, 16).ok();
        let first = report.lines().find(|line| line.starts_with("fatal: ")).unwrap_or_default();
        let at = first.rsplit(" at ").next().and_then(|rest| rest.split([',', ' ']).next());
        let callers = report.lines().find_map(|line| line.strip_prefix("called from:")).unwrap_or_default();
        let places = report.lines().filter_map(|line| {
            let (path, bias) = line.rsplit_once(" is at ")?;
            Some((Path::new(path), hexadecimal(bias.trim_end())?))
        });
        let places: Vec<_> = places.collect();
        let mut text = String::new();
        for (number, address) in
            at.into_iter().chain(callers.split_whitespace()).filter_map(hexadecimal).enumerate()
        {
            // A caller goes on behind its call, which may be its last instruction.
            let inside = address.saturating_sub(u64::from(number > 0));
            let _ = writeln!(text, "  #{number} {address:#x} {}", self.name(inside, address, &places));
        }
        text
    }

    fn name(&self, inside: u64, address: u64, places: &[(&Path, u64)]) -> String {
        let of = |functions: &Functions, bias: u64| {
            let own = inside.checked_sub(bias)?;
            let (&start, (name, size)) = functions.range(..=own).next_back()?;
            let name = format!("{:#}", rustc_demangle::demangle(name));
            (own < start + size).then(|| format!("{name}+{:#x}", address - bias - start))
        };
        if let Some(name) = of(&self.kernel, 0) {
            return format!("{name} (kernel)");
        }
        // The object that starts last before the address is the one that it is in.
        let object = places.iter().filter(|(_, bias)| *bias <= inside).max_by_key(|(_, bias)| *bias);
        let Some((path, bias)) = object else { return "?".to_owned() };
        let name = self.objects.get(*path).and_then(|functions| of(functions, *bias));
        format!("{} ({})", name.unwrap_or_else(|| format!("+{:#x}", address - bias)), path.display())
    }
}

fn functions(bytes: &[u8]) -> Functions {
    let Ok(file) = object::File::parse(bytes) else { return Functions::new() };
    // The full table has the static functions too; a stripped object has the other one only.
    file.dynamic_symbols()
        .chain(file.symbols())
        .filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.size() > 0)
        .filter_map(|symbol| Some((symbol.address(), (symbol.name().ok()?.to_owned(), symbol.size()))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONSOLE: &str = "all is well\n\nfatal: page fault: executing 0x0 (null pointer) at 0x0, code 0x10\n rax 0x0\n\
                           called from: 0x5010 0xffff0020 0x7777\n/bin/app is at 0x4000\n";

    fn symbols() -> Symbols {
        let functions = |all: &[(u64, &str, u64)]| -> Functions {
            all.iter().map(|&(start, name, size)| (start, (name.to_owned(), size))).collect()
        };
        Symbols {
            kernel: functions(&[(0xffff_0000, "enter", 0x40)]),
            objects: [("/bin/app".into(), functions(&[(0x1000, "main", 0x10), (0x1010, "next", 0x10)]))]
                .into(),
        }
    }

    #[test]
    fn a_report_is_found_in_pieces_of_any_size() {
        for size in [1, 3, 7, 1000] {
            let mut report = FaultReport::default();
            let mut out = Vec::new();
            for piece in CONSOLE.as_bytes().chunks(size) {
                report.beside(&mut out).write_all(piece).unwrap();
            }
            assert_eq!(out, CONSOLE.as_bytes());
            assert!(report.finish().is_some_and(|text| text.starts_with("\nfatal: page fault")));
        }
        let mut quiet = FaultReport::default();
        quiet.feed(b"nothing fatal: at all\n");
        assert_eq!(quiet.finish(), None);
    }

    #[test]
    fn addresses_get_names() {
        let text = symbols().backtrace(&CONSOLE["all is well\n".len()..]);
        // The call is the last instruction of main: what follows it is another function's.
        assert_eq!(
            text,
            "  #0 0x0 ?\n  #1 0x5010 main+0x10 (/bin/app)\n  #2 0xffff0020 enter+0x20 (kernel)\n  #3 0x7777 +0x3777 (/bin/app)\n"
        );
    }
}
