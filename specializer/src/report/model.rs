//! The report of one specialization, as values: what every output form shows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The version of the JSON form; it changes when a field changes its meaning or goes.
pub const FORMAT: u32 = 1;

/// Everything worth saying about one specialization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// [`FORMAT`].
    pub format: u32,
    /// The application's file name.
    pub app: String,
    /// The profile's name.
    pub profile: String,
    /// `instant`, `balanced` or `max`.
    pub effort: String,
    /// The root file system, where one was settled.
    pub root: Option<String>,
    /// Where the kernel was written.
    pub output: String,
    /// The identity that kernel and image share, in hexadecimal.
    pub identity: String,
    /// Objects of the closure, by file name, the application first.
    pub objects: Vec<String>,
    /// The kernels compared, from the largest idea to this one, which is last.
    pub columns: Vec<Column>,
    /// Which rows of each table were kept.
    pub tables: Vec<TableRows>,
    /// Where the package's bytes went, by group, largest loss first.
    pub groups: Vec<GroupBytes>,
    /// What the saving against the conventional build is due to, in the order the steps apply.
    pub causes: Vec<Cause>,
    /// How many roots there are for each reason.
    pub roots: Vec<RootCount>,
    /// What is kept beyond the imports, and why.
    pub evidence: Vec<EvidenceLine>,
    /// What was dropped on a belief rather than a proof, and how the kernel behaves if it is wrong.
    pub assumptions: Vec<String>,
    /// Symbols that trap if they are reached (`--unresolved=trap`), or that only objects opened at run
    /// time lack.
    pub missing: Vec<MissingLine>,
    /// What else is worth knowing.
    pub notes: Vec<String>,
}

/// The figures of one kernel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// What it is, such as `full kernel`.
    pub title: String,
    /// How it was made, in a few words.
    pub how: String,
    /// Bytes of the file.
    pub file: u64,
    /// Bytes of code.
    pub text: u64,
    /// Bytes of read-only data.
    pub rodata: u64,
    /// Bytes of initialised writable data.
    pub data: u64,
    /// Bytes of zero-initialised data.
    pub bss: u64,
    /// Bytes of memory that its segments take when loaded (the sum of `p_memsz`).
    pub memory: u64,
    /// Functions that are left as such.
    pub functions: u64,
    /// Rows of the export table.
    pub exports: u64,
    /// Table rows kept, by kind.
    pub rows: BTreeMap<String, u64>,
}

impl Column {
    /// Bytes that are loaded from the file: code, read-only and initialised data.
    pub fn loaded(&self) -> u64 {
        self.text + self.rodata + self.data
    }
}

/// What became of one table's rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableRows {
    /// The table's kind.
    pub kind: String,
    /// Whether anything live reads the table.
    pub live: bool,
    /// The rows kept.
    pub kept: Vec<String>,
    /// The rows dropped.
    pub dropped: Vec<String>,
}

/// The bytes of one group of the kernel: a driver, a file system, the headers of libc.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupBytes {
    /// The group.
    pub name: String,
    /// Bytes in the full kernel.
    pub full: u64,
    /// Bytes of those that are live here.
    pub kept: u64,
}

/// One reason why this kernel is smaller than the conventional build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// The reason.
    pub name: String,
    /// Bytes of text, read-only and initialised data that it saved; negative where it cost some.
    pub bytes: i64,
}

/// How many roots there are for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootCount {
    /// The reason.
    pub reason: String,
    /// How many.
    pub count: u64,
    /// Bytes of live symbols first reached from them.
    pub bytes: u64,
}

/// One thing that the application's bytes show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceLine {
    /// What was found, such as `dlsym name`.
    pub kind: String,
    /// The export or the number.
    pub what: String,
    /// The object it was found in.
    pub object: String,
    /// The address in it.
    pub address: u64,
}

/// One symbol that is not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingLine {
    /// The symbol, with its version.
    pub symbol: String,
    /// The objects that import it.
    pub by: Vec<String>,
    /// What happens for want of it.
    pub effect: String,
}

impl Report {
    /// The conventional build's column, against which savings are counted, and this kernel's.
    pub fn compared(&self) -> Option<(&Column, &Column)> {
        match self.columns.as_slice() {
            [.., before, this] => Some((before, this)),
            _ => None,
        }
    }
}

/// The change from `before` to `after` in tenths of a percent; `None` from nothing.
pub fn change(before: u64, after: u64) -> Option<i64> {
    if before == 0 {
        return None;
    }
    let (before, after) = (i128::from(before), i128::from(after));
    let thousandth = (after - before) * 1000;
    // Rounded half away from zero.
    let half = before / 2 * thousandth.signum();
    i64::try_from((thousandth + half) / before).ok()
}

/// A change as a person reads it: `−12.3 %`, `+0.4 %`, `±0 %`.
pub fn percent(change: Option<i64>) -> String {
    match change {
        None => String::new(),
        Some(0) => "±0 %".to_owned(),
        Some(tenths) => {
            let sign = if tenths < 0 { '−' } else { '+' };
            format!("{sign}{}.{} %", tenths.unsigned_abs() / 10, tenths.unsigned_abs() % 10)
        }
    }
}

/// A number with thin grouping: `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at != 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// So many things: `1 symbol`, `2 symbols`.
pub fn counted(count: usize, thing: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{} {thing}{ending}", grouped(count as u64))
}

/// A signed number with grouping and a real minus sign.
pub fn grouped_signed(number: i64) -> String {
    let sign = if number < 0 { "−" } else { "" };
    format!("{sign}{}", grouped(number.unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_three() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1000), "1,000");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(grouped_signed(-12_345), "−12,345");
    }

    #[test]
    fn changes_are_rounded_and_signed() {
        assert_eq!(percent(change(1000, 500)), "−50.0 %");
        assert_eq!(percent(change(3, 2)), "−33.3 %");
        assert_eq!(percent(change(1000, 1001)), "+0.1 %");
        assert_eq!(percent(change(7, 7)), "±0 %");
        assert_eq!(percent(change(0, 7)), "");
    }
}
