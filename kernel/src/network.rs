//! The table of address families, one line a row.

use kcore::table::Table;
use net::socket::family::{self, Family};

/// Families of sockets.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "the name that kernel.toml gives the table")]
pub static table_socket_family: Table<Family, { family::ROWS }> =
    Table::new([Some(&net::unix::UNIX_1), Some(&net::inet::INET_2), Some(&net::inet::INET6_10)]);
