//! The tables, one line a row. Their order is the order in which rows are tried.

use kcore::table::Table;
use libc::stdio::printf::{self, Conversion};

/// Parts of printf that a program may do without.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "the name that kernel.toml gives the table")]
pub static table_printf_conversion: Table<Conversion, 4> =
    Table::new([Some(&printf::FLOAT), Some(&printf::WIDE), Some(&printf::POSITIONAL), Some(&printf::ERROR)]);
