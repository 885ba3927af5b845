//! `unistd.h`, a file a group of functions.

pub mod descriptor;
pub mod directory;
pub mod io;
pub mod names;
pub mod owner;
pub mod process;
pub mod terminal;
