//! QEMU's monitor, for its power button: a socket pair, one end of which QEMU inherits.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::thread;

/// The commands that press the button: a session of QMP has to be opened first.
const PRESS: &[u8] = b"{\"execute\":\"qmp_capabilities\"}\n{\"execute\":\"system_powerdown\"}\n";

/// Our end of the monitor.
#[derive(Debug)]
pub(super) struct Monitor {
    ours: UnixStream,
    /// QEMU's end, until it has it.
    theirs: Option<OwnedFd>,
}

impl Monitor {
    pub(super) fn new() -> io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        Ok(Self { ours, theirs: Some(theirs.into()) })
    }

    /// The descriptor that QEMU is to inherit, under the number that [`Monitor::arguments`] names.
    pub(super) fn descriptor(&self) -> Option<libc::c_int> {
        self.theirs.as_ref().map(AsRawFd::as_raw_fd)
    }

    /// QEMU's arguments.
    pub(super) fn arguments(&self) -> Vec<OsString> {
        let Some(descriptor) = self.descriptor() else { return Vec::new() };
        ["-chardev", &format!("socket,id=monitor,fd={descriptor}"), "-mon", "chardev=monitor,mode=control"]
            .map(OsString::from)
            .to_vec()
    }

    /// QEMU has its end. What it says is read and forgotten, so that it never waits for a reader.
    pub(super) fn started(&mut self) {
        self.theirs = None;
        if let Ok(mut ours) = self.ours.try_clone() {
            thread::spawn(move || {
                let mut buffer = [0; 512];
                while ours.read(&mut buffer).is_ok_and(|count| count > 0) {}
            });
        }
    }

    /// Presses the power button; false if QEMU does not listen.
    pub(super) fn press(&mut self) -> bool {
        self.ours.write_all(PRESS).is_ok()
    }
}
