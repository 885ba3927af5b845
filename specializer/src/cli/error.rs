//! What can go wrong with a command, and the exit status of each.

use std::path::PathBuf;

use thiserror::Error;

use crate::app::AppError;
use crate::boot::{ImageError, RunError};
use crate::diagnostic::Diagnostic;
use crate::exports::ExportsError;
use crate::package::PackageError;
use crate::profile::ProfileError;

/// Why a command failed.
#[derive(Debug, Error)]
pub(super) enum CliError {
    /// The command line makes no sense.
    #[error("{0}")]
    Usage(Box<Diagnostic>),
    /// The inputs are at fault in a way that is told here.
    #[error("{0}")]
    Told(Box<Diagnostic>),
    #[error(transparent)]
    App(Box<AppError>),
    #[error(transparent)]
    Profile(Box<ProfileError>),
    #[error(transparent)]
    Exports(Box<ExportsError>),
    #[error(transparent)]
    Package(Box<PackageError>),
    #[error(transparent)]
    Image(Box<ImageError>),
    #[error(transparent)]
    Run(Box<RunError>),
    /// The pipeline failed.
    #[error("{error}")]
    Specialize {
        error: Box<crate::Error>,
        /// The application's file name.
        app: String,
    },
    #[error("cannot write {}: {source}", path.display())]
    Write { path: PathBuf, source: std::io::Error },
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    /// Who reads the standard output has gone: nothing is left to do.
    #[error("the standard output is closed")]
    Closed,
}

/// Each module's error becomes one of a command; boxed, since some carry whole lists.
macro_rules! from {
    ($($variant:ident($error:ty)),*) => {
        $(impl From<$error> for CliError {
            fn from(error: $error) -> Self {
                Self::$variant(Box::new(error))
            }
        })*
    };
}

from!(
    App(AppError),
    Profile(ProfileError),
    Exports(ExportsError),
    Package(PackageError),
    Image(ImageError),
    Run(RunError)
);

impl CliError {
    /// A mistake in the command line.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Usage(Box::new(Diagnostic::error(message).hint("specialize --help tells more")))
    }

    /// A fault of the inputs, with a way out.
    pub fn told(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Told(Box::new(Diagnostic::error(message).hint(hint)))
    }

    /// What the user is told.
    pub fn diagnostic(&self) -> Diagnostic {
        match self {
            Self::Usage(diagnostic) | Self::Told(diagnostic) => (**diagnostic).clone(),
            Self::App(error) => (&**error).into(),
            Self::Profile(error) => (&**error).into(),
            Self::Exports(error) => (&**error).into(),
            Self::Package(error) => (&**error).into(),
            Self::Image(error) => (&**error).into(),
            Self::Run(error) => (&**error).into(),
            Self::Specialize { error, app } => Diagnostic::of_specialization(error, app),
            Self::Write { .. } | Self::Read { .. } | Self::Closed => Diagnostic::error(self.to_string()),
        }
    }

    /// The exit status: 2 for usage, 1 for everything else.
    pub fn status(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            _ => 1,
        }
    }
}
