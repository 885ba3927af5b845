//! Where a needed library is found, by the rules of glibc's dynamic linker.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The directories that glibc on Debian searches when nothing else says where.
const DEFAULTS: [&str; 4] = ["/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib", "/usr/lib"];

/// Nested `include` lines of `ld.so.conf` deeper than this are taken for a cycle.
const DEEPEST_INCLUDE: usize = 8;

/// The search path of a whole run: what does not depend on the object that needs the library.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchPaths {
    /// Directories given with `--lib-path`, searched where `LD_LIBRARY_PATH` is.
    pub given: Vec<PathBuf>,
    /// The system's directories, searched last.
    pub system: Vec<PathBuf>,
}

impl SearchPaths {
    /// The directories given, then those of this host: what `/etc/ld.so.conf` lists, then the defaults.
    pub fn host(given: Vec<PathBuf>) -> Self {
        let mut system = Vec::new();
        read_configuration(Path::new("/etc/ld.so.conf"), 0, &mut system);
        system.extend(DEFAULTS.iter().map(PathBuf::from));
        let mut seen = BTreeSet::new();
        system.retain(|directory| seen.insert(directory.clone()));
        Self { given, system }
    }

    /// The directories to look in for a library that an object needs, in order. `chain` has the search
    /// entries of that object first, then of the object through which it was loaded, up to the
    /// application.
    pub(super) fn directories(&self, chain: &[&OwnPaths]) -> Vec<PathBuf> {
        let mut directories = Vec::new();
        if let Some(own) = chain.first()
            && own.runpath.is_none()
        {
            for object in chain.iter().filter(|object| object.runpath.is_none()) {
                directories.extend(object.expand(object.rpath.as_deref()));
            }
        }
        directories.extend(self.given.iter().cloned());
        if let Some(own) = chain.first() {
            directories.extend(own.expand(own.runpath.as_deref()));
        }
        directories.extend(self.system.iter().cloned());
        directories
    }
}

/// The search entries of one object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct OwnPaths {
    pub origin: PathBuf,
    pub rpath: Option<String>,
    pub runpath: Option<String>,
}

impl OwnPaths {
    /// The directories of a `DT_RPATH` or `DT_RUNPATH`.
    fn expand(&self, list: Option<&str>) -> Vec<PathBuf> {
        let entries = list.unwrap_or_default().split(':').filter(|entry| !entry.is_empty());
        entries.map(|entry| self.substitute(entry)).collect()
    }

    /// Replaces `$ORIGIN`, `$LIB` and `$PLATFORM`, with or without braces.
    pub fn substitute(&self, text: &str) -> PathBuf {
        let origin = self.origin.to_string_lossy();
        let mut text = text.to_owned();
        for (name, value) in [("ORIGIN", &*origin), ("LIB", "lib/x86_64-linux-gnu"), ("PLATFORM", "x86_64")] {
            text = text.replace(&format!("${{{name}}}"), value).replace(&format!("${name}"), value);
        }
        PathBuf::from(text)
    }
}

/// Adds the directories of an `ld.so.conf`. A file that cannot be read lists none, as for ldconfig.
fn read_configuration(path: &Path, depth: usize, directories: &mut Vec<PathBuf>) {
    let Ok(text) = std::fs::read_to_string(path) else { return };
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if let Some(pattern) = line.strip_prefix("include ").or_else(|| line.strip_prefix("include\t")) {
            if depth < DEEPEST_INCLUDE {
                for file in matching(path, pattern.trim()) {
                    read_configuration(&file, depth + 1, directories);
                }
            }
        } else if line.starts_with('/') {
            directories.push(PathBuf::from(line));
        }
    }
}

/// The files that an `include` pattern names, sorted; a `*` may stand in the last component.
fn matching(from: &Path, pattern: &str) -> Vec<PathBuf> {
    let base = from.parent().unwrap_or(Path::new("/"));
    let pattern = base.join(pattern);
    let (Some(directory), Some(name)) = (pattern.parent(), pattern.file_name().and_then(|n| n.to_str()))
    else {
        return Vec::new();
    };
    let Some((prefix, suffix)) = name.split_once('*') else { return vec![pattern] };
    let Ok(items) = std::fs::read_dir(directory) else { return Vec::new() };
    let mut files: Vec<_> = items
        .filter_map(|item| Some(item.ok()?.path()))
        .filter(|path| {
            let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
            name.len() >= prefix.len() + suffix.len() && name.starts_with(prefix) && name.ends_with(suffix)
        })
        .collect();
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(rpath: Option<&str>, runpath: Option<&str>) -> OwnPaths {
        OwnPaths {
            origin: PathBuf::from("/opt/app/bin"),
            rpath: rpath.map(str::to_owned),
            runpath: runpath.map(str::to_owned),
        }
    }

    fn order(chain: &[&OwnPaths]) -> String {
        let paths = SearchPaths { given: vec!["/given".into()], system: vec!["/system".into()] };
        let directories: Vec<_> = paths.directories(chain).iter().map(|d| d.display().to_string()).collect();
        directories.join(" ")
    }

    #[test]
    fn rpath_goes_before_and_runpath_after_what_is_given() {
        assert_eq!(order(&[&own(Some("/a:/b"), None)]), "/a /b /given /system");
        assert_eq!(order(&[&own(None, Some("/a"))]), "/given /a /system");
    }

    #[test]
    fn runpath_silences_rpath() {
        assert_eq!(order(&[&own(Some("/a"), Some("/b"))]), "/given /b /system");
    }

    #[test]
    fn rpath_is_inherited_and_runpath_is_not() {
        assert_eq!(order(&[&own(None, None), &own(Some("/app"), None)]), "/app /given /system");
        assert_eq!(order(&[&own(None, None), &own(None, Some("/app"))]), "/given /system");
        assert_eq!(order(&[&own(None, Some("/own")), &own(Some("/app"), None)]), "/given /own /system");
    }

    #[test]
    fn tokens_are_replaced() {
        let own = own(Some("$ORIGIN/../lib:${ORIGIN}/x:/usr/$LIB"), None);
        assert_eq!(
            order(&[&own]),
            "/opt/app/bin/../lib /opt/app/bin/x /usr/lib/x86_64-linux-gnu /given /system"
        );
    }
}
