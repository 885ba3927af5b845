//! `kernel.toml`: all that the specializer knows of a kernel.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::app::Directive;

/// Why `kernel.toml` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It is not UTF-8, or not the TOML this program reads.
    #[error("{path}: {reason}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the line.
        reason: String,
    },
    /// Two entries contradict each other.
    #[error("{path}: {what} is named twice")]
    Twice {
        /// The file.
        path: PathBuf,
        /// The entry.
        what: String,
    },
}

/// A checked `kernel.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// The kernel's name.
    pub name: String,
    /// The symbol at which a boot protocol enters.
    pub entry: String,
    /// The linker script, relative to this file.
    pub linker_script: PathBuf,
    /// Symbols that are alive in every kernel besides the entry.
    #[serde(default)]
    pub keep: Vec<String>,
    /// Library functions that code generation may call without the IR showing it.
    #[serde(default)]
    pub runtime_helpers: Vec<String>,
    /// Symbols the kernel may leave undefined, because the specializer or the linker script makes
    /// them; a trailing `*` stands for any ending.
    #[serde(default)]
    pub undefined: Vec<String>,
    /// The symbol through which the kernel finds its own unwind tables. Where nothing that lives refers
    /// to it, nobody can unwind through the kernel, and the tables go.
    pub unwind_tables: Option<String>,
    /// How the bitcode is made.
    pub build: BuildRule,
    /// Names of what the specializer makes.
    #[serde(default)]
    pub generated: GeneratedNames,
    /// Functions whose calls become a trap with a code.
    #[serde(default)]
    pub panics: PanicRule,
    /// The tables of pluggable parts.
    #[serde(default, rename = "table")]
    pub tables: Vec<TableRule>,
    /// The tunables.
    #[serde(default, rename = "tunable")]
    pub tunables: Vec<TunableRule>,
    /// Root file systems that may be asked for.
    #[serde(default)]
    pub roots: BTreeMap<String, RootRule>,
    /// What `run` has to know.
    #[serde(default)]
    pub run: RunRule,
    /// How symbols are grouped in reports; the first that fits counts.
    #[serde(default, rename = "group")]
    pub groups: Vec<GroupRule>,
}

/// How the bitcode is made.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct BuildRule {
    /// The cargo package that is a static library, for a kernel in Rust.
    pub cargo_package: Option<String>,
    /// The archive cargo makes.
    pub archive: Option<String>,
    /// The target triple.
    pub target: Option<String>,
    /// Compiler flags of every build, comparison builds included.
    pub rustflags: Vec<String>,
    /// Whether to leave out the archives that comparison builds are linked of.
    pub without_comparisons: bool,
    /// Environment of the compiler.
    pub environment: BTreeMap<String, String>,
    /// For any other kernel: IR files, bitcode files, archives and native objects, relative to `kernel.toml`.
    pub inputs: Vec<PathBuf>,
    /// A command that makes `inputs` first, run where `kernel.toml` is.
    pub command: Vec<String>,
    /// Folders and files that are sources, relative to `kernel.toml`; by default all of its folder.
    pub sources: Vec<PathBuf>,
    /// Crates (or modules) whose functions never unwind although they were compiled as if.
    pub never_unwind: Vec<String>,
}

/// Names of the symbols that the specializer makes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct GeneratedNames {
    /// The export rows.
    pub exports: String,
    /// How many there are, as a `u32`.
    pub exports_count: String,
    /// Their names and versions.
    pub export_strings: String,
    /// The sonames that the kernel stands for.
    pub sonames: String,
    /// The identity, 32 bytes.
    pub identity: String,
    /// The names that the package exports and the kernel does not: the low halves of their GNU hashes,
    /// ascending, as distances of a byte each.
    pub pruned: String,
}

impl Default for GeneratedNames {
    fn default() -> Self {
        Self {
            exports: "specialize_exports".into(),
            exports_count: "specialize_exports_count".into(),
            export_strings: "specialize_export_strings".into(),
            sonames: "specialize_sonames".into(),
            identity: "specialize_identity".into(),
            pruned: "specialize_pruned".into(),
        }
    }
}

/// Which calls become traps.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct PanicRule {
    /// Paths of functions without their crate hash, such as `core::panicking`; a function fits when
    /// its demangled name is the path or lies below it, and it never returns.
    pub functions: Vec<String>,
}

/// One table of pluggable parts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TableRule {
    /// The name profiles use.
    pub kind: String,
    /// The static, by symbol or by path in Rust.
    pub symbol: String,
    /// Whether the choice of root decides the rows, as `roots` says, rather than the profile.
    #[serde(default)]
    pub by_root: bool,
    /// The exports that take a number first and find their row by it; each row's name ends in its
    /// number. Where the application is shown to use some numbers only, the other rows go.
    #[serde(default)]
    pub by_number_of: Vec<String>,
    /// When it has more rows than the choice of root gives it.
    #[serde(default)]
    pub when: Vec<WhenRule>,
    /// Rows that serve conversions of formats only, and go where no format can have those.
    #[serde(default, rename = "format")]
    pub formats: Vec<FormatRule>,
}

/// The conversions of `printf` or `scanf` formats that rows serve.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct FormatRule {
    /// The rows.
    pub rows: Vec<String>,
    /// The letters of their conversions.
    pub letters: String,
    /// Letters that are theirs behind an `l` only.
    pub long_letters: String,
    /// Whether they serve arguments by number.
    pub numbered: bool,
}

impl FormatRule {
    /// Whether the rows are what serves a directive.
    pub fn serves(&self, directive: &Directive) -> bool {
        let letter = char::from(directive.letter);
        self.letters.contains(letter)
            || directive.long && self.long_letters.contains(letter)
            || directive.numbered && self.numbered
    }
}

/// More rows of a `by-root` table, when something lives.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WhenRule {
    /// The kernel symbols, any of which asks for the rows.
    pub live: Vec<String>,
    /// The rows; without it, all that the profile lists.
    #[serde(default)]
    pub rows: Option<Vec<String>>,
    /// A text that the application has to have among its bytes as well.
    #[serde(default)]
    pub text: Option<String>,
    /// The rows that take the place of `rows` where it has not.
    #[serde(default)]
    pub otherwise: Vec<String>,
}

/// One value that `--set` changes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TunableRule {
    /// The name `--set` uses.
    pub name: String,
    /// The static, by symbol or by path in Rust.
    pub symbol: String,
    /// What values it takes.
    #[serde(rename = "type")]
    pub kind: TunableType,
    /// One line for people.
    #[serde(default)]
    pub help: String,
}

/// What values a tunable takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TunableType {
    /// `true` or `false`, one byte.
    Bool,
    /// An unsigned number in one byte.
    U8,
    /// An unsigned number in two bytes.
    U16,
    /// An unsigned number in four bytes.
    U32,
    /// An unsigned number in eight bytes.
    U64,
}

impl TunableType {
    /// Its size in bytes.
    pub fn size(self) -> usize {
        match self {
            Self::Bool | Self::U8 => 1,
            Self::U16 => 2,
            Self::U32 => 4,
            Self::U64 => 8,
        }
    }
}

/// One root file system that may be asked for: the rows it needs of each `by-root` table.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct RootRule {
    /// Rows by table kind. A `by-root` table that is not named has no rows.
    pub rows: BTreeMap<String, Vec<String>>,
    /// `by-root` tables that get the profile's rows with this root.
    pub profile: Vec<String>,
}

/// What `run` has to know: which tables' rows say what the kernel can do.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct RunRule {
    /// Drivers of network cards; a kernel that holds none gets no card.
    pub cards: Vec<String>,
    /// What heeds the power button.
    pub power_button: Vec<String>,
}

/// How symbols are grouped in reports.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct GroupRule {
    /// The group's name; `{}` stands for the file's stem below the path that fitted.
    pub name: String,
    /// Source paths (prefixes), relative to `kernel.toml`, or crate names.
    pub paths: Vec<String>,
}

impl Config {
    /// Parses and checks `bytes`, the contents of `path`.
    ///
    /// # Errors
    /// It is not TOML, has an unknown key, or names something twice.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, ConfigError> {
        let syntax = |reason: String| ConfigError::Syntax { path: path.to_owned(), reason };
        let text = std::str::from_utf8(bytes).map_err(|e| syntax(e.to_string()))?;
        let config: Self = toml::from_str(text).map_err(|e| syntax(e.to_string()))?;
        let mut seen = BTreeSet::new();
        let tables = config
            .tables
            .iter()
            .flat_map(|t| [format!("table '{}'", t.kind), format!("symbol '{}'", t.symbol)]);
        let tunables = config
            .tunables
            .iter()
            .flat_map(|t| [format!("tunable '{}'", t.name), format!("symbol '{}'", t.symbol)]);
        for what in tables.chain(tunables) {
            if !seen.insert(what.clone()) {
                return Err(ConfigError::Twice { path: path.to_owned(), what });
            }
        }
        Ok(config)
    }

    /// Whether a symbol may be left undefined by the kernel's sources.
    pub fn may_be_undefined(&self, symbol: &str) -> bool {
        let generated = &self.generated;
        self.tables.iter().any(|t| t.symbol == symbol)
            || self.tunables.iter().any(|t| t.symbol == symbol)
            || [
                &generated.exports,
                &generated.exports_count,
                &generated.export_strings,
                &generated.sonames,
                &generated.identity,
                &generated.pruned,
            ]
            .into_iter()
            .any(|name| name == symbol)
            || self.undefined.iter().any(|pattern| match pattern.strip_suffix('*') {
                Some(prefix) => symbol.starts_with(prefix),
                None => pattern == symbol,
            })
    }

    /// The report group of a source (`crate:` name or path relative to `kernel.toml`).
    pub fn group_of(&self, source: &str) -> String {
        for rule in &self.groups {
            for path in &rule.paths {
                if let Some(rest) = source.strip_prefix(path.as_str()) {
                    let first = rest.trim_start_matches('/').split('/').next().unwrap_or_default();
                    return rule.name.replace("{}", first.strip_suffix(".rs").unwrap_or(first));
                }
            }
        }
        source.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINIMAL: &str =
        "name = \"k\"\nentry = \"start\"\nlinker-script = \"k.ld\"\n[build]\ninputs = [\"k.bc\"]\n";

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::parse(Path::new("kernel.toml"), text.as_bytes())
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line() {
        let error = parse(&format!("{MINIMAL}inputz = []\n")).unwrap_err().to_string();
        assert!(
            error.contains("kernel.toml") && error.contains("inputz") && error.contains("line 6"),
            "{error}"
        );
    }

    #[test]
    fn a_table_named_twice_is_refused() {
        let table = "[[table]]\nkind = \"console\"\nsymbol = \"t\"\n";
        let error = parse(&format!("{MINIMAL}{table}{table}")).unwrap_err().to_string();
        assert_eq!(error, "kernel.toml: table 'console' is named twice");
    }

    #[test]
    fn a_group_takes_the_first_rule_and_fills_in_the_file() {
        let rules = "[[group]]\nname = \"driver {}\"\npaths = [\"drivers/src\"]\n";
        let config = parse(&format!("{MINIMAL}{rules}")).unwrap();
        assert_eq!(config.group_of("drivers/src/virtio_blk.rs"), "driver virtio_blk");
        assert_eq!(config.group_of("drivers/src/pci/mod.rs"), "driver pci");
        assert_eq!(config.group_of("core"), "core");
    }
}
