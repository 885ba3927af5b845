//! Placeholder.
#![cfg_attr(kernel, no_std)]
