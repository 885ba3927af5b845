//! What goes on an image: a tree of files, directories and symbolic links, put together from the
//! application, its DT_NEEDED closure and what the user names.

use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::rofs::{self, Inode};

/// Where an image carries the identity of the specialization it was made for: 64 hexadecimal
/// digits and a newline.
pub const IDENTITY_PATH: &str = "/.specialize/identity";

/// Longest file name, in bytes (Linux `NAME_MAX`).
const NAME_MAX: usize = 255;
/// Longest symbolic link, in bytes, without its NUL (Linux `PATH_MAX`).
const TARGET_MAX: usize = 4095;
/// Symbolic links that one path may go through (Linux `MAXSYMLINKS`).
const LINKS_MAX: usize = 40;
/// Alignment of an ELF file's data, so that its pages can be mapped where they lie.
const ELF_ALIGNMENT: u64 = 4096;

/// Why an image cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// A file of the host cannot be read.
    #[error("cannot put {path} on the image: {source}", path = path.display())]
    Read {
        /// The file on the host.
        path: PathBuf,
        /// What the host said.
        source: io::Error,
    },
    /// Neither a file nor a directory nor a symbolic link.
    #[error("cannot put {} on the image: it is neither a file nor a directory nor a symbolic link", .0.display())]
    Special(PathBuf),
    /// Two things want the same place.
    #[error("{path} is on the image already, as {what}", path = path.display())]
    Occupied {
        /// The place on the image.
        path: PathBuf,
        /// What is there.
        what: &'static str,
    },
    /// A path that no file system call would accept.
    #[error("{path} cannot be a path on the image: {reason}", path = path.display())]
    BadPath {
        /// The place on the image.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The image cannot be written.
    #[error("cannot write the image: {0}")]
    Write(io::Error),
}

/// Where the bytes of a file come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file of the host, read when the image is written.
    Path(PathBuf),
    /// These bytes.
    Bytes(Vec<u8>),
}

#[derive(Debug, Clone)]
enum Node {
    File { source: Source, mode: u32 },
    Directory(Directory),
    Symlink(Vec<u8>),
}

impl Node {
    fn what(&self) -> &'static str {
        match self {
            Node::File { .. } => "a file",
            Node::Directory(_) => "a directory",
            Node::Symlink(_) => "a symbolic link",
        }
    }
}

#[derive(Debug, Clone)]
struct Directory {
    mode: u32,
    entries: BTreeMap<Vec<u8>, Node>,
}

impl Directory {
    fn new(mode: u32) -> Self {
        Self { mode, entries: BTreeMap::new() }
    }
}

/// The tree of an image to be.
#[derive(Debug, Clone)]
pub struct ImagePlan {
    root: Directory,
}

/// The parts of `SRC[:DST]`.
fn split_option(option: &[u8]) -> (PathBuf, PathBuf) {
    let path = |bytes: &[u8]| PathBuf::from(std::ffi::OsString::from_vec(bytes.to_vec()));
    // A name that holds a colon and exists as it stands is meant as it stands.
    let whole = path(option);
    match option.iter().rposition(|&byte| byte == b':') {
        Some(colon) if !whole.exists() => (path(&option[..colon]), path(&option[colon + 1..])),
        _ => (whole.clone(), whole),
    }
}

/// A path as one from the root on, without `.` and `..`.
fn below_root(path: &Path) -> PathBuf {
    let mut below = PathBuf::from("/");
    for part in path.components() {
        if let std::path::Component::Normal(name) = part {
            below.push(name);
        }
    }
    below
}

impl Default for ImagePlan {
    fn default() -> Self {
        Self::new()
    }
}

impl ImagePlan {
    /// A tree with nothing but Debian's merged `/usr` links and the directories that the kernel
    /// mounts over: `/dev`, `/proc` and `/tmp`.
    pub fn new() -> Self {
        let mut root = Directory::new(0o755);
        for (name, target) in
            [("bin", "usr/bin"), ("sbin", "usr/sbin"), ("lib", "usr/lib"), ("lib64", "usr/lib64")]
        {
            root.entries.insert(name.into(), Node::Symlink(target.into()));
        }
        for name in ["dev", "proc"] {
            root.entries.insert(name.into(), Node::Directory(Directory::new(0o555)));
        }
        root.entries.insert(b"tmp".to_vec(), Node::Directory(Directory::new(0o1777)));
        Self { root }
    }

    /// A tree with nothing in it at all.
    pub fn empty() -> Self {
        Self { root: Directory::new(0o755) }
    }

    /// Puts a file at `path`; its directories are made as needed.
    ///
    /// The same file twice is no error: a closure and `--file` may both name it.
    pub fn add_file(&mut self, path: &Path, source: Source, mode: u32) -> Result<(), ImageError> {
        self.insert(path, Node::File { source, mode: mode & 0o7777 })
    }

    /// Puts a symbolic link at `path`.
    pub fn add_symlink(&mut self, path: &Path, target: &[u8]) -> Result<(), ImageError> {
        if target.is_empty() || target.len() > TARGET_MAX || target.contains(&0) {
            return Err(bad(path, "its target is empty or too long or holds a NUL"));
        }
        self.insert(path, Node::Symlink(target.to_vec()))
    }

    /// Makes a directory, and those above it.
    pub fn add_directory(&mut self, path: &Path, mode: u32) -> Result<(), ImageError> {
        let components = components(path)?;
        self.directory(path, &components)?.mode = mode & 0o7777;
        Ok(())
    }

    /// Puts `host`, a file or a whole directory, at `path`. Symbolic links below a directory stay
    /// links; `host` itself is followed. Permission bits are the host's.
    pub fn add_host(&mut self, host: &Path, path: &Path) -> Result<(), ImageError> {
        let metadata = fs::metadata(host).map_err(|source| unreadable(host, source))?;
        let mode = metadata.permissions().mode() & 0o7777;
        if metadata.is_file() {
            return self.add_file(path, Source::Path(host.to_path_buf()), mode);
        }
        if !metadata.is_dir() {
            return Err(ImageError::Special(host.to_path_buf()));
        }
        self.add_directory(path, mode)?;
        let entries = fs::read_dir(host).map_err(|source| unreadable(host, source))?;
        for entry in entries {
            let entry = entry.map_err(|source| unreadable(host, source))?;
            let (from, to) = (entry.path(), path.join(entry.file_name()));
            let kind = entry.file_type().map_err(|source| unreadable(&from, source))?;
            if kind.is_symlink() {
                let target = fs::read_link(&from).map_err(|source| unreadable(&from, source))?;
                self.add_symlink(&to, target.as_os_str().as_bytes())?;
            } else {
                self.add_host(&from, &to)?;
            }
        }
        Ok(())
    }

    /// Puts what an option `SRC[:DST]` names on the image. Without DST a relative SRC goes below
    /// the root and an absolute one to its own path. A DST that ends in `/` is a directory.
    pub fn add_option(&mut self, option: &[u8]) -> Result<(), ImageError> {
        let (source, destination) = split_option(option);
        let mut at = below_root(&destination);
        if destination.as_os_str().as_bytes().ends_with(b"/") && !source.is_dir() {
            at.push(source.file_name().ok_or_else(|| bad(&destination, "the source has no name"))?);
        }
        self.add_host(&source, &at)
    }

    /// The same for a SRC that has to be a directory.
    pub fn add_directory_option(&mut self, option: &[u8]) -> Result<(), ImageError> {
        let (source, destination) = split_option(option);
        let metadata = fs::metadata(&source).map_err(|error| unreadable(&source, error))?;
        if !metadata.is_dir() {
            return Err(unreadable(&source, io::ErrorKind::NotADirectory.into()));
        }
        self.add_host(&source, &below_root(&destination))
    }

    /// Puts a shared object of the closure where the loader looks for it: at the path at which it
    /// was found, and under its soname beside that if the file is called otherwise.
    pub fn add_object(&mut self, host: &Path, soname: Option<&str>) -> Result<(), ImageError> {
        let absolute = std::path::absolute(host).map_err(|source| unreadable(host, source))?;
        self.add_host(host, &absolute)?;
        let (Some(soname), Some(name)) = (soname, absolute.file_name()) else { return Ok(()) };
        if name.as_bytes() == soname.as_bytes() || soname.contains('/') {
            return Ok(());
        }
        self.add_symlink(&absolute.with_file_name(soname), name.as_bytes())
    }

    /// Notes which specialization the image belongs to.
    pub fn set_identity(&mut self, identity: &[u8; 32]) -> Result<(), ImageError> {
        let mut text = String::with_capacity(65);
        for byte in identity {
            text.push_str(&format!("{byte:02x}"));
        }
        text.push('\n');
        self.add_file(Path::new(IDENTITY_PATH), Source::Bytes(text.into_bytes()), 0o444)
    }

    /// The regular files on the image, with what is known of where they come from.
    pub fn files(&self) -> Vec<(PathBuf, &Source)> {
        let mut found = Vec::new();
        let mut pending = vec![(PathBuf::from("/"), &self.root)];
        while let Some((path, directory)) = pending.pop() {
            for (name, node) in &directory.entries {
                let at = path.join(std::ffi::OsStr::from_bytes(name));
                match node {
                    Node::File { source, .. } => found.push((at, source)),
                    Node::Directory(below) => pending.push((at, below)),
                    Node::Symlink(_) => {}
                }
            }
        }
        found.sort_by(|a, b| a.0.cmp(&b.0));
        found
    }

    /// Writes the image. The same tree gives the same bytes.
    pub fn write(&self, out: impl Write) -> Result<(), ImageError> {
        let (inodes, sources) = self.inodes()?;
        let mut failed: Option<ImageError> = None;
        let written = rofs::write(&inodes, out, |index, out| match sources[index] {
            Some(Source::Bytes(bytes)) => out.write_all(bytes),
            Some(Source::Path(path)) => copy_file(path, out).map_err(|source| {
                failed = Some(unreadable(path, source));
                io::Error::other("unreadable")
            }),
            None => Ok(()),
        });
        match (failed, written) {
            (Some(error), _) => Err(error),
            (None, Err(error)) => Err(ImageError::Write(error)),
            (None, Ok(())) => Ok(()),
        }
    }

    /// The image as bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ImageError> {
        let mut bytes = Vec::new();
        self.write(&mut bytes)?;
        Ok(bytes)
    }

    /// Inodes breadth first, each directory's entries in the order of their names.
    fn inodes(&self) -> Result<(Vec<Inode>, Vec<Option<&Source>>), ImageError> {
        enum Found<'a> {
            Directory(&'a Directory),
            File(&'a Source, u32),
            Symlink(&'a [u8]),
        }
        let (mut inodes, mut sources) = (Vec::new(), Vec::new());
        let mut queue = VecDeque::from([Found::Directory(&self.root)]);
        let mut next = 2;
        while let Some(found) = queue.pop_front() {
            match found {
                Found::Directory(directory) => {
                    let mut entries = Vec::with_capacity(directory.entries.len());
                    for (name, node) in &directory.entries {
                        entries.push((name.clone(), next));
                        next += 1;
                        queue.push_back(match node {
                            Node::Directory(below) => Found::Directory(below),
                            Node::File { source, mode } => Found::File(source, *mode),
                            Node::Symlink(target) => Found::Symlink(target),
                        });
                    }
                    inodes.push(Inode::Directory { mode: directory.mode, entries });
                    sources.push(None);
                }
                Found::File(source, mode) => {
                    let (size, elf) = examine(source)?;
                    let alignment = if elf { ELF_ALIGNMENT } else { rofs::BLOCK };
                    inodes.push(Inode::File { mode, size, alignment });
                    sources.push(Some(source));
                }
                Found::Symlink(target) => {
                    inodes.push(Inode::Symlink { target: target.to_vec() });
                    sources.push(None);
                }
            }
        }
        Ok((inodes, sources))
    }

    fn insert(&mut self, path: &Path, node: Node) -> Result<(), ImageError> {
        let components = components(path)?;
        let Some((name, above)) = components.split_last() else {
            return Err(bad(path, "it is the root"));
        };
        let directory = self.directory(path, above)?;
        match (directory.entries.get(name), &node) {
            (None, _) => {}
            (Some(Node::File { source: old, .. }), Node::File { source: new, .. }) if old == new => {}
            (Some(Node::Symlink(old)), Node::Symlink(new)) if old == new => {}
            (Some(there), _) => {
                return Err(ImageError::Occupied { path: path.to_path_buf(), what: there.what() });
            }
        }
        directory.entries.insert(name.clone(), node);
        Ok(())
    }

    /// The directory with these components, made if missing; symbolic links on the way are followed.
    fn directory(&mut self, path: &Path, wanted: &[Vec<u8>]) -> Result<&mut Directory, ImageError> {
        let resolved = self.resolve(path, wanted)?;
        let mut directory = &mut self.root;
        for name in resolved {
            let node =
                directory.entries.entry(name).or_insert_with(|| Node::Directory(Directory::new(0o755)));
            directory = match node {
                Node::Directory(below) => below,
                other => return Err(ImageError::Occupied { path: path.to_path_buf(), what: other.what() }),
            };
        }
        Ok(directory)
    }

    fn resolve(&self, path: &Path, wanted: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, ImageError> {
        let mut pending: VecDeque<Vec<u8>> = wanted.iter().cloned().collect();
        let mut resolved: Vec<Vec<u8>> = Vec::new();
        let mut links = 0;
        while let Some(name) = pending.pop_front() {
            if name == b".." {
                resolved.pop();
                continue;
            }
            let above = self.find(&resolved);
            if let Some(Node::Symlink(target)) = above.and_then(|directory| directory.entries.get(&name)) {
                links += 1;
                if links > LINKS_MAX {
                    return Err(bad(path, "too many symbolic links"));
                }
                if target.starts_with(b"/") {
                    resolved.clear();
                }
                for part in target.split(|&byte| byte == b'/').rev() {
                    if !part.is_empty() && part != b"." {
                        pending.push_front(part.to_vec());
                    }
                }
                continue;
            }
            resolved.push(name);
        }
        Ok(resolved)
    }

    fn find(&self, names: &[Vec<u8>]) -> Option<&Directory> {
        names.iter().try_fold(&self.root, |directory, name| match directory.entries.get(name) {
            Some(Node::Directory(below)) => Some(below),
            _ => None,
        })
    }
}

fn components(path: &Path) -> Result<Vec<Vec<u8>>, ImageError> {
    let bytes = path.as_os_str().as_bytes();
    if !bytes.starts_with(b"/") {
        return Err(bad(path, "it is not absolute"));
    }
    let mut names = Vec::new();
    for name in bytes.split(|&byte| byte == b'/') {
        match name {
            b"" | b"." => {}
            b".." => {
                names.pop();
            }
            name if name.len() > NAME_MAX => return Err(bad(path, "a name is longer than 255 bytes")),
            name if name.contains(&0) => return Err(bad(path, "it holds a NUL")),
            name => names.push(name.to_vec()),
        }
    }
    Ok(names)
}

/// Size in bytes, and whether it is an ELF file.
fn examine(source: &Source) -> Result<(u64, bool), ImageError> {
    const ELF: &[u8; 4] = b"\x7fELF";
    match source {
        Source::Bytes(bytes) => Ok((bytes.len() as u64, bytes.starts_with(ELF))),
        Source::Path(path) => {
            let look = || {
                let file = File::open(path)?;
                let size = file.metadata()?.len();
                let mut start = Vec::with_capacity(ELF.len());
                file.take(ELF.len() as u64).read_to_end(&mut start)?;
                Ok((size, start == ELF))
            };
            look().map_err(|source| unreadable(path, source))
        }
    }
}

fn copy_file(path: &Path, mut out: &mut dyn Write) -> io::Result<()> {
    io::copy(&mut File::open(path)?, &mut out).map(drop)
}

fn unreadable(path: &Path, source: io::Error) -> ImageError {
    ImageError::Read { path: path.to_path_buf(), source }
}

fn bad(path: &Path, reason: &'static str) -> ImageError {
    ImageError::BadPath { path: path.to_path_buf(), reason }
}

#[cfg(test)]
#[path = "image_tests.rs"]
mod tests;
