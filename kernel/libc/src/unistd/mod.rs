//! `unistd.h`, a file a group of functions.

pub mod conf;
pub mod descriptor;
pub mod directory;
pub mod io;
pub mod machine;
pub mod names;
pub mod owner;
pub mod process;
pub mod program_break;
pub mod terminal;
