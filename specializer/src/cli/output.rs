//! Writing results: whole files or none, and a standard output that may be closed.

use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::error::CliError;

/// Writes text to the standard output.
pub(super) fn print(text: &str) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(CliError::Closed),
        Err(source) => Err(CliError::Write { path: "the standard output".into(), source }),
    }
}

/// Files that appear together once all of them are written, or not at all.
#[derive(Default)]
pub(super) struct Outputs {
    staged: Vec<(PathBuf, Staged)>,
}

enum Staged {
    /// To be renamed into place.
    File(NamedTempFile),
    /// For what is no regular file, such as `/dev/stdout`: written at the end.
    Direct(Vec<u8>),
}

impl Outputs {
    /// Adds a file.
    pub fn add(&mut self, path: &Path, bytes: &[u8], executable: bool) -> Result<(), CliError> {
        let write = |source| CliError::Write { path: path.to_owned(), source };
        let existing = std::fs::metadata(path).ok();
        if existing.as_ref().is_some_and(std::fs::Metadata::is_dir) {
            return Err(write(ErrorKind::IsADirectory.into()));
        }
        if existing.is_some_and(|metadata| !metadata.is_file()) {
            self.staged.push((path.to_owned(), Staged::Direct(bytes.to_vec())));
            return Ok(());
        }
        let directory =
            path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mode = if executable { 0o777 } else { 0o666 };
        let mut file = tempfile::Builder::new()
            .prefix(".specialize-")
            .permissions(std::fs::Permissions::from_mode(mode))
            .tempfile_in(directory)
            .map_err(|error| write(without_path(error)))?;
        file.write_all(bytes).and_then(|()| file.flush()).map_err(|error| write(without_path(error)))?;
        self.staged.push((path.to_owned(), Staged::File(file)));
        Ok(())
    }

    /// Puts every file in place.
    pub fn commit(self) -> Result<(), CliError> {
        for (path, staged) in self.staged {
            let written = match staged {
                Staged::File(file) => file.persist(&path).map(drop).map_err(|error| error.error),
                Staged::Direct(bytes) => {
                    let file = std::fs::OpenOptions::new().write(true).open(&path);
                    file.and_then(|mut file| file.write_all(&bytes))
                }
            };
            written.map_err(|source| CliError::Write { path, source })?;
        }
        Ok(())
    }
}

/// The system's own words, without the temporary file's name that `tempfile` adds.
fn without_path(error: std::io::Error) -> std::io::Error {
    let text = error.to_string();
    match text.split_once(" at path ") {
        Some((words, _)) => std::io::Error::new(error.kind(), words),
        None => error,
    }
}
