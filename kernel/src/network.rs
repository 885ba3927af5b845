//! The tables of the network, one line a row.

use kcore::table::Table;
use net::ip;
use net::protocol::{self, Protocol};
use net::socket::family::{self, Family};

/// Families of sockets.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "the name that kernel.toml gives the table")]
pub static table_socket_family: Table<Family, { family::ROWS }> =
    Table::new([Some(&net::unix::UNIX_1), Some(&net::inet::INET_2), Some(&net::inet::INET6_10)]);

/// Versions of the Internet Protocol.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "the name that kernel.toml gives the table")]
pub static table_ip: Table<ip::Version, { ip::ROWS }> = Table::new([Some(&ip::IPV4), Some(&ip::IPV6)]);

/// Protocols over it.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "the name that kernel.toml gives the table")]
pub static table_ip_protocol: Table<Protocol, { protocol::ROWS }> =
    Table::new([Some(&net::tcp::TCP), Some(&net::udp::UDP), Some(&net::raw::RAW)]);
