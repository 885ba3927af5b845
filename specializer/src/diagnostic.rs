//! Every message a user can get: `error: …` and, where there is a way out, `hint: …`.
//!
//! Each module's errors say what is wrong; here stands what the user can do about it.

use std::fmt;

use crate::app::{AppError, ElfError};
use crate::boot::{ImageError, RunError};
use crate::exports::ExportsError;
use crate::package::{ManifestError, PackageError};
use crate::profile::ProfileError;
use crate::roots::RootsError;

/// How many missing symbols an error names one by one.
const MOST_MISSING: usize = 20;

/// A message: what is wrong, and what can be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostic {
    /// What is wrong; each becomes an `error:` line.
    pub errors: Vec<String>,
    /// What can be done; each becomes a `hint:` line.
    pub hints: Vec<String>,
}

impl Diagnostic {
    /// A message without a way out.
    pub fn error(message: impl Into<String>) -> Self {
        Self { errors: vec![without_numbers(message.into())], hints: Vec::new() }
    }

    /// The same with a way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    pub(crate) fn maybe(self, hint: Option<String>) -> Self {
        match hint {
            Some(hint) => self.hint(hint),
            None => self,
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for error in &self.errors {
            writeln!(f, "error: {error}")?;
        }
        for hint in &self.hints {
            writeln!(f, "hint: {hint}")?;
        }
        Ok(())
    }
}

/// A message without the numbers of system errors, whose words stand before them.
fn without_numbers(mut message: String) -> String {
    while let Some(start) = message.find(" (os error ") {
        let Some(length) = message.get(start..).and_then(|rest| rest.find(')')) else { break };
        message.replace_range(start..=start + length, "");
    }
    message
}

/// `did you mean 'X'?`, where there is an X.
fn meant(similar: Option<&String>) -> Option<String> {
    similar.map(|name| format!("did you mean '{name}'?"))
}

impl From<&AppError> for Diagnostic {
    fn from(error: &AppError) -> Self {
        let message = Self::error(error.to_string());
        match error {
            AppError::MissingLibrary { searched, .. } => {
                let directories: Vec<_> = searched.iter().map(|path| path.display().to_string()).collect();
                let searched =
                    (!directories.is_empty()).then(|| format!("looked in {}", directories.join(", ")));
                message.hint("--lib-path DIR adds a directory to look in").maybe(searched)
            }
            AppError::Elf { source: ElfError::Static | ElfError::StaticPie, .. } => {
                message.hint("link it dynamically: without -static or -static-pie")
            }
            AppError::Elf { source: ElfError::Script { interpreter }, .. } => {
                let program = interpreter.split_ascii_whitespace().next().unwrap_or_default();
                message.hint(format!(
                    "give its interpreter with --app {program}, and put the script on the image"
                ))
            }
            AppError::Elf { source: ElfError::Truncated { .. }, .. } => message.hint("copy the file again"),
            _ => message,
        }
    }
}

impl From<&ProfileError> for Diagnostic {
    fn from(error: &ProfileError) -> Self {
        let message = Self::error(error.to_string());
        match error {
            ProfileError::Unknown { similar, known, .. } => message
                .maybe(meant(similar.as_ref()))
                .hint(format!("there are {}; a path of a TOML file will do, too", known.join(", "))),
            ProfileError::Syntax { similar, .. } | ProfileError::UnknownKind { similar, .. } => {
                message.maybe(meant(similar.as_ref()))
            }
            ProfileError::UnknownRow { similar, known, .. } => match similar {
                Some(_) => message.maybe(meant(similar.as_ref())),
                None => message.hint(format!("it has {}", known.join(", "))),
            },
            ProfileError::Read { .. } => message,
        }
    }
}

impl From<&ExportsError> for Diagnostic {
    fn from(error: &ExportsError) -> Self {
        Self::error(error.to_string())
    }
}

impl From<&PackageError> for Diagnostic {
    fn from(error: &PackageError) -> Self {
        let message = Self::error(error.to_string());
        match error {
            PackageError::Hash { .. }
            | PackageError::Index { .. }
            | PackageError::LlvmVersion { .. }
            | PackageError::Manifest(ManifestError::Syntax { .. } | ManifestError::Format { .. }) => {
                message.hint("specialize kernel build makes it anew")
            }
            PackageError::Manifest(ManifestError::Missing(_)) => {
                message.hint("specialize kernel build -o PKG makes one")
            }
            _ => message,
        }
    }
}

impl From<&ImageError> for Diagnostic {
    fn from(error: &ImageError) -> Self {
        Self::error(error.to_string())
    }
}

impl From<&RunError> for Diagnostic {
    fn from(error: &RunError) -> Self {
        Self::error(error.to_string()).maybe(error.hint())
    }
}

impl Diagnostic {
    /// The message of a failed specialization; `app` is the application's file name.
    pub fn of_specialization(error: &crate::Error, app: &str) -> Self {
        match error {
            crate::Error::Package(error) => error.into(),
            crate::Error::Roots(RootsError::Missing { missing }) => missing_symbols(missing, app),
            error => Self::error(error.to_string()),
        }
    }
}

/// One line a symbol, as a linker gives them.
fn missing_symbols(missing: &[(String, Vec<String>)], app: &str) -> Diagnostic {
    let line = |(symbol, files): &(String, Vec<String>)| {
        let from = match files.as_slice() {
            files if files.is_empty() || files.iter().any(|file| file == app) => String::new(),
            files => format!(" (from {})", files.join(", ")),
        };
        let symbol = symbol.split('@').next().unwrap_or(symbol);
        format!("{app} needs '{symbol}'{from}; the kernel does not provide it")
    };
    let mut errors: Vec<_> = missing.iter().take(MOST_MISSING).map(line).collect();
    if let Some(more) = missing.len().checked_sub(MOST_MISSING).filter(|&more| more > 0) {
        errors.push(format!("{app} needs {more} more symbols that the kernel does not provide"));
    }
    Diagnostic { errors, hints: Vec::new() }
        .hint("--unresolved=trap builds anyway")
        .maybe((missing.len() > MOST_MISSING).then(|| "specialize imports lists all of them".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_symbols_read_like_a_linkers() {
        let missing = [("epoll_pwait2@GLIBC_2.35".to_owned(), vec!["libevent-2.1.so.7".to_owned()])];
        assert_eq!(
            missing_symbols(&missing, "redis.elf").to_string(),
            "error: redis.elf needs 'epoll_pwait2' (from libevent-2.1.so.7); the kernel does not provide it\n\
             hint: --unresolved=trap builds anyway\n"
        );
    }

    #[test]
    fn many_missing_symbols_are_summed_up() {
        let missing: Vec<_> = (0..30).map(|n| (format!("f{n}"), vec!["app".to_owned()])).collect();
        let text = missing_symbols(&missing, "app").to_string();
        assert_eq!(text.lines().count(), MOST_MISSING + 3);
        assert!(text.contains("app needs 10 more symbols"));
        assert!(text.starts_with("error: app needs 'f0'; the kernel"));
    }

    #[test]
    fn a_profile_that_does_not_exist_lists_those_that_do() {
        let error = crate::profile::Profile::load("kvn").unwrap_err();
        let text = Diagnostic::from(&error).to_string();
        assert!(text.starts_with("error: there is no profile 'kvn'\nhint: did you mean 'kvm'?\n"), "{text}");
    }
}
