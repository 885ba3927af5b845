//! The lists in `symbols/` against the glibc of this host, where it is the one that they are of.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::*;
use crate::app::{AppObject, SearchPaths, SymbolKind};

/// What comes from a later glibc, and is listed all the same.
const LATER: &str = "GLIBC_2.38";

fn lists() -> Catalogue {
    Catalogue::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../symbols")).expect("the lists parse")
}

fn host_library(soname: &str) -> Option<AppObject> {
    let found: Option<PathBuf> = SearchPaths::host(Vec::new())
        .system
        .iter()
        .map(|folder| folder.join(soname))
        .find(|path| path.is_file());
    AppObject::open(&found?).ok()
}

/// Whether this is glibc 2.36: it has that version's symbols, and none of the next one's.
fn is_glibc_2_36(libc: &AppObject) -> bool {
    let has = |version: &str| {
        libc.defined.values().flatten().any(|definition| definition.version.as_deref() == Some(version))
    };
    has("GLIBC_2.36") && !has("GLIBC_2.37") && !has("GLIBC_2.38")
}

/// Name and version → default, kind; as a list would have it.
type Symbols = BTreeMap<(String, String), (bool, String)>;

fn exported(library: &AppObject) -> Symbols {
    let mut symbols = Symbols::new();
    for (name, definitions) in &library.defined {
        for definition in definitions {
            let version = definition.version.clone().unwrap_or_default();
            // The names of the versions themselves are symbols, too.
            if &*version == "GLIBC_PRIVATE" || **name == *version || version.starts_with("lib") {
                continue;
            }
            let kind = match definition.kind {
                SymbolKind::Object => EntryKind::Object { size: definition.size },
                SymbolKind::Tls => EntryKind::Tls { size: definition.size },
                SymbolKind::Function | SymbolKind::Unknown => EntryKind::Function,
            };
            symbols.insert((name.clone(), version.to_string()), (!definition.hidden, kind.to_string()));
        }
    }
    symbols
}

fn listed(library: &Library) -> Symbols {
    let entries = library.entries.iter().filter(|entry| entry.version != LATER);
    entries.map(|e| ((e.name.clone(), e.version.clone()), (e.default, e.kind.to_string()))).collect()
}

#[test]
fn the_lists_agree_with_glibc_2_36() {
    let Some(libc) = host_library("libc.so.6").filter(is_glibc_2_36) else {
        eprintln!("skipped: the lists are of glibc 2.36, and this host has another");
        return;
    };
    drop(libc);
    for library in lists().libraries() {
        let host = host_library(&library.soname).expect("glibc comes with all of its libraries");
        let (host, list) = (exported(&host), listed(library));
        let difference: Vec<String> = host
            .keys()
            .chain(list.keys())
            .filter(|key| host.get(key) != list.get(key))
            .map(|key| format!("{} {}: host {:?}, list {:?}", key.0, key.1, host.get(key), list.get(key)))
            .collect();
        assert!(difference.is_empty(), "{}:\n{}", library.soname, difference.join("\n"));
    }
}

#[test]
fn every_list_is_sorted_and_as_the_program_writes_it() {
    for library in lists().libraries() {
        let path = format!("{}/../symbols/{}.symbols", env!("CARGO_MANIFEST_DIR"), library.soname);
        assert_eq!(std::fs::read_to_string(path).expect("the list is there"), library.to_text());
        let keys: Vec<_> = library.entries.iter().map(|entry| (&entry.name, &entry.version)).collect();
        assert!(keys.is_sorted(), "{}", library.soname);
    }
}

#[test]
fn what_implements_an_entry_is_itself_listed() {
    let lists = lists();
    let own: std::collections::BTreeSet<String> =
        lists.entries().map(|(_, entry)| entry.own_symbol()).collect();
    for (soname, entry) in lists.entries() {
        if let Some(symbol) = &entry.implementation {
            // A function whose only version is an old one may go by its plain name in the kernel.
            assert!(
                own.contains(symbol) || *symbol == entry.name,
                "{soname}: {} is implemented by {symbol}, which no list has",
                entry.name
            );
            assert_ne!(*symbol, entry.own_symbol(), "{soname}: {} names itself", entry.name);
        }
    }
}
