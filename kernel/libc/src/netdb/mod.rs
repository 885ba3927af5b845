//! `netdb.h`: names of hosts, services, protocols and networks. From files first and then, for
//! hosts, from the domain name system: what glibc does without an `nsswitch.conf`.
#![allow(
    unsafe_op_in_unsafe_fn,
    reason = "each function is one unsafe contract, C's: pointers valid as it says"
)]

pub mod address_info;
pub mod asynchronous;
pub mod codes;
pub mod hostent;
pub mod hosts;
pub mod name_info;
pub mod netgroup;
pub mod network;
mod order;
pub mod protocol;
pub mod service;

/// The words of a line of a file, up to a comment.
fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let end = line.iter().position(|&byte| byte == b'#').unwrap_or(line.len());
    line[..end].split(|byte| b" \t\r".contains(byte)).filter(|word| !word.is_empty())
}
