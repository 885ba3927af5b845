//! Names in the family: paths, whose sockets are nodes of the tree, and abstract names.

use alloc::boxed::Box;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, Ordering};

use kcore::errno::{EADDRINUSE, ECONNREFUSED, EEXIST, EINVAL, ENXIO, EPERM, Result};
use kcore::sync::Mutex;
use kcore::vfs::OpenFlags;
use kcore::vfs::file::{File, Place};
use kcore::vfs::node::{Body, Node};
use kcore::vfs::stat::S_IFSOCK;
use kcore::vfs::walk;

use crate::socket::{AF_UNIX, Socket, SocketName};

/// Length of the family in `sockaddr_un`.
const FAMILY: usize = 2;
/// `sizeof(struct sockaddr_un)`.
const LONGEST: usize = 110;

/// A name of the family.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum UnixName {
    /// Of a file.
    Path(Vec<u8>),
    /// Of nothing but the socket: `\0` and any bytes.
    Abstract(Vec<u8>),
    /// Whatever is free, for `bind`.
    Any,
}

impl UnixName {
    /// Reads a `sockaddr_un` of this length; `EINVAL` if it is none.
    pub(super) fn parse(name: &[u8]) -> Result<Self> {
        if name.len() > LONGEST || name.len() < FAMILY || crate::socket::family_of(name) != AF_UNIX {
            return Err(EINVAL);
        }
        let rest = name.get(FAMILY..).unwrap_or_default();
        Ok(match rest.first() {
            None => Self::Any,
            Some(0) => Self::Abstract(rest.to_vec()),
            Some(_) => Self::Path(rest.split(|&byte| byte == 0).next().unwrap_or_default().to_vec()),
        })
    }

    /// The `sockaddr_un`.
    pub(super) fn to_socket_name(&self) -> SocketName {
        let mut bytes = AF_UNIX.to_ne_bytes().to_vec();
        match self {
            Self::Path(path) => {
                bytes.extend_from_slice(path);
                bytes.push(0);
            }
            Self::Abstract(name) => bytes.extend_from_slice(name),
            Self::Any => {}
        }
        SocketName::new(&bytes)
    }
}

/// The body of a socket's node.
struct SocketNode(Weak<dyn Socket>);

impl Body for SocketNode {
    fn open(&self, _place: Place, _flags: OpenFlags) -> Result<Arc<dyn File>> {
        Err(ENXIO)
    }
}

/// Abstract names in use; those of sockets that are gone are free.
static ABSTRACT: Mutex<Vec<(Vec<u8>, Weak<dyn Socket>)>> = Mutex::new(Vec::new());

/// Gives `socket` this name; the name it then has.
pub(super) fn bind(name: UnixName, socket: Weak<dyn Socket>) -> Result<UnixName> {
    match &name {
        UnixName::Path(path) => {
            let found = walk::resolve(&walk::current()?, path, false)?;
            if found.node.is_some() {
                return Err(EADDRINUSE);
            }
            let mode = S_IFSOCK | 0o777 & !kcore::vfs::open::umask();
            let made = kcore::vfs::create::add(&found, |volume| {
                Node::new(volume, mode, Box::new(SocketNode(socket)))
            });
            made.map_err(|error| if error == EEXIST { EADDRINUSE } else { error })?;
            Ok(name)
        }
        UnixName::Abstract(bytes) => {
            register(bytes, socket)?;
            Ok(name)
        }
        UnixName::Any => {
            static NEXT: AtomicU32 = AtomicU32::new(0);
            loop {
                let number = NEXT.fetch_add(1, Ordering::Relaxed) & 0xf_ffff;
                let digit = |at: u32| b"0123456789abcdef"[(number >> (at * 4) & 15) as usize];
                let bytes = [0, digit(4), digit(3), digit(2), digit(1), digit(0)].to_vec();
                if register(&bytes, socket.clone()).is_ok() {
                    return Ok(UnixName::Abstract(bytes));
                }
            }
        }
    }
}

fn register(name: &[u8], socket: Weak<dyn Socket>) -> Result<()> {
    let mut names = ABSTRACT.lock();
    names.retain(|(_, holder)| holder.strong_count() > 0);
    if names.iter().any(|(other, _)| other == name) {
        return Err(EADDRINUSE);
    }
    names.push((name.to_vec(), socket));
    Ok(())
}

/// The socket of this name: `ECONNREFUSED` if none has it any more, or the errors of looking up its
/// path.
pub(super) fn find(name: &UnixName) -> Result<Arc<dyn Socket>> {
    match name {
        UnixName::Path(path) => {
            let node = walk::lookup(path, true)?;
            let body: &SocketNode = node.body_as().ok_or(ECONNREFUSED)?;
            body.0.upgrade().ok_or(ECONNREFUSED)
        }
        UnixName::Abstract(bytes) => {
            let names = ABSTRACT.lock();
            let holder = names.iter().find(|(other, _)| other == bytes);
            let socket = holder.and_then(|(_, holder)| holder.upgrade());
            drop(names);
            socket.ok_or(ECONNREFUSED)
        }
        UnixName::Any => Err(EINVAL),
    }
}

/// `EPERM` unless the caller may pass these credentials on: its own.
pub(super) fn check_credentials(process: i32) -> Result<()> {
    if process == crate::socket::Credentials::OWN.process { Ok(()) } else { Err(EPERM) }
}
