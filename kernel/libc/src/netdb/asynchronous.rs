//! Look-ups in the background (`getaddrinfo_a`). They are done at once here: a list that was handed
//! over is finished when the call returns, which its caller cannot tell from a fast server.

use core::ffi::{c_char, c_int, c_void};

use macros::export;

use crate::signal::raise;

use super::address_info::{addrinfo, getaddrinfo};

/// C `struct gaicb`.
#[repr(C)]
#[allow(missing_docs, reason = "the fields are named in getaddrinfo_a(3)")]
pub struct gaicb {
    pub ar_name: *const c_char,
    pub ar_service: *const c_char,
    pub ar_request: *const addrinfo,
    pub ar_result: *mut addrinfo,
    result: c_int,
    unused: [c_int; 5],
}

/// `GAI_WAIT`.
const WAIT: c_int = 0;
/// `GAI_NOWAIT`.
const NO_WAIT: c_int = 1;
/// `EAI_ALLDONE`.
const ALL_DONE: c_int = -103;
/// `EAI_SYSTEM`.
const SYSTEM: c_int = -11;

/// `struct sigevent`, as far as it is looked at.
#[repr(C)]
pub struct sigevent {
    value: *mut c_void,
    signal: c_int,
    notify: c_int,
    function: Option<extern "C-unwind" fn(*mut c_void)>,
    attributes: *mut c_void,
}

/// Looks up all of a list; tells `event` when it is done.
#[export]
pub unsafe extern "C-unwind" fn getaddrinfo_a(
    mode: c_int,
    list: *const *mut gaicb,
    count: c_int,
    event: *const sigevent,
) -> c_int {
    if mode != WAIT && mode != NO_WAIT || count < 0 {
        crate::errno::set(kcore::errno::EINVAL);
        return SYSTEM;
    }
    for at in 0..count as usize {
        if let Some(request) = (*list.add(at)).as_mut() {
            request.ar_result = core::ptr::null_mut();
            request.result = getaddrinfo(
                request.ar_name,
                request.ar_service,
                request.ar_request,
                &raw mut request.ar_result,
            );
        }
    }
    if mode == NO_WAIT
        && let Some(event) = event.as_ref()
    {
        // SIGEV_SIGNAL, SIGEV_THREAD
        match (event.notify, event.function) {
            (0, _) => drop(raise(event.signal)),
            (2, Some(function)) => function(event.value),
            _ => {}
        }
    }
    0
}

/// How a look-up ended.
#[export]
pub unsafe extern "C" fn gai_error(request: *const gaicb) -> c_int {
    (*request).result
}

/// Takes a look-up back: it is done already.
#[export]
pub extern "C" fn gai_cancel(_request: *mut gaicb) -> c_int {
    ALL_DONE
}

/// Waits until one of a list is done: all are.
#[export]
pub extern "C" fn gai_suspend(_list: *const *const gaicb, _count: c_int, _timeout: *const c_void) -> c_int {
    ALL_DONE
}
