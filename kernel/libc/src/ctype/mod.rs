//! ctype.h: classes and cases of single bytes.
//!
//! Both locales give only ASCII bytes a class. The functions compute it; the tables that inline
//! code indexes are filled when they are first asked for, so they take no room in the image.

mod class;
mod table;

#[cfg(test)]
mod tests;

pub use class::*;
pub use table::{__ctype_b_loc, __ctype_tolower_loc, __ctype_toupper_loc, Tables, tables};
