//! File types, and what `stat` tells of a file.

/// Mask of the file type in a mode.
pub const S_IFMT: u32 = 0o170_000;
/// A socket.
pub const S_IFSOCK: u32 = 0o140_000;
/// A symbolic link.
pub const S_IFLNK: u32 = 0o120_000;
/// A regular file.
pub const S_IFREG: u32 = 0o100_000;
/// A block device.
pub const S_IFBLK: u32 = 0o060_000;
/// A directory.
pub const S_IFDIR: u32 = 0o040_000;
/// A character device.
pub const S_IFCHR: u32 = 0o020_000;
/// A pipe, named or not.
pub const S_IFIFO: u32 = 0o010_000;

/// A time stamp: `struct timespec`.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(C)]
pub struct Timestamp {
    /// Seconds since 1970.
    pub seconds: i64,
    /// Nanoseconds, below 10⁹.
    pub nanoseconds: i64,
}

impl Timestamp {
    /// The wall clock now.
    pub fn now() -> Self {
        let (seconds, nanoseconds) = crate::time::realtime();
        Self { seconds, nanoseconds: nanoseconds.into() }
    }
}

/// `struct stat` of Linux on x86-64: 144 bytes.
#[derive(Clone, Copy, Default)]
#[repr(C)]
pub struct Stat {
    /// Device that holds the file.
    pub device: u64,
    /// Inode number.
    pub inode: u64,
    /// Number of hard links.
    pub links: u64,
    /// Type and permission bits.
    pub mode: u32,
    /// Owner.
    pub owner: u32,
    /// Group.
    pub group: u32,
    /// Padding of the C structure.
    pub padding: u32,
    /// Device number of a device file.
    pub special: u64,
    /// Size in bytes.
    pub size: i64,
    /// Preferred size of an I/O operation.
    pub block_size: i64,
    /// 512-byte blocks in use.
    pub blocks: i64,
    /// Last access.
    pub accessed: Timestamp,
    /// Last change of the content.
    pub modified: Timestamp,
    /// Last change of the attributes.
    pub changed: Timestamp,
    /// Reserved in the C structure.
    pub reserved: [i64; 3],
}

const _: () = assert!(size_of::<Stat>() == 144);

/// A device number from its major and minor parts, as glibc's `makedev` packs them.
#[must_use]
pub const fn device_number(major: u32, minor: u32) -> u64 {
    let (major, minor) = (major as u64, minor as u64);
    (major & 0xffff_f000) << 32 | (major & 0xfff) << 8 | (minor & 0xffff_ff00) << 12 | minor & 0xff
}
