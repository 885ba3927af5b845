//! The linker's process.

use std::ffi::{OsStr, OsString};
use std::io::{Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};

use super::{LinkError, io};
use crate::package::Sysroot;

/// A linker that has started, and waits for its arguments. Loading it takes as long as what it does for a
/// small kernel, so it is started before its inputs are made.
#[derive(Debug)]
pub struct Linker {
    program: PathBuf,
    child: std::io::Result<Child>,
}

impl Linker {
    /// Starts it. That it could not be started is told by the link.
    pub fn start() -> Self {
        let program = Sysroot::find().linker();
        // If `-m` were not here, LLD would look for it in the arguments, and these can be read once only.
        let child = Command::new(&program)
            .args(["-flavor", "gnu", "-m", "elf_x86_64", "@/dev/stdin"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        Self { program, child }
    }

    /// Lets it link.
    ///
    /// # Errors
    /// It could not be started, or refuses.
    pub(super) fn link(mut self, arguments: &[OsString]) -> Result<(), LinkError> {
        let (status, said) = self.finish(&response(arguments)).map_err(io(&self.program))?;
        if status.success() {
            return Ok(());
        }
        Err(LinkError::Linker(String::from_utf8_lossy(&said).trim_end().to_owned()))
    }

    /// Gives it its arguments; how it ended, and what it said.
    fn finish(&mut self, arguments: &[u8]) -> std::io::Result<(ExitStatus, Vec<u8>)> {
        let child = match &mut self.child {
            Ok(child) => child,
            Err(error) => return Err(std::io::Error::new(error.kind(), error.to_string())),
        };
        if let Some(mut stdin) = child.stdin.take() {
            // If it does not read them, its exit status says more.
            let _ = stdin.write_all(arguments);
        }
        let mut said = Vec::new();
        if let Some(mut stderr) = child.stderr.take() {
            stderr.read_to_end(&mut said)?;
        }
        Ok((child.wait()?, said))
    }

    /// The command line that does the same.
    pub(super) fn command_line(&self, arguments: &[OsString]) -> String {
        let mut command = Command::new(&self.program);
        format!("{:?}\n", command.args(["-flavor", "gnu"]).args(arguments))
    }
}

impl Drop for Linker {
    /// Ends a linker that nothing was given to.
    fn drop(&mut self) {
        if let Ok(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Arguments as LLVM's response files have them: each between quotes, with backslashes before quotes and
/// backslashes.
fn response(arguments: &[OsString]) -> Vec<u8> {
    let mut response = Vec::new();
    for argument in arguments.iter().map(OsString::as_os_str).map(OsStr::as_bytes) {
        response.push(b'"');
        for byte in argument {
            if matches!(byte, b'"' | b'\\') {
                response.push(b'\\');
            }
            response.push(*byte);
        }
        response.extend_from_slice(b"\"\n");
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_with_blanks_quotes_and_backslashes_arrive_whole() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("a \"b\" \\c\\ é.o");
        let error = Linker::start().link(&[missing.clone().into()]).unwrap_err();
        assert!(error.to_string().contains(missing.to_str().unwrap()), "{error}");
    }

    #[test]
    fn a_linker_that_gets_nothing_is_ended() {
        let linker = Linker::start();
        let process = PathBuf::from(format!("/proc/{}", linker.child.as_ref().unwrap().id()));
        assert!(process.exists());
        drop(linker);
        assert!(!process.exists());
    }
}
