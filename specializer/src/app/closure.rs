//! The `DT_NEEDED` closure of an application, found and ordered as glibc's dynamic linker does.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::object::AppObject;
use super::search::{OwnPaths, SearchPaths};
use super::{AppError, ElfError};

/// Objects that were opened before it was known whether they are needed.
type Ahead = HashMap<PathBuf, Result<AppObject, AppError>>;

/// What a name leads to.
enum Found {
    Known(ScopeEntry),
    New(Box<AppObject>),
}

/// A place in a symbol look-up scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScopeEntry {
    /// An object, by its index in [`AppClosure::objects`].
    Object(usize),
    /// A library that the kernel stands for, by its soname.
    Kernel(String),
}

/// Something about a closure that is worth telling and no fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// Libraries that need each other; legal, and loaded once each.
    Cycle {
        /// The file names, in the order of need; the last needs the first.
        through: Vec<String>,
    },
    /// A file of an `--also` directory that cannot be opened at run time.
    PassedOver {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// An application and every library that its `DT_NEEDED` entries lead to, without those that the
/// kernel stands for.
#[derive(Clone, Debug, Default)]
pub struct AppClosure {
    /// The application first, then its libraries breadth-first; then, for each `--also`, its object and
    /// what that needs.
    pub objects: Vec<AppObject>,
    /// What is worth telling.
    pub notes: Vec<Note>,
    scopes: Vec<Vec<ScopeEntry>>,
    by_name: HashMap<String, usize>,
}

impl AppClosure {
    /// Loads an application and its libraries. Libraries named in `provided` are not looked for: the
    /// kernel stands for them.
    pub fn load(app: &Path, search: &SearchPaths, provided: &BTreeSet<String>) -> Result<Self, AppError> {
        let object = AppObject::open(app)?;
        if let Some(soname) = object.soname.as_ref().filter(|soname| provided.contains(*soname)) {
            return Err(AppError::KernelLibrary { path: app.to_owned(), soname: soname.clone() });
        }
        if object.interpreter.is_none() {
            let static_pie = object.executable && object.needed.is_empty();
            let source = if static_pie { ElfError::StaticPie } else { ElfError::Library };
            return Err(AppError::Elf { path: app.to_owned(), source });
        }
        let mut closure = Self::default();
        closure.add_scope(object, search, provided)?;
        closure.note_cycles();
        Ok(closure)
    }

    /// A closure of one object that is taken as it is, without what it needs.
    pub fn of_one(object: AppObject) -> Self {
        let mut closure = Self::default();
        let object = closure.add(object, 0);
        closure.scopes.push(vec![ScopeEntry::Object(object)]);
        closure
    }

    /// Adds what the application opens at run time: a shared object, or every one below a directory,
    /// with the libraries they need.
    pub fn open_also(
        &mut self,
        path: &Path,
        search: &SearchPaths,
        provided: &BTreeSet<String>,
    ) -> Result<(), AppError> {
        if !path.is_dir() {
            return self.open_one(path, search, provided);
        }
        let before = self.objects.len();
        let files = files_below(path).map_err(|source| AppError::Read { path: path.to_owned(), source })?;
        for file in files {
            if !is_elf(&file) {
                continue;
            }
            let reason = match AppObject::open(&file) {
                Ok(object) if object.executable => "it is an executable".to_owned(),
                Ok(_) => {
                    self.open_one(&file, search, provided)?;
                    continue;
                }
                Err(AppError::Elf { source, .. }) => source.to_string(),
                Err(error) => return Err(error),
            };
            self.notes.push(Note::PassedOver { path: file, reason });
        }
        if self.objects.len() == before {
            return Err(AppError::NothingToOpen { path: path.to_owned() });
        }
        Ok(())
    }

    /// Adds a file that the application might open at run time, if it is a shared object.
    pub fn open_if_shared(
        &mut self,
        path: &Path,
        search: &SearchPaths,
        provided: &BTreeSet<String>,
    ) -> Result<(), AppError> {
        if !is_elf(path) || !AppObject::open(path).is_ok_and(|object| !object.executable) {
            return Ok(());
        }
        self.open_one(path, search, provided)
    }

    /// The scope in which references of an object are looked up, in order: the application's own, then
    /// for what is opened at run time that of the opened object.
    pub fn scope(&self, object: usize) -> impl Iterator<Item = &ScopeEntry> {
        let own = self.objects.get(object).map_or(0, |o| o.scope);
        let scope = |index: usize| self.scopes.get(index).into_iter().flatten();
        scope(0).chain(scope(own).take(if own == 0 { 0 } else { usize::MAX }))
    }

    /// The file name of an object, for messages.
    pub fn name(&self, object: usize) -> String {
        self.objects.get(object).map(AppObject::name).unwrap_or_default()
    }

    fn open_one(
        &mut self,
        path: &Path,
        search: &SearchPaths,
        provided: &BTreeSet<String>,
    ) -> Result<(), AppError> {
        let mut object = AppObject::open(path)?;
        let known =
            object.soname.as_ref().is_some_and(|s| provided.contains(s) || self.by_name.contains_key(s));
        if known || self.objects.iter().any(|other| other.hash == object.hash) {
            return Ok(());
        }
        object.opened_at_run_time = true;
        self.add_scope(object, search, provided)
    }

    /// Adds an object and, breadth-first, what it needs; together they are a look-up scope.
    fn add_scope(
        &mut self,
        root: AppObject,
        search: &SearchPaths,
        provided: &BTreeSet<String>,
    ) -> Result<(), AppError> {
        let scope = self.scopes.len();
        let at_run_time = root.opened_at_run_time;
        let mut order = vec![ScopeEntry::Object(self.add(root, scope))];
        let mut next = 0;
        let mut ahead = HashMap::new();
        let mut opened_ahead = 0;
        while let Some(entry) = order.get(next).cloned() {
            if next == opened_ahead {
                ahead = self.open_ahead(&order[next..], search, provided);
                opened_ahead = order.len();
            }
            next += 1;
            let ScopeEntry::Object(index) = entry else { continue };
            let needed = self.objects.get(index).map(|o| o.needed.clone()).unwrap_or_default();
            for name in needed {
                let entry = if provided.contains(&name) {
                    ScopeEntry::Kernel(name)
                } else if let Some(&known) = self.by_name.get(&name) {
                    ScopeEntry::Object(known)
                } else {
                    let entry = match self.find(&name, index, search, provided, &mut ahead)? {
                        Found::Known(entry) => entry,
                        Found::New(mut object) => {
                            object.loaded_by = Some(index);
                            object.opened_at_run_time = at_run_time;
                            ScopeEntry::Object(self.add(*object, scope))
                        }
                    };
                    if let ScopeEntry::Object(object) = entry {
                        self.by_name.entry(name).or_insert(object);
                    }
                    entry
                };
                if !order.contains(&entry) {
                    order.push(entry);
                }
            }
        }
        self.scopes.push(order);
        Ok(())
    }

    /// Opens what these objects need, as far as it can be told before it is looked at, on every core.
    fn open_ahead(&self, order: &[ScopeEntry], search: &SearchPaths, provided: &BTreeSet<String>) -> Ahead {
        let mut paths = BTreeSet::new();
        for entry in order {
            let ScopeEntry::Object(index) = entry else { continue };
            for name in self.objects.get(*index).into_iter().flat_map(|object| &object.needed) {
                if !provided.contains(name) && !self.by_name.contains_key(name) {
                    let (candidates, _) = self.candidates(name, *index, search);
                    paths.extend(candidates.into_iter().find(|path| path.is_file()));
                }
            }
        }
        let open = |path: PathBuf| {
            let object = AppObject::open(&path);
            (path, object)
        };
        paths.into_par_iter().map(open).collect()
    }

    fn add(&mut self, mut object: AppObject, scope: usize) -> usize {
        let index = self.objects.len();
        object.scope = scope;
        for name in [object.soname.clone(), Some(object.name())].into_iter().flatten() {
            self.by_name.entry(name).or_insert(index);
        }
        self.objects.push(object);
        index
    }

    /// What an object's need leads to, by the rules of glibc's dynamic linker.
    fn find(
        &self,
        name: &str,
        needed_by: usize,
        search: &SearchPaths,
        provided: &BTreeSet<String>,
        ahead: &mut Ahead,
    ) -> Result<Found, AppError> {
        let (candidates, searched) = self.candidates(name, needed_by, search);
        for path in candidates {
            if !path.is_file() {
                continue;
            }
            let opened = ahead.remove(&path).unwrap_or_else(|| AppObject::open(&path));
            let object = match opened {
                Ok(object) => object,
                // As ld.so does: a library for another machine is not the one that is meant.
                Err(AppError::Elf { source: ElfError::Class { .. } | ElfError::Machine { .. }, .. }) => {
                    continue;
                }
                Err(error) => return Err(error),
            };
            return Ok(match &object.soname {
                Some(soname) if provided.contains(soname) => Found::Known(ScopeEntry::Kernel(soname.clone())),
                // Two names of one file: a link, or a soname that differs from the file's name.
                soname => match soname.as_ref().and_then(|soname| self.by_name.get(soname)) {
                    Some(&known) => Found::Known(ScopeEntry::Object(known)),
                    None => Found::New(Box::new(object)),
                },
            });
        }
        let needed_by = self.objects.get(needed_by).map(|o| o.path.clone()).unwrap_or_default();
        Err(AppError::MissingLibrary { soname: name.to_owned(), needed_by, searched })
    }

    /// The files that may be meant by a name, and the directories they are in.
    fn candidates(&self, name: &str, needed_by: usize, search: &SearchPaths) -> (Vec<PathBuf>, Vec<PathBuf>) {
        let chain = self.chain(needed_by);
        match chain.first() {
            Some(own) if name.contains('/') => (vec![own.substitute(name)], Vec::new()),
            _ => {
                let searched = search.directories(&chain);
                (searched.iter().map(|directory| directory.join(name)).collect(), searched)
            }
        }
    }

    /// The search entries of an object, of the one that loaded it, and so on up.
    fn chain(&self, object: usize) -> Vec<&OwnPaths> {
        let first = self.objects.get(object);
        std::iter::successors(first, |o| o.loaded_by.and_then(|by| self.objects.get(by)))
            .map(|o| &o.paths)
            .collect()
    }

    /// Notes each cycle of `DT_NEEDED` that a depth-first walk from the application comes upon.
    fn note_cycles(&mut self) {
        let mut state = vec![Visit::New; self.objects.len()];
        let mut cycles = Vec::new();
        // (object, how many of its needs are done); on the stack is the path to the object.
        let mut stack = vec![(0, 0)];
        while let Some((object, done)) = stack.last_mut() {
            let object = *object;
            let next = self.objects.get(object).and_then(|o| o.needed.get(*done));
            *done += 1;
            let Some(name) = next else {
                set(&mut state, object, Visit::Done);
                stack.pop();
                continue;
            };
            set(&mut state, object, Visit::Open);
            let Some(&to) = self.by_name.get(name) else { continue };
            match state.get(to) {
                Some(Visit::New) => stack.push((to, 0)),
                Some(Visit::Open) => {
                    let path = stack.iter().map(|&(o, _)| o).skip_while(|&o| o != to);
                    cycles.push(Note::Cycle { through: path.map(|o| self.name(o)).collect() });
                }
                _ => {}
            }
        }
        self.notes.append(&mut cycles);
    }
}

#[derive(Clone, Copy)]
enum Visit {
    New,
    Open,
    Done,
}

fn set(state: &mut [Visit], index: usize, to: Visit) {
    if let Some(place) = state.get_mut(index) {
        *place = to;
    }
}

fn is_elf(path: &Path) -> bool {
    let mut magic = [0; 4];
    let read =
        std::fs::File::open(path).and_then(|mut file| std::io::Read::read_exact(&mut file, &mut magic));
    read.is_ok() && magic == object::elf::ELFMAG
}

/// Every regular file below a directory, sorted; links to directories are not followed.
fn files_below(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(directory) = directories.pop() {
        for item in std::fs::read_dir(directory)? {
            let path = item?.path();
            if path.is_dir() && !path.is_symlink() {
                directories.push(path);
            } else if path.is_file() {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}
