//! The kinds of pluggable parts that files are made of, and their tables.
//!
//! Each kind declares its row type and reads its table; `drivers` and `fs` define rows, and the top
//! crate lists them. On the host, where there are no devices, the tables are empty.

pub mod block;
pub mod bus;
pub mod filesystem;
pub mod net;
pub mod random;

/// Declares the table of a kind: `rows()` over what the specializer left of it.
macro_rules! table {
    ($symbol:literal, $row:ty, $count:literal) => {
        /// Rows in the table, which the top crate defines.
        pub const ROWS: usize = $count;

        #[cfg(kernel)]
        #[allow(improper_ctypes, reason = "the other side is Rust too")]
        unsafe extern "C" {
            #[link_name = $symbol]
            static TABLE: $crate::table::Table<$row, ROWS>;
        }

        /// The rows that are left, in order of preference.
        #[cfg(kernel)]
        pub fn rows() -> impl Iterator<Item = &'static $row> {
            // SAFETY: the top crate defines the table with this type, and nothing writes it.
            unsafe { TABLE.rows() }
        }

        /// No rows on the host.
        #[cfg(not(kernel))]
        pub fn rows() -> impl Iterator<Item = &'static $row> {
            core::iter::empty()
        }
    };
}
pub(crate) use table;
