//! The `specialize` command as a user has it, on the test kernel in `tests/packages/tables`.

mod bad_input;
mod golden;
mod outputs;
mod support;
