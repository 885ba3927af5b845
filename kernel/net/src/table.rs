//! Tables of protocols. They differ from those of devices in that the host has rows as well.

/// Declares a table that the top crate defines; `rows()` gives what the specializer left of it, and
/// on the host the rows that are listed here.
macro_rules! table {
    ($symbol:literal, $row:ty, [$($host:expr),*]) => {
        /// Rows in the table, which the top crate defines.
        pub const ROWS: usize = [$(stringify!($host)),*].len();

        #[cfg(kernel)]
        #[allow(improper_ctypes, reason = "the other side is Rust too")]
        unsafe extern "C" {
            #[link_name = $symbol]
            static TABLE: kcore::table::Table<$row, ROWS>;
        }

        /// The rows that are left.
        #[cfg(kernel)]
        pub fn rows() -> impl Iterator<Item = &'static $row> {
            // SAFETY: the top crate defines the table with this type, and nothing writes it.
            unsafe { TABLE.rows() }
        }

        /// All rows.
        #[cfg(not(kernel))]
        pub fn rows() -> impl Iterator<Item = &'static $row> {
            [$($host),*].into_iter()
        }
    };
}
pub(crate) use table;
