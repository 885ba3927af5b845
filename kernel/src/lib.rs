//! The top crate: fills the tables that `core` declares. One line a row.
#![cfg_attr(kernel, no_std)]

pub mod devices;
pub mod tables;
