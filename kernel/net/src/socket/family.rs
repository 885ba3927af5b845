//! The table of address families.

use alloc::sync::Arc;

use kcore::console::{self, Part};
use kcore::errno::{EAFNOSUPPORT, EINVAL, EOPNOTSUPP, Result};

use super::Socket;

/// Rows of the table, which the top crate defines.
pub const ROWS: usize = 3;

/// Two connected sockets.
pub type Pair = [Arc<dyn Socket>; 2];

/// A family of sockets. A row's name ends in the number of its family, so that the specializer
/// can tell which rows a program that names its families needs.
pub struct Family {
    /// `AF_…`.
    pub number: u16,
    /// Makes a socket of this type and protocol.
    pub create: fn(kind: i32, protocol: i32) -> Result<Arc<dyn Socket>>,
    /// Makes two that are connected; none for families that have no such thing.
    pub pair: Option<fn(kind: i32, protocol: i32) -> Result<Pair>>,
}

#[cfg(kernel)]
unsafe extern "Rust" {
    /// The families, one line a row.
    safe static table_socket_family: kcore::table::Table<Family, ROWS>;
}
#[cfg(not(kernel))]
#[allow(non_upper_case_globals, reason = "the name that the top crate defines in the kernel")]
static table_socket_family: kcore::table::Table<Family, ROWS> = kcore::table::Table::new([
    Some(&crate::unix::UNIX_1),
    Some(&crate::inet::INET_2),
    Some(&crate::inet::INET6_10),
]);

/// The families that the kernel was made with.
pub fn families() -> impl Iterator<Item = &'static Family> {
    table_socket_family.rows()
}

/// What the kernel would need for families it knows of, to say what is missing.
const KNOWN: [(i32, &str); ROWS] = [(1, "unix-1"), (2, "inet-2"), (10, "inet6-10")];

fn find(family: i32) -> Result<&'static Family> {
    if let Some(row) = families().find(|row| i32::from(row.number) == family) {
        return Ok(row);
    }
    if let Some((_, row)) = KNOWN.iter().find(|(number, _)| *number == family) {
        console::message(&[
            Part::Text("specialize: no sockets of family "),
            Part::Decimal(family as u64),
            Part::Text(" in this kernel; --keep socket-family:"),
            Part::Text(row),
            Part::Text(" brings them back\n"),
        ]);
    }
    Err(EAFNOSUPPORT)
}

/// Checks the type (without its flags), as `socket` does before it asks the family.
fn check(family: i32, kind: i32) -> Result<()> {
    if !(0..46).contains(&family) {
        return Err(EAFNOSUPPORT);
    }
    if !(0..=10).contains(&kind) {
        return Err(EINVAL);
    }
    Ok(())
}

/// Makes a socket: `socket(2)`.
pub fn create(family: i32, kind: i32, protocol: i32) -> Result<Arc<dyn Socket>> {
    check(family, kind)?;
    (find(family)?.create)(kind, protocol)
}

/// Makes two sockets that are connected: `socketpair(2)`.
pub fn pair(family: i32, kind: i32, protocol: i32) -> Result<[Arc<dyn Socket>; 2]> {
    check(family, kind)?;
    let row = find(family)?;
    match row.pair {
        Some(pair) => pair(kind, protocol),
        None => (row.create)(kind, protocol).and(Err(EOPNOTSUPP)),
    }
}
