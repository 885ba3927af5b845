//! The tables, one line a row. Their order is the order in which rows are tried.

use kcore::table::Table;
use libc::stdio::{printf, scanf};

/// Parts of printf that a program may do without.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "the name that kernel.toml gives the table")]
pub static table_printf_conversion: Table<printf::Conversion, 4> =
    Table::new([Some(&printf::FLOAT), Some(&printf::WIDE), Some(&printf::POSITIONAL), Some(&printf::ERROR)]);

/// Parts of scanf that a program may do without.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "the name that kernel.toml gives the table")]
pub static table_scanf_conversion: Table<scanf::Conversion, 2> =
    Table::new([Some(&scanf::FLOAT), Some(&scanf::WIDE)]);
