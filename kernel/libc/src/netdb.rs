//! `netdb.h`, as far as it goes without a network: no address family is known yet, so every look-up
//! fails with `EAI_FAMILY`, which programs report and go on from.

use core::ffi::{CStr, c_char, c_int, c_uint, c_void};

use macros::export;

/// `EAI_FAMILY`.
const FAMILY: c_int = -6;

/// No address family is supported: `EAI_FAMILY`.
#[export]
pub extern "C" fn getaddrinfo(
    _node: *const c_char,
    _service: *const c_char,
    _hints: *const c_void,
    _result: *mut *mut c_void,
) -> c_int {
    FAMILY
}

/// Frees what `getaddrinfo` gave: it gives nothing.
#[export]
pub extern "C" fn freeaddrinfo(_result: *mut c_void) {}

/// No address family is supported: `EAI_FAMILY`.
#[export]
pub extern "C" fn getnameinfo(
    _address: *const c_void,
    _length: c_uint,
    _host: *mut c_char,
    _host_size: c_uint,
    _service: *mut c_char,
    _service_size: c_uint,
    _flags: c_int,
) -> c_int {
    FAMILY
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
        FAMILY => c"ai_family not supported",
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
        }
    }

    #[test]
    fn messages_are_those_of_the_host() {
        for code in -110..2 {
            // SAFETY: both give NUL-terminated text.
            let (ours, hosts) =
                unsafe { (CStr::from_ptr(gai_strerror(code)), CStr::from_ptr(host::gai_strerror(code))) };
            assert_eq!(ours, hosts, "code {code}");
        }
    }
}
