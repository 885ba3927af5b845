//! `profiles/*.toml`: which table rows a hypervisor needs.
//!
//! ```toml
//! description = "one line"
//! root = "rofs:disk"          # the root that is assumed without --root; may be absent
//!
//! [rows]                      # by table kind: a list, or "all"
//! console = ["uart16550"]
//! bus = "all"
//! ```
//!
//! A kind that is not named keeps all of its rows: what is not said to be needless stays.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use thiserror::Error;
use toml::Spanned;

/// The profiles that come with the program, by name, in the order of `specialize profiles`.
const BUILT_IN: [(&str, &str); 6] = [
    ("kvm", include_str!("../../profiles/kvm.toml")),
    ("microvm", include_str!("../../profiles/microvm.toml")),
    ("firecracker", include_str!("../../profiles/firecracker.toml")),
    ("cloud-hypervisor", include_str!("../../profiles/cloud-hypervisor.toml")),
    ("qemu", include_str!("../../profiles/qemu.toml")),
    ("all", include_str!("../../profiles/all.toml")),
];

/// The rows of one table that a profile lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowSet {
    /// Every row.
    All,
    /// These rows.
    Listed(BTreeSet<String>),
}

impl RowSet {
    /// Whether it has this row.
    pub fn contains(&self, row: &str) -> bool {
        match self {
            Self::All => true,
            Self::Listed(rows) => rows.contains(row),
        }
    }
}

/// One hypervisor's choice of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Its name, such as `kvm`.
    pub name: String,
    /// One line for people.
    pub description: String,
    /// Table kind → rows. After [`Profile::resolve`] every kind of the package is named.
    pub rows: BTreeMap<String, RowSet>,
    /// The root that is assumed when none is asked for.
    pub root: Option<String>,
    /// Where it was read from, for messages.
    file: PathBuf,
    /// The line of each kind, and of each row of a kind.
    lines: BTreeMap<(String, Option<String>), usize>,
}

/// Why a profile cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// There is none of that name.
    #[error("there is no profile '{name}'")]
    Unknown {
        /// The name.
        name: String,
        /// The profile that was probably meant.
        similar: Option<String>,
        /// The profiles there are.
        known: Vec<&'static str>,
    },
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is no TOML, or has a key or a value that a profile has not.
    #[error("{}:{line}: {problem}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
        /// The key that was probably meant.
        similar: Option<String>,
    },
    /// The kernel has no table of that kind.
    #[error("{}:{line}: this kernel has no table '{kind}'", path.display())]
    UnknownKind {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The kind.
        kind: String,
        /// The kind that was probably meant.
        similar: Option<String>,
    },
    /// The table has no such row.
    #[error("{place}: the table '{kind}' of this kernel has no row '{row}'")]
    UnknownRow {
        /// The file and the line.
        place: String,
        /// The table.
        kind: String,
        /// The row.
        row: String,
        /// The row that was probably meant.
        similar: Option<String>,
        /// The rows that the table has.
        known: Vec<String>,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProfile {
    description: String,
    root: Option<String>,
    #[serde(default)]
    rows: BTreeMap<Spanned<String>, RawRows>,
}

/// `"all"` or a list of names.
enum RawRows {
    All,
    Listed(Vec<Spanned<String>>),
}

impl<'de> Deserialize<'de> for RawRows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Rows;
        impl<'de> Visitor<'de> for Rows {
            type Value = RawRows;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"all\" or a list of row names")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<RawRows, E> {
                match text {
                    "all" => Ok(RawRows::All),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<RawRows, A::Error> {
                let mut rows = Vec::new();
                while let Some(row) = list.next_element()? {
                    rows.push(row);
                }
                Ok(RawRows::Listed(rows))
            }
        }
        deserializer.deserialize_any(Rows)
    }
}

impl Profile {
    /// The profile of this name, or in this file: what contains a `/` or ends in `.toml` is a path.
    pub fn load(name_or_path: &str) -> Result<Self, ProfileError> {
        if name_or_path.contains('/') || name_or_path.ends_with(".toml") {
            let path = Path::new(name_or_path);
            let text = std::fs::read_to_string(path)
                .map_err(|source| ProfileError::Read { path: path.to_owned(), source })?;
            let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy();
            return Self::parse(&name, path, &text);
        }
        match BUILT_IN.iter().find(|(name, _)| *name == name_or_path) {
            Some((name, text)) => Self::parse(name, Path::new(&format!("profiles/{name}.toml")), text),
            None => Err(ProfileError::Unknown {
                name: name_or_path.to_owned(),
                similar: similar(name_or_path, BUILT_IN.iter().map(|(name, _)| *name)),
                known: BUILT_IN.iter().map(|(name, _)| *name).collect(),
            }),
        }
    }

    /// A profile that is in no file.
    pub fn of_rows(name: &str, rows: BTreeMap<String, RowSet>) -> Self {
        let name = name.to_owned();
        let (description, file) = (String::new(), PathBuf::new());
        Self { name, description, rows, root: None, file, lines: BTreeMap::new() }
    }

    /// Every profile that comes with the program.
    pub fn built_in() -> Result<Vec<Self>, ProfileError> {
        BUILT_IN.iter().map(|(name, _)| Self::load(name)).collect()
    }

    /// Reads a profile's text; `path` is for messages.
    pub fn parse(name: &str, path: &Path, text: &str) -> Result<Self, ProfileError> {
        let raw: RawProfile = toml::from_str(text).map_err(|error| syntax(path, text, &error))?;
        let mut rows = BTreeMap::new();
        let mut lines = BTreeMap::new();
        for (kind, listed) in raw.rows {
            let line = line_of(text, kind.span());
            let kind = kind.into_inner();
            lines.insert((kind.clone(), None), line);
            let set = match listed {
                RawRows::All => RowSet::All,
                RawRows::Listed(list) => {
                    for row in &list {
                        lines.insert((kind.clone(), Some(row.get_ref().clone())), line_of(text, row.span()));
                    }
                    RowSet::Listed(list.into_iter().map(Spanned::into_inner).collect())
                }
            };
            rows.insert(kind, set);
        }
        let file = path.to_owned();
        Ok(Self { name: name.to_owned(), description: raw.description, rows, root: raw.root, file, lines })
    }

    /// Checks every kind and row against a kernel's tables (kind → rows), and names the kinds that the
    /// profile is silent about: they keep all of their rows.
    pub fn resolve(mut self, tables: &BTreeMap<String, Vec<String>>) -> Result<Self, ProfileError> {
        for (kind, set) in &self.rows {
            let Some(known) = tables.get(kind) else {
                return Err(ProfileError::UnknownKind {
                    path: self.file.clone(),
                    line: self.line(kind, None),
                    kind: kind.clone(),
                    similar: similar(kind, tables.keys().map(String::as_str)),
                });
            };
            let RowSet::Listed(rows) = set else { continue };
            if let Some(row) = rows.iter().find(|row| !known.contains(row)) {
                return Err(ProfileError::UnknownRow {
                    place: format!("{}:{}", self.file.display(), self.line(kind, Some(row))),
                    kind: kind.clone(),
                    row: row.clone(),
                    similar: similar(row, known.iter().map(String::as_str)),
                    known: known.clone(),
                });
            }
        }
        for kind in tables.keys() {
            self.rows.entry(kind.clone()).or_insert(RowSet::All);
        }
        Ok(self)
    }

    fn line(&self, kind: &str, row: Option<&str>) -> usize {
        self.lines.get(&(kind.to_owned(), row.map(str::to_owned))).copied().unwrap_or(1)
    }
}

/// The line of a span, from 1.
pub(crate) fn line_of(text: &str, span: Range<usize>) -> usize {
    1 + text.bytes().take(span.start).filter(|&byte| byte == b'\n').count()
}

/// What TOML or serde say, with the line and, for an unknown key, the one that was meant.
fn syntax(path: &Path, text: &str, error: &toml::de::Error) -> ProfileError {
    let message = error.message();
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = message.starts_with("unknown field").then(|| quoted.next()).flatten();
    ProfileError::Syntax {
        path: path.to_owned(),
        line: error.span().map_or(1, |span| line_of(text, span)),
        problem: match unknown {
            Some(key) => format!("a profile has no key '{key}'"),
            None => message.trim().replace('`', "'"),
        },
        similar: unknown.and_then(|key| similar(key, quoted)),
    }
}

/// The one of these names that a mistyped one was probably meant to be.
pub(crate) fn similar<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let close = |other: &str| {
        strsim::damerau_levenshtein(name, other) <= 1 || strsim::jaro_winkler(name, other) > 0.8
    };
    let near = known.filter(|other| close(other)).map(|other| (strsim::jaro_winkler(name, other), other));
    near.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1))).map(|(_, other)| other.to_owned())
}

#[cfg(test)]
mod tests;
