//! `resolv.h` and `arpa/nameser.h`: the domain name system as applications ask it themselves, and
//! the client below `netdb.h`.
#![allow(
    unsafe_op_in_unsafe_fn,
    reason = "each function is one unsafe contract, C's: pointers valid as it says"
)]

pub mod client;
pub mod configuration;
pub mod message;
pub mod name;
pub mod parse;
pub mod query;
pub mod state;
pub mod transport;
