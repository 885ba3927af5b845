//! Error codes of `netdb.h` and their texts.

use core::ffi::{CStr, c_char, c_int};

use macros::export;

use crate::resolv::client::Failure;

/// `EAI_BADFLAGS`.
pub(super) const BAD_FLAGS: c_int = -1;
/// `EAI_NONAME`.
pub(super) const NO_NAME: c_int = -2;
/// `EAI_AGAIN`.
pub(super) const AGAIN: c_int = -3;
/// `EAI_FAIL`.
pub(super) const FAIL: c_int = -4;
/// `EAI_NODATA`.
pub(super) const NO_DATA: c_int = -5;
/// `EAI_FAMILY`.
pub(super) const FAMILY: c_int = -6;
/// `EAI_SOCKTYPE`.
pub(super) const SOCKET_TYPE: c_int = -7;
/// `EAI_SERVICE`.
pub(super) const SERVICE: c_int = -8;
/// `EAI_ADDRFAMILY`.
pub(super) const ADDRESS_FAMILY: c_int = -9;
/// `EAI_MEMORY`.
pub(super) const MEMORY: c_int = -10;
/// `EAI_OVERFLOW`.
pub(super) const OVERFLOW: c_int = -12;

/// The code that a failed look-up gives.
pub(super) fn of_failure(failure: Failure) -> c_int {
    match failure {
        Failure::NotFound => NO_NAME,
        Failure::TryAgain => AGAIN,
        Failure::NoRecovery => FAIL,
        Failure::NoData => NO_DATA,
    }
}

/// What an `h_errno` means, as glibc words it.
#[export]
pub extern "C" fn hstrerror(code: c_int) -> *const c_char {
    let text: &CStr = match code {
        0 => c"Resolver Error 0 (no error)",
        1 => c"Unknown host",
        2 => c"Host name lookup failure",
        3 => c"Unknown server error",
        4 => c"No address associated with name",
        code if code < 0 => c"Resolver internal error",
        _ => c"Unknown resolver error",
    };
    text.as_ptr()
}

/// Prints what `h_errno` means to standard error, after `prefix` and a colon if that is not empty.
#[export]
pub unsafe extern "C" fn herror(prefix: *const c_char) {
    let mut line = alloc::vec::Vec::new();
    if !prefix.is_null() {
        // SAFETY: the caller's string.
        let prefix = unsafe { CStr::from_ptr(prefix) }.to_bytes();
        if !prefix.is_empty() {
            line.extend_from_slice(prefix);
            line.extend_from_slice(b": ");
        }
    }
    // SAFETY: `hstrerror` gives a string.
    line.extend_from_slice(
        unsafe { CStr::from_ptr(hstrerror(kcore::tls::current().h_errno.get())) }.to_bytes(),
    );
    line.push(b'\n');
    if let Ok(file) = kcore::vfs::fd::get(2) {
        // Nobody is left to tell that standard error cannot be written.
        let _ = file.write(&line);
    }
}

/// What an `EAI_*` code means, as glibc words it.
#[export]
pub extern "C" fn gai_strerror(code: c_int) -> *const c_char {
    let text: &CStr = match code {
        -1 => c"Bad value for ai_flags",
        -2 => c"Name or service not known",
        -3 => c"Temporary failure in name resolution",
        -4 => c"Non-recoverable failure in name resolution",
        -5 => c"No address associated with hostname",
        -6 => c"ai_family not supported",
        -7 => c"ai_socktype not supported",
        -8 => c"Servname not supported for ai_socktype",
        -9 => c"Address family for hostname not supported",
        -10 => c"Memory allocation failure",
        -11 => c"System error",
        -100 => c"Processing request in progress",
        -101 => c"Request canceled",
        -102 => c"Request not canceled",
        -103 => c"All requests done",
        -104 => c"Interrupted by a signal",
        -105 => c"Parameter string not correctly encoded",
        _ => c"Unknown error",
    };
    text.as_ptr()
}

#[cfg(test)]
mod tests {
    use super::*;

    mod host {
        use super::*;

        unsafe extern "C" {
            pub fn gai_strerror(code: c_int) -> *const c_char;
            pub fn hstrerror(code: c_int) -> *const c_char;
        }
    }

    #[test]
    fn messages_are_those_of_the_host() {
        for code in -110..9 {
            // SAFETY: both give NUL-terminated text.
            let (ours, hosts) =
                unsafe { (CStr::from_ptr(gai_strerror(code)), CStr::from_ptr(host::gai_strerror(code))) };
            assert_eq!(ours, hosts, "code {code}");
            // SAFETY: as above.
            let (ours, hosts) =
                unsafe { (CStr::from_ptr(hstrerror(code)), CStr::from_ptr(host::hstrerror(code))) };
            assert_eq!(ours, hosts, "code {code}");
        }
    }
}
