//! What `open` is asked for, and the flags an open file keeps.

use core::sync::atomic::{AtomicU32, Ordering};

use crate::errno::{EBADF, Result};

bitflags::bitflags! {
    /// The `flags` of `open(2)`, with Linux's values on x86-64.
    #[derive(Clone, Copy, PartialEq, Eq)]
    pub struct OpenFlags: u32 {
        /// `O_WRONLY`; with neither this nor `READ_WRITE` the file is read only.
        const WRITE_ONLY = 0o1;
        /// `O_RDWR`.
        const READ_WRITE = 0o2;
        /// `O_CREAT`.
        const CREATE = 0o100;
        /// `O_EXCL`.
        const EXCLUSIVE = 0o200;
        /// `O_NOCTTY`.
        const NO_CONTROLLING_TERMINAL = 0o400;
        /// `O_TRUNC`.
        const TRUNCATE = 0o1000;
        /// `O_APPEND`.
        const APPEND = 0o2000;
        /// `O_NONBLOCK`.
        const NONBLOCK = 0o4000;
        /// `O_DSYNC`.
        const DATA_SYNC = 0o10000;
        /// `O_ASYNC`.
        const ASYNC = 0o20000;
        /// `O_DIRECT`; on a pipe, packet mode.
        const DIRECT = 0o40000;
        /// `O_LARGEFILE`: always in force.
        const LARGE_FILE = 0o100_000;
        /// `O_DIRECTORY`.
        const DIRECTORY = 0o200_000;
        /// `O_NOFOLLOW`.
        const NO_FOLLOW = 0o400_000;
        /// `O_NOATIME`.
        const NO_ACCESS_TIME = 0o1_000_000;
        /// `O_CLOEXEC`.
        const CLOSE_ON_EXEC = 0o2_000_000;
        /// `O_SYNC` without its `O_DSYNC` bit.
        const SYNC = 0o4_000_000;
        /// `O_PATH`: names a place, does no I/O.
        const PATH = 0o10_000_000;
        /// `O_TMPFILE` without its `O_DIRECTORY` bit.
        const TEMPORARY = 0o20_000_000;
    }
}

impl OpenFlags {
    /// Whether reading was asked for.
    #[must_use]
    pub const fn reads(self) -> bool {
        self.bits() & 3 != 1
    }

    /// Whether writing was asked for.
    #[must_use]
    pub const fn writes(self) -> bool {
        self.bits() & 3 != 0
    }

    /// The bits that `F_GETFL` shows: access mode and status, not what only `open` itself acts on.
    const KEPT: Self = Self::CREATE
        .union(Self::EXCLUSIVE)
        .union(Self::NO_CONTROLLING_TERMINAL)
        .union(Self::TRUNCATE)
        .union(Self::CLOSE_ON_EXEC)
        .complement();

    /// The bits that `F_SETFL` may change.
    pub const SETTABLE: Self =
        Self::APPEND.union(Self::NONBLOCK).union(Self::ASYNC).union(Self::DIRECT).union(Self::NO_ACCESS_TIME);
}

/// The flags of an open file: shared by all descriptors that were duplicated from one `open`.
pub struct Status(AtomicU32);

impl Status {
    /// The status of a file just opened with `flags`.
    #[must_use]
    pub const fn new(flags: OpenFlags) -> Self {
        Self(AtomicU32::new(flags.intersection(OpenFlags::KEPT).bits()))
    }

    /// The flags now, as `F_GETFL` gives them.
    pub fn get(&self) -> OpenFlags {
        OpenFlags::from_bits_retain(self.0.load(Ordering::Relaxed))
    }

    /// Replaces the bits of `mask` by those of `flags`.
    pub fn set(&self, flags: OpenFlags, mask: OpenFlags) {
        let update = |old: u32| Some(old & !mask.bits() | flags.bits() & mask.bits());
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, update);
    }

    /// Whether `O_NONBLOCK` is set.
    pub fn nonblocking(&self) -> bool {
        self.get().contains(OpenFlags::NONBLOCK)
    }

    /// `EBADF` unless the file was opened for reading.
    pub fn check_read(&self) -> Result<()> {
        let flags = self.get();
        if flags.reads() && !flags.contains(OpenFlags::PATH) { Ok(()) } else { Err(EBADF) }
    }

    /// `EBADF` unless the file was opened for writing.
    pub fn check_write(&self) -> Result<()> {
        let flags = self.get();
        if flags.writes() && !flags.contains(OpenFlags::PATH) { Ok(()) } else { Err(EBADF) }
    }
}
