//! Names in the family: paths, whose sockets are nodes of the tree, and abstract names.

use alloc::boxed::Box;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, Ordering};

use kcore::errno::{EADDRINUSE, ECONNREFUSED, EEXIST, EINVAL, ENXIO, EPERM, EPROTOTYPE, Result};
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

/// Abstract names in use, each type of socket for itself; those of sockets that are gone are free.
static ABSTRACT: Mutex<Vec<Holder>> = Mutex::new(Vec::new());

struct Holder {
    name: Vec<u8>,
    kind: i32,
    socket: Weak<dyn Socket>,
}

/// Gives `socket`, of this type, this name; the name it then has. `named`: it has one already, which is
/// an error, but not the first that is found.
pub(super) fn bind(name: UnixName, kind: i32, socket: Weak<dyn Socket>, named: bool) -> Result<UnixName> {
    match &name {
        UnixName::Path(path) => {
            let found = walk::resolve(&walk::current()?, path, false)?;
            if found.node.is_some() {
                return Err(EADDRINUSE);
            }
            if named {
                return Err(EINVAL);
            }
            let mode = S_IFSOCK | 0o777 & !kcore::vfs::open::umask();
            let made = kcore::vfs::create::add(&found, |volume| {
                Node::new(volume, mode, Box::new(SocketNode(socket)))
            });
            made.map_err(|error| if error == EEXIST { EADDRINUSE } else { error })?;
            Ok(name)
        }
        _ if named => {
            if name == UnixName::Any {
                Ok(name)
            } else {
                Err(EINVAL)
            }
        }
        UnixName::Abstract(bytes) => {
            register(bytes, kind, socket)?;
            Ok(name)
        }
        UnixName::Any => {
            static NEXT: AtomicU32 = AtomicU32::new(0);
            loop {
                let number = NEXT.fetch_add(1, Ordering::Relaxed) & 0xf_ffff;
                let digit = |at: u32| b"0123456789abcdef"[(number >> (at * 4) & 15) as usize];
                let bytes = [0, digit(4), digit(3), digit(2), digit(1), digit(0)].to_vec();
                if register(&bytes, kind, socket.clone()).is_ok() {
                    return Ok(UnixName::Abstract(bytes));
                }
            }
        }
    }
}

fn register(name: &[u8], kind: i32, socket: Weak<dyn Socket>) -> Result<()> {
    let mut names = ABSTRACT.lock();
    names.retain(|holder| holder.socket.strong_count() > 0);
    if names.iter().any(|holder| holder.name == name && holder.kind == kind) {
        return Err(EADDRINUSE);
    }
    names.push(Holder { name: name.to_vec(), kind, socket });
    Ok(())
}

/// The socket of this name and type: `ECONNREFUSED` if none has it any more, `EPROTOTYPE` if one of
/// another type has the path, or the errors of looking up the path.
pub(super) fn find(name: &UnixName, kind: i32) -> Result<Arc<dyn Socket>> {
    match name {
        UnixName::Path(path) => {
            let node = walk::lookup(path, true)?;
            let body: &SocketNode = node.body_as().ok_or(ECONNREFUSED)?;
            let socket = body.0.upgrade().ok_or(ECONNREFUSED)?;
            if socket.kind().kind == kind { Ok(socket) } else { Err(EPROTOTYPE) }
        }
        UnixName::Abstract(bytes) => {
            let names = ABSTRACT.lock();
            let holder = names.iter().find(|holder| holder.name == *bytes && holder.kind == kind);
            let socket = holder.and_then(|holder| holder.socket.upgrade());
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
